/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/identity.h"
#include "plugins/helper/program.h"
#include "tests/support/args.h"
#include "tests/support/capture.h"
#include "tests/support/fake_library.h"

/* A library that notes what it is asked and answers what it is told to. */
static struct {
    enum lwc_code code;
    int opened;
    bool is_listed;
    int asked;
    char profile[80];
    char account[300];
    char key_id[300];
    char origin[300];
    char sub_account[80];
    bool org_access;
    int64_t ttl_s;
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
    note(fake.profile, sizeof fake.profile, query->profile);
    note(fake.account, sizeof fake.account, query->account);
    note(fake.key_id, sizeof fake.key_id, query->key_id);
    note(fake.origin, sizeof fake.origin, query->origin);
    note(fake.sub_account, sizeof fake.sub_account, query->sub_account);
    fake.org_access = query->org_access;
    fake.ttl_s = query->ttl_s;
    return fake.code == LWC_OK ? LWC_OK : lwc_fail(err, fake.code, "told to");
}

enum lwc_code __wrap_lwc_list(struct lwc_context *ctx, const struct lwc_query *query,
                              lwc_list_fn *visit, void *data, struct lwc_error *err);
enum lwc_code __wrap_lwc_list(struct lwc_context *ctx, const struct lwc_query *query,
                              lwc_list_fn *visit, void *data, struct lwc_error *err)
{
    (void)ctx;
    assert_string_equal(query->account, "api.example:8443");
    return fake.is_listed ? visit(data, &fake_identity, "file", err)
                          : lwc_fail(err, LWC_E_LOCKED, "told to");
}

/* Runs get with @args and @input. */
static enum lwc_code get(const struct lwc_args *args, const char *input, struct capture *capture,
                         struct lwc_error *err)
{
    struct lwc_app app = {.args = *args};
    struct lwc_error ignored = {0};
    enum lwc_code code = LWC_OK;

    if (lwc_args_value(args, &lwc_opt_account) != NULL) {
        note(app.account, sizeof app.account, lwc_args_value(args, &lwc_opt_account));
    }
    err = err == NULL ? &ignored : err;
    capture_begin(capture, input);
    code = lwc_get_command.run(&app, err);
    capture_end(capture);
    return code;
}

static int reset(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    memset(&fake_library, 0, sizeof fake_library);
    return 0;
}

static void get_git_request_is_asked_and_answered(void **state)
{
    const struct lwc_args args = {.operands = 0};
    struct capture capture;

    (void)state;
    assert_int_equal(
        get(&args, "protocol=https\nhost=Acme.lacework.net\nusername=ACME_02\n\n", &capture, NULL),
        LWC_OK);
    assert_string_equal(fake.account, "acme.lacework.net");
    assert_string_equal(fake.key_id, "ACME_02");
    assert_string_equal(fake.profile, "(null)");
    assert_string_equal(fake.sub_account, "(null)");
    assert_int_equal(fake.ttl_s, 0);
    assert_string_equal(capture.out, "protocol=https\nhost=Acme.lacework.net\n"
                                     "username=x-lw-token\npassword=tok-en\n"
                                     "password_expiry_utc=1800000000\n");
    assert_string_equal(capture.err, "");
}

#define ACME_REQUEST "protocol=https\nhost=acme.lacework.net\n\n"

/* A request beside options: what is asked of the library, and whether there is an answer. */
static const struct held {
    const char *name;
    const char *profile;
    const char *account;
    const char *input;
    enum lwc_code code;
    bool is_asked;
    const char *asked; /* "PROFILE ACCOUNT ORIGIN" */
    bool is_answered;
} held[] = {
    {"http", "prod", NULL, "protocol=http\nhost=acme.lacework.net\n\n", LWC_OK, false, "", false},
    {"no protocol", "prod", NULL, "host=acme.lacework.net\n\n", LWC_OK, false, "", false},
    {"no host", "prod", NULL, "protocol=https\n\n", LWC_OK, false, "", false},
    {"blank line alone", "prod", NULL, "\n", LWC_OK, false, "", false},
    {"its account", "prod", NULL, ACME_REQUEST, LWC_OK, true, "prod acme.lacework.net (null)",
     true},
    {"upper case and port", "prod", NULL, "protocol=https\nhost=ACME.lacework.net:443\n\n", LWC_OK,
     true, "prod acme.lacework.net (null)", true},
    {"its origin", "prod", NULL, "protocol=https\nhost=api.example:8443\n\n", LWC_OK, true,
     "prod api.example:8443 (null)", true},
    {"a library that finds another credential", "prod", NULL, "protocol=https\nhost=github.com\n\n",
     LWC_OK, true, "prod github.com (null)", false},
    {"account", NULL, "acme.lacework.net", ACME_REQUEST, LWC_OK, true,
     "(null) acme.lacework.net (null)", true},
    {"account, and http", NULL, "acme.lacework.net", "protocol=http\nhost=acme.lacework.net\n\n",
     LWC_OK, false, "", false},
    {"account and its origin", NULL, "acme.lacework.net",
     "protocol=https\nhost=api.example:8443\n\n", LWC_OK, true,
     "(null) acme.lacework.net api.example:8443", true},
    {"account and another host", NULL, "acme.lacework.net", "protocol=https\nhost=evil.example\n\n",
     LWC_OK, true, "(null) acme.lacework.net evil.example", false},
    {"profile, account and host", "prod", "acme.lacework.net", ACME_REQUEST, LWC_OK, true,
     "prod acme.lacework.net (null)", true},
    {"empty input beside a profile is no request", "prod", NULL, "", LWC_OK, true,
     "prod (null) (null)", true},
    {"empty input beside an account is no request", NULL, "acme.lacework.net", "", LWC_OK, true,
     "(null) acme.lacework.net (null)", true},
    {"empty input without either", NULL, NULL, "", LWC_E_INVALID, false, "", false},
    {"malformed request beside a profile", "prod", NULL, "rubbish\n", LWC_E_INVALID, false, "",
     false},
};

