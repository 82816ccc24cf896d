/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_TOKEN_TOKEN_H
#define CORE_TOKEN_TOKEN_H

#include <lwcred.h>

#include "base/clock.h"
#include "base/error.h"
#include "stack/query.h"

/*
 * From a credential to a token.  The accessors of struct lwc_token are part of lwcred.h.
 */

/*
 * The token of @found: a ready one as it is, or one exchanged for the access key.
 *
 * @query      its sub_account, org_access and ttl_s count.
 * @token_out  owned by the caller, lwc_token_free().
 */
enum lwc_code lwc_token_make(const struct lwc_found *found, const struct lwc_query *query,
                             const struct lwc_host *host, const struct lwc_clock *clock,
                             struct lwc_token **token_out, struct lwc_error *err) LWC_RESULT;

/* Exchange a key once and forget the token. */
enum lwc_code lwc_token_prove(const struct lwc_identity *identity, const void *secret, size_t len,
                              const struct lwc_host *host, const struct lwc_clock *clock,
                              struct lwc_error *err) LWC_RESULT;

#endif
