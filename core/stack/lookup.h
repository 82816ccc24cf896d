/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_STACK_LOOKUP_H
#define CORE_STACK_LOOKUP_H

#include <stdbool.h>

#include <lwcred/types.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/identity.h"
#include "stack/stack.h"

/*
 * Which credential answers.
 *
 *  1. A profile: exactly that one.
 *  2. An account: the credential with the key id asked for; else the one of $LW_PROFILE if it is
 *     among them; else of those in the first backend that holds one the profile "default", else the
 *     only one, else an error that lists them.
 *  3. Nothing: $LW_PROFILE; else the environment's credential; else the account that
 *     $LW_ACCOUNT selects; else profile "default"; else the only one there is.
 *
 * Never a guess: every rule that could pick one of several fails and says which there are, and
 * "the only one there is" is unknown while a backend failed or cannot list what it holds: an error
 * that says so.  An absent backend (LWC_E_UNAVAILABLE) holds nothing; where no store is there at
 * all, a search ends with LWC_E_UNAVAILABLE.
 */

/*
 * A credential, with the backend that held it.
 *
 * is_behind_absent  a line that could have answered in its place was passed over because its
 *                   backend is absent, so that the answer holds only as long as that does.
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
 * Find the credential for @query, of which profile, account (already canonical, or any host
 * that a request named) and key_id count.
 *
 * @host       for $LW_PROFILE and $LW_ACCOUNT.
 * @found_out  owned by the caller, lwc_found_free().
 */
enum lwc_code lwc_lookup_find(struct lwc_stack *stack, const struct lwc_identity *query,
                              const struct lwc_host *host, struct lwc_found **found_out,
                              struct lwc_error *err) LWC_RESULT;

/*
 * The way to an answer, for those who want to see it.
 *
 * begin  a walk begins, by @rule, for the credentials that agree with @wanted.
 * turn   one line of it.  @holds is what the backend would give, or NULL.  @is_untold: it cannot
 *        tell without giving the secret, and counts as one that holds nothing; or without being
 *        opened, and counts as locked.
 *
 * What is handed over is borrowed for the call.
 */
struct lwc_lookup_watch {
    void *data;
    void (*begin)(void *data, enum lwc_rule rule, const struct lwc_identity *wanted);
    void (*turn)(void *data, const struct lwc_turn *turn, const struct lwc_identity *holds,
                 bool is_untold);
};

/*
 * The same without asking for a secret: nothing is unlocked, and found->secret is NULL.  That a
 * store could not be opened when it is needed is not seen.
 */
enum lwc_code lwc_lookup_foresee(struct lwc_stack *stack, const struct lwc_identity *query,
                                 const struct lwc_host *host, const struct lwc_lookup_watch *watch,
                                 struct lwc_found **found_out, struct lwc_error *err) LWC_RESULT;

/* Find one by walking the lines of @op, rules 1 and 2 without the key id's preference. */
enum lwc_code lwc_lookup_find_exact(struct lwc_stack *stack, enum lwc_op op,
                                    const struct lwc_identity *query, struct lwc_found **found_out,
                                    struct lwc_error *err) LWC_RESULT;

/*
 * What @unit holds, to answer a request for a secret: a store so locked that it cannot even name
 * what it holds is unlocked first, asking if need be.  (lwc_backend_list() asks nobody.)
 */
enum lwc_code lwc_lookup_list(struct lwc_stack_backend *unit, const struct lwc_visitor *visitor,
                              struct lwc_error *err) LWC_RESULT;

/* The one credential of @unit that fits @query, without its secret.  LWC_E_INVALID: several. */
enum lwc_code lwc_lookup_pick(struct lwc_stack_backend *unit, const struct lwc_identity *query,
                              struct lwc_identity_copy *picked_out, struct lwc_error *err)
    LWC_RESULT;

#endif
