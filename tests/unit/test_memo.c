/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/util.h"
#include "token/memo.h"

#define NOW_MS 5000000
#define WAIT_TEXT "the API's rate limit is reached (status 429): try again in 120 s"

static const uint8_t who[LWC_HASH_LEN] = "0123456789abcdef0123456789abcde";

static int64_t fake(void *data)
{
    return *(int64_t *)data;
}

static int64_t now_ms;
static const struct lwc_clock clock_fake = {.data = &now_ms, .wall_s = fake, .boot_ms = fake};

static int setup(void **state)
{
    (void)state;
    now_ms = NOW_MS;
    return 0;
}

static struct lwc_error failure(enum lwc_code code, int64_t wait_s, const char *msg)
{
    struct lwc_error err = {0};

    assert_int_equal(lwc_fail_sys(&err, code, ECONNREFUSED, "%s", msg), code);
    assert_int_equal(lwc_hint(&err, code, "look at the network"), code);
    err.wait_s = wait_s;
    return err;
}

static void make_default(struct lwc_memo *memo_out)
{
    struct lwc_error err = failure(LWC_E_RATE_LIMITED, 120, WAIT_TEXT);

    assert_true(lwc_memo_make(who, &err, &clock_fake, memo_out));
}

static void reseal(uint8_t *bytes, size_t len)
{
    struct lwc_hash hash;

    lwc_hash_begin(&hash, LWC_MEMO_LABEL);
    lwc_hash_add(&hash, bytes, len - LWC_HASH_LEN);
    lwc_hash_end(&hash, bytes + len - LWC_HASH_LEN);
}

static void make_gives_each_code_its_life(void **state)
{
    static const struct {
        enum lwc_code code;
        int64_t wait_s;
        int64_t life_ms; /* 0: not remembered */
    } cases[] = {
        {LWC_OK, 0, 0},
        {LWC_E_INTERNAL, 0, 0},
        {LWC_E_INVALID, 0, 0},
        {LWC_E_NOT_FOUND, 0, 0},
        {LWC_E_LOCKED, 0, 0},
        {LWC_E_DENIED, 0, 0},
        {LWC_E_CORRUPT, 0, 0},
        {LWC_E_TOO_NEW, 0, 0},
        {LWC_E_UNAVAILABLE, 0, 0},
        {LWC_E_IO, 0, 0},
        {LWC_E_NETWORK, 0, 3000},
        {LWC_E_REFUSED, 0, 10000},
        {LWC_E_RATE_LIMITED, -1, 0},
        {LWC_E_RATE_LIMITED, 0, 0},
        {LWC_E_RATE_LIMITED, 1, 1000},
        {LWC_E_RATE_LIMITED, 299, 299000},
        {LWC_E_RATE_LIMITED, 300, 300000},
        {LWC_E_RATE_LIMITED, 301, 300000},
        {LWC_E_RATE_LIMITED, 3600, 300000},
        {LWC_E_RATE_LIMITED, INT64_MAX, 0},
        {LWC_E_BUSY, 0, 0},
        {LWC_E_UNSAFE, 0, 0},
        {(enum lwc_code)99, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_memo memo = {0};
        struct lwc_error err = failure(cases[i].code, cases[i].wait_s, "it failed");

        print_message("%d, wait %lld\n", (int)cases[i].code, (long long)cases[i].wait_s);
        assert_int_equal(lwc_memo_make(who, &err, &clock_fake, &memo), cases[i].life_ms > 0);
        assert_int_equal(memo.until_ms - memo.made_ms, cases[i].life_ms);
        assert_int_equal(memo.made_ms, cases[i].life_ms > 0 ? NOW_MS : 0);
    }
}

static void make_of_text_that_is_not_printable_defuses_it(void **state)
{
    struct lwc_error err = {.code = LWC_E_REFUSED, .msg = "a\033[2Jb", .hint = "c\nd"};
    struct lwc_memo memo;
    uint8_t bytes[LWC_MEMO_MAX];

    (void)state;
    assert_true(lwc_memo_make(who, &err, &clock_fake, &memo));
    assert_null(strchr(memo.err.msg, '\033'));
    assert_null(strchr(memo.err.hint, '\n'));
    assert_true(lwc_memo_decode(bytes, lwc_memo_encode(&memo, bytes), &memo));
}

static void memo_is_live_from_made_until_run_out(void **state)
{
    static const struct {
        int64_t at_ms;
        bool live;
    } cases[] = {
        {NOW_MS - 1, false},      {NOW_MS, true},     {NOW_MS + 119999, true},
        {NOW_MS + 120000, false}, {INT64_MAX, false}, {0, false},
    };
    struct lwc_memo memo;

    (void)state;
    make_default(&memo);
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        now_ms = cases[i].at_ms;
        print_message("%lld\n", (long long)now_ms);
        assert_int_equal(lwc_memo_is_live(&memo, &clock_fake), cases[i].live);
    }
}

