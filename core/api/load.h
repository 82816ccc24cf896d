/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_API_LOAD_H
#define CORE_API_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lwcred/backend.h>
#include <lwcred/call.h>
#include <lwcred/types.h>

#include "base/clock.h"
#include "base/error.h"

/*
 * The loader of net.so, the shared object that talks to the API, on the first exchange: linking
 * libcurl costs more than all of a warm answer.  net.so exports one symbol, "lwc_api", and is
 * checked like a backend.  Neither side frees memory of the other: the token comes out through a
 * sink.
 */

#define LWC_API_ABI LWC_ABI(1, 2)

/*
 * An exchange of an access key for a token.
 *
 * identity     of the key; the secret goes to lwc_identity_authority() and nowhere else.  The
 *              sub_account and the LWC_ID_ORG_ACCESS flag become request headers.
 * secret, len  of the key.
 * ttl_s        requested lifetime, 1 to 86400.
 * host         settings (CA files), log, deadline (remaining_ms).
 * clock        for counting the lifetime.
 * is_fast_open the first bytes of TLS go with the connection's first packet (TCP Fast Open), where
 *              kernel and server can.
 */
struct lwc_exchange {
    const struct lwc_identity *identity;
    const void *secret;
    size_t len;
    int64_t ttl_s;
    const struct lwc_host *host;
    const struct lwc_clock *clock;
    bool is_fast_open;
};

/*
 * lifetime_s   seconds that the token had when the request was sent, by the server's own clock
 *              (Date header; without a date, our clock); 1 to ttl_s.
 * sent_boot_ms boot clock when the request was sent; the lifetime counts from there.
 */
struct lwc_grant {
    int64_t lifetime_s;
    int64_t sent_boot_ms;
};

/*
 * A call of the API with a token.
 *
 * identity          of the token: names the authority that it may be sent to; its sub_account and
 *                   the LWC_ID_ORG_ACCESS flag become request headers.
 * token, token_len  a bearer token.
 * call              checked by the library; its query is not used.
 * host              settings (CA files), log, deadline (remaining_ms).
 * can_renew         status 401 is not final: no callback sees such a reply.
 * is_fast_open      as above.
 */
struct lwc_api_call {
    const struct lwc_identity *identity;
    const char *token;
    size_t token_len;
    const struct lwc_call *call;
    const struct lwc_host *host;
    bool can_renew;
    bool is_fast_open;
};

struct lwc_api {
    uint32_t abi;
    uint32_t size;
    /*
     * Puts the token (b64token, at most LWC_TOKEN_MAX bytes) into @token and fills *grant_out.
     * LWC_E_NETWORK (no connection, TLS, time-out, unusable reply), LWC_E_REFUSED (401, 403, 400
     * and other 4xx, with the server's message), LWC_E_RATE_LIMITED (err->wait_s).
     */
    enum lwc_code (*exchange)(const struct lwc_exchange *exchange, const struct lwc_sink *token,
                              struct lwc_grant *grant_out, struct lwc_error *err);
    /* As lwc_call() of lwcred.h, without a second request.  Fills *reply_out in any case. */
    enum lwc_code (*call)(const struct lwc_api_call *call, struct lwc_call_reply *reply_out,
                          struct lwc_error *err);
};

/* Loads net.so from the compiled-in directory only.  Static once loaded.  Any thread. */
enum lwc_code lwc_api_load(const struct lwc_api **net_out, struct lwc_error *err) LWC_RESULT;

#endif
