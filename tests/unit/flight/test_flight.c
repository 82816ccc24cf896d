/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "flight/flight.h"
#include "flight/flight_dir.h"
#include "tests/support/flight_fixture.h"

#define LONG_MS 60000

static const struct lwc_flight_times at_once = {.stay_ms = FLIGHT_FIXTURE_STAY_MS};
static const struct tmpdir *root;
static ino_t foreign_ino; /* what belongs to someone else   */
static ino_t disk_ino;    /* what is not on a tmpfs          */
static int mkdirat_errno;

int __wrap_openat(int dir_fd, const char *name, int flags, ...);
int __real_openat(int dir_fd, const char *name, int flags, ...);
int __wrap_fstat(int fd, struct stat *st);
int __real_fstat(int fd, struct stat *st);
int __wrap_fstatfs(int fd, struct statfs *fs);
int __real_fstatfs(int fd, struct statfs *fs);
int __wrap_mkdirat(int dir_fd, const char *name, mode_t mode);
int __real_mkdirat(int dir_fd, const char *name, mode_t mode);

int __wrap_openat(int dir_fd, const char *name, int flags, ...)
{
    return __real_openat(dir_fd, flight_fixture_map(name), flags, 0600);
}

int __wrap_fstat(int fd, struct stat *st)
{
    int result = __real_fstat(fd, st);

    if (result == 0 && st->st_ino == foreign_ino) {
        st->st_uid = 54321;
    }
    return result;
}

int __wrap_fstatfs(int fd, struct statfs *fs)
{
    struct stat st;
    int result = flight_fixture_fstatfs(__real_fstatfs(fd, fs), fs);

    if (__real_fstat(fd, &st) == 0 && st.st_ino == disk_ino) {
        fs->f_type = EXT4_SUPER_MAGIC;
    }
    return result;
}

int __wrap_mkdirat(int dir_fd, const char *name, mode_t mode)
{
    if (mkdirat_errno != 0) {
        errno = mkdirat_errno;
        return -1;
    }
    return __real_mkdirat(dir_fd, name, mode);
}

static int setup_empty(void **state)
{
    foreign_ino = 0;
    disk_ino = 0;
    mkdirat_errno = 0;
    if (flight_fixture_setup_empty(state) != 0) {
        return -1;
    }
    root = *state;
    return 0;
}

static int setup(void **state)
{
    if (setup_empty(state) != 0) {
        return -1;
    }
    tmpdir_mkdir(root, "shm", 01777);
    return 0;
}

/* Where the locks lie */

static ino_t inode_of(const char *name)
{
    char path[TMPDIR_PATH_LEN];
    struct stat st;

    assert_int_equal(lstat(tmpdir_join(root, name, path), &st), 0);
    return st.st_ino;
}

/*
 * Entries made in the test's directory, "@" being ours: FLIGHT_FIXTURE_NAME=MODE, a directory, with ! of
 * someone else, with # not on a tmpfs; FLIGHT_FIXTURE_NAME=link, to "elsewhere"; FLIGHT_FIXTURE_NAME=file.
 */
static const struct {
    const char *name;
    const char *things;
    const char *found; /* NULL: unavailable */
} places[] = {
    {"nothing", "", NULL},
    {"runtime", "run=700 shm=1777", "run/lwcred"},
    {"runtime, ours there", "run=700 run/lwcred=700", "run/lwcred"},
    {"runtime foreign", "run=700! shm=1777", "@"},
    {"runtime on a disk", "run=700# shm=1777", "@"},
    {"runtime 0777", "run=777 shm=1777", "@"},
    {"runtime 0770", "run=770 shm=1777", "@"},
    {"runtime 01777", "run=1777 shm=1777", "@"},
    {"runtime a link", "run=link shm=1777", "@"},
    {"runtime a file", "run=file shm=1777", "@"},
    {"runtime, ours 0755", "run=700 run/lwcred=755 shm=1777", "@"},
    {"runtime, ours a link", "run=700 run/lwcred=link shm=1777", "@"},
    {"shared", "shm=1777", "@"},
    {"shared, ours there", "shm=1777 @=700", "@"},
    {"shared 0755", "shm=755", "@"},
    {"shared not sticky", "shm=777", NULL},
    {"shared not sticky, ours there", "shm=777 @=700", NULL},
    {"shared foreign", "shm=1777!", NULL},
    {"shared on a disk", "shm=1777#", NULL},
    {"shared a link", "shm=link", NULL},
    {"shared a file", "shm=file", NULL},
    {"ours foreign", "shm=1777 @=700!", NULL},
    {"ours on a disk", "shm=1777 @=700#", NULL},
    {"ours 0777", "shm=1777 @=777", NULL},
    {"ours 0710", "shm=1777 @=710", NULL},
    {"ours 0500", "shm=1777 @=500", NULL},
    {"ours a link", "shm=1777 @=link", NULL},
    {"ours a file", "shm=1777 @=file", NULL},
};