static void get_holds_a_request_against_what_answers(void **state)
{
    for (size_t i = 0; i < LWC_ARRAY_LEN(held); i++) {
        struct lwc_args args = {.operands = 0};
        struct capture capture;
        struct lwc_error err = {0};
        char asked[700];

        print_message("%s\n", held[i].name);
        assert_int_equal(reset(state), 0);
        args_set(&args, &lwc_opt_profile, held[i].profile);
        args_set(&args, &lwc_opt_account, held[i].account);
        assert_int_equal(get(&args, held[i].input, &capture, &err), held[i].code);
        assert_int_equal(err.code, held[i].code);
        assert_int_equal(fake.asked, held[i].is_asked);
        (void)snprintf(asked, sizeof asked, "%s %s %s", fake.profile, fake.account, fake.origin);
        assert_string_equal(held[i].is_asked ? asked : "", held[i].asked);
        assert_int_equal(strstr(capture.out, "password=tok-en\n") != NULL, held[i].is_answered);
        assert_string_equal(held[i].is_answered ? "" : capture.out, "");
    }
}

static void get_of_other_formats_reads_nothing(void **state)
{
    struct lwc_args args = {.operands = 0};
    struct capture capture;

    (void)state;
    args_set(&args, &lwc_opt_profile, "prod");
    args_set(&args, &lwc_opt_format, "token");
    assert_int_equal(get(&args, "protocol=http\nhost=evil.example\n\n", &capture, NULL), LWC_OK);
    assert_string_equal(capture.out, "tok-en\n");
}

static void get_options_reach_the_query(void **state)
{
    struct lwc_args args = {.operands = 0};
    struct capture capture;

    (void)state;
    args_set(&args, &lwc_opt_format, "token");
    args_set(&args, &lwc_opt_ttl, "10m");
    args_set(&args, &lwc_opt_sub_account, "sub");
    args_set(&args, &lwc_opt_org_access, "");
    assert_int_equal(get(&args, "rubbish", &capture, NULL), LWC_OK);
    assert_string_equal(capture.out, "tok-en\n");
    assert_string_equal(fake.sub_account, "sub");
    assert_true(fake.org_access);
    assert_int_equal(fake.ttl_s, 600);
    assert_string_equal(fake.account, "(null)");
}

static void get_as_json_means_the_format(void **state)
{
    static const struct {
        const char *format;
        bool git_helper;
        const char *begins;
    } cases[] = {
        {NULL, false, "{\"token\":\"tok-en\","},
        {"json", false, "{\"token\":\"tok-en\","},
        {"token", false, "tok-en\n"},
        {"git", false, "protocol=https\n"},
        {NULL, true, "protocol=https\n"},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_app app = {.git_helper = cases[i].git_helper};
        struct lwc_error err = {0};
        struct capture capture;

        args_set(&app.args, &lwc_opt_profile, "prod");
        args_set(&app.args, &lwc_opt_json, "");
        args_set(&app.args, &lwc_opt_format, cases[i].format);
        capture_begin(&capture, "");
        assert_int_equal(lwc_get_command.run(&app, &err), LWC_OK);
        capture_end(&capture);
        assert_int_equal(strncmp(capture.out, cases[i].begins, strlen(cases[i].begins)), 0);
    }
}

static void get_foreign_request_opens_nothing(void **state)
{
    static const char *const cases[] = {
        "protocol=http\nhost=acme.lacework.net\n",
        "protocol=https\n",
        "host=acme.lacework.net\n",
        "\n",
        "protocol=https\nhost=acme.lacework.net.\n",
    };
    const struct lwc_args args = {.operands = 0};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct capture capture;

        print_message("%s", cases[i]);
        assert_int_equal(get(&args, cases[i], &capture, NULL), LWC_OK);
        assert_string_equal(capture.out, "");
        assert_string_equal(capture.err, "");
        assert_int_equal(fake_library.opened, 0);
    }
}

