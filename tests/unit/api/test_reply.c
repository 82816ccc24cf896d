/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <inttypes.h>
#include <stdio.h>

#include <cmocka.h>

#include "api/exchange.h"
#include "base/buffer.h"
#include "base/identity.h"

#define NOW INT64_C(1629273600) /* 2021-08-18T08:00:00Z */
#define NONE INT64_C(-1)
#define SECRET "_0123456789abcdef0123456789abcdef"
#define GOOD "{\"expiresAt\":\"2021-08-18T09:00:00.000Z\",\"token\":\"_tok.en-1~+/=\"}"
#define WITH_TOKEN(token) "{\"expiresAt\":\"2021-08-18T09:00:00.000Z\",\"token\":" token "}"
#define WITH_EXPIRY(expiry) "{\"token\":\"_t\",\"expiresAt\":" expiry "}"
#define ROW(text) (text), sizeof(text) - 1

struct fixture {
    struct lwc_identity identity;
    struct lwc_host host;
    struct lwc_exchange exchange;
    struct lwc_http_reply reply;
    struct lwc_buf *token;
    struct lwc_sink sink;
    struct lwc_error err;
    int64_t lifetime_s;
    char warning[512];
};

static void log_warning(void *data, enum lwc_log_level level, const char *text)
{
    struct fixture *f = data;

    assert_int_equal(level, LWC_LOG_WARNING);
    (void)snprintf(f->warning, sizeof f->warning, "%s", text);
}

static void fixture_init(struct fixture *f, int status, const void *body, size_t len)
{
    *f = (struct fixture){.identity = LWC_IDENTITY_ANY};
    f->host = (struct lwc_host){.data = f, .log = log_warning};
    f->identity.account = "acme.lacework.net";
    f->exchange = (struct lwc_exchange){.identity = &f->identity,
                                        .secret = SECRET,
                                        .len = strlen(SECRET),
                                        .ttl_s = 3600,
                                        .host = &f->host};
    f->reply = (struct lwc_http_reply){.status = status,
                                       .content_type = "application/json",
                                       .date_s = NOW,
                                       .reset_s = -1,
                                       .retry_after_s = -1};
    assert_int_equal(lwc_buf_copy(body, len, &f->reply.body, NULL), LWC_OK);
    lwc_buf_sink(&f->token, &f->sink);
    f->lifetime_s = NONE;
}

static void fixture_clear(struct fixture *f)
{
    lwc_http_reply_clear(&f->reply);
    lwc_buf_free(&f->token);
}

static enum lwc_code judge(struct fixture *f)
{
    enum lwc_code code =
        lwc_exchange_judge(&f->reply, &f->exchange, NOW, &f->sink, &f->lifetime_s, &f->err);

    if ((code == LWC_OK) != (f->token != NULL) || (code == LWC_OK) != (f->lifetime_s > 0)) {
        fail_msg("code %d, but the outputs say otherwise", code);
    }
    if (code != LWC_OK && (f->err.code != code || f->err.msg[0] == '\0')) {
        fail_msg("code %d, but \"%s\"", code, f->err.msg);
    }
    assert_null(strstr(f->err.msg, SECRET));
    return code;
}

static void success_gives_the_token(void **state)
{
    static const int statuses[] = {200, 201};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(statuses); i++) {
        struct fixture f;

        fixture_init(&f, statuses[i], ROW(GOOD));
        assert_int_equal(judge(&f), LWC_OK);
        assert_string_equal(lwc_buf_text(f.token), "_tok.en-1~+/=");
        assert_int_equal(f.lifetime_s, 3600);
        assert_string_equal(f.warning, "");
        fixture_clear(&f);
    }
}

