/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/guard.h"
#include "host/serve.h"
#include "remote/child.h"

#define STATUS_USAGE 2
#define STATUS_FAILED 1

/*
 * lwcred-backend-host: runs one backend for one process, which starts it and talks to it over the
 * socket that is its descriptor LWC_CHILD_FD.
 *
 * MUST, before anything is read from there:
 *  1. No core dump, no debugger of the same user.
 *  2. No program that is started from here gains privileges by its file.
 *  3. Files are made private.
 *  4. No other descriptor is open than the socket and 0 to 2, and no program that the backend
 *     starts inherits the socket, over which secrets go.
 */
static int harden_process(void)
{
    const struct rlimit none = {0, 0};

    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        fcntl(LWC_CHILD_FD, F_SETFD, FD_CLOEXEC) != 0) {
        return -1;
    }
    (void)umask(077);
    (void)close_range(LWC_CHILD_FD + 1, ~0u, 0); /* posix_spawn() has closed them, or fails */
    return 0;
}

static int is_started_by_us(void)
{
    int domain = 0;
    socklen_t len = sizeof domain;

    return getsockopt(LWC_CHILD_FD, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_UNIX;
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc != 1 || !is_started_by_us()) {
        (void)fprintf(stderr,
                      "lwcred-backend-host: liblwcred starts this program, to run backends in "
                      "it; it does nothing by hand\n");
        return STATUS_USAGE;
    }
    if (harden_process() != 0) {
        return STATUS_FAILED;
    }
    return lwc_guard_run(LWC_CHILD_FD, lwc_serve);
}
