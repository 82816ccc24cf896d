/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <keyutils.h>

#include "base/util.h"
#include "tests/support/cache_fixture.h"
#include "tests/support/entries.h"

static struct cachebed *current;

int __wrap_keyctl_read_alloc(key_serial_t ring, void **bytes_out);

int __wrap_keyctl_read_alloc(key_serial_t ring, void **bytes_out)
{
    (void)ring;
    return cachebed_list(current, bytes_out);
}

static int setup(void **state)
{
    int result = cachebed_setup(state);

    current = *state;
    return result;
}

/* The entry of the test as it lies in @place. */
static struct lwc_buf *raw(const struct cachebed *bed, const struct lwc_place *place)
{
    struct lwc_buf *bytes = entries_empty_secret();

    assert_int_equal(place->read(bed->keys->name, bytes, NULL), LWC_OK);
    return bytes;
}

static void assert_missed_with(const struct cachebed *bed, const struct lwc_cache *cache,
                               const struct lwc_place *place, const uint8_t *bytes, size_t len)
{
    keys_wait_for_room();
    assert_int_equal(place->write(bed->keys->name, bytes, len, KEYS_LIFE_S, NULL), LWC_OK);
    cachebed_assert_missed(bed, cache);
    assert_false(cachebed_lies_in(bed, place));
}

/* Cut at every length, and each byte changed in turn. */
static void check_damage(const struct cachebed *bed, enum lwc_cache_mode mode,
                         const struct lwc_place *place)
{
    struct lwc_cache cache = cachebed_of(bed, mode);
    LWC_AUTO_BUF good = NULL;
    LWC_AUTO_FREE uint8_t *bytes = NULL;
    size_t whole = 0;

    assert_int_equal(cachebed_write(bed, &cache, NULL), LWC_OK);
    good = raw(bed, place);
    whole = lwc_buf_len(good);
    bytes = entries_copy(lwc_buf_bytes(good), whole);
    for (size_t i = 0; i < whole; i++) {
        if (i > 0) { /* no key is empty */
            assert_missed_with(bed, &cache, place, bytes, i);
        }
        bytes[i] ^= 1;
        assert_missed_with(bed, &cache, place, bytes, whole);
        bytes[i] ^= 1;
    }
}

static void damaged_entry_is_a_miss_and_removed(void **state)
{
    struct cachebed *bed = *state;
    check_damage(bed, LWC_CACHE_KEYRING, &lwc_place_keyring);
    check_damage(bed, LWC_CACHE_RUNTIME, &lwc_place_runtime);
    check_damage(bed, LWC_CACHE_SEALED, &lwc_place_sealed);
}

static void damaged_entry_does_not_hide_a_good_one(void **state)
{
    struct cachebed *bed = *state;
    struct lwc_cache cache = cachebed_of(bed, LWC_CACHE_AUTO);
    struct lwc_cache runtime = cachebed_of(bed, LWC_CACHE_RUNTIME);

    assert_int_equal(cachebed_write(bed, &runtime, NULL), LWC_OK);
    assert_int_equal(lwc_place_keyring.write(bed->keys->name, "junk", 4, KEYS_LIFE_S, NULL),
                     LWC_OK);
    cachebed_assert_read(bed, &cache);
    assert_int_equal(cachebed_where(bed), 2);
}

static void sealed_file_shows_nothing(void **state)
{
    struct cachebed *bed = *state;
    static const char *const words[] = {ENTRIES_TOKEN_TEXT,
                                        "prod",
                                        "acme.lacework.net",
                                        "localhost:8443",
                                        "ACME_KEY",
                                        "sub",
                                        "file",
                                        ENTRIES_BOOT_ID_TEXT,
                                        CACHEBED_SEALING};
    struct lwc_cache cache = cachebed_of(bed, LWC_CACHE_SEALED);
    char path[TMPDIR_PATH_LEN];
    char file[LWC_ENTRY_MAX];
    char relative[TMPDIR_PATH_LEN];
    ssize_t len = 0;
    int fd = -1;

    assert_int_equal(cachebed_write(bed, &cache, NULL), LWC_OK);
    (void)snprintf(relative, sizeof relative, "cache/lwcred/%s", bed->keys->name);
    fd = open(tmpdir_join(bed->dir, relative, path), O_RDONLY);
    assert_true(fd >= 0);
    len = read(fd, file, sizeof file);
    assert_int_equal(close(fd), 0);
    assert_true(len > 0);
    for (size_t i = 0; i < LWC_ARRAY_LEN(words); i++) {
        print_message("%s\n", words[i]);
        assert_null(memmem(file, (size_t)len, words[i], strlen(words[i])));
    }
}

static void plain_entry_in_the_sealed_place_is_not_believed(void **state)
{
    struct cachebed *bed = *state;
    struct lwc_cache cache = cachebed_of(bed, LWC_CACHE_SEALED);
    const struct entries_sample *sample = &entries_samples[ENTRIES_TOKEN];

    assert_int_equal(
        lwc_place_sealed.write(bed->keys->name, sample->bytes, sample->len, KEYS_LIFE_S, NULL),
        LWC_OK);
    cachebed_assert_missed(bed, &cache);
    assert_int_equal(cachebed_where(bed), 0);
}

