/* SPDX-License-Identifier: Apache-2.0 */
/* The environment backend, through the module as it is loaded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "stack/lookup.h"
#include "tests/support/stacks.h"
#include "tests/support/tmpdir.h"

#define SECRET "_0123456789abcdef0123456789abcdef"

static const char *const names[] = {
    "LW_ACCOUNT",        "LW_ACCOUNT_FILE",        "LW_API_KEY",    "LW_API_KEY_FILE",
    "LW_API_SECRET",     "LW_API_SECRET_FILE",     "LW_SUBACCOUNT", "LW_SUBACCOUNT_FILE",
    "LW_ORGANIZATION",   "LW_ORGANIZATION_FILE",   "LW_API_TOKEN",  "LW_API_TOKEN_FILE",
    "LW_API_SERVER_URL", "LW_API_SERVER_URL_FILE", "LW_PROFILE",    "CREDENTIALS_DIRECTORY",
};

struct test_variable {
    const char *name;
    const char *value;
};

static void set_variables(const struct test_variable *variables)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        unsetenv(names[i]);
    }
    for (size_t i = 0; variables[i].name != NULL; i++) {
        setenv(variables[i].name, variables[i].value, 1);
    }
}

static enum lwc_code look(struct lwc_found **found_out, struct lwc_error *err)
{
    struct lwc_identity query = LWC_IDENTITY_ANY;
    struct stacks stacks;
    enum lwc_code code;

    query.profile = "env";
    stacks_open(&stacks, "lookup required env\n");
    code = lwc_lookup_find_exact(stacks.stack, LWC_OP_LOOKUP, &query, found_out, err);
    stacks_close(&stacks);
    return code;
}

static void find_complete_key_gives_all_of_it(void **state)
{
    static const struct test_variable variables[] = {
        {"LW_ACCOUNT", "https://ACME.lacework.net/ui"},
        {"LW_API_KEY", "ACME_01"},
        {"LW_API_SECRET", SECRET},
        {"LW_SUBACCOUNT", "prod-business"},
        {"LW_ORGANIZATION", "True"},
        {"LW_API_SERVER_URL", "https://127.0.0.1:8443"},
        {"LW_API_TOKEN", "ignored"},
        {NULL, NULL}};
    LWC_AUTO_FOUND found = NULL;

    (void)state;
    set_variables(variables);
    assert_int_equal(look(&found, NULL), LWC_OK);
    assert_string_equal(found->identity.id.profile, "env");
    assert_string_equal(found->identity.id.account, "acme.lacework.net");
    assert_string_equal(found->identity.id.origin, "127.0.0.1:8443");
    assert_string_equal(found->identity.id.key_id, "ACME_01");
    assert_string_equal(found->identity.id.sub_account, "prod-business");
    assert_int_equal(found->identity.id.kind, LWC_KIND_ACCESS_KEY);
    assert_int_equal(found->identity.id.flags, LWC_ID_ORG_ACCESS);
    assert_true(lwc_buf_equal(found->secret, SECRET, strlen(SECRET)));
}

static void find_token_alone_is_a_ready_token(void **state)
{
    static const struct test_variable variables[] = {
        {"LW_ACCOUNT", "acme"}, {"LW_API_TOKEN", "_tok"}, {NULL, NULL}};
    LWC_AUTO_FOUND found = NULL;

    (void)state;
    set_variables(variables);
    assert_int_equal(look(&found, NULL), LWC_OK);
    assert_int_equal(found->identity.id.kind, LWC_KIND_TOKEN);
    assert_string_equal(found->identity.id.key_id, "");
    assert_true(lwc_buf_equal(found->secret, "_tok", 4));
}

static void find_half_set_environment_is_no_answer(void **state)
{
    static const struct {
        struct test_variable variables[4];
        const char *msg;
    } cases[] = {
        {{{NULL, NULL}}, LWC_ABSENT},
        {{{"LW_ACCOUNT", "acme"}}, LWC_ABSENT},
        {{{"LW_ACCOUNT", "acme"}, {"LW_API_KEY", "A_1"}}, "LW_API_KEY without LW_API_SECRET"},
        {{{"LW_ACCOUNT", "acme"}, {"LW_API_KEY", "A_1"}, {"LW_API_SECRET", ""}},
         "LW_API_KEY without LW_API_SECRET"},
        {{{"LW_ACCOUNT", "acme"}, {"LW_API_SECRET", SECRET}}, "LW_API_SECRET without LW_API_KEY"},
        {{{"LW_API_KEY", "A_1"}, {"LW_API_SECRET", SECRET}}, "LW_API_KEY without LW_ACCOUNT"},
        {{{"LW_API_TOKEN", "_t"}}, "LW_API_TOKEN without LW_ACCOUNT"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lwc_found *found = NULL;
        struct lwc_error err = {0};

        print_message("%s\n", cases[i].msg);
        set_variables(cases[i].variables);
        assert_int_equal(look(&found, &err), LWC_E_NOT_FOUND);
        assert_null(found);
        assert_non_null(strstr(err.msg, cases[i].msg));
        assert_null(strstr(err.msg, SECRET));
    }
}

static void find_malformed_values_are_refused_without_showing_the_secret(void **state)
{
    static const struct {
        struct test_variable variables[6];
        const char *msg;
    } cases[] = {
        {{{"LW_ACCOUNT", "evil.com/"}, {"LW_API_KEY", "A_1"}, {"LW_API_SECRET", SECRET}},
         "LW_ACCOUNT"},
        {{{"LW_ACCOUNT", "acme"}, {"LW_API_KEY", "A 1"}, {"LW_API_SECRET", SECRET}}, "key id"},
        {{{"LW_ACCOUNT", "acme"}, {"LW_API_KEY", "A_1"}, {"LW_API_SECRET", "\"" SECRET "\""}},
         "LW_API_SECRET"},
        {{{"LW_ACCOUNT", "acme"}, {"LW_API_KEY", "A_1"}, {"LW_API_SECRET", SECRET "\n"}},
         "LW_API_SECRET"},
        {{{"LW_ACCOUNT", "acme"},
          {"LW_API_KEY", "A_1"},
          {"LW_API_SECRET", SECRET},
          {"LW_ORGANIZATION", "perhaps"}},
         "LW_ORGANIZATION"},
        {{{"LW_ACCOUNT", "acme"},
          {"LW_API_KEY", "A_1"},
          {"LW_API_SECRET", SECRET},
          {"LW_API_SERVER_URL", "http://127.0.0.1:8443"}},
         "LW_API_SERVER_URL"},
        {{{"LW_ACCOUNT", "acme"},
          {"LW_API_KEY", "A_1"},
          {"LW_API_SECRET", SECRET},
          {"LW_API_SECRET_FILE", "/dev/null"}},
         "LW_API_SECRET and LW_API_SECRET_FILE are both set"},
        {{{"LW_ACCOUNT", "acme"}, {"LW_API_KEY", "A_1"}, {"LW_API_SECRET_FILE", "/nonexistent"}},
         "LW_API_SECRET_FILE"},
        {{{"LW_ACCOUNT", "acme"}, {"LW_API_KEY", "A_1"}, {"LW_API_SECRET_FILE", "/dev/zero"}},
         "LW_API_SECRET_FILE"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lwc_found *found = NULL;
        struct lwc_error err = {0};

        print_message("%zu: %s\n", i, cases[i].msg);
        set_variables(cases[i].variables);
        assert_int_equal(look(&found, &err), LWC_E_INVALID);
        assert_null(found);
        assert_non_null(strstr(err.msg, cases[i].msg));
        assert_null(strstr(err.msg, SECRET));
    }
}

static void find_reads_files_and_drops_one_newline(void **state)
{
    static const struct {
        const char *content;
        enum lwc_code code;
    } cases[] = {
        {SECRET, LWC_OK},
        {SECRET "\n", LWC_OK},
        {SECRET "\r\n", LWC_OK},
        {SECRET "\n\n", LWC_E_INVALID},
        {" " SECRET "\n", LWC_E_INVALID},
        {"", LWC_E_NOT_FOUND},
        {"\n", LWC_E_NOT_FOUND},
    };
    struct tmpdir *dir = *state;
    char path[TMPDIR_PATH_LEN];
    const struct test_variable variables[] = {
        {"LW_ACCOUNT", "acme"},
        {"LW_API_KEY", "A_1"},
        {"LW_API_SECRET_FILE", tmpdir_join(dir, "secret", path)},
        {NULL, NULL},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        LWC_AUTO_FOUND found = NULL;

        print_message("%zu\n", i);
        (void)unlink(path);
        tmpdir_write(dir, "secret", cases[i].content, strlen(cases[i].content), 0400);
        set_variables(variables);
        assert_int_equal(look(&found, NULL), cases[i].code);
        if (cases[i].code == LWC_OK) {
            assert_true(lwc_buf_equal(found->secret, SECRET, strlen(SECRET)));
        }
    }
}

/* The part before the NUL is not taken for the whole value. */
static void find_value_with_nul_is_refused(void **state)
{
    static const char *const files[] = {"LW_ACCOUNT_FILE", "LW_API_KEY_FILE", "LW_SUBACCOUNT_FILE",
                                        "LW_API_SECRET_FILE", "LW_API_SERVER_URL_FILE"};
    static const struct {
        const char *name;
        const char *value;
    } whole[] = {{"LW_ACCOUNT", "acme"}, {"LW_API_KEY", "A_1"}, {"LW_API_SECRET", SECRET}};
    static const char content[] = "acme\0.evil.example";
    struct tmpdir *dir = *state;
    char path[TMPDIR_PATH_LEN];

    tmpdir_write(dir, "value", content, sizeof content - 1, 0400);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        const struct test_variable variables[] = {{files[i], tmpdir_join(dir, "value", path)},
                                                  {NULL, NULL}};
        LWC_AUTO_FOUND found = NULL;
        struct lwc_error err = {0};

        print_message("%s\n", files[i]);
        set_variables(variables);
        for (size_t j = 0; j < sizeof whole / sizeof whole[0]; j++) {
            if (strncmp(files[i], whole[j].name, strlen(whole[j].name)) != 0) {
                setenv(whole[j].name, whole[j].value, 1);
            }
        }
        assert_int_equal(look(&found, &err), LWC_E_INVALID);
        assert_null(found);
    }
}

