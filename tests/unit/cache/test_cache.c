/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <keyutils.h>

#include "base/util.h"
#include "conf/setting.h"
#include "tests/support/cache_fixture.h"
#include "tests/support/entries.h"

static struct cache_fixture *current;
static int keyring_errno; /* of every call that searches or adds */
static int add_errno;     /* of adding alone */
static int room_errno;    /* of claiming room in a file */

key_serial_t __wrap_add_key(const char *type, const char *text, const void *bytes, size_t len,
                            key_serial_t ring);
key_serial_t __real_add_key(const char *type, const char *text, const void *bytes, size_t len,
                            key_serial_t ring);
long __wrap_keyctl_search(key_serial_t ring, const char *type, const char *text, key_serial_t to);
long __real_keyctl_search(key_serial_t ring, const char *type, const char *text, key_serial_t to);
int __wrap_keyctl_read_alloc(key_serial_t ring, void **bytes_out);
int __wrap_posix_fallocate(int fd, off_t from, off_t len);
int __real_posix_fallocate(int fd, off_t from, off_t len);

key_serial_t __wrap_add_key(const char *type, const char *text, const void *bytes, size_t len,
                            key_serial_t ring)
{
    errno = add_errno != 0 ? add_errno : keyring_errno;
    return errno != 0 ? -1 : __real_add_key(type, text, bytes, len, ring);
}

long __wrap_keyctl_search(key_serial_t ring, const char *type, const char *text, key_serial_t to)
{
    errno = keyring_errno;
    return errno != 0 ? -1 : __real_keyctl_search(ring, type, text, to);
}

int __wrap_keyctl_read_alloc(key_serial_t ring, void **bytes_out)
{
    (void)ring;
    return cache_fixture_list(current, bytes_out);
}

int __wrap_posix_fallocate(int fd, off_t from, off_t len)
{
    return room_errno != 0 ? room_errno : __real_posix_fallocate(fd, from, len);
}

static void reset(void)
{
    keyring_errno = 0;
    add_errno = 0;
    room_errno = 0;
}

static int setup(void **state)
{
    int result = cache_fixture_setup(state);

    reset();
    current = *state;
    return result;
}

static int teardown(void **state)
{
    reset();
    return cache_fixture_teardown(state);
}

static void each_mode_writes_to_its_place_and_reads_from_it(void **state)
{
    struct cache_fixture *fixture = *state;
    static const struct {
        enum lwc_cache_mode mode;
        unsigned int where;
    } cases[] = {
        {LWC_CACHE_AUTO, 1},
        {LWC_CACHE_KEYRING, 1},
        {LWC_CACHE_RUNTIME, 2},
        {LWC_CACHE_SEALED, 4},
    };

    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_cache cache = cache_fixture_of(fixture, cases[i].mode);

        print_message("%s\n", lwc_cache_mode_name(cache.mode));
        cache_fixture_assert_missed(fixture, &cache);
        assert_int_equal(cache_fixture_write(fixture, &cache, NULL), LWC_OK);
        assert_int_equal(cache_fixture_where(fixture), cases[i].where);
        cache_fixture_assert_read(fixture, &cache);
        assert_int_equal(lwc_cache_clear(), 1);
        cache_fixture_assert_missed(fixture, &cache);
    }
}

static void mode_of_one_place_does_not_read_or_write_the_others(void **state)
{
    struct cache_fixture *fixture = *state;
    struct lwc_cache automatic = cache_fixture_of(fixture, LWC_CACHE_AUTO);
    struct lwc_cache runtime = cache_fixture_of(fixture, LWC_CACHE_RUNTIME);
    struct lwc_cache sealed = cache_fixture_of(fixture, LWC_CACHE_SEALED);

    assert_int_equal(cache_fixture_write(fixture, &automatic, NULL), LWC_OK);
    cache_fixture_assert_missed(fixture, &runtime);
    cache_fixture_assert_missed(fixture, &sealed);
    assert_int_equal(cache_fixture_write_other(fixture, &runtime), LWC_OK);
    assert_int_equal(cache_fixture_write_other(fixture, &sealed), LWC_OK);
    assert_int_equal(cache_fixture_where(fixture), 7);
    cache_fixture_assert_read(fixture, &automatic);
}

