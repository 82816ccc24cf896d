/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <keyutils.h>

#include "base/util.h"
#include "cache/entry.h"
#include "cache/place.h"
#include "cache/quota.h"
#include "tests/support/keys.h"

/* The real keyring, under names that no one else has. */

#define PERMISSIONS "3f3f0000"

static size_t ring_count(void)
{
    long len = keyctl_read(KEY_SPEC_USER_KEYRING, NULL, 0);

    assert_true(len >= 0);
    return (size_t)len / sizeof(key_serial_t);
}

static void read_of_what_was_written_gives_it(void **state)
{
    static const char bytes[] = "with\0a NUL";
    const struct keys *keys = *state;
    enum lwc_code code =
        lwc_place_keyring.write(keys->name, bytes, sizeof bytes, KEYS_LIFE_S, NULL);

    assert_int_equal(code, LWC_OK);
    assert_int_equal(lwc_place_keyring.read(keys->name, keys->bytes, NULL), LWC_OK);
    assert_true(lwc_buf_equal(keys->bytes, bytes, sizeof bytes));
}

static void read_of_nothing_is_a_miss(void **state)
{
    keys_assert_missed(*state);
}

static void written_key_has_permissions_and_an_end(void **state)
{
    const struct keys *keys = *state;
    char text[KEYS_TEXT_LEN * 2];
    char wanted[KEYS_TEXT_LEN * 2];

    keys_write(keys, "text");
    assert_true(keyctl_describe((key_serial_t)keys_find(keys), text, sizeof text) > 0);
    (void)snprintf(wanted, sizeof wanted, "user;%u;%u;" PERMISSIONS ";%s", getuid(), getgid(),
                   keys->text);
    assert_string_equal(text, wanted);
}

static void update_takes_the_place_of_the_key_at_once(void **state)
{
    const struct keys *keys = *state;
    size_t before = 0;

    keys_write(keys, "one");
    before = ring_count();
    keys_write(keys, "two");
    keys_assert_holds(keys, "two");
    assert_int_equal(ring_count(), before);
}

/* Our share of the quota, as large as the test wants it. */
static struct lwc_quota share = {.keys = LONG_MAX, .bytes = LONG_MAX};

struct lwc_quota __wrap_lwc_quota_share(void);

struct lwc_quota __wrap_lwc_quota_share(void)
{
    return share;
}

/* Quota that lwcred's keys use, without the test's own. */
struct taken {
    const char *name;
    long keys;
    long bytes;
};

static void count_taken(void *data, const char *name)
{
    struct taken *taken = data;
    char text[KEYS_TEXT_LEN];
    long key = 0;

    (void)snprintf(text, sizeof text, "lwcred:%s", name);
    key = keyctl_search(KEY_SPEC_USER_KEYRING, "user", text, 0);
    if (key > 0 && strcmp(name, taken->name) != 0) {
        taken->keys++;
        taken->bytes += (long)strlen(text) + 1 + keyctl_read((key_serial_t)key, NULL, 0);
    }
}

static void write_keeps_to_our_share(void **state)
{
    static const struct {
        const char *name;
        long keys;
        long bytes;
        enum lwc_code code;
    } cases[] = {
        {"room for it", 1, 72 + 10, LWC_OK},
        {"a byte too few", 1, 72 + 9, LWC_E_UNAVAILABLE},
        {"a key too few", 0, 1000, LWC_E_UNAVAILABLE},
        {"room for it again, in place of itself", 1, 72 + 10, LWC_OK},
    };
    const struct keys *keys = *state;
    struct taken taken = {.name = keys->name};

    assert_int_equal(lwc_place_keyring.each(count_taken, &taken, NULL), LWC_OK);
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_error err = {0};

        print_message("%s\n", cases[i].name);
        share = (struct lwc_quota){taken.keys + cases[i].keys, taken.bytes + cases[i].bytes};
        assert_int_equal(lwc_place_keyring.write(keys->name, "0123456789", 10, KEYS_LIFE_S, &err),
                         cases[i].code);
        if (cases[i].code != LWC_OK) {
            assert_non_null(strstr(err.msg, "share"));
        }
    }
    share = (struct lwc_quota){LONG_MAX, LONG_MAX};
}

static void largest_entry_of_the_kernel_is_kept_and_a_larger_one_refused(void **state)
{
    static const char bytes[LWC_ENTRY_MAX];
    const struct keys *keys = *state;
    struct lwc_error err = {0};

    assert_int_equal(lwc_place_keyring.write(keys->name, bytes, 16384, KEYS_LIFE_S, NULL), LWC_OK);
    assert_int_equal(lwc_place_keyring.read(keys->name, keys->bytes, NULL), LWC_OK);
    assert_int_equal(lwc_buf_len(keys->bytes), 16384);
    assert_int_equal(lwc_place_keyring.write(keys->name, bytes, sizeof bytes, KEYS_LIFE_S, &err),
                     LWC_E_UNAVAILABLE);
    assert_int_equal(err.sys, EINVAL);
}

