/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <inttypes.h>
#include <stdio.h>

#include <cmocka.h>

#include <lwcred.h>

#include "api/exchange.h"
#include "base/identity.h"

#define NOW INT64_C(1629273600) /* 2021-08-18T08:00:00Z */
#define BOOT_MS INT64_C(123456)
#define KEY_ID "ACME_0123456789ABCDEF"
#define SECRET "_0123456789abcdef0123456789abcdef"
#define GOOD "{\"expiresAt\":\"2021-08-18T09:00:00.000Z\",\"token\":\"_token\"}"

/* A transport that keeps what it is asked for as text, and answers as it is told. */
struct fixture {
    struct lwc_identity identity;
    struct lwc_host host;
    struct lwc_clock clock;
    struct lwc_exchange exchange;
    struct lwc_http http;
    struct lwc_buf *token;
    struct lwc_sink sink;
    struct lwc_grant grant;
    struct lwc_error err;
    size_t calls;
    char sent[2048];
    int64_t timeout_ms;
    const char *ca_bundle;
    const char *reply;
    int status;
    int64_t remaining_ms;
    const char *proxy_setting; /* the variable that names a proxy, or NULL */
    bool is_proxied;
    char trace[512];
};

static enum lwc_code perform(void *data, const struct lwc_http_request *request,
                             struct lwc_http_reply *reply_out, struct lwc_error *err)
{
    struct fixture *f = data;
    size_t len = 0;

    f->calls++;
    f->timeout_ms = request->timeout_ms;
    f->is_proxied = request->is_proxied;
    len = (size_t)snprintf(f->sent, sizeof f->sent, "%s %s\n", request->method, request->url);
    for (size_t i = 0; i < request->header_count; i++) {
        len += (size_t)snprintf(f->sent + len, sizeof f->sent - len, "%s: %s\n",
                                request->headers[i].name, request->headers[i].value);
    }
    (void)snprintf(f->sent + len, sizeof f->sent - len, "%.*s", (int)request->len,
                   (const char *)request->body);
    if (f->reply == NULL) {
        return lwc_fail(err, LWC_E_NETWORK, "acme.lacework.net: cannot connect");
    }
    *reply_out = (struct lwc_http_reply){
        .status = f->status, .date_s = NOW, .reset_s = -1, .retry_after_s = -1};
    return lwc_buf_copy(f->reply, strlen(f->reply), &reply_out->body, err);
}

static void log_trace(void *data, enum lwc_log_level level, const char *text)
{
    struct fixture *f = data;

    (void)level;
    (void)snprintf(f->trace, sizeof f->trace, "%s", text);
}

static const char *setting(void *data, const char *name)
{
    const struct fixture *f = data;

    if (f->proxy_setting != NULL && lwc_streq(name, f->proxy_setting)) {
        return "http://proxy.example";
    }
    return lwc_streq(name, "LWCRED_CA_BUNDLE") ? f->ca_bundle : NULL;
}

static int64_t remaining_ms(void *data)
{
    const struct fixture *f = data;

    return f->remaining_ms;
}

static int64_t wall_s(void *data)
{
    (void)data;
    return NOW;
}

static int64_t boot_ms(void *data)
{
    (void)data;
    return BOOT_MS;
}

static void fixture_init(struct fixture *f)
{
    *f = (struct fixture){.identity = LWC_IDENTITY_ANY,
                          .clock = {.wall_s = wall_s, .boot_ms = boot_ms},
                          .status = 201,
                          .reply = GOOD,
                          .remaining_ms = 20000};
    f->host = (struct lwc_host){
        .data = f, .log = log_trace, .setting = setting, .remaining_ms = remaining_ms};
    f->identity.account = "acme.lacework.net";
    f->identity.key_id = KEY_ID;
    f->exchange = (struct lwc_exchange){.identity = &f->identity,
                                        .secret = SECRET,
                                        .len = strlen(SECRET),
                                        .ttl_s = 3600,
                                        .host = &f->host,
                                        .clock = &f->clock};
    f->http = (struct lwc_http){.data = f, .perform = perform};
    lwc_buf_sink(&f->token, &f->sink);
}

static void fixture_clear(struct fixture *f)
{
    lwc_buf_free(&f->token);
}

static enum lwc_code run(struct fixture *f)
{
    enum lwc_code code = lwc_exchange_run(&f->http, &f->exchange, &f->sink, &f->grant, &f->err);

    assert_true((code == LWC_OK) == (f->token != NULL));
    assert_true((code == LWC_OK) == (f->grant.lifetime_s > 0));
    assert_null(strstr(f->err.msg, SECRET));
    assert_null(strstr(f->trace, SECRET));
    assert_null(strstr(f->trace, "_token"));
    return code;
}

static void request_is_exactly_what_the_api_wants(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f);
    assert_int_equal(run(&f), LWC_OK);
    assert_string_equal(f.sent, "POST https://acme.lacework.net/api/v2/access/tokens\n"
                                "X-LW-UAKS: " SECRET "\n"
                                "Content-Type: application/json\n"
                                "Accept: application/json\n"
                                "User-Agent: lwcred/" LWC_VERSION "\n"
                                "{\"keyId\":\"" KEY_ID "\",\"expiryTime\":3600}");
    assert_int_equal(f.calls, 1);
    assert_int_equal(f.timeout_ms, 20000);
    assert_string_equal(lwc_buf_text(f.token), "_token");
    assert_int_equal(f.grant.lifetime_s, 3600);
    assert_int_equal(f.grant.sent_boot_ms, BOOT_MS);
    fixture_clear(&f);
}

