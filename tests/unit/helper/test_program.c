/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/helper/options.h"
#include "plugins/helper/shared_options.h"
#include "tests/support/capture.h"

#define WORDS_MAX 12

/* Runs a command line of @program, words parted by single blanks, which live until the next call. */
static enum lwc_code run_line(const struct lwc_command *program, const char *line, bool git_helper,
                              struct capture *capture, struct lwc_error *err)
{
    static char name[] = "lw-credential-helper";
    LWC_AUTO_APP app = {.git_helper = git_helper};
    static char words[256];
    static char *argv[WORDS_MAX + 2];
    char *rest = words;
    int argc = 1;
    enum lwc_code code = LWC_OK;

    memset(words, 0, sizeof words);
    memset(argv, 0, sizeof argv);
    argv[0] = name;
    strncpy(words, line, sizeof words - 1);
    while (rest != NULL && rest[0] != '\0' && argc <= WORDS_MAX) {
        argv[argc++] = strsep(&rest, " ");
    }
    capture_begin(capture, NULL);
    code = lwc_program_run(program, &app, argc, argv, err);
    capture_end(capture);
    return code;
}

static enum lwc_code run(const char *line, bool git_helper, struct capture *capture,
                         struct lwc_error *err)
{
    return run_line(&lwc_program, line, git_helper, capture, err);
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
        {"help rm", "usage: lw-credential-helper [OPTION]... remove PROFILE"},
        {"get --version", "lw-credential-helper " LWC_VERSION},
        {"cache --help", "usage: lw-credential-helper [OPTION]... cache COMMAND"},
        {"help cache", "usage: lw-credential-helper [OPTION]... cache COMMAND"},
        {"cache clear --help", "usage: lw-credential-helper [OPTION]... cache clear\n"},
        {"--help cache ls", "usage: lw-credential-helper [OPTION]... cache list\n"},
        {"help config check", "usage: lw-credential-helper [OPTION]... config check [FILE]\n"},
        {"config show x --help", "usage: lw-credential-helper [OPTION]... config show\n"},
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

static const struct {
    const char *line;
    const char *says;
    const char *hint;
} wrong_uses[] = {
    {"", "no command", "usage: "},
    {"-v", "no command", "usage: "},
    {"lists", "unknown command 'lists'", "'list'"},
    {"cache", "cache: 'list' or 'clear' expected", "cache --help"},
    {"cache x", "cache: unknown command 'x'", "helper cache --help' lists the commands"},
    {"cache claer", "cache: unknown command 'claer'", "did you mean 'clear'?"},
    {"cache x --help", "cache: unknown command 'x'", "cache --help"},
    {"cache _0123456789abcdef0123456789abcdef", "cache: unknown command (it is no word)", ""},
    {"cache list x", "'cache list' takes no arguments", "cache list --help"},
    {"cache clear --ttl 5", "'cache clear' takes no option --ttl", "cache clear --help"},
    {"config", "config: 'check' or 'show' expected", "config --help"},
    {"config check a b", "'config check' takes one argument", "config check --help"},
    {"config show a", "'config show' takes no arguments", ""},
    {"get -q -v", "options --quiet and --verbose: not together", ""},
    {"get --ttl 5 --ttl 6", "option --ttl: given twice", ""},
    {"caches", "unknown command 'caches'", "'cache'"},
    {"exec", "unknown command 'exec'", ""},
    {"help lists", "unknown command 'lists'", "'list'"},
    {"gte", "unknown command 'gte'", "did you mean 'get'?"},
    {"_0123456789abcdef0123456789abcdef", "unknown command (it is no word)", "--help"},
    {"show _0123456789abcdef0123456789abcdef", "show: profile name: it begins with '_'", ""},
    {"get -p _0123456789abcdef0123456789abcdef", "--profile: profile name: it begins", ""},
    {"get --format _0123456789abcdef0123456789abcdef", "unknown format (it is no word)",
     "get --help"},
    {"get -a _0123456789abcdef0123456789abcdef", "not an account: it begins", ""},
    {"show x -p x", "show: the profile is given twice", ""},
    {"show ../x", "show: profile name", ""},
    {"rm x y", "'remove' takes one argument", "remove --help"},
    {"rm", "remove: no profile given", "list"},
    {"get --ttl 2h30m", "no duration from 1 s to 24 h (seconds, or one number with s, m, h", ""},
    {"get --min-valid 1h30m", "no duration up to 24 h (seconds, or one number with", ""},
    {"get --timeout 1m30s", "no duration (seconds, or one number with", ""},
    {"get -a https://u:hunter2@acme.lacework.net", "option --account: not an account: user", ""},
    {"list x", "'list' takes no arguments", "list --help"},
    {"help a b", "unknown command 'a'", "--help"},
    {"help cache x", "cache: unknown command 'x'", "cache --help"},
    {"help get x", "help: 'get' has no commands of its own", ""},
    {"help a b c d", "'help' takes three arguments", "help --help"},
    {"list --replace", "'list' takes no option --replace", "list --help"},
    {"get --ttl x", "option --ttl", ""},
    {"get --account evil.example.com", "option --account", ""},
};

static void run_wrong_use_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(wrong_uses); i++) {
        struct capture capture;
        struct lwc_error err = {0};

        print_message("'%s'\n", wrong_uses[i].line);
        assert_int_equal(run(wrong_uses[i].line, false, &capture, &err), LWC_E_INVALID);
        assert_non_null(strstr(err.msg, wrong_uses[i].says));
        assert_null(strstr(err.msg, "0123456789abcdef"));
        assert_null(strstr(err.msg, "hunter2"));
        assert_non_null(strstr(err.hint, wrong_uses[i].hint));
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

static void table_is_complete(const struct lwc_command *command, const struct lwc_command *outer)
{
    print_message("%s\n", command->name);
    assert_ptr_equal(lwc_command_find(outer, command->name), command);
    assert_true((command->run == NULL) != (command->subcommands == NULL));
    assert_non_null(command->summary);
    assert_non_null(command->example);
    assert_int_equal(strncmp(command->example, outer == &lwc_program ? command->name : outer->name,
                             strlen(outer == &lwc_program ? command->name : outer->name)),
                     0);
    assert_true(command->operands_min <= command->operands_max);
    assert_true(command->operands_max <= LWC_OPERANDS_MAX);
    assert_true(command->operands_max == 0 || command->operands != NULL);
    assert_true(!command->has_profile_operand || command->operands_max > 0);
    assert_true(!command->is_argv_required || command->argv != NULL);
    for (size_t i = 0; command->subcommands != NULL && command->subcommands[i] != NULL; i++) {
        table_is_complete(command->subcommands[i], command);
    }
}

static void table_of_the_program_is_complete(void **state)
{
    (void)state;
    for (size_t i = 0; lwc_program.subcommands[i] != NULL; i++) {
        table_is_complete(lwc_program.subcommands[i], &lwc_program);
    }
}

/* An option in front of the command is parsed before it is known which command's it is. */
static void check_agrees(void *data, const struct lwc_option *option)
{
    const struct lwc_option_key name = {.name = option->name, .len = strlen(option->name)};
    const struct lwc_option_key letter = {.letter = option->letter};
    const struct lwc_option *other = lwc_command_option(&lwc_program, &name, true);

    (void)data;
    print_message("--%s\n", option->name);
    assert_non_null(option->help);
    assert_int_equal(option->value == NULL, other->value == NULL);
    assert_int_equal(option->is_value_optional, other->is_value_optional);
    assert_true(!option->is_value_optional || option->value != NULL);
    if (option->letter != '\0') {
        other = lwc_command_option(&lwc_program, &letter, true);
        assert_int_equal(option->value == NULL, other->value == NULL);
        assert_int_equal(option->is_value_optional, other->is_value_optional);
    }
}

static void options_of_one_name_agree_on_having_a_value(void **state)
{
    (void)state;
    lwc_command_each_option(&lwc_program, true, check_agrees, NULL);
}

/* A program of the test's own. */
static struct lwc_args seen;
static char seen_account[LWC_ACCOUNT_MAX + 1];

static enum lwc_code note_args(struct lwc_app *app, struct lwc_error *err)
{
    (void)err;
    seen = app->args;
    memcpy(seen_account, app->account, sizeof seen_account);
    return LWC_OK;
}

static const struct lwc_command rename_command = {
    .name = "rename",
    .summary = "s",
    .operands = "[NAME] NEW",
    .operands_min = 1,
    .operands_max = 2,
    .has_profile_operand = true,
    .example = "rename a b",
    .run = note_args,
};

static const struct lwc_command exec_command = {
    .name = "exec",
    .summary = "s",
    .options = LWC_OPTIONS(&lwc_opt_ttl),
    .argv = "COMMAND [ARG]...",
    .is_argv_required = true,
    .example = "exec true",
    .run = note_args,
};

static const struct lwc_command three_command = {
    .name = "three",
    .summary = "s",
    .operands = "A B C",
    .operands_min = 3,
    .operands_max = 3,
    .example = "three a b c",
    .run = note_args,
};

static const struct lwc_command own_program = {
    .name = "own",
    .summary = "s",
    .options = lwc_program_options,
    .subcommands = LWC_SUBCOMMANDS(&rename_command, &exec_command, &three_command),
    .example = "three",
};

static enum lwc_code run_own(const char *line, struct lwc_error *err)
{
    struct capture capture;
    enum lwc_code code = LWC_E_INTERNAL;

    print_message("'%s'\n", line);
    memset(&seen, 0, sizeof seen);
    code = run_line(&own_program, line, false, &capture, err);
    assert_string_equal(capture.out, "");
    assert_int_equal(code != LWC_OK, seen.depth == 0);
    return code;
}

static void profile_operand_is_the_first_of_all(void **state)
{
    static const char *const cases[] = {"rename old new", "rename new -p old", "-p old rename new",
                                        "rename old -- new"};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        assert_int_equal(run_own(cases[i], NULL), LWC_OK);
        assert_string_equal(lwc_args_value(&seen, &lwc_opt_profile), "old");
        assert_int_equal(seen.operands, 1);
        assert_string_equal(seen.operand[0], "new");
    }
}

