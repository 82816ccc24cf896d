/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/format/formats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void table_finds_each_format_by_its_name(void **state)
{
    const struct lwc_format *format = NULL;
    size_t count = 0;

    (void)state;
    for (; (format = lwc_format_at(count)) != NULL; count++) {
        const struct lwc_format *found = NULL;

        assert_non_null(format->summary);
        assert_non_null(format->write);
        assert_int_equal(lwc_format_find(format->name, &found, NULL), LWC_OK);
        assert_ptr_equal(found, format);
    }
    assert_int_equal(count, 3);
}

static void find_unknown_name_is_refused_with_the_nearest(void **state)
{
    const struct lwc_format *format = NULL;
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(lwc_format_find("jsn", &format, &err), LWC_E_INVALID);
    assert_non_null(strstr(err.msg, "jsn"));
    assert_non_null(strstr(err.hint, "'json'"));
    assert_int_equal(lwc_format_find("nothing-like-it", &format, &err), LWC_E_INVALID);
    assert_non_null(strstr(err.hint, "--help"));
    assert_null(format);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_finds_each_format_by_its_name),
        cmocka_unit_test(find_unknown_name_is_refused_with_the_nearest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
