/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/error.h"

static void fail_fills_record_and_returns_code(void **state)
{
    struct lwc_error err = {.wait_s = 7, .hint = "old"};

    (void)state;
    assert_int_equal(lwc_fail(&err, LWC_E_INVALID, "line %d: no '='", 3), LWC_E_INVALID);
    assert_int_equal(err.code, LWC_E_INVALID);
    assert_int_equal(err.sys, 0);
    assert_int_equal(err.wait_s, 0);
    assert_string_equal(err.msg, "line 3: no '='");
    assert_string_equal(err.hint, "");
}

static void every_call_keeps_errno(void **state)
{
    struct lwc_error err = {0};

    (void)state;
    errno = ENOTTY;
    (void)!lwc_fail(&err, LWC_E_IO, "%s", "a");
    lwc_describe(&err, LWC_E_IO, "%s", "a");
    (void)!lwc_fail_sys(&err, LWC_E_IO, ENOSPC, "%s", "a");
    (void)!lwc_wrap(&err, LWC_E_IO, "%s", "b");
    lwc_hint(&err, LWC_E_IO, "%s", "c");
    assert_int_equal(errno, ENOTTY);
}

static void every_call_without_record_returns_code(void **state)
{
    (void)state;
    assert_int_equal(lwc_fail(NULL, LWC_E_BUSY, "x"), LWC_E_BUSY);
    assert_int_equal(lwc_fail_sys(NULL, LWC_E_IO, EIO, "x"), LWC_E_IO);
    lwc_describe(NULL, LWC_E_BUSY, "x");
    assert_int_equal(lwc_error_pass(NULL, LWC_E_BUSY, &(struct lwc_error){0}), LWC_E_BUSY);
    assert_int_equal(lwc_fail_nomem(NULL), LWC_E_IO);
    assert_int_equal(lwc_wrap(NULL, LWC_E_LOCKED, "x"), LWC_E_LOCKED);
    assert_int_equal(lwc_hint(NULL, LWC_E_LOCKED, "x"), LWC_E_LOCKED);
}

static void describe_fills_record_as_fail_does(void **state)
{
    struct lwc_error described = {.wait_s = 7, .hint = "old"};
    struct lwc_error failed = {0};

    (void)state;
    lwc_describe(&described, LWC_E_INVALID, "line %d: '%s'", 3, "\x1b");
    assert_int_equal(lwc_fail(&failed, LWC_E_INVALID, "line %d: '%s'", 3, "\x1b"), LWC_E_INVALID);
    assert_memory_equal(&described, &failed, sizeof failed);
}

static void pass_copies_a_failure_with_the_code_of_the_caller(void **state)
{
    const struct lwc_error why = {
        .code = LWC_E_IO, .sys = EIO, .wait_s = 3, .msg = "why", .hint = "cure"};
    struct lwc_error err = {.msg = "old"};

    (void)state;
    assert_int_equal(lwc_error_pass(&err, LWC_OK, &why), LWC_OK);
    assert_string_equal(err.msg, "old");
    assert_int_equal(lwc_error_pass(&err, LWC_E_BUSY, &why), LWC_E_BUSY);
    assert_memory_equal(&err, &why, sizeof why);
}

static void fail_with_control_bytes_is_printable(void **state)
{
    struct lwc_error err = {0};

    (void)state;
    (void)!lwc_fail(&err, LWC_E_INVALID, "profile '%s'", "a\x1b[2J\nb");
    assert_string_equal(err.msg, "profile 'a\\x1b[2J\\x0ab'");
    lwc_hint(&err, LWC_E_INVALID, "use '%s'", "\r\x7f");
    assert_string_equal(err.hint, "use '\\x0d\\x7f'");
}

static void fail_sys_with_number_says_why(void **state)
{
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(lwc_fail_sys(&err, LWC_E_IO, ENOSPC, "write %s", "/x"), LWC_E_IO);
    assert_string_equal(err.msg, "write /x: No space left on device");
    assert_int_equal(err.sys, ENOSPC);
    (void)!lwc_fail_sys(&err, LWC_E_IO, 99999, "write");
    assert_string_equal(err.msg, "write: system error 99999");
}

/* However long the name in it is, and though it is wrapped. */
static void fail_sys_with_long_name_still_says_why(void **state)
{
    static char name[2 * LWC_ERROR_MSG_LEN];
    struct lwc_error err = {0};

    (void)state;
    memset(name, 'a', sizeof name - 1);
    (void)!lwc_fail_sys(&err, LWC_E_INVALID, ENAMETOOLONG, "%s", name);
    (void)!lwc_wrap(&err, LWC_E_INVALID, "option --secret-file");
    assert_non_null(strstr(err.msg, "option --secret-file: aaa"));
    assert_non_null(strstr(err.msg, "aaa...: File name too long"));
}

static void fail_nomem_is_io_with_enomem(void **state)
{
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(lwc_fail_nomem(&err), LWC_E_IO);
    assert_int_equal(err.sys, ENOMEM);
    assert_non_null(strstr(err.msg, "out of memory"));
}

