/* SPDX-License-Identifier: Apache-2.0 */
/* The command status, over a library that answers what the test says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "plugins/helper/program.h"
#include "plugins/helper/user_profile.h"
#include "tests/support/args.h"
#include "tests/support/capture.h"
#include "tests/support/fake_library.h"

#define PROFILE                                                                        \
    "{\"data\":[{\"username\":\"jane\",\"orgAccount\":true,\"orgAdmin\":true,\"url\":" \
    "\"acme.lacework.net\",\"accounts\":[{\"accountName\":\"ACME\",\"admin\":true,"    \
    "\"userEnabled\":1},{\"accountName\":\"LAB\",\"admin\":false,\"userEnabled\":0}]}]}"

static const struct lwc_identity prod = {.profile = "prod",
                                         .account = "acme.lacework.net",
                                         .origin = "",
                                         .key_id = "ACME_0",
                                         .sub_account = "",
                                         .kind = LWC_KIND_ACCESS_KEY};

/* The library: results of its functions, and what it was asked for. */
static struct {
    enum lwc_code token;
    enum lwc_code explain;
    enum lwc_code profile; /* of the call for UserProfile, with @status and @body */
    int status;
    const char *body;
    size_t body_times;
    enum lwc_code organization;
    uint32_t renewals;
    int64_t expires_at;
    unsigned tokens;
    unsigned calls;
    unsigned explained;
    const struct lwc_token *sent;
    const char *sub_account;
    bool org_access;
} fake;

/* A token is an address of the test's: number 1, 2, ... */
static char tokens[8];

enum lwc_code __wrap_lwc_token_get(struct lwc_context *ctx, const struct lwc_query *query,
                                   struct lwc_token **token_out, struct lwc_error *err);
enum lwc_code __wrap_lwc_token_get(struct lwc_context *ctx, const struct lwc_query *query,
                                   struct lwc_token **token_out, struct lwc_error *err)
{
    (void)ctx;
    assert_string_equal(query->profile, "prod");
    fake.sub_account = query->sub_account;
    fake.org_access = query->org_access;
    if (fake.token != LWC_OK) {
        return lwc_fail(err, fake.token, "no token");
    }
    *token_out = (struct lwc_token *)(void *)&tokens[++fake.tokens];
    return LWC_OK;
}

void __wrap_lwc_token_free(struct lwc_token **token);
void __wrap_lwc_token_free(struct lwc_token **token)
{
    *token = NULL;
}

const struct lwc_identity *__wrap_lwc_token_identity(const struct lwc_token *token);
const struct lwc_identity *__wrap_lwc_token_identity(const struct lwc_token *token)
{
    assert_non_null(token);
    return &prod;
}

const char *__wrap_lwc_token_source(const struct lwc_token *token);
const char *__wrap_lwc_token_source(const struct lwc_token *token)
{
    assert_non_null(token);
    return "file";
}

int64_t __wrap_lwc_token_expires_at(const struct lwc_token *token);
int64_t __wrap_lwc_token_expires_at(const struct lwc_token *token)
{
    assert_ptr_equal(token, &tokens[fake.tokens]);
    return fake.expires_at;
}

int64_t __wrap_lwc_token_expires_in(const struct lwc_token *token);
int64_t __wrap_lwc_token_expires_in(const struct lwc_token *token)
{
    assert_ptr_equal(token, &tokens[fake.tokens]);
    return 61;
}

enum lwc_code __wrap_lwc_explain(struct lwc_context *ctx, const struct lwc_query *query,
                                 const struct lwc_explain_visitor *visitor, struct lwc_error *err);
enum lwc_code __wrap_lwc_explain(struct lwc_context *ctx, const struct lwc_query *query,
                                 const struct lwc_explain_visitor *visitor, struct lwc_error *err)
{
    const struct lwc_explained_line line = {.size = sizeof line};
    const struct lwc_explained_answer answer = {
        .size = sizeof answer, .identity = &prod, .backend = "file"};

    (void)ctx;
    assert_string_equal(query->profile, "prod");
    fake.explained++;
    visitor->line(visitor->data, &line);
    if (fake.explain != LWC_OK) {
        return lwc_fail(err, fake.explain, "not explained");
    }
    visitor->answer(visitor->data, &answer);
    return LWC_OK;
}

static enum lwc_code answer_profile(const struct lwc_call *call, struct lwc_call_reply *reply_out,
                                    struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    reply_out->status = fake.status;
    reply_out->renewals = fake.renewals;
    reply_out->rate_limit = 480;
    reply_out->rate_reset_s = 7;
    if (fake.profile != LWC_OK) {
        return lwc_fail(err, fake.profile, "the call failed");
    }
    for (size_t i = 0; code == LWC_OK && i < fake.body_times; i++) {
        code = call->write(call->data, fake.body, strlen(fake.body), err);
    }
    return code;
}