static void mode_none_and_sealed_without_a_key_have_no_place(void **state)
{
    struct cache_fixture *fixture = *state;
    struct lwc_cache caches[] = {cache_fixture_of(fixture, LWC_CACHE_NONE),
                                 {.mode = LWC_CACHE_SEALED}};

    for (size_t i = 0; i < LWC_ARRAY_LEN(caches); i++) {
        struct lwc_error err = {0};

        assert_int_equal(cache_fixture_write(fixture, &caches[i], &err), LWC_E_UNAVAILABLE);
        assert_int_equal(err.code, LWC_E_UNAVAILABLE);
        cache_fixture_assert_missed(fixture, &caches[i]);
    }
    assert_int_equal(cache_fixture_where(fixture), 0);
}

static void auto_without_a_keyring_goes_on_to_the_next_place(void **state)
{
    struct cache_fixture *fixture = *state;
    static const int errors[] = {EPERM, ENOSYS};
    struct lwc_cache cache = cache_fixture_of(fixture, LWC_CACHE_AUTO);
    struct lwc_cache unsealing = {.mode = LWC_CACHE_AUTO};
    struct lwc_error err = {0};

    for (size_t i = 0; i < LWC_ARRAY_LEN(errors); i++) {
        print_message("%s\n", strerror(errors[i]));
        keyring_errno = errors[i];
        assert_int_equal(cache_fixture_write(fixture, &cache, NULL), LWC_OK);
        assert_int_equal(cache_fixture_where(fixture), 2);
        cache_fixture_assert_read(fixture, &cache);
        assert_int_equal(lwc_place_runtime.remove(fixture->keys->name, NULL), LWC_OK);
    }
    (void)setenv("XDG_RUNTIME_DIR", "/nonexistent", 1);
    assert_int_equal(cache_fixture_write(fixture, &unsealing, &err), LWC_E_UNAVAILABLE);
    assert_int_equal(cache_fixture_where(fixture), 0);
    assert_int_equal(cache_fixture_write(fixture, &cache, NULL), LWC_OK);
    assert_int_equal(cache_fixture_where(fixture), 4);
    cache_fixture_assert_read(fixture, &cache);
    cache_fixture_assert_missed(fixture, &unsealing);
}

static void full_keyring_hands_over_and_keeps_no_older_entry(void **state)
{
    struct cache_fixture *fixture = *state;
    struct lwc_cache cache = cache_fixture_of(fixture, LWC_CACHE_AUTO);

    assert_int_equal(cache_fixture_write(fixture, &cache, NULL), LWC_OK);
    add_errno = EDQUOT;
    assert_int_equal(cache_fixture_write_other(fixture, &cache), LWC_OK);
    assert_int_equal(cache_fixture_where(fixture), 2);
    cache_fixture_assert_read_other(fixture, &cache);
    add_errno = 0;
    assert_int_equal(cache_fixture_write(fixture, &cache, NULL), LWC_OK);
    assert_int_equal(cache_fixture_where(fixture), 1);
    cache_fixture_assert_read(fixture, &cache);
}

static void failed_write_says_which_place_and_leaves_no_older_entry(void **state)
{
    struct cache_fixture *fixture = *state;
    static const struct {
        enum lwc_cache_mode mode;
        int add_errno;
        int room_errno;
        enum lwc_code code;
        const char *words;
    } cases[] = {
        {LWC_CACHE_KEYRING, EDQUOT, 0, LWC_E_UNAVAILABLE, "cache: kernel keyring: "},
        {LWC_CACHE_KEYRING, EPERM, 0, LWC_E_UNAVAILABLE, "cache: kernel keyring: "},
        {LWC_CACHE_RUNTIME, 0, ENOSPC, LWC_E_IO, "run/lwcred"},
        {LWC_CACHE_SEALED, 0, ENOSPC, LWC_E_IO, "cache/lwcred"},
        {LWC_CACHE_AUTO, EPERM, ENOSPC, LWC_E_IO, "run/lwcred"},
    };

    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_cache cache = cache_fixture_of(fixture, cases[i].mode);
        struct lwc_error err = {0};

        print_message("%s: %s\n", lwc_cache_mode_name(cache.mode), cases[i].words);
        reset();
        assert_int_equal(cache_fixture_write(fixture, &cache, NULL), LWC_OK);
        add_errno = cases[i].add_errno;
        room_errno = cases[i].room_errno;
        assert_int_equal(cache_fixture_write(fixture, &cache, &err), cases[i].code);
        assert_int_equal(err.code, cases[i].code);
        assert_non_null(strstr(err.msg, cases[i].words));
        assert_null(strstr(err.msg, ENTRIES_TOKEN_TEXT));
        cache_fixture_assert_missed(fixture, &cache);
        assert_int_equal(cache_fixture_where(fixture), 0);
    }
}

