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

static struct cache_fixture *current;

int __wrap_keyctl_read_alloc(key_serial_t ring, void **bytes_out);

int __wrap_keyctl_read_alloc(key_serial_t ring, void **bytes_out)
{
    (void)ring;
    return cache_fixture_list(current, bytes_out);
}

static int setup(void **state)
{
    int result = cache_fixture_setup(state);

    current = *state;
    return result;
}

/* The entry of the test as it lies in @place. */
static struct lwc_buf *raw(const struct cache_fixture *fixture, const struct lwc_place *place)
{
    struct lwc_buf *bytes = entries_empty_secret();

    assert_int_equal(place->read(fixture->keys->name, bytes, NULL), LWC_OK);
    return bytes;
}

static void assert_missed_with(const struct cache_fixture *fixture, const struct lwc_cache *cache,
                               const struct lwc_place *place, const uint8_t *bytes, size_t len)
{
    keys_wait_for_room();
    assert_int_equal(place->write(fixture->keys->name, bytes, len, KEYS_LIFE_S, NULL), LWC_OK);
    cache_fixture_assert_missed(fixture, cache);
    assert_false(cache_fixture_lies_in(fixture, place));
}

/* Cut at every length, and each byte changed in turn. */
static void check_damage(const struct cache_fixture *fixture, enum lwc_cache_mode mode,
                         const struct lwc_place *place)
{
    struct lwc_cache cache = cache_fixture_of(fixture, mode);
    LWC_AUTO_BUF good = NULL;
    LWC_AUTO_FREE uint8_t *bytes = NULL;
    size_t whole = 0;

    assert_int_equal(cache_fixture_write(fixture, &cache, NULL), LWC_OK);
    good = raw(fixture, place);
    whole = lwc_buf_len(good);
    bytes = entries_copy(lwc_buf_bytes(good), whole);
    for (size_t i = 0; i < whole; i++) {
        if (i > 0) { /* no key is empty */
            assert_missed_with(fixture, &cache, place, bytes, i);
        }
        bytes[i] ^= 1;
        assert_missed_with(fixture, &cache, place, bytes, whole);
        bytes[i] ^= 1;
    }
}

static void damaged_entry_is_a_miss_and_removed(void **state)
{
    struct cache_fixture *fixture = *state;
    check_damage(fixture, LWC_CACHE_KEYRING, &lwc_place_keyring);
    check_damage(fixture, LWC_CACHE_RUNTIME, &lwc_place_runtime);
    check_damage(fixture, LWC_CACHE_SEALED, &lwc_place_sealed);
}

static void damaged_entry_does_not_hide_a_good_one(void **state)
{
    struct cache_fixture *fixture = *state;
    struct lwc_cache cache = cache_fixture_of(fixture, LWC_CACHE_AUTO);
    struct lwc_cache runtime = cache_fixture_of(fixture, LWC_CACHE_RUNTIME);

    assert_int_equal(cache_fixture_write(fixture, &runtime, NULL), LWC_OK);
    assert_int_equal(lwc_place_keyring.write(fixture->keys->name, "junk", 4, KEYS_LIFE_S, NULL),
                     LWC_OK);
    cache_fixture_assert_read(fixture, &cache);
    assert_int_equal(cache_fixture_where(fixture), 2);
}

static void sealed_file_shows_nothing(void **state)
{
    struct cache_fixture *fixture = *state;
    static const char *const words[] = {ENTRIES_TOKEN_TEXT,
                                        "prod",
                                        "acme.lacework.net",
                                        "localhost:8443",
                                        "ACME_KEY",
                                        "sub",
                                        "file",
                                        ENTRIES_BOOT_ID_TEXT,
                                        CACHE_FIXTURE_SEALING};
    struct lwc_cache cache = cache_fixture_of(fixture, LWC_CACHE_SEALED);
    char path[TMPDIR_PATH_LEN];
    char file[LWC_ENTRY_MAX];
    char relative[TMPDIR_PATH_LEN];
    ssize_t len = 0;
    int fd = -1;

    assert_int_equal(cache_fixture_write(fixture, &cache, NULL), LWC_OK);
    (void)snprintf(relative, sizeof relative, "cache/lwcred/%s", fixture->keys->name);
    fd = open(tmpdir_join(fixture->dir, relative, path), O_RDONLY);
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
    struct cache_fixture *fixture = *state;
    struct lwc_cache cache = cache_fixture_of(fixture, LWC_CACHE_SEALED);
    const struct entries_sample *sample = &entries_samples[ENTRIES_TOKEN];

    assert_int_equal(
        lwc_place_sealed.write(fixture->keys->name, sample->bytes, sample->len, KEYS_LIFE_S, NULL),
        LWC_OK);
    cache_fixture_assert_missed(fixture, &cache);
    assert_int_equal(cache_fixture_where(fixture), 0);
}

