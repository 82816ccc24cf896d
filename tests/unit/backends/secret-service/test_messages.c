/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "backends/secret-service/messages.h"
#include "base/util.h"

static void every_wrong_has_a_cause_and_a_cure(void **state)
{
    static const struct {
        enum lwc_wrong wrong;
        enum lwc_code code;
        const char *says;
    } cases[] = {
        {LWC_WRONG_NO_BUS, LWC_E_UNAVAILABLE, "session bus"},
        {LWC_WRONG_NOT_OURS, LWC_E_UNSAFE, "not yours"},
        {LWC_WRONG_DENIED, LWC_E_DENIED, "may not be used"},
        {LWC_WRONG_NO_PROVIDER, LWC_E_UNAVAILABLE, "no program"},
        {LWC_WRONG_NO_DEFAULT, LWC_E_UNAVAILABLE, "no default collection"},
        {LWC_WRONG_NO_NAMED, LWC_E_UNAVAILABLE, "no such collection"},
        {LWC_WRONG_HUNG, LWC_E_FAILED, "did not answer in time (1.8 s)"},
        {LWC_WRONG_LOCKED, LWC_E_LOCKED, "is locked"},
        {LWC_WRONG_ASKS, LWC_E_LOCKED, "in a window of its own"},
        {LWC_WRONG_DISMISSED, LWC_E_LOCKED, "dismissed"},
        {LWC_WRONG_UNANSWERED, LWC_E_LOCKED, "not answered in time (1.8 s)"},
        {LWC_WRONG_FAILED, LWC_E_FAILED, "failed"},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        const struct lwc_messages words = {.limit_ms = 1750};
        struct lwc_error err = {0};

        assert_int_equal(lwc_messages_fail(cases[i].wrong, &words, &err), cases[i].code);
        assert_int_equal(err.code, cases[i].code);
        assert_non_null(strstr(err.msg, cases[i].says));
        assert_int_not_equal(err.hint[0], '\0');
        assert_int_equal(lwc_messages_fail(cases[i].wrong, &words, NULL), cases[i].code);
    }
}

static void words_name_the_collection_and_the_reason(void **state)
{
    const struct lwc_messages words = {.collection = "Work", .why = "there is no display"};
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(lwc_messages_fail(LWC_WRONG_LOCKED, &words, &err), LWC_E_LOCKED);
    assert_string_equal(err.msg, "collection 'Work': the keyring is locked: there is no display");
    assert_non_null(strstr(err.hint, "unlock it"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_wrong_has_a_cause_and_a_cure),
        cmocka_unit_test(words_name_the_collection_and_the_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
