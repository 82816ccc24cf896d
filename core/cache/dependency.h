/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CACHE_DEPENDENCY_H
#define CORE_CACHE_DEPENDENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lwcred/backend.h>

#include "base/crypto.h"
#include "base/util.h"

/*
 * Files and settings on which an answer depends (lwc_host.depends, lwc_host.setting): while they
 * stay the same, a cached answer may be given without asking the backends again.
 */

#define LWC_DEPENDENCIES_MAX 8
#define LWC_DEPENDENCY_PATH_MAX 1023
#define LWC_VARIABLES_MAX 32
#define LWC_VARIABLE_NAME_MAX 127

/* A file as stat(2) saw it, links followed; all zero if there was none. */
struct lwc_dependency {
    char path[LWC_DEPENDENCY_PATH_MAX + 1]; /* absolute */
    uint64_t dev;
    uint64_t ino;
    int64_t size;
    int64_t mtime_ns;
    int64_t ctime_ns;
};

/* A setting that a backend read: the hash of its name and value, which may be NULL. */
struct lwc_variable {
    char name[LWC_VARIABLE_NAME_MAX + 1];
    uint8_t hash[LWC_HASH_LEN];
};

/*
 * All zero at first.  is_complete is false if a dependency could not be kept: then nothing may be
 * cached for the query.  is_unsettled: a setting could not be kept, or changed in between.
 */
struct lwc_dependencies {
    struct lwc_dependency *file;
    size_t count;
    struct lwc_variable *variable;
    size_t variable_count;
    bool is_complete;
    bool is_unsettled;
};

/* Frees all; all zero again. */
void lwc_dependencies_clear(struct lwc_dependencies *dependencies);

/* Copies @from to *copy_out, to be cleared; returns false, and writes nothing, without memory. */
bool lwc_dependencies_copy(const struct lwc_dependencies *from, struct lwc_dependencies *copy_out)
    LWC_RESULT;

/*
 * Adds the dependencies of @from that @dependencies lacks, with their state.  Returns false, perhaps
 * after adding some, without room.
 */
bool lwc_dependencies_merge(struct lwc_dependencies *dependencies,
                            const struct lwc_dependencies *from) LWC_RESULT;

/*
 * Forgets the files, but keeps the settings: those that a backend reads when it is opened decide
 * every later answer.  Complete, unless unsettled.
 */
void lwc_dependencies_reset(struct lwc_dependencies *dependencies);

/*
 * Returns room for a file, all zero and not counted yet, or NULL without room.  The others may
 * move.
 */
struct lwc_dependency *lwc_dependencies_next(struct lwc_dependencies *dependencies) LWC_RESULT;

/* Returns room for a setting, by the same rules. */
struct lwc_variable *lwc_dependencies_next_variable(struct lwc_dependencies *dependencies)
    LWC_RESULT;

/*
 * Adds @path with its present state, once.  A file that changed within the last ticks of the
 * kernel's clock is read again a moment later, so that no later change can keep its time.
 */
void lwc_dependencies_add(struct lwc_dependencies *dependencies, const char *path);

/* Adds setting @name with @value, which may be NULL. */
void lwc_dependencies_note(struct lwc_dependencies *dependencies, const char *name,
                           const char *value);

/* Returns whether all dependencies are unchanged; @host gives the present settings. */
bool lwc_dependencies_hold(const struct lwc_dependencies *dependencies,
                           const struct lwc_host *host);

#endif
