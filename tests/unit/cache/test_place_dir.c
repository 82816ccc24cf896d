/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "cache/place.h"
#include "tests/support/places.h"
#include "tests/support/tmpdir.h"

#define OTHER_NAME "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define OTHERS_UID 4242

/*
 * Answers of the system: the type of every file system, the owner of directories and of files
 * (0: the truth), an errno for making a directory or claiming room.  The tests run in a real
 * tmpfs.
 */
static long fs_type;
static uid_t dir_uid;
static uid_t file_uid;
static int mkdir_errno;
static int room_errno;
static size_t judged;

int __wrap_openat(int dir_fd, const char *name, int flags, ...);
int __real_openat(int dir_fd, const char *name, int flags, ...);
int __wrap_fstatfs(int fd, struct statfs *fs);
int __real_fstatfs(int fd, struct statfs *fs);
int __wrap_fstat(int fd, struct stat *st);
int __real_fstat(int fd, struct stat *st);
int __wrap_mkdirat(int fd, const char *name, mode_t mode);
int __real_mkdirat(int fd, const char *name, mode_t mode);
int __wrap_posix_fallocate(int fd, off_t from, off_t len);
int __real_posix_fallocate(int fd, off_t from, off_t len);

int __wrap_openat(int dir_fd, const char *name, int flags, ...)
{
    return __real_openat(dir_fd, places_map(name), flags, 0600);
}

int __wrap_fstatfs(int fd, struct statfs *fs)
{
    int result = __real_fstatfs(fd, fs);

    if (fs_type != 0) {
        fs->f_type = fs_type;
    }
    return result;
}

int __wrap_fstat(int fd, struct stat *st)
{
    int result = __real_fstat(fd, st);
    uid_t uid = result == 0 && S_ISDIR(st->st_mode) ? dir_uid : file_uid;

    judged++;
    st->st_uid = uid != 0 ? uid : st->st_uid;
    return result;
}

int __wrap_mkdirat(int fd, const char *name, mode_t mode)
{
    errno = mkdir_errno;
    return mkdir_errno != 0 ? -1 : __real_mkdirat(fd, name, mode);
}

int __wrap_posix_fallocate(int fd, off_t from, off_t len)
{
    return room_errno != 0 ? room_errno : __real_posix_fallocate(fd, from, len);
}

static void reset(void)
{
    fs_type = 0;
    dir_uid = 0;
    file_uid = 0;
    mkdir_errno = 0;
    room_errno = 0;
}

static int setup(void **state)
{
    reset();
    return places_setup(state);
}

static int teardown(void **state)
{
    reset();
    return tmpdir_teardown(state);
}