static void thing_make(const char *name, const char *kind)
{
    char path[TMPDIR_PATH_LEN];
    char target[TMPDIR_PATH_LEN];

    name = lwc_streq(name, "@") ? flight_fixture_ours() : name;
    if (lwc_streq(kind, "link")) {
        tmpdir_join(root, "elsewhere", target);
        assert_int_equal(symlink(target, tmpdir_join(root, name, path)), 0);
    } else if (lwc_streq(kind, "file")) {
        tmpdir_write(root, name, "", 0, 0700);
    } else {
        tmpdir_mkdir(root, name, (mode_t)strtoul(kind, NULL, 8));
    }
    foreign_ino = strchr(kind, '!') != NULL ? inode_of(name) : foreign_ino;
    disk_ino = strchr(kind, '#') != NULL ? inode_of(name) : disk_ino;
}

static void things_make(const char *things)
{
    char name[32];
    char kind[16];
    int used = 0;

    while (sscanf(things, " %31[^=]=%15s%n", name, kind, &used) == 2) {
        thing_make(name, kind);
        things += used;
    }
    assert_string_equal(things, "");
}

static void enter_takes_only_a_directory_that_is_safe(void **state)
{
    for (size_t i = 0; i < LWC_ARRAY_LEN(places); i++) {
        LWC_AUTO_FLIGHT flight = NULL;
        struct lwc_error err = {0};
        const char *found = places[i].found;

        print_message("%s\n", places[i].name);
        assert_int_equal(setup_empty(state), 0);
        tmpdir_mkdir(root, "elsewhere", 0700);
        things_make(places[i].things);
        assert_int_equal(flight_fixture_try(0, &flight, &err),
                         found != NULL ? LWC_OK : LWC_E_UNAVAILABLE);
        assert_int_equal(flight != NULL, found != NULL);
        if (found != NULL) {
            assert_int_equal(
                tmpdir_count(root, lwc_streq(found, "@") ? flight_fixture_ours() : found), 1);
        } else {
            assert_non_null(strstr(err.msg, "/dev/shm"));
        }
        assert_int_equal(tmpdir_count(root, "elsewhere"), 0);
        lwc_flight_leave(&flight);
        assert_int_equal(tmpdir_teardown(state), 0);
    }
}

static void enter_makes_the_directory_private_whatever_the_umask(void **state)
{
    static const mode_t masks[] = {0, 022, 077, 0277, 0777};
    char path[TMPDIR_PATH_LEN];
    struct stat st;

    (void)state;
    tmpdir_join(root, flight_fixture_ours(), path);
    for (size_t i = 0; i < LWC_ARRAY_LEN(masks); i++) {
        LWC_AUTO_FLIGHT flight = NULL;
        mode_t kept = umask(masks[i]);
        enum lwc_code code = flight_fixture_try(0, &flight, NULL);

        (void)umask(kept);
        print_message("%03o\n", masks[i]);
        assert_int_equal(code, LWC_OK);
        assert_int_equal(lstat(path, &st), 0);
        assert_int_equal(st.st_mode, S_IFDIR | 0700);
        lwc_flight_leave(&flight);
        assert_int_equal(rmdir(path), 0);
    }
}

static void enter_where_nothing_can_be_made_is_unavailable(void **state)
{
    static const int errors[] = {ENOSPC, EROFS, EACCES, EDQUOT};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(errors); i++) {
        struct lwc_flight *flight = NULL;
        struct lwc_error err = {0};

        mkdirat_errno = errors[i];
        assert_int_equal(flight_fixture_try(LONG_MS, &flight, &err), LWC_E_UNAVAILABLE);
        assert_int_equal(err.sys, errors[i]);
        assert_null(flight);
    }
}

static void enter_where_a_lock_is_no_file_is_unavailable(void **state)
{
    struct lwc_flight *flight = NULL;
    char name[FLIGHT_FIXTURE_NAME_LEN];

    (void)state;
    tmpdir_mkdir(root, flight_fixture_ours(), 0700);
    flight_fixture_slot(1, name);
    tmpdir_mkdir(root, name, 0700);
    assert_int_equal(flight_fixture_try(LONG_MS, &flight, NULL), LWC_E_UNAVAILABLE);
    assert_null(flight);
}

static void enter_of_name_that_is_no_hash_is_refused(void **state)
{
    static const char *const names[] = {"", "ab", "../" FLIGHT_FIXTURE_NAME,
                                        FLIGHT_FIXTURE_NAME "0",
                                        "X0112233445566778899aabbccddeeff"
                                        "00112233445566778899aabbccddeeff"};
    struct lwc_flight *flight = NULL;

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(names); i++) {
        print_message("%s\n", names[i]);
        assert_int_equal(lwc_flight_enter(names[i], &at_once, &flight, NULL), LWC_E_UNAVAILABLE);
        assert_null(flight);
    }
    assert_int_equal(tmpdir_count(root, "shm"), 0);
}

/* Holders of a flight. */

static void leave_of_nothing_is_allowed(void **state)
{
    struct lwc_flight *flight = NULL;

    (void)state;
    lwc_flight_leave(&flight);
    assert_null(flight);
}

