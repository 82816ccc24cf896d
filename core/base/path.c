/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in path.h. */
#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "util.h"

#define LINKS_MAX 40

/*
 * A walk under way: path.dir_fd and path.dir are the directory reached, at points into rest, what
 * is still to go.
 */
struct walk {
    struct lwc_path path;
    char rest[LWC_PATH_MAX];
    const char *at;
    int links;
    uid_t us;    /* asked for once                                                      */
    bool shared; /* the directory reached is a sticky one that others can write    */
    bool whole;  /* the last component is a directory to enter, too                */
    bool make;   /* make what is missing                                           */
};

static void walk_clear(struct walk *walk)
{
    lwc_path_clear(&walk->path);
}

void lwc_path_clear(struct lwc_path *path)
{
    lwc_auto_close_(&path->dir_fd);
    path->dir_fd = -1;
    path->name[0] = '\0';
    path->dir[0] = '\0';
    path->seen = 0;
}

enum lwc_code lwc_path_code(int sys)
{
    static const struct {
        int sys;
        enum lwc_code code;
    } codes[] = {
        {ENOENT, LWC_E_NOT_FOUND}, {ENOTDIR, LWC_E_INVALID},      {EISDIR, LWC_E_INVALID},
        {ELOOP, LWC_E_INVALID},    {ENAMETOOLONG, LWC_E_INVALID},
    };

    for (size_t i = 0; i < LWC_ARRAY_LEN(codes); i++) {
        if (codes[i].sys == sys) {
            return codes[i].code;
        }
    }
    return LWC_E_IO;
}

static const char *separator(const char *dir)
{
    return lwc_streq(dir, "/") ? "" : "/";
}

const char *lwc_path_text(const struct lwc_path *path, char text_out[LWC_PATH_TEXT_LEN])
{
    (void)snprintf(text_out, LWC_PATH_TEXT_LEN, "%s%s%s", path->dir, separator(path->dir),
                   path->name);
    return text_out;
}

enum lwc_code lwc_path_owner_check(const char *text, uid_t owner, struct lwc_error *err)
{
    uid_t us = owner == 0 ? 0 : geteuid();
    enum lwc_code code = LWC_E_UNSAFE;

    if (owner == 0 || owner == us) {
        return LWC_OK;
    }
    code = lwc_fail(err, code, "%s belongs to uid %u, not to %s", text, owner,
                    us == 0 ? "root" : "you or root");
    if (us == 0) {
        return lwc_hint(err, code, "run this as the owner, without sudo, or set HOME to root's");
    }
    return lwc_hint(err, code, "give it to uid %u with chown, or use another place", us);
}

static enum lwc_code fail_at(const struct walk *walk, const char *name, int sys,
                             struct lwc_error *err)
{
    return lwc_fail_sys(err, lwc_path_code(sys), sys, "%s%s%s", walk->path.dir,
                        separator(walk->path.dir), name);
}

static enum lwc_code owner_check(const struct walk *walk, const char *text, uid_t owner,
                                 struct lwc_error *err)
{
    return owner == walk->us ? LWC_OK : lwc_path_owner_check(text, owner, err);
}

static enum lwc_code dir_check(struct walk *walk, const struct stat *st, struct lwc_error *err)
{
    char text[LWC_PATH_TEXT_LEN];
    enum lwc_code code = LWC_E_UNSAFE;

    (void)snprintf(text, sizeof text, "directory %s", walk->path.dir);
    walk->shared = (st->st_mode & (S_IWGRP | S_IWOTH)) != 0;
    if (walk->shared && (st->st_mode & S_ISVTX) == 0) {
        code = lwc_fail(err, code, "%s can be written by others (mode %04o)", text,
                        st->st_mode & 07777u);
        return lwc_hint(err, code, "chmod go-w '%s'", walk->path.dir);
    }
    return owner_check(walk, text, st->st_uid, err);
}

/* Make @fd, with status @st and its text in walk->path.dir already, the directory reached. */
static enum lwc_code enter(struct walk *walk, int *fd, const struct stat *st, struct lwc_error *err)
{
    enum lwc_code code = dir_check(walk, st, err);

    if (code == LWC_OK) {
        lwc_auto_close_(&walk->path.dir_fd);
        walk->path.dir_fd = LWC_TAKE_FD(*fd);
    }
    return code;
}

static enum lwc_code enter_root(struct walk *walk, struct lwc_error *err)
{
    LWC_AUTO_CLOSE int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

    struct stat st;

    memcpy(walk->path.dir, "/", 2);
    if (fd < 0 || fstat(fd, &st) != 0) {
        return fail_at(walk, "", errno, err);
    }
    return enter(walk, &fd, &st, err);
}