static void operands_are_counted(void **state)
{
    static const struct {
        const char *line;
        const char *says;
    } cases[] = {
        {"three", "'three' needs A B C"},
        {"three a b", "'three' needs A B C"},
        {"three a b c d", "'three' takes three arguments"},
        {"three a b c d e f g h", "'three' takes three arguments"},
        {"rename", "'rename' needs [NAME] NEW"},
        {"rename a b -p c", "rename: the profile is given twice"},
        {"rename ../a b", "rename: profile name"},
        {"exec", "'exec' needs COMMAND [ARG]..."},
        {"exec --", "'exec' needs COMMAND [ARG]..."},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_error err = {0};

        assert_int_equal(run_own(cases[i].line, &err), LWC_E_INVALID);
        assert_non_null(strstr(err.msg, cases[i].says));
    }
    assert_int_equal(run_own("three a b c", NULL), LWC_OK);
    assert_int_equal(seen.operands, 3);
    assert_string_equal(seen.operand[2], "c");
}

static void argv_belongs_to_the_other_program(void **state)
{
    static const char *const cases[] = {"exec --ttl 5 -- ls --json -v", "exec --ttl 5 ls --json -v",
                                        "--ttl 5 exec ls --json -v"};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        assert_int_equal(run_own(cases[i], NULL), LWC_OK);
        assert_string_equal(lwc_args_value(&seen, &lwc_opt_ttl), "5");
        assert_false(lwc_args_has(&seen, &lwc_opt_json));
        assert_int_equal(seen.operands, 0);
        assert_non_null(seen.argv);
    }
}

