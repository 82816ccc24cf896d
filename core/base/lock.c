/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in safefile.h. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/safefile.h"
#include "base/util.h"

#define PAUSE_MAX_MS 50

static enum lwc_code lock_open(const struct lwc_path *path, const char *name, int *fd_out,
                               struct lwc_error *err)
{
    LWC_AUTO_CLOSE int fd = lwc_fd_above_stdio(openat(
        path->dir_fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
        S_IRUSR | S_IWUSR));
    struct stat st;
    enum lwc_code code = LWC_OK;

    if (fd < 0 || fstat(fd, &st) != 0) {
        return lwc_fail_sys(err, lwc_path_code(errno), errno, "cannot open it");
    }
    if (!S_ISREG(st.st_mode)) {
        return lwc_fail(err, LWC_E_INVALID, "not a file");
    }
    code = lwc_path_owner_check("it", st.st_uid, err);
    if (code == LWC_OK) {
        *fd_out = LWC_TAKE_FD(fd);
    }
    return code;
}

/* Returns false if the file was removed meanwhile: others would lock another file. */
static bool is_still_named(const struct lwc_path *path, const char *name, int fd)
{
    struct stat opened;
    struct stat named;

    return fstat(fd, &opened) == 0 &&
           fstatat(path->dir_fd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

static enum lwc_code lock_try(int fd, struct lwc_error *err)
{
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        return LWC_OK;
    }
    if (errno == EWOULDBLOCK || errno == EINTR) {
        return lwc_fail(err, LWC_E_BUSY, "held by another process");
    }
    return lwc_fail_sys(err, LWC_E_IO, errno, "flock");
}

/* Tries once; LWC_E_BUSY if another process holds the lock. */
static enum lwc_code try_take(const struct lwc_path *path, const char *name, int *fd_out,
                              struct lwc_error *err)
{
    LWC_AUTO_CLOSE int fd = -1;
    enum lwc_code code = lock_open(path, name, &fd, err);

    if (code != LWC_OK) {
        return code;
    }
    code = lock_try(fd, err);
    if (code != LWC_OK) {
        return code;
    }
    if (!is_still_named(path, name, fd)) {
        return lwc_fail(err, LWC_E_BUSY, "removed by another process");
    }
    *fd_out = LWC_TAKE_FD(fd);
    return LWC_OK;
}

static void pause_ms(int64_t ms)
{
    struct timespec span = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    (void)nanosleep(&span, NULL); /* waking early does no harm */
}

/* The end of a caller's wait, and the pause between two attempts. */
struct lock_wait {
    const struct lwc_clock *clock;
    int64_t end_ms;
    int64_t step_ms;
};

static struct lock_wait wait_begin(int64_t timeout_ms)
{
    const struct lwc_clock *clock = lwc_clock_system();

    return (struct lock_wait){clock, lwc_clock_boot_ms(clock) + timeout_ms, 1};
}

/* Pauses before the next attempt.  Returns false if the time is over. */
static bool wait_more(struct lock_wait *wait)
{
    int64_t left = wait->end_ms - lwc_clock_boot_ms(wait->clock);

    if (left <= 0) {
        return false;
    }
    pause_ms(wait->step_ms < left ? wait->step_ms : left);
    wait->step_ms = wait->step_ms * 2 < PAUSE_MAX_MS ? wait->step_ms * 2 : PAUSE_MAX_MS;
    return true;
}

enum lwc_code lwc_lock_take(const struct lwc_path *path, const char *name, int64_t timeout_ms,
                            int *fd_out, struct lwc_error *err)
{
    struct lock_wait wait = wait_begin(timeout_ms);
    enum lwc_code code = try_take(path, name, fd_out, err);

    while (code == LWC_E_BUSY && wait_more(&wait)) {
        code = try_take(path, name, fd_out, err);
    }
    if (code != LWC_OK) {
        return lwc_wrap(err, code, "lock %s/%s", path->dir, name);
    }
    return LWC_OK;
}

enum lwc_code lwc_lock_take_fd(int fd, int64_t timeout_ms, struct lwc_error *err)
{
    struct lock_wait wait = wait_begin(timeout_ms);
    enum lwc_code code = lock_try(fd, err);

    while (code == LWC_E_BUSY && wait_more(&wait)) {
        code = lock_try(fd, err);
    }
    return code;
}

void lwc_lock_give(int *fd)
{
    if (*fd >= 0) {
        (void)flock(*fd, LOCK_UN);
        (void)close(*fd); /* nothing was written to it that could be lost */
        *fd = -1;
    }
}
