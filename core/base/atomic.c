/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in safefile.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/descriptors.h"
#include "base/safefile.h"
#include "base/util.h"

#define TEMP_ATTEMPTS 16
#define TEMP_NAME_LEN (LWC_NAME_MAX + 1)
#define TEMP_HEX_LEN 16
#define TEMP_END ".tmp"
#define COPY_STEP 16384
#define EDIT_WAIT_MS 5000
#define COPY_MAX (64 * 1024 * 1024)

/* A temporary file that is removed when it leaves scope.  An empty name: no file. */
struct temp_file {
    int dir_fd;
    char name[TEMP_NAME_LEN];
};

static void temp_remove(struct temp_file *temp)
{
    int saved = errno;

    if (temp->name[0] != '\0') {
        (void)unlinkat(temp->dir_fd, temp->name, 0);
    }
    errno = saved;
}
#define AUTO_TEMP LWC_AUTO(struct temp_file, temp_remove)

/* Makes ".TARGET-HEX.tmp", by which lwc_file_sweep() recognises leftovers of the target. */
static enum lwc_code temp_name(const struct lwc_path *path, char name_out[static TEMP_NAME_LEN],
                               struct lwc_error *err)
{
    uint64_t number = 0;
    int len = 0;

    lwc_random(&number, sizeof number);
    len = snprintf(name_out, TEMP_NAME_LEN, ".%s-%016" PRIx64 TEMP_END, path->name, number);
    if (len < 0 || len >= TEMP_NAME_LEN) {
        return lwc_fail_sys(err, LWC_E_INVALID, ENAMETOOLONG, "no room for a temporary name");
    }
    return LWC_OK;
}

static bool is_temp_of(const char *name, const struct lwc_path *path)
{
    size_t target_len = strlen(path->name);
    const char *hex = NULL;

    if (strlen(name) != 1 + target_len + 1 + TEMP_HEX_LEN + sizeof TEMP_END - 1) {
        return false;
    }
    hex = name + 1 + target_len + 1;
    return name[0] == '.' && memcmp(name + 1, path->name, target_len) == 0 && hex[-1] == '-' &&
           strspn(hex, "0123456789abcdef") == TEMP_HEX_LEN &&
           lwc_streq(hex + TEMP_HEX_LEN, TEMP_END);
}

static void close_dir(DIR **dir)
{
    if (*dir != NULL) {
        (void)closedir(*dir);
    }
}

