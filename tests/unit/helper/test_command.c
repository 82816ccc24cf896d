/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"

static const struct lwc_option opt_all = {.name = "all", .letter = 'a', .help = "h"};
static const struct lwc_option opt_deep = {.name = "deep", .letter = 'd', .help = "h"};

static const struct lwc_command clear = {
    .name = "clear", .aliases = LWC_ALIASES("rm", "wipe"), .options = LWC_OPTIONS(&opt_deep)};
static const struct lwc_command list = {.name = "list"};
static const struct lwc_command cache = {.name = "cache",
                                         .options = LWC_OPTIONS(&opt_all),
                                         .subcommands = LWC_SUBCOMMANDS(&clear, &list)};

static void find_knows_names_and_aliases(void **state)
{
    (void)state;
    assert_ptr_equal(lwc_command_find(&cache, "clear"), &clear);
    assert_ptr_equal(lwc_command_find(&cache, "rm"), &clear);
    assert_ptr_equal(lwc_command_find(&cache, "wipe"), &clear);
    assert_ptr_equal(lwc_command_find(&cache, "list"), &list);
    assert_null(lwc_command_find(&cache, "lists"));
    assert_null(lwc_command_find(&cache, ""));
    assert_null(lwc_command_find(&list, "list"));
}

static void unknown_command_names_the_nearest_or_the_help(void **state)
{
    static const struct {
        const char *path;
        const char *name;
        const char *msg;
        const char *hint;
    } cases[] = {
        {"", "lsit", "unknown command 'lsit'", "did you mean 'list'?"},
        {"cache", "lsit", "cache: unknown command 'lsit'", "did you mean 'list'?"},
        {"", "x", "unknown command 'x'", "'lw-credential-helper --help' lists the commands"},
        {"cache", "x", "cache: unknown command 'x'",
         "'lw-credential-helper cache --help' lists the commands"},
        {"cache", "_5ecret", "cache: unknown command (it is no word)",
         "'lw-credential-helper cache --help' lists the commands"},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_error err = {0};

        assert_int_equal(lwc_command_fail_unknown(&cache, cases[i].path, cases[i].name, &err),
                         LWC_E_INVALID);
        assert_string_equal(err.msg, cases[i].msg);
        assert_string_equal(err.hint, cases[i].hint);
    }
    assert_int_equal(lwc_command_fail_unknown(&cache, "", "x", NULL), LWC_E_INVALID);
}

static void option_is_found_by_name_or_letter(void **state)
{
    static const struct {
        struct lwc_option_key key;
        bool deep;
        const struct lwc_option *option;
    } cases[] = {
        {{.name = "all", .len = 3}, false, &opt_all},
        {{.name = "all=x", .len = 3}, false, &opt_all},
        {{.name = "all", .len = 2}, false, NULL},
        {{.letter = 'a'}, false, &opt_all},
        {{.name = "deep", .len = 4}, false, NULL},
        {{.name = "deep", .len = 4}, true, &opt_deep},
        {{.letter = 'd'}, true, &opt_deep},
        {{.letter = 'x'}, true, NULL},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        assert_ptr_equal(lwc_command_option(&cache, &cases[i].key, cases[i].deep), cases[i].option);
    }
}

static void count_option(void *data, const struct lwc_option *option)
{
    size_t *count = data;

    assert_non_null(option->name);
    ++*count;
}

static void each_option_is_visited(void **state)
{
    size_t count = 0;

    (void)state;
    lwc_command_each_option(&cache, false, count_option, &count);
    assert_int_equal(count, 1);
    lwc_command_each_option(&cache, true, count_option, &count);
    assert_int_equal(count, 3);
    lwc_command_each_option(&list, true, count_option, &count);
    assert_int_equal(count, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(find_knows_names_and_aliases),
        cmocka_unit_test(unknown_command_names_the_nearest_or_the_help),
        cmocka_unit_test(option_is_found_by_name_or_letter),
        cmocka_unit_test(each_option_is_visited),
    };

    return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
