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
#include "flight/failure.h"

#define NOW_MS 5000000
#define WAIT_TEXT "the API's rate limit is reached (status 429): try again in 120 s"

#define FOR_WAITERS 1 /* told to no other call */
#define BEGAN_MS (NOW_MS - 700)

static const uint8_t name[LWC_HASH_LEN] = "0123456789abcdef0123456789abcde";

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

static void make_default(struct lwc_failure *record_out)
{
    struct lwc_error err = failure(LWC_E_RATE_LIMITED, 120, WAIT_TEXT);

    assert_true(lwc_failure_make(name, BEGAN_MS, &err, &clock_fake, record_out));
}

static void reseal(uint8_t *bytes, size_t len)
{
    struct lwc_hash hash;

    lwc_hash_begin(&hash, LWC_FAILURE_LABEL);
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
        {LWC_E_INVALID, 0, FOR_WAITERS},
        {LWC_E_NOT_FOUND, 0, FOR_WAITERS},
        {LWC_E_LOCKED, 0, FOR_WAITERS},
        {LWC_E_DENIED, 0, FOR_WAITERS},
        {LWC_E_CORRUPT, 0, FOR_WAITERS},
        {LWC_E_TOO_NEW, 0, FOR_WAITERS},
        {LWC_E_UNAVAILABLE, 0, 60000},
        {LWC_E_IO, 0, 0},
        {LWC_E_NETWORK, 0, 3000},
        {LWC_E_REFUSED, 0, 10000},
        {LWC_E_RATE_LIMITED, -1, FOR_WAITERS},
        {LWC_E_RATE_LIMITED, 0, FOR_WAITERS},
        {LWC_E_RATE_LIMITED, 1, 1000},
        {LWC_E_RATE_LIMITED, 299, 299000},
        {LWC_E_RATE_LIMITED, 300, 300000},
        {LWC_E_RATE_LIMITED, 301, 300000},
        {LWC_E_RATE_LIMITED, 3600, 300000},
        {LWC_E_RATE_LIMITED, INT64_MAX, 0},
        {LWC_E_BUSY, 0, 0},
        {LWC_E_UNSAFE, 0, FOR_WAITERS},
        {LWC_E_FAILED, 0, FOR_WAITERS},
        {LWC_E_FAILED + 1, 0, 0},
        {(enum lwc_code)99, 0, 0},
        {(enum lwc_code)(-1), 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_failure record = {0};
        struct lwc_error err = failure(cases[i].code, cases[i].wait_s, "it failed");

        print_message("%d, wait %lld\n", (int)cases[i].code, (long long)cases[i].wait_s);
        assert_int_equal(lwc_failure_make(name, BEGAN_MS, &err, &clock_fake, &record),
                         cases[i].life_ms > 0);
        assert_int_equal(record.until_ms - record.made_ms,
                         cases[i].life_ms != FOR_WAITERS ? cases[i].life_ms : 0);
        assert_int_equal(record.made_ms, cases[i].life_ms > 0 ? NOW_MS : 0);
        assert_int_equal(record.began_ms, cases[i].life_ms > 0 ? BEGAN_MS : 0);
    }
}

/* A process that lacks something says nothing about others. */
static void make_of_a_want_is_refused(void **state)
{
    static const int wants[] = {ENOMEM, EMFILE, ENFILE, EAGAIN};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(wants); i++) {
        struct lwc_error err = {.code = LWC_E_FAILED, .sys = wants[i], .msg = "it failed"};
        struct lwc_failure record;

        assert_false(lwc_failure_make(name, BEGAN_MS, &err, &clock_fake, &record));
    }
}

static void make_of_text_that_is_not_printable_defuses_it(void **state)
{
    struct lwc_error err = {.code = LWC_E_REFUSED, .msg = "a\033[2Jb", .hint = "c\nd"};
    struct lwc_failure record;
    struct lwc_failure_table table;
    uint8_t bytes[LWC_FAILURE_MAX];

    (void)state;
    assert_true(lwc_failure_make(name, BEGAN_MS, &err, &clock_fake, &record));
    assert_null(strchr(record.err.msg, '\033'));
    assert_null(strchr(record.err.hint, '\n'));
    assert_true(lwc_failure_table_init(&table));
    lwc_failure_table_put(&table, &record);
    assert_true(lwc_failure_decode(bytes, lwc_failure_encode(&table, bytes), &table));
}

static void failure_is_live_from_made_until_run_out(void **state)
{
    static const struct {
        int64_t at_ms;
        bool live;
    } cases[] = {
        {NOW_MS - 1, false},      {NOW_MS, true},     {NOW_MS + 119999, true},
        {NOW_MS + 120000, false}, {INT64_MAX, false}, {0, false},
    };
    struct lwc_failure record;

    (void)state;
    make_default(&record);
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        now_ms = cases[i].at_ms;
        print_message("%lld\n", (long long)now_ms);
        assert_int_equal(lwc_failure_is_live(&record, &clock_fake), cases[i].live);
    }
}

