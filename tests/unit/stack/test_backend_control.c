/* SPDX-License-Identifier: Apache-2.0 */
#include "stack/backend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "tests/support/stacks.h"

/* Joins the values of all records; answers @code to record number @at. */
struct record_log {
    char text[256];
    unsigned count;
    unsigned at;
    enum lwc_code code;
};

static enum lwc_code note_record(void *data, const struct lwc_field *fields, size_t count,
                                 struct lwc_error *err)
{
    struct record_log *log = data;
    const size_t len = strlen(log->text);

    log->count++;
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(log->text + len, sizeof log->text - len, "%s=%s ", fields[i].name,
                       fields[i].value);
    }
    return log->count == log->at ? lwc_fail(err, log->code, "enough") : LWC_OK;
}

static enum lwc_code run_line(const char *line, const char *verb, struct record_log *log,
                              struct lwc_error *err)
{
    static const char *const argv[] = {"one", "two"};
    const struct lwc_reporter reporter = {.data = log, .report = note_record};
    struct stacks stacks;
    struct lwc_stack_backend *backend = NULL;
    enum lwc_code code = LWC_OK;

    stacks_open(&stacks, line);
    backend = lwc_backend_new(&stacks.conf->lines[0], &stacks.host, true);
    assert_non_null(backend);
    code = lwc_backend_control(backend, verb, 2, argv, &reporter, err);
    lwc_backend_free(&backend);
    stacks_close(&stacks);
    return code;
}

static void a_command_reports_its_records(void **state)
{
    static const char *const lines[] = {"lookup required answer\n", "lookup required blocking\n"};
    static const char *const texts[] = {"text=one text=two ", "text=one text=two "};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(lines); i++) {
        struct record_log log = {.count = 0};

        assert_int_equal(run_line(lines[i], "echo", &log, NULL), LWC_OK);
        assert_int_equal(log.count, 2);
        assert_string_equal(log.text, texts[i]);
    }
}

static void commands_fail_for_a_named_reason(void **state)
{
    static const struct {
        const char *line;
        const char *verb;
        enum lwc_code code;
        const char *msg;
        unsigned reported;
    } cases[] = {
        {"env", "check", LWC_E_INVALID, "backend 'env' has no command 'check'", 0},
        {"lacework-cli", "check", LWC_E_INVALID, "backend 'lacework-cli' has no command 'check'",
         0},
        {"exec", "check", LWC_E_INVALID, "backend 'exec' has no command 'check'", 0},
        {"bad-major", "echo", LWC_E_INVALID, "ABI 2", 0},
        {"answer", "no-such", LWC_E_INVALID, "told to answer", 0},
        {"blocking", "no-such", LWC_E_INVALID, "no command 'no-such'", 0},
        {"answer", "Echo!", LWC_E_INVALID, "a command is 1 to 32", 0},
        {"blocking", "Echo!", LWC_E_INVALID, "a command is 1 to 32", 0},
        {"answer control=4", "echo", LWC_E_LOCKED, "told to answer 4", 2},
        {"answer control=4 lie=mute", "echo", LWC_E_LOCKED, "gave no reason (locked)", 2},
        {"answer control=99", "echo", LWC_E_INTERNAL, "unknown code 99", 2},
        {"answer lie=record", "echo", LWC_E_INVALID,
         "backend 'answer' reports: the field 'text' twice", 0},
        {"answer lie=flood", "echo", LWC_E_INVALID, "reports more than 10000 records", 10000},
        {"blocking", "malformed", LWC_E_INVALID, "backend 'blocking' reports: a field 'text'", 0},
        {"blocking", "flood", LWC_E_FAILED, "sent more than 10000 times a record", 10000},
        {"blocking", "ask", LWC_E_LOCKED, "not interactive", 0},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        char line[128];
        struct record_log log = {.count = 0};
        struct lwc_error err = {0};

        print_message("%s: %s\n", cases[i].line, cases[i].verb);
        (void)snprintf(line, sizeof line, "lookup required %s\n", cases[i].line);
        assert_int_equal(run_line(line, cases[i].verb, &log, &err), cases[i].code);
        print_message("    %s\n", err.msg);
        assert_non_null(strstr(err.msg, cases[i].msg));
        assert_int_equal(log.count, cases[i].reported);
    }
}

static void a_failure_of_the_reporter_ends_the_command(void **state)
{
    static const char *const lines[] = {"lookup required answer\n", "lookup required blocking\n"};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(lines); i++) {
        struct record_log log = {.at = 1, .code = LWC_E_BUSY};
        struct lwc_error err = {0};

        assert_int_equal(run_line(lines[i], "echo", &log, &err), LWC_E_BUSY);
        assert_int_equal(log.count, 1);
        assert_string_equal(err.msg, "enough");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_reports_its_records),
        cmocka_unit_test(commands_fail_for_a_named_reason),
        cmocka_unit_test(a_failure_of_the_reporter_ends_the_command),
    };

    return cmocka_run_group_tests_name("backend control", tests, NULL, NULL);
}
