/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_REMOTE_CLIENT_H
#define CORE_REMOTE_CLIENT_H

#include <stddef.h>

#include <lwcred/backend.h>

#include "base/error.h"
#include "remote/child.h"

/*
 * A backend with LWC_CAP_BLOCKING, in a backend host: a child process that does the calls.  A
 * call ends in time even if the backend hangs; it returns LWC_E_FAILED if the host hung, crashed
 * or broke the protocol, and so do all calls of the next minute, so that a stack that names the
 * backend in several lines waits once.  After that minute, and after a host ended between two
 * calls, the next call starts a new host.
 *
 * The first call starts the host; lwc_client_free() ends it.
 *
 * MUST:
 *  1. No function of the module is called in this process, which need not have loaded the module.
 *  2. A call takes no longer than the argument "timeout=DURATION" says (10 s), nor than half of
 *     what the caller has left; while the user is asked, the call may take all of that.
 *  3. A host that broke the protocol is ended and reaped before the call returns.
 */
struct lwc_client;

/*
 * The module that a host is to load, as seen by the caller.
 *
 * backend       descriptor in the module's file.
 * print         hash of that descriptor; the host's own must have the same.
 * external_dir  returns the directory of external modules, or NULL, at each start of a host;
 *               NULL: the host loads no external module.
 * locate        finds and checks the host's program at each start.
 */
struct lwc_client_module {
    const struct lwc_backend *backend;
    const char *print;
    const char *(*external_dir)(void);
    lwc_child_locate *locate;
};

/*
 * @module  copied.
 * Borrows @host and @argv until lwc_client_free().  Returns NULL if there is no memory.
 */
struct lwc_client *lwc_client_new(const struct lwc_client_module *module,
                                  const struct lwc_host *host, size_t argc,
                                  const char *const *argv);

/* End the host and free; sets *client to NULL.  NULL is allowed. */
void lwc_client_free(struct lwc_client **client);

/* Stands for the module's open(); the state for all other functions is @client itself. */
enum lwc_code lwc_client_open(struct lwc_client *client, struct lwc_error *err) LWC_RESULT;

/* Replace the functions of @backend by those that send a request to the host. */
void lwc_client_proxy(struct lwc_backend *backend);

#endif
