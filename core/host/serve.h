/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOST_SERVE_H
#define CORE_HOST_SERVE_H

/*
 * The host's side of remote/wire.h: turns requests from the caller into calls of one module, and
 * the module's calls of struct lwc_host into frames to the caller.
 *
 * MUST:
 *  1. The caller's frames are untrusted.  A frame that is no request or is out of turn ends the
 *     process; so does the caller's end.
 *  2. Secrets lie in struct lwc_buf, and are wiped when their call is over.
 */

/* Serve the caller at @fd until it goes or closes the backend.  Returns an exit status. */
int lwc_serve(int fd);

#endif
