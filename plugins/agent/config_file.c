/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in config.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/path.h"
#include "base/safefile.h"
#include "base/util.h"
#include "plugins/agent/config.h"

#define CONFIG_MAX ((size_t)1024 * 1024)
#define NEW_MODE (S_IRUSR | S_IWUSR | S_IRGRP)
#define MODES 07777u
#define ATTR_NAMES_MAX 65536
#define ATTR_MAX 65536

/* A file on its way to another content.  fd -1: it is not there yet. */
struct config_file {
    const struct lwc_agent_change *change;
    struct lwc_path path;
    int lock_fd;
    int fd;
    struct stat st;
    struct lwc_buf *before;
    struct lwc_buf *after;
};

static void file_clear(struct config_file *file)
{
    lwc_buf_free(&file->before);
    lwc_buf_free(&file->after);
    lwc_auto_close_(&file->fd);
    lwc_lock_give(&file->lock_fd);
    lwc_path_clear(&file->path);
}
#define AUTO_FILE LWC_AUTO(struct config_file, file_clear)
#define FILE_INIT                                      \
    {                                                  \
        .path = LWC_PATH_INIT, .lock_fd = -1, .fd = -1 \
    }

/* Walks to the directory of @text; the name itself is not followed where it is a link. */
static enum lwc_code find_dir(struct config_file *file, const char *text, struct lwc_error *err)
{
    char dir[LWC_PATH_MAX];
    const char *slash = strrchr(text, '/');
    const char *name = slash != NULL ? slash + 1 : text;
    const size_t dir_len = (size_t)(name - text);
    enum lwc_code code = LWC_OK;

    if (name[0] == '\0' || strlen(name) > LWC_NAME_MAX || dir_len >= sizeof dir) {
        return lwc_fail(err, LWC_E_INVALID, "%s: no name of a file", text);
    }
    (void)snprintf(dir, sizeof dir, "%.*s", (int)dir_len, text);
    code = lwc_dir_open(dir_len > 0 ? dir : ".", &file->path, err);
    if (code == LWC_E_NOT_FOUND) {
        code = lwc_wrap(err, LWC_E_INVALID, "no directory for the file");
        return lwc_hint(err, code, "install the agent, or make the directory, first");
    }
    if (code != LWC_OK) {
        return code;
    }
    (void)snprintf(file->path.name, sizeof file->path.name, "%s", name);
    return lwc_path_unshared_check(&file->path, err);
}

static enum lwc_code fail_file(const struct config_file *file, enum lwc_code code, const char *why,
                               const char *cure, struct lwc_error *err)
{
    char text[LWC_PATH_TEXT_LEN];

    code = lwc_fail(err, code, "%s %s", lwc_path_text(&file->path, text), why);
    return lwc_hint(err, code, "%s", cure);
}

/* Finds out whether the file is there; a link is refused. */
static enum lwc_code find_file(struct config_file *file, bool *exists_out, struct lwc_error *err)
{
    char text[LWC_PATH_TEXT_LEN];

    if (fstatat(file->path.dir_fd, file->path.name, &file->st, AT_SYMLINK_NOFOLLOW) != 0) {
        *exists_out = false;
        return errno == ENOENT ? LWC_OK
                               : lwc_fail_sys(err, lwc_path_code(errno), errno, "%s",
                                              lwc_path_text(&file->path, text));
    }
    *exists_out = true;
    return S_ISLNK(file->st.st_mode)
               ? fail_file(file, LWC_E_UNSAFE, "is a symbolic link", "name the file itself", err)
               : LWC_OK;
}

/* Opens the file and checks that it can be replaced. */
static enum lwc_code open_file(struct config_file *file, struct lwc_error *err)
{
    bool exists = false;
    enum lwc_code code = find_file(file, &exists, err);

    if (code != LWC_OK || !exists) {
        return code;
    }
    code = lwc_file_open(&file->path, LWC_TRUST_CONTENT, &file->fd, &file->st, err);
    if (code == LWC_OK && file->st.st_nlink > 1) {
        code = fail_file(file, LWC_E_UNSAFE, "has another name, a hard link",
                         "replace it by a copy of its own", err);
    }
    if (code == LWC_OK && (file->st.st_mode & S_IWUSR) == 0) {
        code = fail_file(file, LWC_E_IO, "is read-only by its mode",
                         "give its owner the right to write it", err);
    }
    return code;
}

