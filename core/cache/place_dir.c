/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MUST, beside the list in place.h:
 *  1. The directory of the entries is opened once and checked (ours, 0700, a link only where
 *     path.h follows one; for plain entries below one that is ours, 0700 and in memory); all else
 *     happens below that descriptor.
 *  2. Where entries are plain there is never a file before all of that is known.
 *  3. A file in the place of an entry that is no entry is removed, never followed.
 *  4. A file's time of change says when its entry ends.  Each write removes what has ended for more
 *     than GRACE_S, so that a directory holds what lives, and what dead writers left behind.
 */
#include "base/join.h"
#include "cache/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/clock.h"
#include "base/safefile.h"
#include "base/util.h"
#include "cache/entry.h"

#define SUBDIR "lwcred"
#define OPEN_DIR (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define TEMP_START "."
#define TEMP_END ".tmp"

/* A file is as old as its writer's clock says until its end is set, a moment later. */
#define GRACE_S 60
#define TEMP_LIFE_S 600

#define PERMISSIONS (S_IRWXU | S_IRWXG | S_IRWXO)

/* Opens the directory of the entries, made if @make says so, and judges it. */
typedef enum lwc_code open_fn(bool make, struct lwc_path *path_out, struct lwc_error *err);

static enum lwc_code fail_as(enum lwc_code code, struct lwc_error *err)
{
    if (err != NULL) {
        err->code = code;
    }
    return code;
}

static enum lwc_code private_check(int fd, const char *text, uid_t us, struct lwc_error *err)
{
    struct stat st;

    if (fstat(fd, &st) != 0) {
        return lwc_fail_sys(err, LWC_E_UNAVAILABLE, errno, "%s", text);
    }
    if (st.st_uid != us) {
        return lwc_fail(err, LWC_E_UNAVAILABLE, "%s belongs to uid %u", text, st.st_uid);
    }
    if ((st.st_mode & PERMISSIONS) != S_IRWXU) {
        return lwc_fail(err, LWC_E_UNAVAILABLE, "%s has mode %04o, not 0700", text,
                        st.st_mode & 07777u);
    }
    return LWC_OK;
}

static enum lwc_code open_private(int at, const char *name, const char *text, uid_t us, int *fd_out,
                                  struct lwc_error *err)
{
    LWC_AUTO_CLOSE int fd = openat(at, name, OPEN_DIR);
    enum lwc_code code = LWC_OK;

    if (fd < 0) {
        return lwc_fail_sys(err, errno == ENOENT ? LWC_E_NOT_FOUND : LWC_E_UNAVAILABLE, errno, "%s",
                            text);
    }
    code = private_check(fd, text, us, err);
    if (code == LWC_OK) {
        *fd_out = LWC_TAKE_FD(fd);
    }
    return code;
}

static enum lwc_code memory_check(int fd, const char *text, struct lwc_error *err)
{
    struct statfs fs;

    if (fstatfs(fd, &fs) != 0) {
        return lwc_fail_sys(err, LWC_E_UNAVAILABLE, errno, "%s", text);
    }
    if (fs.f_type != TMPFS_MAGIC && fs.f_type != RAMFS_MAGIC) {
        return lwc_fail(err, LWC_E_UNAVAILABLE, "%s is not in memory (tmpfs)", text);
    }
    return LWC_OK;
}

static const char *get_absolute(const char *variable)
{
    const char *value = secure_getenv(variable);

    return value != NULL && value[0] == '/' ? value : NULL;
}

/* Checks that the directory of plain entries can be in @dir. */
static enum lwc_code base_open(const char *dir, uid_t us, int *fd_out, struct lwc_error *err)
{
    LWC_AUTO_CLOSE int fd = -1;
    enum lwc_code code = open_private(AT_FDCWD, dir, dir, us, &fd, err);

    if (code == LWC_OK) {
        code = memory_check(fd, dir, err);
    }
    if (code == LWC_OK) {
        *fd_out = LWC_TAKE_FD(fd);
    }
    return code;
}

/* The parent of our directory is made by the login. */
static enum lwc_code runtime_open(bool make, struct lwc_path *path_out, struct lwc_error *err)
{
    LWC_AUTO_CLOSE int fd = -1;
    const char *dir = get_absolute("XDG_RUNTIME_DIR");
    char number[LWC_DECIMAL_LEN];
    char usual[sizeof "/run/user/" + LWC_DECIMAL_LEN];
    uid_t us = geteuid();
    enum lwc_code code = LWC_OK;