static void request_carries_sub_account_and_organization(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f);
    f.identity.sub_account = "Prod-Business";
    f.identity.flags = LWC_ID_ORG_ACCESS;
    f.exchange.ttl_s = 86400;
    assert_int_equal(run(&f), LWC_OK);
    assert_non_null(strstr(f.sent, "\nAccount-Name: Prod-Business\nOrg-Access: true\n{"));
    assert_non_null(strstr(f.sent, "\"expiryTime\":86400}"));
    fixture_clear(&f);
}

static void secret_goes_to_the_origin_that_is_stored_with_it(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f);
    f.identity.origin = "localhost:8443";
    assert_int_equal(run(&f), LWC_OK);
    assert_non_null(strstr(f.sent, "POST https://localhost:8443/api/v2/access/tokens\n"));
    fixture_clear(&f);
}

static void what_would_break_the_request_is_not_sent(void **state)
{
    static const struct {
        const char *name;
        const char *account;
        const char *origin;
        const char *key_id;
        const char *sub_account;
        const char *secret;
        size_t len;
        int64_t ttl_s;
    } cases[] = {
        {"host with path", "acme.lacework.net/x", "", KEY_ID, "", "_s", 2, 1},
        {"host with user", "x@acme.lacework.net", "", KEY_ID, "", "_s", 2, 1},
        {"host with newline", "acme.lacework.net\n", "", KEY_ID, "", "_s", 2, 1},
        {"host empty", "", "", KEY_ID, "", "_s", 2, 1},
        {"origin with query", "acme.lacework.net", "a.b?c", KEY_ID, "", "_s", 2, 1},
        {"no key id", "acme.lacework.net", "", "", "", "_s", 2, 1},
        {"key id with quote", "acme.lacework.net", "", "A\"B", "", "_s", 2, 1},
        {"key id with newline", "acme.lacework.net", "", "A\nB", "", "_s", 2, 1},
        {"sub-account with CR", "acme.lacework.net", "", KEY_ID, "a\rb", "_s", 2, 1},
        {"secret with newline", "acme.lacework.net", "", KEY_ID, "", "_s\n", 3, 1},
        {"secret with NUL", "acme.lacework.net", "", KEY_ID, "", "_s\0s", 4, 1},
        {"secret with blank", "acme.lacework.net", "", KEY_ID, "", "_s s", 4, 1},
        {"secret empty", "acme.lacework.net", "", KEY_ID, "", "", 0, 1},
        {"lifetime 0", "acme.lacework.net", "", KEY_ID, "", "_s", 2, 0},
        {"lifetime -1", "acme.lacework.net", "", KEY_ID, "", "_s", 2, -1},
        {"lifetime too long", "acme.lacework.net", "", KEY_ID, "", "_s", 2, 86401},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct fixture f;
        enum lwc_code code = LWC_OK;

        fixture_init(&f);
        f.identity.account = cases[i].account;
        f.identity.origin = cases[i].origin;
        f.identity.key_id = cases[i].key_id;
        f.identity.sub_account = cases[i].sub_account;
        f.exchange.secret = cases[i].secret;
        f.exchange.len = cases[i].len;
        f.exchange.ttl_s = cases[i].ttl_s;
        code = run(&f);
        if (code != LWC_E_INVALID || f.calls != 0 || strstr(f.err.msg, "_s") != NULL) {
            fail_msg("%s: code %d, %zu calls, %s", cases[i].name, code, f.calls, f.err.msg);
        }
        fixture_clear(&f);
    }
}

static void refusal_names_the_host(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f);
    f.status = 401;
    f.reply = "{\"message\":\"no\"}";
    assert_int_equal(run(&f), LWC_E_REFUSED);
    assert_string_equal(f.err.msg, "acme.lacework.net: the API refused the access key (status 401 "
                                   "Unauthorized): no");
    assert_non_null(strstr(f.trace, "status 401"));
    fixture_clear(&f);
}

static void rate_limit_keeps_the_waiting_time(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f);
    f.status = 429;
    assert_int_equal(run(&f), LWC_E_RATE_LIMITED);
    assert_int_equal(f.err.wait_s, 60);
    fixture_clear(&f);
}

static void transport_failure_is_handed_on(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f);
    f.reply = NULL;
    assert_int_equal(run(&f), LWC_E_NETWORK);
    assert_string_equal(f.err.msg, "acme.lacework.net: cannot connect");
    fixture_clear(&f);
}

static void missing_ca_file_stops_before_anything_is_sent(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f);
    f.ca_bundle = "/nonexistent/ca.pem";
    assert_int_equal(run(&f), LWC_E_INVALID);
    assert_int_equal(f.calls, 0);
    assert_non_null(strstr(f.err.msg, "LWCRED_CA_BUNDLE"));
    assert_non_null(strstr(f.err.msg, "/nonexistent"));
    fixture_clear(&f);
}

static void request_tells_of_a_proxy_in_the_environment(void **state)
{
    static const char *const names[] = {NULL, "https_proxy", "HTTPS_PROXY", "all_proxy",
                                        "ALL_PROXY"};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(names); i++) {
        struct fixture f;

        fixture_init(&f);
        f.proxy_setting = names[i];
        assert_int_equal(run(&f), LWC_OK);
        assert_true(f.is_proxied == (names[i] != NULL));
        fixture_clear(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_is_exactly_what_the_api_wants),
        cmocka_unit_test(request_carries_sub_account_and_organization),
        cmocka_unit_test(secret_goes_to_the_origin_that_is_stored_with_it),
        cmocka_unit_test(what_would_break_the_request_is_not_sent),
        cmocka_unit_test(refusal_names_the_host),
        cmocka_unit_test(rate_limit_keeps_the_waiting_time),
        cmocka_unit_test(transport_failure_is_handed_on),
        cmocka_unit_test(missing_ca_file_stops_before_anything_is_sent),
        cmocka_unit_test(request_tells_of_a_proxy_in_the_environment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
