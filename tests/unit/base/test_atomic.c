/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/safefile.h"
#include "base/util.h"
#include "tests/support/tmpdir.h"

/*
 * System calls of a replacement are counted; number @fail_at (counted from 1) fails with
 * @fail_errno without being done, 0: none.
 */
static int fail_at;
static int fail_errno;
static int calls;
static int fallocate_errno;
static mode_t fixed_mode; /* shown by fstat() and not to be changed; 0: none                 */
static int link_errno;    /* of every linkat(), 0: none                                         */
static uid_t lie_uid;
static char order[32]; /* w write, s fsync, l linkat, r renameat */

static void note(char step)
{
    size_t len = strlen(order);

    if (len + 1 < sizeof order) {
        order[len] = step;
        order[len + 1] = '\0';
    }
}

static bool fails(void)
{
    calls++;
    if (calls == fail_at) {
        errno = fail_errno;
        return true;
    }
    return false;
}

int __wrap_openat(int fd, const char *name, int flags, ...);
int __real_openat(int fd, const char *name, int flags, ...);
int __wrap_fchmod(int fd, mode_t mode);
int __real_fchmod(int fd, mode_t mode);
int __wrap_posix_fallocate(int fd, off_t from, off_t len);
int __real_posix_fallocate(int fd, off_t from, off_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);
ssize_t __real_write(int fd, const void *bytes, size_t len);
int __wrap_fsync(int fd);
int __real_fsync(int fd);
int __wrap_close(int fd);
int __real_close(int fd);
int __wrap_fstat(int fd, struct stat *st);
int __real_fstat(int fd, struct stat *st);
int __wrap_fstatat(int fd, const char *name, struct stat *st, int flags);
int __real_fstatat(int fd, const char *name, struct stat *st, int flags);
int __wrap_linkat(int from_fd, const char *from, int to_fd, const char *to, int flags);
int __real_linkat(int from_fd, const char *from, int to_fd, const char *to, int flags);
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __real_renameat(int from_fd, const char *from, int to_fd, const char *to);

int __wrap_openat(int fd, const char *name, int flags, ...)
{
    mode_t mode = 0;
    va_list args;

    va_start(args, flags);
    if ((flags & O_CREAT) != 0) {
        mode = va_arg(args, mode_t);
    }
    va_end(args);
    return fails() ? -1 : __real_openat(fd, name, flags, mode);
}

int __wrap_fchmod(int fd, mode_t mode)
{
    if (fixed_mode != 0) {
        errno = EPERM;
        return -1;
    }
    return fails() ? -1 : __real_fchmod(fd, mode);
}

int __wrap_posix_fallocate(int fd, off_t from, off_t len)
{
    if (fallocate_errno != 0) {
        return fallocate_errno;
    }
    return fails() ? errno : __real_posix_fallocate(fd, from, len);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
    note('w');
    return fails() ? -1 : __real_write(fd, bytes, len);
}

int __wrap_fsync(int fd)
{
    note('s');
    return fails() ? -1 : __real_fsync(fd);
}

/* A close that fails has closed all the same. */
int __wrap_close(int fd)
{
    int result = __real_close(fd);

    return fails() ? -1 : result;
}

int __wrap_fstat(int fd, struct stat *st)
{
    int result = fails() ? -1 : __real_fstat(fd, st);

    if (result == 0 && fixed_mode != 0) {
        st->st_mode = S_IFREG | fixed_mode;
    }
    return result;
}

int __wrap_fstatat(int fd, const char *name, struct stat *st, int flags)
{
    int result = fails() ? -1 : __real_fstatat(fd, name, st, flags);

    if (result == 0 && lie_uid != 0) {
        st->st_uid = lie_uid;
    }
    return result;
}

int __wrap_linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
    note('l');
    if (link_errno != 0) {
        errno = link_errno;
        return -1;
    }
    return fails() ? -1 : __real_linkat(from_fd, from, to_fd, to, flags);
}

int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    note('r');
    return fails() ? -1 : __real_renameat(from_fd, from, to_fd, to);
}

static int setup(void **state)
{
    fail_at = 0;
    fallocate_errno = 0;
    link_errno = 0;
    lie_uid = 0;
    return tmpdir_setup(state);
}

