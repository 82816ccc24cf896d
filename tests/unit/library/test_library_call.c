/* SPDX-License-Identifier: Apache-2.0 */
#include <lwcred.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "api/load.h"
#include "base/util.h"
#include "tests/support/tmpdir.h"

#define SECRET "_0123456789abcdef0123456789abcdef"
#define PATH "/api/v2/UserProfile"

static const char stack[] = "lookup sufficient env\nset cache runtime\n";

/* An API whose exchanges are numbered, and whose calls answer as told. */
static struct {
    unsigned exchanges;
    unsigned calls;
    enum lwc_code exchange_code; /* of each exchange but the first */
    int status[2];               /* of the first and the second call */
    bool can_renew[2];
    char token[2][64];
    char sub_account[LWC_SUB_ACCOUNT_MAX + 1];
    uint32_t flags;
    char body[2][64];
    bool uses_context; /* each call uses the context in a callback's place */
    struct lwc_context *ctx;
} fake;

enum lwc_code __wrap_lwc_api_load(const struct lwc_api **net_out, struct lwc_error *err);

static enum lwc_code exchange(const struct lwc_exchange *wanted, const struct lwc_sink *token,
                              struct lwc_grant *grant_out, struct lwc_error *err)
{
    char text[32];

    fake.exchanges++;
    if (fake.exchanges > 1 && fake.exchange_code != LWC_OK) {
        return lwc_fail(err, fake.exchange_code, "no second token");
    }
    (void)snprintf(text, sizeof text, "_token-%u", fake.exchanges);
    grant_out->lifetime_s = wanted->ttl_s;
    grant_out->sent_boot_ms = lwc_clock_boot_ms(lwc_clock_system());
    return token->put(token->data, NULL, text, strlen(text), err);
}

static enum lwc_code read_all(const struct lwc_call *call, char out[static 64],
                              struct lwc_error *err)
{
    size_t len = 0;
    size_t got = 1;
    enum lwc_code code = LWC_OK;

    if (call->body != NULL) {
        (void)snprintf(out, 64, "%.*s", (int)call->body_len, (const char *)call->body);
    }
    while (call->read != NULL && got > 0 && code == LWC_OK) {
        code = call->read(call->data, out + len, 63 - len, &got, err);
        len += got;
        out[len] = '\0';
    }
    return code;
}

static enum lwc_code use_context(struct lwc_error *err)
{
    LWC_AUTO(struct lwc_token *, lwc_token_free) token = NULL;

    return fake.uses_context ? lwc_token_get(fake.ctx, NULL, &token, err) : LWC_OK;
}

static enum lwc_code call(const struct lwc_api_call *wanted, struct lwc_call_reply *reply_out,
                          struct lwc_error *err)
{
    const unsigned number = fake.calls++;
    enum lwc_code code = LWC_OK;

    assert_in_range(number, 0, 1);
    assert_string_equal(wanted->identity->account, "acme.lacework.net");
    fake.can_renew[number] = wanted->can_renew;
    fake.flags = wanted->identity->flags;
    (void)snprintf(fake.token[number], 64, "%.*s", (int)wanted->token_len, wanted->token);
    (void)snprintf(fake.sub_account, sizeof fake.sub_account, "%s", wanted->identity->sub_account);
    reply_out->status = fake.status[number];
    reply_out->rate_remaining = 42;
    (void)snprintf(reply_out->origin, sizeof reply_out->origin, "acme.lacework.net");
    assert_in_range(wanted->host->remaining_ms(wanted->host->data), 1, 60000);
    assert_string_equal(wanted->host->setting(wanted->host->data, "LW_ACCOUNT"), "acme");
    wanted->host->log(wanted->host->data, LWC_LOG_TRACE, "call: traced");
    code = read_all(wanted->call, fake.body[number], err);
    if (code == LWC_OK) {
        code = use_context(err);
    }
    if (code != LWC_OK || reply_out->status == 200) {
        return code;
    }
    return lwc_fail(err, LWC_E_REFUSED, "status %d", reply_out->status);
}

