/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOST_GUARD_H
#define CORE_HOST_GUARD_H

/*
 * The host's first process: it stays between the caller and the worker, which runs the backend, and
 * sees to it that nothing is left of the worker when the caller goes, or of what the worker began
 * when the worker goes.
 *
 * MUST:
 *  1. The worker gets no memory of the caller and none of its descriptors but the socket.
 *  2. When the caller's end of the socket is closed, or the caller is dead, or the worker has
 * ended, every descendant is killed, whatever group, session or state it is in.
 *  3. Neither the backend's signals to its own group nor its death stop the guard.
 */

/* Runs in the worker, a process of its own; what it returns is its exit status. */
typedef int lwc_guard_work(int fd);

/*
 * Start the worker and wait for the end, with @fd, the socket to the caller.  Returns the exit
 * status of the program: that of the worker, 128 and the signal that killed it, or 0 after the
 * caller's end.
 */
int lwc_guard_run(int fd, lwc_guard_work *work);

#endif
