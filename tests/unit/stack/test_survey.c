/* SPDX-License-Identifier: Apache-2.0 */
#include "stack/survey.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/util.h"

#define TEN "0123456789"
#define NINETY TEN TEN TEN TEN TEN TEN TEN TEN TEN

/* The reason why a line was absent is shown whole, or up to where a detail begins. */
static void reason_ends_where_a_detail_begins(void **state)
{
    static const struct {
        const char *why;
        const char *names;
    } cases[] = {
        {"there is no bus: none", "x (there is no bus: none)"},
        {NINETY, "x (" NINETY ")"},
        {NINETY "012345", "x (" NINETY "012345)"},
        {"no bus: A, B " NINETY, "x (no bus: A)"},
        {"no bus: " NINETY, "x (no bus)"},
        {"a:b,c" NINETY "0123456789", "x (a:b,c" NINETY "0)"},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_error why = {.code = LWC_E_UNAVAILABLE};
        struct lwc_conf_line line = {.where = {.file = "/stack"}};
        const struct lwc_turn turn = {
            .line = &line, .is_asked = true, .code = LWC_E_UNAVAILABLE, .why = &why};
        struct lwc_survey survey = {0};

        (void)snprintf(line.backend, sizeof line.backend, "x");
        (void)snprintf(why.msg, sizeof why.msg, "%s", cases[i].why);
        lwc_survey_note(&survey, &turn);
        assert_string_equal(survey.names, cases[i].names);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reason_ends_where_a_detail_begins)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
