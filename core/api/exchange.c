/* SPDX-License-Identifier: Apache-2.0 */
#include "api/exchange.h"

#include <inttypes.h>
#include <stdio.h>

#include <lwcred/types.h>

#include "api/request.h"
#include "base/append.h"
#include "base/identity.h"
#include "net/ca.h"

#define TOKEN_PATH "/api/v2/access/tokens"
#define HEADER_MAX 6

/* The request with all memory that its pointers refer to. */
struct exchange_call {
    struct lwc_http_request request;
    struct lwc_http_header headers[HEADER_MAX];
    struct lwc_ca ca;
    char url[sizeof "https://" + LWC_ORIGIN_MAX + sizeof TOKEN_PATH];
    struct lwc_buf *secret;
    struct lwc_buf *body;
};

static void call_clear(struct exchange_call *call)
{
    lwc_buf_free(&call->secret);
    lwc_buf_free(&call->body);
}

static enum lwc_code check_exchange(const struct lwc_exchange *exchange, struct lwc_error *err)
{
    const struct lwc_identity *id = exchange->identity;
    const char *authority = lwc_identity_authority(id);
    enum lwc_code code = lwc_key_id_check(id->key_id, err);

    if (code == LWC_OK && id->sub_account[0] != '\0') {
        code = lwc_sub_account_check(id->sub_account, err);
    }
    if (code == LWC_OK) {
        code = lwc_key_secret_check(exchange->secret, exchange->len, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    code = lwc_request_check_authority(authority, err);
    if (code != LWC_OK) {
        return code;
    }
    if (exchange->ttl_s < 1 || exchange->ttl_s > LWC_TTL_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "a token lives 1 to %d seconds, not %" PRId64,
                        LWC_TTL_MAX, exchange->ttl_s);
    }
    return LWC_OK;
}

static void add_header(struct exchange_call *call, const char *name, const char *value)
{
    call->headers[call->request.header_count++] =
        (struct lwc_http_header){.name = name, .value = value};
}

static void add_headers(struct exchange_call *call, const struct lwc_identity *id)
{
    add_header(call, "X-LW-UAKS", lwc_buf_text(call->secret));
    add_header(call, "Content-Type", "application/json");
    add_header(call, "Accept", "application/json");
    add_header(call, "User-Agent", "lwcred/" LWC_VERSION);
    if (id->sub_account[0] != '\0') {
        add_header(call, "Account-Name", id->sub_account);
    }
    if ((id->flags & LWC_ID_ORG_ACCESS) != 0) {
        add_header(call, "Org-Access", "true");
    }
    call->request.headers = call->headers;
}

static enum lwc_code make_body(struct exchange_call *call, const struct lwc_exchange *exchange,
                               struct lwc_error *err)
{
    enum lwc_code code = lwc_buf_new(512, &call->body, err);

    if (code == LWC_OK) {
        code = lwc_text_append(call->body, err, "{\"keyId\":");
    }
    if (code == LWC_OK) {
        code = lwc_text_append_json(call->body, exchange->identity->key_id, err);
    }
    if (code == LWC_OK) {
        code = lwc_text_append(call->body, err, ",\"expiryTime\":%" PRId64 "}", exchange->ttl_s);
    }
    if (code == LWC_OK) {
        call->request.body = lwc_buf_bytes(call->body);
        call->request.len = lwc_buf_len(call->body);
    }
    return code;
}

static enum lwc_code make_call(struct exchange_call *call, const struct lwc_exchange *exchange,
                               struct lwc_error *err)
{
    struct lwc_http_request *request = &call->request;
    enum lwc_code code = lwc_request_begin(exchange->host, &call->ca, request, err);

    if (code == LWC_OK) {
        code = lwc_buf_copy(exchange->secret, exchange->len, &call->secret, err);
    }
    if (code == LWC_OK) {
        code = make_body(call, exchange, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    add_headers(call, exchange->identity);
    (void)snprintf(call->url, sizeof call->url, "https://%s" TOKEN_PATH,
                   lwc_identity_authority(exchange->identity));
    request->method = "POST";
    request->url = call->url;
    request->is_fast_open = exchange->is_fast_open;
    return LWC_OK;
}

static void trace_reply(const struct lwc_exchange *exchange, int status, int64_t lifetime_s)
{
    char text[LWC_ERROR_MSG_LEN];

    (void)snprintf(text, sizeof text,
                   "exchange: POST https://%s" TOKEN_PATH ": status %d, lifetime %" PRId64 " s",
                   lwc_identity_authority(exchange->identity), status, lifetime_s);
    exchange->host->log(exchange->host->data, LWC_LOG_TRACE, text);
}

enum lwc_code lwc_exchange_run(const struct lwc_http *http, const struct lwc_exchange *exchange,
                               const struct lwc_sink *token, struct lwc_grant *grant_out,
                               struct lwc_error *err)
{
    __attribute__((cleanup(call_clear))) struct exchange_call call = {.secret = NULL};
    LWC_AUTO_HTTP_REPLY reply = {.body = NULL};
    struct lwc_grant grant = {0};
    int64_t sent_wall_s = 0;
    enum lwc_code code = check_exchange(exchange, err);

    if (code == LWC_OK) {
        code = make_call(&call, exchange, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    sent_wall_s = lwc_clock_wall_s(exchange->clock);
    grant.sent_boot_ms = lwc_clock_boot_ms(exchange->clock);
    code = http->perform(http->data, &call.request, &reply, err);
    if (reply.is_unwiped) {
        lwc_request_warn_unwiped(exchange->host);
    }
    if (code != LWC_OK) {
        return code;
    }
    code = lwc_exchange_judge(&reply, exchange, sent_wall_s, token, &grant.lifetime_s, err);
    trace_reply(exchange, reply.status, grant.lifetime_s);
    if (code != LWC_OK) {
        return lwc_wrap(err, code, "%s", lwc_identity_authority(exchange->identity));
    }
    *grant_out = grant;
    return LWC_OK;
}
