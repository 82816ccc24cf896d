/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/identity.h"
#include "plugins/helper/program.h"
#include "tests/support/args.h"
#include "tests/support/capture.h"
#include "tests/support/fake_library.h"
#include "tests/support/tmpdir.h"

#define KEY_ID "ACME_0123456789ABCDEF"
#define SECRET "_0123456789abcdef0123456789abcdef"

/* A library and a user; steps notes in which order they are asked. */
static struct {
    enum lwc_code probe_code;
    enum lwc_code prove_code;
    enum lwc_code list_code;
    const char *holder; /* the backend that has the profile already, or NULL */
    const char *answers[3];
    size_t asked;
    char steps[256];
    char stored[512];
} fake;

static void step(const char *name)
{
    strcat(fake.steps, name);
    strcat(fake.steps, " ");
}

static enum lwc_code tell(enum lwc_code code, struct lwc_error *err)
{
    return code == LWC_OK ? LWC_OK : lwc_fail(err, code, "told to");
}

enum lwc_code __wrap_lwc_key_probe(struct lwc_context *ctx, const struct lwc_identity *identity,
                                   const char *backend, uint32_t flags,
                                   char backend_out[LWC_BACKEND_NAME_MAX + 1],
                                   struct lwc_error *err);
enum lwc_code __wrap_lwc_key_probe(struct lwc_context *ctx, const struct lwc_identity *identity,
                                   const char *backend, uint32_t flags,
                                   char backend_out[LWC_BACKEND_NAME_MAX + 1],
                                   struct lwc_error *err)
{
    (void)ctx;
    (void)identity;
    (void)backend;
    (void)flags;
    (void)backend_out;
    step("probe");
    return tell(fake.probe_code, err);
}

enum lwc_code __wrap_lwc_key_prove(struct lwc_context *ctx, const struct lwc_identity *identity,
                                   const void *secret, size_t len, struct lwc_error *err);
enum lwc_code __wrap_lwc_key_prove(struct lwc_context *ctx, const struct lwc_identity *identity,
                                   const void *secret, size_t len, struct lwc_error *err)
{
    (void)ctx;
    (void)identity;
    (void)secret;
    assert_int_equal(len, strlen(SECRET));
    step("prove");
    return tell(fake.prove_code, err);
}

enum lwc_code __wrap_lwc_key_store(struct lwc_context *ctx, const struct lwc_identity *identity,
                                   const void *secret, size_t len, const char *backend,
                                   uint32_t flags, char backend_out[LWC_BACKEND_NAME_MAX + 1],
                                   struct lwc_error *err);
enum lwc_code __wrap_lwc_key_store(struct lwc_context *ctx, const struct lwc_identity *identity,
                                   const void *secret, size_t len, const char *backend,
                                   uint32_t flags, char backend_out[LWC_BACKEND_NAME_MAX + 1],
                                   struct lwc_error *err)
{
    (void)ctx;
    (void)err;
    step("store");
    (void)snprintf(fake.stored, sizeof fake.stored, "%s %s [%s] %s [%s] %.*s %s %u %u",
                   identity->profile, identity->account, identity->origin, identity->key_id,
                   identity->sub_account, (int)len, (const char *)secret,
                   backend == NULL ? "any" : backend, identity->flags, flags);
    strcpy(backend_out, "file");
    return LWC_OK;
}

enum lwc_code __wrap_lwc_list(struct lwc_context *ctx, const struct lwc_query *query,
                              lwc_list_fn *visit, void *data, struct lwc_error *err);
enum lwc_code __wrap_lwc_list(struct lwc_context *ctx, const struct lwc_query *query,
                              lwc_list_fn *visit, void *data, struct lwc_error *err)
{
    static const struct lwc_identity id = {.profile = "prod"};

    (void)ctx;
    assert_string_equal(query->profile, "prod");
    if (fake.holder != NULL) {
        assert_int_equal(visit(data, &id, fake.holder, err), LWC_OK);
    }
    return tell(fake.list_code, err);
}

enum lwc_code __wrap_lwc_prompt_ask(const char *text, uint32_t flags, struct lwc_buf **answer_out,
                                    struct lwc_error *err);
enum lwc_code __wrap_lwc_prompt_ask(const char *text, uint32_t flags, struct lwc_buf **answer_out,
                                    struct lwc_error *err)
{
    const char *answer = fake.asked < LWC_ARRAY_LEN(fake.answers) ? fake.answers[fake.asked] : NULL;

