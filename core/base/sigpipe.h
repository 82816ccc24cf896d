/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_SIGPIPE_H
#define CORE_BASE_SIGPIPE_H

#include <signal.h>
#include <stdbool.h>

/*
 * Keeps our SIGPIPE from the program: libraries write to broken connections, and the program's
 * signal handlers are not ours to change.
 */
struct lwc_sigpipe {
    sigset_t before;
    bool was_pending; /* a SIGPIPE of the program, which stays pending */
};

/* Blocks the signal in this thread. */
struct lwc_sigpipe lwc_sigpipe_block(void);

/* Drops a SIGPIPE that was raised since, and restores the mask of this thread. */
void lwc_sigpipe_restore(const struct lwc_sigpipe *guard);

#endif
