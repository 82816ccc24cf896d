/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "plugins/helper/shared_options.h"

#define WORDS_MAX 12

/* Splits @line at single blanks into an argv; "@" stands for an empty word. */
static int split_words(char *line, char *argv[WORDS_MAX + 1])
{
    static char program[] = "lw-credential-helper";
    static char empty[] = "";
    char *rest = line;
    int argc = 1;

    argv[0] = program;
    while (rest != NULL && rest[0] != '\0') {
        char *word = strsep(&rest, " ");

        assert_true(argc < WORDS_MAX);
        argv[argc++] = lwc_streq(word, "@") ? empty : word;
    }
    argv[argc] = NULL;
    return argc;
}

/* A program with every kind of option, operand and command. */
static enum lwc_code run_nothing(struct lwc_app *app, struct lwc_error *err)
{
    (void)app;
    (void)err;
    return LWC_OK;
}

static const struct lwc_option opt_header = {
    .name = "header", .letter = 'H', .value = "LINE", .is_repeatable = true, .help = "h"};
static const struct lwc_option opt_source = {
    .name = "delete-source", .letter = 'D', .value = "all", .is_value_optional = true, .help = "d"};

/* Two options of one name, in two commands. */
static enum lwc_code refuse_value(const char *value, struct lwc_error *err)
{
    (void)value;
    return lwc_fail(err, LWC_E_INVALID, "refused");
}

static const struct lwc_option opt_from = {.name = "from", .value = "B", .help = "f"};
static const struct lwc_option opt_other_from = {
    .name = "from", .value = "B", .help = "f", .check = refuse_value};

static const struct lwc_command command_move = {
    .name = "move", .options = LWC_OPTIONS(&opt_other_from), .run = run_nothing};
static const struct lwc_command command_get = {
    .name = "get",
    .aliases = LWC_ALIASES("fetch", "g"),
    .options = LWC_OPTIONS(&lwc_opt_format, &lwc_opt_ttl, &lwc_opt_sub_account, &lwc_opt_key_id,
                           &lwc_opt_backend, &lwc_opt_api_url),
    .operands = "[A]...",
    .operands_max = 8,
    .run = run_nothing};
static const struct lwc_command command_add = {
    .name = "add",
    .options = LWC_OPTIONS(&lwc_opt_sub_account, &lwc_opt_secret_file, &lwc_opt_secret_stdin),
    .operands = "[A]...",
    .operands_max = 8,
    .run = run_nothing};
static const struct lwc_command command_api = {
    .name = "api", .options = LWC_OPTIONS(&opt_header, &opt_source, &opt_from), .run = run_nothing};
static const struct lwc_command command_list = {.name = "list", .run = run_nothing};
static const struct lwc_option opt_outer = {.name = "outer", .help = "o"};
static const struct lwc_command command_nest = {.name = "nest",
                                                .options = LWC_OPTIONS(&opt_outer),
                                                .subcommands =
                                                    LWC_SUBCOMMANDS(&command_list, &command_api)};
static const struct lwc_command command_exec = {.name = "exec",
                                                .options = LWC_OPTIONS(&lwc_opt_ttl),
                                                .operands = "A",
                                                .operands_max = 1,
                                                .argv = "COMMAND [ARG]...",
                                                .run = run_nothing};
static const struct lwc_command program = {
    .name = "p",
    .options = lwc_program_options,
    .subcommands = LWC_SUBCOMMANDS(&command_get, &command_add, &command_api, &command_list,
                                   &command_nest, &command_exec, &command_move)};

static enum lwc_code parse(const char *text, struct lwc_args *args, struct lwc_error *err)
{
    static char line[256];
    static char *argv[WORDS_MAX + 1];
    int argc = 0;

    assert_true(strlen(text) < sizeof line);
    strcpy(line, text);
    argc = split_words(line, argv);
    return lwc_args_parse(&program, argc, argv, args, err);
}

static void parse_takes_options_in_every_form_and_place(void **state)
{
    static const char *const cases[] = {
        "get --profile prod --no-prompt -v",
        "--profile prod get --no-prompt -v",
        "--profile=prod --no-prompt --verbose get",
        "-p prod -v get --no-prompt",
        "-pprod get -v --no-prompt",
        "get -vp prod --no-prompt",
        "get -vpprod --no-prompt",
        "--no-prompt -v -p prod -- get",
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_args args = {.operands = 99};

        print_message("%s\n", cases[i]);
        assert_int_equal(parse(cases[i], &args, NULL), LWC_OK);
        assert_int_equal(args.operands, 0);
        assert_ptr_equal(lwc_args_command(&args), &command_get);
        assert_string_equal(lwc_args_value(&args, &lwc_opt_profile), "prod");
        assert_true(lwc_args_has(&args, &lwc_opt_no_prompt));
        assert_true(lwc_args_has(&args, &lwc_opt_verbose));
        assert_false(lwc_args_has(&args, &lwc_opt_quiet));
        assert_false(lwc_args_has(&args, &lwc_opt_account));
    }
}

