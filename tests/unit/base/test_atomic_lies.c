/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/safefile.h"
#include "tests/support/tmpdir.h"

/* Written bytes are lost silently, or with an error at close(). */

static bool lose_bytes;
static bool fail_close;
static int written_fd = -1;
static int made_flags;

ssize_t __wrap_write(int fd, const void *bytes, size_t len);
ssize_t __real_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
    written_fd = fd;
    return lose_bytes ? (ssize_t)len : __real_write(fd, bytes, len);
}

/* A close that fails has closed all the same. */
int __wrap_close(int fd);
int __real_close(int fd);
int __wrap_close(int fd)
{
    const int result = __real_close(fd);

    if (fail_close && fd == written_fd) {
        errno = EIO;
        return -1;
    }
    return result;
}

int __wrap_posix_fallocate(int fd, off_t from, off_t len);
int __wrap_posix_fallocate(int fd, off_t from, off_t len)
{
    (void)fd;
    (void)from;
    (void)len;
    return EOPNOTSUPP;
}

int __wrap_openat(int fd, const char *name, int flags, ...);
int __real_openat(int fd, const char *name, int flags, ...);
int __wrap_openat(int fd, const char *name, int flags, ...)
{
    mode_t mode = 0;
    va_list args;

    va_start(args, flags);
    if ((flags & O_CREAT) != 0) {
        mode = va_arg(args, mode_t);
        made_flags = flags;
    }
    va_end(args);
    return __real_openat(fd, name, flags, mode);
}

/* Puts "new" in place of "old"; the old one must stay where that fails. */
static void replace(const struct tmpdir *dir, enum lwc_code expected)
{
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    struct lwc_error err = {0};
    char text[TMPDIR_PATH_LEN];

    written_fd = -1;
    made_flags = 0;
    tmpdir_write(dir, "store", "old", 3, 0600);
    assert_int_equal(lwc_path_resolve(tmpdir_join(dir, "store", text), &path, NULL), LWC_OK);
    assert_int_equal(lwc_file_replace(&path, "new", 3, NULL, NULL, NULL, &err), expected);
    lose_bytes = false;
    fail_close = false;
    tmpdir_assert_text(dir, "store", expected == LWC_OK ? "new" : "old");
    assert_int_equal(tmpdir_count(dir, "."), 1);
}

static void replace_whose_bytes_are_not_there_is_io(void **state)
{
    lose_bytes = true;
    replace(*state, LWC_E_IO);
}

static void replace_whose_close_fails_is_io(void **state)
{
    fail_close = true;
    replace(*state, LWC_E_IO);
}

/* An existing file or link is never written to in place of a new file. */
static void replace_writes_only_what_it_made(void **state)
{
    replace(*state, LWC_OK);
    assert_int_equal(made_flags & (O_EXCL | O_NOFOLLOW), O_EXCL | O_NOFOLLOW);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, tmpdir_setup, tmpdir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(replace_whose_bytes_are_not_there_is_io),
        TEST(replace_whose_close_fails_is_io),
        TEST(replace_writes_only_what_it_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