static void get_malformed_request_is_refused(void **state)
{
    static const char *const cases[] = {"", "host\n", "host=a\nhost=b\n"};
    const struct lwc_args args = {.operands = 0};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct capture capture;

        assert_int_equal(get(&args, cases[i], &capture, NULL), LWC_E_INVALID);
        assert_string_equal(capture.out, "");
        assert_int_equal(fake_library.opened, 0);
    }
}

/* git asks for every host; only for one that is an account's, or known, may a store be unlocked. */
static void get_unlocks_nothing_for_a_host_that_no_store_names(void **state)
{
    static const char *const variables[] = {"LWCRED_NO_PROMPT", "CI", "GIT_TERMINAL_PROMPT"};
    static const struct {
        const char *input;
        bool is_listed;
        enum lwc_code code;
        int opened;
        bool may_ask;
    } cases[] = {
        {"protocol=https\nhost=api.example:8443\n", false, LWC_OK, 1, false},
        {"protocol=https\nhost=api.example:8443\n", true, LWC_E_LOCKED, 2, true},
        {ACME_REQUEST, false, LWC_E_LOCKED, 1, true},
    };
    struct lwc_args args = {.operands = 0};

    for (size_t i = 0; i < LWC_ARRAY_LEN(variables); i++) {
        assert_int_equal(unsetenv(variables[i]), 0);
    }
    args_set(&args, &lwc_opt_verbose, "");
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct capture capture;
        struct lwc_error err = {0};

        print_message("%s", cases[i].input);
        assert_int_equal(reset(state), 0);
        fake.code = LWC_E_LOCKED;
        fake.is_listed = cases[i].is_listed;
        assert_int_equal(get(&args, cases[i].input, &capture, &err), cases[i].code);
        assert_int_equal(err.code, cases[i].code);
        assert_int_equal(fake_library.opened, cases[i].opened);
        assert_true(((fake_library.options.flags & LWC_OPEN_NO_PROMPT) == 0) == cases[i].may_ask);
        assert_string_equal(capture.out, "");
        assert_true((strstr(capture.err, "another host than an account's: told to") != NULL) ==
                    (cases[i].code == LWC_OK));
    }
}

static void get_not_found_is_silent_for_a_request_only(void **state)
{
    struct lwc_args args = {.operands = 0};
    struct lwc_error err = {0};
    struct capture capture;

    (void)state;
    fake.code = LWC_E_NOT_FOUND;
    assert_int_equal(get(&args, "protocol=https\nhost=a\n", &capture, &err), LWC_OK);
    assert_int_equal(err.code, LWC_OK);
    assert_string_equal(capture.out, "");
    assert_string_equal(capture.err, "");
    args_set(&args, &lwc_opt_verbose, "");
    assert_int_equal(get(&args, "protocol=https\nhost=a\n", &capture, &err), LWC_OK);
    assert_non_null(strstr(capture.err, "no answer for host 'a': told to"));
    args_set(&args, &lwc_opt_profile, "prod");
    assert_int_equal(get(&args, NULL, &capture, &err), LWC_E_NOT_FOUND);
    args_set(&args, &lwc_opt_profile, NULL);
    args_set(&args, &lwc_opt_format, "json");
    assert_int_equal(get(&args, NULL, &capture, &err), LWC_E_NOT_FOUND);
}

static void get_other_failures_are_told(void **state)
{
    static const enum lwc_code cases[] = {LWC_E_INVALID, LWC_E_LOCKED, LWC_E_NETWORK, LWC_E_REFUSED,
                                          LWC_E_RATE_LIMITED};
    const struct lwc_args args = {.operands = 0};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_error err = {0};
        struct capture capture;

        fake.code = cases[i];
        assert_int_equal(get(&args, ACME_REQUEST, &capture, &err), cases[i]);
        assert_int_equal(err.code, cases[i]);
        assert_string_equal(capture.out, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(get_git_request_is_asked_and_answered, reset),
        cmocka_unit_test_setup(get_holds_a_request_against_what_answers, reset),
        cmocka_unit_test_setup(get_of_other_formats_reads_nothing, reset),
        cmocka_unit_test_setup(get_options_reach_the_query, reset),
        cmocka_unit_test_setup(get_as_json_means_the_format, reset),
        cmocka_unit_test_setup(get_foreign_request_opens_nothing, reset),
        cmocka_unit_test_setup(get_malformed_request_is_refused, reset),
        cmocka_unit_test_setup(get_unlocks_nothing_for_a_host_that_no_store_names, reset),
        cmocka_unit_test_setup(get_not_found_is_silent_for_a_request_only, reset),
        cmocka_unit_test_setup(get_other_failures_are_told, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
