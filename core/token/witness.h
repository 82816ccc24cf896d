/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_TOKEN_WITNESS_H
#define CORE_TOKEN_WITNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/util.h"

/*
 * Files on which an answer depends (lwc_host.depends): while they stay the same, a cached answer
 * may be given without asking the backends again.
 */

#define LWC_WITNESSES_MAX 8
#define LWC_WITNESS_PATH_MAX 1023

/* A file as stat(2) saw it, links followed; all zero if there was none. */
struct lwc_witness {
    char path[LWC_WITNESS_PATH_MAX + 1]; /* absolute */
    uint64_t dev;
    uint64_t ino;
    int64_t size;
    int64_t mtime_ns;
    int64_t ctime_ns;
};

/*
 * All zero at first.  file has room for LWC_WITNESSES_MAX, or is NULL; is_complete is false where
 * one could not be kept: then nothing may be cached for the query.
 */
struct lwc_witnesses {
    struct lwc_witness *file;
    size_t count;
    bool is_complete;
};

/* Free; all zero again. */
void lwc_witnesses_clear(struct lwc_witnesses *witnesses);

/* Move: @witnesses is all zero again. */
struct lwc_witnesses lwc_witnesses_take(struct lwc_witnesses *witnesses) LWC_RESULT;

/* None, and complete. */
void lwc_witnesses_reset(struct lwc_witnesses *witnesses);

/* Room for one more, all zero, that is not counted yet; NULL if there is none. */
struct lwc_witness *lwc_witnesses_next(struct lwc_witnesses *witnesses) LWC_RESULT;

/* Look at @path now and remember it; the same path again is remembered once. */
void lwc_witnesses_add(struct lwc_witnesses *witnesses, const char *path);

/* Are all of them as they were? */
bool lwc_witnesses_hold(const struct lwc_witnesses *witnesses);

#endif
