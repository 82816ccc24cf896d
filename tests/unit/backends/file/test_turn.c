/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/file/turn.h"
#include "base/safefile.h"
#include "base/util.h"
#include "tests/support/store_fixture.h"

/* flock() fails with it, unless it is 0: a file system without locks. */
static int flock_errno;

int __wrap_flock(int fd, int operation);
int __real_flock(int fd, int operation);
int __wrap_flock(int fd, int operation)
{
    if (flock_errno != 0) {
        errno = flock_errno;
        return -1;
    }
    return __real_flock(fd, operation);
}

static int setup(void **state)
{
    struct store_fixture *fixture = NULL;
    int result = store_fixture_setup(state);

    flock_errno = 0;
    if (result == 0) {
        fixture = *state;
        tmpdir_write(&fixture->dir, "keys.lwc", "x", 1, 0400);
    }
    return result;
}

/* A child that takes its turn, stops if told so, and never gives it back. */
static pid_t start_holder(struct store_fixture *fixture, bool is_stopped)
{
    int ready[2] = {-1, -1};
    int status = 0;
    char byte = 0;
    pid_t pid = -1;

    assert_int_equal(pipe(ready), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (lwc_turn_take(&fixture->host, fixture->path) >= 0 && write(ready[1], "x", 1) == 1) {
            (void)raise(is_stopped ? SIGSTOP : SIGCONT);
            (void)pause();
        }
        _exit(1);
    }
    assert_int_equal(close(ready[1]), 0);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(close(ready[0]), 0);
    assert_true(!is_stopped || waitpid(pid, &status, WUNTRACED) == pid);
    return pid;
}

static void end_holder(pid_t pid)
{
    int status = 0;

    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
}

static void take_is_free_again_after_give(void **state)
{
    struct store_fixture *fixture = *state;

    for (size_t i = 0; i < 2; i++) {
        LWC_AUTO_LOCK turn = lwc_turn_take(&fixture->host, fixture->path);

        assert_true(turn >= 0);
    }
    assert_string_equal(fixture->log, "");
}

static void take_goes_on_without_a_lock_once_its_patience_is_over(void **state)
{
    struct store_fixture *fixture = *state;

    fixture->remaining_ms = 60;
    for (int is_stopped = 0; is_stopped < 2; is_stopped++) {
        pid_t pid = start_holder(fixture, is_stopped != 0);
        int turn = lwc_turn_take(&fixture->host, fixture->path);

        end_holder(pid);
        assert_int_equal(turn, -1);
        assert_non_null(strstr(fixture->log, "waiting for another caller"));
    }
}

static void take_after_the_holder_was_killed_has_the_lock(void **state)
{
    struct store_fixture *fixture = *state;
    LWC_AUTO_LOCK turn = -1;

    end_holder(start_holder(fixture, true));
    turn = lwc_turn_take(&fixture->host, fixture->path);
    assert_true(turn >= 0);
}

static void take_without_locks_or_without_a_store_goes_on(void **state)
{
    static const int errors[] = {ENOLCK, EOPNOTSUPP, EBADF};
    struct store_fixture *fixture = *state;

    for (size_t i = 0; i < LWC_ARRAY_LEN(errors); i++) {
        flock_errno = errors[i];
        assert_int_equal(lwc_turn_take(&fixture->host, fixture->path), -1);
    }
    flock_errno = 0;
    assert_int_equal(unlink(fixture->path), 0);
    assert_int_equal(lwc_turn_take(&fixture->host, fixture->path), -1);
    assert_int_equal(mkfifo(fixture->path, 0600), 0);
    assert_int_equal(lwc_turn_take(&fixture->host, fixture->path), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, store_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(take_is_free_again_after_give),
        TEST(take_goes_on_without_a_lock_once_its_patience_is_over),
        TEST(take_after_the_holder_was_killed_has_the_lock),
        TEST(take_without_locks_or_without_a_store_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