static void enter_of_others_names_is_not_hindered(void **state)
{
    LWC_AUTO_FLIGHT flight = flight_fixture_enter(0);
    LWC_AUTO_FLIGHT other = NULL;
    char name[] = FLIGHT_FIXTURE_NAME;

    (void)state;
    name[0] = 'f';
    assert_int_equal(lwc_flight_enter(name, &at_once, &other, NULL), LWC_OK);
    assert_ptr_not_equal(flight, other);
    assert_false(flight_fixture_slot_is_there(2));
}

static void enter_of_a_held_flight_is_busy(void **state)
{
    LWC_AUTO_FLIGHT first = flight_fixture_enter(0);
    struct lwc_flight *second = NULL;
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(flight_fixture_try(FLIGHT_FIXTURE_SHORT_MS, &second, &err), LWC_E_BUSY);
    assert_int_equal(err.code, LWC_E_BUSY);
    assert_non_null(strstr(err.msg, "held by another process"));
    assert_null(second);
    assert_int_equal(flight_fixture_count(), 1);
    lwc_flight_leave(&first);
    second = flight_fixture_enter(0);
    lwc_flight_leave(&second);
    assert_int_equal(flight_fixture_count(), 0);
}

static void no_flight_has_no_lock_and_does_nothing(void **state)
{
    (void)state;
    assert_false(lwc_flight_has_lock(NULL));
    lwc_flight_ask(NULL);
    lwc_flight_stay(NULL, 1);
}

/* Files of dead processes, and of a version with another format. */
static void enter_of_a_flight_that_a_dead_holder_left_removes_its_file(void **state)
{
    static const char *const contents[] = {"x", "LWCSLOT2", "LWCMEMO\n and so on, of version 1"};
    char name[FLIGHT_FIXTURE_NAME_LEN];

    (void)state;
    tmpdir_mkdir(root, flight_fixture_ours(), 0700);
    flight_fixture_slot(1, name);
    for (size_t i = 0; i < LWC_ARRAY_LEN(contents); i++) {
        LWC_AUTO_FLIGHT flight = NULL;

        tmpdir_write(root, name, contents[i], strlen(contents[i]), 0600);
        flight = flight_fixture_enter(0);
        assert_true(flight_fixture_slot_is_there(1));
        lwc_flight_leave(&flight);
        assert_int_equal(flight_fixture_count(), 0);
    }
}

static void leave_removes_no_file_of_another(void **state)
{
    struct lwc_flight *flight = flight_fixture_enter(0);
    char name[FLIGHT_FIXTURE_NAME_LEN];
    char path[TMPDIR_PATH_LEN];

    (void)state;
    flight_fixture_slot(1, name);
    assert_int_equal(unlink(tmpdir_join(root, name, path)), 0);
    tmpdir_write(root, name, "", 0, 0600);
    lwc_flight_leave(&flight);
    assert_true(flight_fixture_slot_is_there(1));
}

/* Sweeping */

static void make_old(const char *name, time_t age_s)
{
    const struct timespec times[2] = {{.tv_sec = time(NULL) - age_s},
                                      {.tv_sec = time(NULL) - age_s}};
    char path[TMPDIR_PATH_LEN];
    char under[FLIGHT_FIXTURE_NAME_LEN];

    (void)snprintf(under, sizeof under, "%s/%s", flight_fixture_ours(), name);
    if (access(tmpdir_join(root, under, path), F_OK) != 0) {
        tmpdir_write(root, under, "old", 3, 0600);
    }
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void sweep_removes_what_is_old_and_not_held(void **state)
{
    LWC_AUTO_FLIGHT flight = flight_fixture_enter(0);
    LWC_AUTO_PATH dir = LWC_PATH_INIT;

    (void)state;
    (void)flight;
    make_old("aa.f", 1000);
    make_old("bb.1", 1000);
    make_old("cc.f", 800);
    make_old(FLIGHT_FIXTURE_NAME ".1", 100000);
    assert_int_equal(flight_fixture_count(), 4);
    assert_int_equal(lwc_flight_dir_open(&dir, NULL), LWC_OK);
    lwc_flight_dir_sweep(&dir);
    assert_int_equal(flight_fixture_count(), 2);
    assert_true(flight_fixture_slot_is_there(1));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tmpdir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enter_takes_only_a_directory_that_is_safe),
        TEST(enter_makes_the_directory_private_whatever_the_umask),
        TEST(enter_where_nothing_can_be_made_is_unavailable),
        TEST(enter_where_a_lock_is_no_file_is_unavailable),
        TEST(enter_of_name_that_is_no_hash_is_refused),
        TEST(leave_of_nothing_is_allowed),
        TEST(enter_of_others_names_is_not_hindered),
        TEST(leave_removes_no_file_of_another),
        TEST(enter_of_a_held_flight_is_busy),
        TEST(no_flight_has_no_lock_and_does_nothing),
        TEST(enter_of_a_flight_that_a_dead_holder_left_removes_its_file),
        TEST(sweep_removes_what_is_old_and_not_held),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
