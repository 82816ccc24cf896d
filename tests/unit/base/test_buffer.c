/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <lwcred/backend.h>

#include "base/buffer.h"

/* Allocation number @fail_at (counted from 1) fails; 0: none. */
static int fail_at;
static int calls;
static void *freed_block;
static bool freed_clean;

void *__wrap_calloc(size_t count, size_t len);
void *__real_calloc(size_t count, size_t len);
void *__wrap_sodium_malloc(size_t len);
void *__real_sodium_malloc(size_t len);
void __wrap_sodium_free(void *block);
void __real_sodium_free(void *block);
void __wrap_free(void *block);
void __real_free(void *block);

static size_t constant_time_compares;

int __wrap_sodium_memcmp(const void *a, const void *b, size_t len);
int __real_sodium_memcmp(const void *a, const void *b, size_t len);
int __wrap_sodium_memcmp(const void *a, const void *b, size_t len)
{
    constant_time_compares++;
    return __real_sodium_memcmp(a, b, len);
}

static bool fails(void)
{
    calls++;
    if (calls == fail_at) {
        errno = ENOMEM;
        return true;
    }
    return false;
}

void *__wrap_calloc(size_t count, size_t len)
{
    return fails() ? NULL : __real_calloc(count, len);
}

void *__wrap_sodium_malloc(size_t len)
{
    return fails() ? NULL : __real_sodium_malloc(len);
}

void __wrap_sodium_free(void *block)
{
    freed_block = block;
    __real_sodium_free(block);
}

void __wrap_free(void *block)
{
    const unsigned char *bytes = block;

    freed_clean = true;
    for (size_t i = 0; i < malloc_usable_size(block); i++) {
        freed_clean = freed_clean && bytes[i] == 0;
    }
    __real_free(block);
}

static int reset_wraps(void **state)
{
    (void)state;
    fail_at = 0;
    calls = 0;
    return 0;
}

static void copy_holds_bytes_and_nul(void **state)
{
    LWC_AUTO_BUF secret = NULL;

    (void)state;
    assert_int_equal(lwc_buf_copy("a\0b", 3, &secret, NULL), LWC_OK);
    assert_int_equal(lwc_buf_len(secret), 3);
    assert_memory_equal(lwc_buf_bytes(secret), "a\0b\0", 4);
}

static void new_with_no_room_is_empty_text(void **state)
{
    LWC_AUTO_BUF secret = NULL;

    (void)state;
    assert_int_equal(lwc_buf_new(0, &secret, NULL), LWC_OK);
    assert_int_equal(lwc_buf_len(secret), 0);
    assert_string_equal(lwc_buf_text(secret), "");
}

static void new_above_cap_is_invalid(void **state)
{
    struct lwc_buf *secret = NULL;
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(lwc_buf_new(LWC_BUF_CAP + 1, &secret, &err), LWC_E_INVALID);
    assert_null(secret);
    assert_int_equal(lwc_buf_new(SIZE_MAX, &secret, &err), LWC_E_INVALID);
    assert_null(secret);
}

static void free_allows_null_and_nulls_the_caller(void **state)
{
    struct lwc_buf *secret = NULL;

    (void)state;
    lwc_buf_free(NULL);
    lwc_buf_free(&secret);
    assert_int_equal(lwc_buf_copy("x", 1, &secret, NULL), LWC_OK);
    lwc_buf_free(&secret);
    assert_null(secret);
}

/* Longer than what shares the arena: a region of its own. */
#define LARGE ((size_t)32 * 1024)

