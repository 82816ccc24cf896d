/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for a flight; its place and its holders are in test_flight.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "flight/flight.h"
#include "tests/support/flight_fixture.h"

#define LONG_MS 60000

static const struct tmpdir *root;

int __wrap_openat(int dir_fd, const char *name, int flags, ...);
int __real_openat(int dir_fd, const char *name, int flags, ...);
int __wrap_fstatfs(int fd, struct statfs *fs);
int __real_fstatfs(int fd, struct statfs *fs);

int __wrap_openat(int dir_fd, const char *name, int flags, ...)
{
    return __real_openat(dir_fd, flight_fixture_map(name), flags, 0600);
}

int __wrap_fstatfs(int fd, struct statfs *fs)
{
    return flight_fixture_fstatfs(__real_fstatfs(fd, fs), fs);
}

static int setup(void **state)
{
    if (flight_fixture_setup(state) != 0) {
        return -1;
    }
    root = *state;
    return 0;
}

/* A child that does not outlive a test that fails. */
static pid_t fork_mortal(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    }
    return pid;
}

/* In a child: no cmocka there, the exit status tells. */

static int count_up(const char *path)
{
    char text[16] = "";
    LWC_AUTO_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC);
    int len = 0;

    if (fd < 0 || read(fd, text, sizeof text - 1) < 0) {
        return 2;
    }
    (void)usleep(500); /* so that two at once would show */
    len = snprintf(text, sizeof text, "%ld", strtol(text, NULL, 10) + 1);
    return pwrite(fd, text, (size_t)len, 0) == len ? 0 : 2;
}

/* Enter, be the only one inside, count, leave. */
static int fly(int64_t wait_ms)
{
    char counter[TMPDIR_PATH_LEN];
    char inside[TMPDIR_PATH_LEN];
    struct lwc_flight *flight = NULL;
    int result = 0;

    tmpdir_join(root, "counter", counter);
    tmpdir_join(root, "inside", inside);
    if (flight_fixture_try(wait_ms, &flight, NULL) != LWC_OK) {
        return 1;
    }
    if (mkdir(inside, 0700) != 0) {
        return 3;
    }
    result = count_up(counter);
    if (rmdir(inside) != 0) {
        return 4;
    }
    lwc_flight_leave(&flight);
    return result;
}

static void flock_of(int count, int64_t wait_ms)
{
    char text[16];
    int status = 0;

    tmpdir_write(root, "counter", "0", 1, 0600);
    for (int i = 0; i < count; i++) {
        pid_t pid = fork_mortal();

        assert_true(pid >= 0);
        if (pid == 0) {
            _exit(fly(wait_ms));
        }
    }
    for (int i = 0; i < count; i++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    (void)snprintf(text, sizeof text, "%d", count);
    tmpdir_assert_text(root, "counter", text);
}

static void enter_of_many_lets_one_in_at_a_time(void **state)
{
    static const int counts[] = {50, 200};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(counts); i++) {
        print_message("%d\n", counts[i]);
        flock_of(counts[i], 2 * LONG_MS);
        assert_int_equal(flight_fixture_count(), 0);
    }
}

/* A child that is in and stays there; how it got in, and how long it says to stay. */
static pid_t start_holder_for(int64_t stay_ms, bool is_asking)
{
    const struct lwc_flight_times times = {.stay_ms = stay_ms, .wait_ms = FLIGHT_FIXTURE_SHORT_MS};
    int ready[2] = {-1, -1};
    char byte = 0;
    pid_t pid = -1;

    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    pid = fork_mortal();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct lwc_flight *flight = NULL;

        if (lwc_flight_enter(FLIGHT_FIXTURE_NAME, &times, &flight, NULL) != LWC_OK ||
            !lwc_flight_has_lock(flight)) {
            _exit(1);
        }
        if (is_asking) {
            lwc_flight_ask(flight);
        }
        (void)!write(ready[1], "x", 1);
        for (;;) {
            (void)pause();
        }
    }
    assert_int_equal(close(ready[1]), 0);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(close(ready[0]), 0);
    return pid;
}