static const struct {
    const char *name;
    const char *body;
    size_t len;
    const char *why;
} unusable[] = {
    {"empty", ROW(""), "it is empty"},
    {"html", ROW("<!DOCTYPE html><p>hi"), "web page"},
    {"html behind blanks", ROW("\r\n <html>"), "web page"},
    {"gzip", ROW("\x1f\x8b\x08\0\0"), "compressed"},
    {"cut", ROW("{\"expiresAt\":\"2021-08-18T09:00:00.000Z\",\"tok"), "cut short"},
    {"text", ROW("created"), "not valid JSON"},
    {"array", ROW("[" GOOD "]"), "no JSON object"},
    {"null", ROW("null"), "no JSON object"},
    {"no token", ROW("{\"expiresAt\":\"2021-08-18T09:00:00.000Z\"}"), "\"token\" is missing"},
    {"empty token", ROW(WITH_TOKEN("\"\"")), "\"token\" is empty"},
    {"number", ROW(WITH_TOKEN("12345")), "\"token\" is not a text"},
    {"null token", ROW(WITH_TOKEN("null")), "\"token\" is not a text"},
    {"list", ROW(WITH_TOKEN("[\"_abc\"]")), "\"token\" is not a text"},
    {"token in capitals", ROW("{\"Token\":\"_abc\"}"), "\"token\" is missing"},
    {"CR LF", ROW(WITH_TOKEN("\"_a\\r\\nX: 1\"")), "no bearer token has"},
    {"blank", ROW(WITH_TOKEN("\"_a b\"")), "no bearer token has"},
    {"quote", ROW(WITH_TOKEN("\"_a'b\"")), "no bearer token has"},
    {"utf-8", ROW(WITH_TOKEN("\"_a\xc3\xa9\"")), "no bearer token has"},
    {"escape", ROW(WITH_TOKEN("\"_a\\u001b[2J\"")), "no bearer token has"},
    {"raw control byte", ROW(WITH_TOKEN("\"_a\nb\"")), "control byte"},
    {"NUL", ROW(WITH_TOKEN("\"_a\\u0000b\"")), "NUL"},
    {"duplicate", ROW("{\"token\":\"_a\",\"token\":\"_b\"}"), "twice"},
    {"data wrapper", ROW("{\"data\":{\"token\":\"_a\"}}"), "\"token\" is missing"},
    {"v1",
     ROW("{\"data\":[{\"expiresAt\":\"Aug 18 2021 09:00\",\"token\":\"_a\"}],\"ok\":true,"
         "\"message\":\"SUCCESS\"}"),
     "API v1"},
    {"expiry missing", ROW("{\"token\":\"_a\"}"), "\"expiresAt\" is missing"},
    {"expiry number", ROW(WITH_EXPIRY("1629277200")), "\"expiresAt\" is not a text"},
    {"expiry null", ROW(WITH_EXPIRY("null")), "\"expiresAt\" is not a text"},
    {"expiry empty", ROW(WITH_EXPIRY("\"\"")), "\"expiresAt\" is empty"},
    {"expiry words", ROW(WITH_EXPIRY("\"in an hour\"")), "no time"},
    {"expiry v1", ROW(WITH_EXPIRY("\"Aug 18 2021 09:00\"")), "no time"},
    {"expiry without zone", ROW(WITH_EXPIRY("\"2021-08-18T09:00:00\"")), "no time"},
    {"expiry past", ROW(WITH_EXPIRY("\"2021-08-18T07:59:59Z\"")), "expired already"},
    {"expiry now", ROW(WITH_EXPIRY("\"2021-08-18T08:00:00.999Z\"")), "expired already"},
    {"expiry 2000", ROW(WITH_EXPIRY("\"2000-01-01T00:00:00.000Z\"")), "expired already"},
};

static void unusable_replies_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(unusable); i++) {
        struct fixture f;
        enum lwc_code code = LWC_OK;

        fixture_init(&f, 201, unusable[i].body, unusable[i].len);
        code = judge(&f);
        if (code != LWC_E_NETWORK || strncmp(f.err.msg, "unusable reply: ", 16) != 0 ||
            strstr(f.err.msg, unusable[i].why) == NULL) {
            fail_msg("%s: code %d, %s", unusable[i].name, code, f.err.msg);
        }
        fixture_clear(&f);
    }
}

static void token_of_the_greatest_length_is_taken_and_not_one_byte_more(void **state)
{
    (void)state;
    for (size_t len = LWC_TOKEN_MAX; len <= LWC_TOKEN_MAX + 1; len++) {
        LWC_AUTO_FREE char *token = calloc(1, len + 1);
        LWC_AUTO_FREE char *body = NULL;
        struct fixture f;

        assert_non_null(token);
        memset(token, 'a', len);
        assert_true(asprintf(&body, WITH_TOKEN("\"%s\""), token) > 0);
        fixture_init(&f, 201, body, strlen(body));
        assert_int_equal(judge(&f), len == LWC_TOKEN_MAX ? LWC_OK : LWC_E_NETWORK);
        fixture_clear(&f);
    }
}

static void deep_nesting_is_refused(void **state)
{
    LWC_AUTO_FREE char *body = malloc(200000);
    struct fixture f;

    (void)state;
    assert_non_null(body);
    memset(body, '[', 200000);
    fixture_init(&f, 201, body, 200000);
    assert_int_equal(judge(&f), LWC_E_NETWORK);
    assert_non_null(strstr(f.err.msg, "nested too deeply"));
    fixture_clear(&f);
}

