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

/* A setting that a backend read: the hash of its name and value, of which NULL is one. */
struct lwc_variable {
    char name[LWC_VARIABLE_NAME_MAX + 1];
    uint8_t hash[LWC_HASH_LEN];
};

/*
 * All zero at first.  is_complete is false where one could not be kept: then nothing may be cached
 * for the query.  is_unsettled: a setting could not be kept, or changed in between.
 */
struct lwc_dependencies {
    struct lwc_dependency *file;
    size_t count;
    struct lwc_variable *variable;
    size_t variable_count;
    bool is_complete;
    bool is_unsettled;
};

/* Free; all zero again. */
void lwc_dependencies_clear(struct lwc_dependencies *witnesses);

/* Copies @from to *copy_out, to be cleared; false, and nothing written, without memory. */
bool lwc_dependencies_copy(const struct lwc_dependencies *from, struct lwc_dependencies *copy_out)
    LWC_RESULT;

/*
 * Adds what @from depends on, as it was then, where @witnesses does not know it.  False, and
 * perhaps some of it added, where there is no room.
 */
bool lwc_dependencies_merge(struct lwc_dependencies *witnesses, const struct lwc_dependencies *from)
    LWC_RESULT;

/*
 * Forgets the files, but keeps the settings: a backend reads its own when it is opened, and what it
 * read decides every later answer.  Complete, unless unsettled.
 */
void lwc_dependencies_reset(struct lwc_dependencies *witnesses);

/*
 * Room for one more, all zero, that is not counted yet; NULL if there is none.  The others may
 * move.
 */
struct lwc_dependency *lwc_dependencies_next(struct lwc_dependencies *witnesses) LWC_RESULT;

/* Room for one more setting, by the same rules. */
struct lwc_variable *lwc_dependencies_next_variable(struct lwc_dependencies *witnesses) LWC_RESULT;

/*
 * Looks at @path now and remembers it; the same path again is remembered once.  A file that changed
 * within the last ticks of the kernel's clock is looked at once more a moment later, so that no
 * later change can leave its time as it is.
 */
void lwc_dependencies_add(struct lwc_dependencies *witnesses, const char *path);

/* Remembers that setting @name has @value, which may be NULL. */
void lwc_dependencies_note(struct lwc_dependencies *witnesses, const char *name, const char *value);

/* Are all of them as they were?  @host tells the settings of now. */
bool lwc_dependencies_hold(const struct lwc_dependencies *witnesses, const struct lwc_host *host);

#endif
