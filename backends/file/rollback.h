/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_FILE_ROLLBACK_H
#define BACKENDS_FILE_ROLLBACK_H

#include <stdbool.h>
#include <stdint.h>

#include <lwcred/backend.h>

#include "backends/file/format.h"

/*
 * The newest generation seen of each store, kept apart from the stores: a store file that was put
 * back to an older state, or went on from one, is authentic, and only this can tell.
 *
 * Files in $XDG_STATE_HOME/lwcred, else $HOME/.local/state/lwcred; lwcred-store(5), Rollback:
 *   ID         a store: its newest generation and that generation's MAC
 *   path-HASH  a path: the id of the store that stood there
 *
 * Files are written under a lock, and never over a newer generation by a reader.  Best effort: a
 * failure here is logged once and fails no call.
 */
struct lwc_rollback {
    const struct lwc_host *host; /* borrowed                                             */
    bool has_warned;
};

enum lwc_rollback_event {
    LWC_ROLLBACK_READ,    /* the store was read and is authentic                             */
    LWC_ROLLBACK_WRITTEN, /* the store was written by us: the line of generations goes on here */
};

/*
 * Take note of an authentic store at @path, of which id, generation, MAC and previous MAC count.
 * A warning that names @path is logged on LWC_ROLLBACK_READ where the store is older than last seen,
 * is not the one that the last seen became (diverged), or is another store than stood at @path.
 */
void lwc_rollback_note(struct lwc_rollback *rollback, const char *path,
                       const struct lwc_store_format *store, enum lwc_rollback_event event);

#endif
