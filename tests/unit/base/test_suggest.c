/* SPDX-License-Identifier: Apache-2.0 */
#include "base/suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void unknown_word_is_named_with_the_nearest(void **state)
{
    static const char *const words[] = {"list", "clear"};
    static const struct {
        const char *word;
        const char *msg;
        const char *hint;
    } cases[] = {
        {"lsit", "unknown verb 'lsit'", "did you mean 'list'?"},
        {"xyzzy", "unknown verb 'xyzzy'", ""},
        {"", "unknown verb ''", ""},
        {"abcdefghijklmnopqrstuvwxyzabcdefghijklmnop",
         "unknown verb 'abcdefghijklmnopqrstuvwxyzabcdef'", ""},
        {"List", "unknown verb (it is no word)", "did you mean 'list'?"},
        {"_5ecret", "unknown verb (it is no word)", ""},
        {"a b", "unknown verb (it is no word)", ""},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_error err = {0};

        assert_int_equal(lwc_fail_unknown(&err, "verb", cases[i].word, words, LWC_ARRAY_LEN(words)),
                         LWC_E_INVALID);
        assert_string_equal(err.msg, cases[i].msg);
        assert_string_equal(err.hint, cases[i].hint);
    }
    assert_int_equal(lwc_fail_unknown(NULL, "verb", "x", words, 0), LWC_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(unknown_word_is_named_with_the_nearest)};

    return cmocka_run_group_tests_name("suggest", tests, NULL, NULL);
}
