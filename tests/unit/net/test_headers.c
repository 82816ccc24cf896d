/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <inttypes.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/clock.h"
#include "net/headers.h"

#define NOW INT64_C(1629273600)
#define NOW_TEXT "Wed, 18 Aug 2021 08:00:00 GMT"
#define LATER_TEXT "Wed, 18 Aug 2021 08:01:30 GMT"
#define EARLIER_TEXT "Wed, 18 Aug 2021 07:00:00 GMT"

struct block {
    struct lwc_http_reply reply;
    struct lwc_headers headers;
};

static void block_init(struct block *block)
{
    block->reply.body = NULL;
    lwc_http_reply_clear(&block->reply);
    block->headers = (struct lwc_headers){.reply = &block->reply, .retry_at = -1};
}

/* Feeds @text line by line. */
static void feed(struct block *block, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n") + 1;

        assert_true(lwc_headers_read(&block->headers, text, len));
        text += len;
    }
}

static const struct {
    const char *name;
    const char *text;
    int64_t date_s;
    int64_t reset_s;
    int64_t retry_after_s;
    const char *type;
    bool done;
} blocks[] = {
    {"none", "HTTP/1.1 200 OK\r\n\r\n", -1, -1, -1, "", true},
    {"all",
     "HTTP/1.1 200 OK\r\nDate: " NOW_TEXT "\r\nContent-Type: text/html\r\n"
     "RateLimit-Reset: 37\r\nRetry-After: 12\r\n\r\n",
     NOW, 37, 12, "text/html", true},
    {"any case, any blanks",
     "HTTP/1.1 200 OK\r\nDATE:" NOW_TEXT "\r\nratelimit-reset:\t 37 \t\r\n\r\n", NOW, 37, -1, "",
     true},
    {"retry date", "HTTP/1.1 429 x\r\nDate: " NOW_TEXT "\r\nRetry-After: " LATER_TEXT "\r\n\r\n",
     NOW, -1, 90, "", true},
    {"retry date first",
     "HTTP/1.1 429 x\r\nRetry-After: " LATER_TEXT "\r\nDate: " NOW_TEXT "\r\n\r\n", NOW, -1, 90, "",
     true},
    {"retry date past",
     "HTTP/1.1 429 x\r\nDate: " NOW_TEXT "\r\nRetry-After: " EARLIER_TEXT "\r\n\r\n", NOW, -1, 0,
     "", true},
    {"unreadable",
     "HTTP/1.1 200 OK\r\nDate: today\r\nRateLimit-Reset: -5\r\nRetry-After: soon\r\n"
     "no colon\r\n: no name\r\n\r\n",
     -1, -1, -1, "", true},
    {"too large", "HTTP/1.1 429 x\r\nRateLimit-Reset: 99999999999999999999\r\n\r\n", -1, -1, -1, "",
     true},
    {"interim reply",
     "HTTP/1.1 103 Early\r\nDate: " NOW_TEXT "\r\nRetry-After: " LATER_TEXT
     "\r\nContent-Type: text/html\r\n\r\nHTTP/1.1 200 OK\r\nRateLimit-Reset: 3\r\n\r\n",
     -1, 3, -1, "", true},
    {"trailers", "HTTP/1.1 200 OK\r\n\r\nDate: " NOW_TEXT "\r\nRetry-After: 5\r\n\r\n", -1, -1, -1,
     "", true},
    {"cut", "HTTP/1.1 200 OK\r\nDate: " NOW_TEXT "\r\n", NOW, -1, -1, "", false},
    {"control bytes in the type", "HTTP/1.1 200 OK\r\nContent-Type: a\x1b[2Jb\r\n\r\n", -1, -1, -1,
     "a\\x1b[2Jb", true},
    {"bare LF", "HTTP/1.1 200 OK\nDate: " NOW_TEXT "\n\n", NOW, -1, -1, "", true},
};

static void headers_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(blocks); i++) {
        struct block block;
        const struct lwc_http_reply *reply = &block.reply;

        block_init(&block);
        feed(&block, blocks[i].text);
        lwc_headers_finish(&block.headers);
        if (reply->date_s != blocks[i].date_s || reply->reset_s != blocks[i].reset_s ||
            reply->retry_after_s != blocks[i].retry_after_s ||
            !lwc_streq(reply->content_type, blocks[i].type) ||
            block.headers.is_done != blocks[i].done) {
            fail_msg("%s: %" PRId64 " %" PRId64 " %" PRId64 " \"%s\" %d", blocks[i].name,
                     reply->date_s, reply->reset_s, reply->retry_after_s, reply->content_type,
                     block.headers.is_done);
        }
    }
}

static void retry_date_without_date_counts_from_our_clock(void **state)
{
    struct block block;

    (void)state;
    block_init(&block);
    block.headers.retry_at = lwc_clock_wall_s(lwc_clock_system()) + 1000;
    lwc_headers_finish(&block.headers);
    assert_in_range(block.reply.retry_after_s, 900, 1000);
}

static void headers_are_limited_in_all(void **state)
{
    static const char line[1024] = "X-Padding: ";
    struct block block;
    size_t count = 0;

    (void)state;
    block_init(&block);
    while (lwc_headers_read(&block.headers, line, sizeof line)) {
        count++;
    }
    assert_int_equal(count, LWC_HTTP_HEADERS_MAX / sizeof line);
}

