/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/dependency.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/util.h"

#define NS_PER_S UINT64_C(1000000000)

/* A change gets the time of the last tick: within a few ticks, a second change may look alike. */
#define RACY_TICKS 2
#define LOOKS_MAX 6

void lwc_dependencies_clear(struct lwc_dependencies *dependencies)
{
    free(dependencies->file);
    free(dependencies->variable);
    *dependencies = (struct lwc_dependencies){.file = NULL};
}

/* Copies a block of @count members, NULL for none; returns false without memory. */
static bool copy_block(const void *from, size_t count, size_t size, void **copy_out)
{
    *copy_out = count > 0 ? malloc(count * size) : NULL;
    if (*copy_out != NULL) {
        memcpy(*copy_out, from, count * size);
    }
    return count == 0 || *copy_out != NULL;
}

bool lwc_dependencies_copy(const struct lwc_dependencies *from, struct lwc_dependencies *copy_out)
{
    LWC_AUTO_FREE void *file = NULL;
    LWC_AUTO_FREE void *variable = NULL;

    if (!copy_block(from->file, from->count, sizeof *from->file, &file) ||
        !copy_block(from->variable, from->variable_count, sizeof *from->variable, &variable)) {
        return false;
    }
    *copy_out = *from;
    copy_out->file = LWC_TAKE(file);
    copy_out->variable = LWC_TAKE(variable);
    return true;
}

void lwc_dependencies_reset(struct lwc_dependencies *dependencies)
{
    dependencies->count = 0;
    dependencies->is_complete = !dependencies->is_unsettled;
}

/* Grows *block by a member, up to @max; returns that member, all zero, or NULL. */
static void *grow_block(void **block, size_t count, size_t max, size_t size)
{
    void *grown = count < max ? realloc(*block, (count + 1) * size) : NULL;

    if (grown == NULL) {
        return NULL;
    }
    *block = grown;
    return memset((char *)grown + count * size, 0, size);
}

struct lwc_dependency *lwc_dependencies_next(struct lwc_dependencies *dependencies)
{
    void *block = dependencies->file;
    void *next =
        grow_block(&block, dependencies->count, LWC_DEPENDENCIES_MAX, sizeof *dependencies->file);

    dependencies->file = block;
    return next;
}

struct lwc_variable *lwc_dependencies_next_variable(struct lwc_dependencies *dependencies)
{
    void *block = dependencies->variable;
    void *next = grow_block(&block, dependencies->variable_count, LWC_VARIABLES_MAX,
                            sizeof *dependencies->variable);

    dependencies->variable = block;
    return next;
}

/* Wraps round in the year 2262; only equality and small distances count. */
static int64_t to_ns(const struct timespec *time)
{
    return (int64_t)((uint64_t)time->tv_sec * NS_PER_S + (uint64_t)time->tv_nsec);
}

/* Reads the state of dependency->path; returns false if it is unknown. */
static bool read_state(struct lwc_dependency *dependency)
{
    struct stat st = {0};
    int saved = errno;

    if (stat(dependency->path, &st) != 0 && errno != ENOENT && errno != ENOTDIR) {
        errno = saved;
        return false;
    }
    errno = saved;
    dependency->dev = st.st_dev;
    dependency->ino = st.st_ino;
    dependency->size = st.st_size;
    dependency->mtime_ns = to_ns(&st.st_mtim);
    dependency->ctime_ns = to_ns(&st.st_ctim);
    return true;
}

/* Returns whether the file could change now and keep its time; *tick_out is a tick's length. */
static bool is_racy(const struct lwc_dependency *dependency, struct timespec *tick_out)
{
    struct timespec now = {.tv_sec = 0};
    int64_t distance_ns = 0;

    if (dependency->ino == 0 || clock_gettime(CLOCK_REALTIME_COARSE, &now) != 0 ||
        clock_getres(CLOCK_REALTIME_COARSE, tick_out) != 0) {
        return false;
    }
    distance_ns = (int64_t)((uint64_t)to_ns(&now) - (uint64_t)dependency->ctime_ns);
    return distance_ns <= RACY_TICKS * to_ns(tick_out) &&
           distance_ns >= -RACY_TICKS * to_ns(tick_out);
}

/* Reads the state until it is not racy; returns false for a file that never comes to rest. */
static bool read_settled_state(struct lwc_dependency *dependency)
{
    int saved = errno;

    for (int i = 0; i < LOOKS_MAX; i++) {
        struct timespec tick = {.tv_sec = 0};

        if (!read_state(dependency)) {
            return false;
        }
        if (!is_racy(dependency, &tick)) {
            return true;
        }
        (void)nanosleep(&tick, NULL);
        errno = saved;
    }
    return false;
}

