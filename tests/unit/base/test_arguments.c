/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arguments.h"
#include "base/util.h"

struct options {
    const char *name;
    const char *path;
    int count;
    bool is_quiet;
};

static enum lwc_code count_value(void *member, const char *value, struct lwc_error *err)
{
    if (value[0] == '\0') {
        return lwc_fail(err, LWC_E_INVALID, "count= is empty");
    }
    *(int *)member += 1;
    return LWC_OK;
}

static enum lwc_code set_flag(void *member, const char *value, struct lwc_error *err)
{
    (void)err;
    assert_string_equal(value, "");
    *(bool *)member = true;
    return LWC_OK;
}

static const struct lwc_argument words[] = {
    {"name=", offsetof(struct options, name), NULL, false},
    {"path=", offsetof(struct options, path), lwc_argument_path, false},
    {"count=", offsetof(struct options, count), count_value, true},
    {"quiet", offsetof(struct options, is_quiet), set_flag, false},
};
static const struct lwc_argument_table table = {words, LWC_ARRAY_LEN(words), "known is 100%s"};

static void reads_each_word_into_its_member(void **state)
{
    static const char *const argv[] = {"quiet",   "count=1", "name=x=y",
                                       "count=2", "path=/a", "count=3"};
    struct options options = {0};

    (void)state;
    assert_int_equal(lwc_arguments_read(&table, LWC_ARRAY_LEN(argv), argv, &options, NULL), LWC_OK);
    assert_ptr_equal(options.name, argv[2] + 5);
    assert_string_equal(options.path, "/a");
    assert_int_equal(options.count, 3);
    assert_true(options.is_quiet);
}

static void an_empty_value_is_a_value(void **state)
{
    static const char *const argv[] = {"name="};
    struct options options = {0};

    (void)state;
    assert_int_equal(lwc_arguments_read(&table, 1, argv, &options, NULL), LWC_OK);
    assert_string_equal(options.name, "");
}

static void no_arguments_change_nothing(void **state)
{
    struct options options = {.count = 7};

    (void)state;
    assert_int_equal(lwc_arguments_read(&table, 0, NULL, &options, NULL), LWC_OK);
    assert_int_equal(options.count, 7);
    assert_null(options.name);
}

static void wrong_arguments_are_refused(void **state)
{
    static const struct {
        const char *argv[2];
        const char *msg;
    } cases[] = {
        {{"name=a", "name=a"}, "'name=' is repeated"},
        {{"quiet", "quiet"}, "'quiet' is repeated"},
        {{"name=a", "nam=a"}, "unknown argument 'nam=a'"},
        {{"name=a", "name"}, "unknown argument 'name'"},
        {{"name=a", "Name=a"}, "unknown argument 'Name=a'"},
        {{"name=a", "quiet=1"}, "unknown argument 'quiet=1'"},
        {{"name=a", ""}, "unknown argument ''"},
        {{"count=1", "count="}, "count= is empty"},
        {{"quiet", "path=a"}, "path 'a' is neither absolute nor begins with ~/"},
        {{"quiet", "path=~"}, "path '~' is neither absolute nor begins with ~/"},
        {{"quiet", "path="}, "path '' is neither absolute nor begins with ~/"},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct options options = {0};
        struct lwc_error err = {0};

        assert_int_equal(lwc_arguments_read(&table, 2, cases[i].argv, &options, &err),
                         LWC_E_INVALID);
        assert_string_equal(err.msg, cases[i].msg);
    }
}

static void unknown_words_are_answered_by_the_known_ones(void **state)
{
    static const char *const argv[] = {"colour=red"};
    struct options options = {0};
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(lwc_arguments_read(&table, 1, argv, &options, &err), LWC_E_INVALID);
    assert_string_equal(err.hint, "known is 100%s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_each_word_into_its_member),
        cmocka_unit_test(an_empty_value_is_a_value),
        cmocka_unit_test(no_arguments_change_nothing),
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(unknown_words_are_answered_by_the_known_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
