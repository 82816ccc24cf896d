/* SPDX-License-Identifier: Apache-2.0 */
/* Who waits how long for a flight; where it lies, and who is let in, is in test_flight.c. */
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
#include "tests/support/flightbed.h"
#include "token/flight.h"

#define LONG_MS 60000

static const struct tmpdir *root;

int __wrap_openat(int dir_fd, const char *name, int flags, ...);
int __real_openat(int dir_fd, const char *name, int flags, ...);
int __wrap_fstatfs(int fd, struct statfs *fs);
int __real_fstatfs(int fd, struct statfs *fs);

/* Where it is set: somebody takes the second lock right before the first look at it. */
static pid_t (*overtake)(void);
static pid_t overtaker;

int __wrap_openat(int dir_fd, const char *name, int flags, ...)
{
    pid_t (*const now)(void) = overtake;

    if (now != NULL && strcmp(name, FLIGHTBED_NAME ".2") == 0) {
        overtake = NULL;
        overtaker = now();
    }
    return __real_openat(dir_fd, flightbed_map(name), flags, 0600);
}

int __wrap_fstatfs(int fd, struct statfs *fs)
{
    return flightbed_fstatfs(__real_fstatfs(fd, fs), fs);
}

static int setup(void **state)
{
    if (flightbed_setup(state) != 0) {
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
    if (lwc_flight_enter(FLIGHTBED_NAME, wait_ms, &flight, NULL) != LWC_OK) {
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
        assert_int_equal(flightbed_count(), 0);
    }
}

/* A child that is in and stays there, stopped or not, or leaves after some time. */
static pid_t start_holder_for(useconds_t stay_us)
{
    int ready[2] = {-1, -1};
    char byte = 0;
    pid_t pid = -1;

    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    pid = fork_mortal();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct lwc_flight *flight = NULL;

        if (lwc_flight_enter(FLIGHTBED_NAME, FLIGHTBED_SHORT_MS, &flight, NULL) != LWC_OK ||
            write(ready[1], "x", 1) != 1) {
            _exit(1);
        }
        (void)(stay_us > 0 ? usleep(stay_us) : pause());
        lwc_flight_leave(&flight);
        (void)pause();
    }
    assert_int_equal(close(ready[1]), 0);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(close(ready[0]), 0);
    return pid;
}

static pid_t start_holder(void)
{
    return start_holder_for(0);
}

static void end_holder(pid_t pid)
{
    int status = 0;

    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
}

static void enter_after_the_holder_was_killed_needs_no_waiting(void **state)
{
    LWC_AUTO_FLIGHT flight = NULL;
    pid_t holder = start_holder();

    (void)state;
    assert_true(flightbed_slot_is_there(1));
    end_holder(holder);
    flight = flightbed_enter(0);
    assert_false(flightbed_slot_is_there(2));
    lwc_flight_leave(&flight);
    assert_int_equal(flightbed_count(), 0);
}

static void enter_past_a_stopped_holder_goes_on_one_at_a_time(void **state)
{
    LWC_AUTO_FLIGHT flight = NULL;
    pid_t holder = start_holder();

    (void)state;
    assert_int_equal(kill(holder, SIGSTOP), 0);
    flock_of(20, 6000);
    assert_true(flightbed_slot_is_there(1));
    assert_false(flightbed_slot_is_there(2));
    end_holder(holder);
    flight = flightbed_enter(0);
    lwc_flight_leave(&flight);
    assert_int_equal(flightbed_count(), 0);
}

static void enter_past_two_stopped_holders_is_busy(void **state)
{
    struct lwc_flight *flight = NULL;
    pid_t first = start_holder();
    pid_t second = start_holder();

    (void)state;
    assert_int_equal(kill(first, SIGSTOP), 0);
    assert_int_equal(kill(second, SIGSTOP), 0);
    assert_int_equal(lwc_flight_enter(FLIGHTBED_NAME, FLIGHTBED_SHORT_MS, &flight, NULL),
                     LWC_E_BUSY);
    assert_null(flight);
    end_holder(second);
    flight = flightbed_enter(FLIGHTBED_SHORT_MS);
    lwc_flight_leave(&flight);
    end_holder(first);
}

