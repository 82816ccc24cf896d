/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cache_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <keyutils.h>

#include "tests/support/entries.h"
#include "tests/support/places.h"

#define OTHER_LIFETIME_S 77

int cache_fixture_setup(void **state)
{
    struct cache_fixture *fixture = calloc(1, sizeof *fixture);
    void *keys = NULL;
    void *dir = NULL;

    (void)setenv("TMPDIR", "/dev/shm", 1);
    if (fixture == NULL || keys_setup(&keys) != 0 || places_setup(&dir) != 0 ||
        lwc_buf_copy(CACHE_FIXTURE_SEALING, strlen(CACHE_FIXTURE_SEALING), &fixture->sealing,
                     NULL) != LWC_OK) {
        return -1;
    }
    fixture->keys = keys;
    fixture->dir = dir;
    *state = fixture;
    return 0;
}

int cache_fixture_teardown(void **state)
{
    struct cache_fixture *fixture = *state;
    void *keys = fixture->keys;
    void *dir = fixture->dir;
    int failed = keys_teardown(&keys) != 0 || tmpdir_teardown(&dir) != 0;

    lwc_buf_free(&fixture->sealing);
    free(fixture);
    return failed ? -1 : 0;
}

int cache_fixture_list(const struct cache_fixture *fixture, void **bytes_out)
{
    key_serial_t own = (key_serial_t)keys_find(fixture->keys);
    key_serial_t *block = calloc(1, sizeof own);

    assert_non_null(block);
    *block = own;
    *bytes_out = block;
    return own > 0 ? (int)sizeof own : 0;
}

struct lwc_cache cache_fixture_of(const struct cache_fixture *fixture, enum lwc_cache_mode mode)
{
    return (struct lwc_cache){.mode = mode, .sealing = fixture->sealing};
}

enum lwc_code cache_fixture_write(const struct cache_fixture *fixture,
                                  const struct lwc_cache *cache, struct lwc_error *err)
{
    LWC_AUTO_ENTRY entry = entries_token();

    return lwc_cache_write(cache, fixture->keys->name, entry, KEYS_LIFE_S, err);
}

enum lwc_code cache_fixture_write_other(const struct cache_fixture *fixture,
                                        const struct lwc_cache *cache)
{
    LWC_AUTO_ENTRY entry = entries_token();

    entry->lifetime_s = OTHER_LIFETIME_S;
    return lwc_cache_write(cache, fixture->keys->name, entry, KEYS_LIFE_S, NULL);
}

static enum lwc_code read_token(const struct cache_fixture *fixture, const struct lwc_cache *cache,
                                int64_t *lifetime_s_out)
{
    LWC_AUTO_ENTRY entry = NULL;
    enum lwc_code code = lwc_cache_read(cache, fixture->keys->name, LWC_ENTRY_TOKEN, &entry);

    if (code == LWC_OK) {
        assert_int_equal(entry->kind, LWC_ENTRY_TOKEN);
        assert_string_equal(lwc_buf_text(entry->text), ENTRIES_TOKEN_TEXT);
        *lifetime_s_out = entry->lifetime_s;
    } else {
        assert_null(entry);
    }
    return code;
}

void cache_fixture_assert_read(const struct cache_fixture *fixture, const struct lwc_cache *cache)
{
    int64_t lifetime_s = 0;

    assert_int_equal(read_token(fixture, cache, &lifetime_s), LWC_OK);
    assert_int_not_equal(lifetime_s, OTHER_LIFETIME_S);
}

void cache_fixture_assert_read_other(const struct cache_fixture *fixture,
                                     const struct lwc_cache *cache)
{
    int64_t lifetime_s = 0;

    assert_int_equal(read_token(fixture, cache, &lifetime_s), LWC_OK);
    assert_int_equal(lifetime_s, OTHER_LIFETIME_S);
}

void cache_fixture_assert_missed(const struct cache_fixture *fixture, const struct lwc_cache *cache)
{
    int64_t lifetime_s = 0;

    assert_int_equal(read_token(fixture, cache, &lifetime_s), LWC_E_NOT_FOUND);
}

bool cache_fixture_lies_in(const struct cache_fixture *fixture, const struct lwc_place *place)
{
    LWC_AUTO_BUF bytes = entries_empty_secret();

    return place->read(fixture->keys->name, bytes, NULL) == LWC_OK;
}

unsigned int cache_fixture_where(const struct cache_fixture *fixture)
{
    return (cache_fixture_lies_in(fixture, &lwc_place_keyring) ? 1u : 0) |
           (cache_fixture_lies_in(fixture, &lwc_place_runtime) ? 2u : 0) |
           (cache_fixture_lies_in(fixture, &lwc_place_sealed) ? 4u : 0);
}
