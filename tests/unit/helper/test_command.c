/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/capture.h"

#define WORDS_MAX 8

/* Runs the program's command line @line, words parted by single blanks. */
static enum lwc_code run(const char *line, bool git_helper, struct capture *capture,
                         struct lwc_error *err)
{
    static char program[] = "lw-credential-helper";
    LWC_AUTO_APP app = {.git_helper = git_helper};
    char words[256] = "";
    char *argv[WORDS_MAX + 2] = {program};
    char *rest = words;
    int argc = 1;
    enum lwc_code code = LWC_OK;

    strncpy(words, line, sizeof words - 1);
    while (rest != NULL && rest[0] != '\0' && argc <= WORDS_MAX) {
        argv[argc++] = strsep(&rest, " ");
    }
    capture_begin(capture, NULL);
    code = lwc_command_run(&app, argc, argv, err);
    capture_end(capture);
    return code;
}

static void run_capability_answers(void **state)
{
    struct capture capture;

    (void)state;
    assert_int_equal(run("capability", false, &capture, NULL), LWC_OK);
    assert_string_equal(capture.out, "version 0\ncapability authtype\n");
    assert_int_equal(run("-q capability", true, &capture, NULL), LWC_OK);
    assert_string_equal(capture.out, "version 0\ncapability authtype\n");
}

static void run_help_in_every_form(void **state)
{
    static const struct {
        const char *line;
        const char *begins;
    } cases[] = {
        {"--help", "usage: lw-credential-helper [OPTION]... COMMAND"},
        {"-h", "usage: lw-credential-helper [OPTION]... COMMAND"},
        {"help", "usage: lw-credential-helper [OPTION]... COMMAND"},
        {"help get", "usage: lw-credential-helper [OPTION]... get"},
        {"get --help", "usage: lw-credential-helper [OPTION]... get"},
        {"-h add", "usage: lw-credential-helper [OPTION]... add"},
        {"help --help", "usage: lw-credential-helper [OPTION]... help"},
        {"--version", "lw-credential-helper " LWC_VERSION},
        {"-V", "lw-credential-helper " LWC_VERSION},
        {"ls --help", "usage: lw-credential-helper [OPTION]... list"},
        {"help rm", "usage: lw-credential-helper [OPTION]... remove NAME"},
        {"get --version", "lw-credential-helper " LWC_VERSION},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct capture capture;

        print_message("%s\n", cases[i].line);
        assert_int_equal(run(cases[i].line, false, &capture, NULL), LWC_OK);
        assert_int_equal(strncmp(capture.out, cases[i].begins, strlen(cases[i].begins)), 0);
        assert_string_equal(capture.err, "");
    }
}

static void run_wrong_use_is_refused(void **state)
{
    static const struct {
        const char *line;
        const char *says;
        const char *hint;
    } cases[] = {
        {"", "no command", "usage: "},
        {"-v", "no command", "usage: "},
        {"lists", "unknown command 'lists'", "'list'"},
        {"cache", "cache: 'list' or 'clear' expected", ""},
        {"cache x", "cache: 'list' or 'clear' expected", ""},
        {"caches", "unknown command 'caches'", "'cache'"},
        {"exec", "unknown command 'exec'", ""},
        {"help lists", "unknown command 'lists'", "'list'"},
        {"gte", "unknown command 'gte'", "did you mean 'get'?"},
        {"_0123456789abcdef0123456789abcdef", "unknown command (it is no word)", "--help"},
        {"show _0123456789abcdef0123456789abcdef", "show: profile name: it begins with '_'", ""},
        {"get -p _0123456789abcdef0123456789abcdef", "--profile: profile name: it begins", ""},
        {"get --format _0123456789abcdef0123456789abcdef", "no such format", "get --help"},
        {"get -a _0123456789abcdef0123456789abcdef", "not an account: it begins", ""},
        {"show x -p x", "show: the profile is given twice", ""},
        {"show ../x", "show: profile name", ""},
        {"rm x y", "'remove' takes one argument", "remove --help"},
        {"rm", "remove: no profile given", "list"},
        {"get --ttl 2h30m", "no duration from 1 s to 24 h (seconds, or one number with s, m, h",
         ""},
        {"get --min-valid 1h30m", "no duration up to 24 h (seconds, or one number with", ""},
        {"get --timeout 1m30s", "no duration (seconds, or one number with", ""},
        {"get -a https://u:hunter2@acme.lacework.net", "option --account: not an account: user",
         ""},
        {"list x", "'list' takes no arguments", "list --help"},
        {"help a b", "'help' takes one argument", "help --help"},
        {"list --replace", "'list' takes no option --replace", "list --help"},
        {"get --ttl x", "option --ttl", ""},
        {"get --account evil.example.com", "option --account", ""},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct capture capture;
        struct lwc_error err = {0};

        print_message("'%s'\n", cases[i].line);
        assert_int_equal(run(cases[i].line, false, &capture, &err), LWC_E_INVALID);
        assert_non_null(strstr(err.msg, cases[i].says));
        assert_null(strstr(err.msg, "0123456789abcdef"));
        assert_null(strstr(err.msg, "hunter2"));
        assert_non_null(strstr(err.hint, cases[i].hint));
        assert_string_equal(capture.out, "");
    }
}

static void run_as_git_helper_ignores_other_verbs(void **state)
{
    static const char *const cases[] = {"approve", "list", "help", "remove -p x", "new-verb x y"};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct capture capture;
        struct lwc_error err = {0};

        print_message("%s\n", cases[i]);
        assert_int_equal(run(cases[i], true, &capture, &err), LWC_OK);
        assert_string_equal(capture.out, "");
        assert_string_equal(capture.err, "");
    }
}

static void find_knows_each_command_of_the_table(void **state)
{
    const struct lwc_command *command = NULL;

    (void)state;
    for (size_t i = 0; (command = lwc_command_at(i)) != NULL; i++) {
        const struct lwc_command *found = NULL;

        assert_int_equal(lwc_command_find(command->name, &found, NULL), LWC_OK);
        assert_ptr_equal(found, command);
        assert_non_null(command->run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_capability_answers),
        cmocka_unit_test(run_help_in_every_form),
        cmocka_unit_test(run_wrong_use_is_refused),
        cmocka_unit_test(run_as_git_helper_ignores_other_verbs),
        cmocka_unit_test(find_knows_each_command_of_the_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