static void entry_under_another_name_is_not_believed(void **state)
{
    struct cache_fixture *fixture = *state;
    static const struct {
        enum lwc_cache_mode mode;
        const struct lwc_place *place;
    } cases[] = {
        {LWC_CACHE_KEYRING, &lwc_place_keyring},
        {LWC_CACHE_RUNTIME, &lwc_place_runtime},
        {LWC_CACHE_SEALED, &lwc_place_sealed},
    };

    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_cache cache = cache_fixture_of(fixture, cases[i].mode);
        LWC_AUTO_BUF bytes = NULL;
        char own = fixture->keys->name[0];

        assert_int_equal(cache_fixture_write(fixture, &cache, NULL), LWC_OK);
        bytes = raw(fixture, cases[i].place);
        fixture->keys->name[0] = own == '0' ? '1' : '0';
        assert_missed_with(fixture, &cache, cases[i].place, lwc_buf_bytes(bytes),
                           lwc_buf_len(bytes));
        fixture->keys->name[0] = own;
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
    struct cache_fixture *fixture = *state;
    LWC_AUTO_BUF other = NULL;
    struct lwc_cache cache = cache_fixture_of(fixture, LWC_CACHE_SEALED);
    struct visits visits = {0};

    assert_int_equal(cache_fixture_write(fixture, &cache, NULL), LWC_OK);
    assert_int_equal(lwc_buf_copy("another-secret", 14, &other, NULL), LWC_OK);
    cache.sealing = other;
    lwc_cache_each(&cache, visit, &visits);
    assert_int_equal(visits.count, 0);
    assert_int_equal(cache_fixture_where(fixture), 4);
    cache_fixture_assert_missed(fixture, &cache);
    assert_int_equal(cache_fixture_where(fixture), 0);
}

static void each_visits_every_place_and_removes_on_demand(void **state)
{
    struct cache_fixture *fixture = *state;
    static const struct {
        enum lwc_cache_mode mode;
        const char *place;
    } cases[] = {
        {LWC_CACHE_KEYRING, "keyring"},
        {LWC_CACHE_RUNTIME, "runtime"},
        {LWC_CACHE_SEALED, "sealed"},
    };
    struct lwc_cache automatic = cache_fixture_of(fixture, LWC_CACHE_AUTO);
    struct lwc_cache none = cache_fixture_of(fixture, LWC_CACHE_NONE);
    struct visits visits = {0};

    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_cache cache = cache_fixture_of(fixture, cases[i].mode);

        assert_int_equal(cache_fixture_write(fixture, &cache, NULL), LWC_OK);
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
    assert_int_equal(cache_fixture_where(fixture), 0);
}

static void each_removes_what_is_damaged(void **state)
{
    struct cache_fixture *fixture = *state;
    struct lwc_cache cache = cache_fixture_of(fixture, LWC_CACHE_AUTO);
    struct visits visits = {0};

    assert_int_equal(lwc_place_keyring.write(fixture->keys->name, "junk", 4, KEYS_LIFE_S, NULL),
                     LWC_OK);
    assert_int_equal(lwc_place_runtime.write(fixture->keys->name, "junk", 4, KEYS_LIFE_S, NULL),
                     LWC_OK);
    lwc_cache_each(&cache, visit, &visits);
    assert_int_equal(visits.count, 0);
    assert_int_equal(cache_fixture_where(fixture), 0);
}

static void clear_empties_all_places(void **state)
{
    struct cache_fixture *fixture = *state;
    assert_int_equal(lwc_cache_clear(), 0);
    assert_int_equal(lwc_place_keyring.write(fixture->keys->name, "junk", 4, KEYS_LIFE_S, NULL),
                     LWC_OK);
    assert_int_equal(lwc_place_runtime.write(fixture->keys->name, "junk", 4, KEYS_LIFE_S, NULL),
                     LWC_OK);
    assert_int_equal(lwc_place_sealed.write(fixture->keys->name, "junk", 4, KEYS_LIFE_S, NULL),
                     LWC_OK);
    assert_int_equal(lwc_cache_clear(), 3);
    assert_int_equal(cache_fixture_where(fixture), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, cache_fixture_teardown)

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
