/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_STACK_WRITE_H
#define CORE_STACK_WRITE_H

#include <lwcred/types.h>

#include "base/error.h"
#include "stack/stack.h"

/*
 * Storing and removing.  A profile that a storing backend already holds is replaced in that
 * backend or not at all.  Contracts: lwc_key_probe(), lwc_key_store() and lwc_key_remove() in
 * lwcred.h.
 *
 * @backend  name, or NULL.
 */

/* Check whether lwc_stack_store() would work.  Unlocks the backend if need be. */
enum lwc_code lwc_stack_probe(struct lwc_stack *stack, const struct lwc_identity *identity,
                              const char *backend, uint32_t flags,
                              char backend_out[LWC_BACKEND_NAME_MAX + 1], struct lwc_error *err)
    LWC_RESULT;

enum lwc_code lwc_stack_store(struct lwc_stack *stack, const struct lwc_identity *identity,
                              const void *secret, size_t len, const char *backend, uint32_t flags,
                              char backend_out[LWC_BACKEND_NAME_MAX + 1], struct lwc_error *err)
    LWC_RESULT;

/*
 * Store in @backend, of a store line, without regard to other backends that hold the profile: for a
 * copy from one of them.
 */
enum lwc_code lwc_stack_put(struct lwc_stack *stack, const struct lwc_identity *identity,
                            const void *secret, size_t len, const char *backend, uint32_t flags,
                            struct lwc_error *err) LWC_RESULT;

/*
 * Remove the credential from each backend of the erase lines that holds it, without regard to
 * controls, or from @backend alone.
 *
 * @secret  NULL: do not compare secrets.
 */
enum lwc_code lwc_stack_remove(struct lwc_stack *stack, const struct lwc_identity *query,
                               const void *secret, size_t len, const char *backend,
                               lwc_removed_fn *visit, void *data, struct lwc_error *err) LWC_RESULT;

#endif
