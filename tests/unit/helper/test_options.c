/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"

#define WORDS_MAX 12

/* Splits @line at single blanks into an argv; "@" stands for an empty word. */
static int words_of(char *line, char *argv[WORDS_MAX + 1])
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

static enum lwc_code parse(const char *text, struct lwc_args *args, struct lwc_error *err)
{
    static char line[256];
    char *argv[WORDS_MAX + 1];
    int argc = 0;

    assert_true(strlen(text) < sizeof line);
    strcpy(line, text);
    argc = words_of(line, argv);
    return lwc_args_parse(argc, argv, args, err);
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
        assert_int_equal(args.operands, 1);
        assert_string_equal(args.operand[0], "get");
        assert_string_equal(args.option[LWC_OPT_PROFILE], "prod");
        assert_true(lwc_args_has(&args, LWC_OPT_NO_PROMPT));
        assert_true(lwc_args_has(&args, LWC_OPT_VERBOSE));
        assert_false(lwc_args_has(&args, LWC_OPT_QUIET));
        assert_false(lwc_args_has(&args, LWC_OPT_ACCOUNT));
    }
}

static void parse_keeps_values_and_operands_as_they_are(void **state)
{
    struct lwc_args args = {.operands = 99};

    (void)state;
    assert_int_equal(parse("add --config=a=b --secret-file --json - -- --profile -x", &args, NULL),
                     LWC_OK);
    assert_string_equal(args.option[LWC_OPT_CONFIG], "a=b");
    assert_string_equal(args.option[LWC_OPT_SECRET_FILE], "--json");
    assert_int_equal(args.operands, 4);
    assert_string_equal(args.operand[1], "-");
    assert_string_equal(args.operand[2], "--profile");
    assert_string_equal(args.operand[3], "-x");
    assert_int_equal(parse("", &args, NULL), LWC_OK);
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
        {"get --profile a --profile a", "option --profile: given twice", ""},
        {"get -p a --profile b", "option --profile: given twice", ""},
        {"--json get --json", "option --json: given twice", ""},
        {"get -vv", "option --verbose: given twice", ""},
        {"get --profile", "option --profile: needs a value", ""},
        {"get -p", "option --profile: needs a value", ""},
        {"get --profile=", "option --profile: needs a value", ""},
        {"get --profile @", "option --profile: needs a value", ""},
        {"get --json=1", "option --json: takes no value", ""},
        {"get -q -v", "not together", ""},
        {"a b c d e f g h i", "more than 8 arguments", ""},
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
        {"add --key-id ACME_01", LWC_OK},
        {"add --key-id a'b", LWC_E_INVALID},
        {"add --backend file", LWC_OK},
        {"add --backend ../file", LWC_E_INVALID},
        {"add --backend a123456789012345678901234567890123", LWC_E_INVALID},
        {"add --api-url https://127.0.0.1:18443", LWC_OK},
        {"add --api-url http://127.0.0.1", LWC_E_INVALID},
        {"add --api-url https://a.example/path", LWC_E_INVALID},
    };
    const uint64_t all = LWC_OPT_BIT(LWC_OPTS) - 1;

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_args args;
        struct lwc_error err = {0};

        print_message("%s\n", cases[i].line);
        assert_int_equal(parse(cases[i].line, &args, NULL), LWC_OK);
        assert_int_equal(lwc_args_check(&args, all, "get", &err), cases[i].code);
        assert_int_equal(strncmp(err.msg, "option --", 9) == 0, cases[i].code != LWC_OK);
    }
}

static void check_option_of_another_command_is_refused(void **state)
{
    struct lwc_args args;
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(parse("list --ttl 5 -q", &args, NULL), LWC_OK);
    assert_int_equal(lwc_args_check(&args, 0, "list", &err), LWC_E_INVALID);
    assert_non_null(strstr(err.msg, "'list' takes no option --ttl"));
    assert_int_equal(lwc_args_check(&args, LWC_OPT_BIT(LWC_OPT_TTL), "list", NULL), LWC_OK);
}

static void seconds_reads_a_duration_or_the_default(void **state)
{
    struct lwc_args args;

    (void)state;
    assert_int_equal(parse("get --ttl 2m", &args, NULL), LWC_OK);
    assert_int_equal(lwc_args_seconds(&args, LWC_OPT_TTL, 7), 120);
    assert_int_equal(lwc_args_seconds(&args, LWC_OPT_TIMEOUT, 7), 7);
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
        argc = words_of(line, argv);
        assert_int_equal(lwc_args_want_json(argc, argv), cases[i].json);
    }
}

static void table_has_names_and_help_for_every_option(void **state)
{
    (void)state;
    for (size_t i = 0; i < LWC_OPTS; i++) {
        const struct lwc_option *option = lwc_option_at((enum lwc_opt)i);

        assert_non_null(option->name);
        assert_non_null(option->help);
        for (size_t k = 0; k < i; k++) {
            const struct lwc_option *other = lwc_option_at((enum lwc_opt)k);

            assert_string_not_equal(option->name, other->name);
            assert_true(option->letter == 0 || option->letter != other->letter);
        }
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
        cmocka_unit_test(check_option_of_another_command_is_refused),
        cmocka_unit_test(seconds_reads_a_duration_or_the_default),
        cmocka_unit_test(want_json_looks_before_the_double_dash),
        cmocka_unit_test(table_has_names_and_help_for_every_option),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
