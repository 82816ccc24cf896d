/* SPDX-License-Identifier: Apache-2.0 */
#include "api/call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/identity.h"

#define TOKEN "_0123456789abcdef0123456789abcdef"
#define AGENT "fedcba9876543210fedcba9876543210"

/* A transport that notes what it is asked for, and answers as it is told. */
struct fixture {
    struct lwc_identity identity;
    struct lwc_host host;
    struct lwc_call call;
    struct lwc_api_call wanted;
    struct lwc_http http;
    struct lwc_call_reply reply;
    struct lwc_error err;
    int status;
    const char *encoding;
    const char *location;
    const char *body;
    enum lwc_code code; /* of the transport, once the body was given */
    bool can_renew;
    char sent[2048];
    char got[1024];
    char trace[512];
};

static enum lwc_code give_body(const struct fixture *f, const struct lwc_http_request *request,
                               struct lwc_http_reply *reply_out, struct lwc_error *err)
{
    const struct lwc_http_target *target = request->target;
    bool is_taken = false;
    enum lwc_code code = target->begin(target->data, reply_out, &is_taken, err);

    if (code == LWC_OK && !is_taken) {
        return lwc_buf_copy(f->body, strlen(f->body), &reply_out->body, err);
    }
    if (code == LWC_OK) {
        code = target->write(target->data, f->body, strlen(f->body), err);
    }
    return code == LWC_OK ? lwc_buf_new(1, &reply_out->body, err) : code;
}

static enum lwc_code perform(void *data, const struct lwc_http_request *request,
                             struct lwc_http_reply *reply_out, struct lwc_error *err)
{
    struct fixture *f = data;
    struct lwc_http_reply reply = {.body = NULL};
    size_t len = 0;
    enum lwc_code code = LWC_OK;

    len = (size_t)snprintf(f->sent, sizeof f->sent, "%s %s\n", request->method, request->url);
    for (size_t i = 0; i < request->header_count; i++) {
        len += (size_t)snprintf(f->sent + len, sizeof f->sent - len, "%s: %s\n",
                                request->headers[i].name, request->headers[i].value);
    }
    lwc_http_reply_clear(&reply);
    reply.status = f->status;
    reply.rate_limit = 480;
    reply.rate_remaining = 7;
    reply.reset_s = 5;
    reply.retry_after_s = 99999;
    (void)snprintf(reply.encoding, sizeof reply.encoding, "%s", f->encoding);
    (void)snprintf(reply.location_host, sizeof reply.location_host, "%s", f->location);
    code = give_body(f, request, &reply, err);
    if (code == LWC_OK && f->code != LWC_OK) {
        code = lwc_fail(err, f->code, "the reply was cut short");
    }
    if (code == LWC_OK) {
        *reply_out = reply;
    } else {
        lwc_http_reply_clear(&reply);
    }
    return code;
}

static void log_trace(void *data, enum lwc_log_level level, const char *text)
{
    struct fixture *f = data;

    (void)level;
    (void)snprintf(f->trace, sizeof f->trace, "%s", text);
}

static const char *get_setting(void *data, const char *name)
{
    (void)data;
    (void)name;
    return NULL;
}

static int64_t get_remaining_ms(void *data)
{
    (void)data;
    return 20000;
}

static enum lwc_code take_body(void *data, const void *bytes, size_t len, struct lwc_error *err)
{
    struct fixture *f = data;

    (void)err;
    (void)snprintf(f->got, sizeof f->got, "%.*s", (int)len, (const char *)bytes);
    return LWC_OK;
}

static void fixture_init(struct fixture *f)
{
    *f = (struct fixture){.identity = LWC_IDENTITY_ANY,
                          .status = 200,
                          .encoding = "",
                          .location = "",
                          .body = "{\"a\":1}"};
    f->identity.account = "acme.lacework.net";
    f->host = (struct lwc_host){
        .data = f, .log = log_trace, .setting = get_setting, .remaining_ms = get_remaining_ms};
    f->call =
        (struct lwc_call){.method = "GET", .path = "/api/v2/X?q=1", .data = f, .write = take_body};
    f->http = (struct lwc_http){.data = f, .perform = perform};
}

static enum lwc_code send_call(struct fixture *f)
{
    enum lwc_code code = LWC_OK;

    f->wanted = (struct lwc_api_call){.identity = &f->identity,
                                      .token = TOKEN,
                                      .token_len = strlen(TOKEN),
                                      .call = &f->call,
                                      .host = &f->host,
                                      .can_renew = f->can_renew};
    code = lwc_call_send(&f->http, &f->wanted, &f->reply, &f->err);
    assert_null(strstr(f->err.msg, "01234567"));
    assert_null(strstr(f->trace, "01234567"));
    return code;
}

