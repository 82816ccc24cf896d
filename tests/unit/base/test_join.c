/* SPDX-License-Identifier: Apache-2.0 */
#include "base/join.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void parts_are_joined_and_cut_to_fit(void **state)
{
    static const struct {
        const char *parts[4];
        size_t cap;
        const char *text;
    } cases[] = {
        {{NULL}, 1, ""},
        {{NULL}, 8, ""},
        {{"", "", ""}, 8, ""},
        {{"lwcred:", "", "name"}, 12, "lwcred:name"},
        {{"lwcred:", "", "name"}, 11, "lwcred:nam"},
        {{"lwcred:", "name", "more"}, 8, "lwcred:"},
        {{"lwcred:", "name", "more"}, 3, "lw"},
        {{"lwcred:", "name"}, 1, ""},
        {{"%s", "%n"}, 8, "%s%n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[16];

        memset(out, 'x', sizeof out);
        assert_ptr_equal(lwc_join(out, cases[i].cap, cases[i].parts), out);
        assert_string_equal(out, cases[i].text);
        for (size_t at = cases[i].cap; at < sizeof out; at++) {
            assert_int_equal(out[at], 'x');
        }
    }
}

static void a_new_text_holds_all_parts(void **state)
{
    char *text = lwc_join_new(LWC_PARTS("/run/user/", "1000", "", "/lwcred"));
    char *empty = lwc_join_new(LWC_PARTS(""));

    (void)state;
    assert_string_equal(text, "/run/user/1000/lwcred");
    assert_string_equal(empty, "");
    free(empty);
    free(text);
}

static void parts_are_appended_all_or_none(void **state)
{
    LWC_AUTO_BUF buf = NULL;
    struct lwc_error err = {0};
    char *large = malloc(LWC_BUF_CAP);

    (void)state;
    assert_non_null(large);
    memset(large, 'l', LWC_BUF_CAP - 1);
    large[LWC_BUF_CAP - 1] = '\0';
    assert_int_equal(lwc_buf_new(4, &buf, NULL), LWC_OK);
    assert_int_equal(lwc_join_append(buf, LWC_PARTS("a=", "secret", "", "\n"), &err), LWC_OK);
    assert_string_equal(lwc_buf_text(buf), "a=secret\n");
    assert_int_equal(lwc_join_append(buf, LWC_PARTS("b=", large), &err), LWC_E_INVALID);
    assert_string_equal(lwc_buf_text(buf), "a=secret\n");
    assert_int_equal(lwc_join_append(buf, LWC_PARTS("b\n"), &err), LWC_OK);
    assert_string_equal(lwc_buf_text(buf), "a=secret\nb\n");
    free(large);
}

static void numbers_are_decimal(void **state)
{
    static const struct {
        int64_t number;
        const char *text;
    } cases[] = {
        {0, "0"},       {7, "7"},
        {10, "10"},     {1795542924, "1795542924"},
        {-1, "-1"},     {INT64_MAX, "9223372036854775807"},
        {-120, "-120"}, {INT64_MIN, "-9223372036854775808"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char room[LWC_DECIMAL_LEN];

        assert_string_equal(lwc_decimal(cases[i].number, room), cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_joined_and_cut_to_fit),
        cmocka_unit_test(a_new_text_holds_all_parts),
        cmocka_unit_test(parts_are_appended_all_or_none),
        cmocka_unit_test(numbers_are_decimal),
    };

    return cmocka_run_group_tests_name("join", tests, NULL, NULL);
}