static void lifetime_is_counted_by_the_servers_clock(void **state)
{
    static const struct {
        const char *name;
        const char *body;
        int64_t date_s;
        int64_t ttl_s;
        int64_t lifetime_s;
        const char *warning;
    } cases[] = {
        {"same clock", GOOD, NOW, 3600, 3600, ""},
        {"no Date", GOOD, NONE, 3600, 3600, ""},
        {"shorter than asked", GOOD, NOW, 86400, 3600, ""},
        {"longer than asked", GOOD, NOW, 60, 60, ""},
        {"one second", GOOD, NOW, 1, 1, ""},
        {"year 9999", WITH_EXPIRY("\"9999-12-31T23:59:59Z\""), NOW, 3600, 3600, ""},
        {"Date a little later", GOOD, NOW + 60, 3600, 3540, ""},
        {"ours behind", WITH_EXPIRY("\"2021-08-19T09:00:00Z\""), NOW + 86400, 3600, 3600,
         "86400 s behind the server's"},
        {"ours ahead", WITH_EXPIRY("\"2021-08-17T08:10:00Z\""), NOW - 86400, 3600, 600,
         "86400 s ahead of the server's"},
        {"ours 61 s ahead", GOOD, NOW - 61, 86400, 3661, "61 s ahead"},
        {"no fraction", WITH_EXPIRY("\"2021-08-18T08:00:09Z\""), NOW, 3600, 9, ""},
        {"nine digits", WITH_EXPIRY("\"2021-08-18T08:00:09.123456789Z\""), NOW, 3600, 9, ""},
        {"offset", WITH_EXPIRY("\"2021-08-18T13:30:09.5+05:30\""), NOW, 3600, 9, ""},
        {"offset without colon", WITH_EXPIRY("\"2021-08-18T00:00:09-0800\""), NOW, 3600, 9, ""},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct fixture f;
        enum lwc_code code = LWC_OK;

        fixture_init(&f, 201, cases[i].body, strlen(cases[i].body));
        f.reply.date_s = cases[i].date_s;
        f.exchange.ttl_s = cases[i].ttl_s;
        code = judge(&f);
        if (code != LWC_OK || f.lifetime_s != cases[i].lifetime_s) {
            fail_msg("%s: code %d, lifetime %" PRId64, cases[i].name, code, f.lifetime_s);
        }
        if (strstr(f.warning, cases[i].warning) == NULL ||
            (cases[i].warning[0] == '\0' && f.warning[0] != '\0')) {
            fail_msg("%s: %s", cases[i].name, f.warning);
        }
        fixture_clear(&f);
    }
}

static void expired_without_date_hints_at_the_clock(void **state)
{
    static const char body[] = WITH_EXPIRY("\"2021-08-18T07:00:00Z\"");
    struct fixture f;

    (void)state;
    fixture_init(&f, 201, ROW(body));
    f.reply.date_s = NONE;
    assert_int_equal(judge(&f), LWC_E_NETWORK);
    assert_non_null(strstr(f.err.hint, "clock"));
    fixture_clear(&f);
}