static bool is_known(const struct lwc_dependencies *dependencies, const char *path)
{
    for (size_t i = 0; i < dependencies->count; i++) {
        if (lwc_streq(dependencies->file[i].path, path)) {
            return true;
        }
    }
    return false;
}

void lwc_dependencies_add(struct lwc_dependencies *dependencies, const char *path)
{
    struct lwc_dependency *dependency = NULL;
    size_t len = strlen(path);

    /* The first state counts: the backend may have read the file before a second change. */
    if (is_known(dependencies, path)) {
        return;
    }
    if (path[0] == '/' && len <= LWC_DEPENDENCY_PATH_MAX) {
        dependency = lwc_dependencies_next(dependencies);
    }
    if (dependency != NULL) {
        memcpy(dependency->path, path, len + 1);
    }
    if (dependency == NULL || !read_settled_state(dependency)) {
        dependencies->is_complete = false;
        return;
    }
    dependencies->count++;
}

static void hash_variable(const char *name, const char *value,
                          uint8_t hash_out[static LWC_HASH_LEN])
{
    struct lwc_hash hash;

    lwc_hash_begin(&hash, "lwcred setting 1");
    lwc_hash_add_text(&hash, name);
    lwc_hash_add_text(&hash, value);
    lwc_hash_end(&hash, hash_out);
}

static const struct lwc_variable *find_variable(const struct lwc_dependencies *dependencies,
                                                const char *name)
{
    for (size_t i = 0; i < dependencies->variable_count; i++) {
        if (lwc_streq(dependencies->variable[i].name, name)) {
            return &dependencies->variable[i];
        }
    }
    return NULL;
}

void lwc_dependencies_note(struct lwc_dependencies *dependencies, const char *name,
                           const char *value)
{
    const struct lwc_variable *known = find_variable(dependencies, name);
    struct lwc_variable *variable = NULL;
    uint8_t hash[LWC_HASH_LEN];
    size_t len = strlen(name);

    hash_variable(name, value, hash);
    if (known != NULL && memcmp(known->hash, hash, sizeof hash) == 0) {
        return;
    }
    if (known == NULL && len > 0 && len <= LWC_VARIABLE_NAME_MAX) {
        variable = lwc_dependencies_next_variable(dependencies);
    }
    if (variable == NULL) {
        dependencies->is_unsettled = true;
        dependencies->is_complete = false;
        return;
    }
    memcpy(variable->name, name, len + 1);
    memcpy(variable->hash, hash, sizeof hash);
    dependencies->variable_count++;
}

bool lwc_dependencies_merge(struct lwc_dependencies *dependencies,
                            const struct lwc_dependencies *from)
{
    for (size_t i = 0; i < from->count; i++) {
        struct lwc_dependency *file = NULL;

        if (is_known(dependencies, from->file[i].path)) {
            continue;
        }
        file = lwc_dependencies_next(dependencies);
        if (file == NULL) {
            return false;
        }
        *file = from->file[i];
        dependencies->count++;
    }
    for (size_t i = 0; i < from->variable_count; i++) {
        struct lwc_variable *variable = NULL;

        if (find_variable(dependencies, from->variable[i].name) != NULL) {
            continue;
        }
        variable = lwc_dependencies_next_variable(dependencies);
        if (variable == NULL) {
            return false;
        }
        *variable = from->variable[i];
        dependencies->variable_count++;
    }
    return true;
}

static bool file_holds(const struct lwc_dependency *then)
{
    struct lwc_dependency now = {0};

    memcpy(now.path, then->path, sizeof now.path);
    return read_state(&now) && now.dev == then->dev && now.ino == then->ino &&
           now.size == then->size && now.mtime_ns == then->mtime_ns &&
           now.ctime_ns == then->ctime_ns;
}

static bool variable_holds(const struct lwc_variable *then, const struct lwc_host *host)
{
    uint8_t now[LWC_HASH_LEN];

    hash_variable(then->name, host->setting(host->data, then->name), now);
    return memcmp(now, then->hash, sizeof now) == 0;
}

bool lwc_dependencies_hold(const struct lwc_dependencies *dependencies, const struct lwc_host *host)
{
    for (size_t i = 0; i < dependencies->variable_count; i++) {
        if (!variable_holds(&dependencies->variable[i], host)) {
            return false;
        }
    }
    for (size_t i = 0; i < dependencies->count; i++) {
        if (!file_holds(&dependencies->file[i])) {
            return false;
        }
    }
    return dependencies->is_complete;
}
