/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/key_format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"

#define CLASSIC_ID "ACME_0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF"
#define CLASSIC_SECRET "_0123456789abcdef0123456789abcdef"
#define UUID "01234567-89ab-cdef-0123-456789abcdef"

static void key_id_known_forms_are_usual(void **state)
{
    static const struct {
        const char *key_id;
        bool usual;
    } cases[] = {
        {CLASSIC_ID, true},
        {"A1_0F", true},
        {UUID, true},
        {"01234567-89AB-CDEF-0123-456789ABCDEF", true},
        {"acme_01", false},
        {"ACME_01x", false},
        {"ACME_", false},
        {"_01", false},
        {"ACME", false},
        {"", false},
        {UUID "0", false},
        {"01234567-89ab-cdef-0123", false},
        {CLASSIC_SECRET, false},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        print_message("%s\n", cases[i].key_id);
        assert_int_equal(lwc_key_id_is_usual(cases[i].key_id), cases[i].usual);
    }
}

static void secret_known_forms_are_usual(void **state)
{
    static const struct {
        const char *key_id;
        const char *secret;
        bool usual;
    } cases[] = {
        {CLASSIC_ID, CLASSIC_SECRET, true},
        {CLASSIC_ID, "_short", false},
        {CLASSIC_ID, "0123456789abcdef0123456789abcdef0", false},
        {UUID, "Abc!0123456789abcdef0123456789ab", true},
        {UUID, "short", false},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        print_message("%zu\n", i);
        assert_int_equal(
            lwc_key_secret_is_usual(cases[i].key_id, cases[i].secret, strlen(cases[i].secret)),
            cases[i].usual);
    }
}

static void slip_check_refuses_labels_and_swaps(void **state)
{
    static const struct {
        const char *name;
        const char *key_id;
        const char *secret;
        const char *says; /* NULL: good */
    } cases[] = {
        {"good key id", CLASSIC_ID, NULL, NULL},
        {"good secret", NULL, CLASSIC_SECRET, NULL},
        {"good UUID", UUID, NULL, NULL},
        {"both", CLASSIC_ID, CLASSIC_SECRET, NULL},
        {"secret with a colon", NULL, "Abc:0123456789", NULL},
        {"label alone", "secret", NULL, NULL},
        {"keyId:", "keyId:" CLASSIC_ID, NULL, "label"},
        {"LW_API_KEY=", "LW_API_KEY=" CLASSIC_ID, NULL, "label"},
        {"secret:", NULL, "secret:" CLASSIC_SECRET, "label"},
        {"api_secret=", NULL, "API_SECRET=" CLASSIC_SECRET, "label"},
        {"secret as key id", CLASSIC_SECRET, NULL, "swapped"},
        {"key id as secret", NULL, CLASSIC_ID, "swapped"},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_error err = {0};

        print_message("%s\n", cases[i].name);
        assert_int_equal(lwc_key_slip_check(cases[i].key_id, cases[i].secret, &err),
                         cases[i].says == NULL ? LWC_OK : LWC_E_INVALID);
        assert_true(cases[i].says == NULL || strstr(err.msg, cases[i].says) != NULL);
        assert_null(strstr(err.msg, CLASSIC_SECRET));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_id_known_forms_are_usual),
        cmocka_unit_test(secret_known_forms_are_usual),
        cmocka_unit_test(slip_check_refuses_labels_and_swaps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