static const struct {
    int status;
    enum lwc_code code;
    const char *type;
    const char *body;
    const char *text;
} failures[] = {
    {401, LWC_E_REFUSED, "application/json", "{\"message\":\"Bad key\"}",
     "the API refused the access key (status 401 Unauthorized): Bad key"},
    {403, LWC_E_REFUSED, "application/json", "{\"message\":\"No right\"}",
     "the API refused the access key (status 403 Forbidden): No right"},
    {400, LWC_E_REFUSED, "application/json", "{\"message\":\"Access Key is null.\"}",
     "the API refused the request (status 400 Bad Request): Access Key is null."},
    {404, LWC_E_REFUSED, "application/json", "{\"message\":\"Not Found\"}",
     "the API knows no tokens here (status 404 Not Found): Not Found"},
    {405, LWC_E_REFUSED, "", "", "the API refused the request (status 405 Method Not Allowed)"},
    {418, LWC_E_REFUSED, "", "", "the API refused the request (status 418)"},
    {500, LWC_E_NETWORK, "application/json",
     "{\"ok\":true,\"message\":\"SUCCESS\",\"data\":{\"statusMessage\":\"It broke\"}}",
     "the server failed (status 500 Internal Server Error): It broke"},
    {500, LWC_E_NETWORK, "application/json", "{\"ok\":true,\"message\":\"SUCCESS\"}",
     "the server failed (status 500 Internal Server Error)"},
    {500, LWC_E_NETWORK, "application/json",
     "{\"message\":\"c\",\"data\":{\"statusMessage\":\"d\",\"message\":\"b\",\"ErrorMsg\":"
     "\"a\"}}",
     "the server failed (status 500 Internal Server Error): a"},
    {500, LWC_E_NETWORK, "application/json",
     "{\"message\":\"c\",\"data\":{\"statusMessage\":\"d\",\"message\":\"b\"}}",
     "the server failed (status 500 Internal Server Error): b"},
    {500, LWC_E_NETWORK, "application/json",
     "{\"message\":\"c\",\"data\":{\"statusMessage\":\"d\"}}",
     "the server failed (status 500 Internal Server Error): c"},
    {500, LWC_E_NETWORK, "application/json", "{\"message\":{\"text\":\"x\"}}",
     "the server failed (status 500 Internal Server Error)"},
    {502, LWC_E_NETWORK, "text/html",
     "<html>\r\n<head><TITLE>502 Bad\r\nGateway</TITLE></head><body>long</body>",
     "the server failed (status 502 Bad Gateway): 502 Bad Gateway"},
    {502, LWC_E_NETWORK, "", "<html><title>cut", "the server failed (status 502 Bad Gateway)"},
    {503, LWC_E_NETWORK, "text/plain", "back\r\nsoon\n",
     "the server failed (status 503 Service Unavailable): back soon"},
    {503, LWC_E_NETWORK, "application/json", "{\"message\":\"cut",
     "the server failed (status 503 Service Unavailable): {\"message\":\"cut"},
    {504, LWC_E_NETWORK, "", "\x1f\x8b\x08", "the server failed (status 504 Gateway Timeout)"},
    {504, LWC_E_NETWORK, "application/json", "{\"message\":\"\\u001b[2J\\r\\nprotocol=x\"}",
     "the server failed (status 504 Gateway Timeout): \\x1b[2J\\x0d\\x0aprotocol=x"},
    {204, LWC_E_NETWORK, "", "", "unusable reply: no token in it (status 204 No Content)"},
    {202, LWC_E_NETWORK, "application/json", GOOD, "unusable reply: no token in it (status 202)"},
    {307, LWC_E_NETWORK, "", "", "redirects are not followed (status 307 Temporary Redirect)"},
    {301, LWC_E_NETWORK, "text/html", "<title>Moved</title>",
     "redirects are not followed (status 301 Moved Permanently): Moved"},
    {0, LWC_E_NETWORK, "", "", "unusable reply: unknown status (status 0)"},
    {999, LWC_E_NETWORK, "", "", "unusable reply: unknown status (status 999)"},
};

static void failures_carry_the_servers_message(void **state)
{
    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(failures); i++) {
        struct fixture f;
        enum lwc_code code = LWC_OK;

        fixture_init(&f, failures[i].status, failures[i].body, strlen(failures[i].body));
        (void)snprintf(f.reply.content_type, sizeof f.reply.content_type, "%s", failures[i].type);
        code = judge(&f);
        if (code != failures[i].code || !lwc_streq(f.err.msg, failures[i].text)) {
            fail_msg("%zu: status %d: code %d, %s", i, failures[i].status, code, f.err.msg);
        }
        fixture_clear(&f);
    }
}

static void failure_with_long_message_is_cut(void **state)
{
    LWC_AUTO_FREE char *body = malloc(100000);
    struct fixture f;

    (void)state;
    assert_non_null(body);
    memset(body, 'x', 100000);
    fixture_init(&f, 500, body, 100000);
    assert_int_equal(judge(&f), LWC_E_NETWORK);
    assert_true(strlen(f.err.msg) < 300);
    assert_string_equal(f.err.msg + strlen(f.err.msg) - 3, "...");
    fixture_clear(&f);
}

static void failure_hints_at_the_cure(void **state)
{
    static const struct {
        int status;
        const char *body;
        const char *hint;
    } cases[] = {
        {401, "{}", "key id"},
        {403, "{}", "right"},
        {404, "{}", "account"},
        {307, "", "account"},
        {400, "{\"message\":\"Invalid Account: ACME-PROD\"}", "sub-account"},
        {403, "{\"data\":{\"message\":\"invalid account\"}}", "sub-account"},
        {500, "{\"message\":\"Invalid Account\"}", "sub-account"},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct fixture f;

        fixture_init(&f, cases[i].status, cases[i].body, strlen(cases[i].body));
        (void)judge(&f);
        if (strstr(f.err.hint, cases[i].hint) == NULL) {
            fail_msg("%zu: status %d: %s", i, cases[i].status, f.err.hint);
        }
        fixture_clear(&f);
    }
}

