/* SPDX-License-Identifier: Apache-2.0 */
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
#include "base/safefile.h"
#include "base/util.h"
#include "flight/failures.h"
#include "flight/flight_dir.h"
#include "tests/support/flight_fixture.h"

static size_t pwrite_cap; /* the file system is full behind this many bytes */

int __wrap_openat(int dir_fd, const char *name, int flags, ...);
int __real_openat(int dir_fd, const char *name, int flags, ...);
int __wrap_fstatfs(int fd, struct statfs *fs);
int __real_fstatfs(int fd, struct statfs *fs);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t len, off_t offset);
ssize_t __real_pwrite(int fd, const void *bytes, size_t len, off_t offset);

int __wrap_openat(int dir_fd, const char *name, int flags, ...)
{
    return __real_openat(dir_fd, flight_fixture_map(name), flags, 0600);
}

int __wrap_fstatfs(int fd, struct statfs *fs)
{
    return flight_fixture_fstatfs(__real_fstatfs(fd, fs), fs);
}

ssize_t __wrap_pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
    return __real_pwrite(fd, bytes, len < pwrite_cap ? len : pwrite_cap, offset);
}

static const uint8_t who[1][LWC_HASH_LEN] = {"0123456789abcdef0123456789abcde"};
static const uint8_t someone_else[1][LWC_HASH_LEN] = {"0123456789abcdef0123456789abcdE"};

static int64_t fake(void *data)
{
    return *(int64_t *)data;
}

static int64_t now_ms;
static const struct lwc_clock clock_fake = {.data = &now_ms, .wall_s = fake, .boot_ms = fake};

/* An attempt that took a second fails now. */
static void put_for(const uint8_t (*name)[LWC_HASH_LEN], enum lwc_code code, int64_t wait_s,
                    const char *msg)
{
    struct lwc_error err = {.code = code, .sys = ECONNRESET, .wait_s = wait_s, .hint = "wait"};
    struct lwc_failure record;

    (void)snprintf(err.msg, sizeof err.msg, "%s", msg);
    if (lwc_failure_make(name[0], now_ms - 1000, &err, &clock_fake, &record)) {
        lwc_failures_put(FLIGHT_FIXTURE_NAME, &record);
    }
}

static void put(enum lwc_code code, int64_t wait_s, const char *msg)
{
    put_for(who, code, wait_s, msg);
}

static enum lwc_code recall_since(const uint8_t (*name)[LWC_HASH_LEN], bool counts_life,
                                  int64_t since_ms, struct lwc_error *err)
{
    const struct lwc_failures_rule rule = {
        .counts_life = counts_life, .since_ms = since_ms, .clock = &clock_fake};

    return lwc_failures_find(FLIGHT_FIXTURE_NAME, name, 1, &rule, err);
}

static enum lwc_code recall(const uint8_t (*name)[LWC_HASH_LEN], struct lwc_error *err)
{
    return recall_since(name, true, INT64_MAX, err);
}

static const struct tmpdir *root;

static const char *table_path(char path_out[TMPDIR_PATH_LEN])
{
    char name[FLIGHT_FIXTURE_NAME_LEN];

    (void)snprintf(name, sizeof name, "%s/" FLIGHT_FIXTURE_NAME ".f", flight_fixture_ours());
    return tmpdir_join(root, name, path_out);
}

static int setup(void **state)
{
    now_ms = 1000000;
    pwrite_cap = SIZE_MAX;
    if (flight_fixture_setup(state) != 0) {
        return -1;
    }
    root = *state;
    tmpdir_mkdir(root, flight_fixture_ours(), 0700);
    return 0;
}

