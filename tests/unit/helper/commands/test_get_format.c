/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/append.h"
#include "base/clock.h"
#include "base/identity.h"
#include "plugins/format/formats.h"
#include "plugins/helper/program.h"
#include "tests/support/args.h"
#include "tests/support/capture.h"
#include "tests/support/fake_library.h"

/* get with a format that takes arguments, reports failures and has a deadline. */

static struct {
    enum lwc_code code;
    int asked;
    char account[300];
    char key_id[80];
} fake;

static void note(char *room, size_t cap, const char *text)
{
    (void)snprintf(room, cap, "%s", text == NULL ? "(null)" : text);
}

enum lwc_code __wrap_lwc_token_get(struct lwc_context *ctx, const struct lwc_query *query,
                                   struct lwc_token **token_out, struct lwc_error *err);
enum lwc_code __wrap_lwc_token_get(struct lwc_context *ctx, const struct lwc_query *query,
                                   struct lwc_token **token_out, struct lwc_error *err)
{
    (void)ctx;
    (void)token_out;
    fake.asked++;
    note(fake.account, sizeof fake.account, query->account);
    note(fake.key_id, sizeof fake.key_id, query->key_id);
    return fake.code == LWC_OK ? LWC_OK : lwc_fail(err, fake.code, "told to");
}

/* A format of the test's own: its request stands in the arguments, "HOST" or "HOST KEY". */
static struct {
    int64_t deadline_ms; /* of the input */
    enum lwc_code fail_code;
} own;

static enum lwc_code ask_own(const struct lwc_format_input *input,
                             struct lwc_format_request *request_out, struct lwc_error *err)
{
    own.deadline_ms = input->deadline_ms;
    if (input->argc == 0) {
        return lwc_fail(err, LWC_E_NOT_FOUND, "no host");
    }
    if (input->argv[0][0] == '-') {
        return lwc_fail(err, LWC_E_INVALID, "bad host");
    }
    *request_out = (struct lwc_format_request){.given = true};
    request_out->foreign = input->argv[0][0] == '@';
    note(request_out->host, sizeof request_out->host, input->argv[0]);
    note(request_out->account, sizeof request_out->account, input->argv[0]);
    note(request_out->key_id, sizeof request_out->key_id, input->argc > 1 ? input->argv[1] : "");
    return LWC_OK;
}

static enum lwc_code write_own(const struct lwc_format_answer *answer, struct lwc_buf *out,
                               struct lwc_error *err)
{
    return lwc_text_append(out, err, "OK %s %s\n", answer->request->host, answer->token);
}

static enum lwc_code fail_own(const struct lwc_error *why, struct lwc_buf *out,
                              struct lwc_error *err)
{
    if (own.fail_code != LWC_OK) {
        return lwc_fail(err, own.fail_code, "cannot say");
    }
    return lwc_text_append(out, err, "ERR %d %s\n", (int)why->code, why->msg);
}

static const struct lwc_format own_format = {
    .name = "own",
    .summary = "s",
    .argc_max = 2,
    .deadline_ms = 9000,
    .ask = ask_own,
    .write = write_own,
    .fail = fail_own,
};

enum lwc_code __real_lwc_format_find(const char *name, const struct lwc_format **format_out,
                                     struct lwc_error *err);
enum lwc_code __wrap_lwc_format_find(const char *name, const struct lwc_format **format_out,
                                     struct lwc_error *err);
enum lwc_code __wrap_lwc_format_find(const char *name, const struct lwc_format **format_out,
                                     struct lwc_error *err)
{
    if (!lwc_streq(name, own_format.name)) {
        return __real_lwc_format_find(name, format_out, err);
    }
    *format_out = &own_format;
    return LWC_OK;
}

static int reset(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    memset(&fake_library, 0, sizeof fake_library);
    memset(&own, 0, sizeof own);
    return 0;
}

static enum lwc_code run_get(const struct lwc_args *args, struct capture *capture,
                             struct lwc_error *err)
{
    struct lwc_app app = {.args = *args};
    enum lwc_code code = LWC_E_INTERNAL;

    memset(err, 0, sizeof *err);
    capture_begin(capture, "not read");
    code = lwc_get_command.run(&app, err);
    capture_end(capture);
    return code;
}

static enum lwc_code get_own(const char *host, const char *key, struct capture *capture,
                             struct lwc_error *err)
{
    struct lwc_args args = {.operand = {host, key},
                            .operands = (host != NULL ? 1 : 0) + (key != NULL ? 1 : 0)};

    args_set(&args, &lwc_opt_format, "own");
    return run_get(&args, capture, err);
}