static pid_t start_holder(void)
{
    return start_holder_for(FLIGHT_FIXTURE_STAY_MS, false);
}

static void end_holder(pid_t pid)
{
    int status = 0;

    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
}

static void stop(pid_t pid)
{
    int status = 0;

    assert_int_equal(kill(pid, SIGSTOP), 0);
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    assert_true(WIFSTOPPED(status));
}

static void enter_after_the_holder_was_killed_needs_no_waiting(void **state)
{
    LWC_AUTO_FLIGHT flight = NULL;
    pid_t holder = start_holder();

    (void)state;
    assert_true(flight_fixture_slot_is_there(1));
    end_holder(holder);
    flight = flight_fixture_enter(0);
    assert_false(flight_fixture_slot_is_there(2));
    lwc_flight_leave(&flight);
    assert_int_equal(flight_fixture_count(), 0);
}

/* They need no time for it: the wait is 0. */
static void enter_past_stopped_holders_needs_no_waiting(void **state)
{
    pid_t holders[3] = {-1, -1, -1};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(holders); i++) {
        struct lwc_flight *flight = NULL;

        holders[i] = start_holder();
        assert_int_equal(flight_fixture_try(0, &flight, NULL), LWC_E_BUSY);
        stop(holders[i]);
        flight = flight_fixture_enter(0);
        assert_true(flight_fixture_slot_is_there((int)i + 2));
        lwc_flight_leave(&flight);
    }
    for (size_t i = 0; i < LWC_ARRAY_LEN(holders); i++) {
        end_holder(holders[i]);
    }
}

static void enter_past_a_stopped_holder_goes_on_one_at_a_time(void **state)
{
    LWC_AUTO_FLIGHT flight = NULL;
    pid_t first = start_holder();
    pid_t second = -1;

    (void)state;
    stop(first);
    second = start_holder();
    stop(second);
    flock_of(20, LONG_MS);
    assert_true(flight_fixture_slot_is_there(1) && flight_fixture_slot_is_there(2));
    assert_false(flight_fixture_slot_is_there(3));
    end_holder(second);
    end_holder(first);
    flight = flight_fixture_enter(0);
    lwc_flight_leave(&flight);
}

static void enter_past_too_many_stopped_holders_has_no_lock(void **state)
{
    struct lwc_flight *flight = NULL;
    pid_t holders[4] = {-1, -1, -1, -1};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(holders); i++) {
        holders[i] = start_holder();
        stop(holders[i]);
    }
    assert_int_equal(flight_fixture_try(0, &flight, NULL), LWC_OK);
    assert_false(lwc_flight_has_lock(flight));
    lwc_flight_stay(flight, 1);
    lwc_flight_ask(flight);
    lwc_flight_leave(&flight);
    assert_int_equal(flight_fixture_count(), 4);
    for (size_t i = 0; i < LWC_ARRAY_LEN(holders); i++) {
        end_holder(holders[i]);
    }
}

/* A frozen container looks alive, and stays for ever. */
static void enter_past_a_holder_that_stays_too_long_needs_a_moment(void **state)
{
    LWC_AUTO_FLIGHT flight = NULL;
    pid_t holder = start_holder_for(-LWC_FLIGHT_MARGIN_MS, false);

    (void)state;
    (void)usleep(2000);
    flight = flight_fixture_enter(2000);
    assert_true(flight_fixture_slot_is_there(2));
    end_holder(holder);
}

/* A person takes time, and a stopped process gets no answer. */
static void enter_waits_for_a_prompt_of_any_length_that_is_not_stopped(void **state)
{
    const struct lwc_flight_times times = {.wait_ms = 50, .asked_ms = 400};
    LWC_AUTO_FLIGHT flight = NULL;
    struct lwc_error err = {0};
    pid_t holder = start_holder_for(-LWC_FLIGHT_MARGIN_MS, true);
    int64_t began_ms = lwc_clock_boot_ms(lwc_clock_system());

    (void)state;
    assert_int_equal(lwc_flight_enter(FLIGHT_FIXTURE_NAME, &times, &flight, &err), LWC_E_BUSY);
    assert_true(lwc_clock_boot_ms(lwc_clock_system()) - began_ms >= 400);
    assert_non_null(strstr(err.msg, "prompt"));
    stop(holder);
    flight = flight_fixture_enter(0);
    end_holder(holder);
}

