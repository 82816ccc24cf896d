/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sigpipe.h"

#include <errno.h>
#include <stddef.h>
#include <time.h>

static void fill_set(sigset_t *set)
{
    (void)sigemptyset(set);
    (void)sigaddset(set, SIGPIPE);
}

struct lwc_sigpipe lwc_sigpipe_block(void)
{
    struct lwc_sigpipe guard = {.was_pending = false};
    sigset_t set;
    sigset_t pending;

    fill_set(&set);
    (void)sigpending(&pending);
    guard.was_pending = sigismember(&pending, SIGPIPE) == 1;
    (void)pthread_sigmask(SIG_BLOCK, &set, &guard.before);
    return guard;
}

void lwc_sigpipe_restore(const struct lwc_sigpipe *guard)
{
    const struct timespec now = {0};
    sigset_t set;

    fill_set(&set);
    while (!guard->was_pending && sigtimedwait(&set, NULL, &now) < 0 && errno == EINTR) {
        continue;
    }
    (void)pthread_sigmask(SIG_SETMASK, &guard->before, NULL);
}