static void recall_of_nothing_is_ok(void **state)
{
    struct lwc_error err = {.code = LWC_E_BUSY};

    (void)state;
    assert_int_equal(recall(who, &err), LWC_OK);
    assert_int_equal(err.code, LWC_E_BUSY);
    lwc_failures_drop(FLIGHT_FIXTURE_NAME, who, 1);
    lwc_failures_clear(FLIGHT_FIXTURE_NAME);
    assert_int_equal(flight_fixture_count(), 0);
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
        {LWC_E_RATE_LIMITED, 900, 300000}, {LWC_E_UNAVAILABLE, 0, 60000},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_error err = {0};

        print_message("%s\n", lwc_code_name(cases[i].code));
        put(cases[i].code, cases[i].wait_s, "it failed");
        assert_int_equal(recall(who, &err), cases[i].code);
        assert_int_equal(err.code, cases[i].code);
        assert_int_equal(err.sys, ECONNRESET);
        assert_int_equal(err.wait_s, cases[i].wait_s);
        assert_string_equal(err.msg, "it failed");
        assert_string_equal(err.hint, "wait");
        now_ms += cases[i].life_ms - 1;
        assert_int_equal(recall(who, NULL), cases[i].code);
        now_ms += 1;
        assert_int_equal(recall(who, NULL), LWC_OK);
    }
}

static void recall_counts_the_wait_down(void **state)
{
    struct lwc_error err = {0};

    (void)state;
    put(LWC_E_RATE_LIMITED, 60, "limit: try again in 60 s");
    now_ms += 25000;
    assert_int_equal(recall(who, &err), LWC_E_RATE_LIMITED);
    assert_int_equal(err.wait_s, 35);
    assert_string_equal(err.msg, "limit: try again in 35 s");
}

/*
 * A call that waited for the attempt is told of any failure, however old by now: of one that ended
 * while it waited, or, where another process can mend what is wrong, of one that it saw begin.
 */
static void recall_for_a_call_that_waited(void **state)
{
    static const struct {
        enum lwc_code code;
        bool if_ended; /* not if it only saw the end */
        bool if_whole;
    } cases[] = {
        {LWC_E_NETWORK, true, true},    {LWC_E_RATE_LIMITED, true, true},
        {LWC_E_LOCKED, true, true},     {LWC_E_DENIED, true, true},
        {LWC_E_FAILED, true, true},     {LWC_E_REFUSED, false, true},
        {LWC_E_NOT_FOUND, false, true}, {LWC_E_INVALID, false, true},
        {LWC_E_CORRUPT, false, true},   {LWC_E_IO, false, false},
        {LWC_E_BUSY, false, false},     {LWC_E_INTERNAL, false, false},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        int64_t failed_ms = now_ms += 1000000;

        print_message("%s\n", lwc_code_name(cases[i].code));
        lwc_failures_clear(FLIGHT_FIXTURE_NAME);
        put(cases[i].code, 0, "it failed");
        now_ms += 50000;
        assert_int_equal(recall_since(who, false, failed_ms, NULL), LWC_OK);
        assert_int_equal(recall_since(who, false, failed_ms - 1, NULL),
                         cases[i].if_ended ? cases[i].code : LWC_OK);
        assert_int_equal(recall_since(who, false, failed_ms - 1000, NULL),
                         cases[i].if_ended ? cases[i].code : LWC_OK);
        assert_int_equal(recall_since(who, false, failed_ms - 1001, NULL),
                         cases[i].if_whole ? cases[i].code : LWC_OK);
    }
}

/* Another time namespace has another boot clock. */
static void recall_of_a_failure_of_the_future_is_ok(void **state)
{
    (void)state;
    put(LWC_E_NETWORK, 0, "it failed");
    now_ms -= 2000;
    assert_int_equal(recall(who, NULL), LWC_OK);
    assert_int_equal(recall_since(who, false, 0, NULL), LWC_OK);
}