static void entry_under_another_name_is_not_believed(void **state)
{
    struct cachebed *bed = *state;
    static const struct {
        enum lwc_cache_mode mode;
        const struct lwc_place *place;
    } cases[] = {
        {LWC_CACHE_KEYRING, &lwc_place_keyring},
        {LWC_CACHE_RUNTIME, &lwc_place_runtime},
        {LWC_CACHE_SEALED, &lwc_place_sealed},
    };

    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_cache cache = cachebed_of(bed, cases[i].mode);
        LWC_AUTO_BUF bytes = NULL;
        char own = bed->keys->name[0];

        assert_int_equal(cachebed_write(bed, &cache, NULL), LWC_OK);
        bytes = raw(bed, cases[i].place);
        bed->keys->name[0] = own == '0' ? '1' : '0';
        assert_missed_with(bed, &cache, cases[i].place, lwc_buf_bytes(bytes), lwc_buf_len(bytes));
        bed->keys->name[0] = own;
    }
}

struct visits {
    size_t count;
    const char *place;
    bool remove;
};

static bool visit(void *data, const struct lwc_entry *entry, const char *place)
{
    struct visits *visits = data;

    visits->place = place;
    visits->count++;
    assert_string_equal(entry->identity.profile, "prod");
    return visits->remove;
}

static void entry_sealed_with_another_secret_is_skipped_and_when_read_removed(void **state)
{
    struct cachebed *bed = *state;
    LWC_AUTO_BUF other = NULL;
    struct lwc_cache cache = cachebed_of(bed, LWC_CACHE_SEALED);
    struct visits visits = {0};

    assert_int_equal(cachebed_write(bed, &cache, NULL), LWC_OK);
    assert_int_equal(lwc_buf_copy("another-secret", 14, &other, NULL), LWC_OK);
    cache.sealing = other;
    lwc_cache_each(&cache, visit, &visits);
    assert_int_equal(visits.count, 0);
    assert_int_equal(cachebed_where(bed), 4);
    cachebed_assert_missed(bed, &cache);
    assert_int_equal(cachebed_where(bed), 0);
}

static void each_visits_every_place_and_removes_on_demand(void **state)
{
    struct cachebed *bed = *state;
    static const struct {
        enum lwc_cache_mode mode;
        const char *place;
    } cases[] = {
        {LWC_CACHE_KEYRING, "keyring"},
        {LWC_CACHE_RUNTIME, "runtime"},
        {LWC_CACHE_SEALED, "sealed"},
    };
    struct lwc_cache automatic = cachebed_of(bed, LWC_CACHE_AUTO);
    struct lwc_cache none = cachebed_of(bed, LWC_CACHE_NONE);
    struct visits visits = {0};

    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_cache cache = cachebed_of(bed, cases[i].mode);

        assert_int_equal(cachebed_write(bed, &cache, NULL), LWC_OK);
        visits.count = 0;
        lwc_cache_each(&cache, visit, &visits);
        assert_int_equal(visits.count, 1);
        assert_string_equal(visits.place, cases[i].place);
    }
    lwc_cache_each(&none, visit, &visits);
    assert_int_equal(visits.count, 1);
    visits.remove = true;
    lwc_cache_each(&automatic, visit, &visits);
    assert_int_equal(visits.count, 4);
    assert_int_equal(cachebed_where(bed), 0);
}

static void each_removes_what_is_damaged(void **state)
{
    struct cachebed *bed = *state;
    struct lwc_cache cache = cachebed_of(bed, LWC_CACHE_AUTO);
    struct visits visits = {0};

    assert_int_equal(lwc_place_keyring.write(bed->keys->name, "junk", 4, KEYS_LIFE_S, NULL),
                     LWC_OK);
    assert_int_equal(lwc_place_runtime.write(bed->keys->name, "junk", 4, KEYS_LIFE_S, NULL),
                     LWC_OK);
    lwc_cache_each(&cache, visit, &visits);
    assert_int_equal(visits.count, 0);
    assert_int_equal(cachebed_where(bed), 0);
}

static void clear_empties_all_places(void **state)
{
    struct cachebed *bed = *state;
    assert_int_equal(lwc_cache_clear(), 0);
    assert_int_equal(lwc_place_keyring.write(bed->keys->name, "junk", 4, KEYS_LIFE_S, NULL),
                     LWC_OK);
    assert_int_equal(lwc_place_runtime.write(bed->keys->name, "junk", 4, KEYS_LIFE_S, NULL),
                     LWC_OK);
    assert_int_equal(lwc_place_sealed.write(bed->keys->name, "junk", 4, KEYS_LIFE_S, NULL), LWC_OK);
    assert_int_equal(lwc_cache_clear(), 3);
    assert_int_equal(cachebed_where(bed), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, cachebed_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(damaged_entry_is_a_miss_and_removed),
        TEST(damaged_entry_does_not_hide_a_good_one),
        TEST(sealed_file_shows_nothing),
        TEST(plain_entry_in_the_sealed_place_is_not_believed),
        TEST(entry_under_another_name_is_not_believed),
        TEST(entry_sealed_with_another_secret_is_skipped_and_when_read_removed),
        TEST(each_visits_every_place_and_removes_on_demand),
        TEST(each_removes_what_is_damaged),
        TEST(clear_empties_all_places),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
