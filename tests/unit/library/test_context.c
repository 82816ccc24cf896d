/* SPDX-License-Identifier: Apache-2.0 */
#include "library/context.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/identity.h"
#include "base/util.h"
#include "tests/support/tmpdir.h"

#define AUTO_CONTEXT LWC_AUTO(struct lwc_context *, lwc_close)
#define TIMEOUT_MS 5000
#define THINKING_MS 90000

/* A clock that only the tests move, and a user who takes his time. */
static int64_t now_ms;
static unsigned asked;

static int64_t boot_ms(void *data)
{
    (void)data;
    return now_ms;
}

static const struct lwc_clock fake_clock = {.boot_ms = boot_ms};

static enum lwc_code answer_late(void *data, const char *text, uint32_t flags,
                                 const struct lwc_sink *answer, struct lwc_error *err)
{
    (void)data;
    (void)text;
    (void)flags;
    (void)answer;
    (void)err;
    asked++;
    now_ms += THINKING_MS;
    return LWC_OK;
}

static struct lwc_context *open_context(const struct tmpdir *dir, uint32_t flags)
{
    char path[TMPDIR_PATH_LEN];
    const struct lwc_options options = {.size = sizeof options,
                                        .flags = flags,
                                        .config = tmpdir_join(dir, "stack", path),
                                        .timeout_ms = TIMEOUT_MS,
                                        .prompt = answer_late};
    struct lwc_context *ctx = NULL;

    tmpdir_write(dir, "stack", "lookup required env\n", 20, 0600);
    assert_int_equal(lwc_open(&options, &ctx, NULL), LWC_OK);
    ctx->clock = &fake_clock;
    now_ms = 1000;
    asked = 0;
    return ctx;
}

static void deadline_moves_on_by_the_time_at_a_prompt(void **state)
{
    AUTO_CONTEXT ctx = open_context(*state, 0);
    LWC_AUTO_HELD held = {NULL};
    const struct lwc_host *host = &ctx->host;

    assert_int_equal(lwc_call_start(ctx, &held, NULL), LWC_OK);
    now_ms += 1000;
    assert_int_equal(host->remaining_ms(host->data), TIMEOUT_MS - 1000);
    assert_int_equal(host->prompt(host->data, "Passphrase", 0, NULL, NULL), LWC_OK);
    assert_int_equal(asked, 1);
    assert_int_equal(host->remaining_ms(host->data), TIMEOUT_MS - 1000);
    now_ms += TIMEOUT_MS;
    assert_int_equal(host->remaining_ms(host->data), 0);
}

/* Starts a call and returns how much time it has. */
static int64_t start_and_tell_left(struct lwc_context *ctx)
{
    LWC_AUTO_HELD held = {NULL};

    assert_int_equal(lwc_call_start(ctx, &held, NULL), LWC_OK);
    return ctx->host.remaining_ms(ctx->host.data);
}

static void deadline_bounds_all_calls_together(void **state)
{
    AUTO_CONTEXT ctx = open_context(*state, 0);

    lwc_deadline_set(ctx, 3000);
    assert_int_equal(start_and_tell_left(ctx), 3000);
    now_ms += 2000;
    assert_int_equal(start_and_tell_left(ctx), 1000);
    now_ms += 2000;
    assert_int_equal(start_and_tell_left(ctx), 0);
    lwc_deadline_set(ctx, 0);
    assert_int_equal(start_and_tell_left(ctx), 0);
    lwc_deadline_set(ctx, 2 * TIMEOUT_MS);
    assert_int_equal(start_and_tell_left(ctx), TIMEOUT_MS);
    lwc_deadline_set(ctx, INT64_MAX);
    assert_int_equal(start_and_tell_left(ctx), TIMEOUT_MS);
    lwc_deadline_set(ctx, 3000);
    lwc_deadline_set(ctx, -1);
    now_ms += 6000;
    assert_int_equal(start_and_tell_left(ctx), TIMEOUT_MS);
}