    (void)text;
    fake.asked++;
    step((flags & LWC_PROMPT_ECHO) != 0 ? "ask" : "ask-hidden");
    if (answer == NULL) {
        return lwc_fail(err, LWC_E_LOCKED, "declined");
    }
    return lwc_buf_copy(answer, strlen(answer), answer_out, err);
}

static int reset(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    assert_int_equal(
        unsetenv("LWCRED_NO_PROMPT") + unsetenv("CI") + unsetenv("GIT_TERMINAL_PROMPT"), 0);
    return 0;
}

/* Runs add with the options @args and @input. */
static enum lwc_code add(const struct lwc_args *args, const char *input, struct capture *capture,
                         struct lwc_error *err)
{
    struct lwc_app app = {.args = *args};
    enum lwc_code code = LWC_OK;

    if (lwc_args_value(args, &lwc_opt_account) != NULL) {
        assert_int_equal(
            lwc_account_parse(lwc_args_value(args, &lwc_opt_account), app.account, NULL), LWC_OK);
    }
    capture_begin(capture, input);
    code = lwc_add_command.run(&app, err);
    capture_end(capture);
    assert_null(strstr(capture->err, SECRET));
    assert_null(strstr(capture->out, SECRET));
    return code;
}

static struct lwc_args full_args(void)
{
    struct lwc_args args = {.operands = 0};

    args_set(&args, &lwc_opt_account, "acme");
    args_set(&args, &lwc_opt_key_id, KEY_ID);
    args_set(&args, &lwc_opt_secret_stdin, "");
    return args;
}

static void add_with_all_options_asks_nobody(void **state)
{
    struct lwc_args args = full_args();
    struct capture capture;

    (void)state;
    args_set(&args, &lwc_opt_profile, "prod");
    args_set(&args, &lwc_opt_sub_account, "sub");
    args_set(&args, &lwc_opt_org_access, "");
    args_set(&args, &lwc_opt_backend, "file");
    args_set(&args, &lwc_opt_replace, "");
    args_set(&args, &lwc_opt_api_url, "https://127.0.0.1:18443");
    assert_int_equal(add(&args, SECRET "\n", &capture, NULL), LWC_OK);
    assert_string_equal(fake.steps, "probe prove store ");
    assert_string_equal(fake.stored, "prod acme.lacework.net [127.0.0.1:18443] " KEY_ID
                                     " [sub] " SECRET " file 1 1");
    assert_string_equal(capture.out, "");
    assert_string_equal(
        capture.err,
        "lw-credential-helper: stored profile 'prod' (acme.lacework.net, key id " KEY_ID
        ") in backend 'file'\n");
}

static void add_asks_for_what_is_missing_after_the_probe(void **state)
{
    const struct lwc_args args = {.operands = 0};
    struct capture capture;

    (void)state;
    fake.answers[0] = "https://ACME.lacework.net/ui";
    fake.answers[1] = KEY_ID;
    fake.answers[2] = SECRET;
    assert_int_equal(add(&args, NULL, &capture, NULL), LWC_OK);
    assert_string_equal(fake.steps, "probe ask ask ask-hidden prove store ");
    assert_string_equal(fake.stored,
                        "default acme.lacework.net [] " KEY_ID " [] " SECRET " any 0 0");
}

static void add_declined_question_is_locked_and_names_the_option(void **state)
{
    const struct lwc_args args = {.operands = 0};
    struct capture capture;
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(add(&args, NULL, &capture, &err), LWC_E_LOCKED);
    assert_non_null(strstr(err.msg, "--account"));
    assert_string_equal(fake.steps, "probe ask ");
}

static void add_without_prompts_names_the_missing_option(void **state)
{
    static const struct lwc_option *const missing[] = {&lwc_opt_account, &lwc_opt_key_id,
                                                       &lwc_opt_secret_stdin};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(missing); i++) {
        struct lwc_args args = full_args();
        struct capture capture;
        struct lwc_error err = {0};

        args_set(&args, &lwc_opt_no_prompt, "");
        args_set(&args, missing[i], NULL);
        assert_int_equal(add(&args, NULL, &capture, &err), LWC_E_LOCKED);
        assert_non_null(strstr(err.msg, missing[i]->name));
        assert_int_equal(fake.asked, 0);
        assert_string_equal(fake.stored, "");
    }
}

