/* SPDX-License-Identifier: Apache-2.0 */
#include "remote/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/identity.h"

static struct lwc_wire_in read_back(const struct lwc_wire_out *out)
{
    uint8_t header[LWC_WIRE_HEADER_LEN];
    struct lwc_wire_in in;

    assert_true(lwc_wire_end(out, header));
    assert_true(lwc_wire_header(header, &in));
    assert_int_equal(in.left, lwc_buf_len(out->bytes));
    in.at = lwc_buf_bytes(out->bytes);
    return in;
}

static struct lwc_buf *new_bytes(void)
{
    struct lwc_buf *bytes = NULL;

    assert_int_equal(lwc_buf_new(16, &bytes, NULL), LWC_OK);
    return bytes;
}

static void every_kind_of_member_comes_back(void **state)
{
    LWC_AUTO_BUF bytes = new_bytes();
    struct lwc_wire_out out = lwc_wire_begin(bytes, LWC_WIRE_FIND, 0xfedcba98);
    struct lwc_identity identity = {.profile = "p",
                                    .account = "acme.lacework.net",
                                    .origin = "",
                                    .key_id = "ACME_0",
                                    .sub_account = "sub",
                                    .kind = LWC_KIND_TOKEN,
                                    .flags = LWC_ID_ORG_ACCESS};
    struct lwc_identity back;
    struct lwc_wire_in in;
    struct lwc_wire_times times;
    const void *taken = NULL;
    size_t len = 0;

    (void)state;
    lwc_wire_put_u32(&out, UINT32_MAX);
    lwc_wire_put_i64(&out, INT64_MIN);
    lwc_wire_put_text(&out, "text");
    lwc_wire_put_bytes(&out, "a\0b", 3);
    lwc_wire_put_bytes(&out, NULL, 0);
    lwc_wire_put_times(&out, (struct lwc_wire_times){.call_ms = 1, .caller_ms = 2});
    lwc_wire_put_identity(&out, &identity);
    in = read_back(&out);
    assert_int_equal(in.type, LWC_WIRE_FIND);
    assert_int_equal(in.request, 0xfedcba98);
    assert_int_equal(lwc_wire_take_u32(&in), UINT32_MAX);
    assert_true(lwc_wire_take_i64(&in) == INT64_MIN);
    assert_string_equal(lwc_wire_take_text(&in), "text");
    taken = lwc_wire_take_bytes(&in, &len);
    assert_int_equal(len, 3);
    assert_memory_equal(taken, "a\0b", 3);
    (void)lwc_wire_take_bytes(&in, &len);
    assert_int_equal(len, 0);
    times = lwc_wire_take_times(&in);
    assert_true(times.call_ms == 1 && times.caller_ms == 2);
    back = lwc_wire_take_identity(&in);
    assert_string_equal(back.profile, "p");
    assert_string_equal(back.account, "acme.lacework.net");
    assert_string_equal(back.origin, "");
    assert_string_equal(back.key_id, "ACME_0");
    assert_string_equal(back.sub_account, "sub");
    assert_int_equal(back.kind, LWC_KIND_TOKEN);
    assert_int_equal(back.flags, LWC_ID_ORG_ACCESS);
    assert_true(lwc_wire_is_ended(&in));
}

static void an_error_comes_back_whole_and_printable(void **state)
{
    LWC_AUTO_BUF bytes = new_bytes();
    struct lwc_wire_out out = lwc_wire_begin(bytes, LWC_WIRE_DONE, 1);
    struct lwc_error err = {
        .code = LWC_E_RATE_LIMITED, .sys = 5, .wait_s = 7, .msg = "a\x1b[2Jb", .hint = "wait"};
    struct lwc_error back = {0};
    struct lwc_wire_in in;

    (void)state;
    lwc_wire_put_error(&out, LWC_E_RATE_LIMITED, &err);
    in = read_back(&out);
    assert_int_equal(lwc_wire_take_error(&in, &back), LWC_E_RATE_LIMITED);
    assert_true(lwc_wire_is_ended(&in));
    assert_int_equal(back.code, LWC_E_RATE_LIMITED);
    assert_int_equal(back.sys, 5);
    assert_int_equal(back.wait_s, 7);
    assert_string_equal(back.msg, "a\\x1b[2Jb");
    assert_string_equal(back.hint, "wait");
}

