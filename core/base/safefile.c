/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in safefile.h. */
#include "base/safefile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/util.h"

#define CHUNK_MIN 4096
#define CHUNK_MAX 65536
#define OTHERS_WRITE (S_IWGRP | S_IWOTH)
#define OTHERS_ANY (S_IRWXG | S_IRWXO)

static enum lwc_code regular_check(const char *text, mode_t mode, struct lwc_error *err)
{
    static const struct {
        mode_t type;
        const char *words;
    } types[] = {
        {S_IFDIR, "a directory"},        {S_IFIFO, "a FIFO"},         {S_IFSOCK, "a socket"},
        {S_IFCHR, "a character device"}, {S_IFBLK, "a block device"}, {S_IFLNK, "a symbolic link"},
    };

    if (S_ISREG(mode)) {
        return LWC_OK;
    }
    for (size_t i = 0; i < LWC_ARRAY_LEN(types); i++) {
        if ((mode & S_IFMT) == types[i].type) {
            return lwc_fail(err, LWC_E_INVALID, "%s is %s, not a file", text, types[i].words);
        }
    }
    return lwc_fail(err, LWC_E_INVALID, "%s is not a file", text);
}

static enum lwc_code trust_check(const char *text, const struct stat *st, enum lwc_trust trust,
                                 struct lwc_error *err)
{
    bool private = trust == LWC_TRUST_PRIVATE;
    enum lwc_code code = lwc_path_owner_check(text, st->st_uid, err);

    if (code == LWC_OK && (st->st_mode & (private ? OTHERS_ANY : OTHERS_WRITE)) != 0) {
        code = lwc_fail(err, LWC_E_UNSAFE, "%s can be %s by others (mode %04o)", text,
                        private ? "read or written" : "written", st->st_mode & 07777u);
        return lwc_hint_command(err, code, private ? "chmod 600" : "chmod go-w", text);
    }
    return code;
}

enum lwc_code lwc_file_open(const struct lwc_path *path, enum lwc_trust trust, int *fd_out,
                            struct stat *stat_out, struct lwc_error *err)
{
    LWC_AUTO_CLOSE int fd = -1;
    char text[LWC_PATH_TEXT_LEN];
    struct stat st;
    enum lwc_code code = LWC_OK;

    lwc_path_text(path, text);
    /* Checked before it is opened, too: opening a device or a FIFO can have effects. */
    st.st_mode = path->seen;
    if (st.st_mode == 0 && fstatat(path->dir_fd, path->name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return lwc_fail_sys(err, lwc_path_code(errno), errno, "%s", text);
    }
    code = regular_check(text, st.st_mode, err);
    if (code != LWC_OK) {
        return code;
    }
    fd =
        openat(path->dir_fd, path->name, O_RDONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &st) != 0) {
        return lwc_fail_sys(err, lwc_path_code(errno), errno, "%s", text);
    }
    code = regular_check(text, st.st_mode, err);
    if (code == LWC_OK) {
        code = trust_check(text, &st, trust, err);
    }
    if (code == LWC_OK) {
        *fd_out = LWC_TAKE_FD(fd);
    }
    if (code == LWC_OK && stat_out != NULL) {
        *stat_out = st;
    }
    return code;
}

/* Waits if the descriptor is non-blocking.  Returns whether the failed call can be repeated. */
static bool can_retry(int fd, short event)
{
    struct pollfd wait = {.fd = fd, .events = event};

    if (errno == EINTR) {
        return true;
    }
    if (errno != EAGAIN) {
        return false;
    }
    return poll(&wait, 1, -1) >= 0 || errno == EINTR;
}

/*
 * Waits for input, its end or an error on @fd.  Returns false, with errno, once the time is over.
 */
static bool await_input(int fd, int64_t deadline_ms)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    int ready = 0;

    do {
        const int64_t left_ms = deadline_ms - lwc_clock_boot_ms(lwc_clock_system());

        if (left_ms <= 0) {
            errno = ETIMEDOUT;
            return false;
        }
        ready = poll(&wait, 1, left_ms < INT_MAX ? (int)left_ms : INT_MAX);
    } while (ready == 0 || (ready < 0 && errno == EINTR));
    return ready > 0;
}

ssize_t lwc_fd_read_step(int fd, void *room, size_t len, int64_t deadline_ms)
{
    ssize_t got = -1;

    do {
        if (deadline_ms != LWC_NO_DEADLINE && !await_input(fd, deadline_ms)) {
            return -1;
        }
        got = read(fd, room, len);
    } while (got < 0 && (deadline_ms != LWC_NO_DEADLINE ? errno == EINTR || errno == EAGAIN
                                                        : can_retry(fd, POLLIN)));
    return got;
}