static void add_tells_stored_from_replaced(void **state)
{
    static const struct {
        bool replace;
        const char *holder;
        enum lwc_code list_code;
        const char *said;
    } cases[] = {
        {false, "file", LWC_OK, "stored"},         {true, NULL, LWC_OK, "stored"},
        {true, "file", LWC_OK, "replaced"},        {true, "keyring", LWC_OK, "stored"},
        {true, "file", LWC_E_CORRUPT, "replaced"}, {true, NULL, LWC_E_CORRUPT, "stored"},
    };

    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_args args = full_args();
        struct capture capture;
        struct lwc_error err = {0};
        char said[200];

        assert_int_equal(reset(state), 0);
        fake.holder = cases[i].holder;
        fake.list_code = cases[i].list_code;
        args_set(&args, &lwc_opt_profile, "prod");
        args_set(&args, &lwc_opt_replace, cases[i].replace ? "" : NULL);
        assert_int_equal(add(&args, SECRET, &capture, &err), LWC_OK);
        (void)snprintf(said, sizeof said,
                       "lw-credential-helper: %s profile 'prod' (acme.lacework.net, key id " KEY_ID
                       ") in backend 'file'\n",
                       cases[i].said);
        assert_string_equal(capture.err, said);
        assert_int_equal(err.code, LWC_OK);
    }
}

static void add_from_a_missing_file_asks_nothing(void **state)
{
    struct lwc_args args = full_args();
    struct capture capture;
    struct lwc_error err = {0};

    (void)state;
    args_set(&args, &lwc_opt_secret_stdin, NULL);
    args_set(&args, &lwc_opt_secret_file, "/nonexistent");
    assert_int_equal(add(&args, NULL, &capture, &err), LWC_E_INVALID);
    assert_string_equal(err.msg, "option --secret-file: /nonexistent: No such file or directory");
    assert_string_equal(fake.steps, "");
}

static void add_failing_probe_asks_for_no_secret(void **state)
{
    const struct lwc_args args = full_args();
    struct capture capture;

    (void)state;
    fake.probe_code = LWC_E_DENIED;
    assert_int_equal(add(&args, SECRET, &capture, NULL), LWC_E_DENIED);
    assert_string_equal(fake.steps, "probe ");
}

static void add_refused_key_is_not_stored(void **state)
{
    struct lwc_args args = full_args();
    struct capture capture;
    struct lwc_error err = {0};

    (void)state;
    fake.prove_code = LWC_E_REFUSED;
    assert_int_equal(add(&args, SECRET, &capture, &err), LWC_E_REFUSED);
    assert_string_equal(fake.stored, "");
    fake.prove_code = LWC_E_NETWORK;
    assert_int_equal(add(&args, SECRET, &capture, &err), LWC_E_NETWORK);
    assert_non_null(strstr(err.hint, "--no-verify"));
    args_set(&args, &lwc_opt_no_verify, "");
    assert_int_equal(add(&args, SECRET, &capture, &err), LWC_OK);
    assert_string_not_equal(fake.stored, "");
}

static void add_wrong_options_are_refused_before_the_probe(void **state)
{
    struct lwc_args args = full_args();
    struct capture capture;

    (void)state;
    args_set(&args, &lwc_opt_profile, "env");
    assert_int_equal(add(&args, SECRET, &capture, NULL), LWC_E_INVALID);
    args_set(&args, &lwc_opt_profile, NULL);
    args_set(&args, &lwc_opt_secret_file, "/dev/null");
    assert_int_equal(add(&args, SECRET, &capture, NULL), LWC_E_INVALID);
    assert_string_equal(fake.steps, "");
}

static void add_slips_of_the_hand_are_refused(void **state)
{
    static const struct {
        const char *name;
        const char *key_id;
        const char *secret;
    } cases[] = {
        {"empty secret", KEY_ID, ""},
        {"newline alone", KEY_ID, "\n"},
        {"two lines", KEY_ID, SECRET "\n" SECRET "\n"},
        {"two newlines", KEY_ID, SECRET "\n\n"},
        {"blank", KEY_ID, SECRET " "},
        {"quotes", KEY_ID, "\"" SECRET "\""},
        {"label", KEY_ID, "secret:" SECRET},
        {"swapped", SECRET, KEY_ID},
        {"key id twice", KEY_ID, KEY_ID},
        {"label before the key id", "keyId:" KEY_ID, SECRET},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_args args = full_args();
        struct capture capture;

        print_message("%s\n", cases[i].name);
        args_set(&args, &lwc_opt_key_id, cases[i].key_id);
        assert_int_equal(add(&args, cases[i].secret, &capture, NULL), LWC_E_INVALID);
        assert_string_equal(fake.stored, "");
    }
}