static void echoed_secret_is_not_shown(void **state)
{
    static const struct {
        const char *name;
        const char *body;
        bool shown;
    } cases[] = {
        {"whole", "{\"message\":\"no such key " SECRET "\"}", false},
        {"escaped", "{\"message\":\"no such key \\u005f0123456789abcdef0123456789abcdef\"}", false},
        {"its start", "{\"message\":\"no such key _0123456...\"}", false},
        {"its end", "{\"message\":\"no such key ...89abcdef\"}", false},
        {"in a text", "no such key " SECRET, false},
        {"in a title", "<title>" SECRET "</title>", false},
        {"four characters", "{\"message\":\"no such key ...cdef\"}", true},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct fixture f;

        fixture_init(&f, 401, cases[i].body, strlen(cases[i].body));
        assert_int_equal(judge(&f), LWC_E_REFUSED);
        if ((strstr(f.err.msg, "is not shown") == NULL) != cases[i].shown ||
            (strstr(f.err.msg, "no such key") != NULL) != cases[i].shown) {
            fail_msg("%s: %s", cases[i].name, f.err.msg);
        }
        fixture_clear(&f);
    }
}

static void rate_limit_says_how_long_to_wait(void **state)
{
    static const struct {
        const char *name;
        int64_t reset_s;
        int64_t retry_after_s;
        int64_t wait_s;
    } cases[] = {
        {"RateLimit-Reset", 37, NONE, 37},
        {"Retry-After", NONE, 12, 12},
        {"both", 37, 12, 37},
        {"both, the other way round", 12, 37, 37},
        {"neither", NONE, NONE, 60},
        {"zero", 0, NONE, 1},
        {"an hour", 3600, NONE, 3600},
        {"a year", 31536000, NONE, 3600},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        char text[64];
        struct fixture f;

        fixture_init(&f, 429, ROW("{\"message\":\"Too Many Requests\"}"));
        f.reply.reset_s = cases[i].reset_s;
        f.reply.retry_after_s = cases[i].retry_after_s;
        (void)snprintf(text, sizeof text, "try again in %" PRId64 " s", cases[i].wait_s);
        assert_int_equal(judge(&f), LWC_E_RATE_LIMITED);
        if (f.err.wait_s != cases[i].wait_s || strstr(f.err.msg, text) == NULL) {
            fail_msg("%s: %" PRId64 ", %s", cases[i].name, f.err.wait_s, f.err.msg);
        }
        fixture_clear(&f);
    }
}

static enum lwc_code put_fails(void *data, const struct lwc_identity *identity, const void *bytes,
                               size_t len, struct lwc_error *err)
{
    (void)data;
    (void)identity;
    (void)bytes;
    (void)len;
    return lwc_fail_nomem(err);
}

static void sink_that_fails_decides(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f, 201, ROW(GOOD));
    f.sink.put = put_fails;
    assert_int_equal(judge(&f), LWC_E_IO);
    fixture_clear(&f);
}

static void no_error_record_is_needed(void **state)
{
    static const int statuses[] = {201, 204, 307, 401, 429, 500};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(statuses); i++) {
        struct fixture f;

        fixture_init(&f, statuses[i], ROW("{\"message\":\"Invalid Account\"}"));
        assert_int_not_equal(
            lwc_exchange_judge(&f.reply, &f.exchange, NOW, &f.sink, &f.lifetime_s, NULL), LWC_OK);
        fixture_clear(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(success_gives_the_token),
        cmocka_unit_test(unusable_replies_are_refused),
        cmocka_unit_test(token_of_the_greatest_length_is_taken_and_not_one_byte_more),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(lifetime_is_counted_by_the_servers_clock),
        cmocka_unit_test(expired_without_date_hints_at_the_clock),
        cmocka_unit_test(failures_carry_the_servers_message),
        cmocka_unit_test(failure_with_long_message_is_cut),
        cmocka_unit_test(failure_hints_at_the_cure),
        cmocka_unit_test(echoed_secret_is_not_shown),
        cmocka_unit_test(rate_limit_says_how_long_to_wait),
        cmocka_unit_test(sink_that_fails_decides),
        cmocka_unit_test(no_error_record_is_needed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
