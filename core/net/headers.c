/* SPDX-License-Identifier: Apache-2.0 */
#include "net/headers.h"

#include "base/clock.h"
#include "base/text.h"

static void read_date(int64_t *out, const char *value, size_t len)
{
    (void)lwc_date_parse_http(value, len, out);
}

static void read_seconds(int64_t *out, const char *value, size_t len)
{
    (void)lwc_text_parse_number(value, len, INT32_MAX, out);
}

static bool is_named(const char *name, size_t len, const char *wanted)
{
    return len == strlen(wanted) && strncasecmp(name, wanted, len) == 0;
}

static void read_header(struct lwc_headers *headers, const char *name, size_t name_len,
                        const char *value, size_t len)
{
    struct lwc_http_reply *reply = headers->reply;
    const struct {
        const char *name;
        void (*read)(int64_t *out, const char *value, size_t len);
        int64_t *out;
    } numbers[] = {
        {"Date", read_date, &reply->date_s},
        {"RateLimit-Reset", read_seconds, &reply->reset_s},
        {"Retry-After", read_seconds, &reply->retry_after_s},
        {"Retry-After", read_date, &headers->retry_at},
    };

    for (size_t i = 0; i < LWC_ARRAY_LEN(numbers); i++) {
        if (is_named(name, name_len, numbers[i].name)) {
            numbers[i].read(numbers[i].out, value, len);
        }
    }
    if (is_named(name, name_len, "Content-Type")) {
        lwc_text_printable(reply->content_type, sizeof reply->content_type, value, len);
    }
}

static void begin_block(struct lwc_headers *headers)
{
    headers->is_done = false;
    headers->retry_at = -1;
    headers->reply->content_type[0] = '\0';
    headers->reply->date_s = -1;
    headers->reply->reset_s = -1;
    headers->reply->retry_after_s = -1;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void read_line(struct lwc_headers *headers, const char *line, size_t len)
{
    const char *end = line + len;
    const char *colon = NULL;
    const char *value = NULL;

    while (end > line && is_blank(end[-1])) {
        end--;
    }
    if (end == line) {
        headers->is_done = true;
        return;
    }
    colon = memchr(line, ':', (size_t)(end - line));
    if (colon == NULL) {
        return;
    }
    for (value = colon + 1; value < end && is_blank(*value);) {
        value++;
    }
    read_header(headers, line, (size_t)(colon - line), value, (size_t)(end - value));
}

bool lwc_headers_read(struct lwc_headers *headers, const char *line, size_t len)
{
    if (len > LWC_HTTP_HEADERS_MAX - headers->len) {
        return false;
    }
    headers->len += len;
    /* The headers of an interim reply (103) do not count. */
    if (len >= strlen("HTTP/") && memcmp(line, "HTTP/", strlen("HTTP/")) == 0) {
        begin_block(headers);
    } else if (!headers->is_done) {
        read_line(headers, line, len);
    }
    return true;
}

void lwc_headers_finish(struct lwc_headers *headers)
{
    struct lwc_http_reply *reply = headers->reply;

    if (headers->retry_at >= 0) {
        int64_t now = reply->date_s >= 0 ? reply->date_s : lwc_clock_wall_s(lwc_clock_system());

        reply->retry_after_s = headers->retry_at > now ? headers->retry_at - now : 0;
    }
}
