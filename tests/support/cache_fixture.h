/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_CACHE_FIXTURE_H
#define TESTS_SUPPORT_CACHE_FIXTURE_H

#include <stdbool.h>

#include "cache/cache.h"
#include "cache/place.h"
#include "tests/support/keys.h"
#include "tests/support/tmpdir.h"

/*
 * A token cache with all its places: the real keyring under a name of its own, the directories
 * in a tmpfs.  Helpers fail the test where they fail.
 */

#define CACHEBED_SEALING "a-secret-with-which-entries-are-sealed"

struct cachebed {
    struct keys *keys; /* with the name of the entry */
    struct tmpdir *dir;
    struct lwc_buf *sealing;
};

/* cmocka fixture: *state is the struct cachebed. */
int cachebed_setup(void **state);
int cachebed_teardown(void **state);

/* For __wrap_keyctl_read_alloc(): the test's key alone, so that the user's own stay. */
int cachebed_list(const struct cachebed *bed, void **bytes_out);

struct lwc_cache cachebed_of(const struct cachebed *bed, enum lwc_cache_mode mode);

/* Write a token; and another one that can be told from it. */
enum lwc_code cachebed_write(const struct cachebed *bed, const struct lwc_cache *cache,
                             struct lwc_error *err);
enum lwc_code cachebed_write_other(const struct cachebed *bed, const struct lwc_cache *cache);

void cachebed_assert_read(const struct cachebed *bed, const struct lwc_cache *cache);
void cachebed_assert_read_other(const struct cachebed *bed, const struct lwc_cache *cache);
void cachebed_assert_missed(const struct cachebed *bed, const struct lwc_cache *cache);

/* Is there an entry of the test's name, whatever its worth? */
bool cachebed_lies_in(const struct cachebed *bed, const struct lwc_place *place);

/* The same for all: bit 0 is the keyring, 1 runtime, 2 sealed. */
unsigned int cachebed_where(const struct cachebed *bed);

#endif
