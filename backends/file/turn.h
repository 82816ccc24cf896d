/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_FILE_TURN_H
#define BACKENDS_FILE_TURN_H

#include <lwcred/backend.h>

/*
 * Callers that open one store take turns: a key derivation takes 256 MiB by default, and many at
 * once could take all of the machine's memory.
 *
 * MUST:
 *  1. Nothing depends on it: where the store cannot be locked (NFS), or a stopped process keeps
 *     its turn, the caller goes on without one.
 *  2. Writes nothing: it works on a read-only file system.
 *  3. The kernel gives back the turn of a process that dies.
 */

#define LWC_TURN_MAX_MS 60000

/*
 * Waits until no other caller derives a key for the store at @path: for half of the time that
 * @host leaves, and LWC_TURN_MAX_MS at most.
 *
 * Returns the locked store, or -1 if the caller goes on without a lock; for lwc_lock_give().
 */
int lwc_turn_take(const struct lwc_host *host, const char *path);

#endif
