/* SPDX-License-Identifier: Apache-2.0 */
#include "stack/keep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/stacks.h"
#include "tests/support/tmpdir.h"

#define HELD "hold=taken:acme.lacework.net:ACME_0:s3cret"

static struct lwc_identity identity_of(const char *profile)
{
    return (struct lwc_identity){.profile = profile,
                                 .account = "acme.lacework.net",
                                 .origin = "",
                                 .key_id = "ACME_0",
                                 .sub_account = "",
                                 .kind = LWC_KIND_ACCESS_KEY};
}

static const struct {
    const char *name;
    const char *stack;
    const char *profile;
    const char *backend;
    uint32_t flags;
    enum lwc_code code;
    const char *text; /* the backend, or a part of the message */
} store_cases[] = {
    {"first that takes it", "store sufficient answer\n", "new", NULL, 0, LWC_OK, "answer"},
    {"missing one is passed over", "store sufficient nowhere\nstore required answer\n", "new", NULL,
     0, LWC_OK, "answer"},
    {"locked one fails closed", "store sufficient answer store=4 probe=4\nstore required answer\n",
     "new", NULL, 0, LWC_E_LOCKED, "told to answer 4"},
    {"read-only one cannot", "store required env\n", "new", NULL, 0, LWC_E_INVALID,
     "backend 'env' cannot store"},
    {"no line", "lookup required answer\n", "new", NULL, 0, LWC_E_UNAVAILABLE,
     "no backend of the stack takes a new key"},
    {"nowhere, for a reason", "store required answer store=3 probe=3\n", "new", NULL, 0,
     LWC_E_UNAVAILABLE, "takes a new key: told to answer 3"},
    {"given to none that says no before", "store required answer probe=8\n", "new", NULL, 0,
     LWC_E_UNAVAILABLE, "told to answer 8"},
    {"named", "store required nowhere\nstore required answer\n", "new", "answer", 0, LWC_OK,
     "answer"},
    {"named but absent", "store required answer\n", "new", "file", 0, LWC_E_INVALID,
     "no store line of the stack names backend 'file'"},
    {"taken", "lookup required answer " HELD "\nstore required answer " HELD "\n", "taken", NULL, 0,
     LWC_E_INVALID, "profile 'taken' exists in backend 'answer'"},
    {"taken in a store line only", "store required answer " HELD "\n", "taken", NULL, 0,
     LWC_E_INVALID, "exists in backend 'answer'"},
    {"replaced where it is",
     "lookup required answer " HELD "\nstore required nowhere\nstore required answer " HELD "\n",
     "taken", NULL, LWC_STORE_REPLACE, LWC_OK, "answer"},
    {"never moved", "lookup required answer " HELD "\nstore required nowhere\n", "taken", "nowhere",
     LWC_STORE_REPLACE, LWC_E_INVALID, "is kept in backend 'answer'"},
    {"a damaged holder stops it", "lookup required answer list=6\nstore required answer x\n", "new",
     NULL, 0, LWC_E_CORRUPT, "told to answer 6"},
};

static void store_and_probe_go_where_the_lines_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * sizeof store_cases / sizeof store_cases[0]; i++) {
        size_t at = i / 2;
        struct stacks stacks;
        struct lwc_identity identity = identity_of(store_cases[at].profile);
        struct lwc_error err = {0};
        char backend[LWC_BACKEND_NAME_MAX + 1] = "untouched";
        enum lwc_code code;

        print_message("%s (%s)\n", store_cases[at].name, i % 2 == 0 ? "probe" : "store");
        stacks_open(&stacks, store_cases[at].stack);
        code = i % 2 == 0 ? lwc_keep_probe(stacks.stack, &identity, store_cases[at].backend,
                                           store_cases[at].flags, backend, &err)
                          : lwc_keep_store(stacks.stack, &identity, "s", 1, store_cases[at].backend,
                                           store_cases[at].flags, backend, &err);
        stacks_close(&stacks);
        assert_int_equal(code, store_cases[at].code);
        assert_string_equal(backend, code == LWC_OK ? store_cases[at].text : "untouched");
        assert_true(code == LWC_OK || strstr(err.msg, store_cases[at].text) != NULL);
    }
}

