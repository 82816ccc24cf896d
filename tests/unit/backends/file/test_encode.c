/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/file/format.h"
#include "base/util.h"

static const uint8_t id_bytes[LWC_FORMAT_ID_LEN] = {1, 2, 3};
static const uint8_t nonce_bytes[LWC_FORMAT_NONCE_LEN] = {4, 5, 6};

static struct lwc_identity identity(void)
{
    return (struct lwc_identity){
        .profile = "p",
        .account = "a.lacework.net",
        .origin = "",
        .key_id = "K",
        .sub_account = "",
        .kind = LWC_KIND_ACCESS_KEY,
    };
}

static enum lwc_code make(const struct lwc_identity *id, size_t sealed_len, uint8_t **bytes_out,
                          struct lwc_format_record *record_out, struct lwc_error *err)
{
    const struct lwc_format_draft draft = {
        .id = id_bytes,
        .nonce = nonce_bytes,
        .generation = 0x0102030405060708,
        .created_at = 0x1112131415161718,
        .changed_at = 0x2122232425262728,
        .identity = id,
        .sealed_len = sealed_len,
    };

    return lwc_format_record_make(&draft, bytes_out, record_out, err);
}

static void record_make_lays_out_the_published_bytes(void **state)
{
    static const uint8_t head[] = {
        1,    2,    3,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
        0,    0,    0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x11, 0x12, 0x13, 0x14,
        0x15, 0x16, 0x17, 0x18, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0,    0,
        0,    1,    0,    0,    0,    0,    0,    0,    0,    21,   0,    0,    0,    80,
        4,    5,    6,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
        0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    };
    static const char text[] = "p\0a.lacework.net\0\0K\0";
    const struct lwc_identity id = identity();
    struct lwc_format_record record = {0};
    LWC_AUTO_FREE uint8_t *bytes = NULL;

    (void)state;
    assert_int_equal(make(&id, 80, &bytes, &record, NULL), LWC_OK);
    assert_int_equal(sizeof head, LWC_FORMAT_RECORD_AT_TEXT);
    assert_memory_equal(bytes, head, sizeof head);
    assert_memory_equal(bytes + sizeof head, text, sizeof text);
    assert_int_equal(record.ad_len, sizeof head + sizeof text);
    assert_int_equal(record.len, record.ad_len + 80);
    assert_string_equal(record.id.key_id, "K");
}

static void record_make_with_bad_input_is_invalid(void **state)
{
    static const struct {
        const char *name;
        const char *profile;
        size_t sealed_len;
        enum lwc_code code;
    } cases[] = {
        {"sound", "p", LWC_FORMAT_SEALED_MIN, LWC_OK},
        {"largest", "p", LWC_FORMAT_SEALED_MAX, LWC_OK},
        {"profile", "p/q", LWC_FORMAT_SEALED_MIN, LWC_E_INVALID},
        {"no profile", "", LWC_FORMAT_SEALED_MIN, LWC_E_INVALID},
        {"sealed 0", "p", 0, LWC_E_INVALID},
        {"sealed without padding", "p", LWC_FORMAT_TAG_LEN, LWC_E_INVALID},
        {"sealed odd", "p", LWC_FORMAT_SEALED_MIN + 1, LWC_E_INVALID},
        {"sealed too long", "p", LWC_FORMAT_SEALED_MAX + LWC_FORMAT_PAD, LWC_E_INVALID},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_identity id = identity();
        struct lwc_format_record record = {0};
        LWC_AUTO_FREE uint8_t *bytes = NULL;

        id.profile = cases[i].profile;
        if (make(&id, cases[i].sealed_len, &bytes, &record, NULL) != cases[i].code ||
            (bytes != NULL) != (cases[i].code == LWC_OK)) {
            fail_msg("%s", cases[i].name);
        }
    }
}

