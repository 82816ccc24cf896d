/* SPDX-License-Identifier: Apache-2.0 */
#include "stack/write.h"

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
        code = i % 2 == 0
                   ? lwc_stack_probe(stacks.stack, &identity, store_cases[at].backend,
                                     store_cases[at].flags, backend, &err)
                   : lwc_stack_store(stacks.stack, &identity, "s", 1, store_cases[at].backend,
                                     store_cases[at].flags, backend, &err);
        stacks_close(&stacks);
        assert_int_equal(code, store_cases[at].code);
        assert_string_equal(backend, code == LWC_OK ? store_cases[at].text : "untouched");
        assert_true(code == LWC_OK || strstr(err.msg, store_cases[at].text) != NULL);
    }
}

/* "BACKEND ok " or "BACKEND CODE " of each backend that was told of. */
static void note_removed(void *data, const char *backend, const struct lwc_error *why)
{
    char *text = data;
    const size_t used = strlen(text);

    (void)snprintf(text + used, 256 - used, "%s %s ", backend,
                   why == NULL ? "ok" : lwc_code_name(why->code));
}

static const struct {
    const char *name;
    const char *stack;
    const char *profile;
    const char *secret;
    const char *backend;
    enum lwc_code code;
    const char *told;
} remove_cases[] = {
    {"there", "erase required answer " HELD "\n", "taken", NULL, NULL, LWC_OK, "answer ok "},
    {"in the second line", "erase sufficient answer\nerase sufficient answer " HELD "\n", "taken",
     NULL, NULL, LWC_OK, "answer ok "},
    {"not there", "erase sufficient answer " HELD "\n", "other", NULL, NULL, LWC_E_NOT_FOUND, ""},
    {"its secret", "erase required answer " HELD "\n", "taken", "s3cret", NULL, LWC_OK,
     "answer ok "},
    {"another secret", "erase sufficient answer " HELD "\n", "taken", "s3creT", NULL,
     LWC_E_NOT_FOUND, ""},
    {"a part of the secret", "erase sufficient answer " HELD "\n", "taken", "s3cre", NULL,
     LWC_E_NOT_FOUND, ""},
    {"locked while comparing", "erase sufficient answer " HELD " find=4\n", "taken", "s3cret", NULL,
     LWC_E_LOCKED, "answer locked "},
    {"erase fails", "erase required answer " HELD " erase=9\n", "taken", NULL, NULL, LWC_E_IO,
     "answer io "},
    {"in a named backend", "erase sufficient answer " HELD "\n", "taken", NULL, "answer", LWC_OK,
     "answer ok "},
    {"in a backend of no line", "erase sufficient answer " HELD "\n", "taken", NULL, "file",
     LWC_E_INVALID, ""},
    {"no erase line", "lookup required answer " HELD "\n", "taken", NULL, NULL, LWC_E_NOT_FOUND,
     ""},
    {"read-only backend", "erase required env\n", "taken", NULL, NULL, LWC_E_NOT_FOUND, ""},
    {"in two backends", "erase sufficient answer " HELD "\nerase sufficient answer x " HELD "\n",
     "taken", NULL, NULL, LWC_OK, "answer ok answer ok "},
    {"behind a line that would end a walk",
     "erase requisite answer\nerase [success=die default=die] answer x " HELD
     "\nerase required answer y " HELD "\n",
     "taken", NULL, NULL, LWC_OK, "answer ok answer ok "},
    {"one is absent", "erase sufficient answer " HELD "\nerase sufficient answer list=8\n", "taken",
     NULL, NULL, LWC_E_UNAVAILABLE, "answer ok answer unavailable "},
    {"one is not installed", "erase sufficient nowhere\nerase sufficient answer " HELD "\n",
     "taken", NULL, NULL, LWC_E_UNAVAILABLE, "nowhere unavailable answer ok "},
    {"one failed, one is absent",
     "erase sufficient nowhere\nerase optional answer list=15\nerase sufficient answer " HELD "\n",
     "taken", NULL, NULL, LWC_E_FAILED, "nowhere unavailable answer failed answer ok "},
    {"held nowhere, one is absent", "erase sufficient answer list=8\nerase sufficient answer\n",
     "taken", NULL, NULL, LWC_E_UNAVAILABLE, "answer unavailable "},
};

