/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CACHE_PLACE_H
#define CORE_CACHE_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buffer.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/text.h"

/*
 * A place for cache entries.  An entry has a name, LWC_HASH_HEX_LEN - 1 lower-case hex digits.
 *
 * MUST:
 *  1. Nothing is ever on a disk in plain text, nothing in /tmp.
 *  2. Other users can neither read nor change an entry.
 *  3. An entry that cannot be read for any reason (quota, policy, expired, revoked, foreign,
 *     damaged) is a miss: LWC_E_NOT_FOUND or LWC_E_UNAVAILABLE, never more.
 *  4. A place that the kernel could kill us for is tried in a child first.
 *
 * LWC_E_UNAVAILABLE: this place cannot be used here; try the next.
 */
#define LWC_ENTRY_USUAL ((size_t)2048) /* most entries are smaller */

struct lwc_place {
    const char *name; /* for people: "keyring", "runtime", "sealed" */

    /* Reads entry @name into @bytes (reset first), at most LWC_ENTRY_MAX. */
    enum lwc_code (*read)(const char *name, struct lwc_buf *bytes, struct lwc_error *err);

    /*
     * Writes or replaces an entry; the place may forget it after @life_s seconds.  LWC_E_IO: the
     * place can be used, but writing failed (disk full).
     */
    enum lwc_code (*write)(const char *name, const void *bytes, size_t len, int64_t life_s,
                           struct lwc_error *err);

    /* Removes an entry; LWC_OK if it is absent. */
    enum lwc_code (*remove)(const char *name, struct lwc_error *err);

    /* Calls @visit with the name of each entry, which may be removed meanwhile. */
    enum lwc_code (*each)(void (*visit)(void *data, const char *name), void *data,
                          struct lwc_error *err);
};

/* Returns whether @text can be the name of an entry. */
static inline bool lwc_place_is_name(const char *text)
{
    return strlen(text) == LWC_HASH_HEX_LEN - 1 &&
           lwc_text_span(text, "0123456789abcdef") == LWC_HASH_HEX_LEN - 1;
}

/*
 * The user's kernel keyring (user-keyring(7)), keys "lwcred:NAME" of type "user".  Readable by
 * other sessions of the same user; with a kernel time-out; updated in place.
 */
extern const struct lwc_place lwc_place_keyring;

/*
 * "lwcred" in $XDG_RUNTIME_DIR, or else in /run/user/UID: only if that is ours, mode 0700, on
 * tmpfs.
 */
extern const struct lwc_place lwc_place_runtime;

/*
 * "lwcred" in $XDG_CACHE_HOME or ~/.cache.  A disk: callers seal the bytes before they write.
 */
extern const struct lwc_place lwc_place_sealed;

#endif