static void an_error_without_a_record_is_its_code(void **state)
{
    const struct lwc_error other = {.code = LWC_E_IO, .msg = "of another call"};
    const struct lwc_error *const records[] = {NULL, &other};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        LWC_AUTO_BUF bytes = new_bytes();
        struct lwc_wire_out out = lwc_wire_begin(bytes, LWC_WIRE_DONE, 1);
        struct lwc_error back = {0};
        struct lwc_wire_in in;

        lwc_wire_put_error(&out, LWC_E_LOCKED, records[i]);
        in = read_back(&out);
        assert_int_equal(lwc_wire_take_error(&in, &back), LWC_E_LOCKED);
        assert_string_equal(back.msg, "");
    }
}

/* Bodies that are cut, or whose lengths lie, read as one text and nothing behind it. */
static void a_malformed_text_is_bad_and_stays_bad(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {
        {"", 0},
        {"\3\0\0", 3},
        {"\3\0\0\0abc", 7},
        {"\3\0\0\0abcd", 8},
        {"\3\0\0\0a\0c\0", 8},
        {"\xff\xff\xff\xff"
         "abc",
         7},
        {"\4\0\0\0abc\0", 8},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lwc_wire_in in = {.at = (const uint8_t *)cases[i].bytes, .left = cases[i].len};

        print_message("case %zu\n", i);
        assert_string_equal(lwc_wire_take_text(&in), "");
        assert_true(in.bad);
        in.left = 4;
        assert_int_equal(lwc_wire_take_u32(&in), 0);
        assert_false(lwc_wire_is_ended(&in));
    }
}

static void what_is_left_over_is_not_ended(void **state)
{
    struct lwc_wire_in in = {.at = (const uint8_t *)"\1\0\0\0x", .left = 5};

    (void)state;
    assert_int_equal(lwc_wire_take_u32(&in), 1);
    assert_false(lwc_wire_is_ended(&in));
}

static void a_body_that_is_too_long_is_refused_on_both_sides(void **state)
{
    static const uint8_t most[] = {1, 0, 0, 0, 0x00, 0x40, 0x01, 0, 0, 0, 0, 0};
    static const uint8_t more[] = {1, 0, 0, 0, 0x01, 0x40, 0x01, 0, 0, 0, 0, 0};
    static uint8_t block[LWC_WIRE_BODY_MAX + 1];
    LWC_AUTO_BUF bytes = new_bytes();
    struct lwc_wire_out out = lwc_wire_begin(bytes, LWC_WIRE_STORE, 1);
    uint8_t header[LWC_WIRE_HEADER_LEN];
    struct lwc_wire_in in;

    (void)state;
    assert_true(lwc_wire_header(most, &in));
    assert_int_equal(in.left, LWC_WIRE_BODY_MAX);
    assert_false(lwc_wire_header(more, &in));
    assert_int_equal(in.left, LWC_WIRE_BODY_MAX + 1);
    lwc_wire_put_bytes(&out, block, LWC_WIRE_BODY_MAX - 4);
    assert_true(lwc_wire_end(&out, header));
    lwc_wire_put_u32(&out, 1);
    assert_false(lwc_wire_end(&out, header));
    out = lwc_wire_begin(bytes, LWC_WIRE_STORE, 1);
    lwc_wire_put_bytes(&out, block, sizeof block);
    assert_true(out.failed);
    assert_false(lwc_wire_end(&out, header));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_member_comes_back),
        cmocka_unit_test(an_error_comes_back_whole_and_printable),
        cmocka_unit_test(an_error_without_a_record_is_its_code),
        cmocka_unit_test(a_malformed_text_is_bad_and_stays_bad),
        cmocka_unit_test(what_is_left_over_is_not_ended),
        cmocka_unit_test(a_body_that_is_too_long_is_refused_on_both_sides),
    };

    return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
