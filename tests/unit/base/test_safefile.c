/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/arena.h"

#include "base/clock.h"
#include "base/safefile.h"
#include "base/util.h"
#include "tests/support/tmpdir.h"

#define READ_CAP 100

/* How read() and write() behave: @faults times the errno, then @piece bytes at once (0: all). */
static int faults;
static int fault_errno;
static size_t piece;
static bool write_nothing;
static uid_t lie_uid;

ssize_t __wrap_read(int fd, void *bytes, size_t len);
ssize_t __real_read(int fd, void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);
ssize_t __real_write(int fd, const void *bytes, size_t len);
int __wrap_fstat(int fd, struct stat *st);
int __real_fstat(int fd, struct stat *st);
void *__wrap_sodium_malloc(size_t len);
void *__real_sodium_malloc(size_t len);

static bool memory_gone;
/* Right after it was looked at becomes a link or, where that is set, a FIFO. */
static char swap_path[TMPDIR_PATH_LEN];
static bool swap_for_fifo;

int __wrap_fstatat(int fd, const char *name, struct stat *st, int flags);
int __real_fstatat(int fd, const char *name, struct stat *st, int flags);
int __wrap_lstat(const char *path, struct stat *st);
int __real_lstat(const char *path, struct stat *st);

static void swap(void)
{
    if (swap_path[0] != '\0') {
        assert_int_equal(unlink(swap_path), 0);
        assert_int_equal(swap_for_fifo ? mkfifo(swap_path, 0600) : symlink("world", swap_path), 0);
        swap_path[0] = '\0';
    }
}

int __wrap_fstatat(int fd, const char *name, struct stat *st, int flags)
{
    int result = __real_fstatat(fd, name, st, flags);

    swap();
    return result;
}

int __wrap_lstat(const char *path, struct stat *st)
{
    int result = __real_lstat(path, st);

    if (strcmp(path, swap_path) == 0) {
        swap();
    }
    return result;
}

static bool is_faulty(void)
{
    if (faults == 0) {
        return false;
    }
    faults--;
    errno = fault_errno;
    return true;
}

ssize_t __wrap_read(int fd, void *bytes, size_t len)
{
    return is_faulty() ? -1 : __real_read(fd, bytes, piece != 0 && piece < len ? piece : len);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
    if (write_nothing) {
        return 0;
    }
    return is_faulty() ? -1 : __real_write(fd, bytes, piece != 0 && piece < len ? piece : len);
}

int __wrap_fstat(int fd, struct stat *st)
{
    int result = __real_fstat(fd, st);

    if (result == 0 && lie_uid != 0 && S_ISREG(st->st_mode)) {
        st->st_uid = lie_uid;
    }
    return result;
}

void *__wrap_sodium_malloc(size_t len)
{
    return memory_gone ? NULL : __real_sodium_malloc(len);
}

static int setup(void **state)
{
    faults = 0;
    piece = 0;
    write_nothing = false;
    lie_uid = 0;
    memory_gone = false;
    swap_path[0] = '\0';
    return tmpdir_setup(state);
}

static void make_world(const struct tmpdir *dir)
{
    static const char big[READ_CAP + 1];
    char path[TMPDIR_PATH_LEN];

    tmpdir_mkdir(dir, "dir", 0700);
    tmpdir_mkdir(dir, "open", 0777);
    tmpdir_mkdir(dir, "sticky", 01777);
    tmpdir_write(dir, "private", "secret\n", 7, 0600);
    tmpdir_write(dir, "world", "secret\n", 7, 0644);
    tmpdir_write(dir, "group", "secret\n", 7, 0620);
    tmpdir_write(dir, "others", "secret\n", 7, 0602);
    tmpdir_write(dir, "group-reads", "secret\n", 7, 0640);
    tmpdir_write(dir, "open/file", "secret\n", 7, 0600);
    tmpdir_write(dir, "sticky/file", "secret\n", 7, 0600);
    tmpdir_write(dir, "empty", "", 0, 0600);
    tmpdir_write(dir, "full", big, READ_CAP, 0600);
    tmpdir_write(dir, "big", big, sizeof big, 0600);
    assert_int_equal(mkfifo(tmpdir_join(dir, "fifo", path), 0600), 0);
    assert_int_equal(mknod(tmpdir_join(dir, "socket", path), S_IFSOCK | 0600, 0), 0);
    assert_int_equal(symlink("private", tmpdir_join(dir, "link", path)), 0);
    assert_int_equal(symlink("gone", tmpdir_join(dir, "dangling", path)), 0);
    assert_int_equal(symlink("/dev/null", tmpdir_join(dir, "null", path)), 0);
}