static void find_follows_links_and_judges_what_they_lead_to(void **state)
{
    struct tmpdir *dir = *state;
    char path[TMPDIR_PATH_LEN];
    char link[TMPDIR_PATH_LEN];
    const struct test_variable variables[] = {
        {"LW_ACCOUNT", "acme"},
        {"LW_API_KEY", "A_1"},
        {"LW_API_SECRET_FILE", tmpdir_join(dir, "secret", link)},
        {NULL, NULL},
    };
    LWC_AUTO_FOUND found = NULL;
    struct lwc_error err = {0};

    tmpdir_mkdir(dir, "..2026", 0755);
    tmpdir_write(dir, "..2026/secret", SECRET, strlen(SECRET), 0444);
    assert_int_equal(symlink("..2026", tmpdir_join(dir, "..data", path)), 0);
    assert_int_equal(symlink("..data/secret", link), 0);
    set_variables(variables);
    assert_int_equal(look(&found, &err), LWC_OK);
    assert_int_equal(chmod(tmpdir_join(dir, "..2026/secret", path), 0666), 0);
    assert_int_equal(look(&found, &err), LWC_E_UNSAFE);
    assert_non_null(strstr(err.msg, "LW_API_SECRET_FILE"));
}

static void find_reads_the_credentials_directory(void **state)
{
    struct tmpdir *dir = *state;
    const struct test_variable variables[] = {{"CREDENTIALS_DIRECTORY", dir->path}, {NULL, NULL}};
    const struct test_variable mixed[] = {
        {"CREDENTIALS_DIRECTORY", dir->path}, {"LW_ACCOUNT", "other"}, {NULL, NULL}};
    LWC_AUTO_FOUND found = NULL;
    LWC_AUTO_FOUND other = NULL;

    tmpdir_write(dir, "lw-account", "acme\n", 5, 0400);
    tmpdir_write(dir, "lw-api-key", "A_1\n", 4, 0400);
    tmpdir_write(dir, "lw-api-secret", SECRET "\n", strlen(SECRET) + 1, 0400);
    tmpdir_write(dir, "lw-subaccount", "sub\n", 4, 0400);
    set_variables(variables);
    assert_int_equal(look(&found, NULL), LWC_OK);
    assert_string_equal(found->identity.id.account, "acme.lacework.net");
    assert_string_equal(found->identity.id.sub_account, "sub");
    assert_true(lwc_buf_equal(found->secret, SECRET, strlen(SECRET)));
    set_variables(mixed);
    assert_int_equal(look(&other, NULL), LWC_OK);
    assert_string_equal(other->identity.id.account, "other.lacework.net");
}