static void each_name_has_a_failure_of_its_own(void **state)
{
    (void)state;
    put(LWC_E_REFUSED, 0, "it failed");
    assert_int_equal(recall(someone_else, NULL), LWC_OK);
    put_for(someone_else, LWC_E_NETWORK, 0, "it failed");
    assert_int_equal(recall(who, NULL), LWC_E_REFUSED);
    assert_int_equal(recall(someone_else, NULL), LWC_E_NETWORK);
    lwc_failures_drop(FLIGHT_FIXTURE_NAME, someone_else, 1);
    assert_int_equal(recall(who, NULL), LWC_E_REFUSED);
    assert_int_equal(recall(someone_else, NULL), LWC_OK);
    lwc_failures_drop(FLIGHT_FIXTURE_NAME, who, 1);
    assert_int_equal(recall(who, NULL), LWC_OK);
    assert_int_equal(flight_fixture_count(), 0);
}

/* In turn, as two sub-accounts would: neither evicts the other. */
static void eight_names_fit_and_the_ninth_takes_the_oldest_place(void **state)
{
    uint8_t names[LWC_FAILURE_RECORDS + 1][1][LWC_HASH_LEN] = {{{0}}};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(names); i++) {
        names[i][0][0] = (uint8_t)(i + 1);
        put_for((const uint8_t(*)[LWC_HASH_LEN])names[i], LWC_E_REFUSED, 0, "it failed");
        now_ms += 1;
    }
    for (size_t i = 0; i < LWC_ARRAY_LEN(names); i++) {
        assert_int_equal(recall((const uint8_t(*)[LWC_HASH_LEN])names[i], NULL),
                         i == 0 ? LWC_OK : LWC_E_REFUSED);
    }
}

static void put_of_what_is_not_remembered_leaves_what_was(void **state)
{
    static const enum lwc_code codes[] = {LWC_OK, LWC_E_INTERNAL, LWC_E_IO, LWC_E_BUSY};

    (void)state;
    put(LWC_E_REFUSED, 0, "no");
    for (size_t i = 0; i < LWC_ARRAY_LEN(codes); i++) {
        print_message("%s\n", lwc_code_name(codes[i]));
        put(codes[i], 0, "it failed");
        assert_int_equal(recall(who, NULL), LWC_E_REFUSED);
    }
}

static void put_replaces_what_was(void **state)
{
    struct lwc_error err = {0};

    (void)state;
    put(LWC_E_REFUSED, 0, "something long that went wrong");
    put(LWC_E_NETWORK, 0, "short");
    assert_int_equal(recall(who, &err), LWC_E_NETWORK);
    assert_string_equal(err.msg, "short");
}

static void put_on_a_full_file_system_is_forgotten(void **state)
{
    static const size_t caps[] = {0, 1, 100};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(caps); i++) {
        print_message("%zu\n", caps[i]);
        pwrite_cap = SIZE_MAX;
        put(LWC_E_REFUSED, 0, "it failed");
        pwrite_cap = caps[i];
        put(LWC_E_NETWORK, 0, "it failed");
        assert_int_equal(flight_fixture_count(), 0);
    }
}

/* Damage: any byte of the file is another one. */
static void damaged_table_is_none_and_is_written_over(void **state)
{
    char path[TMPDIR_PATH_LEN];
    struct stat st;

    (void)state;
    put(LWC_E_REFUSED, 0, "it failed");
    assert_int_equal(stat(table_path(path), &st), 0);
    assert_in_range(st.st_size, 100, 2048);
    for (off_t at = 0; at < st.st_size; at += 3) {
        LWC_AUTO_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC);
        uint8_t byte = 0;

        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= 0x10;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        assert_int_equal(recall(who, NULL), LWC_OK);
        put(LWC_E_REFUSED, 0, "it failed");
        assert_int_equal(recall(who, NULL), LWC_E_REFUSED);
    }
}