void lwc_file_sweep(const struct lwc_path *path)
{
    LWC_AUTO_CLOSE int fd = openat(path->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    LWC_AUTO(DIR *, close_dir) dir = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry = NULL;

    if (dir == NULL) {
        return;
    }
    fd = -1; /* the stream closes it */
    while ((entry = readdir(dir)) != NULL) {
        if (is_temp_of(entry->d_name, path)) {
            (void)unlinkat(path->dir_fd, entry->d_name, 0);
        }
    }
}

static enum lwc_code temp_open(const struct lwc_path *path, struct temp_file *temp, int *fd_out,
                               struct lwc_error *err)
{
    char name[TEMP_NAME_LEN];
    int fd = -1;

    for (int i = 0; i < TEMP_ATTEMPTS && fd < 0; i++) {
        enum lwc_code code = temp_name(path, name, err);

        if (code != LWC_OK) {
            return code;
        }
        fd = openat(temp->dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    S_IRUSR | S_IWUSR);
        if (fd < 0 && errno != EEXIST) {
            break;
        }
    }
    if (fd < 0) {
        return lwc_fail_sys(err, LWC_E_IO, errno, "cannot make a temporary file beside it");
    }
    memcpy(temp->name, name, sizeof name);
    *fd_out = lwc_fd_above_stdio(fd);
    if (*fd_out < 0) {
        return lwc_fail_sys(err, LWC_E_IO, errno, "cannot write a temporary file beside it");
    }
    return LWC_OK;
}

/* Allocates the room first: a full disk is noticed before anything is written. */
static enum lwc_code allocate_room(int fd, size_t len, struct lwc_error *err)
{
    int sys = EINTR;

    while (len > 0 && sys == EINTR) {
        sys = posix_fallocate(fd, 0, (off_t)len);
    }
    if (len > 0 && sys != 0 && sys != EOPNOTSUPP && sys != EINVAL) {
        return lwc_fail_sys(err, LWC_E_IO, sys, "no room for %zu bytes", len);
    }
    return LWC_OK;
}

/* Accepts a file system without modes (FAT) that refuses fchmod() but shows the file as private. */
static enum lwc_code make_private(int fd, struct lwc_error *err)
{
    struct stat st;
    int sys = 0;

    if (fchmod(fd, S_IRUSR | S_IWUSR) == 0) {
        return LWC_OK;
    }
    sys = errno;
    if (sys == EPERM && fstat(fd, &st) == 0 && (st.st_mode & (S_IRWXG | S_IRWXO)) == 0) {
        return LWC_OK;
    }
    return lwc_fail_sys(err, LWC_E_IO, sys, "cannot set the mode");
}

static enum lwc_code fill_temp(int fd, const void *bytes, size_t len, struct lwc_error *err)
{
    enum lwc_code code = make_private(fd, err);

    if (code == LWC_OK) {
        code = allocate_room(fd, len, err);
    }
    return code == LWC_OK ? lwc_fd_write(fd, bytes, len, err) : code;
}

/* Forces the file to the disk and closes it; the descriptor is gone in any case. */
static enum lwc_code sync_and_close(int *fd, struct lwc_error *err)
{
    if (fsync(*fd) != 0) {
        return lwc_fail_sys(err, LWC_E_IO, errno, "fsync");
    }
    /* Linux has closed the descriptor even when close() was interrupted. */
    if (close(LWC_TAKE_FD(*fd)) != 0 && errno != EINTR) {
        return lwc_fail_sys(err, LWC_E_IO, errno, "close");
    }
    return LWC_OK;
}

/* Gives the file the group and mode of the one that it replaces. */
static enum lwc_code keep_mode(int fd, const struct stat *was, struct lwc_error *err)
{
    const mode_t mode = was->st_mode & (S_IRWXU | S_IRWXG | S_IRWXO);
    struct stat st;

    if (fstat(fd, &st) != 0) {
        return lwc_fail_sys(err, LWC_E_IO, errno, "cannot look at the temporary file");
    }
    if (st.st_gid != was->st_gid && fchown(fd, (uid_t)-1, was->st_gid) != 0 &&
        (mode & S_IRWXG) != 0) {
        return lwc_fail_sys(err, LWC_E_IO, errno, "cannot keep the group");
    }
    return fchmod(fd, mode) == 0 ? LWC_OK
                                 : lwc_fail_sys(err, LWC_E_IO, errno, "cannot keep the mode");
}

static enum lwc_code temp_write(const struct lwc_path *path, struct temp_file *temp,
                                const struct stat *was, const void *bytes, size_t len,
                                struct lwc_error *err)
{
    LWC_AUTO_CLOSE int fd = -1;
    enum lwc_code code = temp_open(path, temp, &fd, err);

    if (code == LWC_OK) {
        code = fill_temp(fd, bytes, len, err);
    }
    if (code == LWC_OK && was != NULL) {
        code = keep_mode(fd, was, err);
    }
    return code == LWC_OK ? sync_and_close(&fd, err) : code;
}

static enum lwc_code temp_verify(const struct temp_file *temp, size_t len,
                                 lwc_file_verify_fn *verify, void *data, struct lwc_error *err)
{
    LWC_AUTO_CLOSE int fd = openat(temp->dir_fd, temp->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0) {
        return lwc_fail_sys(err, LWC_E_IO, errno, "cannot read back what was written");
    }
    if ((uint64_t)st.st_size != len) {
        return lwc_fail(err, LWC_E_IO, "wrote %zu bytes, found %jd", len, (intmax_t)st.st_size);
    }
    return verify != NULL ? verify(data, fd, err) : LWC_OK;
}

static enum lwc_code target_check(const struct lwc_path *path, bool *exists_out,
                                  struct lwc_error *err)
{
    struct stat st;

    if (fstatat(path->dir_fd, path->name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        *exists_out = false;
        return errno == ENOENT ? LWC_OK : lwc_fail_sys(err, LWC_E_IO, errno, "cannot look at it");
    }
    if (!S_ISREG(st.st_mode)) {
        return lwc_fail(err, LWC_E_INVALID, "is there, but not a file");
    }
    *exists_out = true;
    return lwc_path_owner_check("the file", st.st_uid, err);
}

static enum lwc_code copy_bytes(int from, int to, struct lwc_error *err)
{
    uint8_t bytes[COPY_STEP];
    size_t total = 0;
    ssize_t got = 1;

    while (got != 0) {
        enum lwc_code code = LWC_OK;

        got = read(from, bytes, sizeof bytes);
        if (got < 0 && errno != EINTR) {
            return lwc_fail_sys(err, LWC_E_IO, errno, "read");
        }
        total += got > 0 ? (size_t)got : 0;
        if (total > COPY_MAX) {
            return lwc_fail_sys(err, LWC_E_IO, EFBIG, "too large to be copied");
        }
        if (got > 0) {
            code = lwc_fd_write(to, bytes, (size_t)got, err);
        }
        if (code != LWC_OK) {
            return code;
        }
    }
    return LWC_OK;
}

static enum lwc_code copy_target(const struct lwc_path *path, struct temp_file *temp,
                                 struct lwc_error *err)
{
    LWC_AUTO_CLOSE int from =
        openat(path->dir_fd, path->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    LWC_AUTO_CLOSE int to = -1;
    enum lwc_code code = LWC_OK;

    if (from < 0) {
        return lwc_fail_sys(err, LWC_E_IO, errno, "open");
    }
    code = temp_open(path, temp, &to, err);
    if (code == LWC_OK) {
        code = make_private(to, err);
    }
    if (code == LWC_OK) {
        code = copy_bytes(from, to, err);
    }
    return code == LWC_OK ? sync_and_close(&to, err) : code;
}

/* Errors of linkat() where a file system (FAT, SMB, 9p, FUSE) has no hard links, or none left. */
static bool is_link_refused(int sys)
{
    return sys == EPERM || sys == EOPNOTSUPP || sys == ENOSYS || sys == EMLINK || sys == EXDEV;
}

/* Makes a hard link to the old file, or a copy where the file system has no links. */
static enum lwc_code double_target(const struct lwc_path *path, struct temp_file *temp,
                                   struct lwc_error *err)
{
    char name[TEMP_NAME_LEN];
    enum lwc_code code = temp_name(path, name, err);

    if (code != LWC_OK) {
        return code;
    }
    if (linkat(path->dir_fd, path->name, path->dir_fd, name, 0) == 0) {
        memcpy(temp->name, name, sizeof name);
        return LWC_OK;
    }
    if (is_link_refused(errno)) {
        return copy_target(path, temp, err);
    }
    return lwc_fail_sys(err, LWC_E_IO, errno, "link");
}

/* Replaces @previous by a double of the old file in one step. */
static enum lwc_code keep_previous(const struct lwc_path *path, const char *previous,
                                   struct lwc_error *err)
{
    AUTO_TEMP temp = {.dir_fd = path->dir_fd};
    enum lwc_code code = double_target(path, &temp, err);

    if (code != LWC_OK) {
        return lwc_wrap(err, code, "cannot keep the previous file");
    }
    /* temp.name stays set: where both names are the same file already, renameat() leaves both. */
    if (renameat(path->dir_fd, temp.name, path->dir_fd, previous) != 0) {
        return lwc_fail_sys(err, LWC_E_IO, errno, "cannot keep the previous file");
    }
    return LWC_OK;
}

static enum lwc_code put_in_place(const struct lwc_path *path, struct temp_file *temp,
                                  struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    if (renameat(temp->dir_fd, temp->name, path->dir_fd, path->name) != 0) {
        return lwc_fail_sys(err, LWC_E_IO, errno, "rename");
    }
    temp->name[0] = '\0';
    code = lwc_path_sync(path, err);
    return code == LWC_OK ? code
                          : lwc_wrap(err, code, "written, but perhaps not safe against a crash");
}

static enum lwc_code replace_file(const struct lwc_path *path, const void *bytes, size_t len,
                                  const char *previous, lwc_file_verify_fn *verify, void *data,
                                  struct lwc_error *err)
{
    AUTO_TEMP temp = {.dir_fd = path->dir_fd};
    bool exists = false;
    enum lwc_code code = target_check(path, &exists, err);

    if (code == LWC_OK) {
        code = temp_write(path, &temp, NULL, bytes, len, err);
    }
    if (code == LWC_OK) {
        code = temp_verify(&temp, len, verify, data, err);
    }
    if (code == LWC_OK && exists && previous != NULL) {
        code = keep_previous(path, previous, err);
    }
    return code == LWC_OK ? put_in_place(path, &temp, err) : code;
}

enum lwc_code lwc_file_replace(const struct lwc_path *path, const void *bytes, size_t len,
                               const char *previous, lwc_file_verify_fn *verify, void *data,
                               struct lwc_error *err)
{
    char text[LWC_PATH_TEXT_LEN];
    enum lwc_code code = replace_file(path, bytes, len, previous, verify, data, err);

    return code == LWC_OK ? LWC_OK : lwc_wrap(err, code, "%s", lwc_path_text(path, text));
}

static bool is_unchanged(const struct stat *was, const struct stat *now)
{
    return was->st_dev == now->st_dev && was->st_ino == now->st_ino &&
           was->st_size == now->st_size && was->st_mtim.tv_sec == now->st_mtim.tv_sec &&
           was->st_mtim.tv_nsec == now->st_mtim.tv_nsec &&
           was->st_ctim.tv_sec == now->st_ctim.tv_sec &&
           was->st_ctim.tv_nsec == now->st_ctim.tv_nsec;
}

static enum lwc_code check_unchanged(const struct lwc_path *path, const struct stat *was,
                                     struct lwc_error *err)
{
    struct stat now;

    if (fstatat(path->dir_fd, path->name, &now, AT_SYMLINK_NOFOLLOW) != 0) {
        return lwc_fail_sys(err, errno == ENOENT ? LWC_E_BUSY : LWC_E_IO, errno,
                            "cannot look at it");
    }
    if (!is_unchanged(was, &now)) {
        return lwc_hint(err, lwc_fail(err, LWC_E_BUSY, "another program changed it meanwhile"),
                        "try again");
    }
    if (now.st_uid != geteuid()) {
        return lwc_fail(err, LWC_E_UNSAFE, "it belongs to another user");
    }
    return now.st_nlink == 1
               ? LWC_OK
               : lwc_fail(err, LWC_E_INVALID, "it has other names (hard links), which would stay");
}

/* Locks the file that is to be replaced, so that an edit by another process ends first. */
static enum lwc_code lock_target(const struct lwc_path *path, int *fd_out, struct lwc_error *err)
{
    LWC_AUTO_CLOSE int fd = lwc_fd_above_stdio(openat(
        path->dir_fd, path->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    enum lwc_code code = LWC_OK;

    if (fd < 0) {
        return lwc_fail_sys(err, errno == ENOENT ? LWC_E_BUSY : LWC_E_IO, errno,
                            "cannot look at it");
    }
    code = lwc_lock_take_fd(fd, EDIT_WAIT_MS, err);
    if (code == LWC_OK) {
        *fd_out = LWC_TAKE_FD(fd);
    }
    return code;
}

static enum lwc_code edit_file(const struct lwc_path *path, const struct stat *was,
                               const void *bytes, size_t len, struct lwc_error *err)
{
    LWC_AUTO_LOCK lock_fd = -1;
    AUTO_TEMP temp = {.dir_fd = path->dir_fd};
    enum lwc_code code = lock_target(path, &lock_fd, err);

    if (code == LWC_OK) {
        code = check_unchanged(path, was, err);
    }
    if (code == LWC_OK) {
        lwc_file_sweep(path);
        code = temp_write(path, &temp, was, bytes, len, err);
    }
    if (code == LWC_OK) {
        code = temp_verify(&temp, len, NULL, NULL, err);
    }
    if (code == LWC_OK) {
        code = check_unchanged(path, was, err);
    }
    return code == LWC_OK ? put_in_place(path, &temp, err) : code;
}

enum lwc_code lwc_file_edit(const struct lwc_path *path, const struct stat *was, const void *bytes,
                            size_t len, struct lwc_error *err)
{
    char text[LWC_PATH_TEXT_LEN];
    enum lwc_code code = edit_file(path, was, bytes, len, err);

    return code == LWC_OK ? LWC_OK : lwc_wrap(err, code, "%s", lwc_path_text(path, text));
}

enum lwc_code lwc_file_unchanged_check(const struct lwc_path *path, const struct stat *was,
                                       struct lwc_error *err)
{
    char text[LWC_PATH_TEXT_LEN];
    enum lwc_code code = check_unchanged(path, was, err);

    return code == LWC_OK ? LWC_OK : lwc_wrap(err, code, "%s", lwc_path_text(path, text));
}

enum lwc_code lwc_file_remove(const struct lwc_path *path, const struct stat *was,
                              struct lwc_error *err)
{
    char text[LWC_PATH_TEXT_LEN];
    enum lwc_code code = lwc_file_unchanged_check(path, was, err);

    if (code != LWC_OK) {
        return code;
    }
    if (unlinkat(path->dir_fd, path->name, 0) != 0) {
        return lwc_fail_sys(err, LWC_E_IO, errno, "%s: cannot remove it",
                            lwc_path_text(path, text));
    }
    return lwc_path_sync(path, err);
}
