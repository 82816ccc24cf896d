/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_REMOTE_CHILD_H
#define CORE_REMOTE_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * A child process of the library: a program with one end of a socket as its descriptor
 * LWC_CHILD_FD, and nothing else of its parent's.
 *
 * MUST:
 *  1. The program is started by the absolute path of a file that only root or this user can
 *     write: lwc_child_locate() checks it at each start; no search path, no shell.
 *  2. The child inherits no descriptor but its socket and /dev/null on 0 to 2, no variable but
 *     those of child.c's table, no signal mask or handler; it leads a session of its own.
 *  3. The signal handlers, mask and other children of the calling program stay as they are; no
 *     other child is waited for, and no process that may be another's gets a signal.
 *  4. lwc_child_end() returns within some seconds, with the child dead and reaped.
 */
#define LWC_CHILD_FD 3

/* Number of the resource limits that a child inherits and that could make a backend fail. */
enum { LWC_CHILD_LIMITS = 5 };

/*
 * pid     0: no child.
 * fd      the parent's end of the socket.
 * owner   the process that started the child; a fork() of the owner leaves the child alone.
 * limits  of the owner when it started the child.
 */
struct lwc_child {
    pid_t pid;
    int fd;
    pid_t owner;
    struct rlimit limits[LWC_CHILD_LIMITS];
};

#define LWC_CHILD_NONE \
    {                  \
        .fd = -1       \
    }

/*
 * Gives the canonical path of the program @dir/@file, checked for MUST 1.
 *
 * @path_out  owned by the caller, free().
 * Returns LWC_OK; LWC_E_NOT_FOUND if there is no such file; LWC_E_UNSAFE if others can write it.
 */
typedef enum lwc_code lwc_child_locate(const char *dir, const char *file, char **path_out,
                                       struct lwc_error *err);

/*
 * Start the program @dir/@name.
 *
 * @locate     finds and checks the program's file.
 * @child_out  owned by the caller, lwc_child_end().
 * Returns LWC_OK; LWC_E_UNAVAILABLE if there is no such program; LWC_E_FAILED if the file cannot be
 * run; LWC_E_IO if this process or the machine has no descriptor, memory or process left; other
 * codes of @locate.
 */
enum lwc_code lwc_child_start(lwc_child_locate *locate, const char *dir, const char *name,
                              struct lwc_child *child_out, struct lwc_error *err) LWC_RESULT;

/* Return the name of environment variable @index that a child inherits; NULL beyond the last. */
const char *lwc_child_variable(size_t index) LWC_RESULT;

/* Return whether the child's end is open and nothing unrequested came from it. */
bool lwc_child_is_idle(const struct lwc_child *child) LWC_RESULT;

/* Return whether this process started the child: false in a fork() of the owner. */
bool lwc_child_is_ours(const struct lwc_child *child) LWC_RESULT;

/* Return whether a child that is started now would have the same limits. */
bool lwc_child_has_our_limits(const struct lwc_child *child) LWC_RESULT;

#define LWC_CHILD_CAUSE_LEN 64
/*
 * Close the parent's end, give the child a moment to finish and exit, then kill it.  Do nothing
 * without a child.  In a fork() of the owner, close this process's copy of the socket only.
 *
 * @cause_out  how the child ended, "crashed (SIGSEGV)", "ended with status 1"; "" if it ended well
 *             or was killed here.  May be NULL.
 */
void lwc_child_end(struct lwc_child *child, char cause_out[LWC_CHILD_CAUSE_LEN]);

#endif
