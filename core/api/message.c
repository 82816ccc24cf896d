/* SPDX-License-Identifier: Apache-2.0 */
#include "api/message.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "base/util.h"
#include "net/json.h"

#define MESSAGE_LEN 200 /* bytes shown of a server's message                      */
#define RAW_LEN 1024    /* bytes read of a body that is no JSON                   */
#define ECHO_LEN 8      /* bytes of the secret in a row that count as a part of it */
#define WAIT_DEFAULT_S 60

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

bool lwc_reply_is_html(const struct lwc_http_reply *reply)
{
    const char *body = lwc_buf_text(reply->body);

    return strcasestr(reply->content_type, "html") != NULL || body[strspn(body, " \t\r\n")] == '<';
}

/* Looks for any ECHO_LEN bytes of the secret: a server may cut the text that it repeats. */
static bool shows_secret(const char *text, const char *secret, size_t secret_len)
{
    size_t len = secret_len < ECHO_LEN ? secret_len : ECHO_LEN;

    for (size_t i = 0; len > 0 && i + len <= secret_len; i++) {
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
    } else if (lwc_reply_is_html(reply)) {
        keep_title(raw);
    }
}

static void copy_printable(const char *text, const void *secret, size_t secret_len,
                           char out[static MESSAGE_LEN + 1])
{
    if (shows_secret(text, secret, secret_len)) {
        text = "(the server's message repeats the secret and is not shown)";
    }
    lwc_text_printable(out, MESSAGE_LEN + 1, text, strlen(text));
}

/* Copies the server's message about a failure, made printable; empty without a message. */
static void read_message(const struct lwc_http_reply *reply, const void *secret, size_t secret_len,
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
    copy_printable(text != NULL ? text : "", secret, secret_len, out);
    lwc_wipe(raw, sizeof raw);
}

static enum lwc_code fail_rate(const struct lwc_http_reply *reply, struct lwc_error *err)
{
    /* Of two headers the longer time satisfies both. */
    int64_t wait_s = reply->reset_s > reply->retry_after_s ? reply->reset_s : reply->retry_after_s;
    enum lwc_code code = LWC_OK;

    wait_s = wait_s >= 0 ? wait_s : WAIT_DEFAULT_S;
    wait_s = wait_s > LWC_WAIT_MAX_S ? LWC_WAIT_MAX_S : wait_s;
    wait_s = wait_s < 1 ? 1 : wait_s;
    code = lwc_fail(err, LWC_E_RATE_LIMITED,
                    "the API's rate limit is reached (status 429): try again in %" PRId64 " s",
                    wait_s);
    if (err != NULL) {
        err->wait_s = wait_s;
    }
    return code;
}

enum lwc_code lwc_reply_fail(const struct lwc_http_reply *reply,
                             const struct lwc_status_meaning *outcome, const void *secret,
                             size_t secret_len, struct lwc_error *err)
{
    const char *reason = find_reason(reply->status);
    char message[MESSAGE_LEN + 1] = "";
    enum lwc_code code = LWC_OK;

    if (reply->status == 429) {
        return fail_rate(reply, err);
    }
    while (reply->status < outcome->first || reply->status > outcome->last) {
        outcome++;
    }
    read_message(reply, secret, secret_len, message);
    code = lwc_fail(err, outcome->code, "%s (status %d%s%s)%s%s", outcome->what, reply->status,
                    reason[0] != '\0' ? " " : "", reason, message[0] != '\0' ? ": " : "", message);
    if (strcasestr(message, "invalid account") != NULL) {
        return lwc_hint(err, code,
                        "is this the host of a sub-account?  Use the organization's account and "
                        "give the other as sub-account");
    }
    return outcome->hint[0] != '\0' ? lwc_hint(err, code, "%s", outcome->hint) : code;
}