static void account_is_made_canonical(void **state)
{
    (void)state;
    assert_int_equal(run_own("three a b c -a ACME", NULL), LWC_OK);
    assert_string_equal(seen_account, "acme.lacework.net");
}

static void json_of_another_program_is_not_ours(void **state)
{
    static const struct {
        const char *words[5];
        bool json;
    } cases[] = {
        {{"own", "exec", "ls", "--json"}, false},
        {{"own", "exec", "--json", "ls"}, true},
        {{"own", "exec", "--jsin", "--json"}, true},
        {{"own", "three", "--jsin", "--", "--json"}, false},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        LWC_AUTO_APP app = {.git_helper = false};
        char *argv[6] = {NULL};
        int argc = 0;
        struct lwc_error err = {0};

        while (argc < 5 && cases[i].words[argc] != NULL) {
            argv[argc] = strdup(cases[i].words[argc]);
            assert_non_null(argv[argc]);
            argc++;
        }
        (void)!lwc_program_run(&own_program, &app, argc, argv, &err);
        assert_int_equal(lwc_program_wants_json(&app, argc, argv), cases[i].json);
        while (argc > 0) {
            free(argv[--argc]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_capability_answers),
        cmocka_unit_test(run_help_in_every_form),
        cmocka_unit_test(run_wrong_use_is_refused),
        cmocka_unit_test(run_as_git_helper_ignores_other_verbs),
        cmocka_unit_test(table_of_the_program_is_complete),
        cmocka_unit_test(options_of_one_name_agree_on_having_a_value),
        cmocka_unit_test(profile_operand_is_the_first_of_all),
        cmocka_unit_test(operands_are_counted),
        cmocka_unit_test(argv_belongs_to_the_other_program),
        cmocka_unit_test(account_is_made_canonical),
        cmocka_unit_test(json_of_another_program_is_not_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