static void add_odd_shapes_earn_a_warning(void **state)
{
    struct lwc_args args = full_args();
    struct capture capture;

    (void)state;
    args_set(&args, &lwc_opt_key_id, "odd-key");
    assert_int_equal(add(&args, SECRET "\r\n", &capture, NULL), LWC_OK);
    assert_non_null(strstr(capture.err, "warning: the key id has an unusual form"));
    assert_string_not_equal(fake.stored, "");
}

static void add_refused_odd_key_id_is_not_shown(void **state)
{
    static const char misplaced[] = "Forti!Cloud-Secret-Of-Another-Shape";
    struct lwc_args args = full_args();
    struct capture capture;
    struct lwc_error err = {0};

    (void)state;
    args_set(&args, &lwc_opt_key_id, misplaced);
    fake.prove_code = LWC_E_REFUSED;
    assert_int_equal(add(&args, SECRET, &capture, &err), LWC_E_REFUSED);
    assert_non_null(strstr(capture.err, "warning"));
    assert_null(strstr(capture.err, misplaced));
    assert_null(strstr(err.msg, misplaced));
}

static void add_secret_file_is_read_without_its_newline(void **state)
{
    const struct tmpdir *dir = *state;
    struct lwc_args args = full_args();
    struct capture capture;
    struct lwc_error err = {0};
    char path[TMPDIR_PATH_LEN];

    args_set(&args, &lwc_opt_secret_stdin, NULL);
    args_set(&args, &lwc_opt_secret_file, tmpdir_join(dir, "secret", path));
    assert_int_equal(add(&args, NULL, &capture, &err), LWC_E_INVALID);
    tmpdir_write(dir, "secret", SECRET "\n", sizeof SECRET, 0600);
    assert_int_equal(add(&args, NULL, &capture, NULL), LWC_OK);
    assert_non_null(strstr(fake.stored, " " SECRET " any"));
}

static void add_secret_file_of_others_is_unsafe(void **state)
{
    const struct tmpdir *dir = *state;
    struct lwc_args args = full_args();
    struct capture capture;
    char path[TMPDIR_PATH_LEN];

    args_set(&args, &lwc_opt_secret_stdin, NULL);
    args_set(&args, &lwc_opt_secret_file, tmpdir_join(dir, "secret", path));
    tmpdir_write(dir, "secret", SECRET "\n", sizeof SECRET, 0666);
    assert_int_equal(add(&args, NULL, &capture, NULL), LWC_E_UNSAFE);
    assert_string_equal(fake.stored, "");
}

static void add_json_is_one_object(void **state)
{
    struct lwc_args args = full_args();
    struct capture capture;

    (void)state;
    args_set(&args, &lwc_opt_json, "");
    args_set(&args, &lwc_opt_quiet, "");
    assert_int_equal(add(&args, SECRET, &capture, NULL), LWC_OK);
    assert_string_equal(
        capture.out,
        "{\"profile\":\"default\",\"account\":\"acme.lacework.net\",\"keyId\":\"" KEY_ID
        "\",\"subAccount\":\"\",\"orgAccess\":false,\"backend\":\"file\","
        "\"kind\":\"access-key\"}\n");
    assert_string_equal(capture.err, "");
}

static int setup_dir(void **state)
{
    assert_int_equal(reset(state), 0);
    return tmpdir_setup(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(add_with_all_options_asks_nobody, reset),
        cmocka_unit_test_setup(add_asks_for_what_is_missing_after_the_probe, reset),
        cmocka_unit_test_setup(add_declined_question_is_locked_and_names_the_option, reset),
        cmocka_unit_test_setup(add_without_prompts_names_the_missing_option, reset),
        cmocka_unit_test_setup(add_tells_stored_from_replaced, reset),
        cmocka_unit_test_setup(add_from_a_missing_file_asks_nothing, reset),
        cmocka_unit_test_setup(add_failing_probe_asks_for_no_secret, reset),
        cmocka_unit_test_setup(add_refused_key_is_not_stored, reset),
        cmocka_unit_test_setup(add_wrong_options_are_refused_before_the_probe, reset),
        cmocka_unit_test_setup(add_slips_of_the_hand_are_refused, reset),
        cmocka_unit_test_setup(add_odd_shapes_earn_a_warning, reset),
        cmocka_unit_test_setup(add_refused_odd_key_id_is_not_shown, reset),
        cmocka_unit_test_setup_teardown(add_secret_file_is_read_without_its_newline, setup_dir,
                                        tmpdir_teardown),
        cmocka_unit_test_setup_teardown(add_secret_file_of_others_is_unsafe, setup_dir,
                                        tmpdir_teardown),
        cmocka_unit_test_setup(add_json_is_one_object, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