/* Writes to the first lock file over and over, as those do who fail one after the other. */
static pid_t start_crowd(void)
{
    char name[FLIGHTBED_NAME_LEN];
    char path[TMPDIR_PATH_LEN];
    pid_t pid = -1;

    flightbed_slot(1, name);
    tmpdir_join(root, name, path);
    pid = fork_mortal();
    assert_true(pid >= 0);
    while (pid == 0) {
        if (utimensat(AT_FDCWD, path, NULL, 0) != 0) {
            _exit(1);
        }
        (void)usleep(2000);
    }
    return pid;
}

static void enter_where_others_are_quicker_has_no_lock(void **state)
{
    const uint8_t who[LWC_HASH_LEN] = "";
    const struct lwc_error failure = {.code = LWC_E_REFUSED, .msg = "refused"};
    const struct lwc_clock *clock = lwc_clock_system();
    struct lwc_flight *flight = flightbed_enter(0);
    pid_t first = -1;
    pid_t second = -1;
    pid_t crowd = -1;

    (void)state;
    lwc_flight_remember(flight, who, clock, &failure);
    lwc_flight_leave(&flight);
    first = start_holder();
    second = start_holder();
    crowd = start_crowd();
    flight = flightbed_enter(500);
    end_holder(crowd);
    /* It knows what is remembered, and changes nothing that others hold. */
    assert_int_equal(lwc_flight_recall(flight, who, -1, clock, NULL), LWC_E_REFUSED);
    lwc_flight_remember(flight, who, clock, &failure);
    lwc_flight_forget(flight);
    assert_int_equal(lwc_flight_recall(flight, who, -1, clock, NULL), LWC_E_REFUSED);
    lwc_flight_leave(&flight);
    assert_null(flight);
    assert_true(flightbed_slot_is_there(1) && flightbed_slot_is_there(2));
    end_holder(second);
    end_holder(first);
}

static void enter_while_another_is_quicker_at_the_second_lock_is_busy(void **state)
{
    LWC_AUTO_FLIGHT flight = NULL;
    pid_t first = start_holder();

    (void)state;
    overtake = start_holder;
    assert_int_equal(lwc_flight_enter(FLIGHTBED_NAME, FLIGHTBED_SHORT_MS, &flight, NULL),
                     LWC_E_BUSY);
    assert_true(overtaker > 0);
    end_holder(overtaker);
    end_holder(first);
}

static void enter_takes_the_first_lock_whenever_it_comes_free(void **state)
{
    LWC_AUTO_FLIGHT flight = NULL;
    pid_t leaver = start_holder_for(2000000);
    pid_t second = start_holder();

    (void)state;
    assert_true(flightbed_slot_is_there(2));
    flight = flightbed_enter(3500); /* of which the first lock alone gets half */
    lwc_flight_leave(&flight);
    end_holder(second);
    end_holder(leaver);
}

static void leave_gives_the_lock_back_though_a_fork_has_it_too(void **state)
{
    struct lwc_flight *flight = flightbed_enter(0);
    const struct lwc_clock *clock = lwc_clock_system();
    const uint8_t who[LWC_HASH_LEN] = "";
    struct lwc_error failure = {.code = LWC_E_REFUSED, .msg = "refused"};
    pid_t pid = -1;

    (void)state;
    lwc_flight_remember(flight, who, clock, &failure); /* so that the file stays */
    pid = fork_mortal();
    assert_true(pid >= 0);
    while (pid == 0) {
        (void)pause();
    }
    lwc_flight_leave(&flight);
    assert_true(flightbed_slot_is_there(1));
    flight = flightbed_enter(0);
    assert_false(flightbed_slot_is_there(2));
    lwc_flight_leave(&flight);
    end_holder(pid);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tmpdir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(enter_of_many_lets_one_in_at_a_time),
        TEST(enter_after_the_holder_was_killed_needs_no_waiting),
        TEST(enter_past_a_stopped_holder_goes_on_one_at_a_time),
        TEST(enter_past_two_stopped_holders_is_busy),
        TEST(enter_where_others_are_quicker_has_no_lock),
        TEST(enter_while_another_is_quicker_at_the_second_lock_is_busy),
        TEST(enter_takes_the_first_lock_whenever_it_comes_free),
        TEST(leave_gives_the_lock_back_though_a_fork_has_it_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