static enum lwc_code read_file(struct config_file *file, struct lwc_error *err)
{
    char text[LWC_PATH_TEXT_LEN];
    enum lwc_code code = lwc_buf_new(4096, &file->before, err);

    if (code == LWC_OK && file->fd >= 0) {
        code = lwc_fd_read(file->fd, CONFIG_MAX, LWC_NO_DEADLINE, file->before, err);
        code = code == LWC_OK ? code : lwc_wrap(err, code, "%s", lwc_path_text(&file->path, text));
    }
    if (code == LWC_OK && file->fd >= 0 && lwc_buf_len(file->before) == 0) {
        return fail_file(file, LWC_E_INVALID, "is empty, and no agent can have written it so",
                         "remove it", err);
    }
    return code;
}

static enum lwc_code edit_file(struct config_file *file, struct lwc_error *err)
{
    char text[LWC_PATH_TEXT_LEN];
    enum lwc_code code = lwc_buf_new(lwc_buf_len(file->before) + 512, &file->after, err);

    if (code == LWC_OK) {
        code = lwc_agent_config_edit(lwc_buf_text(file->before), lwc_buf_len(file->before),
                                     file->change, file->after, err);
    }
    return code == LWC_OK ? code : lwc_wrap(err, code, "%s", lwc_path_text(&file->path, text));
}

static bool is_same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* Checks that the file is as it was when it was read, or still not there. */
static enum lwc_code unchanged_check(const struct config_file *file, struct lwc_error *err)
{
    struct stat now = {0};
    const bool exists = fstatat(file->path.dir_fd, file->path.name, &now, AT_SYMLINK_NOFOLLOW) == 0;
    const struct stat *old = &file->st;
    bool is_same = exists == (file->fd >= 0);

    if (is_same && exists) {
        is_same = now.st_dev == old->st_dev && now.st_ino == old->st_ino &&
                  now.st_size == old->st_size && is_same_time(now.st_mtim, old->st_mtim) &&
                  is_same_time(now.st_ctim, old->st_ctim);
    }
    return is_same ? LWC_OK
                   : fail_file(file, LWC_E_BUSY, "was changed by another program meanwhile",
                               "nothing was written; run the command again", err);
}

static enum lwc_code copy_attribute(const struct config_file *file, int fd, const char *name,
                                    struct lwc_error *err)
{
    uint8_t value[ATTR_MAX];
    const ssize_t len = fgetxattr(file->fd, name, value, sizeof value);

    if (len < 0 || fsetxattr(fd, name, value, (size_t)len, 0) != 0) {
        return lwc_fail_sys(err, LWC_E_IO, errno, "cannot keep the attribute %s", name);
    }
    return LWC_OK;
}

/* Copies access lists, labels and the user's own attributes. */
static enum lwc_code copy_attributes(const struct config_file *file, int fd, struct lwc_error *err)
{
    char names[ATTR_NAMES_MAX];
    const ssize_t len = flistxattr(file->fd, names, sizeof names);
    enum lwc_code code = LWC_OK;

    if (len < 0) {
        return errno == EOPNOTSUPP || errno == ENOSYS
                   ? LWC_OK
                   : lwc_fail_sys(err, LWC_E_IO, errno, "cannot list its attributes");
    }
    for (ssize_t at = 0; at < len && code == LWC_OK; at += (ssize_t)strlen(names + at) + 1) {
        code = copy_attribute(file, fd, names + at, err);
    }
    return code;
}

/* Gives the new file owner, group, attributes and mode of the old one. */
static enum lwc_code copy_rights(const struct config_file *file, int fd, struct lwc_error *err)
{
    const bool exists = file->fd >= 0;
    const mode_t mode = exists ? file->st.st_mode & MODES : NEW_MODE & ~file->change->umask;
    struct stat st;
    enum lwc_code code = exists ? copy_attributes(file, fd, err) : LWC_OK;

