/* SPDX-License-Identifier: Apache-2.0 */
#include "stack/stack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/stacks.h"

#define LINE(control, args) "lookup " control " answer " args "\n"

static enum lwc_code step_find(void *data, struct lwc_stack_backend *backend, struct lwc_error *err)
{
    struct lwc_identity query = LWC_IDENTITY_ANY;
    struct lwc_identity_copy identity;
    LWC_AUTO_BUF secret = NULL;
    unsigned *asked = data;

    query.profile = "p";
    (*asked)++;
    return lwc_backend_find(backend, &query, &identity, &secret, err);
}

static enum lwc_code walk(const char *text, unsigned *asked, struct lwc_error *err)
{
    struct stacks stacks;
    enum lwc_code code;

    *asked = 0;
    stacks_open(&stacks, text);
    code = lwc_stack_walk(stacks.stack, LWC_OP_LOOKUP, step_find, NULL, asked, err);
    stacks_close(&stacks);
    return code;
}

#define HELD "hold=p:acme.lacework.net:ACME_0:s"

static const struct {
    const char *name;
    const char *text;
    enum lwc_code code;
    unsigned asked;
} walks[] = {
    {"sufficient success ends", LINE("sufficient", HELD) LINE("sufficient", "find=4"), LWC_OK, 1},
    {"sufficient absence goes on", LINE("sufficient", "a") LINE("sufficient", HELD), LWC_OK, 2},
    {"sufficient unavailable goes on", LINE("sufficient", "find=8") LINE("sufficient", HELD),
     LWC_OK, 2},
    {"sufficient locked fails closed", LINE("sufficient", "find=4") LINE("sufficient", HELD),
     LWC_E_LOCKED, 1},
    {"sufficient denied fails closed", LINE("sufficient", "find=5") LINE("sufficient", HELD),
     LWC_E_DENIED, 1},
    {"sufficient corrupt fails closed", LINE("sufficient", "find=6") LINE("sufficient", HELD),
     LWC_E_CORRUPT, 1},
    {"sufficient invalid fails closed", LINE("sufficient", "find=2") LINE("sufficient", HELD),
     LWC_E_INVALID, 1},
    {"missing module is unavailable", "lookup sufficient nowhere\n" LINE("sufficient", HELD),
     LWC_OK, 1 + 1},
    {"bad module fails closed", "lookup sufficient bad-major\n" LINE("sufficient", HELD),
     LWC_E_INVALID, 1},
    {"required success goes on", LINE("required", HELD) LINE("required", HELD " b"), LWC_OK, 2},
    {"required failure is remembered", LINE("required", "find=4") LINE("required", HELD),
     LWC_E_LOCKED, 2},
    {"required absence fails", LINE("required", HELD) LINE("required", "a"), LWC_E_NOT_FOUND, 2},
    {"first failure decides", LINE("required", "find=4") LINE("required", "find=5"), LWC_E_LOCKED,
     2},
    {"required missing module fails", "lookup required nowhere\n" LINE("sufficient", HELD),
     LWC_E_UNAVAILABLE, 2},
    {"success does not heal a required failure",
     LINE("required", "find=9") LINE("sufficient", HELD), LWC_E_IO, 2},
    {"requisite failure ends", LINE("requisite", "find=4") LINE("required", HELD), LWC_E_LOCKED, 1},
    {"requisite success goes on", LINE("requisite", HELD) LINE("sufficient", HELD " b"), LWC_OK, 2},
    {"optional failure is ignored", LINE("optional", "find=4") LINE("sufficient", HELD), LWC_OK, 2},
    {"optional success alone is enough", LINE("optional", HELD), LWC_OK, 1},
    {"optional failure alone finds nothing", LINE("optional", "find=4"), LWC_E_NOT_FOUND, 1},
    {"nobody holds it", LINE("sufficient", "a") LINE("sufficient", "b"), LWC_E_NOT_FOUND, 2},
    {"lines of other operations are passed over", "store required answer\n" LINE("required", HELD),
     LWC_OK, 1},
    {"an empty stack finds nothing", "# nothing\n", LWC_E_NOT_FOUND, 0},
};

static void walk_controls_decide_as_pam_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof walks / sizeof walks[0]; i++) {
        struct lwc_error err = {0};
        unsigned asked = 0;

        print_message("%s\n", walks[i].name);
        assert_int_equal(walk(walks[i].text, &asked, &err), walks[i].code);
        assert_int_equal(asked, walks[i].asked);
        assert_int_equal(err.code, walks[i].code);
    }
}

static void walk_absence_keeps_the_first_reason(void **state)
{
    struct lwc_error err = {0};
    unsigned asked;

    (void)state;
    assert_int_equal(walk(LINE("sufficient", "a") LINE("sufficient", "find=3"), &asked, &err),
                     LWC_E_NOT_FOUND);
    assert_string_equal(err.msg, "told to answer 3");
    assert_int_equal(walk(LINE("sufficient", "a"), &asked, &err), LWC_E_NOT_FOUND);
    assert_string_equal(err.msg, LWC_ABSENT);
}