static enum lwc_code enter_parent(struct walk *walk, struct lwc_error *err)
{
    LWC_AUTO_CLOSE int fd =
        openat(walk->path.dir_fd, "..", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    char *slash = strrchr(walk->path.dir, '/');
    struct stat st;

    if (fd < 0 || slash == NULL || fstat(fd, &st) != 0) {
        return fail_at(walk, "..", errno, err);
    }
    slash[slash == walk->path.dir ? 1 : 0] = '\0';
    return enter(walk, &fd, &st, err);
}

static enum lwc_code enter_child(struct walk *walk, const char *name, int *fd,
                                 const struct stat *st, struct lwc_error *err)
{
    char text[LWC_PATH_TEXT_LEN];
    size_t len = 0;

    (void)snprintf(text, sizeof text, "%s%s%s", walk->path.dir, separator(walk->path.dir), name);
    len = strlen(text);
    if (len >= sizeof walk->path.dir) {
        return fail_at(walk, name, ENAMETOOLONG, err);
    }
    memcpy(walk->path.dir, text, len + 1);
    return enter(walk, fd, st, err);
}

/* Put what the link @fd says in front of the rest. */
static enum lwc_code follow(struct walk *walk, const char *name, int fd, const struct stat *st,
                            struct lwc_error *err)
{
    char target[LWC_PATH_MAX];
    char joined[LWC_PATH_MAX * 2];
    char text[LWC_PATH_TEXT_LEN];
    ssize_t len = 0;
    enum lwc_code code = LWC_OK;

