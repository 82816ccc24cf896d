/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_REMOTE_CHILD_H
#define CORE_REMOTE_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * A child process of the library: a program with a socket to us as its descriptor LWC_CHILD_FD,
 * and nothing else of ours.
 *
 * MUST:
 *  1. The program is started by the absolute path of a file that only root or we can write, as a
 *     module is; no search path, no shell.
 *  2. It inherits no descriptor but its socket and /dev/null on 0 to 2, no variable but those of
 *     child.c's table, no signal mask or handler; it is the leader of a session of its own.
 *  3. The signal handlers, mask and other children of the program around us stay as they are; no
 *     child is waited for but this one, and no signal sent to a process that may be another's.
 *  4. A child that was ended is dead and reaped when we go on, within some seconds.
 */
#define LWC_CHILD_FD 3

/* Limits that a child has from its parent: those under which a backend could fail. */
enum { LWC_CHILD_LIMITS = 5 };

/*
 * pid     0 if there is none.
 * fd      our end of the socket.
 * owner   the process that started it; a fork() of that one has the numbers, and no say.
 * limits  of the owner at that moment.
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
 * Start the program @dir/@name.
 *
 * @child_out  owned by the caller, lwc_child_end().
 * Returns LWC_OK; LWC_E_UNAVAILABLE if there is no such program; LWC_E_FAILED if it is no program
 * that could run; LWC_E_IO if this process or the machine has no descriptor, memory or process
 * left; LWC_E_UNSAFE if others can write it.
 */
enum lwc_code lwc_child_start(const char *dir, const char *name, struct lwc_child *child_out,
                              struct lwc_error *err) LWC_RESULT;

/* The variables of ours that a child is given: name @index, or NULL beyond the last one. */
const char *lwc_child_variable(size_t index) LWC_RESULT;

/* Is its end open, and has it said nothing that nobody asked for? */
bool lwc_child_is_idle(const struct lwc_child *child) LWC_RESULT;

/* Returns whether this process started it: false in a fork() of the one that did. */
bool lwc_child_is_ours(const struct lwc_child *child) LWC_RESULT;

/* Returns whether a child that is started now would have the same limits. */
bool lwc_child_has_our_limits(const struct lwc_child *child) LWC_RESULT;

#define LWC_CHILD_CAUSE_LEN 64
/*
 * Close our end, upon which the child has a moment to end what it began and itself; then it is
 * killed.  No child: does nothing.  One that another process started lives on: only our copy of
 * the socket is closed.
 *
 * @cause_out  how it ended, "crashed (SIGSEGV)", "ended with status 1"; "" if it ended well or on
 *             our demand.  May be NULL.
 */
void lwc_child_end(struct lwc_child *child, char cause_out[LWC_CHILD_CAUSE_LEN]);

#endif