static void remove_goes_through_every_line_and_takes_only_what_fits(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof remove_cases / sizeof remove_cases[0]; i++) {
        const char *secret = remove_cases[i].secret;
        struct stacks stacks;
        struct lwc_identity query = LWC_IDENTITY_ANY;
        struct lwc_error err = {0};
        char told[256] = "";

        print_message("%s\n", remove_cases[i].name);
        query.profile = remove_cases[i].profile;
        stacks_open(&stacks, remove_cases[i].stack);
        assert_int_equal(lwc_stack_remove(stacks.stack, &query, secret,
                                          secret != NULL ? strlen(secret) : 0,
                                          remove_cases[i].backend, note_removed, told, &err),
                         remove_cases[i].code);
        assert_int_equal(err.code, remove_cases[i].code);
        assert_string_equal(told, remove_cases[i].told);
        stacks_close(&stacks);
    }
}

/* A profile that may lie in a backend out of reach is stored, with a warning that names it. */
static void store_warns_of_a_holder_that_could_not_be_asked(void **state)
{
    static const struct {
        const char *stack;
        unsigned warnings;
    } cases[] = {
        {"lookup sufficient answer list=8\nstore required answer x\n", 1},
        {"lookup optional answer list=15\nstore required answer x\n", 1},
        {"lookup sufficient answer list=8\nlookup sufficient answer y list=8\n"
         "store required answer x\n",
         2},
        {"lookup sufficient answer\nstore required answer x\n", 0},
        {"lookup sufficient nowhere\nlookup sufficient untold\nstore required answer x\n", 0},
        {"store [error=ignore success=done] answer store=15\nstore required answer x\n", 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct stacks stacks;
        struct lwc_identity identity = identity_of("new");
        char backend[LWC_BACKEND_NAME_MAX + 1] = "";

        print_message("%s", cases[i].stack);
        stacks_open(&stacks, cases[i].stack);
        assert_int_equal(lwc_stack_probe(stacks.stack, &identity, NULL, 0, backend, NULL), LWC_OK);
        assert_int_equal(lwc_stack_store(stacks.stack, &identity, "s", 1, NULL, 0, backend, NULL),
                         LWC_OK);
        assert_int_equal(stacks.warnings, cases[i].warnings);
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
    assert_int_equal(lwc_stack_store(stacks.stack, &one, "s", 1, NULL, 0, backend, NULL), LWC_OK);
    assert_int_equal(lwc_stack_store(stacks.stack, &two, "s", 1, NULL, 0, backend, NULL), LWC_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lwc_identity query = LWC_IDENTITY_ANY;
        size_t len = cases[i].secret != NULL ? strlen(cases[i].secret) : 0;
        struct lwc_error err = {0};
        char told[256] = "";

        print_message("%zu\n", i);
        query.profile = cases[i].profile;
        query.key_id = cases[i].key_id;
        assert_int_equal(lwc_stack_remove(stacks.stack, &query, cases[i].secret, len, NULL,
                                          note_removed, told, &err),
                         cases[i].code);
    }
    stacks_close(&stacks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(store_and_probe_go_where_the_lines_say),
        cmocka_unit_test(remove_goes_through_every_line_and_takes_only_what_fits),
        cmocka_unit_test(store_warns_of_a_holder_that_could_not_be_asked),
        cmocka_unit_test_setup_teardown(remove_from_one_that_cannot_list_leaves_the_choice_to_it,
                                        tmpdir_setup, tmpdir_teardown),
    };

    return cmocka_run_group_tests_name("keep", tests, NULL, NULL);
}
