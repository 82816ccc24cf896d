/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_STACK_CANDIDATES_H
#define CORE_STACK_CANDIDATES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/identity.h"
#include "stack/backend.h"

/*
 * Credentials that fit a query, collected from lists of backends.  All zero but query at first.
 *
 * has_every_kind  a query for any kind is also for those that make no tokens.
 * count           number of them.
 * is_default      best has the profile "default".
 * best            the first one, or the first of profile "default".
 * names           their names for a message, cut if too long.
 */
struct lwc_candidates {
    const struct lwc_identity *query;
    bool has_every_kind;
    size_t count;
    bool is_default;
    struct lwc_identity_copy best;
    char names[256];
};

/* Add @identity to the struct lwc_candidates @data if it fits.  For struct lwc_visitor. */
enum lwc_code lwc_candidates_add(void *data, const struct lwc_identity *identity,
                                 struct lwc_error *err) LWC_RESULT;

/* Fail with LWC_E_INVALID and a text that names the candidates. */
enum lwc_code lwc_candidates_refuse(const struct lwc_candidates *candidates, struct lwc_error *err)
    LWC_RESULT;

/*
 * Pick the credential of @backend that fits @query, without its secret.  Returns LWC_E_NOT_FOUND;
 * LWC_E_INVALID if several fit and none has the profile "default".
 *
 * @list  lwc_backend_list_unlocked(), which may ask the user, or lwc_backend_list().
 */
enum lwc_code lwc_candidates_pick(struct lwc_stack_backend *backend,
                                  const struct lwc_identity *query, lwc_backend_list_fn *list,
                                  struct lwc_identity_copy *picked_out, struct lwc_error *err)
    LWC_RESULT;

/*
 * As lwc_candidates_pick(), to remove a credential: where @query names a profile and no kind, also
 * one that makes no tokens.
 */
enum lwc_code lwc_candidates_pick_kept(struct lwc_stack_backend *backend,
                                       const struct lwc_identity *query, lwc_backend_list_fn *list,
                                       struct lwc_identity_copy *picked_out, struct lwc_error *err)
    LWC_RESULT;

#endif
