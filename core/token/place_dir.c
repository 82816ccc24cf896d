/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MUST, beside the list in place.h:
 *  1. The directory of the entries is opened once and judged (ours, 0700, a link only where
 *     path.h follows one; for plain entries below one that is ours, 0700 and in memory); all else
 *     happens below that descriptor.
 *  2. Where entries are plain there is never a file before all of that is known.
 *  3. What stands in the place of an entry and is none is removed, never followed.
 */
#include "token/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/safefile.h"
#include "base/util.h"
#include "token/entry.h"

#define SUBDIR "lwcred"
#define OPEN_DIR (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define PERMISSIONS (S_IRWXU | S_IRWXG | S_IRWXO)

/* Finds the directory in which SUBDIR stands, or is to be made. */
typedef enum lwc_code parent_fn(bool make, struct lwc_path *parent_out, struct lwc_error *err);

static enum lwc_code as(enum lwc_code code, struct lwc_error *err)
{
    if (err != NULL) {
        err->code = code;
    }
    return code;
}

static enum lwc_code open_private(int at, const char *name, const char *text, int *fd_out,
                                  struct lwc_error *err)
{
    LWC_AUTO_CLOSE int fd = openat(at, name, OPEN_DIR);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0) {
        return lwc_fail_sys(err, errno == ENOENT ? LWC_E_NOT_FOUND : LWC_E_UNAVAILABLE, errno, "%s",
                            text);
    }
    if (st.st_uid != geteuid()) {
        return lwc_fail(err, LWC_E_UNAVAILABLE, "%s belongs to uid %u", text, st.st_uid);
    }
    if ((st.st_mode & PERMISSIONS) != S_IRWXU) {
        return lwc_fail(err, LWC_E_UNAVAILABLE, "%s has mode %04o, not 0700", text,
                        st.st_mode & 07777u);
    }
    *fd_out = LWC_TAKE_FD(fd);
    return LWC_OK;
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

static const char *absolute(const char *variable)
{
    const char *value = secure_getenv(variable);

    return value != NULL && value[0] == '/' ? value : NULL;
}

/* Can the directory of plain entries stand in @dir? */
static enum lwc_code runtime_at(const char *dir, struct lwc_path *parent_out, struct lwc_error *err)
{
    LWC_AUTO_CLOSE int fd = -1;
    enum lwc_code code = LWC_OK;

    if (strlen(dir) >= sizeof parent_out->dir) {
        return lwc_fail(err, LWC_E_UNAVAILABLE, "XDG_RUNTIME_DIR is too long");
    }
    code = open_private(AT_FDCWD, dir, dir, &fd, err);
    if (code == LWC_OK) {
        code = memory_check(fd, dir, err);
    }
    if (code == LWC_OK) {
        parent_out->dir_fd = LWC_TAKE_FD(fd);
        memcpy(parent_out->dir, dir, strlen(dir) + 1);
        memcpy(parent_out->name, SUBDIR, sizeof SUBDIR);
    }
    return code;
}

static enum lwc_code runtime_parent(bool make, struct lwc_path *parent_out, struct lwc_error *err)
{
    const char *dir = absolute("XDG_RUNTIME_DIR");
    char usual[LWC_NAME_MAX];
    enum lwc_code code = LWC_OK;

    (void)make; /* whoever logs the user in makes it */
    (void)snprintf(usual, sizeof usual, "/run/user/%u", geteuid());
    if (dir == NULL) {
        return runtime_at(usual, parent_out, err);
    }
    code = runtime_at(dir, parent_out, err);
    /* su and sudo can leave the variable of another user. */
    if (code != LWC_OK && runtime_at(usual, parent_out, NULL) == LWC_OK) {
        return LWC_OK;
    }
    return code;
}

static enum lwc_code sealed_parent(bool make, struct lwc_path *parent_out, struct lwc_error *err)
{
    const char *dir = absolute("XDG_CACHE_HOME");
    char text[LWC_PATH_TEXT_LEN];
    enum lwc_code code = LWC_OK;

    dir = dir != NULL ? dir : "~/.cache";
    if (snprintf(text, sizeof text, "%s/" SUBDIR, dir) >= (int)sizeof text) {
        return lwc_fail(err, LWC_E_UNAVAILABLE, "XDG_CACHE_HOME is too long");
    }
    if (make) {
        code = lwc_dir_make(dir, err);
    }
    if (code == LWC_OK) {
        code = lwc_path_resolve(text, parent_out, err);
    }
    return code == LWC_OK || code == LWC_E_NOT_FOUND ? code : as(LWC_E_UNAVAILABLE, err);
}

/* Open the directory of the entries, made if @make says so, for entry @name. */
static enum lwc_code place_open(parent_fn *find, bool make, const char *name,
                                struct lwc_path *path_out, struct lwc_error *err)
{
    LWC_AUTO_PATH parent = LWC_PATH_INIT;
    char text[LWC_PATH_TEXT_LEN];
    enum lwc_code code = find(make, &parent, err);

    if (code != LWC_OK) {
        return code;
    }
    if (strlen(lwc_path_text(&parent, text)) >= sizeof path_out->dir) {
        return lwc_fail(err, LWC_E_UNAVAILABLE, "%s: too long", parent.dir);
    }
    if (make && mkdirat(parent.dir_fd, parent.name, S_IRWXU) != 0 && errno != EEXIST) {
        return lwc_fail_sys(err, LWC_E_UNAVAILABLE, errno, "%s", text);
    }
    code = open_private(parent.dir_fd, parent.name, text, &path_out->dir_fd, err);
    if (code == LWC_OK) {
        memcpy(path_out->dir, text, strlen(text) + 1);
        memcpy(path_out->name, name, strlen(name) + 1);
        path_out->seen = S_IFREG; /* nobody else can put anything here */
    }
    return code;
}

