/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/safefile.h"
#include "base/util.h"
#include "tests/support/tmpdir.h"

/* Events inside flock(), where another process would intervene. */
static int flock_errno;
static int held_for; /* this many attempts find it held */
static char remove_once[TMPDIR_PATH_LEN];
static uid_t lie_uid;

int __wrap_flock(int fd, int operation);
int __real_flock(int fd, int operation);
int __wrap_fstat(int fd, struct stat *st);
int __real_fstat(int fd, struct stat *st);

int __wrap_flock(int fd, int operation)
{
    if (flock_errno != 0 || held_for > 0) {
        errno = flock_errno != 0 ? flock_errno : EWOULDBLOCK;
        held_for--;
        return -1;
    }
    if (remove_once[0] != '\0') {
        assert_int_equal(unlink(remove_once), 0);
        remove_once[0] = '\0';
    }
    return __real_flock(fd, operation);
}

int __wrap_fstat(int fd, struct stat *st)
{
    int result = __real_fstat(fd, st);

    if (result == 0 && lie_uid != 0 && S_ISREG(st->st_mode)) {
        st->st_uid = lie_uid;
    }
    return result;
}

static int setup(void **state)
{
    flock_errno = 0;
    held_for = 0;
    remove_once[0] = '\0';
    lie_uid = 0;
    return tmpdir_setup(state);
}

static void resolve(const struct tmpdir *dir, struct lwc_path *path_out)
{
    char text[TMPDIR_PATH_LEN];

    assert_int_equal(lwc_path_resolve(tmpdir_join(dir, "store", text), path_out, NULL), LWC_OK);
}

static void take_makes_a_private_file_closed_on_exec(void **state)
{
    const struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    LWC_AUTO_CLOSE int fd = -1;
    char text[TMPDIR_PATH_LEN];
    struct stat st;

    resolve(dir, &path);
    assert_int_equal(lwc_lock_take(&path, "store.lock", 0, &fd, NULL), LWC_OK);
    assert_int_equal(lstat(tmpdir_join(dir, "store.lock", text), &st), 0);
    assert_int_equal(st.st_mode, S_IFREG | 0600);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
}

static void take_of_held_lock_is_busy_until_given_back(void **state)
{
    static const int64_t timeouts_ms[] = {-1, 0, 1, 120};
    const struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    LWC_AUTO_CLOSE int second = -1;
    struct lwc_error err = {0};
    int first = -1;

    resolve(dir, &path);
    assert_int_equal(lwc_lock_take(&path, "lock", 0, &first, NULL), LWC_OK);
    for (size_t i = 0; i < LWC_ARRAY_LEN(timeouts_ms); i++) {
        assert_int_equal(lwc_lock_take(&path, "lock", timeouts_ms[i], &second, &err), LWC_E_BUSY);
        assert_int_equal(second, -1);
    }
    assert_non_null(strstr(err.msg, "lock"));
    assert_int_equal(close(first), 0);
    assert_int_equal(lwc_lock_take(&path, "lock", 0, &second, NULL), LWC_OK);
}

static void take_waits_until_it_is_free(void **state)
{
    const struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    LWC_AUTO_CLOSE int fd = -1;

    resolve(dir, &path);
    held_for = 8;
    assert_int_equal(lwc_lock_take(&path, "lock", 600000, &fd, NULL), LWC_OK);
    assert_int_equal(held_for, 0);
}

/* A child that holds the lock and then waits for ever. */
static pid_t start_holder(const struct lwc_path *path)
{
    int ready[2] = {-1, -1};
    char byte = 0;
    pid_t pid = -1;

    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int fd = -1;

        if (lwc_lock_take(path, "lock", 0, &fd, NULL) == LWC_OK && write(ready[1], "x", 1) == 1) {
            (void)pause();
        }
        _exit(1);
    }
    assert_int_equal(close(ready[1]), 0);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(close(ready[0]), 0);
    return pid;
}

static void take_after_the_holder_was_killed_succeeds(void **state)
{
    const struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    LWC_AUTO_CLOSE int fd = -1;
    pid_t holder = -1;
    int status = 0;

    resolve(dir, &path);
    holder = start_holder(&path);
    assert_int_equal(lwc_lock_take(&path, "lock", 0, &fd, NULL), LWC_E_BUSY);
    assert_int_equal(kill(holder, SIGKILL), 0);
    assert_int_equal(waitpid(holder, &status, 0), holder);
    assert_int_equal(lwc_lock_take(&path, "lock", 0, &fd, NULL), LWC_OK);
}

