/* SPDX-License-Identifier: Apache-2.0 */
#include "token/witness.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/util.h"

#define NS_PER_S UINT64_C(1000000000)

void lwc_witnesses_clear(struct lwc_witnesses *witnesses)
{
    free(witnesses->file);
    *witnesses = (struct lwc_witnesses){.file = NULL};
}

struct lwc_witnesses lwc_witnesses_take(struct lwc_witnesses *witnesses)
{
    struct lwc_witnesses taken = *witnesses;

    *witnesses = (struct lwc_witnesses){.file = NULL};
    return taken;
}

void lwc_witnesses_reset(struct lwc_witnesses *witnesses)
{
    witnesses->count = 0;
    witnesses->is_complete = true;
}

struct lwc_witness *lwc_witnesses_next(struct lwc_witnesses *witnesses)
{
    if (witnesses->file == NULL) {
        witnesses->file = malloc(LWC_WITNESSES_MAX * sizeof *witnesses->file);
    }
    if (witnesses->file == NULL || witnesses->count >= LWC_WITNESSES_MAX) {
        return NULL;
    }
    return memset(&witnesses->file[witnesses->count], 0, sizeof *witnesses->file);
}

/* Wraps round in the year 2262; only equality counts. */
static int64_t to_ns(const struct timespec *time)
{
    return (int64_t)((uint64_t)time->tv_sec * NS_PER_S + (uint64_t)time->tv_nsec);
}

/* Look at witness->path and fill in the rest.  False if that cannot be told. */
static bool look(struct lwc_witness *witness)
{
    struct stat st = {0};
    int saved = errno;

    if (stat(witness->path, &st) != 0) {
        bool absent = errno == ENOENT || errno == ENOTDIR;

        errno = saved;
        return absent;
    }
    witness->dev = st.st_dev;
    witness->ino = st.st_ino;
    witness->size = st.st_size;
    witness->mtime_ns = to_ns(&st.st_mtim);
    witness->ctime_ns = to_ns(&st.st_ctim);
    return true;
}

static bool is_known(const struct lwc_witnesses *witnesses, const char *path)
{
    for (size_t i = 0; i < witnesses->count; i++) {
        if (lwc_streq(witnesses->file[i].path, path)) {
            return true;
        }
    }
    return false;
}

void lwc_witnesses_add(struct lwc_witnesses *witnesses, const char *path)
{
    struct lwc_witness *witness = NULL;
    size_t len = strlen(path);

    /* The first look counts: what was read after it may be older than a second look. */
    if (is_known(witnesses, path)) {
        return;
    }
    if (path[0] == '/' && len <= LWC_WITNESS_PATH_MAX) {
        witness = lwc_witnesses_next(witnesses);
    }
    if (witness != NULL) {
        memcpy(witness->path, path, len + 1);
    }
    if (witness == NULL || !look(witness)) {
        witnesses->is_complete = false;
        return;
    }
    witnesses->count++;
}

static bool holds(const struct lwc_witness *then)
{
    struct lwc_witness now = {0};

    memcpy(now.path, then->path, sizeof now.path);
    return look(&now) && now.dev == then->dev && now.ino == then->ino && now.size == then->size &&
           now.mtime_ns == then->mtime_ns && now.ctime_ns == then->ctime_ns;
}

bool lwc_witnesses_hold(const struct lwc_witnesses *witnesses)
{
    for (size_t i = 0; i < witnesses->count; i++) {
        if (!holds(&witnesses->file[i])) {
            return false;
        }
    }
    return witnesses->is_complete;
}
