/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_TOKEN_RENEW_H
#define CORE_TOKEN_RENEW_H

#include "token/attempt.h"

/* Caches @token and its answer.  A failed write never costs the caller the token. */
void lwc_attempt_save_token(const struct attempt *attempt, struct lwc_entry *token);

/* Exchanges the credential for a new token, one process at a time. */
enum lwc_code lwc_attempt_renew(struct attempt *attempt, struct lwc_token **token_out,
                                struct lwc_error *err) LWC_RESULT;

#endif
