/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in path.h. */
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/join.h"
#include "base/text.h"
#include "base/util.h"

#define LINKS_MAX 40

/*
 * The state of a walk.
 *
 * dir         the directory reached, or its entry under examination: absolute, without links, each
 *             directory in it checked.  So only root and we can make it name something else, and
 *             no descriptor has to be held for each part.
 * at          points into rest, the part still to be walked.
 * name, seen  the last component, where it is kept as a name.
 */
struct path_walk {
    const char *at;
    mode_t seen;
    int links;
    uid_t us;    /* the effective uid                                            */
    bool shared; /* the directory reached is a sticky one that others can write  */
    bool whole;  /* the last component is a directory to enter, too              */
    bool make;   /* make what is missing                                         */
    char name[LWC_NAME_MAX + 1];
    char dir[LWC_PATH_MAX];
    char rest[LWC_PATH_MAX];
};

void lwc_path_clear(struct lwc_path *path)
{
    lwc_auto_close_(&path->dir_fd);
    free(path->dir);
    *path = (struct lwc_path)LWC_PATH_INIT;
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

static const char *find_separator(const char *dir)
{
    return lwc_streq(dir, "/") ? "" : "/";
}

const char *lwc_path_text(const struct lwc_path *path, char text_out[LWC_PATH_TEXT_LEN])
{
    return lwc_join(text_out, LWC_PATH_TEXT_LEN,
                    LWC_PARTS(path->dir, find_separator(path->dir), path->name));
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

static enum lwc_code fail_at(const struct path_walk *walk, int sys, struct lwc_error *err)
{
    return lwc_fail_sys(err, lwc_path_code(sys), sys, "%s", walk->dir);
}

/* Appends @name to the directory reached. */
static enum lwc_code push_name(struct path_walk *walk, const char *name, struct lwc_error *err)
{
    const char *slash = find_separator(walk->dir);
    size_t len = strlen(walk->dir);
    size_t name_at = len + strlen(slash);

    if (name_at + strlen(name) >= sizeof walk->dir) {
        return lwc_fail_sys(err, lwc_path_code(ENAMETOOLONG), ENAMETOOLONG, "%s%s%s", walk->dir,
                            slash, name);
    }
    walk->dir[len] = '/';
    memcpy(walk->dir + name_at, name, strlen(name) + 1);
    return LWC_OK;
}

static void pop_name(struct path_walk *walk)
{
    char *slash = strrchr(walk->dir, '/');

    slash[slash == walk->dir ? 1 : 0] = '\0';
}

static enum lwc_code owner_check(const struct path_walk *walk, const char *what, uid_t owner,
                                 struct lwc_error *err)
{
    char text[LWC_PATH_MAX + sizeof "directory "];

    if (owner == walk->us) {
        return LWC_OK;
    }
    (void)snprintf(text, sizeof text, "%s %s", what, walk->dir);
    return lwc_path_owner_check(text, owner, err);
}

/* Makes walk->dir, with status @st, the directory reached, if it can be trusted. */
static enum lwc_code enter_dir(struct path_walk *walk, const struct stat *st, struct lwc_error *err)
{
    enum lwc_code code = LWC_E_UNSAFE;

    walk->shared = (st->st_mode & (S_IWGRP | S_IWOTH)) != 0;
    if (walk->shared && (st->st_mode & S_ISVTX) == 0) {
        code = lwc_fail(err, code, "directory %s can be written by others (mode %04o)", walk->dir,
                        st->st_mode & 07777u);
        return lwc_hint_command(err, code, "chmod go-w", walk->dir);
    }
    return owner_check(walk, "directory", st->st_uid, err);
}

static enum lwc_code stat_entry(const struct path_walk *walk, struct stat *st_out,
                                struct lwc_error *err)
{
    return lstat(walk->dir, st_out) == 0 ? LWC_OK : fail_at(walk, errno, err);
}

static enum lwc_code reenter_dir(struct path_walk *walk, struct lwc_error *err)
{
    struct stat st;
    enum lwc_code code = stat_entry(walk, &st, err);

    return code == LWC_OK ? enter_dir(walk, &st, err) : code;
}

static enum lwc_code enter_root(struct path_walk *walk, struct lwc_error *err)
{
    memcpy(walk->dir, "/", 2);
    return reenter_dir(walk, err);
}

/* Puts the target of the link walk->dir, with status @st, in front of the rest. */
static enum lwc_code follow_link(struct path_walk *walk, const struct stat *st,
                                 struct lwc_error *err)
{
    char joined[LWC_PATH_MAX];
    size_t rest_len = strlen(walk->at);
    ssize_t len = 0;
    enum lwc_code code = LWC_OK;

    if (++walk->links > LINKS_MAX) {
        return fail_at(walk, ELOOP, err);
    }
    code = walk->shared ? owner_check(walk, "link", st->st_uid, err) : LWC_OK;
    if (code != LWC_OK) {
        return code;
    }
    len = readlink(walk->dir, joined, sizeof joined);
    if (len <= 0) {
        return fail_at(walk, len == 0 ? ENOENT : errno, err);
    }
    if ((size_t)len + rest_len >= sizeof joined) {
        return fail_at(walk, ENAMETOOLONG, err);
    }
    memcpy(joined + len, walk->at, rest_len + 1);
    memcpy(walk->rest, joined, (size_t)len + rest_len + 1);
    walk->at = walk->rest;
    pop_name(walk);
    return walk->rest[0] == '/' ? enter_root(walk, err) : LWC_OK;
}

static enum lwc_code sync_at(int dir_fd, const char *name, const char *dir, struct lwc_error *err)
{
    LWC_AUTO_CLOSE int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    /* EINVAL: a file system that has nothing to force for directories. */
    if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL)) {
        return lwc_fail_sys(err, LWC_E_IO, errno, "fsync of directory %s", dir);
    }
    return LWC_OK;
}

