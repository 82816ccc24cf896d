/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/quota.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "tests/support/tmpdir.h"

/* The files below /proc are these, or cannot be opened; the user is whom the test says. */
static const struct tmpdir *dir;
static int open_errno;
static uid_t uid;

int __wrap_open(const char *path, int flags, ...);
int __real_open(const char *path, int flags, ...);
uid_t __wrap_geteuid(void);

int __wrap_open(const char *path, int flags, ...)
{
    char own[TMPDIR_PATH_LEN];

    if (strncmp(path, "/proc/sys/kernel/keys/", 22) != 0) {
        return __real_open(path, flags, 0600);
    }
    errno = open_errno;
    return open_errno != 0 ? -1 : __real_open(tmpdir_join(dir, path + 22, own), flags);
}

uid_t __wrap_geteuid(void)
{
    return uid;
}

static int setup(void **state)
{
    open_errno = 0;
    uid = 1000;
    if (tmpdir_setup(state) != 0) {
        return -1;
    }
    dir = *state;
    tmpdir_write(dir, "maxkeys", "400\n", 4, 0600);
    tmpdir_write(dir, "maxbytes", "30000\n", 6, 0600);
    tmpdir_write(dir, "root_maxkeys", "1000000\n", 8, 0600);
    tmpdir_write(dir, "root_maxbytes", "25000000\n", 9, 0600);
    return 0;
}

static void share_is_a_quarter_of_the_users_limits(void **state)
{
    (void)state;
    assert_int_equal(lwc_quota_share().keys, 100);
    assert_int_equal(lwc_quota_share().bytes, 7500);
    uid = 0;
    assert_int_equal(lwc_quota_share().keys, 250000);
    assert_int_equal(lwc_quota_share().bytes, 6250000);
}

static void unreadable_limits_are_the_kernels_defaults(void **state)
{
    static const char *const texts[] = {"", "none\n", "-5\n", "0\n"};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(texts); i++) {
        tmpdir_write(dir, "maxbytes", texts[i], strlen(texts[i]), 0600);
        assert_int_equal(lwc_quota_share().bytes, 5000);
    }
    open_errno = ENOENT;
    assert_int_equal(lwc_quota_share().keys, 50);
    assert_int_equal(lwc_quota_share().bytes, 5000);
    uid = 0;
    assert_int_equal(lwc_quota_share().bytes, 5000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tmpdir_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(share_is_a_quarter_of_the_users_limits),
        TEST(unreadable_limits_are_the_kernels_defaults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
