/* SPDX-License-Identifier: Apache-2.0 */
#include "context.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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
    LWC_HOLD = lwc_call_start(ctx);
    const struct lwc_host *host = &ctx->host;

    now_ms += 1000;
    assert_int_equal(host->remaining_ms(host->data), TIMEOUT_MS - 1000);
    assert_int_equal(host->prompt(host->data, "Passphrase", 0, NULL, NULL), LWC_OK);
    assert_int_equal(asked, 1);
    assert_int_equal(host->remaining_ms(host->data), TIMEOUT_MS - 1000);
    now_ms += TIMEOUT_MS;
    assert_int_equal(host->remaining_ms(host->data), 0);
}

static void no_prompt_asks_nobody_and_backends_see_it(void **state)
{
    AUTO_CONTEXT ctx = open_context(*state, LWC_OPEN_NO_PROMPT);
    LWC_HOLD = lwc_call_start(ctx);
    const struct lwc_host *host = &ctx->host;
    struct lwc_error err = {0};

    assert_int_equal(unsetenv("LWCRED_NO_PROMPT"), 0);
    assert_int_equal(host->prompt(host->data, "Passphrase", 0, NULL, &err), LWC_E_LOCKED);
    assert_int_equal(asked, 0);
    assert_string_equal(err.msg, "Passphrase: nobody may be asked");
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
    assert_int_equal(ctx->witnesses.variable_count, 0);
    assert_string_equal(host->setting(host->data, "TEAM"), "red");
    assert_int_equal(ctx->witnesses.variable_count, 1);
    assert_string_equal(ctx->witnesses.variable[0].name, "TEAM");
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, tmpdir_setup, tmpdir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(deadline_moves_on_by_the_time_at_a_prompt),
        TEST(no_prompt_asks_nobody_and_backends_see_it),
        TEST(settings_are_those_of_the_environment),
        TEST(settings_that_a_backend_reads_are_noted),
        TEST(sized_structs_are_taken_as_far_as_both_know_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