static void parse_keeps_values_and_operands_as_they_are(void **state)
{
    struct lwc_args args = {.operands = 99};

    (void)state;
    assert_int_equal(parse("add --config=a=b --secret-file --json - -- --profile -x", &args, NULL),
                     LWC_OK);
    assert_string_equal(lwc_args_value(&args, &lwc_opt_config), "a=b");
    assert_string_equal(lwc_args_value(&args, &lwc_opt_secret_file), "--json");
    assert_int_equal(args.operands, 3);
    assert_string_equal(args.operand[0], "-");
    assert_string_equal(args.operand[1], "--profile");
    assert_string_equal(args.operand[2], "-x");
    assert_int_equal(parse("", &args, NULL), LWC_OK);
    assert_ptr_equal(lwc_args_command(&args), &program);
    assert_int_equal(args.operands, 0);
}

static void parse_wrong_use_is_refused(void **state)
{
    static const struct {
        const char *line;
        const char *says;
        const char *hint;
    } cases[] = {
        {"get --profil x", "unknown option --profil", "--profile"},
        {"get --formt=json", "unknown option --formt", "--format"},
        {"get --xyzzy", "unknown option --xyzzy", ""},
        {"get --hlep", "unknown option --hlep", "did you mean --help?"},
        {"get --ttL 5", "unknown option --ttL", "did you mean --ttl?"},
        {"get -f json", "unknown option -f", "did you mean --format?"},
        {"get -t", "unknown option -t", "did you mean --timeout, --ttl?"},
        {"add -s", "unknown option -s", "--service, --sub-account, --secret-file, --secret-stdin?"},
        {"get -x", "unknown option -x", ""},
        {"get -vx", "unknown option -x", ""},
        {"get ---", "unknown option --", ""},
        {"add --secret s3cr3t", "unknown option --secret", "--secret-stdin"},
        {"get --profile", "option --profile: needs a value", ""},
        {"get -p", "option --profile: needs a value", ""},
        {"get --profile=", "option --profile: needs a value", ""},
        {"get --profile @", "option --profile: needs a value", ""},
        {"get --json=1", "option --json: takes no value", ""},
        {"a b c d e f g h i", "more than 8 arguments", ""},
        {"api --header=", "option --header: needs a value (LINE)", ""},
        {"api --delete-source=", "option --delete-source: needs a value (all)", ""},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_args args = {.operands = 99};
        struct lwc_error err = {0};

        print_message("%s\n", cases[i].line);
        assert_int_equal(parse(cases[i].line, &args, &err), LWC_E_INVALID);
        assert_non_null(strstr(err.msg, cases[i].says));
        assert_non_null(strstr(err.hint, cases[i].hint));
        assert_null(strstr(err.msg, "s3cr3t"));
        assert_int_equal(args.operands, 99);
    }
}

static void parse_unknown_option_never_shows_its_value(void **state)
{
    struct lwc_args args;
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(parse("add --api-secret=_planted", &args, &err), LWC_E_INVALID);
    assert_null(strstr(err.msg, "_planted"));
    assert_null(strstr(err.hint, "_planted"));
}