static void append_growing_keeps_bytes_and_frees_old_block(void **state)
{
    static char bytes[LARGE];
    LWC_AUTO_BUF secret = NULL;
    const void *old = NULL;

    (void)state;
    memset(bytes, 'a', sizeof bytes);
    assert_int_equal(lwc_buf_copy(bytes, sizeof bytes, &secret, NULL), LWC_OK);
    old = lwc_buf_bytes(secret);
    freed_block = NULL;
    assert_int_equal(lwc_buf_append(secret, "defgh", 5, NULL), LWC_OK);
    assert_ptr_equal(freed_block, old); /* sodium_free() wipes */
    assert_memory_equal(lwc_buf_bytes(secret), bytes, sizeof bytes);
    assert_string_equal(lwc_buf_text(secret) + sizeof bytes, "defgh");
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
/* The arena is there: small blocks are wiped when they are given back, and used again. */
static void small_block_is_wiped_and_used_again(void **state)
{
    struct lwc_buf *secret = NULL;
    const uint8_t *old = NULL;

    (void)state;
    assert_int_equal(lwc_buf_copy("abcdefgh", 8, &secret, NULL), LWC_OK);
    old = lwc_buf_bytes(secret);
    lwc_buf_free(&secret);
    for (size_t i = 0; i < 256; i++) {
        assert_int_equal(old[i], 0); /* the slot stays mapped */
    }
    assert_int_equal(lwc_buf_new(8, &secret, NULL), LWC_OK);
    assert_ptr_equal(lwc_buf_bytes(secret), old);
    lwc_buf_free(&secret);
}

static void small_block_that_grows_leaves_nothing_behind(void **state)
{
    LWC_AUTO_BUF secret = NULL;
    const uint8_t *old = NULL;

    (void)state;
    assert_int_equal(lwc_buf_copy("abcdefgh", 8, &secret, NULL), LWC_OK);
    old = lwc_buf_bytes(secret);
    assert_non_null(lwc_buf_reserve(secret, 1000));
    assert_ptr_not_equal(lwc_buf_bytes(secret), old);
    for (size_t i = 0; i < 256; i++) {
        assert_int_equal(old[i], 0);
    }
    assert_string_equal(lwc_buf_text(secret), "abcdefgh");
}
#endif

static void many_secrets_at_once_stay_apart(void **state)
{
    struct lwc_buf *secrets[400] = {NULL};
    uint8_t number[300];

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(secrets); i++) {
        memset(number, (int)(i & 0xff), sizeof number);
        assert_int_equal(lwc_buf_copy(number, 1 + i % sizeof number, &secrets[i], NULL), LWC_OK);
    }
    for (size_t i = 0; i < LWC_ARRAY_LEN(secrets); i++) {
        memset(number, (int)(i & 0xff), sizeof number);
        assert_true(lwc_buf_equal(secrets[i], number, 1 + i % sizeof number));
        lwc_buf_free(&secrets[i]);
    }
}

static void append_of_nothing_changes_nothing(void **state)
{
    LWC_AUTO_BUF secret = NULL;

    (void)state;
    assert_int_equal(lwc_buf_copy(NULL, 0, &secret, NULL), LWC_OK);
    assert_int_equal(lwc_buf_append(secret, NULL, 0, NULL), LWC_OK);
    assert_int_equal(lwc_buf_len(secret), 0);
}

static void append_up_to_cap_then_beyond_is_invalid(void **state)
{
    LWC_AUTO_BUF secret = NULL;
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(lwc_buf_new(LWC_BUF_CAP, &secret, &err), LWC_OK);
    assert_non_null(lwc_buf_reserve(secret, LWC_BUF_CAP));
    lwc_buf_grow(secret, LWC_BUF_CAP);
    assert_int_equal(lwc_buf_append(secret, "x", 1, &err), LWC_E_INVALID);
    assert_null(lwc_buf_reserve(secret, 1));
    assert_null(lwc_buf_reserve(secret, SIZE_MAX));
    assert_int_equal(lwc_buf_append(secret, "x", SIZE_MAX, &err), LWC_E_INVALID);
    assert_int_equal(lwc_buf_len(secret), LWC_BUF_CAP);
}

static void reserve_and_grow_count_what_was_written(void **state)
{
    LWC_AUTO_BUF secret = NULL;
    uint8_t *room = NULL;

    (void)state;
    assert_int_equal(lwc_buf_copy("ab", 2, &secret, NULL), LWC_OK);
    room = lwc_buf_reserve(secret, 10);
    assert_non_null(room);
    memcpy(room, "cdXXX", 5);
    lwc_buf_grow(secret, 2);
    assert_string_equal(lwc_buf_text(secret), "abcd");
}