static void find_missing_credentials_are_not_set(void **state)
{
    struct tmpdir *dir = *state;
    const struct test_variable variables[] = {{"CREDENTIALS_DIRECTORY", dir->path}, {NULL, NULL}};
    struct lwc_found *found = NULL;

    set_variables(variables);
    assert_int_equal(look(&found, NULL), LWC_E_NOT_FOUND);
    assert_null(found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(find_complete_key_gives_all_of_it),
        cmocka_unit_test(find_token_alone_is_a_ready_token),
        cmocka_unit_test(find_half_set_environment_is_no_answer),
        cmocka_unit_test(find_malformed_values_are_refused_without_showing_the_secret),
        cmocka_unit_test_setup_teardown(find_reads_files_and_drops_one_newline, tmpdir_setup,
                                        tmpdir_teardown),
        cmocka_unit_test_setup_teardown(find_value_with_nul_is_refused, tmpdir_setup,
                                        tmpdir_teardown),
        cmocka_unit_test_setup_teardown(find_follows_links_and_judges_what_they_lead_to,
                                        tmpdir_setup, tmpdir_teardown),
        cmocka_unit_test_setup_teardown(find_reads_the_credentials_directory, tmpdir_setup,
                                        tmpdir_teardown),
        cmocka_unit_test_setup_teardown(find_missing_credentials_are_not_set, tmpdir_setup,
                                        tmpdir_teardown),
    };

    return cmocka_run_group_tests_name("env", tests, NULL, NULL);
}
