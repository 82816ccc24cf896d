/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/output.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/capture.h"

static void write_puts_the_answer_on_stdout_alone(void **state)
{
    LWC_AUTO_BUF answer = NULL;
    struct capture capture;
    enum lwc_code code = LWC_E_INTERNAL;

    (void)state;
    assert_int_equal(lwc_buf_copy("line\nline\n", 10, &answer, NULL), LWC_OK);
    capture_begin(&capture, NULL);
    code = lwc_output_write(answer, NULL);
    capture_end(&capture);
    assert_int_equal(code, LWC_OK);
    assert_string_equal(capture.out, "line\nline\n");
    assert_string_equal(capture.err, "");
}

/* Writes to @path as standard output. */
static enum lwc_code write_to(const char *path, int mode, struct lwc_error *err)
{
    LWC_AUTO_BUF answer = NULL;
    LWC_AUTO_CLOSE int fd = open(path, mode | O_CLOEXEC);
    struct capture capture;
    enum lwc_code code = LWC_OK;

    assert_true(fd >= 0);
    assert_int_equal(lwc_buf_copy("token\n", 6, &answer, NULL), LWC_OK);
    capture_begin(&capture, NULL);
    (void)dup2(fd, STDOUT_FILENO);
    code = lwc_output_write(answer, err);
    capture_end(&capture);
    return code;
}

static void write_that_fails_is_an_io_error(void **state)
{
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(write_to("/dev/full", O_WRONLY, &err), LWC_E_IO);
    assert_non_null(strstr(err.msg, "standard output"));
    assert_int_equal(write_to("/dev/null", O_RDONLY, &err), LWC_E_IO);
}

static void write_of_nothing_touches_no_stream(void **state)
{
    LWC_AUTO_BUF answer = NULL;
    struct capture capture;
    enum lwc_code code = LWC_E_INTERNAL;

    (void)state;
    assert_int_equal(lwc_buf_new(1, &answer, NULL), LWC_OK);
    capture_begin(&capture, NULL);
    (void)close(STDOUT_FILENO);
    code = lwc_output_write(answer, NULL);
    capture_end(&capture);
    assert_int_equal(code, LWC_OK);
}

static void defuse_leaves_no_command_in_a_line(void **state)
{
    static const struct {
        const char *text;
        const char *safe;
    } cases[] = {
        {"plain text", "plain text"},
        {"##[error]x", "# #[error]x"},
        {"##vso[task.x]y", "# #vso[task.x]y"},
        {"####[", "# # # #["},
        {"a # b", "a # b"},
        {"one\nprotocol=https", "one\\x0aprotocol=https"},
        {"\033[31mred", "\\x1b[31mred"},
        {"\r::set-output", "\\x0d::set-output"},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        char out[128];

        print_message("%s\n", cases[i].safe);
        assert_string_equal(lwc_output_defuse(out, sizeof out, cases[i].text), cases[i].safe);
        assert_null(strstr(out, "##"));
    }
}

static void defuse_cuts_to_the_room_there_is(void **state)
{
    char out[8];

    (void)state;
    memset(out, 'x', sizeof out);
    lwc_output_defuse(out, sizeof out, "################################");
    assert_true(strlen(out) < sizeof out);
    assert_null(strstr(out, "##"));
}

static void assert_printed(const struct lwc_error *err, bool json, const char *text)
{
    struct capture capture;

    capture_begin(&capture, NULL);
    lwc_output_error(err, json);
    capture_end(&capture);
    assert_string_equal(capture.out, "");
    assert_string_equal(capture.err, text);
}

static void error_is_one_line_and_a_hint(void **state)
{
    (void)state;
    assert_printed(&(struct lwc_error){.code = LWC_E_INVALID, .msg = "what: why"}, false,
                   "lw-credential-helper: what: why\n");
    assert_printed(&(struct lwc_error){.code = LWC_E_INVALID, .msg = "a\nhost=b", .hint = "##[x]"},
                   false, "lw-credential-helper: a\\x0ahost=b\nhint: # #[x]\n");
    assert_printed(&(struct lwc_error){.code = LWC_E_RATE_LIMITED, .msg = "m", .wait_s = 30}, false,
                   "lw-credential-helper: m\nhint: try again in 30 s\n");
    assert_printed(&(struct lwc_error){.code = LWC_E_RATE_LIMITED,
                                       .msg = "limit: try again in 30 s",
                                       .wait_s = 30},
                   false, "lw-credential-helper: limit: try again in 30 s\n");
    assert_printed(&(struct lwc_error){.code = LWC_E_INTERNAL, .msg = "m"}, false,
                   "lw-credential-helper: m\nhint: this is a defect of lwcred: please report it\n");
}

static void error_as_json_is_one_object(void **state)
{
    (void)state;
    assert_printed(
        &(struct lwc_error){.code = LWC_E_NOT_FOUND, .msg = "no \"x\"", .hint = "do"}, true,
        "lw-credential-helper: no \"x\"\nhint: do\n"
        "{\"error\":\"not-found\",\"status\":3,\"message\":\"no \\\"x\\\"\",\"hint\":\"do\"}\n");
    assert_printed(&(struct lwc_error){.code = LWC_E_RATE_LIMITED, .msg = "m", .wait_s = 7}, true,
                   "lw-credential-helper: m\nhint: try again in 7 s\n"
                   "{\"error\":\"rate-limited\",\"status\":12,\"message\":\"m\","
                   "\"hint\":\"try again in 7 s\",\"waitSeconds\":7}\n");
}

static void error_of_full_length_fits(void **state)
{
    struct lwc_error err = {.code = LWC_E_IO};
    struct capture capture;

    (void)state;
    memset(err.msg, '#', sizeof err.msg - 1);
    memset(err.hint, '\001', sizeof err.hint - 1);
    capture_begin(&capture, NULL);
    lwc_output_error(&err, true);
    capture_end(&capture);
    assert_null(strstr(capture.err, "##"));
    assert_non_null(strstr(capture.err, "\nhint: \\x01"));
    assert_string_equal(capture.err + strlen(capture.err) - 2, "}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(write_puts_the_answer_on_stdout_alone),
        cmocka_unit_test(write_that_fails_is_an_io_error),
        cmocka_unit_test(write_of_nothing_touches_no_stream),
        cmocka_unit_test(defuse_leaves_no_command_in_a_line),
        cmocka_unit_test(defuse_cuts_to_the_room_there_is),
        cmocka_unit_test(error_is_one_line_and_a_hint),
        cmocka_unit_test(error_as_json_is_one_object),
        cmocka_unit_test(error_of_full_length_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