/* The lock is on the file that has the name, not on one that was removed meanwhile. */
static void take_of_removed_file_takes_the_new_one(void **state)
{
    const struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    LWC_AUTO_CLOSE int first = -1;
    LWC_AUTO_CLOSE int second = -1;

    resolve(dir, &path);
    tmpdir_join(dir, "lock", remove_once);
    assert_int_equal(lwc_lock_take(&path, "lock", 600000, &first, NULL), LWC_OK);
    assert_int_equal(lwc_lock_take(&path, "lock", 0, &second, NULL), LWC_E_BUSY);
    assert_int_equal(tmpdir_count(dir, "."), 1);
}

static void take_of_what_is_no_file_is_invalid(void **state)
{
    static const char *const names[] = {"dir", "fifo", "link"};
    const struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    char text[TMPDIR_PATH_LEN];
    int fd = -1;

    resolve(dir, &path);
    tmpdir_mkdir(dir, "dir", 0700);
    assert_int_equal(mkfifo(tmpdir_join(dir, "fifo", text), 0600), 0);
    assert_int_equal(symlink("elsewhere", tmpdir_join(dir, "link", text)), 0);
    for (size_t i = 0; i < LWC_ARRAY_LEN(names); i++) {
        struct lwc_error err = {0};

        print_message("%s\n", names[i]);
        assert_int_equal(lwc_lock_take(&path, names[i], 0, &fd, &err), LWC_E_INVALID);
        assert_non_null(strstr(err.msg, names[i]));
        assert_int_equal(fd, -1);
    }
    assert_int_not_equal(access(tmpdir_join(dir, "elsewhere", text), F_OK), 0);
}

static void take_of_foreign_file_is_unsafe(void **state)
{
    const struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    int fd = -1;

    resolve(dir, &path);
    lie_uid = 54321;
    assert_int_equal(lwc_lock_take(&path, "lock", 0, &fd, NULL), LWC_E_UNSAFE);
    assert_int_equal(fd, -1);
}

static void take_where_the_system_has_no_locks_is_io(void **state)
{
    static const int errors[] = {ENOLCK, EOPNOTSUPP, EIO};
    const struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    int fd = -1;

    resolve(dir, &path);
    for (size_t i = 0; i < LWC_ARRAY_LEN(errors); i++) {
        struct lwc_error err = {0};

        flock_errno = errors[i];
        assert_int_equal(lwc_lock_take(&path, "lock", 600000, &fd, &err), LWC_E_IO);
        assert_int_equal(err.sys, errors[i]);
        assert_int_equal(fd, -1);
    }
}

/* A child that another thread of the program made has a copy of each descriptor. */
static pid_t start_fork(void)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    while (pid == 0) {
        (void)pause();
    }
    return pid;
}

static void end_fork(pid_t pid)
{
    int status = 0;

    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
}

static void give_frees_the_lock_though_a_fork_has_it_too(void **state)
{
    const struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    LWC_AUTO_CLOSE int second = -1;
    enum lwc_code code = LWC_E_INTERNAL;
    int first = -1;
    pid_t pid = -1;

    resolve(dir, &path);
    assert_int_equal(lwc_lock_take(&path, "lock", 0, &first, NULL), LWC_OK);
    pid = start_fork();
    lwc_lock_give(&first);
    assert_int_equal(first, -1);
    code = lwc_lock_take(&path, "lock", 0, &second, NULL);
    end_fork(pid);
    assert_int_equal(code, LWC_OK);
    lwc_lock_give(&first);
}

static void lock_of_a_file_opened_for_reading_excludes_others(void **state)
{
    const struct tmpdir *dir = *state;
    LWC_AUTO_LOCK first = -1;
    LWC_AUTO_CLOSE int second = -1;
    char text[TMPDIR_PATH_LEN];

    tmpdir_write(dir, "file", "x", 1, 0400);
    first = open(tmpdir_join(dir, "file", text), O_RDONLY | O_CLOEXEC);
    second = open(text, O_RDONLY | O_CLOEXEC);
    assert_int_equal(lwc_lock_take_fd(first, 0, NULL), LWC_OK);
    assert_int_equal(lwc_lock_take_fd(second, 20, NULL), LWC_E_BUSY);
    held_for = 8;
    assert_int_equal(lwc_lock_take_fd(first, 600000, NULL), LWC_OK);
    flock_errno = ENOLCK;
    assert_int_equal(lwc_lock_take_fd(second, 600000, NULL), LWC_E_IO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tmpdir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(take_makes_a_private_file_closed_on_exec),
        TEST(take_of_held_lock_is_busy_until_given_back),
        TEST(take_waits_until_it_is_free),
        TEST(take_after_the_holder_was_killed_succeeds),
        TEST(take_of_removed_file_takes_the_new_one),
        TEST(take_of_what_is_no_file_is_invalid),
        TEST(take_of_foreign_file_is_unsafe),
        TEST(give_frees_the_lock_though_a_fork_has_it_too),
        TEST(lock_of_a_file_opened_for_reading_excludes_others),
        TEST(take_where_the_system_has_no_locks_is_io),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