/* The code for a read that failed with errno: input that does not end in time is the caller's. */
static enum lwc_code read_failure(struct lwc_error *err)
{
    if (errno == ETIMEDOUT) {
        return lwc_fail(err, LWC_E_INVALID, "the input did not end in time");
    }
    return lwc_fail_sys(err, lwc_path_code(errno), errno, "read");
}

/* The cap is reached: is there more? */
static enum lwc_code end_check(int fd, size_t cap, int64_t deadline_ms, struct lwc_error *err)
{
    uint8_t more = 0;
    ssize_t got = lwc_fd_read_step(fd, &more, 1, deadline_ms);

    lwc_wipe(&more, sizeof more);
    if (got < 0) {
        return read_failure(err);
    }
    return got == 0 ? LWC_OK : lwc_fail(err, LWC_E_INVALID, "more than %zu bytes", cap);
}

/* To the end, or to @size bytes where a file is known to have that many; 0: not known. */
static enum lwc_code read_all(int fd, size_t size, size_t cap, int64_t deadline_ms,
                              struct lwc_buf *content, struct lwc_error *err)
{
    size_t chunk = CHUNK_MIN;
    size_t total = 0;

    while (total < cap) {
        size_t wanted = chunk < cap - total ? chunk : cap - total;
        uint8_t *room = lwc_buf_reserve(content, wanted);
        ssize_t got = 0;

        if (room == NULL) {
            return lwc_fail_nomem(err);
        }
        got = lwc_fd_read_step(fd, room, wanted, deadline_ms);
        if (got < 0) {
            return read_failure(err);
        }
        if (got == 0) {
            return LWC_OK;
        }
        lwc_buf_grow(content, (size_t)got);
        total += (size_t)got;
        if (total == size) {
            return LWC_OK;
        }
        chunk = chunk < CHUNK_MAX ? chunk * 2 : CHUNK_MAX;
    }
    return end_check(fd, cap, deadline_ms, err);
}

enum lwc_code lwc_file_read_at(const struct lwc_path *path, enum lwc_trust trust, size_t cap,
                               struct lwc_buf *content, struct lwc_error *err)
{
    LWC_AUTO_CLOSE int fd = -1;
    char text[LWC_PATH_TEXT_LEN];
    struct stat st = {0};
    enum lwc_code code = LWC_OK;

    lwc_buf_reset(content);
    code = lwc_file_open(path, trust, &fd, &st, err);
    if (code != LWC_OK) {
        return code;
    }
    if ((uint64_t)st.st_size > cap) {
        return lwc_fail(err, LWC_E_INVALID, "%s: %jd bytes, more than %zu",
                        lwc_path_text(path, text), (intmax_t)st.st_size, cap);
    }
    code = read_all(fd, (size_t)st.st_size, cap, LWC_NO_DEADLINE, content, err);
    if (code != LWC_OK) {
        lwc_buf_reset(content);
    }
    return code == LWC_OK ? LWC_OK : lwc_wrap(err, code, "%s", lwc_path_text(path, text));
}

enum lwc_code lwc_file_read(const char *text, enum lwc_trust trust, size_t cap,
                            struct lwc_buf *content, struct lwc_error *err)
{
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    enum lwc_code code = lwc_path_resolve(text, &path, err);

    if (code != LWC_OK) {
        lwc_buf_reset(content);
        return code;
    }
    return lwc_file_read_at(&path, trust, cap, content, err);
}

enum lwc_code lwc_file_read_named(const char *what, const char *path, size_t cap,
                                  struct lwc_buf *content, struct lwc_error *err)
{
    enum lwc_code code = lwc_file_read(path, LWC_TRUST_CONTENT, cap, content, err);

    if (code == LWC_E_NOT_FOUND) {
        return lwc_fail_sys(err, LWC_E_INVALID, ENOENT, "%s: %s", what, path);
    }
    return code == LWC_OK ? LWC_OK : lwc_wrap(err, code, "%s", what);
}

enum lwc_code lwc_fd_read(int fd, size_t cap, int64_t deadline_ms, struct lwc_buf *content,
                          struct lwc_error *err)
{
    size_t before = lwc_buf_len(content);
    size_t room = LWC_BUF_CAP - before;
    enum lwc_code code = read_all(fd, 0, cap < room ? cap : room, deadline_ms, content, err);

    if (code != LWC_OK) {
        lwc_buf_truncate(content, before);
    }
    return code;
}

enum lwc_code lwc_fd_write(int fd, const void *bytes, size_t len, struct lwc_error *err)
{
    const uint8_t *at = bytes;

    while (len > 0) {
        ssize_t done = write(fd, at, len);

        if (done == 0) {
            return lwc_fail_sys(err, LWC_E_IO, EIO, "write");
        }
        if (done < 0) {
            if (!can_retry(fd, POLLOUT)) {
                return lwc_fail_sys(err, LWC_E_IO, errno, "write");
            }
            continue;
        }
        at += done;
        len -= (size_t)done;
    }
    return LWC_OK;
}