static void fail_with_long_text_is_cut_with_dots(void **state)
{
    struct lwc_error err = {0};
    char text[4000];

    (void)state;
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    (void)!lwc_fail(&err, LWC_E_INVALID, "%s", text);
    assert_int_equal(strlen(err.msg), LWC_ERROR_MSG_LEN - 1);
    assert_string_equal(err.msg + LWC_ERROR_MSG_LEN - 4, "...");
    lwc_hint(&err, LWC_E_INVALID, "%s", text);
    assert_int_equal(strlen(err.hint), LWC_ERROR_HINT_LEN - 1);
}

static void fail_with_own_text_as_argument_is_safe(void **state)
{
    struct lwc_error err = {.msg = "inner"};

    (void)state;
    (void)!lwc_fail(&err, LWC_E_IO, "outer: %s", err.msg);
    assert_string_equal(err.msg, "outer: inner");
}

static void wrap_puts_context_in_front_and_keeps_rest(void **state)
{
    struct lwc_error err = {.wait_s = 0};

    (void)state;
    (void)!lwc_fail_sys(&err, LWC_E_IO, EIO, "read");
    lwc_hint(&err, LWC_E_IO, "look at the disk");
    err.wait_s = 5;
    assert_int_equal(lwc_wrap(&err, LWC_E_IO, "backend %s", "file"), LWC_E_IO);
    assert_string_equal(err.msg, "backend file: read: Input/output error");
    assert_string_equal(err.hint, "look at the disk");
    assert_int_equal(err.sys, EIO);
    assert_int_equal(err.wait_s, 5);
    assert_int_equal(err.code, LWC_E_IO);
}

static void wrap_until_full_cuts_the_end(void **state)
{
    struct lwc_error err = {0};

    (void)state;
    (void)!lwc_fail(&err, LWC_E_IO, "innermost");
    for (int i = 0; i < 200; i++) {
        (void)!lwc_wrap(&err, LWC_E_IO, "layer %d", i);
    }
    assert_int_equal(strncmp(err.msg, "layer 199: layer 198: ", 22), 0);
    assert_in_range(strlen(err.msg), LWC_ERROR_MSG_LEN - 20, LWC_ERROR_MSG_LEN - 1);
    assert_string_equal(err.msg + strlen(err.msg) - 3, "...");
}

static void wrap_of_success_changes_nothing(void **state)
{
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(lwc_wrap(&err, LWC_OK, "context"), LWC_OK);
    assert_string_equal(err.msg, "");
}

static void code_name_is_that_of_the_manual(void **state)
{
    static const char *const names[] = {
        "ok",           "internal", "invalid",     "not-found", "locked",  "denied",
        "corrupt",      "too-new",  "unavailable", "io",        "network", "refused",
        "rate-limited", "busy",     "unsafe",      "failed",
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(names); i++) {
        assert_string_equal(lwc_code_name((enum lwc_code)i), names[i]);
    }
    assert_string_equal(lwc_code_name((enum lwc_code)LWC_ARRAY_LEN(names)), "unknown");
    assert_string_equal(lwc_code_name((enum lwc_code) - 1), "unknown");
}

/* A hint is to be pasted into a shell: a name that would end its quotes stands in none. */
static void hint_of_a_command_names_no_file_with_a_quote(void **state)
{
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(lwc_hint_command(&err, LWC_E_UNSAFE, "chmod go-w", "/tmp/a b"), LWC_E_UNSAFE);
    assert_string_equal(err.hint, "chmod go-w '/tmp/a b'");
    assert_int_equal(lwc_hint_command(&err, LWC_E_UNSAFE, "chmod go-w", "/tmp/it's;touch x;'"),
                     LWC_E_UNSAFE);
    assert_string_equal(err.hint, "chmod go-w");
    assert_int_equal(lwc_hint_command(NULL, LWC_E_UNSAFE, "chmod go-w", "'"), LWC_E_UNSAFE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hint_of_a_command_names_no_file_with_a_quote),
        cmocka_unit_test(fail_fills_record_and_returns_code),
        cmocka_unit_test(every_call_keeps_errno),
        cmocka_unit_test(every_call_without_record_returns_code),
        cmocka_unit_test(describe_fills_record_as_fail_does),
        cmocka_unit_test(pass_copies_a_failure_with_the_code_of_the_caller),
        cmocka_unit_test(fail_with_control_bytes_is_printable),
        cmocka_unit_test(fail_sys_with_number_says_why),
        cmocka_unit_test(fail_sys_with_long_name_still_says_why),
        cmocka_unit_test(fail_nomem_is_io_with_enomem),
        cmocka_unit_test(fail_with_long_text_is_cut_with_dots),
        cmocka_unit_test(fail_with_own_text_as_argument_is_safe),
        cmocka_unit_test(wrap_puts_context_in_front_and_keeps_rest),
        cmocka_unit_test(wrap_until_full_cuts_the_end),
        cmocka_unit_test(wrap_of_success_changes_nothing),
        cmocka_unit_test(code_name_is_that_of_the_manual),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
