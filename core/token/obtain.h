/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_TOKEN_OBTAIN_H
#define CORE_TOKEN_OBTAIN_H

#include <lwcred/types.h>

#include "base/clock.h"
#include "base/error.h"
#include "cache/cache.h"
#include "cache/dependency.h"
#include "flight/flight.h"
#include "stack/stack.h"
#include "token/token.h"

/*
 * From a query to a fresh token: the cache, else the stack and one exchange, in single flight: one
 * process opens stores, derives keys and asks a person, and all others wait for what comes of it.
 *
 *   answer cached for this query ------------------------------------ fresh: done, nothing loaded
 *   flight of the answer -- cached meanwhile, or failed ------------- done
 *   credential from the stack -- token cached for this credential --- fresh: done
 *   flight of the token --- cached meanwhile, or failed just now ---- done
 *   exchange ---- good: cached, done
 *           `---- failed: remembered; what still lives of the old token is handed out, with a
 *                 warning, if the network or the rate limit is to blame
 */
struct lwc_obtain {
    struct lwc_stack *stack;
    const struct lwc_conf *conf;
    const struct lwc_host *host;
    const struct lwc_clock *clock;
    struct lwc_dependencies *witnesses; /* filled by the host while backends are asked */
    bool external;                      /* may modules come from $LWCRED_BACKEND_DIR? */
    struct lwc_flight **flight;         /* shown to the host while backends are asked; or NULL */
    bool can_ask;                       /* a person can be asked */
    enum lwc_cache_mode mode;
};

/*
 * @query      all of lwcred.h's lwc_token_get().
 * @token_out  owned by the caller, lwc_token_release().
 */
enum lwc_code lwc_obtain_token(const struct lwc_obtain *obtain, const struct lwc_query *query,
                               struct lwc_token **token_out, struct lwc_error *err) LWC_RESULT;

/*
 * The same from the cache alone: LWC_E_NOT_FOUND where a backend would have to be asked.  Reads of
 * @obtain the configuration, the clock, and what its host says of settings and takes of traces: so
 * threads may call it for one context at once.
 */
enum lwc_code lwc_obtain_cached(const struct lwc_obtain *obtain, const struct lwc_query *query,
                                struct lwc_token **token_out, struct lwc_error *err) LWC_RESULT;

/*
 * Is a token cached that is fresh for @query, and is one of @identity?  It is handed out only if
 * it was made with the key that is stored now.
 */
bool lwc_obtain_has_token(const struct lwc_obtain *obtain, const struct lwc_query *query,
                          const struct lwc_identity *identity);

/*
 * A failure remembered for this key is no longer so: it was proved, or stored anew.  Best effort.
 */
void lwc_obtain_forgive(const struct lwc_identity *identity);

#endif