enum lwc_code __wrap_lwc_call(struct lwc_context *ctx, const struct lwc_call *call,
                              struct lwc_call_reply *reply_out, struct lwc_error *err);
enum lwc_code __wrap_lwc_call(struct lwc_context *ctx, const struct lwc_call *call,
                              struct lwc_call_reply *reply_out, struct lwc_error *err)
{
    static const char none[] = "{\"data\":[{\"orgAccount\":false}]}";

    (void)ctx;
    assert_string_equal(call->method, "GET");
    assert_string_equal(call->query->profile, "prod");
    fake.calls++;
    fake.sent = call->token;
    if (lwc_streq(call->path, "/api/v2/UserProfile")) {
        return answer_profile(call, reply_out, err);
    }
    assert_string_equal(call->path, "/api/v2/OrganizationInfo");
    if (fake.organization != LWC_OK) {
        return lwc_fail(err, fake.organization, "no organization either");
    }
    return call->write(call->data, none, sizeof none - 1, err);
}

static int reset(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    fake.status = 200;
    fake.body = PROFILE;
    fake.body_times = 1;
    fake.expires_at = 1629273600;
    return 0;
}

static enum lwc_code run(bool json, struct capture *capture, struct lwc_error *err_out)
{
    struct lwc_app app = {.git_helper = false};
    enum lwc_code code = LWC_E_INTERNAL;

    *err_out = (struct lwc_error){0};
    args_set(&app.args, &lwc_opt_profile, "prod");
    args_set(&app.args, &lwc_opt_json, json ? "" : NULL);
    capture_begin(capture, NULL);
    code = lwc_status_command.run(&app, err_out);
    capture_end(capture);
    assert_int_equal(err_out->code, code);
    return code;
}

static void people_get_lines(void **state)
{
    struct capture capture;
    struct lwc_error err;

    (void)state;
    assert_int_equal(run(false, &capture, &err), LWC_OK);
    assert_string_equal(capture.out,
                        "user: jane\n"
                        "acts on: account acme, by the key's name\n"
                        "organization: acme.lacework.net (you are its admin)\n"
                        "profile: prod\n"
                        "account: acme.lacework.net\n"
                        "API at: acme.lacework.net\n"
                        "key id: ACME_0\n"
                        "sub-account: -\n"
                        "org access: no\n"
                        "kind: access-key\n"
                        "backend: file\n"
                        "token: 1 min left, until 2021-08-18T08:00:00Z\n"
                        "rate limit: 0 of 480 calls like this one are left, the next in 7 s\n"
                        "accounts: 2\n"
                        "  ACME  admin\n"
                        "  LAB   user, disabled\n");
    assert_string_equal(capture.err, "");
    assert_int_equal(fake.tokens, 1);
    assert_int_equal(fake.calls, 1);
    assert_ptr_equal(fake.sent, &tokens[1]);
    assert_int_equal(fake.explained, 0);
    assert_null(fake.sub_account);
    assert_false(fake.org_access);
}

static void programs_get_an_object(void **state)
{
    struct capture capture;
    struct lwc_error err;

    (void)state;
    fake.expires_at = 0;
    assert_int_equal(run(true, &capture, &err), LWC_OK);
    assert_string_equal(
        capture.out,
        "{\"online\":true,\"user\":\"jane\",\"orgAccount\":true,\"url\":\"acme.lacework.net\","
        "\"orgAdmin\":true,\"orgUser\":false,\"accounts\":[{\"name\":\"ACME\",\"admin\":true,"
        "\"enabled\":true},{\"name\":\"LAB\",\"admin\":false,\"enabled\":false}],\"actsOn\":"
        "{\"kind\":\"account\",\"account\":\"acme\",\"certain\":false},\"profile\":\"prod\","
        "\"account\":\"acme.lacework.net\",\"origin\":\"acme.lacework.net\",\"keyId\":\"ACME_0\","
        "\"subAccount\":\"\",\"kind\":\"access-key\",\"backend\":\"file\",\"orgAccess\":false,"
        "\"expiresAt\":null,\"expiresIn\":null,\"rateLimit\":{\"limit\":480,\"remaining\":0,"
        "\"resetIn\":7},\"warnings\":[]}\n");
}

