/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/lifetime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/fake_api.h"

#define BOOT "01234567-89ab-cdef-0123-456789abcdef"

static void left_is_counted_on_the_boot_clock(void **state)
{
    static const struct {
        const char *name;
        int64_t boot_ms;
        int64_t wall_s;
        const char *boot_id;
        int64_t left_s;
    } cases[] = {
        {"just made", 5000, 1700000000, BOOT, 3600},
        {"a millisecond later", 5001, 1700000000, BOOT, 3599},
        {"half an hour, suspend included", 1805000, 1700001800, BOOT, 1800},
        {"wall clock a minute ahead", 6000, 1700000061, BOOT, 3599},
        {"wall clock more than a minute ahead", 6000, 1700000062, BOOT, 0},
        {"snapshot of an hour ago", 6000, 1700003600, BOOT, 0},
        {"paused for two minutes in half an hour", 1805000, 1700001920, BOOT, 0},
        {"wall clock stepped hours back", 6000, 1699950000, BOOT, 3599},
        {"wall clock in the year 2000", 6000, 946684800, BOOT, 3599},
        {"last second", 3604000, 1700000000, BOOT, 1},
        {"dead on the second", 3605000, 1700000000, BOOT, 0},
        {"long dead", 99999000, 1700000000, BOOT, 0},
        {"from the future", 4999, 1700000000, BOOT, 0},
        {"another boot", 5000, 1700000000, "11111111-89ab-cdef-0123-456789abcdef", 0},
    };
    struct lwc_entry entry = {
        .lifetime_s = 3600, .sent_boot_ms = 5000, .sent_wall_s = 1700000000, .boot_id = BOOT};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        fake_api.boot_ms = cases[i].boot_ms;
        fake_api.wall_s = cases[i].wall_s;
        assert_int_equal(lwc_lifetime_left_s(&entry, cases[i].boot_id, &fake_api_clock),
                         cases[i].left_s);
    }
    fake_api.boot_ms = 3604999;
    assert_int_equal(lwc_lifetime_left_ms(&entry, BOOT, &fake_api_clock), 1);
    assert_int_equal(lwc_lifetime_left_s(&entry, BOOT, &fake_api_clock), 0);
}

static void margin_is_what_was_asked_or_half_of_the_life(void **state)
{
    static const struct {
        int64_t asked_s, usual_s, lifetime_s, margin_s;
    } cases[] = {
        {0, 0, 3600, 300},     {0, 0, 600, 300},      {0, 0, 599, 299},    {0, 0, 10, 5},
        {0, 0, 1, 0},          {0, 900, 3600, 900},   {0, 900, 600, 300},  {1, 0, 3600, 1},
        {3599, 0, 3600, 3599}, {7200, 0, 3600, 7200}, {10, 900, 3600, 10},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%zu\n", i);
        assert_int_equal(
            lwc_lifetime_margin_s(cases[i].asked_s, cases[i].usual_s, cases[i].lifetime_s),
            cases[i].margin_s);
    }
}

static void boot_id_is_the_same_each_time(void **state)
{
    char one[LWC_BOOT_ID_LEN + 1] = "";
    char two[LWC_BOOT_ID_LEN + 1] = "";

    (void)state;
    assert_true(lwc_clock_boot_id(one));
    assert_true(lwc_clock_boot_id(two));
    assert_string_equal(one, two);
    assert_int_equal(strlen(one), LWC_BOOT_ID_LEN);
    assert_int_equal(strspn(one, "0123456789abcdef-"), LWC_BOOT_ID_LEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(left_is_counted_on_the_boot_clock),
        cmocka_unit_test(margin_is_what_was_asked_or_half_of_the_life),
        cmocka_unit_test(boot_id_is_the_same_each_time),
    };

    return cmocka_run_group_tests_name("fresh", tests, NULL, NULL);
}