static void check_judges_every_value(void **state)
{
    static const struct {
        const char *line;
        enum lwc_code code;
    } cases[] = {
        {"get -p prod", LWC_OK},
        {"get -p a@b.c_d-e", LWC_OK},
        {"get -p a/b", LWC_E_INVALID},
        {"get -p ../x", LWC_E_INVALID},
        {"get -p .hidden", LWC_E_INVALID},
        {"get -p \033[31m", LWC_E_INVALID},
        {"get -a https://acme.lacework.net/ui", LWC_OK},
        {"get -a ACME", LWC_OK},
        {"get -a evil.example.com", LWC_E_INVALID},
        {"get --ttl 1", LWC_OK},
        {"get --ttl 24h", LWC_OK},
        {"get --ttl 0", LWC_E_INVALID},
        {"get --ttl 86401", LWC_E_INVALID},
        {"get --ttl 1w", LWC_E_INVALID},
        {"get --ttl -1", LWC_E_INVALID},
        {"get --timeout 90s", LWC_OK},
        {"get --timeout 0", LWC_E_INVALID},
        {"get --timeout soon", LWC_E_INVALID},
        {"get --format git", LWC_OK},
        {"get --format xml", LWC_E_INVALID},
        {"get --sub-account my-sub", LWC_OK},
        {"get --sub-account a\"b", LWC_E_INVALID},
        {"get --key-id ACME_01", LWC_OK},
        {"get --key-id a'b", LWC_E_INVALID},
        {"get --backend file", LWC_OK},
        {"get --backend ../file", LWC_E_INVALID},
        {"get --backend a123456789012345678901234567890123", LWC_E_INVALID},
        {"get --api-url https://127.0.0.1:18443", LWC_OK},
        {"get --api-url http://127.0.0.1", LWC_E_INVALID},
        {"get --api-url https://a.example/path", LWC_E_INVALID},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_args args;
        struct lwc_error err = {0};

        print_message("%s\n", cases[i].line);
        assert_int_equal(parse(cases[i].line, &args, NULL), LWC_OK);
        assert_int_equal(lwc_args_check_options(&args, &err), cases[i].code);
        assert_int_equal(strncmp(err.msg, "option --", 9) == 0, cases[i].code != LWC_OK);
    }
}

static void check_refuses_what_the_command_does_not_take(void **state)
{
    static const struct {
        const char *line;
        const char *says;
    } cases[] = {
        {"list --ttl 5 -q", "'list' takes no option --ttl"},
        {"--ttl 5 list -q", "'list' takes no option --ttl"},
        {"nest list --header x", "'nest list' takes no option --header"},
        {"nest list -H x", "'nest list' takes no option --header"},
        {"list --outer", "'list' takes no option --outer"},
        {"get --profile a --profile a", "option --profile: given twice"},
        {"get -p a --profile b", "option --profile: given twice"},
        {"--json get --json", "option --json: given twice"},
        {"get -vv", "option --verbose: given twice"},
        {"--ttl 5 get --ttl 6", "option --ttl: given twice"},
        {"api -D --delete-source=all", "option --delete-source: given twice"},
        {"--from b move", "option --from: refused"},
    };
    struct lwc_args args;

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_error err = {0};

        print_message("%s\n", cases[i].line);
        assert_int_equal(parse(cases[i].line, &args, NULL), LWC_OK);
        assert_int_equal(lwc_args_check_options(&args, &err), LWC_E_INVALID);
        assert_non_null(strstr(err.msg, cases[i].says));
    }
    assert_int_equal(parse("nest --outer api --from b -H x", &args, NULL), LWC_OK);
    assert_int_equal(lwc_args_check_options(&args, NULL), LWC_OK);
    assert_string_equal(lwc_args_value(&args, &opt_from), "b");
}

static void repeatable_option_has_a_list_of_values(void **state)
{
    struct lwc_args args;

    (void)state;
    assert_int_equal(parse("-H a api --header=b -q -Hc", &args, NULL), LWC_OK);
    assert_int_equal(lwc_args_check_options(&args, NULL), LWC_OK);
    assert_string_equal(lwc_args_value(&args, &opt_header), "a");
    assert_string_equal(lwc_args_value_at(&args, &opt_header, 1), "b");
    assert_string_equal(lwc_args_value_at(&args, &opt_header, 2), "c");
    assert_null(lwc_args_value_at(&args, &opt_header, 3));
}

static void optional_value_stands_behind_an_equals_sign_only(void **state)
{
    static const struct {
        const char *line;
        const char *value;
        size_t operands;
    } cases[] = {
        {"api --delete-source", "", 0},
        {"api --delete-source=all", "all", 0},
        {"api --delete-source all", "", 1},
        {"api -D all", "", 1},
        {"api -Dall", "all", 0},
        {"api x", NULL, 1},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_args args;
        const char *value = NULL;

        print_message("%s\n", cases[i].line);
        assert_int_equal(parse(cases[i].line, &args, NULL), LWC_OK);
        value = lwc_args_value(&args, &opt_source);
        assert_true(cases[i].value == NULL ? value == NULL : lwc_streq(value, cases[i].value));
        assert_int_equal(args.operands, cases[i].operands);
    }
}

