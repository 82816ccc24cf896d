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
 * in a tmpfs.  A helper that fails, fails the test.
 */

#define CACHE_FIXTURE_SEALING "a-secret-with-which-entries-are-sealed"

struct cache_fixture {
    struct keys *keys; /* with the name of the entry */
    struct tmpdir *dir;
    struct lwc_buf *sealing;
};

/* cmocka fixture: *state is the struct cache_fixture. */
int cache_fixture_setup(void **state);
int cache_fixture_teardown(void **state);

/* For __wrap_keyctl_read_alloc(): the test's key alone, so that the user's own stay. */
int cache_fixture_list(const struct cache_fixture *fixture, void **bytes_out);

struct lwc_cache cache_fixture_of(const struct cache_fixture *fixture, enum lwc_cache_mode mode);

/* Write a token; and another one that can be told from it. */
enum lwc_code cache_fixture_write(const struct cache_fixture *fixture,
                                  const struct lwc_cache *cache, struct lwc_error *err);
enum lwc_code cache_fixture_write_other(const struct cache_fixture *fixture,
                                        const struct lwc_cache *cache);

void cache_fixture_assert_read(const struct cache_fixture *fixture, const struct lwc_cache *cache);
void cache_fixture_assert_read_other(const struct cache_fixture *fixture,
                                     const struct lwc_cache *cache);
void cache_fixture_assert_missed(const struct cache_fixture *fixture,
                                 const struct lwc_cache *cache);

/* Is there an entry of the test's name, valid or not? */
bool cache_fixture_lies_in(const struct cache_fixture *fixture, const struct lwc_place *place);

/* Places with such an entry: bit 0 is the keyring, 1 runtime, 2 sealed. */
unsigned int cache_fixture_where(const struct cache_fixture *fixture);

#endif