static void memo_of_another_boot_is_not_live(void **state)
{
    struct lwc_memo memo;

    (void)state;
    make_default(&memo);
    assert_true(lwc_memo_is_live(&memo, &clock_fake));
    memo.boot_id[0] = memo.boot_id[0] == '0' ? '1' : '0';
    assert_false(lwc_memo_is_live(&memo, &clock_fake));
}

static void tell_counts_the_wait_down(void **state)
{
    static const struct {
        const char *msg;
        int64_t wait_s;
        int64_t age_ms;
        int64_t left_s;
        const char *told;
    } cases[] = {
        {"limit: try again in 120 s", 120, 0, 120, "limit: try again in 120 s: "},
        {"limit: try again in 120 s", 120, 999, 120, "limit: try again in 120 s: "},
        {"limit: try again in 120 s", 120, 1000, 119, "limit: try again in 119 s: "},
        {"limit: try again in 120 s", 120, 119999, 1, "limit: try again in 1 s: "},
        {"limit: try again in 120 s", 120, 120500, 1, "limit: try again in 1 s: "},
        {"try again in 3600 s, please", 3600, 60000, 3540, "try again in 3540 s, please: "},
        {"try again in 12 s", 120, 60000, 60, "try again in 12 s: "},
        {"wait", 9, 8000, 1, "wait: "},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_error err = failure(LWC_E_RATE_LIMITED, cases[i].wait_s, cases[i].msg);
        struct lwc_error told = {0};
        struct lwc_memo memo;

        print_message("%s after %lld ms\n", cases[i].msg, (long long)cases[i].age_ms);
        now_ms = NOW_MS;
        assert_true(lwc_memo_make(who, &err, &clock_fake, &memo));
        now_ms += cases[i].age_ms;
        lwc_memo_tell(&memo, &clock_fake, &told);
        assert_int_equal(told.code, LWC_E_RATE_LIMITED);
        assert_int_equal(told.sys, ECONNREFUSED);
        assert_int_equal(told.wait_s, cases[i].left_s);
        assert_memory_equal(told.msg, cases[i].told, strlen(cases[i].told));
        assert_string_equal(told.hint, "look at the network");
    }
}

static void tell_of_another_failure_is_as_it_was(void **state)
{
    struct lwc_error err = failure(LWC_E_NETWORK, 0, "no route");
    struct lwc_error told = {0};
    struct lwc_memo memo;

    (void)state;
    assert_true(lwc_memo_make(who, &err, &clock_fake, &memo));
    now_ms += 2500;
    lwc_memo_tell(&memo, &clock_fake, &told);
    assert_int_equal(told.code, err.code);
    assert_int_equal(told.sys, err.sys);
    assert_int_equal(told.wait_s, 0);
    assert_string_equal(told.msg, err.msg);
    assert_string_equal(told.hint, err.hint);
}

/* The layout is a contract between versions that run at the same time. */
static void encode_puts_fields_where_the_header_says(void **state)
{
    static const uint8_t numbers[] = {0, 0, 0, 12, 0, 0, 0, ECONNREFUSED, 0, 0, 0, 0, 0, 0, 0, 120};
    struct lwc_memo memo;
    uint8_t bytes[LWC_MEMO_MAX];
    size_t len = 0;

    (void)state;
    make_default(&memo);
    len = lwc_memo_encode(&memo, bytes);
    assert_int_equal(len, 116 + strlen(memo.err.msg) + strlen(memo.err.hint) + LWC_HASH_LEN);
    assert_memory_equal(bytes, "LWCMEMO\n\0\0\0\1", 12);
    assert_memory_equal(bytes + 12, who, LWC_HASH_LEN);
    assert_memory_equal(bytes + 44, memo.boot_id, LWC_BOOT_ID_LEN);
    assert_memory_equal(bytes + 80, numbers, sizeof numbers);
    assert_int_equal(bytes[113], strlen(memo.err.msg));
    assert_memory_equal(bytes + 114, memo.err.msg, strlen(memo.err.msg));
}

static void decode_of_encoded_is_the_same(void **state)
{
    static const size_t lengths[][2] = {{1, 0}, {1, 255}, {18, 9}, {255, 1}, {256, 2}, {511, 255}};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(lengths); i++) {
        struct lwc_error err = {.code = LWC_E_REFUSED};
        struct lwc_memo memo;
        uint8_t bytes[LWC_MEMO_MAX];
        uint8_t again[LWC_MEMO_MAX];
        size_t len = 0;

        print_message("%zu, %zu\n", lengths[i][0], lengths[i][1]);
        memset(err.msg, 'm', lengths[i][0]);
        memset(err.hint, 'h', lengths[i][1]);
        assert_true(lwc_memo_make(who, &err, &clock_fake, &memo));
        len = lwc_memo_encode(&memo, bytes);
        memset(&memo, 0, sizeof memo);
        assert_true(lwc_memo_decode(bytes, len, &memo));
        assert_string_equal(memo.err.msg, err.msg);
        assert_string_equal(memo.err.hint, err.hint);
        assert_int_equal(lwc_memo_encode(&memo, again), len);
        assert_memory_equal(again, bytes, len);
    }
}