static void format_takes_its_request_from_the_arguments(void **state)
{
    struct capture capture;
    struct lwc_error err;

    (void)state;
    assert_int_equal(get_own("acme.lacework.net", "KEY_1", &capture, &err), LWC_OK);
    assert_string_equal(capture.out, "OK acme.lacework.net tok-en\n");
    assert_string_equal(fake.account, "acme.lacework.net");
    assert_string_equal(fake.key_id, "KEY_1");
}

static void format_reports_every_failure_itself(void **state)
{
    static const struct {
        const char *host;
        enum lwc_code fake_code;
        enum lwc_code code;
        const char *out;
    } cases[] = {
        {"acme.lacework.net", LWC_E_NETWORK, LWC_E_NETWORK, "ERR 10 told to\n"},
        {"acme.lacework.net", LWC_E_NOT_FOUND, LWC_E_NOT_FOUND, "ERR 3 told to\n"},
        {"other.lacework.net", LWC_OK, LWC_E_NOT_FOUND, "ERR 3 the credential is none of this"},
        {"@", LWC_OK, LWC_E_NOT_FOUND, "ERR 3 the request names no https host"},
        {"-", LWC_OK, LWC_E_INVALID, "ERR 2 bad host\n"},
        {NULL, LWC_OK, LWC_E_INVALID, "ERR 2 get: no host\n"},
    };

    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct capture capture;
        struct lwc_error err;

        print_message("%zu\n", i);
        reset(state);
        fake.code = cases[i].fake_code;
        assert_int_equal(get_own(cases[i].host, NULL, &capture, &err), cases[i].code);
        assert_int_equal(strncmp(capture.out, cases[i].out, strlen(cases[i].out)), 0);
        assert_int_equal(err.code, cases[i].code);
    }
}

static void failure_that_cannot_be_reported_is_told_to_people(void **state)
{
    struct capture capture;
    struct lwc_error err;

    (void)state;
    fake.code = LWC_E_NETWORK;
    own.fail_code = LWC_E_IO;
    assert_int_equal(get_own("acme.lacework.net", NULL, &capture, &err), LWC_E_NETWORK);
    assert_string_equal(capture.out, "");
    assert_string_equal(err.msg, "told to");
    assert_non_null(strstr(capture.err, "does not get this failure: cannot say"));
}

static void format_with_a_deadline_ends_then_and_asks_no_person(void **state)
{
    const int64_t begin_ms = lwc_clock_boot_ms(lwc_clock_system());
    struct capture capture;
    struct lwc_error err;

    (void)state;
    assert_int_equal(get_own("api.example:8443", NULL, &capture, &err), LWC_OK);
    assert_int_equal(fake_library.options.flags & LWC_OPEN_NO_PROMPT, LWC_OPEN_NO_PROMPT);
    assert_true(own.deadline_ms >= begin_ms + own_format.deadline_ms);
    assert_true(own.deadline_ms <= lwc_clock_boot_ms(lwc_clock_system()) + own_format.deadline_ms);
    fake.code = LWC_E_LOCKED;
    assert_int_equal(get_own("api.example:8443", NULL, &capture, &err), LWC_E_LOCKED);
    assert_int_equal(fake.asked, 2);
    assert_string_equal(capture.out, "ERR 4 told to\n");
}

static void format_takes_no_more_arguments_than_it_says(void **state)
{
    struct lwc_args args = {.operand = {"a", "b", "c"}, .operands = 3};
    struct capture capture;
    struct lwc_error err = {0};

    (void)state;
    args_set(&args, &lwc_opt_format, "own");
    assert_int_equal(run_get(&args, &capture, &err), LWC_E_INVALID);
    assert_string_equal(capture.out, "ERR 2 get: more arguments than format 'own' takes (2)\n");
    args.operands = 1;
    args_set(&args, &lwc_opt_format, "token");
    assert_int_equal(run_get(&args, &capture, &err), LWC_E_INVALID);
    assert_string_equal(capture.out, "");
    assert_int_equal(fake.asked, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(format_takes_its_request_from_the_arguments, reset),
        cmocka_unit_test_setup(format_reports_every_failure_itself, reset),
        cmocka_unit_test_setup(failure_that_cannot_be_reported_is_told_to_people, reset),
        cmocka_unit_test_setup(format_with_a_deadline_ends_then_and_asks_no_person, reset),
        cmocka_unit_test_setup(format_takes_no_more_arguments_than_it_says, reset),
    };

    return cmocka_run_group_tests_name("get with a format of its own", tests, NULL, NULL);
}