static void resolve(const struct tmpdir *dir, const char *name, struct lwc_path *path_out)
{
    char text[TMPDIR_PATH_LEN];

    assert_int_equal(lwc_path_resolve(tmpdir_join(dir, name, text), path_out, NULL), LWC_OK);
}

static enum lwc_code put(const struct lwc_path *path, const char *text, const char *previous,
                         struct lwc_error *err)
{
    return lwc_file_replace(path, text, strlen(text), previous, NULL, NULL, err);
}

static void replace_makes_a_private_file_whatever_the_umask(void **state)
{
    static const mode_t masks[] = {0, 0777};
    const struct tmpdir *dir = *state;
    char text[TMPDIR_PATH_LEN];
    struct stat st;

    for (size_t i = 0; i < LWC_ARRAY_LEN(masks); i++) {
        LWC_AUTO_PATH path = LWC_PATH_INIT;
        enum lwc_code code = LWC_OK;
        mode_t before = umask(masks[i]);

        resolve(dir, "store", &path);
        code = put(&path, "new", NULL, NULL);
        umask(before);
        assert_int_equal(code, LWC_OK);
        tmpdir_assert_text(dir, "store", "new");
        assert_int_equal(lstat(tmpdir_join(dir, "store", text), &st), 0);
        assert_int_equal(st.st_mode, S_IFREG | 0600);
        assert_int_equal(tmpdir_count(dir, "."), 1);
    }
}

static void replace_by_nothing_is_an_empty_file(void **state)
{
    const struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;

    tmpdir_write(dir, "store", "old", 3, 0600);
    resolve(dir, "store", &path);
    assert_int_equal(lwc_file_replace(&path, NULL, 0, NULL, NULL, NULL, NULL), LWC_OK);
    tmpdir_assert_text(dir, "store", "");
}

static void replace_keeps_the_previous_file(void **state)
{
    const struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;

    resolve(dir, "store", &path);
    assert_int_equal(put(&path, "1", "store.old", NULL), LWC_OK);
    assert_int_equal(tmpdir_count(dir, "."), 1);
    assert_int_equal(put(&path, "2", "store.old", NULL), LWC_OK);
    assert_int_equal(put(&path, "3", "store.old", NULL), LWC_OK);
    tmpdir_assert_text(dir, "store", "3");
    tmpdir_assert_text(dir, "store.old", "2");
    assert_int_equal(tmpdir_count(dir, "."), 2);
}

static void replace_forces_to_disk_before_and_after_the_rename(void **state)
{
    const struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;

    tmpdir_write(dir, "store", "old", 3, 0600);
    resolve(dir, "store", &path);
    order[0] = '\0';
    assert_int_equal(put(&path, "new", "store.old", NULL), LWC_OK);
    assert_string_equal(order, "wslrrs");
}

/* FAT, SMB, 9p, FUSE: no second name for a file, so the previous one is a copy. */
static void replace_without_hard_links_keeps_a_copy(void **state)
{
    static const int refused[] = {EPERM, EOPNOTSUPP, ENOSYS, EMLINK, EXDEV};
    const struct tmpdir *dir = *state;
    char text[TMPDIR_PATH_LEN];
    struct stat st;

    for (size_t i = 0; i < LWC_ARRAY_LEN(refused); i++) {
        LWC_AUTO_PATH path = LWC_PATH_INIT;

        print_message("errno %d\n", refused[i]);
        tmpdir_write(dir, "store", "old", 3, 0600);
        resolve(dir, "store", &path);
        link_errno = refused[i];
        order[0] = '\0';
        assert_int_equal(put(&path, "new", "kept", NULL), LWC_OK);
        assert_string_equal(order, "wslwsrrs");
        tmpdir_assert_text(dir, "store", "new");
        tmpdir_assert_text(dir, "kept", "old");
        assert_int_equal(lstat(tmpdir_join(dir, "kept", text), &st), 0);
        assert_int_equal(st.st_mode, S_IFREG | 0600);
        assert_int_equal(tmpdir_count(dir, "."), 2);
    }
}

