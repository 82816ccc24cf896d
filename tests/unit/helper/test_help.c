/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/format/formats.h"
#include "plugins/helper/help.h"
#include "plugins/helper/program.h"
#include "plugins/helper/shared_options.h"
#include "tests/support/capture.h"

static void print_help(const struct lwc_command *outer, const struct lwc_command *command,
                       struct capture *capture)
{
    struct lwc_args args = {.path = {&lwc_program}, .depth = 1};
    enum lwc_code code = LWC_E_INTERNAL;

    if (outer != NULL) {
        args.path[args.depth++] = outer;
    }
    if (command != NULL) {
        args.path[args.depth++] = command;
    }
    capture_begin(capture, NULL);
    code = lwc_help_print(&args, NULL);
    capture_end(capture);
    assert_int_equal(code, LWC_OK);
    assert_string_equal(capture->err, "");
}

static void program_help_names_every_command_and_global_option(void **state)
{
    struct capture capture;
    char text[128];

    (void)state;
    print_help(NULL, NULL, &capture);
    for (size_t i = 0; lwc_program.subcommands[i] != NULL; i++) {
        const struct lwc_command *command = lwc_program.subcommands[i];

        (void)snprintf(text, sizeof text, "\n  %-11s  %s\n", command->name, command->summary);
        assert_non_null(strstr(capture.out, text));
    }
    for (size_t i = 0; lwc_program_options[i] != NULL; i++) {
        (void)snprintf(text, sizeof text, "--%s ", lwc_program_options[i]->name);
        assert_non_null(strstr(capture.out, text));
    }
    assert_null(strstr(capture.out, "--ttl"));
    assert_null(strstr(capture.out, "[--"));
}

static void check_option_is_shown(void *data, const struct lwc_option *option)
{
    char text[128];

    (void)snprintf(text, sizeof text, "[--%s", option->name);
    assert_non_null(strstr(data, text));
    (void)snprintf(text, sizeof text, "  %s\n", option->help);
    assert_non_null(strstr(data, text));
}

static void command_help_has_synopsis_options_and_example(void **state)
{
    (void)state;
    for (size_t i = 0; lwc_program.subcommands[i] != NULL; i++) {
        const struct lwc_command *command = lwc_program.subcommands[i];
        struct capture capture;
        char text[128];

        print_message("%s\n", command->name);
        print_help(command, NULL, &capture);
        (void)snprintf(text, sizeof text, "usage: lw-credential-helper [OPTION]... %s",
                       command->name);
        assert_int_equal(strncmp(capture.out, text, strlen(text)), 0);
        assert_non_null(strstr(capture.out, "\nExample:\n  lw-credential-helper "));
        assert_non_null(strstr(capture.out, "\nOptions of every command:\n  -p, --profile NAME "));
        lwc_command_each_option(command, false, check_option_is_shown, capture.out);
    }
}

static void help_of_a_command_lists_its_subcommands(void **state)
{
    struct capture capture;

    (void)state;
    print_help(&lwc_cache_command, NULL, &capture);
    assert_non_null(strstr(capture.out, " cache COMMAND [OPTION]...\n"));
    assert_non_null(strstr(capture.out, "\nCommands:\n  list         list the cached tokens\n"));
    assert_non_null(strstr(capture.out, "'lw-credential-helper cache COMMAND --help' explains"));
}

static enum lwc_code run_nothing(struct lwc_app *app, struct lwc_error *err)
{
    (void)app;
    (void)err;
    return LWC_OK;
}

static const struct lwc_option header = {
    .name = "header", .letter = 'H', .value = "LINE", .is_repeatable = true, .help = "h"};
static const struct lwc_option source = {
    .name = "delete-source", .value = "all", .is_value_optional = true, .help = "d"};
static const struct lwc_option outer_option = {.name = "outer", .help = "o"};
static const struct lwc_command inner_command = {.name = "inner",
                                                 .summary = "s",
                                                 .options = LWC_OPTIONS(&header, &source),
                                                 .operands = "METHOD PATH",
                                                 .argv = "COMMAND [ARG]...",
                                                 .example = "outer inner",
                                                 .run = run_nothing};
static const struct lwc_command outer_command = {.name = "outer",
                                                 .summary = "s",
                                                 .options = LWC_OPTIONS(&outer_option),
                                                 .subcommands = LWC_SUBCOMMANDS(&inner_command),
                                                 .example = "outer inner"};

static void help_shows_every_kind_of_option_and_operand(void **state)
{
    static const char synopsis[] =
        "usage: lw-credential-helper [OPTION]... outer inner METHOD PATH\n"
        "         [--header LINE]...\n"
        "         [--delete-source[=all]]\n"
        "         [--] COMMAND [ARG]...\n\ns\n";
    struct capture capture;

    (void)state;
    print_help(&outer_command, &inner_command, &capture);
    assert_int_equal(strncmp(capture.out, synopsis, strlen(synopsis)), 0);
    assert_non_null(strstr(capture.out, "\n  -H, --header LINE         h\n"));
    assert_non_null(strstr(capture.out, "\n      --delete-source[=all]  d\n"));
    assert_non_null(strstr(capture.out, "\nOptions of 'outer':\n      --outer "));
}

static void get_help_names_every_format(void **state)
{
    const struct lwc_format *format = NULL;
    struct capture capture;

    (void)state;
    print_help(&lwc_get_command, NULL, &capture);
    for (size_t i = 0; (format = lwc_format_at(i)) != NULL; i++) {
        char text[128];

        (void)snprintf(text, sizeof text, "\n  %-10s  %s\n", format->name, format->summary);
        assert_non_null(strstr(capture.out, text));
    }
}

static void version_is_the_library_s(void **state)
{
    struct capture capture;
    enum lwc_code code = LWC_E_INTERNAL;

    (void)state;
    capture_begin(&capture, NULL);
    code = lwc_help_version(NULL);
    capture_end(&capture);
    assert_int_equal(code, LWC_OK);
    assert_string_equal(capture.out, "lw-credential-helper " LWC_VERSION "\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(program_help_names_every_command_and_global_option),
        cmocka_unit_test(command_help_has_synopsis_options_and_example),
        cmocka_unit_test(help_of_a_command_lists_its_subcommands),
        cmocka_unit_test(help_shows_every_kind_of_option_and_operand),
        cmocka_unit_test(get_help_names_every_format),
        cmocka_unit_test(version_is_the_library_s),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