    (void)lwc_join(usual, sizeof usual, LWC_PARTS("/run/user/", lwc_decimal(us, number)));
    dir = dir != NULL ? dir : usual;
    code = base_open(dir, us, &fd, err);
    /* su and sudo can leave the variable of another user. */
    if (code != LWC_OK && dir != usual && base_open(usual, us, &fd, NULL) == LWC_OK) {
        dir = usual;
        code = LWC_OK;
    }
    if (code != LWC_OK) {
        return code;
    }
    path_out->dir = lwc_join_new(LWC_PARTS(dir, "/" SUBDIR));
    if (path_out->dir == NULL) {
        return lwc_fail_nomem(err);
    }
    if (make && mkdirat(fd, SUBDIR, S_IRWXU) != 0 && errno != EEXIST) {
        return lwc_fail_sys(err, LWC_E_UNAVAILABLE, errno, "%s", path_out->dir);
    }
    return open_private(fd, SUBDIR, path_out->dir, us, &path_out->dir_fd, err);
}

static enum lwc_code sealed_open(bool make, struct lwc_path *path_out, struct lwc_error *err)
{
    const char *dir = get_absolute("XDG_CACHE_HOME");
    LWC_AUTO_FREE char *text = lwc_join_new(LWC_PARTS(dir != NULL ? dir : "~/.cache", "/" SUBDIR));
    enum lwc_code code = LWC_OK;

    if (text == NULL) {
        return lwc_fail_nomem(err);
    }
    if (make) {
        code = lwc_dir_make(text, err);
    }
    if (code == LWC_OK) {
        code = lwc_dir_open(text, path_out, err);
    }
    if (code != LWC_OK) {
        return code == LWC_E_NOT_FOUND ? code : fail_as(LWC_E_UNAVAILABLE, err);
    }
    return private_check(path_out->dir_fd, path_out->dir, geteuid(), err);
}

static enum lwc_code entry_open(open_fn *open_dir, bool make, const char *name,
                                struct lwc_path *path_out, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    if (!lwc_place_is_name(name)) {
        return lwc_fail(err, LWC_E_INVALID, "not the name of an entry");
    }
    code = open_dir(make, path_out, err);
    if (code == LWC_OK) {
        memcpy(path_out->name, name, strlen(name) + 1);
        path_out->seen = S_IFREG; /* no other user can add files here */
    }
    return code;
}

static enum lwc_code dir_read(open_fn *open_dir, const char *name, struct lwc_buf *bytes,
                              struct lwc_error *err)
{
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    enum lwc_code code = entry_open(open_dir, false, name, &path, err);

    lwc_buf_reset(bytes);
    if (code != LWC_OK) {
        return code;
    }
    code = lwc_file_read_at(&path, LWC_TRUST_PRIVATE, LWC_ENTRY_MAX, bytes, err);
    return code == LWC_OK ? LWC_OK : fail_as(LWC_E_NOT_FOUND, err);
}

/* Removes a file that is no entry; accepts an absent file. */
static bool clear_away(const struct lwc_path *path)
{
    if (unlinkat(path->dir_fd, path->name, 0) == 0 || errno == ENOENT) {
        return true;
    }
    return errno == EISDIR && unlinkat(path->dir_fd, path->name, AT_REMOVEDIR) == 0;
}

static void close_stream(DIR **stream)
{
    if (*stream != NULL) {
        (void)closedir(*stream);
    }
}
#define AUTO_STREAM LWC_AUTO(DIR *, close_stream)

/* Opens the names in directory @dir_fd; returns NULL with errno. */
static DIR *open_stream(int dir_fd)
{
    LWC_AUTO_CLOSE int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;

    if (stream != NULL) {
        fd = -1; /* the stream closes it */
    }
    return stream;
}

/* Returns whether @name is a temporary file of an entry. */
static bool is_temp(const char *name)
{
    size_t len = strlen(name);

    return len > LWC_HASH_HEX_LEN + sizeof TEMP_END &&
           strncmp(name, TEMP_START, sizeof TEMP_START - 1) == 0 &&
           lwc_text_span(name + 1, "0123456789abcdef") == LWC_HASH_HEX_LEN - 1 &&
           lwc_streq(name + len - (sizeof TEMP_END - 1), TEMP_END);
}

/* Returns whether a file that changed or ends at @time_s has ended, or its end is too far off. */
static bool is_over(int64_t time_s, int64_t grace_s, int64_t now_s)
{
    return time_s < now_s - grace_s || time_s > now_s + LWC_TTL_MAX + GRACE_S;
}

static void sweep_one(int dir_fd, const char *name, int64_t now_s)
{
    bool is_entry = lwc_place_is_name(name);
    struct stat st;

    if ((is_entry || is_temp(name)) && fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        is_over(st.st_mtim.tv_sec, is_entry ? GRACE_S : TEMP_LIFE_S, now_s)) {
        (void)unlinkat(dir_fd, name, 0); /* stays: the next writer comes */
    }
}

static void sweep_entries(int dir_fd)
{
    AUTO_STREAM stream = open_stream(dir_fd);
    const int64_t now_s = lwc_clock_wall_s(lwc_clock_system());
    const struct dirent *entry = NULL;

    while (stream != NULL && (entry = readdir(stream)) != NULL) {
        sweep_one(dir_fd, entry->d_name, now_s);
    }
}