static void deadline_of_all_calls_moves_on_by_the_time_at_a_prompt(void **state)
{
    AUTO_CONTEXT ctx = open_context(*state, 0);

    lwc_deadline_set(ctx, 3000);
    {
        LWC_AUTO_HELD held = {NULL};

        assert_int_equal(lwc_call_start(ctx, &held, NULL), LWC_OK);
        assert_int_equal(ctx->host.prompt(ctx->host.data, "Passphrase", 0, NULL, NULL), LWC_OK);
        assert_int_equal(ctx->host.remaining_ms(ctx->host.data), 3000);
        now_ms += 1000;
    }
    assert_int_equal(start_and_tell_left(ctx), 2000);
}

static void no_prompt_asks_nobody_and_backends_see_it(void **state)
{
    AUTO_CONTEXT ctx = open_context(*state, LWC_OPEN_NO_PROMPT);
    LWC_AUTO_HELD held = {NULL};
    const struct lwc_host *host = &ctx->host;
    struct lwc_error err = {0};

    assert_int_equal(lwc_call_start(ctx, &held, NULL), LWC_OK);
    assert_int_equal(unsetenv("LWCRED_NO_PROMPT"), 0);
    assert_int_equal(host->prompt(host->data, "Passphrase", 0, NULL, &err), LWC_E_LOCKED);
    assert_int_equal(asked, 0);
    assert_string_equal(err.msg, "Passphrase: cannot ask: not interactive");
    assert_string_equal(host->setting(host->data, "LWCRED_NO_PROMPT"), "1");
}

static void settings_are_those_of_the_environment(void **state)
{
    AUTO_CONTEXT ctx = open_context(*state, 0);
    const struct lwc_host *host = &ctx->host;

    assert_int_equal(setenv("LWCRED_STORE", "/x", 1), 0);
    assert_string_equal(host->setting(host->data, "LWCRED_STORE"), "/x");
    assert_int_equal(unsetenv("LWCRED_STORE"), 0);
    assert_null(host->setting(host->data, "LWCRED_STORE"));
    assert_null(host->setting(host->data, "LWCRED_NO_PROMPT"));
}

static void settings_that_a_backend_reads_are_noted(void **state)
{
    AUTO_CONTEXT ctx = open_context(*state, 0);
    const struct lwc_host *own = &ctx->host;
    const struct lwc_host *host = &ctx->backend_host;

    assert_int_equal(setenv("TEAM", "red", 1), 0);
    (void)own->setting(own->data, "TEAM");
    (void)host->setting(host->data, "HOME");
    assert_int_equal(ctx->dependencies.variable_count, 0);
    assert_string_equal(host->setting(host->data, "TEAM"), "red");
    assert_int_equal(ctx->dependencies.variable_count, 1);
    assert_string_equal(ctx->dependencies.variable[0].name, "TEAM");
    assert_int_equal(unsetenv("TEAM"), 0);
}

static void sized_structs_are_taken_as_far_as_both_know_them(void **state)
{
    struct lwc_query query = {.profile = "prod", .account = "acme.lacework.net"};
    struct lwc_query known;
    struct lwc_identity identity;

    (void)state;
    assert_int_equal(lwc_query_take(&query, &known, &identity, NULL), LWC_E_INVALID);
    query.size = offsetof(struct lwc_query, account);
    assert_int_equal(lwc_query_take(&query, &known, &identity, NULL), LWC_OK);
    assert_string_equal(identity.profile, "prod");
    assert_string_equal(identity.account, "");
    assert_int_equal(lwc_query_take(NULL, &known, &identity, NULL), LWC_OK);
    assert_string_equal(identity.profile, "");
}