static void user_without_a_profile_is_asked_for_the_organization(void **state)
{
    struct capture capture;
    struct lwc_error err;

    (void)state;
    fake.profile = LWC_E_NETWORK;
    fake.status = 500;
    assert_int_equal(run(false, &capture, &err), LWC_OK);
    assert_int_equal(fake.calls, 2);
    assert_non_null(strstr(capture.out, "user: unknown: the API tells it to members of"));
    assert_non_null(strstr(capture.out, "acts on: account acme\norganization: none\n"));

    (void)reset(state);
    fake.profile = LWC_E_NETWORK;
    fake.status = 500;
    fake.organization = LWC_E_NETWORK;
    assert_int_equal(run(false, &capture, &err), LWC_E_NETWORK);
    assert_string_equal(err.msg, "the call failed");
    assert_non_null(strstr(capture.out, "user: unknown: the API gave no answer\n"));

    (void)reset(state);
    fake.profile = LWC_E_NETWORK;
    fake.status = 502;
    assert_int_equal(run(false, &capture, &err), LWC_E_NETWORK);
    assert_int_equal(fake.calls, 1);
}

static void without_an_answer_the_known_is_shown(void **state)
{
    static const enum lwc_code codes[] = {LWC_E_NETWORK, LWC_E_REFUSED, LWC_E_RATE_LIMITED};
    struct capture capture;
    struct lwc_error err;

    for (size_t i = 0; i < LWC_ARRAY_LEN(codes); i++) {
        (void)reset(state);
        fake.token = codes[i];
        assert_int_equal(run(false, &capture, &err), codes[i]);
        assert_string_equal(err.msg, "no token");
        assert_int_equal(fake.calls, 0);
        assert_non_null(strstr(capture.out, "key id: ACME_0\n"));
        assert_non_null(strstr(capture.out, "token: none\nrate limit: unknown\n"));
        fake.explain = LWC_E_LOCKED;
        assert_int_equal(run(false, &capture, &err), codes[i]);
        assert_string_equal(capture.out, "");

        (void)reset(state);
        fake.profile = codes[i];
        fake.status = 0;
        assert_int_equal(run(true, &capture, &err), codes[i]);
        assert_ptr_equal(strstr(capture.out, "{\"online\":false,\"user\":null,"), capture.out);
        assert_non_null(strstr(capture.out, "\"expiresIn\":61,"));
        assert_int_equal(fake.explained, 0);
    }
}

static void other_failures_show_nothing(void **state)
{
    static const enum lwc_code codes[] = {LWC_E_NOT_FOUND, LWC_E_LOCKED, LWC_E_INVALID,
                                          LWC_E_FAILED};
    struct capture capture;
    struct lwc_error err;

    for (size_t i = 0; i < LWC_ARRAY_LEN(codes); i++) {
        (void)reset(state);
        fake.token = codes[i];
        assert_int_equal(run(true, &capture, &err), codes[i]);
        assert_string_equal(capture.out, "");
        assert_int_equal(fake.explained, 0);
    }
}

static void replaced_token_is_the_one_that_is_shown(void **state)
{
    struct capture capture;
    struct lwc_error err;

    (void)state;
    fake.renewals = 1;
    assert_int_equal(run(false, &capture, &err), LWC_OK);
    assert_int_equal(fake.tokens, 2);
    assert_non_null(strstr(capture.out, "token: 1 min left"));
}

static void long_reply_is_cut_off(void **state)
{
    struct capture capture;
    struct lwc_error err;

    (void)state;
    fake.body = "                                                                ";
    fake.body_times = LWC_USER_REPLY_MAX / 64 + 1;
    assert_int_equal(run(false, &capture, &err), LWC_E_NETWORK);
    assert_string_equal(err.msg, "unusable reply: it is longer than 1 MiB");
    assert_non_null(strstr(capture.out, "user: unknown: the API gave no answer\n"));
}

static void refusal_names_the_sub_account(void **state)
{
    struct lwc_app app = {.git_helper = false};
    struct capture capture;
    struct lwc_error err = {0};

    (void)state;
    fake.profile = LWC_E_REFUSED;
    fake.status = 403;
    assert_int_equal(run(false, &capture, &err), LWC_E_REFUSED);
    assert_string_equal(err.hint, ""); /* the credential names none */

    args_set(&app.args, &lwc_opt_profile, "prod");
    args_set(&app.args, &lwc_opt_sub_account, "dev");
    args_set(&app.args, &lwc_opt_org_access, "");
    capture_begin(&capture, NULL);
    assert_int_equal(lwc_status_command.run(&app, &err), LWC_E_REFUSED);
    capture_end(&capture);
    assert_string_equal(fake.sub_account, "dev");
    assert_true(fake.org_access);
}

#define TEST(name) cmocka_unit_test_setup(name, reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(people_get_lines),
        TEST(programs_get_an_object),
        TEST(user_without_a_profile_is_asked_for_the_organization),
        TEST(without_an_answer_the_known_is_shown),
        TEST(other_failures_show_nothing),
        TEST(replaced_token_is_the_one_that_is_shown),
        TEST(long_reply_is_cut_off),
        TEST(refusal_names_the_sub_account),
    };

    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
