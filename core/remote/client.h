/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_REMOTE_CLIENT_H
#define CORE_REMOTE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include <lwcred/backend.h>

#include "base/error.h"

/*
 * A backend with LWC_CAP_BLOCKING, in a backend host: a child process that does the calls. Whatever
 * the backend does there, a call ends in time; it answers LWC_E_FAILED if the host hung, crashed
 * or broke the protocol, and so do all calls of the next minute, so that a stack that names
 * the backend in several lines waits for it once.  After that, and if it ended while nobody asked
 * it for anything, a new host is started.
 *
 * The host is started by the first call and ends with lwc_client_free().
 *
 * MUST:
 *  1. No function of the module is called in this process, which need not have loaded it.
 *  2. A call takes no longer than the argument "timeout=DURATION" says (10 s), nor than half of
 *     what the caller has left; while the user is asked, it may take all of that.
 *  3. A host that did not keep to the protocol is ended and reaped before the call returns.
 */
struct lwc_client;

/*
 * @backend   its descriptor, which must be the same there.
 * @external  may the module come from $LWCRED_BACKEND_DIR?
 * All pointers are borrowed until lwc_client_free().  NULL if there is no memory.
 */
struct lwc_client *lwc_client_new(const struct lwc_backend *backend, bool external,
                                  const struct lwc_host *host, size_t argc,
                                  const char *const *argv);
void lwc_client_free(struct lwc_client **hosted);

/* In place of the module's open(); the state for all other functions is @hosted itself. */
enum lwc_code lwc_client_open(struct lwc_client *hosted, struct lwc_error *err) LWC_RESULT;

/* Replace the functions of @backend by those that ask the host. */
void lwc_client_proxy(struct lwc_backend *backend);

#endif
