/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/identity.h"
#include "plugins/helper/program.h"
#include "tests/support/args.h"
#include "tests/support/capture.h"
#include "tests/support/fake_library.h"

/* A library with credentials, in two backends. */
static struct {
    const struct lwc_identity *held[4];
    enum lwc_code list_code;
    enum lwc_code remove_code;
    int64_t life_s;
    char removed[256];
} fake;

static const struct lwc_identity prod = {
    .profile = "prod",
    .account = "acme.lacework.net",
    .origin = "127.0.0.1:18443",
    .key_id = "ACME_01",
    .sub_account = "sub",
    .kind = LWC_KIND_ACCESS_KEY,
    .flags = LWC_ID_ORG_ACCESS,
};
static const struct lwc_identity dev = {
    .profile = "development",
    .account = "a.lacework.net",
    .origin = "",
    .key_id = "",
    .sub_account = "",
    .kind = LWC_KIND_TOKEN,
};

enum lwc_code __wrap_lwc_list(struct lwc_context *ctx, const struct lwc_query *query,
                              lwc_list_fn *visit, void *data, struct lwc_error *err);
enum lwc_code __wrap_lwc_list(struct lwc_context *ctx, const struct lwc_query *query,
                              lwc_list_fn *visit, void *data, struct lwc_error *err)
{
    (void)ctx;
    for (size_t i = 0; i < LWC_ARRAY_LEN(fake.held) && fake.held[i] != NULL; i++) {
        const struct lwc_identity *id = fake.held[i];

        if (query->profile != NULL && !lwc_streq(query->profile, id->profile)) {
            continue;
        }
        assert_int_equal(visit(data, id, i == 0 ? "file" : "env", err), LWC_OK);
    }
    return fake.list_code == LWC_OK ? LWC_OK : lwc_fail(err, fake.list_code, "told to");
}

/* A token of the key of "prod" is cached, or nothing. */
void __wrap_lwc_cached_list(struct lwc_context *ctx, lwc_cached_fn *visit, void *data);
void __wrap_lwc_cached_list(struct lwc_context *ctx, lwc_cached_fn *visit, void *data)
{
    (void)ctx;
    if (fake.life_s > 0) {
        visit(data, &prod, fake.life_s, "keyring");
    }
}

enum lwc_code __wrap_lwc_key_remove(struct lwc_context *ctx, const struct lwc_query *query,
                                    const void *secret, size_t len, const char *backend,
                                    lwc_removed_fn *visit, void *data, struct lwc_error *err);
enum lwc_code __wrap_lwc_key_remove(struct lwc_context *ctx, const struct lwc_query *query,
                                    const void *secret, size_t len, const char *backend,
                                    lwc_removed_fn *visit, void *data, struct lwc_error *err)
{
    (void)ctx;
    assert_null(secret);
    assert_int_equal(len, 0);
    assert_null(query->key_id);
    (void)snprintf(fake.removed, sizeof fake.removed, "%s %s", query->profile,
                   backend == NULL ? "any" : backend);
    if (fake.remove_code != LWC_OK) {
        return lwc_fail(err, fake.remove_code, "told to");
    }
    visit(data, "file", NULL);
    return LWC_OK;
}

static int reset(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    return 0;
}

typedef enum lwc_code run_fn(struct lwc_app *app, struct lwc_error *err);

/* Runs a command with --profile @profile (NULL: without), and --json if @json. */
static enum lwc_code run(run_fn *command, const char *profile, bool json, struct capture *capture,
                         struct lwc_error *err)
{
    struct lwc_app app = {.git_helper = false};
    enum lwc_code code = LWC_OK;

    args_set(&app.args, &lwc_opt_profile, profile);
    args_set(&app.args, &lwc_opt_json, json ? "" : NULL);
    capture_begin(capture, NULL);
    code = command(&app, err);
    capture_end(capture);
    return code;
}

static void list_is_a_table_with_aligned_columns(void **state)
{
    struct capture capture;

    (void)state;
    fake.held[0] = &prod;
    fake.held[1] = &dev;
    assert_int_equal(run(lwc_list_command.run, NULL, false, &capture, NULL), LWC_OK);
    assert_string_equal(
        capture.out, "PROFILE      ACCOUNT            KEY ID   SUB-ACCOUNT  ORG  BACKEND  TOKEN\n"
                     "prod         acme.lacework.net  ACME_01  sub          yes  file     -\n"
                     "development  a.lacework.net     -        -            no   env      -\n");
    assert_string_equal(capture.err, "");
}

