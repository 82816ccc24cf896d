/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOST_SERVE_H
#define CORE_HOST_SERVE_H

/*
 * The host's side of base/frame.h: requests from the caller become calls of one module, and what
 * the module asks of struct lwc_host becomes frames to the caller.
 *
 * MUST:
 *  1. The caller's frames are judged as if they came from anybody.  What is no request, or is out
 * of turn, ends the process; so does the caller's end.
 *  2. Secrets lie in struct lwc_buf, and are wiped when their call is over.
 */

/* Serve the caller at @fd until it goes or closes the backend.  Returns an exit status. */
int lwc_serve(int fd);

#endif