static void replace_whose_link_fails_otherwise_is_io(void **state)
{
    const struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;

    tmpdir_write(dir, "store", "old", 3, 0600);
    resolve(dir, "store", &path);
    link_errno = EIO;
    assert_int_equal(put(&path, "new", "kept", NULL), LWC_E_IO);
    tmpdir_assert_text(dir, "store", "old");
    assert_int_equal(tmpdir_count(dir, "."), 1);
}

/* A store of many megabytes is copied whole. */
static void replace_copies_a_large_previous_file(void **state)
{
    const struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    static char large[3 * 16384 + 5];
    char text[TMPDIR_PATH_LEN];
    char found[sizeof large + 1];
    FILE *file = NULL;

    for (size_t i = 0; i < sizeof large; i++) {
        large[i] = (char)('a' + i % 23);
    }
    tmpdir_write(dir, "store", large, sizeof large, 0600);
    resolve(dir, "store", &path);
    link_errno = EPERM;
    assert_int_equal(put(&path, "new", "kept", NULL), LWC_OK);
    file = fopen(tmpdir_join(dir, "kept", text), "re");
    assert_non_null(file);
    assert_int_equal(fread(found, 1, sizeof found, file), sizeof large);
    assert_int_equal(fclose(file), 0);
    assert_memory_equal(found, large, sizeof large);
}

/* Where the mode cannot be set, as on FAT, the mode that the file shows counts. */
static void replace_where_modes_cannot_be_set(void **state)
{
    static const mode_t modes[] = {0600, 0700, 0644};
    const struct tmpdir *dir = *state;

    for (size_t i = 0; i < LWC_ARRAY_LEN(modes); i++) {
        LWC_AUTO_PATH path = LWC_PATH_INIT;

        resolve(dir, "store", &path);
        fixed_mode = modes[i];
        assert_int_equal(put(&path, "new", NULL, NULL), modes[i] == 0644 ? LWC_E_IO : LWC_OK);
        fixed_mode = 0;
    }
}

/* As after a crash between keeping the previous file and replacing it. */
static void replace_with_previous_being_the_same_file_leaves_no_third(void **state)
{
    const struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    char store[TMPDIR_PATH_LEN];
    char old[TMPDIR_PATH_LEN];

    tmpdir_write(dir, "store", "1", 1, 0600);
    assert_int_equal(link(tmpdir_join(dir, "store", store), tmpdir_join(dir, "store.old", old)), 0);
    resolve(dir, "store", &path);
    assert_int_equal(put(&path, "2", "store.old", NULL), LWC_OK);
    tmpdir_assert_text(dir, "store", "2");
    tmpdir_assert_text(dir, "store.old", "1");
    assert_int_equal(tmpdir_count(dir, "."), 2);
}

static void replace_through_a_link_keeps_the_link(void **state)
{
    const struct tmpdir *dir = *state;
    char text[TMPDIR_PATH_LEN];
    struct stat st;

    tmpdir_mkdir(dir, "sub", 0700);
    assert_int_equal(symlink("sub/store", tmpdir_join(dir, "link", text)), 0);
    for (int i = 0; i < 2; i++) { /* the link dangles, then leads to the file */
        LWC_AUTO_PATH path = LWC_PATH_INIT;

        resolve(dir, "link", &path);
        assert_int_equal(put(&path, i == 0 ? "first" : "second", NULL, NULL), LWC_OK);
        tmpdir_assert_text(dir, "sub/store", i == 0 ? "first" : "second");
        assert_int_equal(lstat(text, &st), 0);
        assert_true(S_ISLNK(st.st_mode));
        assert_int_equal(tmpdir_count(dir, "sub"), 1);
    }
}

static void replace_of_what_is_no_file_is_invalid(void **state)
{
    static const char *const names[] = {"dir", "fifo", "late"};
    const struct tmpdir *dir = *state;
    char text[TMPDIR_PATH_LEN];
    size_t count = 0;

    tmpdir_mkdir(dir, "dir", 0700);
    assert_int_equal(mkfifo(tmpdir_join(dir, "fifo", text), 0600), 0);
    for (size_t i = 0; i < LWC_ARRAY_LEN(names); i++) {
        LWC_AUTO_PATH path = LWC_PATH_INIT;

        print_message("%s\n", names[i]);
        resolve(dir, names[i], &path);
        if (lwc_streq(names[i], "late")) { /* a link made after the walk */
            assert_int_equal(symlink("fifo", tmpdir_join(dir, "late", text)), 0);
        }
        count = tmpdir_count(dir, ".");
        assert_int_equal(put(&path, "new", NULL, NULL), LWC_E_INVALID);
        assert_int_equal(tmpdir_count(dir, "."), count);
    }
}

