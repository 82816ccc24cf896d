/* SPDX-License-Identifier: Apache-2.0 */
#include "api/exchange.h"
#include "base/identity.h"
#include "base/text.h"
#include "net/headers.h"

#define NOW INT64_C(1629273600) /* 2021-08-18T08:00:00Z */
#define SECRET "_0123456789abcdef"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void log_nothing(void *data, enum lwc_log_level level, const char *text)
{
    (void)data;
    (void)level;
    (void)text;
}

/* Headers up to the empty line, as curl hands them over; the rest is the body. */
static size_t read_headers(const char *data, size_t len, struct lwc_http_reply *reply)
{
    struct lwc_headers headers = {.reply = reply, .retry_at = -1};
    size_t at = 0;

    while (at < len && !headers.is_done) {
        const char *end = memchr(data + at, '\n', len - at);
        size_t line_len = end != NULL ? (size_t)(end - data) + 1 - at : len - at;

        if (!lwc_headers_read(&headers, data + at, line_len)) {
            break;
        }
        at += line_len;
    }
    lwc_headers_finish(&headers);
    return at;
}

static void check(enum lwc_code code, const struct lwc_buf *token, int64_t lifetime_s,
                  const struct lwc_error *err)
{
    bool good = code == LWC_OK;

    if (good != (token != NULL) || good != (lifetime_s >= 1 && lifetime_s <= 3600) ||
        good != (err->msg[0] == '\0') || strstr(err->msg, SECRET) != NULL ||
        lwc_text_has_control(err->msg, strlen(err->msg))) {
        abort();
    }
    if (good && (lwc_buf_len(token) > LWC_TOKEN_MAX ||
                 !lwc_text_is_b64token(lwc_buf_text(token), lwc_buf_len(token)))) {
        abort();
    }
}

/* A whole reply as it comes over the wire: "HTTP/1.1 201 Created", headers, empty line, body. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct lwc_identity identity = LWC_IDENTITY_ANY;
    const struct lwc_host host = {.log = log_nothing};
    const struct lwc_exchange exchange = {.identity = &identity,
                                          .secret = SECRET,
                                          .len = sizeof SECRET - 1,
                                          .ttl_s = 3600,
                                          .host = &host};
    LWC_AUTO_HTTP_REPLY reply = {.date_s = -1, .reset_s = -1, .retry_after_s = -1};
    LWC_AUTO_BUF token = NULL;
    struct lwc_sink sink = {.data = NULL};
    struct lwc_error err = {0};
    int64_t status = 0;
    int64_t lifetime_s = 0;
    size_t body = 0;
    enum lwc_code code = LWC_OK;

    if (len >= 12 && lwc_text_parse_number((const char *)data + 9, 3, 999, &status)) {
        reply.status = (int)status;
    }
    body = read_headers((const char *)data, len, &reply);
    if (lwc_buf_copy(data + body, len - body, &reply.body, NULL) != LWC_OK) {
        return 0;
    }
    lwc_buf_sink(&token, &sink);
    code = lwc_exchange_judge(&reply, &exchange, NOW, &sink, &lifetime_s, &err);
    check(code, token, lifetime_s, &err);
    return 0;
}
