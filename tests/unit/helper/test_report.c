/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/args.h"
#include "tests/support/capture.h"

static struct lwc_report begin(bool json, struct lwc_error *err)
{
    struct lwc_app app = {0};

    args_set(&app.args, &lwc_opt_json, json ? "" : NULL);
    return lwc_report_begin(&app, err);
}

static void report_shows_text_to_people_or_as_json(void **state)
{
    static const struct {
        bool json;
        const char *text;
    } cases[] = {{false, "2: a\\x1bb\n"}, {true, "2: \"a\\u001bb\"{\"name\":\"x\"}\n"}};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        static const struct lwc_member member = {.name = "name", .text = "x"};
        LWC_AUTO(struct lwc_report, lwc_report_clear) report = begin(cases[i].json, NULL);
        struct capture capture;
        enum lwc_code code = LWC_E_INTERNAL;

        LWC_REPORT_ADD(&report, "%d: ", 2);
        lwc_report_add_text(&report, "a\x1b"
                                     "b");
        if (cases[i].json) {
            lwc_report_add_object(&report, &member, 1);
        }
        LWC_REPORT_ADD(&report, "\n");
        capture_begin(&capture, NULL);
        code = lwc_report_write(&report);
        capture_end(&capture);
        assert_int_equal(code, LWC_OK);
        assert_string_equal(capture.out, cases[i].text);
    }
}

static void report_that_failed_takes_and_writes_nothing(void **state)
{
    struct lwc_error err = {0};
    LWC_AUTO(struct lwc_report, lwc_report_clear) report = begin(true, &err);
    struct capture capture;
    enum lwc_code code = LWC_OK;

    (void)state;
    LWC_REPORT_ADD(&report, "before");
    report.code = lwc_fail(&err, LWC_E_IO, "why");
    LWC_REPORT_ADD(&report, "behind");
    lwc_report_add_text(&report, "behind");
    lwc_report_add_object(&report, NULL, 0);
    assert_string_equal(lwc_buf_text(report.out), "before");
    capture_begin(&capture, NULL);
    code = lwc_report_write(&report);
    capture_end(&capture);
    assert_int_equal(code, LWC_E_IO);
    assert_string_equal(err.msg, "why");
    assert_string_equal(capture.out, "");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(report_shows_text_to_people_or_as_json),
        cmocka_unit_test(report_that_failed_takes_and_writes_nothing),
    };

    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