static void replace_of_foreign_file_is_unsafe(void **state)
{
    const struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;

    tmpdir_write(dir, "store", "old", 3, 0600);
    resolve(dir, "store", &path);
    lie_uid = 54321;
    assert_int_equal(put(&path, "new", NULL, NULL), LWC_E_UNSAFE);
    tmpdir_assert_text(dir, "store", "old");
}

/* Data of the callback: what to answer, and what it saw. */
struct verify_answer {
    enum lwc_code code;
    char seen[16];
};

static enum lwc_code verify(void *data, int fd, struct lwc_error *err)
{
    struct verify_answer *verdict = data;
    ssize_t len = read(fd, verdict->seen, sizeof verdict->seen - 1);

    assert_in_range(len, 0, sizeof verdict->seen - 1);
    return verdict->code == LWC_OK ? LWC_OK : lwc_fail(err, verdict->code, "reads back wrong");
}

static void replace_asks_verify_before_it_acts(void **state)
{
    static const enum lwc_code codes[] = {LWC_E_CORRUPT, LWC_OK};
    const struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;

    tmpdir_write(dir, "store", "old", 3, 0600);
    resolve(dir, "store", &path);
    for (size_t i = 0; i < LWC_ARRAY_LEN(codes); i++) {
        struct verify_answer verdict = {.code = codes[i]};
        struct lwc_error err = {0};

        assert_int_equal(lwc_file_replace(&path, "new", 3, "kept", verify, &verdict, &err),
                         codes[i]);
        assert_string_equal(verdict.seen, "new");
        tmpdir_assert_text(dir, "store", codes[i] == LWC_OK ? "new" : "old");
        assert_int_equal(tmpdir_count(dir, "."), codes[i] == LWC_OK ? 2 : 1);
    }
}

static void replace_where_room_cannot_be_claimed(void **state)
{
    static const struct {
        int sys;
        enum lwc_code code;
    } cases[] = {
        {EOPNOTSUPP, LWC_OK}, {EINVAL, LWC_OK},  {ENOSPC, LWC_E_IO},
        {EDQUOT, LWC_E_IO},   {EFBIG, LWC_E_IO},
    };
    const struct tmpdir *dir = *state;

    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        LWC_AUTO_PATH path = LWC_PATH_INIT;
        struct lwc_error err = {0};

        tmpdir_write(dir, "store", "old", 3, 0600);
        resolve(dir, "store", &path);
        fallocate_errno = cases[i].sys;
        assert_int_equal(put(&path, "new", NULL, &err), cases[i].code);
        tmpdir_assert_text(dir, "store", cases[i].code == LWC_OK ? "new" : "old");
        assert_int_equal(err.sys, cases[i].code == LWC_OK ? 0 : cases[i].sys);
        assert_int_equal(tmpdir_count(dir, "."), 1);
    }
}

static bool holds(const struct tmpdir *dir, const char *name, const char *text)
{
    char path[TMPDIR_PATH_LEN];
    char found[16] = {0};
    FILE *file = fopen(tmpdir_join(dir, name, path), "re");

    assert_non_null(file);
    assert_in_range(fread(found, 1, sizeof found - 1, file), 0, sizeof found - 1);
    assert_int_equal(fclose(file), 0);
    return lwc_streq(found, text);
}

/*
 * Replaces once with call @nth failing.  Afterwards: the old file or the new one, new if it is
 * said so, always a previous one, and nothing else.  False when there is no such call any more.
 */