/* Rows are as wide as the widest cell of each column, however long that may be. */
static void list_has_room_for_the_longest_cells(void **state)
{
    static const size_t lens[] = {LWC_PROFILE_MAX, LWC_ACCOUNT_MAX, LWC_KEY_ID_MAX,
                                  LWC_SUB_ACCOUNT_MAX};
    char profile[LWC_PROFILE_MAX + 1] = "";
    char account[LWC_ACCOUNT_MAX + 1] = "";
    char key_id[LWC_KEY_ID_MAX + 1] = "";
    char sub_account[LWC_SUB_ACCOUNT_MAX + 1] = "";
    struct lwc_identity longest = prod;
    struct capture capture;
    const char *row = NULL;

    (void)state;
    memset(profile, 'p', LWC_PROFILE_MAX);
    memset(account, 'a', LWC_ACCOUNT_MAX);
    for (size_t i = 60; i < LWC_ACCOUNT_MAX - 1; i += 60) {
        account[i] = '.';
    }
    memset(key_id, 'K', LWC_KEY_ID_MAX);
    memset(sub_account, 's', LWC_SUB_ACCOUNT_MAX);
    longest.profile = profile;
    longest.account = account;
    longest.key_id = key_id;
    longest.sub_account = sub_account;
    fake.held[0] = &prod;
    fake.held[1] = &longest;
    assert_int_equal(run(lwc_list_command.run, NULL, false, &capture, NULL), LWC_OK);
    row = capture.out;
    for (size_t i = 0; i < 3; i++) {
        size_t at = 0;

        for (size_t column = 0; column < LWC_ARRAY_LEN(lens); column++) {
            at += lens[column];
            assert_memory_equal(row + at, "  ", 2);
            assert_int_not_equal(row[at + 2], ' ');
            at += 2;
        }
        row = strchr(row, '\n') + 1;
    }
    assert_string_equal(row, "");
    assert_non_null(strstr(capture.out, key_id));
}

static void list_json_is_an_array(void **state)
{
    struct capture capture;

    (void)state;
    assert_int_equal(run(lwc_list_command.run, NULL, true, &capture, NULL), LWC_OK);
    assert_string_equal(capture.out, "[]\n");
    fake.held[0] = &prod;
    fake.held[1] = &dev;
    assert_int_equal(run(lwc_list_command.run, NULL, true, &capture, NULL), LWC_OK);
    assert_string_equal(
        capture.out,
        "[{\"profile\":\"prod\",\"account\":\"acme.lacework.net\",\"keyId\":\"ACME_01\","
        "\"subAccount\":\"sub\",\"orgAccess\":true,\"backend\":\"file\",\"kind\":\"access-key\","
        "\"tokenExpiresIn\":null},"
        "{\"profile\":\"development\",\"account\":\"a.lacework.net\",\"keyId\":\"\","
        "\"subAccount\":\"\",\"orgAccess\":false,\"backend\":\"env\",\"kind\":\"token\","
        "\"tokenExpiresIn\":null}]\n");
    fake.life_s = 3541;
    assert_int_equal(run(lwc_list_command.run, NULL, true, &capture, NULL), LWC_OK);
    assert_non_null(strstr(capture.out, "\"access-key\",\"tokenExpiresIn\":3541},{"));
    assert_non_null(strstr(capture.out, "\"kind\":\"token\",\"tokenExpiresIn\":null}]"));
    assert_int_equal(run(lwc_show_command.run, "prod", true, &capture, NULL), LWC_OK);
    assert_non_null(strstr(capture.out, "\"tokenExpiresIn\":3541}\n"));
}

static void list_of_nothing_says_so_on_stderr(void **state)
{
    struct capture capture;

    (void)state;
    assert_int_equal(run(lwc_list_command.run, NULL, false, &capture, NULL), LWC_OK);
    assert_string_equal(capture.out, "");
    assert_non_null(strstr(capture.err, "no credential is stored"));
    fake.held[0] = &prod;
    assert_int_equal(run(lwc_list_command.run, "other", false, &capture, NULL), LWC_OK);
    assert_string_equal(capture.out, "");
    assert_null(strstr(capture.err, "no credential is stored"));
    assert_non_null(strstr(capture.err, "no stored credential is that of --profile"));
}

static void list_with_a_failed_backend_shows_the_rest_and_fails(void **state)
{
    struct capture capture;
    struct lwc_error err = {0};

    (void)state;
    fake.held[0] = &prod;
    fake.list_code = LWC_E_CORRUPT;
    assert_int_equal(run(lwc_list_command.run, NULL, false, &capture, &err), LWC_E_CORRUPT);
    assert_non_null(strstr(capture.out, "prod"));
    assert_int_equal(err.code, LWC_E_CORRUPT);
    fake.held[0] = NULL;
    assert_int_equal(run(lwc_list_command.run, NULL, true, &capture, &err), LWC_E_CORRUPT);
    assert_string_equal(capture.out, "[]\n");
    assert_int_equal(run(lwc_list_command.run, NULL, false, &capture, &err), LWC_E_CORRUPT);
    assert_string_equal(capture.out, "");
    assert_null(strstr(capture.err, "no credential is stored"));
}