/* Sets the end, best effort: an entry without an end is swept a minute after it was written. */
static void set_end(const struct lwc_path *path, int64_t life_s)
{
    const int64_t now_s = lwc_clock_wall_s(lwc_clock_system());
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = now_s + life_s}};

    (void)utimensat(path->dir_fd, path->name, times, AT_SYMLINK_NOFOLLOW);
}

static bool is_full(int sys)
{
    return sys == ENOSPC || sys == EDQUOT || sys == EIO || sys == EFBIG;
}

static enum lwc_code dir_write(open_fn *open_dir, const char *name, const void *bytes, size_t len,
                               int64_t life_s, struct lwc_error *err)
{
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    struct lwc_error why = {0};
    enum lwc_code code = entry_open(open_dir, true, name, &path, err);

    if (code != LWC_OK) {
        return code == LWC_E_NOT_FOUND ? fail_as(LWC_E_UNAVAILABLE, err) : code;
    }
    code = lwc_file_replace(&path, bytes, len, NULL, NULL, NULL, &why);
    if ((code == LWC_E_INVALID || code == LWC_E_UNSAFE) && clear_away(&path)) {
        code = lwc_file_replace(&path, bytes, len, NULL, NULL, NULL, &why);
    }
    if (code == LWC_OK) {
        set_end(&path, life_s);
        sweep_entries(path.dir_fd);
        return LWC_OK;
    }
    (void)lwc_error_pass(err, code, &why);
    return fail_as(is_full(why.sys) ? LWC_E_IO : LWC_E_UNAVAILABLE, err);
}

/*
 * With what dead writers left beside it.  A living one whose temporary file goes has its write
 * fail: that costs an exchange, a token that stays costs more.
 */
static enum lwc_code dir_remove(open_fn *open_dir, const char *name, struct lwc_error *err)
{
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    enum lwc_code code = entry_open(open_dir, false, name, &path, err);

    if (code != LWC_OK) {
        return code == LWC_E_NOT_FOUND ? LWC_OK : code;
    }
    lwc_file_sweep(&path);
    if (!clear_away(&path)) {
        return lwc_fail_sys(err, LWC_E_UNAVAILABLE, errno, "%s/%s", path.dir, path.name);
    }
    return LWC_OK;
}

static enum lwc_code dir_each(open_fn *open_dir, void (*visit)(void *data, const char *name),
                              void *data, struct lwc_error *err)
{
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    AUTO_STREAM stream = NULL;
    const struct dirent *entry = NULL;
    enum lwc_code code = open_dir(false, &path, err);

    if (code != LWC_OK) {
        return code == LWC_E_NOT_FOUND ? LWC_OK : code;
    }
    stream = open_stream(path.dir_fd);
    if (stream == NULL) {
        return lwc_fail_sys(err, LWC_E_UNAVAILABLE, errno, "%s", path.dir);
    }
    while ((entry = readdir(stream)) != NULL) {
        if (lwc_place_is_name(entry->d_name)) {
            visit(data, entry->d_name);
        }
    }
    return LWC_OK;
}

static enum lwc_code runtime_read(const char *name, struct lwc_buf *bytes, struct lwc_error *err)
{
    return dir_read(runtime_open, name, bytes, err);
}

static enum lwc_code runtime_write(const char *name, const void *bytes, size_t len, int64_t life_s,
                                   struct lwc_error *err)
{
    return dir_write(runtime_open, name, bytes, len, life_s, err);
}

static enum lwc_code runtime_remove(const char *name, struct lwc_error *err)
{
    return dir_remove(runtime_open, name, err);
}

static enum lwc_code runtime_each(void (*visit)(void *data, const char *name), void *data,
                                  struct lwc_error *err)
{
    return dir_each(runtime_open, visit, data, err);
}

static enum lwc_code sealed_read(const char *name, struct lwc_buf *bytes, struct lwc_error *err)
{
    return dir_read(sealed_open, name, bytes, err);
}

static enum lwc_code sealed_write(const char *name, const void *bytes, size_t len, int64_t life_s,
                                  struct lwc_error *err)
{
    return dir_write(sealed_open, name, bytes, len, life_s, err);
}

static enum lwc_code sealed_remove(const char *name, struct lwc_error *err)
{
    return dir_remove(sealed_open, name, err);
}

static enum lwc_code sealed_each(void (*visit)(void *data, const char *name), void *data,
                                 struct lwc_error *err)
{
    return dir_each(sealed_open, visit, data, err);
}

const struct lwc_place lwc_place_runtime = {
    .name = "runtime",
    .read = runtime_read,
    .write = runtime_write,
    .remove = runtime_remove,
    .each = runtime_each,
};

const struct lwc_place lwc_place_sealed = {
    .name = "sealed",
    .read = sealed_read,
    .write = sealed_write,
    .remove = sealed_remove,
    .each = sealed_each,
};
