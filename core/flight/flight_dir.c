/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in flight_dir.h. */
#include "flight/flight_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/safefile.h"
#include "base/util.h"

#define RUNTIME_DIR "/run/user"
#define SHARED_DIR "/dev/shm"
#define DIR_TEXT_LEN 64
#define SWEEP_AGE_S 900
#define SWEEP_LOOK_MAX 4096
#define SWEEP_REMOVE_MAX 64

/* Opens directory @name in @parent (AT_FDCWD: a path).  LWC_E_UNSAFE: not on a tmpfs. */
static enum lwc_code open_dir(int parent, const char *name, int *fd_out, struct stat *st_out,
                              struct lwc_error *err)
{
    LWC_AUTO_CLOSE int fd = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct statfs fs;

    if (fd < 0 || fstat(fd, st_out) != 0 || fstatfs(fd, &fs) != 0) {
        return lwc_fail_sys(err, lwc_path_code(errno), errno, "cannot open it");
    }
    if (fs.f_type != TMPFS_MAGIC) {
        return lwc_fail(err, LWC_E_UNSAFE, "not on a tmpfs");
    }
    *fd_out = LWC_TAKE_FD(fd);
    return LWC_OK;
}

static enum lwc_code check_private(const struct stat *st, struct lwc_error *err)
{
    if (st->st_uid != geteuid()) {
        return lwc_fail(err, LWC_E_UNSAFE, "belongs to uid %u, not to uid %u", st->st_uid,
                        geteuid());
    }
    if ((st->st_mode & 0777) != S_IRWXU) {
        return lwc_fail(err, LWC_E_UNSAFE, "has mode %04o, not 0700", st->st_mode & 07777u);
    }
    return LWC_OK;
}

/* Accepts a directory in which other users can add entries, but not remove ours. */
static enum lwc_code check_shared(const struct stat *st, struct lwc_error *err)
{
    if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0 && (st->st_mode & S_ISVTX) == 0) {
        return lwc_fail(err, LWC_E_UNSAFE, "can be written by others (mode %04o)",
                        st->st_mode & 07777u);
    }
    return lwc_path_owner_check("it", st->st_uid, err);
}

static enum lwc_code make_own_dir(int base, const char *name, struct lwc_error *err)
{
    if (mkdirat(base, name, S_IRWXU) != 0) {
        return errno == EEXIST ? LWC_OK : lwc_fail_sys(err, LWC_E_IO, errno, "cannot make it");
    }
    /* The caller's umask may have removed rights of the owner. */
    if (fchmodat(base, name, S_IRWXU, 0) != 0) {
        return lwc_fail_sys(err, LWC_E_IO, errno, "cannot set its mode");
    }
    return LWC_OK;
}

/* Opens our directory in @base; makes it if missing, and checks it always. */
static enum lwc_code open_own_dir(int base, const char *name, int *fd_out, struct lwc_error *err)
{
    LWC_AUTO_CLOSE int fd = -1;
    struct stat st = {0};
    enum lwc_code code = open_dir(base, name, &fd, &st, err);

    if (code == LWC_E_NOT_FOUND) {
        code = make_own_dir(base, name, err);
        code = code == LWC_OK ? open_dir(base, name, &fd, &st, err) : code;
    }
    if (code == LWC_OK) {
        code = check_private(&st, err);
    }
    if (code == LWC_OK) {
        *fd_out = LWC_TAKE_FD(fd);
    }
    return code;
}

typedef enum lwc_code dir_check_fn(const struct stat *st, struct lwc_error *err);

/* Returns LWC_E_UNAVAILABLE for any fault of the directory. */
static enum lwc_code open_in_base(const char *base, dir_check_fn *base_check, const char *name,
                                  struct lwc_path *path_out, struct lwc_error *err)
{
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    LWC_AUTO_CLOSE int base_fd = -1;
    struct stat st = {0};
    enum lwc_code code = open_dir(AT_FDCWD, base, &base_fd, &st, err);

    if (code == LWC_OK) {
        code = base_check(&st, err);
    }
    if (code != LWC_OK) {
        return lwc_wrap(err, LWC_E_UNAVAILABLE, "directory %s", base);
    }
    if (asprintf(&path.dir, "%s/%s", base, name) < 0) {
        path.dir = NULL;
        return lwc_fail_nomem(err);
    }
    code = open_own_dir(base_fd, name, &path.dir_fd, err);
    if (code != LWC_OK) {
        return lwc_wrap(err, LWC_E_UNAVAILABLE, "directory %s", path.dir);
    }
    *path_out = path;
    path = (struct lwc_path)LWC_PATH_INIT;
    return LWC_OK;
}

enum lwc_code lwc_flight_dir_open(struct lwc_path *dir_out, struct lwc_error *err)
{
    char runtime[DIR_TEXT_LEN];
    char name[DIR_TEXT_LEN];

    (void)snprintf(runtime, sizeof runtime, RUNTIME_DIR "/%u", geteuid());
    (void)snprintf(name, sizeof name, "lwcred-%u", geteuid());
    if (open_in_base(runtime, check_private, "lwcred", dir_out, NULL) == LWC_OK) {
        return LWC_OK;
    }
    return open_in_base(SHARED_DIR, check_shared, name, dir_out, err);
}

bool lwc_flight_name_is_good(const char *name)
{
    return strlen(name) == LWC_HASH_HEX_LEN - 1 &&
           strspn(name, "0123456789abcdef") == LWC_HASH_HEX_LEN - 1;
}

static bool is_old(const struct lwc_path *dir, const char *name, time_t now)
{
    struct stat st;

    return fstatat(dir->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
           now - st.st_mtim.tv_sec > SWEEP_AGE_S;
}

/* Removes file @name unless a process holds its lock. */
static bool remove_unlocked(const struct lwc_path *dir, const char *name)
{
    LWC_AUTO_LOCK fd = -1;

    return lwc_lock_take(dir, name, 0, &fd, NULL) == LWC_OK && unlinkat(dir->dir_fd, name, 0) == 0;
}

static void close_dir(DIR **listing)
{
    if (*listing != NULL) {
        (void)closedir(*listing); /* opened for reading only */
    }
}

void lwc_flight_dir_sweep(const struct lwc_path *dir)
{
    int fd = openat(dir->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    LWC_AUTO(DIR *, close_dir) listing = fd >= 0 ? fdopendir(fd) : NULL;
    time_t now = time(NULL);
    size_t removed = 0;

    if (fd >= 0 && listing == NULL) {
        (void)close(fd);
    }
    for (size_t i = 0; listing != NULL && i < SWEEP_LOOK_MAX && removed < SWEEP_REMOVE_MAX; i++) {
        const struct dirent *entry = readdir(listing);

        if (entry == NULL) {
            return;
        }
        if (is_old(dir, entry->d_name, now)) {
            removed += remove_unlocked(dir, entry->d_name) ? 1 : 0;
        }
    }
}