static bool survives(const struct tmpdir *dir, int nth, int sys)
{
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    struct verify_answer verdict = {.code = LWC_OK};
    struct lwc_error err = {0};
    enum lwc_code code = LWC_OK;
    size_t descriptors = 0;

    tmpdir_write(dir, "store", "old", 3, 0600);
    tmpdir_write(dir, "kept", "older", 5, 0600);
    resolve(dir, "store", &path);
    descriptors = tmpdir_count(&(struct tmpdir){.path = "/proc/self"}, "fd");
    calls = 0;
    fail_at = nth;
    fail_errno = sys;
    code = lwc_file_replace(&path, "new", 3, "kept", verify, &verdict, &err);
    fail_at = 0;
    print_message("call %d, errno %d: %s\n", nth, sys, code == LWC_OK ? "done" : err.msg);
    assert_true(code == LWC_OK || code == LWC_E_IO);
    assert_int_equal(err.sys, code == LWC_OK ? 0 : sys);
    assert_true(holds(dir, "store", "new") || (code != LWC_OK && holds(dir, "store", "old")));
    assert_true(holds(dir, "kept", "old") || (code != LWC_OK && holds(dir, "kept", "older")));
    assert_int_equal(tmpdir_count(dir, "."), 2);
    assert_int_equal(tmpdir_count(&(struct tmpdir){.path = "/proc/self"}, "fd"), descriptors);
    /* New in place and yet an error: the text says what that means. */
    assert_true(code == LWC_OK || holds(dir, "store", "old") ||
                strstr(err.msg, "written, but perhaps not safe against a crash") != NULL);
    return calls >= nth;
}

static void fail_each_call(const struct tmpdir *dir, int more)
{
    static const int errors[] = {EIO, ENOSPC, EROFS, EDQUOT, EACCES};

    for (size_t i = 0; i < LWC_ARRAY_LEN(errors); i++) {
        int nth = 1;

        while (survives(dir, nth, errors[i])) {
            nth++;
        }
        assert_in_range(nth, 10 + more, 30); /* all of the calls above take part */
    }
}

static void replace_with_any_call_failing_leaves_old_or_new(void **state)
{
    fail_each_call(*state, 0);
}

static void replace_with_a_copy_and_any_call_failing_leaves_old_or_new(void **state)
{
    link_errno = EPERM;
    fail_each_call(*state, 5);
}

static void replace_finding_its_temporary_name_taken_takes_another(void **state)
{
    const struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;

    resolve(dir, "store", &path);
    calls = 0;
    fail_at = 2; /* the first openat(), after fstatat() */
    fail_errno = EEXIST;
    assert_int_equal(put(&path, "new", NULL, NULL), LWC_OK);
    assert_int_equal(tmpdir_count(dir, "."), 1);
}

static void replace_error_names_the_file(void **state)
{
    const struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    struct lwc_error err = {0};
    char text[TMPDIR_PATH_LEN];

    resolve(dir, "store", &path);
    fallocate_errno = ENOSPC;
    assert_int_equal(put(&path, "new", NULL, &err), LWC_E_IO);
    assert_non_null(strstr(err.msg, tmpdir_join(dir, "store", text)));
    assert_non_null(strstr(err.msg, "No space left on device"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tmpdir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(replace_makes_a_private_file_whatever_the_umask),
        TEST(replace_by_nothing_is_an_empty_file),
        TEST(replace_keeps_the_previous_file),
        TEST(replace_forces_to_disk_before_and_after_the_rename),
        TEST(replace_with_previous_being_the_same_file_leaves_no_third),
        TEST(replace_through_a_link_keeps_the_link),
        TEST(replace_of_what_is_no_file_is_invalid),
        TEST(replace_of_foreign_file_is_unsafe),
        TEST(replace_asks_verify_before_it_acts),
        TEST(replace_where_room_cannot_be_claimed),
        TEST(replace_with_any_call_failing_leaves_old_or_new),
        TEST(replace_with_a_copy_and_any_call_failing_leaves_old_or_new),
        TEST(replace_without_hard_links_keeps_a_copy),
        TEST(replace_whose_link_fails_otherwise_is_io),
        TEST(replace_copies_a_large_previous_file),
        TEST(replace_where_modes_cannot_be_set),
        TEST(replace_finding_its_temporary_name_taken_takes_another),
        TEST(replace_error_names_the_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