enum lwc_code __wrap_lwc_api_load(const struct lwc_api **net_out, struct lwc_error *err)
{
    static const struct lwc_api net = {
        .abi = LWC_API_ABI, .size = sizeof(struct lwc_api), .exchange = exchange, .call = call};

    (void)err;
    *net_out = &net;
    return LWC_OK;
}

static int setup(void **state)
{
    struct tmpdir *tmp = NULL;
    static char config[TMPDIR_PATH_LEN];
    static char runtime[TMPDIR_PATH_LEN];
    static unsigned count;
    char key_id[64];

    (void)setenv("TMPDIR", "/dev/shm", 1); /* a runtime directory is on a tmpfs */
    if (tmpdir_setup(state) != 0) {
        return -1;
    }
    tmp = *state;
    tmpdir_write(tmp, "stack", stack, sizeof stack - 1, 0600);
    tmpdir_join(tmp, "stack", config);
    tmpdir_join(tmp, "run", runtime);
    tmpdir_mkdir(tmp, "run", 0700);
    (void)setenv("XDG_RUNTIME_DIR", runtime, 1);
    (void)setenv("LWCRED_CONFIG", config, 1);
    (void)setenv("LW_ACCOUNT", "acme", 1);
    /* Remembered failures outlive a test: each has a key of its own. */
    (void)snprintf(key_id, sizeof key_id, "ACME_%d_%u", (int)getpid(), count++);
    (void)setenv("LW_API_KEY", key_id, 1);
    (void)setenv("LW_API_SECRET", SECRET, 1);
    (void)unsetenv("LW_API_TOKEN");
    (void)unsetenv("LW_SUBACCOUNT");
    (void)unsetenv("LW_ORGANIZATION");
    memset(&fake, 0, sizeof fake);
    fake.status[0] = 200;
    fake.status[1] = 200;
    return 0;
}

static struct lwc_context *open_context(void)
{
    const struct lwc_options options = {.size = sizeof options, .config = getenv("LWCRED_CONFIG")};
    struct lwc_context *ctx = NULL;

    assert_int_equal(lwc_open(&options, &ctx, NULL), LWC_OK);
    return ctx;
}

#define AUTO_CONTEXT LWC_AUTO(struct lwc_context *, lwc_close)

static struct lwc_call get(void)
{
    return (struct lwc_call){.size = sizeof(struct lwc_call), .method = "GET", .path = PATH};
}

static void call_uses_the_cached_token(void **state)
{
    AUTO_CONTEXT ctx = open_context();
    const struct lwc_call wanted = get();
    struct lwc_call_reply reply = {.size = sizeof reply};
    LWC_AUTO(struct lwc_token *, lwc_token_free) token = NULL;

    (void)state;
    assert_int_equal(lwc_token_get(ctx, NULL, &token, NULL), LWC_OK);
    assert_int_equal(lwc_call(ctx, &wanted, &reply, NULL), LWC_OK);
    assert_int_equal(fake.exchanges, 1);
    assert_int_equal(fake.calls, 1);
    assert_string_equal(fake.token[0], lwc_token_text(token));
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.renewals, 0);
    assert_int_equal(reply.rate_remaining, 42);
    assert_string_equal(reply.origin, "acme.lacework.net");
}