static void table_keeps_each_name_once_and_the_newest(void **state)
{
    struct lwc_failure_table table;
    uint8_t names[LWC_FAILURE_RECORDS + 2][LWC_HASH_LEN] = {{0}};

    (void)state;
    assert_true(lwc_failure_table_init(&table));
    assert_int_equal(table.count, 0);
    for (size_t i = 0; i < LWC_ARRAY_LEN(names); i++) {
        struct lwc_failure record;

        names[i][0] = (uint8_t)(i + 1);
        make_default(&record);
        memcpy(record.name, names[i], LWC_HASH_LEN);
        record.made_ms += (int64_t)i;
        lwc_failure_table_put(&table, &record);
        lwc_failure_table_put(&table, &record);
        assert_int_equal(table.count, i < LWC_FAILURE_RECORDS ? i + 1 : LWC_FAILURE_RECORDS);
    }
    for (size_t i = 0; i < LWC_ARRAY_LEN(names); i++) {
        assert_int_equal(lwc_failure_table_find(&table, names[i]) != NULL, i >= 2);
        assert_int_equal(lwc_failure_table_drop(&table, names[i]), i >= 2);
        assert_null(lwc_failure_table_find(&table, names[i]));
    }
    assert_int_equal(table.count, 0);
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
        struct lwc_failure record;

        print_message("%s after %lld ms\n", cases[i].msg, (long long)cases[i].age_ms);
        now_ms = NOW_MS;
        assert_true(lwc_failure_make(name, BEGAN_MS, &err, &clock_fake, &record));
        now_ms += cases[i].age_ms;
        lwc_failure_report(&record, &clock_fake, &told);
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
    struct lwc_failure record;

    (void)state;
    assert_true(lwc_failure_make(name, BEGAN_MS, &err, &clock_fake, &record));
    now_ms += 2500;
    lwc_failure_report(&record, &clock_fake, &told);
    assert_int_equal(told.code, err.code);
    assert_int_equal(told.sys, err.sys);
    assert_int_equal(told.wait_s, 0);
    assert_string_equal(told.msg, err.msg);
    assert_string_equal(told.hint, err.hint);
}

/* A table of @count records like make_default()'s. */
static size_t encode_default(size_t count, struct lwc_failure_table *table, uint8_t *bytes_out)
{
    assert_true(lwc_failure_table_init(table));
    for (size_t i = 0; i < count; i++) {
        struct lwc_failure record;

        make_default(&record);
        record.name[0] = (uint8_t)('0' + i);
        lwc_failure_table_put(table, &record);
    }
    return lwc_failure_encode(table, bytes_out);
}

/* The layout is a contract between versions that run at the same time. */
static void encode_puts_fields_where_the_header_says(void **state)
{
    static const uint8_t numbers[] = {0, 0, 0, 12, 0, 0, 0, ECONNREFUSED, 0, 0, 0, 0, 0, 0, 0, 120};
    struct lwc_failure_table table;
    uint8_t bytes[LWC_FAILURE_MAX];
    const uint8_t *record = bytes + 52;
    const struct lwc_error *err = &table.records[0].err;
    size_t len = 0;

    (void)state;
    len = encode_default(2, &table, bytes);
    assert_int_equal(len, 52 + 2 * (76 + strlen(err->msg) + strlen(err->hint)) + LWC_HASH_LEN);
    assert_memory_equal(bytes, "LWCMEMO\n\0\0\0\2", 12);
    assert_memory_equal(bytes + 12, table.boot_id, LWC_BOOT_ID_LEN);
    assert_memory_equal(bytes + 48, "\0\0\0\2", 4);
    assert_memory_equal(record, name, LWC_HASH_LEN);
    assert_memory_equal(record + 32, numbers, sizeof numbers);
    assert_int_equal(record[54] << 8 | record[55], BEGAN_MS & 0xffff);
    assert_int_equal(record[62] << 8 | record[63], NOW_MS & 0xffff);
    assert_int_equal(record[70] << 8 | record[71], (NOW_MS + 120000) & 0xffff);
    assert_int_equal(record[73], strlen(err->msg));
    assert_memory_equal(record + 74, err->msg, strlen(err->msg));
    record += 76 + strlen(err->msg) + strlen(err->hint);
    assert_int_equal(record[0], '1');
    assert_memory_equal(record + 1, name + 1, LWC_HASH_LEN - 1);
}

static void decode_of_encoded_is_the_same(void **state)
{
    static const size_t lengths[][2] = {{1, 0}, {1, 255}, {18, 9}, {255, 1}, {256, 2}, {511, 255}};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(lengths); i++) {
        struct lwc_error err = {.code = LWC_E_REFUSED};
        struct lwc_failure_table table;
        struct lwc_failure record;
        uint8_t bytes[LWC_FAILURE_MAX];
        uint8_t again[LWC_FAILURE_MAX];
        size_t len = 0;

        print_message("%zu, %zu\n", lengths[i][0], lengths[i][1]);
        memset(err.msg, 'm', lengths[i][0]);
        memset(err.hint, 'h', lengths[i][1]);
        assert_true(lwc_failure_make(name, BEGAN_MS, &err, &clock_fake, &record));
        assert_true(lwc_failure_table_init(&table));
        for (uint8_t j = 0; j < LWC_FAILURE_RECORDS; j++) {
            record.name[0] = j;
            lwc_failure_table_put(&table, &record);
        }
        len = lwc_failure_encode(&table, bytes);
        memset(&table, 0, sizeof table);
        assert_true(lwc_failure_decode(bytes, len, &table));
        assert_int_equal(table.count, LWC_FAILURE_RECORDS);
        assert_string_equal(table.records[7].err.msg, err.msg);
        assert_string_equal(table.records[7].err.hint, err.hint);
        assert_int_equal(lwc_failure_encode(&table, again), len);
        assert_memory_equal(again, bytes, len);
    }
}