static void read_judges_what_it_opens(void **state)
{
    static const struct {
        const char *name;
        enum lwc_trust trust;
        enum lwc_code code;
        const char *words; /* in the message or the hint */
    } cases[] = {
        {"private", LWC_TRUST_PRIVATE, LWC_OK, ""},
        {"private", LWC_TRUST_CONTENT, LWC_OK, ""},
        {"world", LWC_TRUST_CONTENT, LWC_OK, ""},
        {"world", LWC_TRUST_PRIVATE, LWC_E_UNSAFE, "chmod 600"},
        {"group-reads", LWC_TRUST_CONTENT, LWC_OK, ""},
        {"group-reads", LWC_TRUST_PRIVATE, LWC_E_UNSAFE, "chmod 600"},
        {"group", LWC_TRUST_CONTENT, LWC_E_UNSAFE, "chmod go-w"},
        {"others", LWC_TRUST_CONTENT, LWC_E_UNSAFE, "chmod go-w"},
        {"sticky/file", LWC_TRUST_PRIVATE, LWC_OK, ""},
        {"link", LWC_TRUST_PRIVATE, LWC_OK, ""},
        {"empty", LWC_TRUST_PRIVATE, LWC_OK, ""},
        {"full", LWC_TRUST_PRIVATE, LWC_OK, ""},
        {"big", LWC_TRUST_PRIVATE, LWC_E_INVALID, "more than 100"},
        {"open/file", LWC_TRUST_CONTENT, LWC_E_UNSAFE, "chmod go-w"},
        {"missing", LWC_TRUST_CONTENT, LWC_E_NOT_FOUND, "missing"},
        {"dangling", LWC_TRUST_CONTENT, LWC_E_NOT_FOUND, "gone"},
        {"private/x", LWC_TRUST_CONTENT, LWC_E_INVALID, "Not a directory"},
        {"dir", LWC_TRUST_CONTENT, LWC_E_INVALID, "a directory"},
        {"fifo", LWC_TRUST_CONTENT, LWC_E_INVALID, "a FIFO"},
        {"socket", LWC_TRUST_CONTENT, LWC_E_INVALID, "a socket"},
        {"null", LWC_TRUST_CONTENT, LWC_E_INVALID, "a character device"},
    };
    const struct tmpdir *dir = *state;
    LWC_AUTO_BUF content = NULL;

    make_world(dir);
    assert_int_equal(lwc_buf_new(0, &content, NULL), LWC_OK);
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_error err = {0};
        char path[TMPDIR_PATH_LEN];

        print_message("%s\n", cases[i].name);
        assert_int_equal(lwc_buf_append(content, "earlier", 7, NULL), LWC_OK);
        assert_int_equal(lwc_file_read(tmpdir_join(dir, cases[i].name, path), cases[i].trust,
                                       READ_CAP, content, &err),
                         cases[i].code);
        assert_true(strstr(err.msg, cases[i].words) != NULL ||
                    strstr(err.hint, cases[i].words) != NULL);
        assert_null(strstr(lwc_buf_text(content), "earlier"));
        assert_true(cases[i].code == LWC_OK || lwc_buf_len(content) == 0);
    }
}

static void read_gives_the_whole_content(void **state)
{
    const struct tmpdir *dir = *state;
    LWC_AUTO_BUF content = NULL;
    char path[TMPDIR_PATH_LEN];

    make_world(dir);
    assert_int_equal(lwc_buf_new(0, &content, NULL), LWC_OK);
    assert_int_equal(
        lwc_file_read(tmpdir_join(dir, "link", path), LWC_TRUST_PRIVATE, READ_CAP, content, NULL),
        LWC_OK);
    assert_string_equal(lwc_buf_text(content), "secret\n");
}

