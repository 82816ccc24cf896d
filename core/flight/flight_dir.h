/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_FLIGHT_FLIGHT_DIR_H
#define CORE_FLIGHT_FLIGHT_DIR_H

#include <stdbool.h>

#include "base/error.h"
#include "base/path.h"

/*
 * The directory of locks and remembered failures, in a local tmpfs: /run/user/UID/lwcred if that is
 * ours and a tmpfs, else /dev/shm/lwcred-UID; not $XDG_RUNTIME_DIR, HOME or TMPDIR, because
 * processes with other values of these must meet.
 *
 * MUST:
 *  1. The directory is ours, mode 0700, no link, on a tmpfs, below a directory in which no other
 *     user can rename or remove it: no other user can hold, remove or forge a lock or a record.
 *  2. Its path depends on nothing but the effective uid.
 */

/*
 * Opens the directory; makes it if missing.
 *
 * @dir_out  owned by the caller, lwc_path_clear().
 * Returns LWC_OK; LWC_E_UNAVAILABLE if there is no such directory here.
 */
enum lwc_code lwc_flight_dir_open(struct lwc_path *dir_out, struct lwc_error *err) LWC_RESULT;

/* Returns whether @name, a hash in hex, can begin the name of a file there. */
bool lwc_flight_name_is_good(const char *name);

/*
 * Removes some of the files that no process has held or written for a quarter of an hour: locks of
 * killed holders, and expired failures.  Best effort.
 */
void lwc_flight_dir_sweep(const struct lwc_path *dir);

#endif
