/* SPDX-License-Identifier: Apache-2.0 */
/* The failure memo of a flight; the flight itself is in test_flight.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/util.h"
#include "tests/support/flightbed.h"

static size_t pwrite_cap; /* the file system is full behind this many bytes */

int __wrap_openat(int dir_fd, const char *name, int flags, ...);
int __real_openat(int dir_fd, const char *name, int flags, ...);
int __wrap_fstatfs(int fd, struct statfs *fs);
int __real_fstatfs(int fd, struct statfs *fs);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t len, off_t offset);
ssize_t __real_pwrite(int fd, const void *bytes, size_t len, off_t offset);

int __wrap_openat(int dir_fd, const char *name, int flags, ...)
{
    return __real_openat(dir_fd, flightbed_map(name), flags, 0600);
}

int __wrap_fstatfs(int fd, struct statfs *fs)
{
    return flightbed_fstatfs(__real_fstatfs(fd, fs), fs);
}

ssize_t __wrap_pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
    return __real_pwrite(fd, bytes, len < pwrite_cap ? len : pwrite_cap, offset);
}

static const uint8_t who[LWC_HASH_LEN] = "0123456789abcdef0123456789abcde";
static const uint8_t someone_else[LWC_HASH_LEN] = "0123456789abcdef0123456789abcdE";

static int64_t fake(void *data)
{
    return *(int64_t *)data;
}

static int64_t now_ms;
static const struct lwc_clock clock_fake = {.data = &now_ms, .wall_s = fake, .boot_ms = fake};

static void remember(struct lwc_flight *flight, enum lwc_code code, int64_t wait_s, const char *msg)
{
    struct lwc_error err = {.code = code, .sys = ECONNRESET, .wait_s = wait_s, .hint = "wait"};

    (void)snprintf(err.msg, sizeof err.msg, "%s", msg);
    lwc_flight_remember(flight, who, &clock_fake, &err);
}

/* A whole flight in which a failure happens. */
static void fly_and_fail(enum lwc_code code, int64_t wait_s, const char *msg)
{
    LWC_AUTO_FLIGHT flight = flightbed_enter(0);

    remember(flight, code, wait_s, msg);
}

/* A whole flight that only asks. */
static enum lwc_code fly_and_recall(const uint8_t *whose, struct lwc_error *err)
{
    LWC_AUTO_FLIGHT flight = flightbed_enter(0);

    return lwc_flight_recall(flight, whose, -1, &clock_fake, err);
}

static int setup(void **state)
{
    now_ms = 1000000;
    pwrite_cap = SIZE_MAX;
    return flightbed_setup(state);
}

static void recall_of_nothing_is_ok(void **state)
{
    struct lwc_error err = {.code = LWC_E_BUSY};

    (void)state;
    assert_int_equal(fly_and_recall(who, &err), LWC_OK);
    assert_int_equal(err.code, LWC_E_BUSY);
    assert_int_equal(flightbed_count(), 0);
}

static void recall_gives_the_failure_until_it_runs_out(void **state)
{
    static const struct {
        enum lwc_code code;
        int64_t wait_s;
        int64_t life_ms;
    } cases[] = {
        {LWC_E_REFUSED, 0, 10000},         {LWC_E_NETWORK, 0, 3000},
        {LWC_E_RATE_LIMITED, 77, 77000},   {LWC_E_RATE_LIMITED, 1, 1000},
        {LWC_E_RATE_LIMITED, 900, 300000},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_error err = {0};

        print_message("%s\n", lwc_code_name(cases[i].code));
        fly_and_fail(cases[i].code, cases[i].wait_s, "it failed");
        assert_int_equal(fly_and_recall(who, &err), cases[i].code);
        assert_int_equal(err.code, cases[i].code);
        assert_int_equal(err.sys, ECONNRESET);
        assert_int_equal(err.wait_s, cases[i].wait_s);
        assert_string_equal(err.msg, "it failed");
        assert_string_equal(err.hint, "wait");
        now_ms += cases[i].life_ms - 1;
        assert_int_equal(fly_and_recall(who, NULL), cases[i].code);
        assert_true(flightbed_slot_is_there(1));
        now_ms += 1;
        assert_int_equal(fly_and_recall(who, NULL), LWC_OK);
        assert_int_equal(flightbed_count(), 0);
    }
}