static void decode_of_any_changed_byte_fails(void **state)
{
    struct lwc_failure_table table;
    struct lwc_failure_table untouched = {.count = 77};
    uint8_t bytes[LWC_FAILURE_MAX];
    size_t len = 0;

    (void)state;
    len = encode_default(2, &table, bytes);
    for (size_t i = 0; i < len; i++) {
        bytes[i] ^= 1u << i % 8;
        assert_false(lwc_failure_decode(bytes, len, &untouched));
        bytes[i] ^= 1u << i % 8;
    }
    assert_int_equal(untouched.count, 77);
    assert_true(lwc_failure_decode(bytes, len, &untouched));
}

static void decode_of_any_other_length_fails(void **state)
{
    struct lwc_failure_table table;
    uint8_t bytes[LWC_FAILURE_MAX + 1] = {0};
    size_t len = 0;

    (void)state;
    len = encode_default(2, &table, bytes);
    for (size_t cut = 0; cut <= sizeof bytes; cut++) {
        LWC_AUTO_FREE uint8_t *copy = malloc(cut > 0 ? cut : 1);

        assert_non_null(copy);
        memcpy(copy, bytes, cut);
        assert_int_equal(lwc_failure_decode(copy, cut, &table), cut == len);
        if (cut > LWC_HASH_LEN && cut != len) {
            reseal(copy, cut);
            assert_false(lwc_failure_decode(copy, cut, &table));
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
    {"version 1", 11, 1, "\1"},
    {"version 3", 11, 1, "\3"},
    {"version of another byte order", 8, 4, "\2\0\0\0"},
    {"boot id with a blank", 12, 1, " "},
    {"boot id with NUL", 47, 1, "\0"},
    {"no record", 51, 1, "\0"},
    {"fewer records", 51, 1, "\1"},
    {"more records", 51, 1, "\3"},
    {"nine records", 51, 1, "\11"},
    {"records beyond all", 48, 1, "\1"},
    {"code ok", 52 + 35, 1, "\0"},
    {"code that is not remembered", 52 + 35, 1, "\1"},
    {"code with another life", 52 + 35, 1, "\12"},
    {"code behind the last", 52 + 35, 1, "\20"},
    {"code beyond all", 52 + 32, 1, "\1"},
    {"errno negative", 52 + 36, 1, "\377"},
    {"errno beyond all", 52 + 38, 1, "\20"},
    {"wait negative", 52 + 40, 1, "\200"},
    {"wait of another life", 52 + 47, 1, "\1"},
    {"wait of centuries", 52 + 41, 1, "\1"},
    {"began negative", 52 + 48, 1, "\377"},
    {"began after it failed", 52 + 51, 1, "\1"},
    {"failed negative", 52 + 56, 1, "\377"},
    {"failed at the end of time", 52 + 56, 8, "\177\377\377\377\377\377\377\377"},
    {"failed later", 52 + 63, 1, "\377"},
    {"until negative", 52 + 64, 1, "\377"},
    {"until much later", 52 + 65, 1, "\1"},
    {"no message", 52 + 72, 2, "\0\0"},
    {"message beyond the end", 52 + 72, 2, "\1\360"},
    {"message longer than any", 52 + 72, 2, "\377\377"},
    {"message shorter", 52 + 73, 1, "\1"},
    {"message with escape", 52 + 74, 1, "\033"},
    {"message with NUL", 52 + 75, 1, "\0"},
    {"message with newline", 52 + 76, 1, "\n"},
    {"message with bad UTF-8", 52 + 74, 1, "\300"},
    {"name of the second record", 52, 1, "1"},
};

static void decode_of_wrong_field_fails(void **state)
{
    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(wrong); i++) {
        struct lwc_failure_table table;
        uint8_t bytes[LWC_FAILURE_MAX];
        size_t len = 0;

        print_message("%s\n", wrong[i].name);
        len = encode_default(2, &table, bytes);
        assert_memory_not_equal(bytes + wrong[i].at, wrong[i].bytes, wrong[i].len);
        memcpy(bytes + wrong[i].at, wrong[i].bytes, wrong[i].len);
        reseal(bytes, len);
        assert_false(lwc_failure_decode(bytes, len, &table));
    }
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(make_gives_each_code_its_life),
        TEST(make_of_a_want_is_refused),
        TEST(make_of_text_that_is_not_printable_defuses_it),
        TEST(failure_is_live_from_made_until_run_out),
        TEST(table_keeps_each_name_once_and_the_newest),
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