/* A member that only the program knows could forbid something: it is not passed over. */
static void members_and_flags_of_later_versions_are_refused(void **state)
{
    struct {
        struct lwc_query known;
        uint64_t later;
    } query = {.known = {.size = sizeof query, .profile = "prod"}};
    struct {
        struct lwc_options known;
        uint64_t later;
    } options = {.known = {.size = sizeof options}};
    struct lwc_query known;
    struct lwc_options taken;
    struct lwc_identity identity;
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(lwc_query_take(&query.known, &known, &identity, NULL), LWC_OK);
    query.later = UINT64_C(1) << 63;
    assert_int_equal(lwc_query_take(&query.known, &known, &identity, &err), LWC_E_INVALID);
    assert_non_null(strstr(err.msg, "struct lwc_query: sets a member"));
    query.known.size = 0x10000;
    assert_int_equal(lwc_query_take(&query.known, &known, &identity, NULL), LWC_E_INVALID);

    assert_int_equal(lwc_options_take(&options.known, &taken, NULL), LWC_OK);
    options.later = 1;
    assert_int_equal(lwc_options_take(&options.known, &taken, NULL), LWC_E_INVALID);
    options.later = 0;
    options.known.flags = 1u << 2;
    assert_int_equal(lwc_options_take(&options.known, &taken, &err), LWC_E_INVALID);
    assert_non_null(strstr(err.msg, "does not know the flag 0x4"));
    assert_int_equal(lwc_store_flags_check(LWC_STORE_REPLACE, NULL), LWC_OK);
    assert_int_equal(lwc_store_flags_check(LWC_STORE_REPLACE | 2, NULL), LWC_E_INVALID);
}

static void unknown_store_flags_reach_no_store(void **state)
{
    AUTO_CONTEXT ctx = open_context(*state, 0);
    struct lwc_identity identity = LWC_IDENTITY_ANY;
    char backend[LWC_BACKEND_NAME_MAX + 1] = "";
    struct lwc_error err = {0};

    identity.profile = "p";
    identity.account = "acme.lacework.net";
    identity.key_id = "ACME_0123456789ABCDEF";
    identity.kind = LWC_KIND_ACCESS_KEY;
    assert_int_equal(lwc_key_probe(ctx, &identity, NULL, 2, backend, &err), LWC_E_INVALID);
    assert_non_null(strstr(err.msg, "flag 0x2"));
    assert_int_equal(lwc_key_store(ctx, &identity, "_0123456789abcdef", 17, NULL, 4, backend, &err),
                     LWC_E_INVALID);
    assert_non_null(strstr(err.msg, "flag 0x4"));
}

static void timeout_without_end_is_one(void **state)
{
    const struct lwc_options options = {.size = sizeof options, .timeout_ms = INT64_MAX};
    struct lwc_options taken;
    AUTO_CONTEXT ctx = open_context(*state, 0);
    LWC_AUTO_HELD held = {NULL};

    assert_int_equal(lwc_options_take(&options, &taken, NULL), LWC_OK);
    ctx->options.timeout_ms = taken.timeout_ms;
    now_ms = INT64_C(1) << 50;
    assert_int_equal(lwc_call_start(ctx, &held, NULL), LWC_OK);
    assert_true(ctx->host.remaining_ms(ctx->host.data) > INT64_C(1000) * 86400 * 365);
}

/* All the calls that wait for one another, from within one of them. */
static enum lwc_code call_again(void *data, const struct lwc_identity *identity,
                                const char *backend, struct lwc_error *err)
{
    struct lwc_context *ctx = data;
    char name[LWC_BACKEND_NAME_MAX + 1] = "";
    const struct lwc_query query = {.size = sizeof query, .profile = "absent"};
    struct lwc_token *token = NULL;

    (void)backend;
    asked++;
    assert_int_equal(lwc_token_get(ctx, &query, &token, err), LWC_E_INVALID);
    assert_string_equal(err->msg, "a callback uses the context that called it");
    assert_int_equal(lwc_list(ctx, NULL, call_again, ctx, err), LWC_E_INVALID);
    assert_int_equal(lwc_key_probe(ctx, identity, NULL, 0, name, err), LWC_E_INVALID);
    assert_int_equal(lwc_token_forget(ctx, "acme.lacework.net", NULL, NULL, 0, err), LWC_E_INVALID);
    assert_int_equal(lwc_cached_clear(ctx), 0);
    return LWC_OK;
}