static void grow_beyond_the_room_is_held_back(void **state)
{
    LWC_AUTO_BUF secret = NULL;

    (void)state;
    assert_int_equal(lwc_buf_new(4, &secret, NULL), LWC_OK);
    lwc_buf_grow(secret, 100);
    assert_int_equal(lwc_buf_len(secret), 4);
}

static void truncate_wipes_the_rest(void **state)
{
    LWC_AUTO_BUF secret = NULL;

    (void)state;
    assert_int_equal(lwc_buf_copy("secret", 6, &secret, NULL), LWC_OK);
    lwc_buf_truncate(secret, 7);
    assert_int_equal(lwc_buf_len(secret), 6);
    lwc_buf_truncate(secret, 2);
    assert_int_equal(lwc_buf_len(secret), 2);
    assert_memory_equal(lwc_buf_bytes(secret), "se\0\0\0\0\0", 7);
    lwc_buf_reset(secret);
    assert_int_equal(lwc_buf_len(secret), 0);
    assert_memory_equal(lwc_buf_bytes(secret), "\0\0\0\0\0\0\0", 7);
}

static void reset_wipes_bytes_reserved_but_not_counted(void **state)
{
    LWC_AUTO_BUF secret = NULL;

    (void)state;
    assert_int_equal(lwc_buf_new(8, &secret, NULL), LWC_OK);
    memcpy(lwc_buf_reserve(secret, 8), "leftover", 8);
    lwc_buf_reset(secret);
    assert_memory_equal(lwc_buf_bytes(secret), "\0\0\0\0\0\0\0\0\0", 9);
}

static void equal_compares_length_and_bytes(void **state)
{
    LWC_AUTO_BUF secret = NULL;
    LWC_AUTO_BUF empty = NULL;

    (void)state;
    assert_int_equal(lwc_buf_copy("secret", 6, &secret, NULL), LWC_OK);
    assert_int_equal(lwc_buf_new(0, &empty, NULL), LWC_OK);
    constant_time_compares = 0;
    assert_true(lwc_buf_equal(secret, "secret", 6));
    assert_false(lwc_buf_equal(secret, "secreT", 6));
    assert_int_equal(constant_time_compares, 2);
    assert_false(lwc_buf_equal(secret, "secret", 5));
    assert_false(lwc_buf_equal(secret, "secret\0", 7));
    assert_true(lwc_buf_equal(empty, NULL, 0));
}

/* Fails each allocation of append in turn; what was there stays. */
static void append_without_memory_changes_nothing(void **state)
{
    struct lwc_error err = {0};
    enum lwc_code code = LWC_E_IO;
    static char bytes[LARGE];
    int failed = 0;

    (void)state;
    memset(bytes, 'a', sizeof bytes);
    for (int nth = 1; code != LWC_OK; nth++) {
        LWC_AUTO_BUF secret = NULL;

        fail_at = 0;
        assert_int_equal(lwc_buf_copy(bytes, sizeof bytes, &secret, &err), LWC_OK);
        calls = 0;
        fail_at = nth;
        code = lwc_buf_append(secret, "defgh", 5, &err);
        assert_string_equal(lwc_buf_text(secret) + sizeof bytes, code == LWC_OK ? "defgh" : "");
        failed += code == LWC_E_IO && err.sys == ENOMEM ? 1 : 0;
        assert_in_range(nth, 1, 10);
    }
    assert_int_equal(failed, 1);
}

static void copy_without_memory_leaves_output(void **state)
{
    struct lwc_error err = {0};
    struct lwc_buf *secret = NULL;
    static char bytes[LARGE];
    int nth = 1;

    (void)state;
    for (fail_at = 1; lwc_buf_copy(bytes, sizeof bytes, &secret, &err) != LWC_OK; fail_at = ++nth) {
        assert_null(secret);
        assert_int_equal(err.sys, ENOMEM);
        assert_in_range(nth, 1, 10);
        calls = 0;
    }
    assert_int_equal(nth, 3); /* the object and its bytes can fail */
    lwc_buf_free(&secret);
}

static void sink_put_replaces_earlier_value(void **state)
{
    LWC_AUTO_BUF secret = NULL;
    struct lwc_sink sink = {0};

    (void)state;
    lwc_buf_sink(&secret, &sink);
    assert_int_equal(sink.put(sink.data, NULL, "first", 5, NULL), LWC_OK);
    assert_int_equal(sink.put(sink.data, NULL, "second", 6, NULL), LWC_OK);
    assert_string_equal(lwc_buf_text(secret), "second");
}

