/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_UTIL_H
#define CORE_BASE_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LWC_ARRAY_LEN(a) (sizeof(a) / sizeof(0 [a]))
#define LWC_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define LWC_RESULT __attribute__((warn_unused_result))

/* Yields pointer @p and sets it to NULL, so that its cleanup does nothing: ownership moves on. */
#define LWC_TAKE(p)                     \
    __extension__({                     \
        __typeof__(p) lwc_taken_ = (p); \
        (p) = NULL;                     \
        lwc_taken_;                     \
    })

/* Yields descriptor @fd and sets it to -1. */
#define LWC_TAKE_FD(fd)        \
    __extension__({            \
        int lwc_taken_ = (fd); \
        (fd) = -1;             \
        lwc_taken_;            \
    })

/* Owners that clean up when they leave scope; initialise them to NULL or -1. */
#define LWC_AUTO(type, freer) __attribute__((cleanup(freer))) type

#define LWC_AUTO_FREE __attribute__((cleanup(lwc_auto_free_)))
#define LWC_AUTO_CLOSE __attribute__((cleanup(lwc_auto_close_)))

static inline void lwc_auto_free_(void *p)
{
    free(*(void **)p);
}

/* For descriptors whose close() cannot lose data: read only, or fsynced before. */
static inline void lwc_auto_close_(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

static inline bool lwc_streq(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static inline bool lwc_is_set(const char *text)
{
    return text != NULL && text[0] != '\0';
}

#endif
