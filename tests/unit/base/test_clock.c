/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <time.h>

#include <cmocka.h>

#include "base/clock.h"

static void system_wall_is_unix_time(void **state)
{
    const struct lwc_clock *clock = lwc_clock_system();
    int64_t before = time(NULL);
    int64_t now = lwc_clock_wall_s(clock);

    (void)state;
    assert_true(now >= before - 1);
    assert_true(now <= (int64_t)time(NULL) + 1);
}

static void system_boot_is_in_milliseconds_and_never_back(void **state)
{
    const struct lwc_clock *clock = lwc_clock_system();
    struct timespec at = {0};
    int64_t first = lwc_clock_boot_ms(clock);

    (void)state;
    assert_int_equal(clock_gettime(CLOCK_BOOTTIME, &at), 0);
    assert_true(lwc_clock_boot_ms(clock) >= first);
    assert_true((int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000 >= first);
    assert_true(((int64_t)at.tv_sec + 3600) * 1000 > first);
}

static int64_t fake(void *data)
{
    return *(int64_t *)data;
}

static void clock_of_a_test_is_used(void **state)
{
    int64_t at = 42;
    const struct lwc_clock clock = {.data = &at, .wall_s = fake, .boot_ms = fake};

    (void)state;
    assert_int_equal(lwc_clock_wall_s(&clock), 42);
    at = 43;
    assert_int_equal(lwc_clock_boot_ms(&clock), 43);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(system_wall_is_unix_time),
        cmocka_unit_test(system_boot_is_in_milliseconds_and_never_back),
        cmocka_unit_test(clock_of_a_test_is_used),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
