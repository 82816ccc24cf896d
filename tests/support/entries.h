/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_ENTRIES_H
#define TESTS_SUPPORT_ENTRIES_H

#include <stddef.h>

#include "cache/entry.h"

/* A cache entry of each kind, as a value and as its encoded bytes. */

#define ENTRIES_BOOT_ID_TEXT "01234567-89ab-cdef-0123-456789abcdef"
#define ENTRIES_TOKEN_TEXT "_very-secret-token.0123=="
#define ENTRIES_TARGET_TEXT "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define ENTRIES_SCOPE_TEXT "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"
#define ENTRIES_HASH_TEXT "hash of a setting, 32 bytes long"

enum { ENTRIES_TOKEN, ENTRIES_REFERENCE, ENTRIES_COUNT };

extern const struct entries_sample {
    const char *name;
    struct lwc_entry *(*make)(void);
    const char *bytes;
    size_t len;
} entries_samples[ENTRIES_COUNT];

/* Owned by the caller.  They fail the test where they fail. */
struct lwc_entry *entries_token(void);
struct lwc_entry *entries_reference(void);

/* Adds a file on which @entry depends, for the caller to fill in; borrowed. */
struct lwc_dependency *entries_add_file(struct lwc_entry *entry, const char *path);

/* Adds a setting on which @entry depends. */
void entries_add_variable(struct lwc_entry *entry, const char *name);

/* A secret without bytes, owned by the caller. */
struct lwc_buf *entries_empty_secret(void);

/* Memory of exactly @len bytes, so that a read beyond the end is noticed; free() it. */
void *entries_copy(const void *bytes, size_t len);

#endif
