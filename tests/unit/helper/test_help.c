/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/format/formats.h"
#include "plugins/helper/command.h"
#include "tests/support/capture.h"

static void program_help_names_every_command_and_global_option(void **state)
{
    const struct lwc_command *command = NULL;
    struct capture capture;
    enum lwc_code code = LWC_E_INTERNAL;
    char text[128];

    (void)state;
    capture_begin(&capture, NULL);
    code = lwc_help_program(NULL);
    capture_end(&capture);
    assert_int_equal(code, LWC_OK);
    for (size_t i = 0; (command = lwc_command_at(i)) != NULL; i++) {
        (void)snprintf(text, sizeof text, "\n  %-10s  %s\n", command->name, command->summary);
        assert_non_null(strstr(capture.out, text));
    }
    for (size_t i = 0; i < LWC_OPT_FORMAT; i++) {
        (void)snprintf(text, sizeof text, "--%s ", lwc_option_at((enum lwc_opt)i)->name);
        assert_non_null(strstr(capture.out, text));
    }
    assert_null(strstr(capture.out, "--ttl"));
    assert_string_equal(capture.err, "");
}

static void command_help_has_synopsis_options_and_example(void **state)
{
    const struct lwc_command *command = NULL;

    (void)state;
    for (size_t c = 0; (command = lwc_command_at(c)) != NULL; c++) {
        struct capture capture;
        enum lwc_code code = LWC_E_INTERNAL;
        char text[128];

        capture_begin(&capture, NULL);
        code = lwc_help_command(command, NULL);
        capture_end(&capture);
        print_message("%s\n", command->name);
        assert_int_equal(code, LWC_OK);
        (void)snprintf(text, sizeof text, "usage: lw-credential-helper [OPTION]... %s",
                       command->name);
        assert_int_equal(strncmp(capture.out, text, strlen(text)), 0);
        assert_non_null(strstr(capture.out, "\nExample:\n  lw-credential-helper "));
        for (size_t i = LWC_OPT_FORMAT; i < LWC_OPTS; i++) {
            (void)snprintf(text, sizeof text, "[--%s", lwc_option_at((enum lwc_opt)i)->name);
            assert_int_equal(strstr(capture.out, text) != NULL,
                             (command->options & LWC_OPT_BIT(i)) != 0);
        }
    }
}

static void get_help_names_every_format(void **state)
{
    const struct lwc_command *command = NULL;
    const struct lwc_format *format = NULL;
    struct capture capture;
    enum lwc_code code = LWC_E_INTERNAL;

    (void)state;
    assert_int_equal(lwc_command_find("get", &command, NULL), LWC_OK);
    capture_begin(&capture, NULL);
    code = lwc_help_command(command, NULL);
    capture_end(&capture);
    assert_int_equal(code, LWC_OK);
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
        cmocka_unit_test(get_help_names_every_format),
        cmocka_unit_test(version_is_the_library_s),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
