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

/* Reads the first number of a list: "480, 480;w=3600". */
static void read_first(int64_t *out, const char *value, size_t len)
{
    size_t end = 0;

    while (end < len && value[end] >= '0' && value[end] <= '9') {
        end++;
    }
    if (end == len || value[end] == ',' || value[end] == ';' || value[end] == ' ') {
        (void)lwc_text_parse_number(value, end, INT32_MAX, out);
    }
}

/* Copies the host of an absolute URL, without user information: a path could hold a secret. */
static void read_host(char out[static LWC_HTTP_HOST_LEN], const char *value, size_t len)
{
    const char *end = value + len;
    const char *at = NULL;
    const char *host = memmem(value, len, "//", 2);

    if (host == NULL) {
        return;
    }
    host += 2;
    for (at = host; at < end && strchr("/?#\\", *at) == NULL; at++) {
        host = *at == '@' ? at + 1 : host;
    }
    lwc_text_printable(out, LWC_HTTP_HOST_LEN, host, (size_t)(at - host));
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
        {"RateLimit-Limit", read_first, &reply->rate_limit},
        {"RateLimit-Remaining", read_first, &reply->rate_remaining},
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
    } else if (is_named(name, name_len, "Content-Encoding")) {
        lwc_text_printable(reply->encoding, sizeof reply->encoding, value, len);
    } else if (is_named(name, name_len, "Location")) {
        read_host(reply->location_host, value, len);
    }
}

/* Reads the status of "HTTP/1.1 200 OK". */
static int read_status(const char *line, size_t len)
{
    const char *blank = memchr(line, ' ', len);
    int64_t status = 0;

    if (blank == NULL || line + len - blank < 4) {
        return 0;
    }
    (void)lwc_text_parse_number(blank + 1, 3, 999, &status);
    return (int)status;
}

static void begin_block(struct lwc_headers *headers, const char *line, size_t len)
{
    struct lwc_http_reply *reply = headers->reply;

    headers->is_done = false;
    headers->retry_at = -1;
    reply->status = read_status(line, len);
    reply->content_type[0] = '\0';
    reply->encoding[0] = '\0';
    reply->location_host[0] = '\0';
    reply->date_s = -1;
    reply->rate_limit = -1;
    reply->rate_remaining = -1;
    reply->reset_s = -1;
    reply->retry_after_s = -1;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool lwc_headers_split(const char *line, size_t len, struct lwc_header_line *line_out)
{
    const char *end = line + len;
    const char *colon = NULL;
    const char *value = NULL;

    while (end > line && is_blank(end[-1])) {
        end--;
    }
    colon = memchr(line, ':', (size_t)(end - line));
    if (colon == NULL) {
        return false;
    }
    for (value = colon + 1; value < end && is_blank(*value);) {
        value++;
    }
    *line_out = (struct lwc_header_line){.name = line,
                                         .name_len = (size_t)(colon - line),
                                         .value = value,
                                         .len = (size_t)(end - value)};
    return true;
}

static bool is_empty(const char *line, size_t len)
{
    while (len > 0 && is_blank(line[len - 1])) {
        len--;
    }
    return len == 0;
}

static void read_line(struct lwc_headers *headers, const char *line, size_t len)
{
    struct lwc_header_line parts = {.name = NULL};

    if (is_empty(line, len)) {
        headers->is_done = true;
    } else if (lwc_headers_split(line, len, &parts)) {
        read_header(headers, parts.name, parts.name_len, parts.value, parts.len);
    }
}

bool lwc_headers_read(struct lwc_headers *headers, const char *line, size_t len)
{
    if (len > LWC_HTTP_HEADERS_MAX - headers->len) {
        return false;
    }
    headers->len += len;
    headers->is_status_line = len >= strlen("HTTP/") && memcmp(line, "HTTP/", strlen("HTTP/")) == 0;
    /* The headers of an interim reply (103) do not count. */
    if (headers->is_status_line) {
        begin_block(headers, line, len);
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