static void recall_counts_the_wait_down(void **state)
{
    struct lwc_error err = {0};

    (void)state;
    fly_and_fail(LWC_E_RATE_LIMITED, 60, "limit: try again in 60 s");
    now_ms += 25000;
    assert_int_equal(fly_and_recall(who, &err), LWC_E_RATE_LIMITED);
    assert_int_equal(err.wait_s, 35);
    assert_string_equal(err.msg, "limit: try again in 35 s");
}

static void recall_for_someone_else_is_ok_and_keeps_it(void **state)
{
    (void)state;
    fly_and_fail(LWC_E_REFUSED, 0, "it failed");
    assert_int_equal(fly_and_recall(someone_else, NULL), LWC_OK);
    assert_int_equal(fly_and_recall(who, NULL), LWC_E_REFUSED);
}

static void recall_tells_only_what_failed_since(void **state)
{
    LWC_AUTO_FLIGHT flight = flightbed_enter(0);

    (void)state;
    remember(flight, LWC_E_REFUSED, 0, "refused");
    assert_int_equal(lwc_flight_recall(flight, who, now_ms - 1, &clock_fake, NULL), LWC_E_REFUSED);
    assert_int_equal(lwc_flight_recall(flight, who, now_ms, &clock_fake, NULL), LWC_OK);
    assert_int_equal(lwc_flight_recall(flight, who, -1, &clock_fake, NULL), LWC_E_REFUSED);
}

static void remember_of_what_is_not_remembered_leaves_what_was(void **state)
{
    static const enum lwc_code codes[] = {LWC_OK,   LWC_E_INTERNAL, LWC_E_INVALID,
                                          LWC_E_IO, LWC_E_BUSY,     LWC_E_RATE_LIMITED};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(codes); i++) {
        print_message("%s\n", lwc_code_name(codes[i]));
        fly_and_fail(codes[i], 0, "it failed");
        assert_int_equal(flightbed_count(), 0);
    }
    fly_and_fail(LWC_E_REFUSED, 0, "no");
    fly_and_fail(LWC_E_IO, 0, "it failed");
    assert_int_equal(fly_and_recall(who, NULL), LWC_E_REFUSED);
}

static void remember_replaces_what_was(void **state)
{
    struct lwc_error err = {0};

    (void)state;
    fly_and_fail(LWC_E_REFUSED, 0, "something long that went wrong");
    fly_and_fail(LWC_E_NETWORK, 0, "short");
    assert_int_equal(fly_and_recall(who, &err), LWC_E_NETWORK);
    assert_string_equal(err.msg, "short");
}

static void remember_on_a_full_file_system_is_forgotten(void **state)
{
    static const size_t caps[] = {0, 1, 100};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(caps); i++) {
        print_message("%zu\n", caps[i]);
        pwrite_cap = SIZE_MAX;
        fly_and_fail(LWC_E_REFUSED, 0, "it failed");
        pwrite_cap = caps[i];
        fly_and_fail(LWC_E_NETWORK, 0, "it failed");
        assert_int_equal(flightbed_count(), 0);
    }
}

static void forget_removes_it(void **state)
{
    struct lwc_flight *flight = NULL;

    (void)state;
    fly_and_fail(LWC_E_REFUSED, 0, "it failed");
    flight = flightbed_enter(0);
    lwc_flight_forget(flight);
    assert_int_equal(lwc_flight_recall(flight, who, -1, &clock_fake, NULL), LWC_OK);
    lwc_flight_leave(&flight);
    assert_int_equal(flightbed_count(), 0);
}

/* Damage: any byte of the file is another one. */
static void recall_of_damaged_memo_is_ok_and_removes_it(void **state)
{
    const struct tmpdir *root = *state;
    char name[FLIGHTBED_NAME_LEN];
    char path[TMPDIR_PATH_LEN];
    struct stat st;

    flightbed_slot(1, name);
    fly_and_fail(LWC_E_REFUSED, 0, "it failed");
    assert_int_equal(stat(tmpdir_join(root, name, path), &st), 0);
    assert_in_range(st.st_size, 100, 2048);
    for (off_t at = 0; at < st.st_size; at += 3) {
        LWC_AUTO_CLOSE int fd = -1;
        uint8_t byte = 0;

        fly_and_fail(LWC_E_REFUSED, 0, "it failed");
        fd = open(path, O_RDWR | O_CLOEXEC);
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= 0x10;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        assert_int_equal(fly_and_recall(who, NULL), LWC_OK);
        assert_int_equal(flightbed_count(), 0);
    }
}

