/* SPDX-License-Identifier: Apache-2.0 */
#include "base/verb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"

#define FIELD(name, value) \
    {                      \
        (name), (value)    \
    }

static char long_text[LWC_VERB_ARG_MAX + 2];

static int setup(void **state)
{
    (void)state;
    memset(long_text, 'a', sizeof long_text - 1);
    return 0;
}

static void commands_within_the_limits_pass(void **state)
{
    const char *const longest[] = {long_text + 1, "", "path with blanks/\xff"};
    const char *many[LWC_VERB_ARGS_MAX];

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(many); i++) {
        many[i] = "x";
    }
    assert_int_equal(lwc_verb_check("check", 0, NULL, NULL), LWC_OK);
    assert_int_equal(
        lwc_verb_check(long_text + sizeof long_text - 1 - LWC_VERB_MAX, 3, longest, NULL), LWC_OK);
    assert_int_equal(lwc_verb_check("slot-2", LWC_VERB_ARGS_MAX, many, NULL), LWC_OK);
}

static void commands_beyond_the_limits_are_invalid(void **state)
{
    static const struct {
        const char *verb;
        size_t argc;
        const char *arg;
        const char *msg;
    } cases[] = {
        {"", 0, NULL, "a command is 1 to 32"},
        {NULL, 0, NULL, "a command is 1 to 32"},
        {"Check", 0, NULL, "a command is 1 to 32"},
        {"check\n", 0, NULL, "a command is 1 to 32"},
        {"a12345678901234567890123456789012", 0, NULL, "a command is 1 to 32"},
        {"check", LWC_VERB_ARGS_MAX + 1, NULL, "check: 17 arguments, allowed are 16"},
        {"check", SIZE_MAX, NULL, "allowed are 16"},
        {"check", 1, "a\nb", "check: argument 1 is longer than 4096 bytes, or has control"},
        {"check", 1, "\x7f", "check: argument 1 "},
        {"check", 1, long_text, "check: argument 1 is longer"},
        {"check", 1, NULL, "check: argument 1 "},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        const char *const argv[] = {cases[i].arg};
        struct lwc_error err = {0};

        print_message("%zu %s\n", i, cases[i].msg);
        assert_int_equal(lwc_verb_check(cases[i].verb, cases[i].argc, argv, &err), LWC_E_INVALID);
        assert_non_null(strstr(err.msg, cases[i].msg));
    }
}

static void records_are_held_to_the_limits(void **state)
{
    static const struct {
        struct lwc_field fields[2];
        size_t count;
        const char *msg; /* NULL: good */
    } cases[] = {
        {{FIELD("generation", "1"), FIELD("key-epoch", "")}, 2, NULL},
        {{FIELD("path", long_text + 1)}, 1, NULL},
        {{FIELD("path", "\xc3\xa4")}, 1, NULL},
        {{FIELD("path", "x")}, 0, "a record of 0 fields"},
        {{FIELD("path", "x")}, LWC_FIELDS_MAX + 1, "a record of 17 fields, allowed are 1 to 16"},
        {{FIELD("path", "x")}, SIZE_MAX, "allowed are 1 to 16"},
        {{FIELD("", "x")}, 1, "a field without a proper name"},
        {{FIELD(NULL, "x")}, 1, "a field without a proper name"},
        {{FIELD("Path", "x")}, 1, "a field without a proper name"},
        {{FIELD("a12345678901234567890123456789012", "x")}, 1, "a field without a proper name"},
        {{FIELD("path", "x"), FIELD("path", "y")}, 2, "the field 'path' twice"},
        {{FIELD("path", NULL)}, 1, "a field 'path' that is longer"},
        {{FIELD("path", long_text)}, 1, "a field 'path' that is longer"},
        {{FIELD("path", "a\nb")}, 1, "or no printable text"},
        {{FIELD("path", "\x1b[2J")}, 1, "or no printable text"},
        {{FIELD("path", "\xff")}, 1, "or no printable text"},
        {{FIELD("path", "\xe2\x80\xae")}, 1, "or no printable text"},
        {{FIELD("path", "\xc2\x9b")}, 1, "or no printable text"},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_error err = {0};
        enum lwc_code code = lwc_record_check(cases[i].fields, cases[i].count, &err);

        print_message("%zu %s\n", i, cases[i].msg != NULL ? cases[i].msg : "good");
        assert_int_equal(code, cases[i].msg == NULL ? LWC_OK : LWC_E_INVALID);
        assert_true(cases[i].msg == NULL || strstr(err.msg, cases[i].msg) != NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_within_the_limits_pass),
        cmocka_unit_test(commands_beyond_the_limits_are_invalid),
        cmocka_unit_test(records_are_held_to_the_limits),
    };

    return cmocka_run_group_tests_name("verb", tests, setup, NULL);
}
