/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/app.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "tests/support/args.h"
#include "tests/support/capture.h"
#include "tests/support/fake_library.h"

static int64_t bound_ms; /* what the library was told last */

void __wrap_lwc_deadline_set(struct lwc_context *ctx, int64_t timeout_ms);
void __wrap_lwc_deadline_set(struct lwc_context *ctx, int64_t timeout_ms)
{
    (void)ctx;
    bound_ms = timeout_ms;
}

static const char *const variables[] = {"LWCRED_NO_PROMPT", "CI", "GIT_TERMINAL_PROMPT",
                                        "LWCRED_SERVICE", "LWCRED_CONFIG"};

/* A clock that stands still unless it is moved. */
static int64_t now_ms;

static int64_t tell_now(void *data)
{
    (void)data;
    return now_ms;
}

const struct lwc_clock *__wrap_lwc_clock_system(void);
const struct lwc_clock *__wrap_lwc_clock_system(void)
{
    static const struct lwc_clock clock = {.wall_s = tell_now, .boot_ms = tell_now};

    return &clock;
}

/* An answer for which a person needs 90 s. */
enum lwc_code __wrap_lwc_prompt_ask(const char *text, uint32_t flags, struct lwc_buf **answer_out,
                                    struct lwc_error *err);
enum lwc_code __wrap_lwc_prompt_ask(const char *text, uint32_t flags, struct lwc_buf **answer_out,
                                    struct lwc_error *err)
{
    (void)text;
    (void)flags;
    now_ms += 90000;
    return lwc_buf_copy("typed", 5, answer_out, err);
}

static int clear_variables(void **state)
{
    (void)state;
    now_ms = 1000;
    for (size_t i = 0; i < LWC_ARRAY_LEN(variables); i++) {
        assert_int_equal(unsetenv(variables[i]), 0);
    }
    return 0;
}

static void no_prompt_follows_option_and_variables(void **state)
{
    static const struct {
        const char *variable;
        const char *value;
        bool no_prompt;
    } cases[] = {
        {"LWCRED_NO_PROMPT", "1", true},
        {"LWCRED_NO_PROMPT", "yes", true},
        {"LWCRED_NO_PROMPT", "0", false},
        {"LWCRED_NO_PROMPT", "", false},
        {"CI", "true", true},
        {"CI", "1", true},
        {"CI", "false", false},
        {"CI", "", false},
        {"GIT_TERMINAL_PROMPT", "0", true},
        {"GIT_TERMINAL_PROMPT", "false", true},
        {"GIT_TERMINAL_PROMPT", "1", false},
        {"GIT_TERMINAL_PROMPT", "", false},
    };
    struct lwc_app app = {.git_helper = false};

    assert_false(lwc_app_no_prompt(&app));
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        print_message("%s=%s\n", cases[i].variable, cases[i].value);
        assert_int_equal(clear_variables(state), 0);
        assert_int_equal(setenv(cases[i].variable, cases[i].value, 1), 0);
        assert_int_equal(lwc_app_no_prompt(&app), cases[i].no_prompt);
    }
    assert_int_equal(clear_variables(state), 0);
    args_set(&app.args, &lwc_opt_no_prompt, "");
    assert_true(lwc_app_no_prompt(&app));
}

static void open_passes_options_on(void **state)
{
    struct lwc_app app = {.git_helper = false};

    (void)state;
    args_set(&app.args, &lwc_opt_service, "ci");
    args_set(&app.args, &lwc_opt_config, "/stack");
    args_set(&app.args, &lwc_opt_timeout, "2m");
    args_set(&app.args, &lwc_opt_no_prompt, "");
    assert_int_equal(lwc_app_open(&app, NULL), LWC_OK);
    assert_string_equal(fake_library.options.service, "ci");
    assert_string_equal(fake_library.options.config, "/stack");
    assert_int_equal(fake_library.options.timeout_ms, 120000);
    assert_int_equal(fake_library.options.flags, LWC_OPEN_NO_PROMPT);
    assert_null(fake_library.options.prompt);
}

static void open_falls_back_to_variables_and_defaults(void **state)
{
    struct lwc_app app = {.git_helper = false};

    (void)state;
    assert_int_equal(setenv("LWCRED_SERVICE", "web", 1), 0);
    assert_int_equal(setenv("LWCRED_CONFIG", "", 1), 0);
    assert_int_equal(lwc_app_open(&app, NULL), LWC_OK);
    assert_string_equal(fake_library.options.service, "web");
    assert_null(fake_library.options.config);
    assert_int_equal(fake_library.options.timeout_ms, 60000);
    assert_int_equal(fake_library.options.flags, 0);
    assert_non_null(fake_library.options.prompt);
}

static void time_that_reading_took_is_not_given_again(void **state)
{
    struct lwc_app app = {.git_helper = false};

    (void)state;
    args_set(&app.args, &lwc_opt_timeout, "10");
    assert_int_equal(lwc_app_deadline_ms(&app), 11000);
    now_ms += 4000;
    assert_int_equal(lwc_app_deadline_ms(&app), 11000);
    assert_int_equal(lwc_app_open(&app, NULL), LWC_OK);
    assert_int_equal(fake_library.options.timeout_ms, 6000);
    now_ms += 60000;
    assert_int_equal(lwc_app_open(&app, NULL), LWC_OK);
    assert_int_equal(fake_library.options.timeout_ms, 1);
}