static void sink_put_out_of_bounds_is_invalid(void **state)
{
    static const uint8_t bytes[LWC_SECRET_MAX + 1] = {1};
    LWC_AUTO_BUF secret = NULL;
    struct lwc_sink sink = {0};
    struct lwc_error err = {0};

    (void)state;
    lwc_buf_sink(&secret, &sink);
    assert_int_equal(sink.put(sink.data, NULL, bytes, 0, &err), LWC_E_INVALID);
    assert_int_equal(sink.put(sink.data, NULL, bytes, sizeof bytes, &err), LWC_E_INVALID);
    assert_null(secret);
    assert_int_equal(sink.put(sink.data, NULL, bytes, LWC_SECRET_MAX, &err), LWC_OK);
    assert_int_equal(lwc_buf_len(secret), LWC_SECRET_MAX);
}

static void wiping_free_wipes_the_whole_block(void **state)
{
    char *block = malloc(100);

    (void)state;
    assert_non_null(block);
    memset(block, 'x', 100);
    freed_clean = false;
    lwc_wiping_free(block);
    assert_true(freed_clean);
    lwc_wiping_free(NULL);
}

static void wiping_realloc_moves_and_wipes(void **state)
{
    char *block = lwc_wiping_realloc(NULL, 8);

    (void)state;
    assert_non_null(block);
    memcpy(block, "abcdefg", 8);
    freed_clean = false;
    block = lwc_wiping_realloc(block, 1000);
    assert_non_null(block);
    assert_string_equal(block, "abcdefg");
    assert_true(freed_clean);
    block = lwc_wiping_realloc(block, 4);
    assert_non_null(block);
    assert_memory_equal(block, "abcd", 4);
    lwc_wiping_free(block);
}

static void wipe_zeroes(void **state)
{
    char text[] = "secret";

    (void)state;
    lwc_wipe(text, 3);
    assert_memory_equal(text, "\0\0\0ret", 7);
    lwc_wipe(NULL, 0);
}

static void random_fills_and_differs(void **state)
{
    uint8_t first[32] = {0};
    uint8_t second[32] = {0};

    (void)state;
    lwc_random(first, sizeof first);
    lwc_random(second, sizeof second);
    assert_memory_not_equal(first, second, sizeof first);
}

static void memory_locked_answers_the_same_twice_and_keeps_errno(void **state)
{
    bool locked = false;

    (void)state;
    errno = ENOTTY;
    locked = lwc_memory_is_locked();
    assert_int_equal(lwc_memory_is_locked(), locked);
    assert_int_equal(errno, ENOTTY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, reset_wraps, reset_wraps)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(copy_holds_bytes_and_nul),
        TEST(new_with_no_room_is_empty_text),
        TEST(new_above_cap_is_invalid),
        TEST(free_allows_null_and_nulls_the_caller),
        TEST(append_growing_keeps_bytes_and_frees_old_block),
#if !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
        TEST(small_block_is_wiped_and_used_again),
        TEST(small_block_that_grows_leaves_nothing_behind),
#endif
        TEST(many_secrets_at_once_stay_apart),
        TEST(append_of_nothing_changes_nothing),
        TEST(append_up_to_cap_then_beyond_is_invalid),
        TEST(reserve_and_grow_count_what_was_written),
        TEST(grow_beyond_the_room_is_held_back),
        TEST(truncate_wipes_the_rest),
        TEST(reset_wipes_bytes_reserved_but_not_counted),
        TEST(equal_compares_length_and_bytes),
        TEST(append_without_memory_changes_nothing),
        TEST(copy_without_memory_leaves_output),
        TEST(sink_put_replaces_earlier_value),
        TEST(sink_put_out_of_bounds_is_invalid),
        TEST(wiping_free_wipes_the_whole_block),
        TEST(wiping_realloc_moves_and_wipes),
        TEST(wipe_zeroes),
        TEST(random_fills_and_differs),
        TEST(memory_locked_answers_the_same_twice_and_keeps_errno),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
