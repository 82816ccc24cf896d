/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "cache/entry.h"
#include "cache/place.h"
#include "tests/support/places.h"
#include "tests/support/tmpdir.h"

#define OTHERS_UID 4242

/*
 * Answers of the system: the type of every file system, the owner of directories and of files
 * (0: the truth).  The tests run in a real tmpfs.
 */
static long fs_type;
static uid_t dir_uid;
static uid_t file_uid;

int __wrap_openat(int dir_fd, const char *name, int flags, ...);
int __real_openat(int dir_fd, const char *name, int flags, ...);
int __wrap_fstatfs(int fd, struct statfs *fs);
int __real_fstatfs(int fd, struct statfs *fs);
int __wrap_fstat(int fd, struct stat *st);
int __real_fstat(int fd, struct stat *st);

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

    st->st_uid = uid != 0 ? uid : st->st_uid;
    return result;
}

static void reset(void)
{
    fs_type = 0;
    dir_uid = 0;
    file_uid = 0;
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

static void spoil_missing(const struct tmpdir *dir, size_t i)
{
    char path[TMPDIR_PATH_LEN];

    (void)dir;
    (void)snprintf(path, sizeof path, "%s/none", getenv(places_kinds[i].variable));
    (void)setenv(places_kinds[i].variable, path, 1);
}

static void spoil_owner(const struct tmpdir *dir, size_t i)
{
    (void)dir;
    (void)i;
    dir_uid = OTHERS_UID;
}

static void spoil_mode(const struct tmpdir *dir, size_t i)
{
    char path[TMPDIR_PATH_LEN];

    assert_int_equal(chmod(places_below(dir, i, "", path), 0777), 0);
}

static void spoil_group(const struct tmpdir *dir, size_t i)
{
    char path[TMPDIR_PATH_LEN];

    assert_int_equal(chmod(places_below(dir, i, "", path), 0750), 0);
}

static void spoil_disk(const struct tmpdir *dir, size_t i)
{
    (void)dir;
    (void)i;
    fs_type = EXT4_SUPER_MAGIC;
}

static void spoil_link(const struct tmpdir *dir, size_t i)
{
    char path[TMPDIR_PATH_LEN];
    char target[TMPDIR_PATH_LEN];

    assert_int_equal(symlink(places_below(dir, i, "", target), tmpdir_join(dir, "link", path)), 0);
    (void)setenv(places_kinds[i].variable, path, 1);
}

static void spoil_file(const struct tmpdir *dir, size_t i)
{
    char path[TMPDIR_PATH_LEN];

    tmpdir_write(dir, "file", "x", 1, 0600);
    (void)setenv(places_kinds[i].variable, tmpdir_join(dir, "file", path), 1);
}

static void spoil_sub_mode(const struct tmpdir *dir, size_t i)
{
    char path[TMPDIR_PATH_LEN];

    assert_true(mkdir(places_below(dir, i, "lwcred", path), 0700) == 0 || errno == EEXIST);
    assert_int_equal(chmod(path, 0777), 0);
}

static void spoil_sub_link(const struct tmpdir *dir, size_t i)
{
    char path[TMPDIR_PATH_LEN];
    char target[TMPDIR_PATH_LEN];

    assert_int_equal(
        rename(places_below(dir, i, "lwcred", path), places_below(dir, i, "else", target)), 0);
    /* No link at all in memory; on a disk, where it leads is judged. */
    assert_int_equal(chmod(target, i == 0 ? 0700 : 0755), 0);
    assert_int_equal(symlink(target, path), 0);
}

static void spoil_sub_file(const struct tmpdir *dir, size_t i)
{
    char path[TMPDIR_PATH_LEN];
    char target[TMPDIR_PATH_LEN];

    assert_int_equal(
        rename(places_below(dir, i, "lwcred", path), places_below(dir, i, "else", target)), 0);
    tmpdir_write(dir, i == 0 ? "run/lwcred" : "cache/lwcred", "x", 1, 0600);
}

/* Defects of a directory. */
static const struct {
    const char *name;
    void (*spoil)(const struct tmpdir *dir, size_t i);
    size_t kinds; /* 1: the runtime place alone */
} dir_cases[] = {
    {"missing", spoil_missing, 1},
    {"foreign", spoil_owner, 2},
    {"mode 0777", spoil_mode, 2},
    {"mode 0750", spoil_group, 1},
    {"on disk", spoil_disk, 1},
    {"a link", spoil_link, 1},
    {"a file", spoil_file, 2},
    {"subdirectory of mode 0777", spoil_sub_mode, 2},
    {"subdirectory a link to an open one", spoil_sub_link, 2},
    {"subdirectory a file", spoil_sub_file, 2},
};

static void check_dir_case(const struct tmpdir *dir, size_t which, size_t i)
{
    const struct lwc_place *place = places_kinds[i].place;
    struct lwc_error err = {0};

    print_message("%s: %s\n", place->name, dir_cases[which].name);
    assert_int_equal(places_write(place, NULL), LWC_OK);
    dir_cases[which].spoil(dir, i);
    places_assert_miss(places_read(place, &err));
    assert_int_not_equal(strlen(err.msg), 0);
    err.msg[0] = '\0';
    assert_int_equal(places_write(place, &err), LWC_E_UNAVAILABLE);
    assert_int_equal(err.code, LWC_E_UNAVAILABLE);
    assert_int_not_equal(strlen(err.msg), 0);
}

static void wrong_directory_is_unavailable(void **state)
{
    void *own = NULL;

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(dir_cases); i++) {
        for (size_t kind = 0; kind < dir_cases[i].kinds; kind++) {
            assert_int_equal(setup(&own), 0);
            check_dir_case(own, i, kind);
            assert_int_equal(teardown(&own), 0);
        }
    }
}