static void call_with_a_token_asks_for_none(void **state)
{
    AUTO_CONTEXT ctx = open_context();
    const struct lwc_query query = {.size = sizeof query, .no_cache = true};
    struct lwc_call wanted = get();
    struct lwc_call_reply reply = {.size = sizeof reply};
    LWC_AUTO(struct lwc_token *, lwc_token_free) token = NULL;

    (void)state;
    assert_int_equal(lwc_token_get(ctx, &query, &token, NULL), LWC_OK);
    wanted.query = &query;
    wanted.token = token;
    assert_int_equal(lwc_call(ctx, &wanted, &reply, NULL), LWC_OK);
    assert_int_equal(fake.exchanges, 1);
    assert_string_equal(fake.token[0], "_token-1");

    /* A token that is not accepted is replaced, and stays the caller's. */
    fake.calls = 0;
    fake.status[0] = 401;
    assert_int_equal(lwc_call(ctx, &wanted, &reply, NULL), LWC_OK);
    assert_int_equal(fake.exchanges, 2);
    assert_int_equal(reply.renewals, 1);
    assert_string_equal(fake.token[0], "_token-1");
    assert_string_equal(fake.token[1], "_token-2");
    assert_string_equal(lwc_token_text(token), "_token-1");
}

static void query_sets_sub_account_and_organization(void **state)
{
    AUTO_CONTEXT ctx = open_context();
    const struct lwc_query query = {
        .size = sizeof query, .sub_account = "prod", .org_access = true};
    struct lwc_call wanted = get();

    (void)state;
    wanted.query = &query;
    assert_int_equal(lwc_call(ctx, &wanted, NULL, NULL), LWC_OK);
    assert_string_equal(fake.sub_account, "prod");
    assert_int_equal(fake.flags, LWC_ID_ORG_ACCESS);
}

static void token_not_accepted_is_replaced_once(void **state)
{
    AUTO_CONTEXT ctx = open_context();
    struct lwc_call wanted = get();
    struct lwc_call_reply reply = {.size = sizeof reply};

    (void)state;
    fake.status[0] = 401;
    wanted.method = "POST";
    wanted.body = "{\"a\":1}";
    wanted.body_len = 7;
    assert_int_equal(lwc_call(ctx, &wanted, &reply, NULL), LWC_OK);
    assert_int_equal(fake.exchanges, 2);
    assert_int_equal(fake.calls, 2);
    assert_true(fake.can_renew[0]);
    assert_false(fake.can_renew[1]);
    assert_string_equal(fake.token[0], "_token-1");
    assert_string_equal(fake.token[1], "_token-2");
    assert_string_equal(fake.body[1], "{\"a\":1}");
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.renewals, 1);
}

static void second_refusal_is_final(void **state)
{
    AUTO_CONTEXT ctx = open_context();
    const struct lwc_call wanted = get();
    struct lwc_call_reply reply = {.size = sizeof reply};
    struct lwc_error err = {0};

    (void)state;
    fake.status[0] = 401;
    fake.status[1] = 401;
    assert_int_equal(lwc_call(ctx, &wanted, &reply, &err), LWC_E_REFUSED);
    assert_int_equal(err.code, LWC_E_REFUSED);
    assert_int_equal(fake.calls, 2);
    assert_int_equal(reply.status, 401);
    assert_string_equal(err.hint, "a new token was not accepted either");
}

static void other_refusals_are_final(void **state)
{
    static const int statuses[] = {400, 403, 404, 409, 429, 500};

    for (size_t i = 0; i < LWC_ARRAY_LEN(statuses); i++) {
        AUTO_CONTEXT ctx = open_context();
        const struct lwc_call wanted = get();
        struct lwc_error err = {0};

        (void)state;
        fake.calls = 0;
        fake.status[0] = statuses[i];
        assert_int_equal(lwc_call(ctx, &wanted, NULL, &err), LWC_E_REFUSED);
        assert_int_equal(fake.calls, 1);
        assert_int_equal(fake.exchanges, 1);
    }
}

static void failed_renewal_is_reported(void **state)
{
    AUTO_CONTEXT ctx = open_context();
    const struct lwc_call wanted = get();
    struct lwc_call_reply reply = {.size = sizeof reply};
    struct lwc_error err = {0};

    (void)state;
    fake.status[0] = 401;
    fake.exchange_code = LWC_E_NETWORK;
    assert_int_equal(lwc_call(ctx, &wanted, &reply, &err), LWC_E_NETWORK);
    assert_string_equal(err.msg, "the API does not accept the token (status 401): a new one: "
                                 "no second token");
    assert_int_equal(fake.calls, 1);
    assert_int_equal(reply.status, 401);
    assert_int_equal(reply.renewals, 0);
}