static enum lwc_code entry_open(parent_fn *find, bool make, const char *name,
                                struct lwc_path *path_out, struct lwc_error *err)
{
    if (!lwc_place_is_name(name)) {
        return lwc_fail(err, LWC_E_INVALID, "not the name of an entry");
    }
    return place_open(find, make, name, path_out, err);
}

static enum lwc_code dir_read(parent_fn *find, const char *name, struct lwc_secret *bytes,
                              struct lwc_error *err)
{
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    enum lwc_code code = entry_open(find, false, name, &path, err);

    lwc_secret_reset(bytes);
    if (code != LWC_OK) {
        return code;
    }
    code = lwc_file_read_at(&path, LWC_TRUST_PRIVATE, LWC_ENTRY_MAX, bytes, err);
    return code == LWC_OK ? LWC_OK : as(LWC_E_NOT_FOUND, err);
}

/* Absent is fine. */
static bool clear_away(const struct lwc_path *path)
{
    if (unlinkat(path->dir_fd, path->name, 0) == 0 || errno == ENOENT) {
        return true;
    }
    return errno == EISDIR && unlinkat(path->dir_fd, path->name, AT_REMOVEDIR) == 0;
}

static bool is_full(int sys)
{
    return sys == ENOSPC || sys == EDQUOT || sys == EIO || sys == EFBIG;
}

static enum lwc_code dir_write(parent_fn *find, const char *name, const void *bytes, size_t len,
                               struct lwc_error *err)
{
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    struct lwc_error why = {0};
    enum lwc_code code = entry_open(find, true, name, &path, err);

    if (code != LWC_OK) {
        return code == LWC_E_NOT_FOUND ? as(LWC_E_UNAVAILABLE, err) : code;
    }
    code = lwc_file_replace(&path, bytes, len, NULL, NULL, NULL, &why);
    if ((code == LWC_E_INVALID || code == LWC_E_UNSAFE) && clear_away(&path)) {
        code = lwc_file_replace(&path, bytes, len, NULL, NULL, NULL, &why);
    }
    if (code == LWC_OK) {
        return LWC_OK;
    }
    if (err != NULL) {
        *err = why;
    }
    return as(is_full(why.sys) ? LWC_E_IO : LWC_E_UNAVAILABLE, err);
}

/*
 * With what dead writers left beside it.  A living one whose temporary file goes has its write
 * fail: that costs an exchange, a token that stays costs more.
 */
static enum lwc_code dir_remove(parent_fn *find, const char *name, struct lwc_error *err)
{
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    enum lwc_code code = entry_open(find, false, name, &path, err);

    if (code != LWC_OK) {
        return code == LWC_E_NOT_FOUND ? LWC_OK : code;
    }
    lwc_file_sweep(&path);
    if (!clear_away(&path)) {
        return lwc_fail_sys(err, LWC_E_UNAVAILABLE, errno, "%s/%s", path.dir, path.name);
    }
    return LWC_OK;
}

static void close_stream(DIR **stream)
{
    if (*stream != NULL) {
        (void)closedir(*stream);
    }
}

static enum lwc_code dir_each(parent_fn *find, void (*visit)(void *data, const char *name),
                              void *data, struct lwc_error *err)
{
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    LWC_AUTO_CLOSE int fd = -1;
    LWC_AUTO(DIR *, close_stream) stream = NULL;
    const struct dirent *entry = NULL;
    enum lwc_code code = place_open(find, false, "", &path, err);

    if (code != LWC_OK) {
        return code == LWC_E_NOT_FOUND ? LWC_OK : code;
    }
    fd = openat(path.dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    stream = fd >= 0 ? fdopendir(fd) : NULL;
    if (stream == NULL) {
        return lwc_fail_sys(err, LWC_E_UNAVAILABLE, errno, "%s", path.dir);
    }
    fd = -1; /* the stream closes it */
    while ((entry = readdir(stream)) != NULL) {
        if (lwc_place_is_name(entry->d_name)) {
            visit(data, entry->d_name);
        }
    }
    return LWC_OK;
}

static enum lwc_code runtime_read(const char *name, struct lwc_secret *bytes, struct lwc_error *err)
{
    return dir_read(runtime_parent, name, bytes, err);
}

static enum lwc_code runtime_write(const char *name, const void *bytes, size_t len, int64_t life_s,
                                   struct lwc_error *err)
{
    (void)life_s; /* the entry itself says when it ends */
    return dir_write(runtime_parent, name, bytes, len, err);
}

static enum lwc_code runtime_remove(const char *name, struct lwc_error *err)
{
    return dir_remove(runtime_parent, name, err);
}

static enum lwc_code runtime_each(void (*visit)(void *data, const char *name), void *data,
                                  struct lwc_error *err)
{
    return dir_each(runtime_parent, visit, data, err);
}

static enum lwc_code sealed_read(const char *name, struct lwc_secret *bytes, struct lwc_error *err)
{
    return dir_read(sealed_parent, name, bytes, err);
}

static enum lwc_code sealed_write(const char *name, const void *bytes, size_t len, int64_t life_s,
                                  struct lwc_error *err)
{
    (void)life_s; /* the entry itself says when it ends */
    return dir_write(sealed_parent, name, bytes, len, err);
}

static enum lwc_code sealed_remove(const char *name, struct lwc_error *err)
{
    return dir_remove(sealed_parent, name, err);
}

static enum lwc_code sealed_each(void (*visit)(void *data, const char *name), void *data,
                                 struct lwc_error *err)
{
    return dir_each(sealed_parent, visit, data, err);
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
