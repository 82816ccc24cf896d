/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOST_GUARD_H
#define CORE_HOST_GUARD_H

/*
 * The guard: the host's first process, between the caller and the worker, which runs the backend.
 * The guard kills the worker when the caller ends, and all descendants of the worker when the
 * worker ends.
 *
 * MUST:
 *  1. The worker gets no memory of the caller and none of its descriptors but the socket.
 *  2. When the caller's end of the socket is closed, or the caller is dead, or the worker has
 *     ended, every descendant is killed, in any group, session or state.
 *  3. Neither a signal of the backend to its own group nor its death stops the guard.
 */

/* Runs in the worker, a process of its own, and returns its exit status. */
typedef int lwc_guard_work(int fd);

/*
 * Start the worker with @fd, the socket to the caller, and wait for the end of either.  Returns the
 * exit status of the program: that of the worker, 128 plus the signal that killed the worker, or 0
 * after the caller's end.
 */
int lwc_guard_run(int fd, lwc_guard_work *work);

#endif