static enum lwc_code count_visit(void *data, const struct lwc_identity *identity,
                                 struct lwc_error *err)
{
    (void)identity;
    (void)err;
    (*(unsigned *)data)++;
    return LWC_OK;
}

static enum lwc_code step_list(void *data, struct lwc_stack_backend *backend, struct lwc_error *err)
{
    const struct lwc_visitor visitor = {.data = data, .visit = count_visit};

    return lwc_backend_list(backend, &visitor, err);
}

static enum lwc_code list_each(const char *text, unsigned *count, struct lwc_error *err)
{
    struct stacks stacks;
    enum lwc_code code;

    *count = 0;
    stacks_open(&stacks, text);
    code = lwc_stack_each(stacks.stack, LWC_OP_LOOKUP, step_list, NULL, count, err);
    stacks_close(&stacks);
    return code;
}

static void each_lists_all_and_reports_the_first_failure(void **state)
{
    static const struct {
        const char *text;
        enum lwc_code code;
        unsigned count;
    } cases[] = {
        {LINE("sufficient", HELD) LINE("sufficient", HELD " b"), LWC_OK, 2},
        {LINE("sufficient", HELD) LINE("required", HELD), LWC_OK, 1},
        {LINE("sufficient", "list=6") LINE("required", HELD) LINE("required", "list=4"),
         LWC_E_CORRUPT, 1},
        {LINE("sufficient", HELD) "lookup sufficient nowhere\n", LWC_OK, 1},
        {LINE("sufficient", "list=3") LINE("sufficient", HELD), LWC_OK, 1},
        {LINE("sufficient", HELD " lie=malformed"), LWC_E_INVALID, 0},
        {"lookup sufficient bad-caps\n" LINE("sufficient", HELD), LWC_E_INVALID, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lwc_error err = {0};
        unsigned count;

        print_message("%s", cases[i].text);
        assert_int_equal(list_each(cases[i].text, &count, &err), cases[i].code);
        assert_int_equal(count, cases[i].count);
    }
}

static void only_runs_the_line_that_names_the_backend(void **state)
{
    struct stacks stacks;
    struct lwc_error err = {0};
    unsigned count = 0;

    (void)state;
    stacks_open(&stacks, "lookup sufficient env\n" LINE("sufficient", HELD));
    assert_int_equal(lwc_stack_only(stacks.stack, LWC_OP_LOOKUP, "answer", step_list, &count, &err),
                     LWC_OK);
    assert_int_equal(count, 1);
    assert_int_equal(lwc_stack_only(stacks.stack, LWC_OP_STORE, "answer", step_list, &count, &err),
                     LWC_E_INVALID);
    assert_string_equal(err.msg, "no store line of the stack names backend 'answer'");
    stacks_close(&stacks);
}

static void name_backend(void *data, const char *name, const struct lwc_backend *backend,
                         const struct lwc_error *why)
{
    char *text = data;
    size_t used = strlen(text);

    (void)snprintf(text + used, 256 - used, "%s=%s;", name,
                   backend != NULL ? backend->name : lwc_code_name(why->code));
}

static void backends_names_each_once_with_its_fault(void **state)
{
    struct stacks stacks;
    char text[256] = "";

    (void)state;
    stacks_open(&stacks, "lookup sufficient env\nstore required answer\nlookup required answer\n"
                         "lookup sufficient nowhere\nlookup sufficient bad-major\n");
    lwc_stack_backends(stacks.stack, name_backend, text);
    assert_string_equal(text, "env=env;answer=answer;nowhere=unavailable;bad-major=invalid;");
    stacks_close(&stacks);
}

static void builtin_are_those_whose_every_line_is_linked_in(void **state)
{
    static const struct {
        const char *text;
        bool lookup;
        bool store;
    } cases[] = {
        {"lookup required env\n", true, true},
        {"lookup required env\nlookup sufficient env\nstore required answer\n", true, false},
        {"lookup sufficient env\nlookup required answer\n", false, true},
        {"lookup sufficient nowhere\nlookup required env\n", false, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct stacks stacks;

        print_message("%s", cases[i].text);
        stacks_open(&stacks, cases[i].text);
        assert_int_equal(lwc_stack_is_builtin(stacks.stack, LWC_OP_LOOKUP), cases[i].lookup);
        assert_int_equal(lwc_stack_is_builtin(stacks.stack, LWC_OP_STORE), cases[i].store);
        stacks_close(&stacks);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walk_controls_decide_as_pam_does),
        cmocka_unit_test(walk_absence_keeps_the_first_reason),
        cmocka_unit_test(each_lists_all_and_reports_the_first_failure),
        cmocka_unit_test(only_runs_the_line_that_names_the_backend),
        cmocka_unit_test(backends_names_each_once_with_its_fault),
        cmocka_unit_test(builtin_are_those_whose_every_line_is_linked_in),
    };

    return cmocka_run_group_tests_name("stack", tests, NULL, NULL);
}
