/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include <stdatomic.h>
#include <time.h>

#include "backends/secret-service/watchdog.h"

static void count(void *data)
{
    atomic_fetch_add((atomic_uint *)data, 1);
}

/* The test's own limit is that of the runner: a watch that never fires hangs here. */
static void wait_for(atomic_uint *fired)
{
    const struct timespec nap = {.tv_nsec = 1000000};

    while (atomic_load(fired) == 0) {
        (void)nanosleep(&nap, NULL);
    }
}

static void watch_fires_once_when_time_is_up(void **state)
{
    atomic_uint fired = 0;
    struct lwc_watchdog watch;
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(lwc_watchdog_start(&watch, 5, count, &fired, &err), LWC_OK);
    wait_for(&fired);
    lwc_watchdog_extend(&watch, 1);
    assert_true(lwc_watchdog_stop(&watch));
    assert_int_equal(atomic_load(&fired), 1);
}

static void watch_fires_at_once_when_no_time_is_left(void **state)
{
    atomic_uint fired = 0;
    struct lwc_watchdog watch;
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(lwc_watchdog_start(&watch, 0, count, &fired, &err), LWC_OK);
    wait_for(&fired);
    assert_true(lwc_watchdog_stop(&watch));
}

static void watch_that_is_stopped_does_not_fire(void **state)
{
    atomic_uint fired = 0;
    struct lwc_watchdog watch;
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(lwc_watchdog_start(&watch, 600000, count, &fired, &err), LWC_OK);
    assert_false(lwc_watchdog_stop(&watch));
    assert_int_equal(atomic_load(&fired), 0);
}

static void watch_fires_earlier_when_told_so(void **state)
{
    atomic_uint fired = 0;
    struct lwc_watchdog watch;
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(lwc_watchdog_start(&watch, 600000, count, &fired, &err), LWC_OK);
    lwc_watchdog_extend(&watch, 5);
    wait_for(&fired);
    assert_true(lwc_watchdog_stop(&watch));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(watch_fires_once_when_time_is_up),
        cmocka_unit_test(watch_fires_at_once_when_no_time_is_left),
        cmocka_unit_test(watch_that_is_stopped_does_not_fire),
        cmocka_unit_test(watch_fires_earlier_when_told_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
