/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_STACK_COPY_H
#define CORE_STACK_COPY_H

#include "base/error.h"
#include "stack/search.h"
#include "stack/stack.h"

/* Parts of a copy from one backend to another: reading, storing there alone, reading back. */

/*
 * Read the credential that fits @query, with its secret: of the lookup line that names @backend, or
 * with NULL as lwc_lookup_find_exact().
 *
 * @found_out  owned by the caller, lwc_found_free().
 */
enum lwc_code lwc_copy_read(struct lwc_stack *stack, const struct lwc_identity *query,
                            const char *backend, struct lwc_found **found_out,
                            struct lwc_error *err) LWC_RESULT;

/*
 * Compare @identity and @secret with what is held under that profile: by @backend, of a store line,
 * or with NULL by the first storing backend that holds the profile.
 *
 * @backend_out  the backend, unless LWC_E_NOT_FOUND.
 * Returns LWC_OK if all is the same; LWC_E_INVALID if another credential has the profile;
 * LWC_E_NOT_FOUND; or the backend's failure.
 */
enum lwc_code lwc_copy_compare(struct lwc_stack *stack, const struct lwc_identity *identity,
                               const void *secret, size_t len, const char *backend,
                               char backend_out[LWC_BACKEND_NAME_MAX + 1], struct lwc_error *err)
    LWC_RESULT;

#endif
