/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_SIGPIPE_H
#define CORE_BASE_SIGPIPE_H

#include <signal.h>
#include <stdbool.h>

/*
 * No SIGPIPE of ours reaches the program: libraries write to broken connections, and what a
 * program does about the signal is not ours to change.
 */
struct lwc_sigpipe {
    sigset_t before;
    bool was_pending; /* one was waiting before: it stays */
};

/* Blocks the signal in this thread. */
struct lwc_sigpipe lwc_sigpipe_block(void);

/* Takes away one that was raised since, and puts the mask of this thread back. */
void lwc_sigpipe_restore(const struct lwc_sigpipe *guard);

#endif
