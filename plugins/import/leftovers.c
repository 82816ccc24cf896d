/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in leftovers.h. */
#include "plugins/import/leftovers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "base/util.h"

#define ENTRIES_MAX 10000

/* Directories to walk: files at @depth below @dir whose names begin with @prefix. */
static const struct place {
    const char *dir;
    unsigned depth;
    const char *prefix;
    bool is_whole_name;
} places[] = {
    {"cfg_backups", 0, ".lacework.toml.", false},
    {"cache", 3, "token", true},
};

struct leftover_walk {
    const struct place *place;
    bool remove;
    lwc_leftover_fn *visit;
    void *data;
    size_t entries;
    struct lwc_error first;
};

static void close_dir(DIR **dir)
{
    if (*dir != NULL) {
        (void)closedir(*dir);
    }
}

/* Opens a directory of ours; -1 for anything else. */
static int open_own_dir(int parent_fd, const char *name)
{
    LWC_AUTO_CLOSE int fd =
        openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    struct stat st;

    return fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid() ? LWC_TAKE_FD(fd) : -1;
}

static bool is_wanted(const struct place *place, const char *name)
{
    return place->is_whole_name ? lwc_streq(name, place->prefix)
                                : strncmp(name, place->prefix, strlen(place->prefix)) == 0;
}

static void take_file(struct leftover_walk *walk, int dir_fd, const char *name, const char *path)
{
    struct lwc_error why = {0};

    if (walk->remove && unlinkat(dir_fd, name, 0) != 0) {
        (void)!lwc_fail_sys(&why, LWC_E_IO, errno, "%s", path);
        if (walk->first.code == LWC_OK) {
            walk->first = why;
        }
    }
    walk->visit(walk->data, path, why.code != LWC_OK ? &why : NULL);
}

/* A directory of the walk, below it @depth more; @path is its path. */
static void walk_dir(struct leftover_walk *walk, int parent_fd, const char *name, const char *path,
                     unsigned depth);

static void walk_entry(struct leftover_walk *walk, int dir_fd, const char *name, const char *path,
                       unsigned depth)
{
    char below[LWC_PATH_MAX];
    struct stat st;
    const int len = snprintf(below, sizeof below, "%s/%s", path, name);

    if (len < 0 || (size_t)len >= sizeof below || lwc_streq(name, ".") || lwc_streq(name, "..") ||
        fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || st.st_uid != geteuid()) {
        return;
    }
    if (depth > 0 && S_ISDIR(st.st_mode)) {
        walk_dir(walk, dir_fd, name, below, depth - 1);
    } else if (depth == 0 && S_ISREG(st.st_mode) && is_wanted(walk->place, name)) {
        take_file(walk, dir_fd, name, below);
    }
}

static void walk_dir(struct leftover_walk *walk, int parent_fd, const char *name, const char *path,
                     unsigned depth)
{
    LWC_AUTO_CLOSE int fd = open_own_dir(parent_fd, name);
    LWC_AUTO(DIR *, close_dir) dir = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry = NULL;
    const int dir_fd = fd;

    if (dir == NULL) {
        return;
    }
    fd = -1; /* the stream closes it */
    while (walk->entries <= ENTRIES_MAX && (entry = readdir(dir)) != NULL) {
        walk->entries++;
        walk_entry(walk, dir_fd, entry->d_name, path, depth);
    }
}

/* Opens ~/.config/lacework, step by step. */
static int open_base(const char *home)
{
    static const char *const steps[] = {".config", "lacework"};
    int fd = open_own_dir(AT_FDCWD, home);

    for (size_t i = 0; i < LWC_ARRAY_LEN(steps) && fd >= 0; i++) {
        const int next = open_own_dir(fd, steps[i]);

        (void)close(fd);
        fd = next;
    }
    return fd;
}

enum lwc_code lwc_leftovers_visit(const char *home, bool remove, lwc_leftover_fn *visit, void *data,
                                  struct lwc_error *err)
{
    struct leftover_walk walk = {.remove = remove, .visit = visit, .data = data};
    LWC_AUTO_CLOSE int base_fd = open_base(home);

    for (size_t i = 0; i < LWC_ARRAY_LEN(places) && base_fd >= 0; i++) {
        char path[LWC_PATH_MAX];
        const int len = snprintf(path, sizeof path, "%s/.config/lacework/%s", home, places[i].dir);

        walk.place = &places[i];
        if (len > 0 && (size_t)len < sizeof path) {
            walk_dir(&walk, base_fd, places[i].dir, path, places[i].depth);
        }
    }
    if (walk.entries > ENTRIES_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "%s/.config/lacework: more than %d entries", home,
                        ENTRIES_MAX);
    }
    if (walk.first.code != LWC_OK && err != NULL) {
        *err = walk.first;
    }
    return walk.first.code;
}