/* Another boot clock, or a full file system: the holder says nothing that can be believed. */
static void enter_past_a_holder_without_a_good_stamp_needs_a_second(void **state)
{
    static const char *const stamps[] = {"", "LWCSLOT2",
                                         ("another version's stamp, rather long, "
                                          "longer than ours, so long as to be read")};
    LWC_AUTO_FLIGHT flight = NULL;
    pid_t holder = start_holder();
    char name[FLIGHT_FIXTURE_NAME_LEN];
    char path[TMPDIR_PATH_LEN];

    (void)state;
    flight_fixture_slot(1, name);
    tmpdir_join(root, name, path);
    for (size_t i = 0; i < LWC_ARRAY_LEN(stamps); i++) {
        LWC_AUTO_CLOSE int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

        assert_true(write(fd, stamps[i], strlen(stamps[i])) >= 0);
        assert_int_equal(flight_fixture_try(0, &flight, NULL), LWC_E_BUSY);
        flight = flight_fixture_enter(LONG_MS);
        assert_true(flight_fixture_slot_is_there(2));
        lwc_flight_leave(&flight);
    }
    end_holder(holder);
}

/* Stamps the file over and over, as holders do that follow each other. */
static pid_t start_crowd(void)
{
    char name[FLIGHT_FIXTURE_NAME_LEN];
    char path[TMPDIR_PATH_LEN];
    pid_t pid = -1;

    flight_fixture_slot(1, name);
    tmpdir_join(root, name, path);
    pid = fork_mortal();
    assert_true(pid >= 0);
    while (pid == 0) {
        int64_t taken_ms = lwc_clock_boot_ms(lwc_clock_system());
        LWC_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

        if (pwrite(fd, &taken_ms, sizeof taken_ms, 24) != (ssize_t)sizeof taken_ms) {
            _exit(1);
        }
        (void)usleep(20000);
    }
    return pid;
}

static void enter_where_one_holder_follows_the_other_has_no_lock(void **state)
{
    struct lwc_flight *flight = NULL;
    pid_t holder = start_holder();
    pid_t crowd = start_crowd();

    (void)state;
    assert_int_equal(flight_fixture_try(500, &flight, NULL), LWC_OK);
    assert_false(lwc_flight_has_lock(flight));
    lwc_flight_leave(&flight);
    assert_true(flight_fixture_slot_is_there(1));
    end_holder(crowd);
    end_holder(holder);
}

static void leave_gives_the_lock_back_though_a_fork_has_it_too(void **state)
{
    struct lwc_flight *flight = flight_fixture_enter(0);
    pid_t pid = -1;

    (void)state;
    pid = fork_mortal();
    assert_true(pid >= 0);
    while (pid == 0) {
        (void)pause();
    }
    lwc_flight_leave(&flight);
    flight = flight_fixture_enter(0);
    assert_false(flight_fixture_slot_is_there(2));
    lwc_flight_leave(&flight);
    end_holder(pid);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tmpdir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(enter_of_many_lets_one_in_at_a_time),
        TEST(enter_after_the_holder_was_killed_needs_no_waiting),
        TEST(enter_past_stopped_holders_needs_no_waiting),
        TEST(enter_past_a_stopped_holder_goes_on_one_at_a_time),
        TEST(enter_past_too_many_stopped_holders_has_no_lock),
        TEST(enter_past_a_holder_that_stays_too_long_needs_a_moment),
        TEST(enter_waits_for_a_prompt_of_any_length_that_is_not_stopped),
        TEST(enter_past_a_holder_without_a_good_stamp_needs_a_second),
        TEST(enter_where_one_holder_follows_the_other_has_no_lock),
        TEST(leave_gives_the_lock_back_though_a_fork_has_it_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
