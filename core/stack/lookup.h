/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_STACK_LOOKUP_H
#define CORE_STACK_LOOKUP_H

#include <lwcred/types.h>

#include "base/error.h"
#include "base/identity.h"
#include "stack/search.h"
#include "stack/stack.h"

/*
 * Chooses the credential that answers a query.
 *
 *  1. A query with a profile: exactly that profile.
 *  2. With an account: the account's credential with the key id asked for; else its credential of
 *     profile $LW_PROFILE; else, of its credentials in the first backend that holds any, profile
 *     "default", else the only one, else an error that lists them.
 *  3. With neither: $LW_PROFILE; else the environment's credential; else the account that
 *     $LW_ACCOUNT selects; else profile "default"; else the only one there is.
 *
 * A lookup never guesses: a rule that finds several fails and names them, and "the only one" fails
 * while a backend failed or cannot list what it holds.  An absent backend (LWC_E_UNAVAILABLE) holds nothing; where no store is there at
 * all, a search ends with LWC_E_UNAVAILABLE.
 */

/*
 * Find the credential for @query by its profile, account (canonical, or any host that a request
 * named) and key_id.
 *
 * @host       for $LW_PROFILE and $LW_ACCOUNT.
 * @found_out  owned by the caller, lwc_found_free().
 */
enum lwc_code lwc_lookup_find(struct lwc_stack *stack, const struct lwc_identity *query,
                              const struct lwc_host *host, struct lwc_found **found_out,
                              struct lwc_error *err) LWC_RESULT;

/*
 * Find without reading a secret: unlocks nothing and leaves found->secret NULL.  A store that will
 * fail to open when needed stays unnoticed.
 *
 * @watch  sees each walk and line.
 */
enum lwc_code lwc_lookup_dry_run(struct lwc_stack *stack, const struct lwc_identity *query,
                                 const struct lwc_host *host, const struct lwc_lookup_watch *watch,
                                 struct lwc_found **found_out, struct lwc_error *err) LWC_RESULT;

/* Find by one walk over the lines of @op: rules 1 and 2 without the preference for a key id. */
enum lwc_code lwc_lookup_find_exact(struct lwc_stack *stack, enum lwc_op op,
                                    const struct lwc_identity *query, struct lwc_found **found_out,
                                    struct lwc_error *err) LWC_RESULT;

#endif