/* Waits, with a bound, until the kernel has let the key expire. */
static void wait_for_end(const struct keys *keys)
{
    for (int i = 0; i < 100 && keys_find(keys) >= 0; i++) {
        (void)usleep(50000);
    }
    assert_int_equal(keys_find(keys), -1);
    assert_true(errno == EKEYEXPIRED || errno == ENOKEY); /* the kernel sweeps now and then */
}

static void expired_key_is_a_miss_and_can_be_written_again(void **state)
{
    static const int64_t lives_s[] = {1, 0, -5};
    const struct keys *keys = *state;

    for (size_t i = 0; i < LWC_ARRAY_LEN(lives_s); i++) {
        print_message("life %d s\n", (int)lives_s[i]);
        assert_int_equal(lwc_place_keyring.write(keys->name, "text", 4, lives_s[i], NULL), LWC_OK);
        wait_for_end(keys);
        keys_assert_missed(keys);
        assert_int_equal(lwc_place_keyring.remove(keys->name, NULL), LWC_OK);
    }
    keys_write(keys, "again");
    keys_assert_holds(keys, "again");
}

static void revoked_key_is_a_miss_and_can_be_written_again(void **state)
{
    const struct keys *keys = *state;

    keys_write(keys, "text");
    assert_int_equal(keyctl_revoke((key_serial_t)keys_find(keys)), 0);
    keys_assert_missed(keys);
    assert_int_equal(lwc_place_keyring.remove(keys->name, NULL), LWC_OK);
    keys_write(keys, "again");
    keys_assert_holds(keys, "again");
}

static void read_in_new_session(const struct keys *keys)
{
    keys_must(keyctl_join_session_keyring(NULL) >= 0, 2);
    keys_must_hold(keys, "text", 3);
    keys_must(lwc_place_keyring.write(keys->name, "changed", 7, KEYS_LIFE_S, NULL) == LWC_OK, 4);
    keys_must_hold(keys, "changed", 5);
}

static void key_of_another_session_is_read_and_updated(void **state)
{
    const struct keys *keys = *state;

    keys_write(keys, "text");
    keys_in_child(read_in_new_session, keys);
    keys_assert_holds(keys, "changed");
}

static void write_in_new_session(const struct keys *keys)
{
    keys_must(keyctl_join_session_keyring(NULL) >= 0, 2);
    keys_must(lwc_place_keyring.write(keys->name, "text", 4, KEYS_LIFE_S, NULL) == LWC_OK, 3);
    keys_must_hold(keys, "text", 4);
    /* The link that made it possible is gone again. */
    keys_must(keyctl_search(KEY_SPEC_THREAD_KEYRING, "user", keys->text, 0) == -1, 5);
}

static void session_without_the_user_keyring_writes_what_others_read(void **state)
{
    keys_in_child(write_in_new_session, *state);
    keys_assert_holds(*state, "text");
    keys_in_child(read_in_new_session, *state);
}

/* A key as a writer leaves it that was killed before it set the permissions. */
static void leave_half_made(const struct keys *keys)
{
    key_serial_t key = 0;

    keys_must(keyctl_join_session_keyring(NULL) >= 0, 2);
    key = add_key("user", keys->text, "half", 4, KEY_SPEC_USER_KEYRING);
    keys_must(key > 0, 3);
    keys_must(keyctl_setperm(key, KEY_POS_SETATTR | KEY_USR_VIEW) == 0 || errno == EACCES, 4);
}

/* Makes a key that no process may update, search or read. */
static void make_untouchable(const struct keys *keys)
{
    key_serial_t key = add_key("user", keys->text, "old", 3, KEY_SPEC_USER_KEYRING);

    assert_true(key > 0);
    assert_int_equal(keyctl_setperm(key, KEY_POS_VIEW | KEY_USR_VIEW), 0);
}

static void key_that_may_not_be_touched_is_a_miss(void **state)
{
    const struct keys *keys = *state;

    make_untouchable(keys);
    keys_assert_missed(keys);
    assert_int_equal(lwc_place_keyring.remove(keys->name, NULL), LWC_OK);
}

static void key_that_may_not_be_touched_is_removed(void **state)
{
    const struct keys *keys = *state;
    size_t before = ring_count();

    make_untouchable(keys);
    assert_int_equal(lwc_place_keyring.remove(keys->name, NULL), LWC_OK);
    assert_int_equal(ring_count(), before);
}

static void key_that_may_not_be_updated_is_replaced(void **state)
{
    const struct keys *keys = *state;
    size_t before = ring_count();

    make_untouchable(keys);
    keys_write(keys, "text");
    keys_assert_holds(keys, "text");
    assert_int_equal(ring_count(), before + 1);
}