static void put_link(const struct tmpdir *dir, const char *path)
{
    char target[TMPDIR_PATH_LEN];

    tmpdir_write(dir, "target", "text", 4, 0600);
    assert_int_equal(symlink(tmpdir_join(dir, "target", target), path), 0);
}

static void put_dangling(const struct tmpdir *dir, const char *path)
{
    (void)dir;
    assert_int_equal(symlink("nowhere", path), 0);
}

static void put_dir(const struct tmpdir *dir, const char *path)
{
    (void)dir;
    assert_int_equal(mkdir(path, 0700), 0);
}

static void put_fifo(const struct tmpdir *dir, const char *path)
{
    (void)dir;
    assert_int_equal(mkfifo(path, 0600), 0);
}

static void put_file(const char *path, size_t len, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)len), 0);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

static void put_readable(const struct tmpdir *dir, const char *path)
{
    (void)dir;
    put_file(path, 4, 0644);
}

static void put_huge(const struct tmpdir *dir, const char *path)
{
    (void)dir;
    put_file(path, LWC_ENTRY_MAX + 1, 0600);
}

static void put_foreign(const struct tmpdir *dir, const char *path)
{
    (void)dir;
    put_file(path, 4, 0600);
    file_uid = OTHERS_UID;
}

static const struct {
    const char *name;
    void (*put)(const struct tmpdir *dir, const char *path);
} entry_cases[] = {
    {"link", put_link},       {"dangling link", put_dangling}, {"directory", put_dir},
    {"FIFO", put_fifo},       {"mode 0644", put_readable},     {"too large", put_huge},
    {"foreign", put_foreign},
};

static void check_entry_case(const struct tmpdir *dir, size_t which, size_t i)
{
    const struct lwc_place *place = places_kinds[i].place;
    char path[TMPDIR_PATH_LEN];

    print_message("%s: %s\n", place->name, entry_cases[which].name);
    assert_int_equal(places_write(place, NULL), LWC_OK);
    assert_int_equal(place->remove(PLACES_NAME, NULL), LWC_OK);
    places_below(dir, i, "lwcred/" PLACES_NAME, path);
    entry_cases[which].put(dir, path);
    assert_int_equal(places_read(place, NULL), LWC_E_NOT_FOUND);
    assert_int_equal(places_write(place, NULL), LWC_OK);
    file_uid = 0;
    assert_int_equal(places_read(place, NULL), LWC_OK);
    assert_int_equal(place->remove(PLACES_NAME, NULL), LWC_OK);
    entry_cases[which].put(dir, path);
    assert_int_equal(place->remove(PLACES_NAME, NULL), LWC_OK);
    assert_int_equal(access(path, F_OK), -1);
}

static void wrong_entry_is_a_miss_and_is_replaced_or_removed(void **state)
{
    void *own = NULL;

    (void)state;
    for (size_t i = 0; i < 2 * LWC_ARRAY_LEN(entry_cases); i++) {
        assert_int_equal(setup(&own), 0);
        check_entry_case(own, i / 2, i % 2);
        assert_int_equal(teardown(&own), 0);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_directory_is_unavailable),
        cmocka_unit_test(wrong_entry_is_a_miss_and_is_replaced_or_removed),
    };

    (void)setenv("TMPDIR", "/dev/shm", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
