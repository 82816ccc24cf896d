/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in safefile.h. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>

#include "clock.h"
#include "descriptors.h"
#include "safefile.h"
#include "util.h"

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

/* False if the file was removed meanwhile: others would lock another one. */
static bool still_there(const struct lwc_path *path, const char *name, int fd)
{
    struct stat opened;
    struct stat named;

    return fstat(fd, &opened) == 0 &&
           fstatat(path->dir_fd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

/* One attempt; LWC_E_BUSY if someone else holds it. */
static enum lwc_code try_once(const struct lwc_path *path, const char *name, int *fd_out,
                              struct lwc_error *err)
{
    LWC_AUTO_CLOSE int fd = -1;
    enum lwc_code code = lock_open(path, name, &fd, err);

    if (code != LWC_OK) {
        return code;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK || errno == EINTR) {
            return lwc_fail(err, LWC_E_BUSY, "held by another process");
        }
        return lwc_fail_sys(err, LWC_E_IO, errno, "flock");
    }
    if (!still_there(path, name, fd)) {
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

enum lwc_code lwc_lock_take(const struct lwc_path *path, const char *name, int64_t timeout_ms,
                            int *fd_out, struct lwc_error *err)
{
    const struct lwc_clock *clock = lwc_clock_system();
    int64_t start = lwc_clock_boot_ms(clock);
    int64_t step = 1;
    enum lwc_code code = try_once(path, name, fd_out, err);

    while (code == LWC_E_BUSY) {
        int64_t left = timeout_ms - (lwc_clock_boot_ms(clock) - start);

        if (left <= 0) {
            break;
        }
        pause_ms(step < left ? step : left);
        step = step * 2 < PAUSE_MAX_MS ? step * 2 : PAUSE_MAX_MS;
        code = try_once(path, name, fd_out, err);
    }
    if (code != LWC_OK) {
        return lwc_wrap(err, code, "lock %s/%s", path->dir, name);
    }
    return LWC_OK;
}