static void ready_token_is_not_replaced(void **state)
{
    AUTO_CONTEXT ctx = NULL;
    const struct lwc_call wanted = get();

    (void)state;
    (void)unsetenv("LW_API_KEY");
    (void)unsetenv("LW_API_SECRET");
    (void)setenv("LW_API_TOKEN", "_ready", 1);
    ctx = open_context();
    fake.status[0] = 401;
    assert_int_equal(lwc_call(ctx, &wanted, NULL, NULL), LWC_E_REFUSED);
    assert_int_equal(fake.calls, 1);
    assert_int_equal(fake.exchanges, 0);
    assert_string_equal(fake.token[0], "_ready");
    assert_false(fake.can_renew[0]);
}

/* A body that is read in two pieces. */
struct body {
    const char *text;
    size_t at;
    unsigned rewinds;
    enum lwc_code code; /* of the reader */
};

static enum lwc_code read_body(void *data, void *bytes, size_t room, size_t *len_out,
                               struct lwc_error *err)
{
    struct body *body = data;
    const size_t left = strlen(body->text) - body->at;
    const size_t len = left > 3 ? 3 : left;

    if (body->code != LWC_OK) {
        return lwc_fail(err, body->code, "the disk burns");
    }
    assert_true(len <= room);
    memcpy(bytes, body->text + body->at, len);
    body->at += len;
    *len_out = len;
    return LWC_OK;
}

static enum lwc_code rewind_body(void *data, struct lwc_error *err)
{
    struct body *body = data;

    (void)err;
    body->at = 0;
    body->rewinds++;
    return LWC_OK;
}

static struct lwc_call post(struct body *body)
{
    struct lwc_call wanted = get();

    wanted.method = "POST";
    wanted.data = body;
    wanted.read = read_body;
    wanted.body_len = -1;
    return wanted;
}

static void body_is_read_again_for_the_second_call(void **state)
{
    AUTO_CONTEXT ctx = open_context();
    struct body body = {.text = "{\"b\":2}"};
    struct lwc_call wanted = post(&body);

    (void)state;
    wanted.rewind = rewind_body;
    fake.status[0] = 401;
    assert_int_equal(lwc_call(ctx, &wanted, NULL, NULL), LWC_OK);
    assert_int_equal(body.rewinds, 1);
    assert_string_equal(fake.body[0], body.text);
    assert_string_equal(fake.body[1], body.text);
}

static void body_of_a_pipe_is_not_sent_twice(void **state)
{
    AUTO_CONTEXT ctx = open_context();
    struct body body = {.text = "{\"b\":2}"};
    const struct lwc_call wanted = post(&body);
    LWC_AUTO(struct lwc_token *, lwc_token_free) token = NULL;
    struct lwc_error err = {0};

    (void)state;
    fake.status[0] = 401;
    assert_int_equal(lwc_call(ctx, &wanted, NULL, &err), LWC_E_REFUSED);
    assert_non_null(strstr(err.msg, "the body cannot be read again"));
    assert_int_equal(fake.calls, 1);
    assert_false(fake.can_renew[0]);
    /* The token is forgotten all the same. */
    assert_int_equal(lwc_token_get(ctx, NULL, &token, NULL), LWC_OK);
    assert_string_equal(lwc_token_text(token), "_token-2");
}

static void failure_of_a_callback_is_returned(void **state)
{
    AUTO_CONTEXT ctx = open_context();
    struct body body = {.text = "x", .code = LWC_E_IO};
    const struct lwc_call wanted = post(&body);
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(lwc_call(ctx, &wanted, NULL, &err), LWC_E_IO);
    assert_string_equal(err.msg, "the disk burns");
}