static void list_marks_a_profile_that_two_backends_hold(void **state)
{
    struct capture capture;

    (void)state;
    fake.held[0] = &prod;
    fake.held[1] = &prod;
    fake.held[2] = &dev;
    assert_int_equal(run(lwc_list_command.run, NULL, false, &capture, NULL), LWC_OK);
    assert_non_null(strstr(capture.out, "yes  file*    -\n"));
    assert_non_null(strstr(capture.out, "yes  env*     -\n"));
    assert_non_null(strstr(capture.out, "no   env      -\n"));
    assert_non_null(strstr(capture.err, "backends 'file' and 'env' both hold profile 'prod'"));
    assert_int_equal(run(lwc_list_command.run, NULL, true, &capture, NULL), LWC_OK);
    assert_null(strchr(capture.out, '*'));
    assert_int_equal(run(lwc_show_command.run, "prod", false, &capture, NULL), LWC_OK);
    assert_non_null(strstr(capture.out, "backend: file\n"));
    assert_non_null(strstr(capture.err, "both hold profile 'prod'"));
}

static void show_prints_one_credential(void **state)
{
    struct capture capture;

    (void)state;
    fake.held[0] = &prod;
    fake.held[1] = &dev;
    assert_int_equal(run(lwc_show_command.run, "prod", false, &capture, NULL), LWC_OK);
    assert_string_equal(capture.out, "profile: prod\naccount: acme.lacework.net\n"
                                     "API at: 127.0.0.1:18443\nkey id: ACME_01\n"
                                     "sub-account: sub\norg access: yes\nkind: access-key\n"
                                     "backend: file\ntoken: -\n");
    assert_int_equal(run(lwc_show_command.run, "development", true, &capture, NULL), LWC_OK);
    assert_int_equal(strncmp(capture.out, "{\"profile\":\"development\"", 24), 0);
}

static void show_needs_one_credential(void **state)
{
    struct capture capture;
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(run(lwc_show_command.run, NULL, false, &capture, &err), LWC_E_NOT_FOUND);
    fake.held[0] = &prod;
    assert_int_equal(run(lwc_show_command.run, "nosuch", false, &capture, &err), LWC_E_NOT_FOUND);
    assert_int_equal(run(lwc_show_command.run, NULL, false, &capture, &err), LWC_OK);
    fake.held[1] = &prod;
    assert_int_equal(run(lwc_show_command.run, NULL, false, &capture, &err), LWC_OK);
    assert_non_null(strstr(capture.out, "backend: file\n"));
    fake.held[2] = &dev;
    assert_int_equal(run(lwc_show_command.run, NULL, false, &capture, &err), LWC_E_INVALID);
    assert_string_equal(capture.out, "");
    assert_non_null(strstr(err.hint, "--profile"));
}

static void remove_needs_a_profile(void **state)
{
    struct capture capture;
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(run(lwc_remove_command.run, NULL, false, &capture, &err), LWC_E_INVALID);
    assert_string_equal(fake.removed, "");
    assert_int_equal(run(lwc_remove_command.run, "prod", false, &capture, &err), LWC_OK);
    assert_string_equal(fake.removed, "prod any");
    assert_string_equal(capture.out, "");
    assert_non_null(strstr(capture.err, "removed profile 'prod' from backend 'file'"));
    fake.remove_code = LWC_E_NOT_FOUND;
    assert_int_equal(run(lwc_remove_command.run, "prod", false, &capture, &err), LWC_E_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(list_is_a_table_with_aligned_columns, reset),
        cmocka_unit_test_setup(list_has_room_for_the_longest_cells, reset),
        cmocka_unit_test_setup(list_json_is_an_array, reset),
        cmocka_unit_test_setup(list_of_nothing_says_so_on_stderr, reset),
        cmocka_unit_test_setup(list_with_a_failed_backend_shows_the_rest_and_fails, reset),
        cmocka_unit_test_setup(list_marks_a_profile_that_two_backends_hold, reset),
        cmocka_unit_test_setup(show_prints_one_credential, reset),
        cmocka_unit_test_setup(show_needs_one_credential, reset),
        cmocka_unit_test_setup(remove_needs_a_profile, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