static void request_carries_the_token_to_the_origin(void **state)
{
    static const struct lwc_call_header headers[] = {{"X-Test", "a"}, {"accept", "text/csv"}};
    struct fixture f;

    (void)state;
    fixture_init(&f);
    assert_int_equal(send_call(&f), LWC_OK);
    assert_string_equal(f.sent, "GET https://acme.lacework.net/api/v2/X?q=1\n"
                                "Authorization: Bearer " TOKEN "\n"
                                "Accept: application/json\n"
                                "User-Agent: lwcred/" LWC_VERSION "\n");
    assert_string_equal(f.got, "{\"a\":1}");
    assert_string_equal(f.trace, "call: GET https://acme.lacework.net/api/v2/X...: status 200");
    assert_int_equal(f.reply.delivered, 7);
    assert_int_equal(f.reply.rate_limit, 480);
    assert_int_equal(f.reply.rate_remaining, 7);
    assert_int_equal(f.reply.retry_after_s, 3600);
    assert_string_equal(f.reply.origin, "acme.lacework.net");

    fixture_init(&f);
    f.identity.origin = "localhost:8443";
    f.identity.sub_account = "prod";
    f.identity.flags = LWC_ID_ORG_ACCESS;
    f.call.method = "POST";
    f.call.body = "x";
    f.call.body_len = 1;
    f.call.headers = headers;
    f.call.header_count = 2;
    assert_int_equal(send_call(&f), LWC_OK);
    assert_string_equal(f.sent, "POST https://localhost:8443/api/v2/X?q=1\n"
                                "Authorization: Bearer " TOKEN "\n"
                                "User-Agent: lwcred/" LWC_VERSION "\n"
                                "Content-Type: application/json\n"
                                "Account-Name: prod\n"
                                "Org-Access: true\n"
                                "X-Test: a\n"
                                "accept: text/csv\n");
}

static void malformed_authority_gets_nothing(void **state)
{
    static const char *const hosts[] = {"", "a.b/c", "u@a.b", "a.b\n", "a.b?c"};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(hosts); i++) {
        struct fixture f;

        fixture_init(&f);
        f.identity.account = hosts[i];
        assert_int_equal(send_call(&f), LWC_E_INVALID);
        assert_string_equal(f.sent, "");
    }
}

static void statuses_have_their_codes(void **state)
{
    static const struct {
        int status;
        enum lwc_code code;
        const char *text;
    } cases[] = {
        {201, LWC_OK, ""},
        {204, LWC_OK, ""},
        {100, LWC_E_NETWORK, "unknown status"},
        {302, LWC_E_NETWORK, "redirects (status 302) to itself"},
        {400, LWC_E_REFUSED, "refused the call (status 400 Bad Request): no way"},
        {401, LWC_E_REFUSED, "does not accept the token (status 401 Unauthorized): no way"},
        {403, LWC_E_REFUSED, "does not allow this call (status 403 Forbidden): no way"},
        {404, LWC_E_REFUSED, "knows nothing there (status 404 Not Found): no way"},
        {429, LWC_E_RATE_LIMITED, "try again in 3600 s"},
        {500, LWC_E_NETWORK, "the server failed (status 500 Internal Server Error): no way"},
        {600, LWC_E_NETWORK, "unknown status"},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct fixture f;

        fixture_init(&f);
        f.status = cases[i].status;
        f.body = "{\"message\":\"no way\"}";
        if (send_call(&f) != cases[i].code || strstr(f.err.msg, cases[i].text) == NULL) {
            fail_msg("%d: code %d, %s", f.status, f.err.code, f.err.msg);
        }
        assert_int_equal(f.got[0] != '\0', cases[i].code == LWC_OK);
        assert_int_equal(f.reply.status, cases[i].status);
    }
}

static void failed_reply_is_given_only_once_it_is_final(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f);
    f.call.flags = LWC_CALL_ERROR_BODY;
    f.status = 401;
    f.body = "{\"message\":\"no way\"}";
    f.can_renew = true;
    assert_int_equal(send_call(&f), LWC_E_REFUSED);
    assert_string_equal(f.got, "");
    f.can_renew = false;
    assert_int_equal(send_call(&f), LWC_E_REFUSED);
    assert_string_equal(f.got, f.body);
    assert_non_null(strstr(f.err.msg, "no way"));
}

static void secrets_are_not_repeated(void **state)
{
    static const char *const bodies[] = {
        "{\"message\":\"bad " TOKEN "\"}",
        "{\"message\":\"bad 456789abcd\"}",
        "{\"message\":\"no agent token " AGENT "\"}",
        "{\"message\":\"no agent token fedcba98...\"}",
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(bodies); i++) {
        struct fixture f;

        fixture_init(&f);
        f.status = 404;
        f.body = bodies[i];
        f.call.path = "/api/v2/AgentAccessTokens/" AGENT;
        assert_int_equal(send_call(&f), LWC_E_REFUSED);
        assert_non_null(strstr(f.err.msg, "repeats the secret and is not shown"));
        assert_null(strstr(f.err.msg, "fedcba98"));
        assert_string_equal(
            f.trace,
            "call: GET https://acme.lacework.net/api/v2/AgentAccessTokens/...: status 404");
    }
}

static void unusable_replies_are_failures(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f);
    f.encoding = "gzip";
    assert_int_equal(send_call(&f), LWC_E_NETWORK);
    assert_non_null(strstr(f.err.msg, "\"gzip\", which was not asked for"));
    assert_string_equal(f.got, "");
    fixture_init(&f);
    f.encoding = "identity";
    assert_int_equal(send_call(&f), LWC_OK);
    fixture_init(&f);
    f.code = LWC_E_NETWORK;
    assert_int_equal(send_call(&f), LWC_E_NETWORK);
    assert_int_equal(f.reply.delivered, 7);
    fixture_init(&f);
    f.status = 307;
    f.location = "evil.example";
    assert_int_equal(send_call(&f), LWC_E_NETWORK);
    assert_non_null(strstr(f.err.msg, "to evil.example, which is not followed"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_carries_the_token_to_the_origin),
        cmocka_unit_test(malformed_authority_gets_nothing),
        cmocka_unit_test(statuses_have_their_codes),
        cmocka_unit_test(failed_reply_is_given_only_once_it_is_final),
        cmocka_unit_test(secrets_are_not_repeated),
        cmocka_unit_test(unusable_replies_are_failures),
    };

    return cmocka_run_group_tests_name("api_call", tests, NULL, NULL);
}