/*
 * Makes the directory.  Another process may make it at the same time: it is checked like any other.
 */
static enum lwc_code make_entry(struct path_walk *walk, const char *name, struct stat *st_out,
                                struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    if (mkdirat(AT_FDCWD, walk->dir, S_IRWXU) != 0 && errno != EEXIST) {
        return fail_at(walk, errno, err);
    }
    pop_name(walk);
    code = sync_at(AT_FDCWD, walk->dir, walk->dir, err);
    if (code == LWC_OK) {
        code = push_name(walk, name, err);
    }
    return code == LWC_OK ? stat_entry(walk, st_out, err) : code;
}

/* Enters the directory @name, or follows the link. */
static enum lwc_code descend_into(struct path_walk *walk, const char *name, struct lwc_error *err)
{
    struct stat st;
    enum lwc_code code = LWC_OK;

    if (lwc_streq(name, ".")) {
        return LWC_OK;
    }
    if (lwc_streq(name, "..")) {
        pop_name(walk);
        return reenter_dir(walk, err);
    }
    code = push_name(walk, name, err);
    if (code == LWC_OK && lstat(walk->dir, &st) != 0) {
        code = errno == ENOENT && walk->make ? make_entry(walk, name, &st, err)
                                             : fail_at(walk, errno, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    if (S_ISLNK(st.st_mode)) {
        return follow_link(walk, &st, err);
    }
    return S_ISDIR(st.st_mode) ? enter_dir(walk, &st, err) : fail_at(walk, ENOTDIR, err);
}

/* Keeps the last component as a name, unless it is a link. */
static enum lwc_code keep_last(struct path_walk *walk, const char *name, struct lwc_error *err)
{
    struct stat st = {0};
    enum lwc_code code = push_name(walk, name, err);

    if (code != LWC_OK) {
        return code;
    }
    if (lstat(walk->dir, &st) != 0 && errno != ENOENT) {
        return fail_at(walk, errno, err);
    }
    if (S_ISLNK(st.st_mode)) {
        return follow_link(walk, &st, err);
    }
    pop_name(walk);
    memcpy(walk->name, name, strlen(name) + 1);
    walk->seen = st.st_mode;
    return LWC_OK;
}

/* Takes the next component off the rest; *last_out: not even a slash stands behind it. */
static enum lwc_code take_component(struct path_walk *walk, char name[static LWC_NAME_MAX + 1],
                                    bool *last_out, struct lwc_error *err)
{
    const char *start = walk->at + lwc_text_span(walk->at, "/");
    size_t len = lwc_text_reach(start, "/");

    if (len > LWC_NAME_MAX) {
        return lwc_fail_sys(err, lwc_path_code(ENAMETOOLONG), ENAMETOOLONG, "%s", start);
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

static enum lwc_code walk_all(struct path_walk *walk, struct lwc_error *err)
{
    char name[LWC_NAME_MAX + 1];
    bool last = false;
    enum lwc_code code = enter_root(walk, err);

    while (code == LWC_OK && walk->at[lwc_text_span(walk->at, "/")] != '\0') {
        code = take_component(walk, name, &last, err);
        if (code == LWC_OK) {
            code = last && !walk->whole && !is_dots(name) ? keep_last(walk, name, err)
                                                          : descend_into(walk, name, err);
        }
    }
    if (code == LWC_OK && !walk->whole && walk->name[0] == '\0') {
        return fail_at(walk, EISDIR, err);
    }
    return code;
}

/* Puts the directory in front of a path that is not absolute into walk->rest. */
static enum lwc_code find_prefix(struct path_walk *walk, const char *text, struct lwc_error *err)
{
    const char *home = NULL;

    walk->rest[0] = '\0';
    if (text[0] == '/') {
        return LWC_OK;
    }
    if (strncmp(text, "~/", 2) != 0) {
        return getcwd(walk->rest, sizeof walk->rest) != NULL && walk->rest[0] == '/'
                   ? LWC_OK
                   : lwc_fail_sys(err, lwc_path_code(errno), errno, "working directory");
    }
    home = secure_getenv("HOME");
    if (home == NULL || home[0] != '/' || strlen(home) >= sizeof walk->rest) {
        return lwc_fail(err, LWC_E_INVALID, "%s: HOME is not set to an absolute path", text);
    }
    memcpy(walk->rest, home, strlen(home) + 1);
    return LWC_OK;
}

static enum lwc_code walk_start(struct path_walk *walk, const char *text, struct lwc_error *err)
{
    const char *rest = strncmp(text, "~/", 2) == 0 ? text + 2 : text;
    size_t prefix_len = 0;
    enum lwc_code code = find_prefix(walk, text, err);

    if (code != LWC_OK) {
        return code;
    }
    if (text[0] == '\0') {
        return lwc_fail(err, LWC_E_INVALID, "empty path");
    }
    prefix_len = strlen(walk->rest);
    if (prefix_len + 1 + strlen(rest) >= sizeof walk->rest) {
        return lwc_fail_sys(err, LWC_E_INVALID, ENAMETOOLONG, "%s", text);
    }
    walk->rest[prefix_len] = '/';
    memcpy(walk->rest + prefix_len + 1, rest, strlen(rest) + 1);
    walk->at = walk->rest;
    walk->us = geteuid();
    return walk_all(walk, err);
}

/* Sets single members: the struct is large, and most of it is never used. */
static void walk_init(struct path_walk *walk, bool whole, bool make)
{
    walk->name[0] = '\0';
    walk->seen = 0;
    walk->links = 0;
    walk->whole = whole;
    walk->make = make;
}

/* Opens the directory reached, and checks it once more. */
static enum lwc_code walk_end(struct path_walk *walk, struct lwc_path *path_out,
                              struct lwc_error *err)
{
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    struct stat st;
    enum lwc_code code = LWC_OK;

    path.dir_fd = open(walk->dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (path.dir_fd < 0 || fstat(path.dir_fd, &st) != 0) {
        return fail_at(walk, errno, err);
    }
    code = enter_dir(walk, &st, err);
    if (code != LWC_OK) {
        return code;
    }
    path.dir = strdup(walk->dir);
    if (path.dir == NULL) {
        return lwc_fail_nomem(err);
    }
    path.seen = walk->seen;
    path.shared = walk->shared;
    memcpy(path.name, walk->name, strlen(walk->name) + 1);
    *path_out = path;
    path = (struct lwc_path)LWC_PATH_INIT;
    return LWC_OK;
}

enum lwc_code lwc_path_resolve(const char *text, struct lwc_path *path_out, struct lwc_error *err)
{
    struct path_walk walk;
    enum lwc_code code = LWC_OK;

    walk_init(&walk, false, false);
    code = walk_start(&walk, text, err);
    return code == LWC_OK ? walk_end(&walk, path_out, err) : code;
}

enum lwc_code lwc_dir_open(const char *text, struct lwc_path *path_out, struct lwc_error *err)
{
    struct path_walk walk;
    enum lwc_code code = LWC_OK;

    walk_init(&walk, true, false);
    code = walk_start(&walk, text, err);
    return code == LWC_OK ? walk_end(&walk, path_out, err) : code;
}

enum lwc_code lwc_dir_make(const char *text, struct lwc_error *err)
{
    struct path_walk walk;

    walk_init(&walk, true, true);
    return walk_start(&walk, text, err);
}

enum lwc_code lwc_path_unshared_check(const struct lwc_path *path, struct lwc_error *err)
{
    if (path->shared) {
        return lwc_hint_command(err,
                                lwc_fail(err, LWC_E_UNSAFE,
                                         "directory %s can be written by others, sticky or not",
                                         path->dir),
                                "chmod go-w", path->dir);
    }
    return LWC_OK;
}

enum lwc_code lwc_path_sync(const struct lwc_path *path, struct lwc_error *err)
{
    return sync_at(path->dir_fd, ".", path->dir, err);
}