    if (++walk->links > LINKS_MAX) {
        return fail_at(walk, name, ELOOP, err);
    }
    (void)snprintf(text, sizeof text, "link %s%s%s", walk->path.dir, separator(walk->path.dir),
                   name);
    code = walk->shared ? owner_check(walk, text, st->st_uid, err) : LWC_OK;
    if (code != LWC_OK) {
        return code;
    }
    len = readlinkat(fd, "", target, sizeof target - 1);
    if (len < 0) {
        return fail_at(walk, name, errno, err);
    }
    target[len] = '\0';
    (void)snprintf(joined, sizeof joined, "%s%s", target, walk->at);
    if (len == 0 || strlen(joined) >= sizeof walk->rest) {
        return fail_at(walk, name, len == 0 ? ENOENT : ENAMETOOLONG, err);
    }
    memcpy(walk->rest, joined, strlen(joined) + 1);
    walk->at = walk->rest;
    return target[0] == '/' ? enter_root(walk, err) : LWC_OK;
}

static int open_entry(const struct walk *walk, const char *name)
{
    return openat(walk->path.dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

/* Someone else may make it at the same time; what is there then is judged like any other. */
static enum lwc_code make_entry(const struct walk *walk, const char *name, int *fd_out,
                                struct lwc_error *err)
{
    int fd = -1;

    if (mkdirat(walk->path.dir_fd, name, S_IRWXU) != 0 && errno != EEXIST) {
        return fail_at(walk, name, errno, err);
    }
    fd = open_entry(walk, name);
    if (fd < 0) {
        return fail_at(walk, name, errno, err);
    }
    *fd_out = fd;
    return lwc_path_sync(&walk->path, err);
}

/* Go into @name, or follow it. */
static enum lwc_code descend(struct walk *walk, const char *name, struct lwc_error *err)
{
    LWC_AUTO_CLOSE int fd = -1;
    struct stat st;
    enum lwc_code code = LWC_OK;

    if (lwc_streq(name, ".")) {
        return LWC_OK;
    }
    if (lwc_streq(name, "..")) {
        return enter_parent(walk, err);
    }
    fd = open_entry(walk, name);
    if (fd < 0 && errno == ENOENT && walk->make) {
        code = make_entry(walk, name, &fd, err);
    } else if (fd < 0) {
        code = fail_at(walk, name, errno, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    if (fstat(fd, &st) != 0) {
        return fail_at(walk, name, errno, err);
    }
    if (S_ISLNK(st.st_mode)) {
        return follow(walk, name, fd, &st, err);
    }
    if (!S_ISDIR(st.st_mode)) {
        return fail_at(walk, name, ENOTDIR, err);
    }
    return enter_child(walk, name, &fd, &st, err);
}

/* The last component: kept as a name, unless it is a link. */
static enum lwc_code arrive(struct walk *walk, const char *name, struct lwc_error *err)
{
    LWC_AUTO_CLOSE int fd = -1;
    struct stat st = {0};

    if (fstatat(walk->path.dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 && errno != ENOENT) {
        return fail_at(walk, name, errno, err);
    }
    if (!S_ISLNK(st.st_mode)) {
        memcpy(walk->path.name, name, strlen(name) + 1);
        walk->path.seen = st.st_mode;
        return LWC_OK;
    }
    fd = open_entry(walk, name);
    if (fd < 0 || fstat(fd, &st) != 0) {
        return fail_at(walk, name, errno, err);
    }
    return follow(walk, name, fd, &st, err);
}

/* Take the next component off the rest; *last_out if nothing, not even a slash, stands behind. */
static enum lwc_code take_component(struct walk *walk, char name[static LWC_NAME_MAX + 1],
                                    bool *last_out, struct lwc_error *err)
{
    const char *start = walk->at + strspn(walk->at, "/");
    size_t len = strcspn(start, "/");

    if (len > LWC_NAME_MAX) {
        return fail_at(walk, start, ENAMETOOLONG, err);
    }
    memcpy(name, start, len);
    name[len] = '\0';
    walk->at = start + len;
    *last_out = walk->at[0] == '\0';
    return LWC_OK;
}

static bool is_dots(const char *name)
{
    return lwc_streq(name, ".") || lwc_streq(name, "..");
}

static enum lwc_code walk_all(struct walk *walk, struct lwc_error *err)
{
    char name[LWC_NAME_MAX + 1];
    bool last = false;
    enum lwc_code code = enter_root(walk, err);

    while (code == LWC_OK && walk->at[strspn(walk->at, "/")] != '\0') {
        code = take_component(walk, name, &last, err);
        if (code == LWC_OK) {
            code = last && !walk->whole && !is_dots(name) ? arrive(walk, name, err)
                                                          : descend(walk, name, err);
        }
    }
    if (code == LWC_OK && !walk->whole && walk->path.name[0] == '\0') {
        return lwc_fail_sys(err, LWC_E_INVALID, EISDIR, "%s", walk->path.dir);
    }
    return code;
}

/* What stands in front of a path that is not absolute. */
static enum lwc_code prefix_find(const char *text, char prefix[static LWC_PATH_MAX],
                                 struct lwc_error *err)
{
    const char *home = NULL;

    prefix[0] = '\0';
    if (text[0] == '/') {
        return LWC_OK;
    }
    if (strncmp(text, "~/", 2) != 0) {
        return getcwd(prefix, LWC_PATH_MAX) != NULL && prefix[0] == '/'
                   ? LWC_OK
                   : lwc_fail_sys(err, lwc_path_code(errno), errno, "working directory");
    }
    home = secure_getenv("HOME");
    if (home == NULL || home[0] != '/' || strlen(home) >= LWC_PATH_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "%s: HOME is not set to an absolute path", text);
    }
    memcpy(prefix, home, strlen(home) + 1);
    return LWC_OK;
}

static enum lwc_code walk_start(struct walk *walk, const char *text, struct lwc_error *err)
{
    char prefix[LWC_PATH_MAX];
    const char *rest = strncmp(text, "~/", 2) == 0 ? text + 2 : text;
    int len = 0;
    enum lwc_code code = prefix_find(text, prefix, err);

    if (code != LWC_OK) {
        return code;
    }
    if (text[0] == '\0') {
        return lwc_fail(err, LWC_E_INVALID, "empty path");
    }
    len = snprintf(walk->rest, sizeof walk->rest, "%s/%s", prefix, rest);
    if (len < 0 || (size_t)len >= sizeof walk->rest) {
        return lwc_fail_sys(err, LWC_E_INVALID, ENAMETOOLONG, "%s", text);
    }
    walk->at = walk->rest;
    walk->us = geteuid();
    return walk_all(walk, err);
}

enum lwc_code lwc_path_resolve(const char *text, struct lwc_path *path_out, struct lwc_error *err)
{
    LWC_AUTO(struct walk, walk_clear) walk = {.path = LWC_PATH_INIT};
    enum lwc_code code = walk_start(&walk, text, err);

    if (code == LWC_OK) {
        *path_out = walk.path;
        walk.path.dir_fd = -1;
    }
    return code;
}

enum lwc_code lwc_dir_make(const char *text, struct lwc_error *err)
{
    LWC_AUTO(struct walk, walk_clear)
    walk = {.path = LWC_PATH_INIT, .whole = true, .make = true};

    return walk_start(&walk, text, err);
}

enum lwc_code lwc_path_sync(const struct lwc_path *path, struct lwc_error *err)
{
    LWC_AUTO_CLOSE int fd = openat(path->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    /* EINVAL: a file system that has nothing to force for directories. */
    if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL)) {
        return lwc_fail_sys(err, LWC_E_IO, errno, "fsync of directory %s", path->dir);
    }
    return LWC_OK;
}