    if (code != LWC_OK) {
        return code;
    }
    if (fstat(fd, &st) != 0) {
        return lwc_fail_sys(err, LWC_E_IO, errno, "fstat");
    }
    if (exists && (st.st_uid != file->st.st_uid || st.st_gid != file->st.st_gid) &&
        fchown(fd, file->st.st_uid, file->st.st_gid) != 0) {
        return lwc_fail_sys(err, LWC_E_IO, errno, "cannot keep its owner and group");
    }
    if (fchmod(fd, mode) != 0 || fsync(fd) != 0) {
        return lwc_fail_sys(err, LWC_E_IO, errno, "cannot keep its mode");
    }
    return LWC_OK;
}

/* Checks the bytes of the new file, and completes it, in the instant before it replaces the old. */
static enum lwc_code complete_file(void *data, int fd, struct lwc_error *err)
{
    const struct config_file *file = data;
    LWC_AUTO_BUF back = NULL;
    enum lwc_code code = lwc_buf_new(lwc_buf_len(file->after), &back, err);

    if (code == LWC_OK) {
        code = lwc_fd_read(fd, lwc_buf_len(file->after), LWC_NO_DEADLINE, back, err);
    }
    if (code == LWC_OK &&
        !lwc_buf_equal(back, lwc_buf_bytes(file->after), lwc_buf_len(file->after))) {
        code = lwc_fail_sys(err, LWC_E_IO, EIO, "the disk gives back other bytes than written");
    }
    if (code == LWC_OK) {
        code = copy_rights(file, fd, err);
    }
    return code == LWC_OK ? unchanged_check(file, err) : code;
}

/* Locks the directory, so that no lock file stays beside the agent's own. */
static enum lwc_code lock_dir(struct config_file *file, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    file->lock_fd = openat(file->path.dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file->lock_fd < 0) {
        return lwc_fail_sys(err, LWC_E_IO, errno, "directory %s", file->path.dir);
    }
    code = lwc_lock_take_fd(file->lock_fd, file->change->timeout_ms, err);
    if (code != LWC_OK) {
        return lwc_wrap(err, code, "directory %s: another run changes a file there",
                        file->path.dir);
    }
    lwc_file_sweep(&file->path);
    return LWC_OK;
}

static enum lwc_code load_file(struct config_file *file, struct lwc_error *err)
{
    enum lwc_code code = open_file(file, err);

    return code == LWC_OK ? read_file(file, err) : code;
}

enum lwc_code lwc_agent_config_write(const char *path, const struct lwc_agent_change *change,
                                     enum lwc_agent_outcome *outcome_out, struct lwc_error *err)
{
    static enum lwc_code (*const steps[])(struct config_file *,
                                          struct lwc_error *) = {lock_dir, load_file, edit_file};
    AUTO_FILE file = FILE_INIT;
    enum lwc_code code = LWC_OK;

    file.change = change;
    code = find_dir(&file, path, err);
    for (size_t i = 0; i < LWC_ARRAY_LEN(steps) && code == LWC_OK; i++) {
        code = steps[i](&file, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    if (file.fd >= 0 &&
        lwc_buf_equal(file.before, lwc_buf_bytes(file.after), lwc_buf_len(file.after))) {
        *outcome_out = LWC_AGENT_UNCHANGED;
        return LWC_OK;
    }
    *outcome_out = file.fd >= 0 ? LWC_AGENT_CHANGED : LWC_AGENT_CREATED;
    return lwc_file_replace(&file.path, lwc_buf_bytes(file.after), lwc_buf_len(file.after), NULL,
                            complete_file, &file, err);
}

enum lwc_code lwc_agent_config_read(const char *path, bool *has_url_out, struct lwc_buf **token_out,
                                    struct lwc_error *err)
{
    AUTO_FILE file = FILE_INIT;
    char text[LWC_PATH_TEXT_LEN];
    enum lwc_code code = find_dir(&file, path, err);

    if (code == LWC_OK) {
        code = load_file(&file, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    if (file.fd < 0) {
        *has_url_out = false;
        *token_out = NULL;
        return LWC_OK;
    }
    code = lwc_agent_config_parse(lwc_buf_text(file.before), lwc_buf_len(file.before), has_url_out,
                                  token_out, err);
    return code == LWC_OK ? code : lwc_wrap(err, code, "%s", lwc_path_text(&file.path, text));
}
