/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "api/exchange.h"
#include "api/message.h"
#include "base/clock.h"
#include "base/text.h"
#include "net/json.h"

#define CLOCK_TOLERANCE_S 60

static const struct lwc_status_meaning outcomes[] = {
    {401, 401, LWC_E_REFUSED, "the API refused the access key",
     "check the key id and the secret; the key may have been disabled or deleted"},
    {403, 403, LWC_E_REFUSED, "the API refused the access key",
     "the key may be disabled, or its owner lacks the right: plain users get no tokens"},
    {404, 404, LWC_E_REFUSED, "the API knows no tokens here", "is the account name right?"},
    {400, 499, LWC_E_REFUSED, "the API refused the request", ""},
    {500, 599, LWC_E_NETWORK, "the server failed", ""},
    {300, 399, LWC_E_NETWORK, "redirects are not followed", "is the account name right?"},
    {200, 299, LWC_E_NETWORK, "unusable reply: no token in it", ""},
    {INT32_MIN, INT32_MAX, LWC_E_NETWORK, "unusable reply: unknown status", ""},
};

static enum lwc_code fail_unusable(struct lwc_error *err, const char *what)
{
    return lwc_fail(err, LWC_E_NETWORK, "unusable reply: %s", what);
}

/* Names the error in a reply that should hold a token and is no JSON object. */
static enum lwc_code fail_no_json(const struct lwc_http_reply *reply, struct lwc_error *err)
{
    static const uint8_t gzip_magic[] = {0x1f, 0x8b};

    if (lwc_buf_len(reply->body) == 0) {
        return fail_unusable(err, "it is empty");
    }
    if (memcmp(lwc_buf_bytes(reply->body), gzip_magic, sizeof gzip_magic) == 0) {
        return fail_unusable(err, "it is compressed, which was not asked for");
    }
    if (lwc_reply_is_html(reply)) {
        (void)fail_unusable(err, "a web page instead of JSON");
        return lwc_hint(err, LWC_E_NETWORK, "is the account name right?");
    }
    return lwc_wrap(err, LWC_E_NETWORK, "unusable reply");
}

static enum lwc_code find_text(const struct lwc_json *json, const char *name, const char **text_out,
                               struct lwc_error *err)
{
    const struct lwc_json *member = lwc_json_at(json, name);
    const char *text = lwc_json_text(member);

    if (lwc_is_set(text)) {
        *text_out = text;
        return LWC_OK;
    }
    return lwc_fail(err, LWC_E_NETWORK, "unusable reply: \"%s\" is %s", name,
                    member == NULL ? "missing"
                    : text == NULL ? "not a text"
                                   : "empty");
}

static enum lwc_code parse_token(const struct lwc_json *json, const char **token_out,
                                 struct lwc_error *err)
{
    const char *token = NULL;
    enum lwc_code code = LWC_OK;

    if (!lwc_json_is_object(json)) {
        return fail_unusable(err, "no JSON object");
    }
    if (lwc_json_at(json, "token") == NULL && lwc_json_is_array(lwc_json_at(json, "data"))) {
        return fail_unusable(err, "it has the form of API v1, which is not supported");
    }
    code = find_text(json, "token", &token, err);
    if (code != LWC_OK) {
        return code;
    }
    if (strlen(token) > LWC_TOKEN_MAX) {
        return lwc_fail(err, LWC_E_NETWORK, "unusable reply: \"token\" is longer than %d bytes",
                        LWC_TOKEN_MAX);
    }
    if (!lwc_text_is_b64token(token, strlen(token))) {
        return fail_unusable(err, "\"token\" holds bytes that no bearer token has");
    }
    *token_out = token;
    return LWC_OK;
}

static void warn_of_clock(const struct lwc_exchange *exchange, int64_t ahead_s)
{
    char text[LWC_ERROR_MSG_LEN];

    if (ahead_s >= -CLOCK_TOLERANCE_S && ahead_s <= CLOCK_TOLERANCE_S) {
        return;
    }
    (void)snprintf(text, sizeof text,
                   "this machine's clock is %" PRId64 " s %s the server's; expiry times are shown "
                   "by this machine's clock",
                   ahead_s < 0 ? -ahead_s : ahead_s, ahead_s < 0 ? "behind" : "ahead of");
    exchange->host->log(exchange->host->data, LWC_LOG_WARNING, text);
}

/* Counts by the server's own clock, so that a wrong clock of ours does no harm. */
static enum lwc_code parse_lifetime(const struct lwc_json *json, const struct lwc_http_reply *reply,
                                    int64_t ttl_s, int64_t sent_wall_s, int64_t *lifetime_out,
                                    struct lwc_error *err)
{
    bool dated = reply->date_s >= 0;
    int64_t now = dated ? reply->date_s : sent_wall_s;
    int64_t expires_at = 0;
    const char *text = NULL;
    enum lwc_code code = find_text(json, "expiresAt", &text, err);

    if (code != LWC_OK) {
        return code;
    }
    if (!lwc_date_parse(text, strlen(text), &expires_at)) {
        return fail_unusable(err, "\"expiresAt\" is no time that can be read");
    }
    if (expires_at <= now) {
        code = fail_unusable(err, "the token has expired already");
        return dated ? code : lwc_hint(err, code, "is this machine's clock right?");
    }
    *lifetime_out = expires_at - now < ttl_s ? expires_at - now : ttl_s;
    return LWC_OK;
}

static enum lwc_code parse_success(const struct lwc_http_reply *reply,
                                   const struct lwc_exchange *exchange, int64_t sent_wall_s,
                                   const struct lwc_sink *token, int64_t *lifetime_out,
                                   struct lwc_error *err)
{
    LWC_AUTO_JSON json = NULL;
    const char *text = NULL;
    int64_t lifetime_s = 0;
    enum lwc_code code =
        lwc_json_parse(lwc_buf_bytes(reply->body), lwc_buf_len(reply->body), &json, err);

    if (code != LWC_OK) {
        return code == LWC_E_INVALID ? fail_no_json(reply, err) : code;
    }
    code = parse_token(json, &text, err);
    if (code == LWC_OK) {
        code = parse_lifetime(json, reply, exchange->ttl_s, sent_wall_s, &lifetime_s, err);
    }
    if (code == LWC_OK) {
        code = token->put(token->data, exchange->identity, text, strlen(text), err);
    }
    if (code == LWC_OK) {
        *lifetime_out = lifetime_s;
    }
    return code;
}

enum lwc_code lwc_exchange_judge(const struct lwc_http_reply *reply,
                                 const struct lwc_exchange *exchange, int64_t sent_wall_s,
                                 const struct lwc_sink *token, int64_t *lifetime_out,
                                 struct lwc_error *err)
{
    if (reply->date_s >= 0) {
        warn_of_clock(exchange, sent_wall_s - reply->date_s);
    }
    if (reply->status == 200 || reply->status == 201) {
        return parse_success(reply, exchange, sent_wall_s, token, lifetime_out, err);
    }
    return lwc_reply_fail(reply, outcomes, exchange->secret, exchange->len, err);
}