static void read_of_foreign_file_is_unsafe(void **state)
{
    const struct tmpdir *dir = *state;
    LWC_AUTO_BUF content = NULL;
    struct lwc_error err = {0};
    char path[TMPDIR_PATH_LEN];

    make_world(dir);
    lie_uid = 54321;
    assert_int_equal(lwc_buf_new(0, &content, NULL), LWC_OK);
    assert_int_equal(lwc_file_read(tmpdir_join(dir, "private", path), LWC_TRUST_CONTENT, READ_CAP,
                                   content, &err),
                     LWC_E_UNSAFE);
    assert_non_null(strstr(err.msg, "54321"));
    assert_int_equal(lwc_buf_len(content), 0);
}

static void open_gives_descriptor_closed_on_exec_and_stat(void **state)
{
    const struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    LWC_AUTO_CLOSE int fd = -1;
    struct stat st = {0};
    char text[TMPDIR_PATH_LEN];

    make_world(dir);
    assert_int_equal(lwc_path_resolve(tmpdir_join(dir, "private", text), &path, NULL), LWC_OK);
    assert_int_equal(lwc_file_open(&path, LWC_TRUST_PRIVATE, &fd, &st, NULL), LWC_OK);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    assert_true((fcntl(path.dir_fd, F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_equal(st.st_size, 7);
}

/* A link that took the place of the file after the walk is not followed. */
static void open_of_late_link_is_refused_untouched(void **state)
{
    const struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    struct stat st = {.st_size = 42};
    int fd = -1;
    char text[TMPDIR_PATH_LEN];

    make_world(dir);
    assert_int_equal(lwc_path_resolve(tmpdir_join(dir, "late", text), &path, NULL), LWC_OK);
    assert_int_equal(symlink("private", text), 0);
    assert_int_equal(lwc_file_open(&path, LWC_TRUST_PRIVATE, &fd, &st, NULL), LWC_E_INVALID);
    assert_int_equal(fd, -1);
    assert_int_equal(st.st_size, 42);
}

/* Looked at by the walk, and where the walk did not find it by the opening itself. */
static void open_of_file_swapped_for_a_link_is_refused(void **state)
{
    const struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    struct lwc_error err = {0};
    int fd = -1;
    char text[TMPDIR_PATH_LEN];

    make_world(dir);
    tmpdir_join(dir, "private", swap_path);
    assert_int_equal(lwc_path_resolve(tmpdir_join(dir, "private", text), &path, NULL), LWC_OK);
    assert_int_equal(lwc_file_open(&path, LWC_TRUST_CONTENT, &fd, NULL, &err), LWC_E_INVALID);
    assert_int_equal(err.sys, ELOOP);
    lwc_path_clear(&path);
    assert_int_equal(lwc_path_resolve(tmpdir_join(dir, "group", text), &path, NULL), LWC_OK);
    path.seen = 0;
    tmpdir_join(dir, "group", swap_path);
    assert_int_equal(lwc_file_open(&path, LWC_TRUST_CONTENT, &fd, NULL, &err), LWC_E_INVALID);
    assert_int_equal(err.sys, ELOOP);
    assert_int_equal(fd, -1);
}

/* Neither waited at, which the alarm would end, nor taken for a file. */
static void open_of_file_swapped_for_a_fifo_is_refused(void **state)
{
    const struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    struct lwc_error err = {0};
    int fd = -1;
    char text[TMPDIR_PATH_LEN];

    make_world(dir);
    tmpdir_join(dir, "private", swap_path);
    swap_for_fifo = true;
    assert_int_equal(lwc_path_resolve(tmpdir_join(dir, "private", text), &path, NULL), LWC_OK);
    swap_for_fifo = false;
    (void)alarm(30);
    assert_int_equal(lwc_file_open(&path, LWC_TRUST_PRIVATE, &fd, NULL, &err), LWC_E_INVALID);
    (void)alarm(0);
    assert_non_null(strstr(err.msg, "is a FIFO"));
    assert_int_equal(fd, -1);
}

static void read_with_faults_keeps_what_was_there(void **state)
{
    static const struct {
        int sys;
        int times;
        enum lwc_code code;
    } cases[] = {{EINTR, 3, LWC_OK}, {EAGAIN, 2, LWC_OK}, {EIO, 1, LWC_E_IO}};
    const struct tmpdir *dir = *state;
    char path[TMPDIR_PATH_LEN];

    make_world(dir);
    tmpdir_join(dir, "private", path);
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        LWC_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
        LWC_AUTO_BUF content = NULL;
        struct lwc_error err = {0};

        assert_int_equal(lwc_buf_copy("a:", 2, &content, NULL), LWC_OK);
        fault_errno = cases[i].sys;
        faults = cases[i].times;
        piece = 1;
        assert_int_equal(lwc_fd_read(fd, 7, LWC_NO_DEADLINE, content, &err), cases[i].code);
        assert_int_equal(err.sys, cases[i].code == LWC_OK ? 0 : cases[i].sys);
        assert_string_equal(lwc_buf_text(content), cases[i].code == LWC_OK ? "a:secret\n" : "a:");
    }
}

static void read_beyond_cap_is_invalid_and_wiped(void **state)
{
    const struct tmpdir *dir = *state;
    char path[TMPDIR_PATH_LEN];
    LWC_AUTO_BUF content = NULL;
    LWC_AUTO_CLOSE int fd = -1;

    make_world(dir);
    fd = open(tmpdir_join(dir, "private", path), O_RDONLY | O_CLOEXEC);
    assert_int_equal(lwc_buf_copy("a:", 2, &content, NULL), LWC_OK);
    assert_int_equal(lwc_fd_read(fd, 6, LWC_NO_DEADLINE, content, NULL), LWC_E_INVALID);
    assert_memory_equal(lwc_buf_bytes(content), "a:\0\0\0\0\0\0", 8);
}

/* /dev/zero never ends. */
static void read_of_endless_input_stops_at_the_cap(void **state)
{
    LWC_AUTO_BUF content = NULL;
    LWC_AUTO_CLOSE int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

    (void)state;
    assert_int_equal(lwc_buf_new(0, &content, NULL), LWC_OK);
    assert_int_equal(lwc_fd_read(fd, 300000, LWC_NO_DEADLINE, content, NULL), LWC_E_INVALID);
    assert_int_equal(lwc_fd_read(fd, SIZE_MAX, LWC_NO_DEADLINE, content, NULL), LWC_E_INVALID);
    assert_int_equal(lwc_buf_len(content), 0);
}

static void read_of_bad_descriptor_is_io(void **state)
{
    LWC_AUTO_BUF content = NULL;
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(lwc_buf_new(0, &content, NULL), LWC_OK);
    assert_int_equal(lwc_fd_read(-1, 10, LWC_NO_DEADLINE, content, &err), LWC_E_IO);
    assert_int_equal(err.sys, EBADF);
}

/* Writers that keep the pipe open: one that wrote nothing, one that wrote a part. */
static void read_of_input_that_does_not_end_is_given_up(void **state)
{
    static const struct {
        const char *written;
        int flags;
    } cases[] = {{"", 0}, {"part", 0}, {"", O_NONBLOCK}, {"part", O_NONBLOCK}};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        const size_t len = strlen(cases[i].written);
        LWC_AUTO_BUF content = NULL;
        struct lwc_error err = {0};
        int ends[2];

        assert_int_equal(pipe2(ends, O_CLOEXEC | cases[i].flags), 0);
        assert_int_equal(write(ends[1], cases[i].written, len), (ssize_t)len);
        assert_int_equal(lwc_buf_copy("a:", 2, &content, NULL), LWC_OK);
        assert_int_equal(
            lwc_fd_read(ends[0], 10, lwc_clock_boot_ms(lwc_clock_system()) + 50, content, &err),
            LWC_E_INVALID);
        assert_string_equal(err.msg, "the input did not end in time");
        assert_string_equal(lwc_buf_text(content), "a:");
        assert_int_equal(close(ends[0]), 0);
        assert_int_equal(close(ends[1]), 0);
    }
}

static void read_within_the_time_reads_all(void **state)
{
    LWC_AUTO_BUF content = NULL;
    int ends[2];

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    assert_int_equal(write(ends[1], "whole", 5), 5);
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(lwc_buf_new(0, &content, NULL), LWC_OK);
    assert_int_equal(
        lwc_fd_read(ends[0], 10, lwc_clock_boot_ms(lwc_clock_system()) + 600000, content, NULL),
        LWC_OK);
    assert_string_equal(lwc_buf_text(content), "whole");
    assert_int_equal(close(ends[0]), 0);
}

static void read_without_memory_is_io(void **state)
{
    const struct tmpdir *dir = *state;
    LWC_AUTO_BUF content = NULL;
    struct lwc_error err = {0};
    char path[TMPDIR_PATH_LEN];

    make_world(dir);
    assert_int_equal(lwc_buf_new(0, &content, NULL), LWC_OK);
    arena_fill();
    memory_gone = true;
    assert_int_equal(lwc_file_read(tmpdir_join(dir, "private", path), LWC_TRUST_PRIVATE, READ_CAP,
                                   content, &err),
                     LWC_E_IO);
    assert_int_equal(err.sys, ENOMEM);
    arena_drain();
}

static void write_with_faults_is_whole_or_io(void **state)
{
    static const struct {
        int sys;
        int times;
        size_t piece;
        enum lwc_code code;
    } cases[] = {
        {0, 0, 1, LWC_OK},     {EINTR, 3, 2, LWC_OK},    {EAGAIN, 2, 0, LWC_OK},
        {EIO, 1, 0, LWC_E_IO}, {ENOSPC, 1, 0, LWC_E_IO}, {EPIPE, 1, 0, LWC_E_IO},
    };
    const struct tmpdir *dir = *state;
    char path[TMPDIR_PATH_LEN];

    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        LWC_AUTO_CLOSE int fd =
            open(tmpdir_join(dir, "out", path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        struct lwc_error err = {0};

        faults = cases[i].times;
        fault_errno = cases[i].sys;
        piece = cases[i].piece;
        assert_int_equal(lwc_fd_write(fd, "content", 7, &err), cases[i].code);
        assert_int_equal(err.sys, cases[i].code == LWC_OK ? 0 : cases[i].sys);
        tmpdir_assert_text(dir, "out", cases[i].code == LWC_OK ? "content" : "");
    }
}

static void write_that_makes_no_progress_is_io(void **state)
{
    (void)state;
    write_nothing = true;
    assert_int_equal(lwc_fd_write(1, "x", 1, NULL), LWC_E_IO);
    assert_int_equal(lwc_fd_write(1, NULL, 0, NULL), LWC_OK);
    write_nothing = false;
}

static void write_to_full_device_is_io(void **state)
{
    LWC_AUTO_CLOSE int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(lwc_fd_write(fd, "x", 1, &err), LWC_E_IO);
    assert_int_equal(err.sys, ENOSPC);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tmpdir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(read_judges_what_it_opens),
        TEST(read_gives_the_whole_content),
        TEST(read_of_foreign_file_is_unsafe),
        TEST(open_gives_descriptor_closed_on_exec_and_stat),
        TEST(open_of_late_link_is_refused_untouched),
        TEST(open_of_file_swapped_for_a_link_is_refused),
        TEST(open_of_file_swapped_for_a_fifo_is_refused),
        TEST(read_with_faults_keeps_what_was_there),
        TEST(read_beyond_cap_is_invalid_and_wiped),
        TEST(read_of_endless_input_stops_at_the_cap),
        TEST(read_of_bad_descriptor_is_io),
        TEST(read_of_input_that_does_not_end_is_given_up),
        TEST(read_within_the_time_reads_all),
        TEST(read_without_memory_is_io),
        TEST(write_with_faults_is_whole_or_io),
        TEST(write_that_makes_no_progress_is_io),
        TEST(write_to_full_device_is_io),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