static void subcommands_and_aliases_are_found(void **state)
{
    static const struct {
        const char *line;
        const struct lwc_command *command;
        const char *name;
        size_t operands;
    } cases[] = {
        {"g", &command_get, "get", 0},
        {"fetch x y z", &command_get, "get", 3},
        {"nest", &command_nest, "nest", 0},
        {"nest api", &command_api, "nest api", 0},
        {"-q nest -v list -p x", &command_list, "nest list", 0},
        {"nest lst", &command_nest, "nest", 1},
        {"nest x api", &command_nest, "nest", 2},
        {"x get", &program, "", 2},
        {"nest -- list", &command_list, "nest list", 0},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_args args;
        char name[32];

        print_message("%s\n", cases[i].line);
        assert_int_equal(parse(cases[i].line, &args, NULL), LWC_OK);
        assert_ptr_equal(lwc_args_command(&args), cases[i].command);
        assert_string_equal(lwc_args_name(&args, name, sizeof name), cases[i].name);
        assert_int_equal(args.operands, cases[i].operands);
    }
}

static void argv_begins_behind_the_operands(void **state)
{
    static const struct {
        const char *line;
        size_t operands;
        const char *argv[4];
    } cases[] = {
        {"exec a ls -l", 1, {"ls", "-l"}},
        {"exec a --ttl 5 ls -l", 1, {"ls", "-l"}},
        {"exec a -- -l -- -m", 1, {"-l", "--", "-m"}},
        {"exec -- a b", 0, {"a", "b"}},
        {"exec a --", 1, {NULL}},
        {"exec a", 1, {NULL}},
        {"exec a - -v", 1, {"-", "-v"}},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_args args;
        size_t count = 0;

        print_message("%s\n", cases[i].line);
        assert_int_equal(parse(cases[i].line, &args, NULL), LWC_OK);
        assert_int_equal(args.operands, cases[i].operands);
        assert_int_equal(args.argv == NULL, cases[i].argv[0] == NULL);
        for (; args.argv != NULL && args.argv[count] != NULL; count++) {
            assert_string_equal(args.argv[count], cases[i].argv[count]);
        }
        assert_null(cases[i].argv[count]);
    }
}

static void options_have_a_limit(void **state)
{
    static char option[] = "-q";
    char *argv[LWC_GIVEN_MAX + 3];
    struct lwc_args args = {.operands = 99};
    struct lwc_error err = {0};

    (void)state;
    for (size_t i = 0; i < LWC_GIVEN_MAX + 2; i++) {
        argv[i] = option;
    }
    argv[LWC_GIVEN_MAX + 2] = NULL;
    assert_int_equal(lwc_args_parse(&program, LWC_GIVEN_MAX + 2, argv, &args, &err), LWC_E_INVALID);
    assert_string_equal(err.msg, "more than 128 options");
    assert_int_equal(lwc_args_parse(&program, LWC_GIVEN_MAX + 1, argv, &args, &err), LWC_OK);
    assert_int_equal(lwc_args_check_options(&args, &err), LWC_E_INVALID);
}

static void seconds_reads_a_duration_or_the_default(void **state)
{
    struct lwc_args args;

    (void)state;
    assert_int_equal(parse("get --ttl 2m", &args, NULL), LWC_OK);
    assert_int_equal(lwc_args_seconds(&args, &lwc_opt_ttl, 7), 120);
    assert_int_equal(lwc_args_seconds(&args, &lwc_opt_timeout, 7), 7);
}

static void want_json_looks_before_the_double_dash(void **state)
{
    static const struct {
        const char *line;
        bool json;
    } cases[] = {
        {"get --json --wrong", true},
        {"get --json -- x", true},
        {"get -- --json", false},
        {"get --jsonx", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        char line[64];
        char *argv[WORDS_MAX + 1];
        int argc = 0;

        print_message("%s\n", cases[i].line);
        strcpy(line, cases[i].line);
        argc = split_words(line, argv);
        assert_int_equal(lwc_args_want_json(argc, argv), cases[i].json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_takes_options_in_every_form_and_place),
        cmocka_unit_test(parse_keeps_values_and_operands_as_they_are),
        cmocka_unit_test(parse_wrong_use_is_refused),
        cmocka_unit_test(parse_unknown_option_never_shows_its_value),
        cmocka_unit_test(check_judges_every_value),
        cmocka_unit_test(check_refuses_what_the_command_does_not_take),
        cmocka_unit_test(repeatable_option_has_a_list_of_values),
        cmocka_unit_test(optional_value_stands_behind_an_equals_sign_only),
        cmocka_unit_test(subcommands_and_aliases_are_found),
        cmocka_unit_test(argv_begins_behind_the_operands),
        cmocka_unit_test(options_have_a_limit),
        cmocka_unit_test(seconds_reads_a_duration_or_the_default),
        cmocka_unit_test(want_json_looks_before_the_double_dash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