static void encode_of_too_much_is_invalid(void **state)
{
    const struct lwc_identity id = identity();
    const uint8_t body[1] = {0};
    struct lwc_store_format format = {.generation = 1, .slot_count = 1};
    LWC_AUTO_FREE uint8_t *bytes = NULL;
    LWC_AUTO_FREE uint8_t *record_bytes = NULL;
    LWC_AUTO_FREE struct lwc_format_record *records =
        calloc(LWC_FORMAT_RECORD_MAX + 1, sizeof *records);
    size_t len = 0;

    (void)state;
    assert_non_null(records);
    assert_int_equal(make(&id, LWC_FORMAT_SEALED_MAX, &record_bytes, &records[0], NULL), LWC_OK);
    for (size_t i = 1; i <= LWC_FORMAT_RECORD_MAX; i++) {
        records[i] = records[0];
    }
    format.slots[0] = (struct lwc_format_slot){77, sizeof body, body};
    format.records = records;
    format.record_count = LWC_FORMAT_FILE_MAX / records[0].len + 1;
    assert_int_equal(lwc_format_encode(&format, &bytes, &len, NULL), LWC_E_INVALID);
    format.record_count = LWC_FORMAT_RECORD_MAX + 1;
    assert_int_equal(lwc_format_encode(&format, &bytes, &len, NULL), LWC_E_INVALID);
    format.record_count = 0;
    format.slot_count = 0;
    assert_int_equal(lwc_format_encode(&format, &bytes, &len, NULL), LWC_E_INVALID);
    format.slot_count = LWC_FORMAT_SLOT_MAX + 1;
    assert_int_equal(lwc_format_encode(&format, &bytes, &len, NULL), LWC_E_INVALID);
    assert_null(bytes);
    format.slot_count = 1;
    assert_int_equal(lwc_format_encode(&format, &bytes, &len, NULL), LWC_OK);
}

static void associated_data_is_the_published_one(void **state)
{
    static const uint8_t slot_ad[] = {'L',  'W',  'C',  'R',  'E',  'D', 'S', '\n', 1,    0,
                                      1,    1,    2,    3,    0,    0,   0,   0,    0,    0,
                                      0,    0,    0,    0,    0,    0,   0,   0x11, 0x12, 0x13,
                                      0x14, 0x15, 0x16, 0x17, 0x18, 0,   2,   9,    8};
    struct lwc_store_format store = {.key_epoch = 0x1112131415161718};
    const uint8_t params[2] = {9, 8};
    const struct lwc_identity id = identity();
    struct lwc_format_record record = {0};
    LWC_AUTO_FREE uint8_t *bytes = NULL;
    uint8_t ad[LWC_FORMAT_RECORD_AD_MAX];
    size_t len = 0;

    (void)state;
    memcpy(store.store_id, id_bytes, sizeof id_bytes);
    len = lwc_format_slot_ad(&store, LWC_FORMAT_SLOT_KEYFILE, params, sizeof params, ad);
    assert_int_equal(len, sizeof slot_ad);
    assert_memory_equal(ad, slot_ad, len);
    assert_int_equal(make(&id, 80, &bytes, &record, NULL), LWC_OK);
    len = lwc_format_record_ad(&store, &record, ad);
    assert_int_equal(len, LWC_FORMAT_AD_PREFIX_LEN + record.ad_len);
    assert_memory_equal(ad, slot_ad, LWC_FORMAT_AD_PREFIX_LEN);
    assert_memory_equal(ad + LWC_FORMAT_AD_PREFIX_LEN, record.bytes, record.ad_len);
}

static void cost_put_then_get_is_the_same(void **state)
{
    uint8_t body[LWC_FORMAT_PASS_LEN] = {0};
    struct lwc_format_cost cost = {0x01020304, 0x05060708};

    (void)state;
    lwc_format_cost_put(cost, body);
    assert_memory_equal(body, "\1\2\3\4\5\6\7\10", 8);
    cost = lwc_format_cost_get(body);
    assert_int_equal(cost.passes, 0x01020304);
    assert_int_equal(cost.memory_kib, 0x05060708);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record_make_lays_out_the_published_bytes),
        cmocka_unit_test(record_make_with_bad_input_is_invalid),
        cmocka_unit_test(encode_of_too_much_is_invalid),
        cmocka_unit_test(associated_data_is_the_published_one),
        cmocka_unit_test(cost_put_then_get_is_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