static void recall_of_any_other_content_is_ok_and_removes_it(void **state)
{
    static const size_t lengths[] = {1, 8, 147, 148, 1023, 1024, 1025, 4096};
    static const char junk[4096] = "LWCMEMO\n\0\0\0\1";
    const struct tmpdir *root = *state;
    char name[FLIGHTBED_NAME_LEN];

    tmpdir_mkdir(root, flightbed_ours(), 0700);
    flightbed_slot(1, name);
    for (size_t i = 0; i < LWC_ARRAY_LEN(lengths); i++) {
        print_message("%zu\n", lengths[i]);
        tmpdir_write(root, name, junk, lengths[i], 0600);
        assert_int_equal(fly_and_recall(who, NULL), LWC_OK);
        assert_int_equal(flightbed_count(), 0);
    }
}

/* The two locks: what one knows, the other does. */

static void recall_past_a_stopped_holder_knows_its_memo(void **state)
{
    LWC_AUTO_FLIGHT first = flightbed_enter(0);
    LWC_AUTO_FLIGHT second = NULL;

    (void)state;
    remember(first, LWC_E_REFUSED, 0, "it failed");
    second = flightbed_enter(FLIGHTBED_SHORT_MS);
    assert_int_equal(lwc_flight_recall(second, who, -1, &clock_fake, NULL), LWC_E_REFUSED);
    now_ms += 10000;
    assert_int_equal(lwc_flight_recall(second, who, -1, &clock_fake, NULL), LWC_OK);
    lwc_flight_leave(&second);
    assert_true(flightbed_slot_is_there(1));
    assert_false(flightbed_slot_is_there(2));
}

static void recall_knows_the_memo_behind_the_second_lock(void **state)
{
    LWC_AUTO_FLIGHT first = flightbed_enter(0);
    LWC_AUTO_FLIGHT second = flightbed_enter(FLIGHTBED_SHORT_MS);

    (void)state;
    remember(second, LWC_E_NETWORK, 0, "it failed");
    lwc_flight_leave(&second);
    lwc_flight_leave(&first);
    assert_false(flightbed_slot_is_there(1));
    assert_true(flightbed_slot_is_there(2));
    assert_int_equal(fly_and_recall(who, NULL), LWC_E_NETWORK);
    now_ms += 3000;
    assert_int_equal(fly_and_recall(who, NULL), LWC_OK);
    assert_int_equal(flightbed_count(), 0);
}

static void forget_removes_it_behind_both_locks(void **state)
{
    LWC_AUTO_FLIGHT first = flightbed_enter(0);
    LWC_AUTO_FLIGHT second = flightbed_enter(FLIGHTBED_SHORT_MS);

    (void)state;
    remember(first, LWC_E_REFUSED, 0, "it failed");
    remember(second, LWC_E_NETWORK, 0, "it failed");
    lwc_flight_leave(&second);
    lwc_flight_forget(first);
    assert_int_equal(lwc_flight_recall(first, who, -1, &clock_fake, NULL), LWC_OK);
    lwc_flight_leave(&first);
    assert_int_equal(flightbed_count(), 0);
}

/* Only the holder of a lock writes. */
static void forget_leaves_the_file_of_another_holder(void **state)
{
    LWC_AUTO_FLIGHT first = flightbed_enter(0);
    LWC_AUTO_FLIGHT second = flightbed_enter(FLIGHTBED_SHORT_MS);

    (void)state;
    remember(first, LWC_E_REFUSED, 0, "it failed");
    lwc_flight_forget(second);
    lwc_flight_leave(&second);
    assert_int_equal(lwc_flight_recall(first, who, -1, &clock_fake, NULL), LWC_E_REFUSED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tmpdir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(recall_of_nothing_is_ok),
        TEST(recall_gives_the_failure_until_it_runs_out),
        TEST(recall_counts_the_wait_down),
        TEST(recall_tells_only_what_failed_since),
        TEST(recall_for_someone_else_is_ok_and_keeps_it),
        TEST(remember_of_what_is_not_remembered_leaves_what_was),
        TEST(remember_replaces_what_was),
        TEST(remember_on_a_full_file_system_is_forgotten),
        TEST(forget_removes_it),
        TEST(recall_of_damaged_memo_is_ok_and_removes_it),
        TEST(recall_of_any_other_content_is_ok_and_removes_it),
        TEST(recall_past_a_stopped_holder_knows_its_memo),
        TEST(recall_knows_the_memo_behind_the_second_lock),
        TEST(forget_removes_it_behind_both_locks),
        TEST(forget_leaves_the_file_of_another_holder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