static void remove_takes_only_what_fits(void **state)
{
    static const struct {
        const char *name;
        const char *stack;
        const char *profile;
        const char *secret;
        const char *backend;
        enum lwc_code code;
    } cases[] = {
        {"there", "erase required answer " HELD "\n", "taken", NULL, NULL, LWC_OK},
        {"in the second line", "erase sufficient answer\nerase sufficient answer " HELD "\n",
         "taken", NULL, NULL, LWC_OK},
        {"not there", "erase sufficient answer " HELD "\n", "other", NULL, NULL, LWC_E_NOT_FOUND},
        {"its secret", "erase required answer " HELD "\n", "taken", "s3cret", NULL, LWC_OK},
        {"another secret", "erase sufficient answer " HELD "\n", "taken", "s3creT", NULL,
         LWC_E_NOT_FOUND},
        {"a part of the secret", "erase sufficient answer " HELD "\n", "taken", "s3cre", NULL,
         LWC_E_NOT_FOUND},
        {"locked while comparing", "erase sufficient answer " HELD " find=4\n", "taken", "s3cret",
         NULL, LWC_E_LOCKED},
        {"erase fails", "erase required answer " HELD " erase=9\n", "taken", NULL, NULL, LWC_E_IO},
        {"in a named backend", "erase sufficient answer " HELD "\n", "taken", NULL, "answer",
         LWC_OK},
        {"in a backend of no line", "erase sufficient answer " HELD "\n", "taken", NULL, "file",
         LWC_E_INVALID},
        {"no erase line", "lookup required answer " HELD "\n", "taken", NULL, NULL,
         LWC_E_NOT_FOUND},
        {"read-only backend", "erase required env\n", "taken", NULL, NULL, LWC_E_NOT_FOUND},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct stacks stacks;
        struct lwc_identity query = LWC_IDENTITY_ANY;
        struct lwc_error err = {0};
        char backend[LWC_BACKEND_NAME_MAX + 1] = "untouched";

        print_message("%s\n", cases[i].name);
        query.profile = cases[i].profile;
        stacks_open(&stacks, cases[i].stack);
        assert_int_equal(lwc_keep_remove(stacks.stack, &query, cases[i].secret,
                                         cases[i].secret != NULL ? strlen(cases[i].secret) : 0,
                                         cases[i].backend, backend, &err),
                         cases[i].code);
        assert_string_equal(backend, cases[i].code == LWC_OK ? "answer" : "untouched");
        stacks_close(&stacks);
    }
}

static void remove_from_one_that_cannot_list_leaves_the_choice_to_it(void **state)
{
    static const struct {
        const char *profile, *key_id, *secret;
        enum lwc_code code;
    } cases[] = {
        {"lwcred-check-1", "", "other", LWC_E_NOT_FOUND},
        {"no-such", "", NULL, LWC_E_NOT_FOUND},
        {"", "ACME_0", NULL, LWC_E_INVALID},
        {"lwcred-check-1", "", "s", LWC_OK},
        {"lwcred-check-1", "", NULL, LWC_E_NOT_FOUND},
        {"", "ACME_0", NULL, LWC_OK},
    };
    const struct tmpdir *dir = *state;
    struct stacks stacks;
    struct lwc_identity one = identity_of("lwcred-check-1");
    struct lwc_identity two = identity_of("lwcred-check-2");
    char backend[LWC_BACKEND_NAME_MAX + 1];
    char text[3 * TMPDIR_PATH_LEN];

    snprintf(text, sizeof text,
             "store required breaks-nolist path=%s/keys\n"
             "erase required breaks-nolist path=%s/keys\n",
             dir->path, dir->path);
    stacks_open(&stacks, text);
    assert_int_equal(lwc_keep_store(stacks.stack, &one, "s", 1, NULL, 0, backend, NULL), LWC_OK);
    assert_int_equal(lwc_keep_store(stacks.stack, &two, "s", 1, NULL, 0, backend, NULL), LWC_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lwc_identity query = LWC_IDENTITY_ANY;
        size_t len = cases[i].secret != NULL ? strlen(cases[i].secret) : 0;
        struct lwc_error err = {0};

        print_message("%zu\n", i);
        query.profile = cases[i].profile;
        query.key_id = cases[i].key_id;
        assert_int_equal(
            lwc_keep_remove(stacks.stack, &query, cases[i].secret, len, NULL, backend, &err),
            cases[i].code);
    }
    stacks_close(&stacks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(store_and_probe_go_where_the_lines_say),
        cmocka_unit_test(remove_takes_only_what_fits),
        cmocka_unit_test_setup_teardown(remove_from_one_that_cannot_list_leaves_the_choice_to_it,
                                        tmpdir_setup, tmpdir_teardown),
    };

    return cmocka_run_group_tests_name("keep", tests, NULL, NULL);
}
