/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/cure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/hints.h"
#include "base/text.h"
#include "base/util.h"

static const struct {
    const char *hint;
    const char *says;
} hints[] = {
    {LWC_HINT_EXISTS, "--replace"},
    {LWC_HINT_CHOOSE, "--profile"},
    {LWC_HINT_ABSENT, "'add'"},
    {LWC_HINT_EMPTY, " add' "},
    {LWC_HINT_BACKEND, " backends' "},
    {LWC_HINT_NOT_TAKEN, "-v"},
    {LWC_HINT_UNREADABLE, "--replace"},
    {LWC_HINT_WINDOW, "--timeout"},
    {LWC_HINT_RIGHT, "--sub-account and"},
};

static void hints_of_the_library_name_the_program_s_cure(void **state)
{
    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(hints); i++) {
        char out[256];

        assert_non_null(strstr(lwc_cure_name(hints[i].hint, out, sizeof out), hints[i].says));
        assert_null(strstr(hints[i].hint, hints[i].says));
    }
}

static void hints_survive_the_way_and_are_told_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(hints); i++) {
        const size_t len = strlen(hints[i].hint);
        char out[256];

        assert_string_equal(lwc_text_printable(out, sizeof out, hints[i].hint, len), hints[i].hint);
        assert_null(strchr(hints[i].hint, '%'));
        for (size_t k = 0; k < LWC_ARRAY_LEN(hints); k++) {
            assert_true(k == i || strncmp(hints[i].hint, hints[k].hint, len) != 0);
        }
    }
}

static void what_follows_a_hint_stays(void **state)
{
    char out[256];
    char cut[8];

    (void)state;
    assert_string_equal(
        lwc_cure_name(LWC_HINT_EMPTY "; absent here, and not asked: x", out, sizeof out),
        "'lw-credential-helper add' stores an access key; absent here, and not asked: x");
    assert_string_equal(lwc_cure_name("other", out, sizeof out), "other");
    assert_string_equal(lwc_cure_name("", out, sizeof out), "");
    assert_string_equal(lwc_cure_name(LWC_HINT_CHOOSE, cut, sizeof cut), "choose ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hints_of_the_library_name_the_program_s_cure),
        cmocka_unit_test(hints_survive_the_way_and_are_told_apart),
        cmocka_unit_test(what_follows_a_hint_stays),
    };

    return cmocka_run_group_tests_name("cure", tests, NULL, NULL);
}
