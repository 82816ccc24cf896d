/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_TOKEN_OBTAIN_H
#define CORE_TOKEN_OBTAIN_H

#include <lwcred/types.h>

#include "base/error.h"
#include "token/obtain_ctx.h"
#include "token/token.h"

/*
 * From a query to a fresh token: the cache, else the stack and an exchange, in single flight: one
 * process opens stores, derives keys and asks a person, and the others wait for its result.
 *
 *   answer cached for this query ------------------------------------ fresh: done, nothing loaded
 *   flight of the answer -- cached meanwhile, or failed ------------- done
 *   credential from the stack -- token cached for this credential --- fresh: done
 *   flight of the token --- cached meanwhile, or failed just now ---- done
 *   exchange ---- good: cached, done
 *           `---- failed: remembered; an old token that still lives is returned, with a warning,
 *                 if the network or the rate limit caused the failure
 */

/*
 * Obtains a fresh token.
 *
 * @query      as lwc_token_get() of lwcred.h has it.
 * @token_out  owned by the caller, lwc_token_release().
 */
enum lwc_code lwc_obtain_token(const struct lwc_obtain_ctx *obtain, const struct lwc_query *query,
                               struct lwc_token **token_out, struct lwc_error *err) LWC_RESULT;

/*
 * Obtains a fresh token from the cache alone; returns LWC_E_NOT_FOUND if a backend must be asked.
 * Of @obtain it uses the configuration, the clock, and the settings and the log of the host:
 * several threads may call it for one context at once.
 */
enum lwc_code lwc_obtain_cached(const struct lwc_obtain_ctx *obtain, const struct lwc_query *query,
                                struct lwc_token **token_out, struct lwc_error *err) LWC_RESULT;

/*
 * Returns whether a token of @identity is cached that is fresh for @query.  lwc_obtain_token()
 * returns that token only if it was made with the key that is stored now.
 */
bool lwc_obtain_has_token(const struct lwc_obtain_ctx *obtain, const struct lwc_query *query,
                          const struct lwc_identity *identity);

/*
 * Forgets the failures of this key, after it was verified or stored again.  Best effort.
 */
void lwc_obtain_clear_failures(const struct lwc_identity *identity);

#endif
