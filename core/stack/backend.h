/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_STACK_BACKEND_H
#define CORE_STACK_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lwcred/backend.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/identity.h"
#include "conf/conf.h"
#include "remote/client.h"

/*
 * A backend with one set of arguments, loaded and opened when first needed.  A module that could
 * not be loaded is not tried again.
 */
struct lwc_stack_backend;

/*
 * @external  allow modules from $LWCRED_BACKEND_DIR.
 * Borrows @line and @host until lwc_backend_free().  Returns NULL if there is no memory.
 */
struct lwc_stack_backend *lwc_backend_new(const struct lwc_conf_line *line,
                                          const struct lwc_host *host, bool external);

/* Close and free; sets *backend to NULL.  NULL is allowed. */
void lwc_backend_free(struct lwc_stack_backend **backend);

/*
 * Return a client of the module with @descriptor in a host of its own, owned by the caller,
 * lwc_client_free(); NULL if there is no memory.  @host and @argv are borrowed.
 */
struct lwc_client *lwc_backend_new_client(const struct lwc_backend *descriptor, bool external,
                                          const struct lwc_host *host, size_t argc,
                                          const char *const *argv);

const char *lwc_backend_name(const struct lwc_stack_backend *backend);

/* Return whether @line names this backend with the same arguments. */
bool lwc_backend_is_for_line(const struct lwc_stack_backend *backend,
                             const struct lwc_conf_line *line);

/* Load; return the descriptor, whose functions may be called, or NULL and the reason, borrowed. */
const struct lwc_backend *lwc_backend_descriptor(struct lwc_stack_backend *backend,
                                                 const struct lwc_error **why_out);

/* Load; return whether the module was found and loaded, or if it may block, read. */
bool lwc_backend_is_loaded(struct lwc_stack_backend *backend);

/* Load; return whether the backend can do all of @caps, false if loading fails. */
bool lwc_backend_can(struct lwc_stack_backend *backend, uint32_t caps);

/*
 * Log a warning, unless the previous warning about @backend had the same text and is less than a
 * minute old.
 */
void lwc_backend_warn(struct lwc_stack_backend *backend, const char *fmt, ...) LWC_PRINTF(2, 3);

/*
 * Load and open, even if the backend's needs are not met, so that it checks its arguments.  (The
 * functions below open as well; their LWC_E_INVALID names file and line, too.)
 */
enum lwc_code lwc_backend_try(struct lwc_stack_backend *backend, struct lwc_error *err) LWC_RESULT;

/*
 * Load, open, and call the backend's function; LWC_E_INVALID if it has no such function.  Results
 * are checked: an identity outside the limits is LWC_E_INVALID, and a failure without text gets a
 * text.  A backend that cannot list lists nothing.
 */
enum lwc_code lwc_backend_list(struct lwc_stack_backend *backend, const struct lwc_visitor *visitor,
                               struct lwc_error *err) LWC_RESULT;
enum lwc_code lwc_backend_find(struct lwc_stack_backend *backend, const struct lwc_identity *query,
                               struct lwc_identity_copy *identity_out, struct lwc_buf **secret_out,
                               struct lwc_error *err) LWC_RESULT;
enum lwc_code lwc_backend_probe(struct lwc_stack_backend *backend, uint32_t cap,
                                struct lwc_error *err) LWC_RESULT;
enum lwc_code lwc_backend_store(struct lwc_stack_backend *backend,
                                const struct lwc_identity *identity, const void *secret, size_t len,
                                uint32_t flags, struct lwc_error *err) LWC_RESULT;
enum lwc_code lwc_backend_erase(struct lwc_stack_backend *backend, const struct lwc_identity *query,
                                struct lwc_error *err) LWC_RESULT;

/*
 * Run a command of the backend's own: as control() in lwcred/backend.h, within its limits on
 * both sides.  LWC_E_INVALID if the backend has no commands, or not this one.
 */
enum lwc_code lwc_backend_control(struct lwc_stack_backend *backend, const char *verb, size_t argc,
                                  const char *const *argv, const struct lwc_reporter *reporter,
                                  struct lwc_error *err) LWC_RESULT;

/*
 * List to answer a request for a secret: unlocks a store that is too locked to list, asking the
 * user if need be.  lwc_backend_list() never asks.
 */
enum lwc_code lwc_backend_list_unlocked(struct lwc_stack_backend *backend,
                                        const struct lwc_visitor *visitor, struct lwc_error *err)
    LWC_RESULT;

/* lwc_backend_list() or lwc_backend_list_unlocked(). */
typedef enum lwc_code lwc_backend_list_fn(struct lwc_stack_backend *backend,
                                          const struct lwc_visitor *visitor, struct lwc_error *err);

#endif
