/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_API_EXCHANGE_H
#define CORE_API_EXCHANGE_H

#include "api/load.h"
#include "net/http.h"

/*
 * Exchanges an access key for a token: POST https://AUTHORITY/api/v2/access/tokens.
 * As lwc_api.exchange (load.h), over the transport @http.
 *
 * MUST (exchange.c, reply.c):
 *  1. The secret goes to the authority of the identity, in one header, and nowhere else.
 *  2. Text that would break a header or a URL is refused before anything is sent.
 *  3. A reply is checked in full before the token leaves; a doubtful reply gives no token.
 *  4. No text holds the secret, even if the server repeats it, nor the token.
 */
enum lwc_code lwc_exchange_run(const struct lwc_http *http, const struct lwc_exchange *exchange,
                               const struct lwc_sink *token, struct lwc_grant *grant_out,
                               struct lwc_error *err) LWC_RESULT;

/*
 * Checks a reply: the part of an exchange that needs no network.  Reports a wrong clock of ours to
 * @exchange->host as a warning.
 *
 * @sent_wall_s   our clock when the request was sent, used where the reply has no Date.
 * @lifetime_out  seconds, 1 to @exchange->ttl_s.
 */
enum lwc_code lwc_exchange_judge(const struct lwc_http_reply *reply,
                                 const struct lwc_exchange *exchange, int64_t sent_wall_s,
                                 const struct lwc_sink *token, int64_t *lifetime_out,
                                 struct lwc_error *err) LWC_RESULT;

#endif