static void half_made_key_is_replaced(void **state)
{
    keys_in_child(leave_half_made, *state);
    keys_write(*state, "text");
    keys_assert_holds(*state, "text");
    keys_in_child(read_in_new_session, *state);
}

static void remove_takes_the_key_away(void **state)
{
    const struct keys *keys = *state;

    keys_write(keys, "text");
    assert_int_equal(lwc_place_keyring.remove(keys->name, NULL), LWC_OK);
    assert_int_equal(keys_find(keys), -1);
    assert_int_equal(errno, ENOKEY);
    assert_int_equal(lwc_place_keyring.remove(keys->name, NULL), LWC_OK);
}

static void remove_ends_what_else_links_to_the_key(void **state)
{
    const struct keys *keys = *state;
    key_serial_t key = 0;
    char bytes[8];

    keys_write(keys, "text");
    key = (key_serial_t)keys_find(keys);
    assert_int_equal(keyctl_link(key, KEY_SPEC_PROCESS_KEYRING), 0);
    assert_int_equal(lwc_place_keyring.remove(keys->name, NULL), LWC_OK);
    assert_int_equal(keyctl_read(key, bytes, sizeof bytes), -1);
    assert_int_equal(keyctl_unlink(key, KEY_SPEC_PROCESS_KEYRING), 0);
}

struct visits {
    const char *name;
    size_t count;
};

static void visit(void *data, const char *name)
{
    struct visits *visits = data;

    assert_true(lwc_place_is_name(name));
    visits->count += strcmp(visits->name, name) == 0 ? 1 : 0;
}

static void each_visits_ours_and_nothing_else(void **state)
{
    static const char *const others[] = {"lwcred:",    "lwcred:x",   "other:%s",
                                         "lwcred:%sx", "xlwcred:%s", "lwcred:;%s"};
    const struct keys *keys = *state;
    struct visits visits = {.name = keys->name};
    key_serial_t foreign[LWC_ARRAY_LEN(others)];
    char text[KEYS_TEXT_LEN];

    for (size_t i = 0; i < LWC_ARRAY_LEN(others); i++) {
        const char *percent = strchr(others[i], '%');
        size_t len = percent != NULL ? (size_t)(percent - others[i]) : strlen(others[i]);

        (void)snprintf(text, sizeof text, "%.*s%s%s", (int)len, others[i],
                       percent != NULL ? keys->name : "", percent != NULL ? percent + 2 : "");
        foreign[i] = add_key("user", text, "x", 1, KEY_SPEC_USER_KEYRING);
        assert_true(foreign[i] > 0);
    }
    keys_write(keys, "text");
    assert_int_equal(lwc_place_keyring.each(visit, &visits, NULL), LWC_OK);
    for (size_t i = 0; i < LWC_ARRAY_LEN(others); i++) {
        assert_int_equal(keyctl_unlink(foreign[i], KEY_SPEC_USER_KEYRING), 0);
    }
    assert_int_equal(visits.count, 1);
}

static void wrong_name_is_refused(void **state)
{
    static const char *const names[] = {"", "abc", "../x", "%s"};
    const struct keys *keys = *state;

    for (size_t i = 0; i < LWC_ARRAY_LEN(names); i++) {
        assert_int_equal(lwc_place_keyring.read(names[i], keys->bytes, NULL), LWC_E_INVALID);
        assert_int_equal(lwc_place_keyring.write(names[i], "x", 1, KEYS_LIFE_S, NULL),
                         LWC_E_INVALID);
        assert_int_equal(lwc_place_keyring.remove(names[i], NULL), LWC_E_INVALID);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, keys_setup, keys_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(read_of_what_was_written_gives_it),
        TEST(read_of_nothing_is_a_miss),
        TEST(written_key_has_permissions_and_an_end),
        TEST(update_takes_the_place_of_the_key_at_once),
        TEST(write_keeps_to_our_share),
        TEST(largest_entry_of_the_kernel_is_kept_and_a_larger_one_refused),
        TEST(expired_key_is_a_miss_and_can_be_written_again),
        TEST(revoked_key_is_a_miss_and_can_be_written_again),
        TEST(key_of_another_session_is_read_and_updated),
        TEST(session_without_the_user_keyring_writes_what_others_read),
        TEST(key_that_may_not_be_touched_is_a_miss),
        TEST(key_that_may_not_be_touched_is_removed),
        TEST(key_that_may_not_be_updated_is_replaced),
        TEST(half_made_key_is_replaced),
        TEST(remove_takes_the_key_away),
        TEST(remove_ends_what_else_links_to_the_key),
        TEST(each_visits_ours_and_nothing_else),
        TEST(wrong_name_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