static void decode_of_any_changed_byte_fails(void **state)
{
    struct lwc_memo memo;
    struct lwc_memo untouched = {.made_ms = 77};
    uint8_t bytes[LWC_MEMO_MAX];
    size_t len = 0;

    (void)state;
    make_default(&memo);
    len = lwc_memo_encode(&memo, bytes);
    for (size_t i = 0; i < len; i++) {
        bytes[i] ^= 1u << i % 8;
        assert_false(lwc_memo_decode(bytes, len, &untouched));
        bytes[i] ^= 1u << i % 8;
    }
    assert_int_equal(untouched.made_ms, 77);
    assert_true(lwc_memo_decode(bytes, len, &untouched));
}

static void decode_of_any_other_length_fails(void **state)
{
    struct lwc_memo memo;
    uint8_t bytes[LWC_MEMO_MAX + 1] = {0};
    size_t len = 0;

    (void)state;
    make_default(&memo);
    len = lwc_memo_encode(&memo, bytes);
    for (size_t cut = 0; cut <= sizeof bytes; cut++) {
        LWC_AUTO_FREE uint8_t *copy = malloc(cut > 0 ? cut : 1);

        assert_non_null(copy);
        memcpy(copy, bytes, cut);
        assert_int_equal(lwc_memo_decode(copy, cut, &memo), cut == len);
        if (cut > LWC_HASH_LEN && cut != len) {
            reseal(copy, cut);
            assert_false(lwc_memo_decode(copy, cut, &memo));
        }
    }
}

/* Bytes with a right hash, each wrong in one way. */
static const struct {
    const char *name;
    size_t at;
    size_t len;
    const char *bytes;
} wrong[] = {
    {"magic", 0, 1, "l"},
    {"version 0", 11, 1, "\0"},
    {"version 2", 11, 1, "\2"},
    {"version of another byte order", 8, 4, "\1\0\0\0"},
    {"boot id with a blank", 44, 1, " "},
    {"boot id with NUL", 79, 1, "\0"},
    {"code ok", 83, 1, "\0"},
    {"code that is not remembered", 83, 1, "\3"},
    {"code with another life", 83, 1, "\12"},
    {"code beyond all", 80, 1, "\1"},
    {"errno negative", 84, 1, "\377"},
    {"errno beyond all", 86, 1, "\20"},
    {"wait negative", 88, 1, "\200"},
    {"wait of another life", 95, 1, "\1"},
    {"wait of centuries", 89, 1, "\1"},
    {"made negative", 96, 1, "\377"},
    {"made at the end of time", 96, 8, "\177\377\377\377\377\377\377\377"},
    {"made later", 103, 1, "\377"},
    {"until negative", 104, 1, "\377"},
    {"until much later", 105, 1, "\1"},
    {"no message", 112, 2, "\0\0"},
    {"message beyond the end", 112, 2, "\1\360"},
    {"message longer than any", 112, 2, "\377\377"},
    {"message shorter", 113, 1, "\1"},
    {"message with escape", 114, 1, "\033"},
    {"message with NUL", 115, 1, "\0"},
    {"message with newline", 116, 1, "\n"},
    {"message with bad UTF-8", 114, 1, "\300"},
};

static void decode_of_wrong_field_fails(void **state)
{
    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(wrong); i++) {
        struct lwc_memo memo;
        uint8_t bytes[LWC_MEMO_MAX];
        size_t len = 0;

        print_message("%s\n", wrong[i].name);
        make_default(&memo);
        len = lwc_memo_encode(&memo, bytes);
        assert_memory_not_equal(bytes + wrong[i].at, wrong[i].bytes, wrong[i].len);
        memcpy(bytes + wrong[i].at, wrong[i].bytes, wrong[i].len);
        reseal(bytes, len);
        assert_false(lwc_memo_decode(bytes, len, &memo));
    }
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(make_gives_each_code_its_life),
        TEST(make_of_text_that_is_not_printable_defuses_it),
        TEST(memo_is_live_from_made_until_run_out),
        TEST(memo_of_another_boot_is_not_live),
        TEST(tell_counts_the_wait_down),
        TEST(tell_of_another_failure_is_as_it_was),
        TEST(encode_puts_fields_where_the_header_says),
        TEST(decode_of_encoded_is_the_same),
        TEST(decode_of_any_changed_byte_fails),
        TEST(decode_of_any_other_length_fails),
        TEST(decode_of_wrong_field_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