static void read_of_what_was_written_gives_it(void **state)
{
    char path[TMPDIR_PATH_LEN];
    struct stat st;

    for (size_t i = 0; i < PLACES_COUNT; i++) {
        print_message("%s\n", places_kinds[i].place->name);
        assert_int_equal(places_read(places_kinds[i].place, NULL), LWC_E_NOT_FOUND);
        assert_int_equal(places_write(places_kinds[i].place, NULL), LWC_OK);
        assert_int_equal(places_write(places_kinds[i].place, NULL), LWC_OK);
        assert_int_equal(places_read(places_kinds[i].place, NULL), LWC_OK);
        assert_int_equal(stat(places_below(*state, i, "lwcred", path), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0700);
        assert_int_equal(stat(places_below(*state, i, "lwcred/" PLACES_NAME, path), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
    }
    assert_int_equal(tmpdir_count(*state, "run/lwcred"), 1);
    assert_int_equal(tmpdir_count(*state, "cache/lwcred"), 1);
}

static void read_from_memory_judges_two_directories_and_the_file(void **state)
{
    (void)state;
    assert_int_equal(places_write(&lwc_place_runtime, NULL), LWC_OK);
    judged = 0;
    assert_int_equal(places_read(&lwc_place_runtime, NULL), LWC_OK);
    assert_int_equal(judged, 3);
}

static void ramfs_is_memory_too(void **state)
{
    (void)state;
    fs_type = RAMFS_MAGIC;
    assert_int_equal(places_write(&lwc_place_runtime, NULL), LWC_OK);
    assert_int_equal(places_read(&lwc_place_runtime, NULL), LWC_OK);
}

static void nothing_is_made_where_memory_is_a_disk(void **state)
{
    fs_type = EXT4_SUPER_MAGIC;
    assert_int_equal(places_write(&lwc_place_runtime, NULL), LWC_E_UNAVAILABLE);
    assert_int_equal(tmpdir_count(*state, "run"), 0);
}

static void sealed_directory_is_made_with_its_parents(void **state)
{
    char path[TMPDIR_PATH_LEN];

    (void)setenv("XDG_CACHE_HOME", tmpdir_join(*state, "not/yet", path), 1);
    assert_int_equal(places_write(&lwc_place_sealed, NULL), LWC_OK);
    assert_int_equal(places_read(&lwc_place_sealed, NULL), LWC_OK);
    assert_int_equal(tmpdir_count(*state, "not/yet/lwcred"), 1);
}

static void sealed_place_is_below_home_by_default(void **state)
{
    static const char *const values[] = {NULL, "", "relative"};

    for (size_t i = 0; i < LWC_ARRAY_LEN(values); i++) {
        print_message("%s\n", values[i] != NULL ? values[i] : "unset");
        if (values[i] == NULL) {
            (void)unsetenv("XDG_CACHE_HOME");
        } else {
            (void)setenv("XDG_CACHE_HOME", values[i], 1);
        }
        assert_int_equal(places_write(&lwc_place_sealed, NULL), LWC_OK);
        assert_int_equal(tmpdir_count(*state, ".cache/lwcred"), 1);
    }
    (void)unsetenv("HOME");
    assert_int_equal(places_write(&lwc_place_sealed, NULL), LWC_E_UNAVAILABLE);
    assert_int_equal(places_read(&lwc_place_sealed, NULL), LWC_E_UNAVAILABLE);
}

static void runtime_place_is_the_usual_one_by_default(void **state)
{
    static const char *const values[] = {NULL, "", "relative"};
    char usual[TMPDIR_PATH_LEN];

    (void)state;
    dir_uid = OTHERS_UID; /* nothing is to be done there */
    (void)snprintf(usual, sizeof usual, "/run/user/%u", geteuid());
    for (size_t i = 0; i < LWC_ARRAY_LEN(values); i++) {
        struct lwc_error err = {0};

        if (values[i] == NULL) {
            (void)unsetenv("XDG_RUNTIME_DIR");
        } else {
            (void)setenv("XDG_RUNTIME_DIR", values[i], 1);
        }
        places_assert_miss(places_read(&lwc_place_runtime, &err));
        assert_non_null(strstr(err.msg, usual));
    }
}

static void runtime_place_is_the_usual_one_where_the_named_one_is_none(void **state)
{
    static const char *const values[] = {"/nonexistent", "/", "run/sub"};
    char path[TMPDIR_PATH_LEN];

    tmpdir_mkdir(*state, "usual", 0700);
    tmpdir_mkdir(*state, "run/sub", 0755);
    for (size_t i = 0; i < LWC_ARRAY_LEN(values); i++) {
        bool is_below = values[i][0] != '/';

        print_message("%s\n", values[i]);
        (void)setenv("XDG_RUNTIME_DIR", is_below ? tmpdir_join(*state, values[i], path) : values[i],
                     1);
        assert_int_equal(places_write(&lwc_place_runtime, NULL), LWC_OK);
        assert_int_equal(tmpdir_count(*state, "usual/lwcred"), 1);
        assert_int_equal(places_read(&lwc_place_runtime, NULL), LWC_OK);
        assert_int_equal(lwc_place_runtime.remove(PLACES_NAME, NULL), LWC_OK);
        assert_int_equal(tmpdir_count(*state, "run/sub"), 0);
    }
    /* Both are good: the named one. */
    (void)setenv("XDG_RUNTIME_DIR", tmpdir_join(*state, "run", path), 1);
    assert_int_equal(places_write(&lwc_place_runtime, NULL), LWC_OK);
    assert_int_equal(tmpdir_count(*state, "usual/lwcred"), 0);
    assert_int_equal(tmpdir_count(*state, "run/lwcred"), 1);
}

static void endless_path_is_unavailable(void **state)
{
    char path[2 * TMPDIR_PATH_LEN];

    (void)state;
    memset(path, '/', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    for (size_t i = 0; i < PLACES_COUNT; i++) {
        (void)setenv(places_kinds[i].variable, path, 1);
        assert_int_equal(places_read(places_kinds[i].place, NULL), LWC_E_UNAVAILABLE);
        assert_int_equal(places_write(places_kinds[i].place, NULL), LWC_E_UNAVAILABLE);
    }
}

static void full_place_keeps_the_old_entry(void **state)
{
    struct lwc_error err = {0};

    assert_int_equal(places_write(&lwc_place_runtime, NULL), LWC_OK);
    room_errno = ENOSPC;
    assert_int_equal(lwc_place_runtime.write(PLACES_NAME, "new", 3, PLACES_LIFE_S, &err), LWC_E_IO);
    assert_int_equal(err.sys, ENOSPC);
    assert_int_equal(places_read(&lwc_place_runtime, NULL), LWC_OK);
    assert_int_equal(tmpdir_count(*state, "run/lwcred"), 1);
}

static void read_only_place_is_unavailable(void **state)
{
    (void)state;
    mkdir_errno = EROFS;
    for (size_t i = 0; i < PLACES_COUNT; i++) {
        struct lwc_error err = {0};

        assert_int_equal(places_write(places_kinds[i].place, &err), LWC_E_UNAVAILABLE);
        assert_int_equal(err.sys, EROFS);
    }
}

static void what_cannot_be_removed_is_unavailable(void **state)
{
    for (size_t i = 0; i < PLACES_COUNT; i++) {
        char path[TMPDIR_PATH_LEN];

        assert_int_equal(places_write(places_kinds[i].place, NULL), LWC_OK);
        assert_int_equal(unlink(places_below(*state, i, "lwcred/" PLACES_NAME, path)), 0);
        assert_int_equal(mkdir(path, 0700), 0);
        assert_int_equal(
            mkdir(places_below(*state, i, "lwcred/" PLACES_NAME "/inside", path), 0700), 0);
        assert_int_equal(places_read(places_kinds[i].place, NULL), LWC_E_NOT_FOUND);
        assert_int_equal(places_write(places_kinds[i].place, NULL), LWC_E_UNAVAILABLE);
        assert_int_equal(places_kinds[i].place->remove(PLACES_NAME, NULL), LWC_E_UNAVAILABLE);
    }
}

static void remove_of_nothing_is_fine(void **state)
{
    (void)state;
    for (size_t i = 0; i < PLACES_COUNT; i++) {
        assert_int_equal(places_kinds[i].place->remove(PLACES_NAME, NULL), LWC_OK);
        assert_int_equal(places_write(places_kinds[i].place, NULL), LWC_OK);
        assert_int_equal(places_kinds[i].place->remove(OTHER_NAME, NULL), LWC_OK);
        assert_int_equal(places_kinds[i].place->remove(PLACES_NAME, NULL), LWC_OK);
        assert_int_equal(places_kinds[i].place->remove(PLACES_NAME, NULL), LWC_OK);
    }
}

static void remove_takes_what_a_dead_writer_left(void **state)
{
    assert_int_equal(places_write(&lwc_place_runtime, NULL), LWC_OK);
    tmpdir_write(*state, "run/lwcred/." PLACES_NAME "-0123456789abcdef.tmp", "text", 4, 0600);
    tmpdir_write(*state, "run/lwcred/." OTHER_NAME "-0123456789abcdef.tmp", "text", 4, 0600);
    assert_int_equal(lwc_place_runtime.remove(PLACES_NAME, NULL), LWC_OK);
    assert_int_equal(tmpdir_count(*state, "run/lwcred"), 1);
}

struct visits {
    size_t count;
    const struct lwc_place *remove_from;
};

static void visit(void *data, const char *name)
{
    struct visits *visits = data;

    assert_true(lwc_place_is_name(name));
    visits->count++;
    if (visits->remove_from != NULL) {
        assert_int_equal(visits->remove_from->remove(name, NULL), LWC_OK);
    }
}

static void each_visits_entries_alone_while_they_are_removed(void **state)
{
    static const char *const others[] = {"x", ".hidden", (PLACES_NAME "x"), ("." PLACES_NAME)};

    for (size_t i = 0; i < PLACES_COUNT; i++) {
        const struct lwc_place *place = places_kinds[i].place;
        struct visits visits = {0};
        char path[TMPDIR_PATH_LEN];

        assert_int_equal(place->each(visit, &visits, NULL), LWC_OK);
        assert_int_equal(places_write(place, NULL), LWC_OK);
        assert_int_equal(place->write(OTHER_NAME, "x", 1, PLACES_LIFE_S, NULL), LWC_OK);
        for (size_t other = 0; other < LWC_ARRAY_LEN(others); other++) {
            (void)snprintf(path, sizeof path, "%s/lwcred/%s", places_kinds[i].parent,
                           others[other]);
            tmpdir_write(*state, path, "x", 1, 0600);
        }
        assert_int_equal(place->each(visit, &visits, NULL), LWC_OK);
        assert_int_equal(visits.count, 2);
        visits.remove_from = place;
        assert_int_equal(place->each(visit, &visits, NULL), LWC_OK);
        assert_int_equal(visits.count, 4);
        (void)snprintf(path, sizeof path, "%s/lwcred", places_kinds[i].parent);
        assert_int_equal(tmpdir_count(*state, path), LWC_ARRAY_LEN(others));
    }
}

static void wrong_name_is_refused(void **state)
{
    static const char *const names[] = {"", "abc", "../../x", ("." PLACES_NAME), (PLACES_NAME "0")};

    for (size_t i = 0; i < LWC_ARRAY_LEN(names); i++) {
        print_message("%s\n", names[i]);
        for (size_t kind = 0; kind < PLACES_COUNT; kind++) {
            const struct lwc_place *place = places_kinds[kind].place;

            assert_int_equal(place->write(names[i], "x", 1, PLACES_LIFE_S, NULL), LWC_E_INVALID);
            assert_int_equal(place->remove(names[i], NULL), LWC_E_INVALID);
        }
    }
    assert_int_equal(tmpdir_count(*state, "run"), 0);
    assert_int_equal(tmpdir_count(*state, "cache"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(read_of_what_was_written_gives_it),
        TEST(read_from_memory_judges_two_directories_and_the_file),
        TEST(ramfs_is_memory_too),
        TEST(nothing_is_made_where_memory_is_a_disk),
        TEST(sealed_directory_is_made_with_its_parents),
        TEST(sealed_place_is_below_home_by_default),
        TEST(runtime_place_is_the_usual_one_by_default),
        TEST(runtime_place_is_the_usual_one_where_the_named_one_is_none),
        TEST(endless_path_is_unavailable),
        TEST(full_place_keeps_the_old_entry),
        TEST(read_only_place_is_unavailable),
        TEST(what_cannot_be_removed_is_unavailable),
        TEST(remove_of_nothing_is_fine),
        TEST(remove_takes_what_a_dead_writer_left),
        TEST(each_visits_entries_alone_while_they_are_removed),
        TEST(wrong_name_is_refused),
    };

    (void)setenv("TMPDIR", "/dev/shm", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