static void any_other_content_is_none_and_is_written_over(void **state)
{
    static const size_t lengths[] = {1, 8, 147, 148, 1023, 1024, 1025, 8192, 8193, 65536};
    static const char junk[65536] = "LWCMEMO\n\0\0\0\2";
    char name[FLIGHT_FIXTURE_NAME_LEN];

    (void)state;
    (void)snprintf(name, sizeof name, "%s/" FLIGHT_FIXTURE_NAME ".f", flight_fixture_ours());
    for (size_t i = 0; i < LWC_ARRAY_LEN(lengths); i++) {
        print_message("%zu\n", lengths[i]);
        tmpdir_write(root, name, junk, lengths[i], 0600);
        assert_int_equal(recall(who, NULL), LWC_OK);
        put(LWC_E_REFUSED, 0, "it failed");
        assert_int_equal(recall(who, NULL), LWC_E_REFUSED);
        lwc_failures_clear(FLIGHT_FIXTURE_NAME);
        assert_int_equal(flight_fixture_count(), 0);
    }
}

/* A table that is no file, or is a link, is left alone. */
static void what_is_no_file_is_none(void **state)
{
    char path[TMPDIR_PATH_LEN];
    char target[TMPDIR_PATH_LEN];

    (void)state;
    tmpdir_write(root, "elsewhere", "precious", 8, 0600);
    assert_int_equal(symlink(tmpdir_join(root, "elsewhere", target), table_path(path)), 0);
    put(LWC_E_REFUSED, 0, "it failed");
    assert_int_equal(recall(who, NULL), LWC_OK);
    tmpdir_assert_text(root, "elsewhere", "precious");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    put(LWC_E_REFUSED, 0, "it failed");
    assert_int_equal(recall(who, NULL), LWC_OK);
}

/* Reading waits for no writer, and a writer not for long. */
static void table_that_a_stopped_writer_holds_is_read_and_not_written(void **state)
{
    LWC_AUTO_PATH dir = LWC_PATH_INIT;
    LWC_AUTO_CLOSE int fd = -1;

    (void)state;
    put(LWC_E_REFUSED, 0, "it failed");
    assert_int_equal(lwc_flight_dir_open(&dir, NULL), LWC_OK);
    assert_int_equal(lwc_lock_take(&dir, FLIGHT_FIXTURE_NAME ".f", 0, &fd, NULL), LWC_OK);
    put(LWC_E_NETWORK, 0, "it failed");
    lwc_failures_drop(FLIGHT_FIXTURE_NAME, who, 1);
    lwc_failures_clear(FLIGHT_FIXTURE_NAME);
    assert_int_equal(recall(who, NULL), LWC_E_REFUSED);
}

static void name_that_is_no_hash_is_refused(void **state)
{
    struct lwc_failure_table table;

    (void)state;
    put(LWC_E_REFUSED, 0, "it failed");
    lwc_failures_clear("../" FLIGHT_FIXTURE_NAME);
    lwc_failures_read("../" FLIGHT_FIXTURE_NAME, &table);
    assert_int_equal(table.count, 0);
    assert_int_equal(flight_fixture_count(), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tmpdir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(recall_of_nothing_is_ok),
        TEST(recall_gives_the_failure_until_it_runs_out),
        TEST(recall_counts_the_wait_down),
        TEST(recall_for_a_call_that_waited),
        TEST(recall_of_a_failure_of_the_future_is_ok),
        TEST(each_name_has_a_failure_of_its_own),
        TEST(eight_names_fit_and_the_ninth_takes_the_oldest_place),
        TEST(put_of_what_is_not_remembered_leaves_what_was),
        TEST(put_replaces_what_was),
        TEST(put_on_a_full_file_system_is_forgotten),
        TEST(damaged_table_is_none_and_is_written_over),
        TEST(any_other_content_is_none_and_is_written_over),
        TEST(what_is_no_file_is_none),
        TEST(table_that_a_stopped_writer_holds_is_read_and_not_written),
        TEST(name_that_is_no_hash_is_refused),
    };

    return cmocka_run_group_tests_name("failures", tests, NULL, NULL);
}
