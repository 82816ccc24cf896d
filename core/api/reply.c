/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#include "api/exchange.h"
#include "base/clock.h"
#include "base/text.h"
#include "net/json.h"

#define MESSAGE_LEN 200 /* bytes shown of a server's message                      */
#define RAW_LEN 1024    /* bytes read of a body that is no JSON                   */
#define ECHO_LEN 8      /* bytes of the secret in a row that count as a part of it */
#define CLOCK_TOLERANCE_S 60
#define WAIT_DEFAULT_S 60
#define WAIT_MAX_S 3600

/* Meanings of a status that brings no token. */
static const struct outcome {
    int first;
    int last;
    enum lwc_code code;
    const char *what;
    const char *hint;
} outcomes[] = {
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

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {204, "No Content"},          {301, "Moved Permanently"},     {302, "Found"},
    {303, "See Other"},           {307, "Temporary Redirect"},    {308, "Permanent Redirect"},
    {400, "Bad Request"},         {401, "Unauthorized"},          {403, "Forbidden"},
    {404, "Not Found"},           {405, "Method Not Allowed"},    {409, "Conflict"},
    {429, "Too Many Requests"},   {500, "Internal Server Error"}, {502, "Bad Gateway"},
    {503, "Service Unavailable"}, {504, "Gateway Timeout"},
};

static const char *find_reason(int status)
{
    for (size_t i = 0; i < LWC_ARRAY_LEN(reasons); i++) {
        if (reasons[i].status == status) {
            return reasons[i].reason;
        }
    }
    return "";
}

static enum lwc_code fail_unusable(struct lwc_error *err, const char *what)
{
    return lwc_fail(err, LWC_E_NETWORK, "unusable reply: %s", what);
}

static bool is_html(const struct lwc_http_reply *reply)
{
    const char *body = lwc_buf_text(reply->body);

    return strcasestr(reply->content_type, "html") != NULL || body[strspn(body, " \t\r\n")] == '<';
}

/* Looks for any ECHO_LEN bytes of the secret: a server may cut the text that it repeats. */
static bool shows_secret(const char *text, const struct lwc_exchange *exchange)
{
    const char *secret = exchange->secret;
    size_t len = exchange->len < ECHO_LEN ? exchange->len : ECHO_LEN;

    for (size_t i = 0; len > 0 && i + len <= exchange->len; i++) {
        if (memmem(text, strlen(text), secret + i, len) != NULL) {
            return true;
        }
    }
    return false;
}

/* Returns the server's message in a JSON body, or NULL.  In the order of the vendor's clients. */
static const char *find_json_message(const struct lwc_json *json)
{
    static const char *const paths[] = {"data.ErrorMsg", "data.message", "message",
                                        "data.statusMessage"};

    for (size_t i = 0; i < LWC_ARRAY_LEN(paths); i++) {
        const char *text = lwc_json_text(lwc_json_at(json, paths[i]));

        if (lwc_is_set(text) && !lwc_streq(text, "SUCCESS")) {
            return text;
        }
    }
    return NULL;
}

/* Cuts @raw, a web page, to its title, or to nothing. */
static void keep_title(char raw[static RAW_LEN])
{
    char *start = strcasestr(raw, "<title>");
    char *end = start != NULL ? strcasestr(start, "</title") : NULL;

    if (end == NULL) {
        raw[0] = '\0';
        return;
    }
    start += strlen("<title>");
    memmove(raw, start, (size_t)(end - start));
    raw[end - start] = '\0';
}

/* Copies the start of a body that is no JSON; nothing if the body is not text. */
static void read_raw_message(const struct lwc_http_reply *reply, char raw[static RAW_LEN])
{
    size_t len = lwc_buf_len(reply->body);

    len = len < RAW_LEN - 1 ? len : RAW_LEN - 1;
    memcpy(raw, lwc_buf_bytes(reply->body), len);
    raw[len] = '\0';
    for (size_t i = 0; i < len; i++) {
        raw[i] = isspace((unsigned char)raw[i]) ? ' ' : raw[i];
    }
    if (lwc_text_has_control(raw, len)) {
        raw[0] = '\0';
    } else if (is_html(reply)) {
        keep_title(raw);
    }
}

