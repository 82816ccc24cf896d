/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_STACK_SEARCH_H
#define CORE_STACK_SEARCH_H

#include <stdbool.h>

#include <lwcred/types.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/identity.h"
#include "stack/stack.h"
#include "stack/survey.h"

/* A walk over the stack in search of a credential; lookup.h decides which walks to make. */

/*
 * A credential, with the backend that held it.
 *
 * secret            NULL after a dry run.
 * is_behind_absent  an earlier line, which could have answered instead, was passed over because its
 *                   backend is absent: the answer holds only as long as that backend is absent.
 */
struct lwc_found {
    struct lwc_identity_copy identity;
    struct lwc_buf *secret;
    char backend[LWC_BACKEND_NAME_MAX + 1];
    bool is_behind_absent;
};

#define LWC_AUTO_FOUND LWC_AUTO(struct lwc_found *, lwc_found_free)

/* Wipe and free; sets *found to NULL.  NULL is allowed. */
void lwc_found_free(struct lwc_found **found);

/*
 * Observer of a dry run.  Arguments are borrowed for the call.
 *
 * begin  a walk begins, by @rule, for the credentials that agree with @wanted.
 * turn   a line of the walk had its turn.  @holds: the credential that the backend would give, or
 *        NULL.  @is_untold: the backend cannot tell without giving the secret, and counts as
 *        holding nothing; or without being opened, and counts as locked.
 */
struct lwc_lookup_watch {
    void *data;
    void (*begin)(void *data, enum lwc_rule rule, const struct lwc_identity *wanted);
    void (*turn)(void *data, const struct lwc_turn *turn, const struct lwc_identity *holds,
                 bool is_untold);
};

/*
 * The lookup that a walk is part of.
 *
 * host    for $LW_PROFILE and $LW_ACCOUNT.
 * watch   set: a dry run, which reads no secret; else NULL.
 * survey  records absent lines.
 */
struct lwc_lookup_ctx {
    struct lwc_stack *stack;
    const struct lwc_host *host;
    const struct lwc_lookup_watch *watch;
    struct lwc_survey *survey;
};

/*
 * Walk the lines of @op for the credential that fits @query.
 *
 * @found_out  owned by the caller, lwc_found_free(); written on success only.
 * Returns the codes of lwc_stack_walk().
 */
enum lwc_code lwc_search_walk(const struct lwc_lookup_ctx *ctx, enum lwc_op op, enum lwc_rule rule,
                              const struct lwc_identity *query, struct lwc_found **found_out,
                              struct lwc_error *err) LWC_RESULT;

#endif