static void limit_only_shortens_the_time(void **state)
{
    struct lwc_app app = {.git_helper = false};

    (void)state;
    now_ms = 1000;
    args_set(&app.args, &lwc_opt_timeout, "10");
    lwc_app_limit_ms(&app, 9000);
    assert_int_equal(lwc_app_deadline_ms(&app), 10000);
    lwc_app_limit_ms(&app, 9500);
    assert_int_equal(lwc_app_deadline_ms(&app), 10000);
    app = (struct lwc_app){.git_helper = false};
    args_set(&app.args, &lwc_opt_timeout, "5");
    lwc_app_limit_ms(&app, 9000);
    assert_int_equal(lwc_app_deadline_ms(&app), 6000);
}

static enum lwc_code take_answer(void *data, const struct lwc_identity *identity, const void *bytes,
                                 size_t len, struct lwc_error *err)
{
    (void)identity;
    (void)err;
    (void)snprintf(data, 16, "%.*s", (int)len, (const char *)bytes);
    return LWC_OK;
}

static void time_that_a_person_took_is_not_counted(void **state)
{
    struct lwc_app app = {.git_helper = false};
    char answer[16] = "";
    const struct lwc_sink sink = {.data = answer, .put = take_answer};

    (void)state;
    assert_int_equal(lwc_app_open(&app, NULL), LWC_OK);
    assert_int_equal(lwc_app_deadline_ms(&app), 61000);
    assert_int_equal(
        fake_library.options.prompt(fake_library.options.data, "Passphrase", 0, &sink, NULL),
        LWC_OK);
    assert_string_equal(answer, "typed");
    assert_int_equal(lwc_app_deadline_ms(&app), 151000);
}

static void all_calls_of_the_library_end_with_the_command(void **state)
{
    static char opened;
    struct lwc_app app = {.git_helper = false};
    LWC_AUTO_BUF line = NULL;
    char answer[16] = "";
    const struct lwc_sink sink = {.data = answer, .put = take_answer};

    (void)state;
    assert_int_equal(lwc_app_open(&app, NULL), LWC_OK);
    app.ctx = (struct lwc_context *)&opened;
    now_ms += 20000;
    assert_int_equal(lwc_app_open(&app, NULL), LWC_OK);
    assert_int_equal(bound_ms, 40000);
    now_ms += 10000;
    assert_int_equal(lwc_app_ask(&app, "Secret", 0, &line, NULL), LWC_OK);
    assert_int_equal(bound_ms, 30000);
    bound_ms = 0; /* within a call the library counts the time itself */
    assert_int_equal(
        fake_library.options.prompt(fake_library.options.data, "Passphrase", 0, &sink, NULL),
        LWC_OK);
    assert_int_equal(bound_ms, 0);
}

static void log_shows_what_the_options_want(void **state)
{
    static const struct {
        const struct lwc_option *option;
        const char *text;
    } cases[] = {
        {&lwc_opt_json, "lw-credential-helper: warning: w\n"},
        {&lwc_opt_quiet, ""},
        {&lwc_opt_verbose, "lw-credential-helper: warning: w\nlw-credential-helper: i\n"
                           "lw-credential-helper: t\n"},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_app app = {.git_helper = false};
        struct capture capture;

        args_set(&app.args, cases[i].option, "");
        assert_int_equal(lwc_app_open(&app, NULL), LWC_OK);
        capture_begin(&capture, NULL);
        fake_library.options.log(fake_library.options.data, LWC_LOG_WARNING, "w");
        fake_library.options.log(fake_library.options.data, LWC_LOG_INFO, "i");
        fake_library.options.log(fake_library.options.data, LWC_LOG_TRACE, "t");
        capture_end(&capture);
        assert_string_equal(capture.err, cases[i].text);
        assert_string_equal(capture.out, "");
    }
}

static void query_has_what_was_said(void **state)
{
    struct lwc_app app = {.account = "acme.lacework.net"};
    struct lwc_query query;

    (void)state;
    args_set(&app.args, &lwc_opt_profile, "prod");
    query = lwc_app_query(&app);
    assert_int_equal(query.size, sizeof query);
    assert_string_equal(query.profile, "prod");
    assert_string_equal(query.account, "acme.lacework.net");
    query = lwc_app_query(&(struct lwc_app){.git_helper = false});
    assert_null(query.profile);
    assert_null(query.account);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(no_prompt_follows_option_and_variables, clear_variables),
        cmocka_unit_test_setup(open_passes_options_on, clear_variables),
        cmocka_unit_test_setup(open_falls_back_to_variables_and_defaults, clear_variables),
        cmocka_unit_test_setup(time_that_reading_took_is_not_given_again, clear_variables),
        cmocka_unit_test_setup(limit_only_shortens_the_time, clear_variables),
        cmocka_unit_test_setup(time_that_a_person_took_is_not_counted, clear_variables),
        cmocka_unit_test_setup(all_calls_of_the_library_end_with_the_command, clear_variables),
        cmocka_unit_test_setup(log_shows_what_the_options_want, clear_variables),
        cmocka_unit_test_setup(query_has_what_was_said, clear_variables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