static void copy_printable(const char *text, const struct lwc_exchange *exchange,
                           char out[static MESSAGE_LEN + 1])
{
    if (shows_secret(text, exchange)) {
        text = "(the server's message repeats the secret and is not shown)";
    }
    lwc_text_printable(out, MESSAGE_LEN + 1, text, strlen(text));
}

/* Copies the server's message about a failure, made printable; empty without a message. */
static void read_message(const struct lwc_http_reply *reply, const struct lwc_exchange *exchange,
                         char out[static MESSAGE_LEN + 1])
{
    LWC_AUTO_JSON json = NULL;
    char raw[RAW_LEN] = "";
    const char *text = raw;

    if (lwc_json_parse(lwc_buf_bytes(reply->body), lwc_buf_len(reply->body), &json, NULL) ==
        LWC_OK) {
        text = find_json_message(json);
    } else {
        read_raw_message(reply, raw);
    }
    copy_printable(text != NULL ? text : "", exchange, out);
    lwc_wipe(raw, sizeof raw);
}

static enum lwc_code judge_rate(const struct lwc_http_reply *reply, struct lwc_error *err)
{
    /* Of two headers the longer time satisfies both. */
    int64_t wait_s = reply->reset_s > reply->retry_after_s ? reply->reset_s : reply->retry_after_s;
    enum lwc_code code = LWC_OK;

    wait_s = wait_s >= 0 ? wait_s : WAIT_DEFAULT_S;
    wait_s = wait_s > WAIT_MAX_S ? WAIT_MAX_S : wait_s;
    wait_s = wait_s < 1 ? 1 : wait_s;
    code = lwc_fail(err, LWC_E_RATE_LIMITED,
                    "the API's rate limit is reached (status 429): try again in %" PRId64 " s",
                    wait_s);
    if (err != NULL) {
        err->wait_s = wait_s;
    }
    return code;
}

static enum lwc_code judge_failure(const struct lwc_http_reply *reply,
                                   const struct lwc_exchange *exchange, struct lwc_error *err)
{
    const struct outcome *outcome = outcomes;
    const char *reason = find_reason(reply->status);
    char message[MESSAGE_LEN + 1] = "";
    enum lwc_code code = LWC_OK;

    while (reply->status < outcome->first || reply->status > outcome->last) {
        outcome++;
    }
    read_message(reply, exchange, message);
    code = lwc_fail(err, outcome->code, "%s (status %d%s%s)%s%s", outcome->what, reply->status,
                    reason[0] != '\0' ? " " : "", reason, message[0] != '\0' ? ": " : "", message);
    if (strcasestr(message, "invalid account") != NULL) {
        return lwc_hint(err, code,
                        "is this the host of a sub-account?  Use the organization's account and "
                        "give the other as sub-account");
    }
    return outcome->hint[0] != '\0' ? lwc_hint(err, code, "%s", outcome->hint) : code;
}

/* Names the error in a reply that should hold a token and is no JSON object. */
static enum lwc_code judge_no_json(const struct lwc_http_reply *reply, struct lwc_error *err)
{
    static const uint8_t gzip_magic[] = {0x1f, 0x8b};

    if (lwc_buf_len(reply->body) == 0) {
        return fail_unusable(err, "it is empty");
    }
    if (memcmp(lwc_buf_bytes(reply->body), gzip_magic, sizeof gzip_magic) == 0) {
        return fail_unusable(err, "it is compressed, which was not asked for");
    }
    if (is_html(reply)) {
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

static enum lwc_code judge_token(const struct lwc_json *json, const char **token_out,
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
static enum lwc_code judge_lifetime(const struct lwc_json *json, const struct lwc_http_reply *reply,
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

static enum lwc_code judge_success(const struct lwc_http_reply *reply,
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
        return code == LWC_E_INVALID ? judge_no_json(reply, err) : code;
    }
    code = judge_token(json, &text, err);
    if (code == LWC_OK) {
        code = judge_lifetime(json, reply, exchange->ttl_s, sent_wall_s, &lifetime_s, err);
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
        return judge_success(reply, exchange, sent_wall_s, token, lifetime_out, err);
    }
    if (reply->status == 429) {
        return judge_rate(reply, err);
    }
    return judge_failure(reply, exchange, err);
}