static void callbacks_may_use_the_context(void **state)
{
    AUTO_CONTEXT ctx = open_context();
    const struct lwc_call wanted = get();

    (void)state;
    fake.uses_context = true;
    fake.ctx = ctx;
    assert_int_equal(lwc_call(ctx, &wanted, NULL, NULL), LWC_OK);
}

static unsigned log_lines;

static void count_line(void *data, enum lwc_log_level level, const char *text)
{
    (void)data;
    (void)level;
    log_lines += strcmp(text, "call: traced") == 0;
}

static void call_is_logged(void **state)
{
    const struct lwc_options options = {
        .size = sizeof options, .config = getenv("LWCRED_CONFIG"), .log = count_line};
    AUTO_CONTEXT ctx = NULL;
    const struct lwc_call wanted = get();

    (void)state;
    log_lines = 0;
    assert_int_equal(lwc_open(&options, &ctx, NULL), LWC_OK);
    assert_int_equal(lwc_call(ctx, &wanted, NULL, NULL), LWC_OK);
    assert_int_equal(log_lines, 1);
}

static void malformed_call_costs_nothing(void **state)
{
    AUTO_CONTEXT ctx = open_context();
    struct lwc_call no_size = get();
    struct lwc_call bad_path = get();
    struct lwc_call bad_flag = get();
    const struct lwc_call good = get();
    struct lwc_call_reply no_reply_size = {.size = 0};
    const struct {
        const struct lwc_call *call;
        struct lwc_call_reply *reply;
    } cases[] = {{&no_size, NULL},
                 {&bad_path, NULL},
                 {&bad_flag, NULL},
                 {&good, &no_reply_size},
                 {NULL, NULL}};

    (void)state;
    no_size.size = 0;
    bad_path.path = "https://evil.example/";
    bad_flag.flags = 1u << 7;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        print_message("%zu\n", i);
        assert_int_equal(lwc_call(ctx, cases[i].call, cases[i].reply, NULL), LWC_E_INVALID);
    }
    assert_int_equal(fake.exchanges, 0);
    assert_int_equal(fake.calls, 0);
}

static void reply_of_an_older_program_is_not_overrun(void **state)
{
    AUTO_CONTEXT ctx = open_context();
    const struct lwc_call wanted = get();
    struct lwc_call_reply reply;

    (void)state;
    memset(&reply, 0x55, sizeof reply);
    reply.size = (uint32_t)offsetof(struct lwc_call_reply, rate_limit);
    assert_int_equal(lwc_call(ctx, &wanted, &reply, NULL), LWC_OK);
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.rate_limit, INT64_C(0x5555555555555555));
}

static void child_of_fork_cannot_call(void **state)
{
    AUTO_CONTEXT ctx = open_context();
    const struct lwc_call wanted = get();
    pid_t child = 0;
    int status = 0;

    (void)state;
    child = fork();
    if (child == 0) {
        const bool is_refused = lwc_call(ctx, &wanted, NULL, NULL) == LWC_E_INVALID;

        lwc_close(&ctx);
        _exit(is_refused && fake.calls == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tmpdir_teardown)
    const struct CMUnitTest tests[] = {
        TEST(call_uses_the_cached_token),
        TEST(call_with_a_token_asks_for_none),
        TEST(query_sets_sub_account_and_organization),
        TEST(token_not_accepted_is_replaced_once),
        TEST(second_refusal_is_final),
        TEST(other_refusals_are_final),
        TEST(failed_renewal_is_reported),
        TEST(ready_token_is_not_replaced),
        TEST(body_is_read_again_for_the_second_call),
        TEST(body_of_a_pipe_is_not_sent_twice),
        TEST(failure_of_a_callback_is_returned),
        TEST(callbacks_may_use_the_context),
        TEST(call_is_logged),
        TEST(malformed_call_costs_nothing),
        TEST(reply_of_an_older_program_is_not_overrun),
        TEST(child_of_fork_cannot_call),
    };

    return cmocka_run_group_tests_name("library_call", tests, NULL, NULL);
}