static void long_type_is_cut(void **state)
{
    char line[1000] = "Content-Type: ";
    struct block block;

    (void)state;
    memset(line + 14, 'x', sizeof line - 14);
    block_init(&block);
    assert_true(lwc_headers_read(&block.headers, line, sizeof line));
    assert_true(strlen(block.reply.content_type) < sizeof block.reply.content_type);
    assert_true(strlen(block.reply.content_type) > 100);
}

static void request_is_checked(void **state)
{
    static const struct {
        const char *what;
        struct lwc_http_request request;
        struct lwc_http_header header;
        const char *host; /* NULL: refused */
    } cases[] = {
        {"good", {.method = "POST", .url = "https://a.example/x"}, {"X-A", "1"}, "a.example"},
        {"port",
         {.method = "GET", .url = "https://a.example:8443/"},
         {"A", "1 2"},
         "a.example:8443"},
        {"no path", {.method = "GET", .url = "https://[::1]:1"}, {"A", "\xc3\xa9"}, "[::1]:1"},
        {"http", {.method = "GET", .url = "http://a.example/"}, {"A", "1"}, NULL},
        {"file", {.method = "GET", .url = "file:///etc/passwd"}, {"A", "1"}, NULL},
        {"no scheme", {.method = "GET", .url = "a.example/"}, {"A", "1"}, NULL},
        {"short", {.method = "GET", .url = ""}, {"A", "1"}, NULL},
        {"user", {.method = "GET", .url = "https://u:p@a.example/"}, {"A", "1"}, NULL},
        {"backslash", {.method = "GET", .url = "https://a.example\\b/"}, {"A", "1"}, NULL},
        {"query", {.method = "GET", .url = "https://a.example?x"}, {"A", "1"}, NULL},
        {"percent", {.method = "GET", .url = "https://a%2eexample/"}, {"A", "1"}, NULL},
        {"no host", {.method = "GET", .url = "https:///x"}, {"A", "1"}, NULL},
        {"blank in URL", {.method = "GET", .url = "https://a.example/ x"}, {"A", "1"}, NULL},
        {"CR in URL", {.method = "GET", .url = "https://a.example/\rx"}, {"A", "1"}, NULL},
        {"method", {.method = "GET /", .url = "https://a.example/"}, {"A", "1"}, NULL},
        {"no method", {.method = "", .url = "https://a.example/"}, {"A", "1"}, NULL},
        {"header CR", {.method = "GET", .url = "https://a.example/"}, {"A", "1\r\nB: 2"}, NULL},
        {"header LF", {.method = "GET", .url = "https://a.example/"}, {"A", "1\nB: 2"}, NULL},
        {"header TAB", {.method = "GET", .url = "https://a.example/"}, {"A", "1\t2"}, NULL},
        {"header DEL", {.method = "GET", .url = "https://a.example/"}, {"A", "\x7f"}, NULL},
        {"header empty", {.method = "GET", .url = "https://a.example/"}, {"A", ""}, NULL},
        {"name empty", {.method = "GET", .url = "https://a.example/"}, {"", "1"}, NULL},
        {"name colon", {.method = "GET", .url = "https://a.example/"}, {"A:", "1"}, NULL},
        {"name blank", {.method = "GET", .url = "https://a.example/"}, {"A B", "1"}, NULL},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_http_request request = cases[i].request;
        char host[LWC_HTTP_HOST_LEN] = "untouched";
        struct lwc_error err = {0};
        enum lwc_code code = LWC_OK;

        request.headers = &cases[i].header;
        request.header_count = 1;
        code = lwc_http_check(&request, host, &err);
        if (code != (cases[i].host != NULL ? LWC_OK : LWC_E_INVALID) ||
            !lwc_streq(host, cases[i].host != NULL ? cases[i].host : "untouched")) {
            fail_msg("%s: code %d, host %s, %s", cases[i].what, code, host, err.msg);
        }
    }
}

static void refused_header_is_named_without_its_value(void **state)
{
    const struct lwc_http_header header = {"X-LW-UAKS", "_secret\n"};
    const struct lwc_http_request request = {
        .method = "POST", .url = "https://a.example/", .headers = &header, .header_count = 1};
    char host[LWC_HTTP_HOST_LEN];
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(lwc_http_check(&request, host, &err), LWC_E_INVALID);
    assert_non_null(strstr(err.msg, "X-LW-UAKS"));
    assert_null(strstr(err.msg, "_secret"));
}

static void url_with_endless_host_is_refused(void **state)
{
    char url[2000] = "https://";
    const struct lwc_http_request request = {.method = "POST", .url = url};
    char host[LWC_HTTP_HOST_LEN];

    (void)state;
    memset(url + 8, 'a', sizeof url - 9);
    assert_int_equal(lwc_http_check(&request, host, NULL), LWC_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_read),
        cmocka_unit_test(retry_date_without_date_counts_from_our_clock),
        cmocka_unit_test(headers_are_limited_in_all),
        cmocka_unit_test(long_type_is_cut),
        cmocka_unit_test(request_is_checked),
        cmocka_unit_test(refused_header_is_named_without_its_value),
        cmocka_unit_test(url_with_endless_host_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