static void full_keyring_gives_up_its_entry_for_one_that_no_place_takes(void **state)
{
    struct cache_fixture *fixture = *state;
    struct lwc_cache cache = {.mode = LWC_CACHE_AUTO};

    (void)setenv("XDG_RUNTIME_DIR", "/nonexistent", 1);
    assert_int_equal(cache_fixture_write(fixture, &cache, NULL), LWC_OK);
    assert_int_equal(cache_fixture_where(fixture), 1);
    add_errno = EDQUOT;
    assert_int_equal(cache_fixture_write_other(fixture, &cache), LWC_E_UNAVAILABLE);
    cache_fixture_assert_missed(fixture, &cache);
}

static enum lwc_code write_answer(const struct cache_fixture *fixture,
                                  const struct lwc_cache *cache)
{
    LWC_AUTO_ENTRY answer = entries_reference();

    return lwc_cache_write(cache, fixture->keys->name, answer, KEYS_LIFE_S, NULL);
}

static void answers_leave_the_keyring_to_tokens_where_they_can(void **state)
{
    struct cache_fixture *fixture = *state;
    struct lwc_cache cache = cache_fixture_of(fixture, LWC_CACHE_AUTO);
    LWC_AUTO_ENTRY found = NULL;

    assert_int_equal(write_answer(fixture, &cache), LWC_OK);
    assert_int_equal(cache_fixture_where(fixture), 2);
    (void)setenv("XDG_RUNTIME_DIR", "/nonexistent", 1);
    assert_int_equal(write_answer(fixture, &cache), LWC_OK);
    assert_int_equal(lwc_cache_read(&cache, fixture->keys->name, LWC_ENTRY_ANSWER, &found), LWC_OK);
    assert_int_equal(cache_fixture_where(fixture), 1);
}

static void entry_of_another_kind_is_a_miss_and_stays(void **state)
{
    struct cache_fixture *fixture = *state;
    static const enum lwc_cache_mode modes[] = {LWC_CACHE_KEYRING, LWC_CACHE_RUNTIME,
                                                LWC_CACHE_SEALED};
    LWC_AUTO_ENTRY reference = entries_reference();

    for (size_t i = 0; i < LWC_ARRAY_LEN(modes); i++) {
        struct lwc_cache cache = cache_fixture_of(fixture, modes[i]);
        LWC_AUTO_ENTRY found = NULL;

        assert_int_equal(lwc_cache_write(&cache, fixture->keys->name, reference, KEYS_LIFE_S, NULL),
                         LWC_OK);
        cache_fixture_assert_missed(fixture, &cache);
        assert_int_equal(lwc_cache_read(&cache, fixture->keys->name, LWC_ENTRY_ANSWER, &found),
                         LWC_OK);
        assert_string_equal(found->target, ENTRIES_TARGET_TEXT);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(each_mode_writes_to_its_place_and_reads_from_it),
        TEST(mode_of_one_place_does_not_read_or_write_the_others),
        TEST(mode_none_and_sealed_without_a_key_have_no_place),
        TEST(auto_without_a_keyring_goes_on_to_the_next_place),
        TEST(full_keyring_hands_over_and_keeps_no_older_entry),
        TEST(failed_write_says_which_place_and_leaves_no_older_entry),
        TEST(full_keyring_gives_up_its_entry_for_one_that_no_place_takes),
        TEST(answers_leave_the_keyring_to_tokens_where_they_can),
        TEST(entry_of_another_kind_is_a_miss_and_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
