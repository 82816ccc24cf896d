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

int cachebed_setup(void **state)
{
    struct cachebed *bed = calloc(1, sizeof *bed);
    void *keys = NULL;
    void *dir = NULL;

    (void)setenv("TMPDIR", "/dev/shm", 1);
    if (bed == NULL || keys_setup(&keys) != 0 || places_setup(&dir) != 0 ||
        lwc_buf_copy(CACHEBED_SEALING, strlen(CACHEBED_SEALING), &bed->sealing, NULL) != LWC_OK) {
        return -1;
    }
    bed->keys = keys;
    bed->dir = dir;
    *state = bed;
    return 0;
}

int cachebed_teardown(void **state)
{
    struct cachebed *bed = *state;
    void *keys = bed->keys;
    void *dir = bed->dir;
    int failed = keys_teardown(&keys) != 0 || tmpdir_teardown(&dir) != 0;

    lwc_buf_free(&bed->sealing);
    free(bed);
    return failed ? -1 : 0;
}

int cachebed_list(const struct cachebed *bed, void **bytes_out)
{
    key_serial_t own = (key_serial_t)keys_find(bed->keys);
    key_serial_t *block = calloc(1, sizeof own);

    assert_non_null(block);
    *block = own;
    *bytes_out = block;
    return own > 0 ? (int)sizeof own : 0;
}

struct lwc_cache cachebed_of(const struct cachebed *bed, enum lwc_cache_mode mode)
{
    return (struct lwc_cache){.mode = mode, .sealing = bed->sealing};
}

enum lwc_code cachebed_write(const struct cachebed *bed, const struct lwc_cache *cache,
                             struct lwc_error *err)
{
    LWC_AUTO_ENTRY entry = entries_token();

    return lwc_cache_write(cache, bed->keys->name, entry, KEYS_LIFE_S, err);
}

enum lwc_code cachebed_write_other(const struct cachebed *bed, const struct lwc_cache *cache)
{
    LWC_AUTO_ENTRY entry = entries_token();

    entry->lifetime_s = OTHER_LIFETIME_S;
    return lwc_cache_write(cache, bed->keys->name, entry, KEYS_LIFE_S, NULL);
}

static enum lwc_code read_token(const struct cachebed *bed, const struct lwc_cache *cache,
                                int64_t *lifetime_s_out)
{
    LWC_AUTO_ENTRY entry = NULL;
    enum lwc_code code = lwc_cache_read(cache, bed->keys->name, LWC_ENTRY_TOKEN, &entry);

    if (code == LWC_OK) {
        assert_int_equal(entry->kind, LWC_ENTRY_TOKEN);
        assert_string_equal(lwc_buf_text(entry->text), ENTRIES_TOKEN_TEXT);
        *lifetime_s_out = entry->lifetime_s;
    } else {
        assert_null(entry);
    }
    return code;
}

void cachebed_assert_read(const struct cachebed *bed, const struct lwc_cache *cache)
{
    int64_t lifetime_s = 0;

    assert_int_equal(read_token(bed, cache, &lifetime_s), LWC_OK);
    assert_int_not_equal(lifetime_s, OTHER_LIFETIME_S);
}

void cachebed_assert_read_other(const struct cachebed *bed, const struct lwc_cache *cache)
{
    int64_t lifetime_s = 0;

    assert_int_equal(read_token(bed, cache, &lifetime_s), LWC_OK);
    assert_int_equal(lifetime_s, OTHER_LIFETIME_S);
}

void cachebed_assert_missed(const struct cachebed *bed, const struct lwc_cache *cache)
{
    int64_t lifetime_s = 0;

    assert_int_equal(read_token(bed, cache, &lifetime_s), LWC_E_NOT_FOUND);
}

bool cachebed_lies_in(const struct cachebed *bed, const struct lwc_place *place)
{
    LWC_AUTO_BUF bytes = entries_empty_secret();

    return place->read(bed->keys->name, bytes, NULL) == LWC_OK;
}

unsigned int cachebed_where(const struct cachebed *bed)
{
    return (cachebed_lies_in(bed, &lwc_place_keyring) ? 1u : 0) |
           (cachebed_lies_in(bed, &lwc_place_runtime) ? 2u : 0) |
           (cachebed_lies_in(bed, &lwc_place_sealed) ? 4u : 0);
}