static void callback_that_calls_again_is_told_so(void **state)
{
    AUTO_CONTEXT ctx = open_context(*state, 0);

    (void)alarm(60); /* it waited for itself for ever */
    assert_int_equal(setenv("LW_ACCOUNT", "acme", 1), 0);
    assert_int_equal(setenv("LW_API_KEY", "ACME_0123456789ABCDEF", 1), 0);
    assert_int_equal(setenv("LW_API_SECRET", "_0123456789abcdef0123456789abcdef", 1), 0);
    assert_int_equal(lwc_list(ctx, NULL, call_again, ctx, NULL), LWC_OK);
    assert_int_equal(asked, 1);
    assert_int_equal(unsetenv("LW_ACCOUNT"), 0);
    assert_int_equal(unsetenv("LW_API_KEY"), 0);
    assert_int_equal(unsetenv("LW_API_SECRET"), 0);
    (void)alarm(0);
}

static void *wait_in_vain(void *data)
{
    struct lwc_context *ctx = data;
    static struct lwc_error err;
    LWC_AUTO_HELD held = {NULL};

    (void)!lwc_call_start(ctx, &held, &err);
    return &err;
}

static void another_threads_call_costs_no_more_than_the_own_deadline(void **state)
{
    AUTO_CONTEXT ctx = open_context(*state, 0);
    LWC_AUTO_HELD held = {NULL};
    pthread_t thread;
    void *data = NULL;
    const struct lwc_error *err = NULL;

    (void)alarm(60);
    ctx->options.timeout_ms = 200;
    assert_int_equal(lwc_call_start(ctx, &held, NULL), LWC_OK);
    assert_int_equal(pthread_create(&thread, NULL, wait_in_vain, ctx), 0);
    assert_int_equal(pthread_join(thread, &data), 0);
    err = data;
    assert_int_equal(err->code, LWC_E_BUSY);
    assert_string_equal(err->msg, "another thread's call did not end before the deadline");
    (void)alarm(0);
}

/* Calls are refused in a child, and closing there is no more than freeing. */
static int use_in_child(struct lwc_context *ctx)
{
    const struct lwc_query query = {.size = sizeof query, .profile = "p"};
    struct lwc_token *token = NULL;
    struct lwc_error err = {0};

    if (lwc_token_get(ctx, &query, &token, &err) != LWC_E_INVALID ||
        !lwc_streq(err.msg, "the context belongs to the parent process") || !lwc_is_set(err.hint)) {
        return 1;
    }
    if (lwc_list(ctx, NULL, call_again, ctx, &err) != LWC_E_INVALID ||
        lwc_token_forget(ctx, "acme.lacework.net", NULL, NULL, 0, &err) != LWC_E_INVALID ||
        lwc_cached_clear(ctx) != 0) {
        return 2;
    }
    lwc_close(&ctx);
    if (lwc_open(NULL, &ctx, &err) != LWC_OK) {
        return 3;
    }
    lwc_close(&ctx);
    return 0;
}

static void child_of_fork_has_to_open_its_own(void **state)
{
    AUTO_CONTEXT ctx = open_context(*state, 0);
    LWC_AUTO_HELD held = {NULL}; /* as if another thread were in a call */
    int status = 0;
    pid_t pid = 0;

    assert_int_equal(lwc_call_start(ctx, &held, NULL), LWC_OK);
    pid = fork();
    if (pid == 0) {
        (void)alarm(30);
        _exit(use_in_child(ctx));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, tmpdir_setup, tmpdir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(deadline_moves_on_by_the_time_at_a_prompt),
        TEST(deadline_bounds_all_calls_together),
        TEST(deadline_of_all_calls_moves_on_by_the_time_at_a_prompt),
        TEST(no_prompt_asks_nobody_and_backends_see_it),
        TEST(settings_are_those_of_the_environment),
        TEST(settings_that_a_backend_reads_are_noted),
        TEST(sized_structs_are_taken_as_far_as_both_know_them),
        TEST(members_and_flags_of_later_versions_are_refused),
        TEST(unknown_store_flags_reach_no_store),
        TEST(timeout_without_end_is_one),
        TEST(callback_that_calls_again_is_told_so),
        TEST(another_threads_call_costs_no_more_than_the_own_deadline),
        TEST(child_of_fork_has_to_open_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
