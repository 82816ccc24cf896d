/* SPDX-License-Identifier: Apache-2.0 */
#include "base/descriptors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

/* How many more descriptors there may be; ends where the next one would be. */
static void leave_room_for(rlim_t count)
{
    struct rlimit limit;
    int next = open("/", O_PATH | O_CLOEXEC);

    assert_true(next >= 0);
    assert_int_equal(close(next), 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = (rlim_t)next + count;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void lack_is_told_and_none_is_kept(void **state)
{
    (void)state;
    closefrom(3); /* no gaps */
    assert_false(lwc_descriptors_are_exhausted());
    leave_room_for(8);
    assert_false(lwc_descriptors_are_exhausted());
    assert_false(lwc_descriptors_are_exhausted());
    leave_room_for(7);
    assert_true(lwc_descriptors_are_exhausted());
    assert_true(lwc_descriptors_are_exhausted());
    leave_room_for(8);
    assert_false(lwc_descriptors_are_exhausted());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lack_is_told_and_none_is_kept),
    };

    return cmocka_run_group_tests_name("descriptors", tests, NULL, NULL);
}
