/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/file/format.h"
#include "base/bytes.h"
#include "base/util.h"

#define RECORDS 2

/* A store of two slots and two records whose sealed bytes mean nothing. */
struct sample {
    uint8_t *bytes;
    size_t len;
    uint8_t *records[RECORDS];
    size_t first; /* where the first record begins */
};

static const uint8_t store_id[LWC_FORMAT_ID_LEN] = "0123456789abcde";

static struct lwc_format_record make_record(const char *profile, uint8_t **bytes_out)
{
    const struct lwc_identity id = {
        .profile = profile,
        .account = "acme.lacework.net",
        .origin = "acme.lacework.net:8443",
        .key_id = "ACME_1",
        .sub_account = "sub",
        .kind = LWC_KIND_ACCESS_KEY,
        .flags = LWC_ID_ORG_ACCESS,
    };
    const uint8_t nonce[LWC_FORMAT_NONCE_LEN] = {7};
    const struct lwc_format_draft draft = {
        .id = store_id,
        .nonce = nonce,
        .generation = 3,
        .created_at = 1000,
        .changed_at = 2000,
        .identity = &id,
        .sealed_len = LWC_FORMAT_SEALED_MIN,
    };
    struct lwc_format_record record = {0};

    assert_int_equal(lwc_format_record_make(&draft, bytes_out, &record, NULL), LWC_OK);
    return record;
}

static void make_sample_of(const char *second, struct sample *sample, size_t passphrases,
                           size_t unknown)
{
    uint8_t body[LWC_FORMAT_PASS_LEN] = {0};
    struct lwc_format_record records[RECORDS] = {
        make_record("alpha", &sample->records[0]),
        make_record(second, &sample->records[1]),
    };
    struct lwc_store_format format = {
        .generation = 3, .created_at = 500, .key_epoch = 2, .record_count = RECORDS};

    lwc_format_cost_put((struct lwc_format_cost){1, LWC_FORMAT_MEMORY_KIB_MIN}, body);
    memset(format.previous_mac, 7, sizeof format.previous_mac);
    memcpy(format.store_id, store_id, sizeof store_id);
    for (size_t i = 0; i < passphrases; i++) {
        format.slots[format.slot_count++] =
            (struct lwc_format_slot){LWC_FORMAT_SLOT_PASSPHRASE, sizeof body, body};
    }
    for (size_t i = 0; i < unknown; i++) {
        format.slots[format.slot_count++] = (struct lwc_format_slot){77, 5, body};
    }
    format.records = records;
    assert_int_equal(lwc_format_encode(&format, &sample->bytes, &sample->len, NULL), LWC_OK);
    sample->first = lwc_bytes_get32(sample->bytes + LWC_FORMAT_AT_HEADER_LEN);
}

static void make_sample(struct sample *sample, size_t passphrases, size_t unknown)
{
    make_sample_of("beta", sample, passphrases, unknown);
}

static void free_sample(struct sample *sample)
{
    for (size_t i = 0; i < RECORDS; i++) {
        free(sample->records[i]);
    }
    free(sample->bytes);
}

static enum lwc_code parse(const uint8_t *bytes, size_t len, struct lwc_error *err)
{
    LWC_AUTO_FORMAT format = {0};

    return lwc_format_parse(bytes, len, &format, err);
}

static void parse_sound_store_gives_its_parts(void **state)
{
    struct sample sample = {0};
    LWC_AUTO_FORMAT format = {0};

    (void)state;
    make_sample(&sample, 1, 1);
    assert_int_equal(lwc_format_head(sample.bytes, sample.len, NULL), LWC_OK);
    assert_int_equal(lwc_format_parse(sample.bytes, sample.len, &format, NULL), LWC_OK);
    assert_memory_equal(format.store_id, store_id, sizeof store_id);
    assert_int_equal(format.generation, 3);
    assert_int_equal(format.created_at, 500);
    assert_int_equal(format.key_epoch, 2);
    assert_int_equal(format.previous_mac[31], 7);
    assert_int_equal(format.slot_count, 2);
    assert_int_equal(format.slots[1].type, 77);
    assert_int_equal(format.slots[1].len, 5);
    assert_int_equal(format.record_count, RECORDS);
    assert_string_equal(format.records[1].id.profile, "beta");
    assert_string_equal(format.records[1].id.account, "acme.lacework.net");
    assert_string_equal(format.records[1].id.origin, "acme.lacework.net:8443");
    assert_string_equal(format.records[1].id.key_id, "ACME_1");
    assert_string_equal(format.records[1].id.sub_account, "sub");
    assert_int_equal(format.records[1].id.kind, LWC_KIND_ACCESS_KEY);
    assert_int_equal(format.records[1].id.flags, LWC_ID_ORG_ACCESS);
    assert_int_equal(lwc_format_record_generation(&format.records[1]), 3);
    assert_int_equal(lwc_format_record_created_at(&format.records[1]), 1000);
    assert_int_equal(lwc_bytes_get64(format.records[1].bytes + LWC_FORMAT_RECORD_AT_CHANGED), 2000);
    free_sample(&sample);
}

static void encode_of_parsed_store_gives_the_same_bytes(void **state)
{
    struct sample sample = {0};
    LWC_AUTO_FORMAT format = {0};
    LWC_AUTO_FREE uint8_t *again = NULL;
    size_t len = 0;

    (void)state;
    make_sample(&sample, 2, 3);
    sample.bytes[LWC_FORMAT_AT_MINOR] = 9;
    lwc_bytes_put32(sample.bytes + LWC_FORMAT_AT_OPTIONAL, 0x80000001u);
    memset(sample.bytes + sample.len - LWC_FORMAT_TRAILER_LEN, 0x5a, LWC_FORMAT_TRAILER_LEN);
    assert_int_equal(lwc_format_parse(sample.bytes, sample.len, &format, NULL), LWC_OK);
    assert_int_equal(lwc_format_encode(&format, &again, &len, NULL), LWC_OK);
    assert_int_equal(len, sample.len);
    assert_memory_equal(again, sample.bytes, len);
    free_sample(&sample);
}

static void parse_cut_at_any_length_is_corrupt(void **state)
{
    struct sample sample = {0};

    (void)state;
    make_sample(&sample, 1, 0);
    for (size_t len = 0; len < sample.len; len++) {
        /* A copy of exact size, so that a read beyond its end is noticed. */
        LWC_AUTO_FREE uint8_t *cut = malloc(len + (len == 0));

        assert_non_null(cut);
        memcpy(cut, sample.bytes, len);
        if (parse(cut, len, NULL) != LWC_E_CORRUPT) {
            fail_msg("cut to %zu of %zu bytes is not corrupt", len, sample.len);
        }
    }
    free_sample(&sample);
}

/* Where a case changes something: in the header, the first slot or the first record. */
enum base { HEADER, SLOT, RECORD };

static const struct change_case {
    const char *name;
    enum base base;
    size_t at;
    size_t width;
    uint64_t value;
    enum lwc_code code;
    const char *words;
} changes[] = {
    {"magic", HEADER, 0, 1, 'l', LWC_E_CORRUPT, "not an lwcred store"},
    {"magic newline", HEADER, 7, 1, '\r', LWC_E_CORRUPT, "not an lwcred store"},
    {"major 0", HEADER, LWC_FORMAT_AT_MAJOR, 1, 0, LWC_E_CORRUPT, "version 0"},
    {"major 2", HEADER, LWC_FORMAT_AT_MAJOR, 1, 2, LWC_E_TOO_NEW, "newer version: format 2"},
    {"minor 255", HEADER, LWC_FORMAT_AT_MINOR, 1, 255, LWC_OK, NULL},
    {"suite 0", HEADER, LWC_FORMAT_AT_SUITE, 2, 0, LWC_E_TOO_NEW, "suite 0"},
    {"suite 2", HEADER, LWC_FORMAT_AT_SUITE, 2, 2, LWC_E_TOO_NEW, "suite 2"},
    {"required", HEADER, LWC_FORMAT_AT_REQUIRED, 4, 4, LWC_E_TOO_NEW, "needs feature 0x4"},
    {"optional", HEADER, LWC_FORMAT_AT_OPTIONAL, 4, 4, LWC_OK, NULL},
    {"header 0", HEADER, LWC_FORMAT_AT_HEADER_LEN, 4, 0, LWC_E_CORRUPT, "header of 0"},
    {"header 103", HEADER, LWC_FORMAT_AT_HEADER_LEN, 4, 103, LWC_E_CORRUPT, "header of 103"},
    {"header huge", HEADER, LWC_FORMAT_AT_HEADER_LEN, 4, UINT32_MAX, LWC_E_CORRUPT, "header of"},
    {"generation 0", HEADER, LWC_FORMAT_AT_GENERATION, 8, 0, LWC_E_CORRUPT, "generation 0"},
    {"generation huge", HEADER, LWC_FORMAT_AT_GENERATION, 8, UINT64_MAX, LWC_E_CORRUPT,
     "generation"},
    {"created huge", HEADER, LWC_FORMAT_AT_CREATED, 8, UINT64_MAX, LWC_E_CORRUPT, "creation"},
    {"key epoch 0", HEADER, LWC_FORMAT_AT_KEY_EPOCH, 8, 0, LWC_E_CORRUPT, "key epoch 0"},
    {"key epoch 3", HEADER, LWC_FORMAT_AT_KEY_EPOCH, 8, 3, LWC_OK, NULL},
    {"key epoch beyond", HEADER, LWC_FORMAT_AT_KEY_EPOCH, 8, 4, LWC_E_CORRUPT, "key epoch 4"},
    {"no slot", HEADER, LWC_FORMAT_AT_SLOT_COUNT, 4, 0, LWC_E_CORRUPT, "0 slots"},
    {"a slot more", HEADER, LWC_FORMAT_AT_SLOT_COUNT, 4, 3, LWC_E_CORRUPT, "slot 2 is cut"},
    {"17 slots", HEADER, LWC_FORMAT_AT_SLOT_COUNT, 4, 17, LWC_E_CORRUPT, "17 slots"},
    {"a slot less", HEADER, LWC_FORMAT_AT_SLOT_COUNT, 4, 1, LWC_E_CORRUPT, "behind the slots"},
    {"a record less", HEADER, LWC_FORMAT_AT_RECORD_COUNT, 4, 1, LWC_E_CORRUPT, "behind the rec"},
    {"a record more", HEADER, LWC_FORMAT_AT_RECORD_COUNT, 4, 3, LWC_E_CORRUPT, "record 2 is cut"},
    {"records", HEADER, LWC_FORMAT_AT_RECORD_COUNT, 4, UINT32_MAX, LWC_E_CORRUPT, "too many"},
    {"slot type", SLOT, LWC_FORMAT_SLOT_AT_TYPE, 2, 900, LWC_OK, NULL},
    {"slot as key file", SLOT, LWC_FORMAT_SLOT_AT_TYPE, 2, 2, LWC_E_CORRUPT, "key file slot of"},
    {"slot short", SLOT, LWC_FORMAT_SLOT_AT_LEN, 2, 127, LWC_E_CORRUPT, "slot of 127"},
    {"slot long", SLOT, LWC_FORMAT_SLOT_AT_LEN, 2, 65535, LWC_E_CORRUPT, "slot 0 is cut"},
    {"passes 0", SLOT, 4, 4, 0, LWC_E_CORRUPT, "out of bounds"},
    {"passes 16", SLOT, 4, 4, 16, LWC_OK, NULL},
    {"passes 17", SLOT, 4, 4, 17, LWC_E_CORRUPT, "17 passes"},
    {"19 MiB less 1 KiB", SLOT, 8, 4, 19 * 1024 - 1, LWC_E_CORRUPT, "out of bounds"},
    {"1 GiB", SLOT, 8, 4, 1024 * 1024, LWC_OK, NULL},
    {"over 1 GiB", SLOT, 8, 4, 1024 * 1024 + 1, LWC_E_CORRUPT, "out of bounds"},
    {"record generation 0", RECORD, LWC_FORMAT_RECORD_AT_GENERATION, 8, 0, LWC_E_CORRUPT,
     "generation 0"},
    {"record of tomorrow", RECORD, LWC_FORMAT_RECORD_AT_GENERATION, 8, 4, LWC_E_CORRUPT,
     "generation 4"},
    {"record created", RECORD, LWC_FORMAT_RECORD_AT_CREATED, 8, UINT64_MAX, LWC_E_CORRUPT,
     "time out"},
    {"record changed", RECORD, LWC_FORMAT_RECORD_AT_CHANGED, 8, UINT64_MAX, LWC_E_CORRUPT,
     "time out"},
    {"kind any", RECORD, LWC_FORMAT_RECORD_AT_KIND, 4, 0, LWC_E_CORRUPT, "record 0"},
    {"kind 6", RECORD, LWC_FORMAT_RECORD_AT_KIND, 4, 6, LWC_E_CORRUPT, "record 0"},
    {"flags", RECORD, LWC_FORMAT_RECORD_AT_FLAGS, 4, 2, LWC_E_CORRUPT, "record 0"},
    {"text shorter", RECORD, LWC_FORMAT_RECORD_AT_TEXT_LEN, 4, 10, LWC_E_CORRUPT, "five strings"},
    {"text huge", RECORD, LWC_FORMAT_RECORD_AT_TEXT_LEN, 4, UINT32_MAX, LWC_E_CORRUPT,
     "out of bounds"},
    {"sealed 0", RECORD, LWC_FORMAT_RECORD_AT_SEALED_LEN, 4, 0, LWC_E_CORRUPT, "out of bounds"},
    {"sealed 81", RECORD, LWC_FORMAT_RECORD_AT_SEALED_LEN, 4, 81, LWC_E_CORRUPT, "out of bounds"},
    {"sealed beyond", RECORD, LWC_FORMAT_RECORD_AT_SEALED_LEN, 4, 64 * 9 + 16, LWC_E_CORRUPT,
     "record 0 is cut"},
    {"sealed huge", RECORD, LWC_FORMAT_RECORD_AT_SEALED_LEN, 4, UINT32_MAX, LWC_E_CORRUPT,
     "out of bounds"},
    {"profile character", RECORD, LWC_FORMAT_RECORD_AT_TEXT, 1, '/', LWC_E_CORRUPT, "record 0"},
    {"profile escape", RECORD, LWC_FORMAT_RECORD_AT_TEXT, 1, 0x1b, LWC_E_CORRUPT, "record 0"},
    {"profile empty", RECORD, LWC_FORMAT_RECORD_AT_TEXT, 1, 0, LWC_E_CORRUPT, "five strings"},
    {"account upper", RECORD, LWC_FORMAT_RECORD_AT_TEXT + 6, 1, 'A', LWC_E_CORRUPT, "record 0"},
    {"order", RECORD, LWC_FORMAT_RECORD_AT_TEXT, 1, 'c', LWC_E_CORRUPT, "record 1 is out of order"},
};

static void put(uint8_t *at, size_t width, uint64_t value)
{
    for (size_t i = 0; i < width; i++) {
        at[i] = (uint8_t)(value >> (8 * (width - 1 - i)));
    }
}

static void parse_changed_field_is_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(changes); i++) {
        const struct change_case *c = &changes[i];
        struct sample sample = {0};
        struct lwc_error err = {0};
        enum lwc_code code = LWC_OK;

        make_sample(&sample, 1, 1);
        put(sample.bytes + c->at + (size_t[]){0, LWC_FORMAT_AT_SLOTS, sample.first}[c->base],
            c->width, c->value);
        code = parse(sample.bytes, sample.len, &err);
        if (code != c->code || (c->words != NULL && strstr(err.msg, c->words) == NULL)) {
            fail_msg("%s: code %d, %s", c->name, (int)code, err.msg);
        }
        free_sample(&sample);
    }
}

static void parse_slots_at_their_limits_is_judged(void **state)
{
    static const struct {
        const char *name;
        size_t passphrases;
        size_t unknown;
        enum lwc_code code;
    } cases[] = {
        {"8 passphrases", 8, 0, LWC_OK},
        {"9 passphrases", 9, 0, LWC_E_CORRUPT},
        {"16 slots", 8, 8, LWC_OK},
        {"16 unknown slots", 0, 16, LWC_OK},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct sample sample = {0};

        make_sample(&sample, cases[i].passphrases, cases[i].unknown);
        if (parse(sample.bytes, sample.len, NULL) != cases[i].code) {
            fail_msg("%s", cases[i].name);
        }
        free_sample(&sample);
    }
}

/* A wrong passphrase is stretched for each slot: the sum is bounded, not each slot alone. */
static void parse_slots_of_too_high_a_cost_is_corrupt(void **state)
{
    static const struct {
        const char *name;
        struct lwc_format_cost costs[3];
        enum lwc_code code;
    } cases[] = {
        {"4 passes over 1 GiB", {{4, 1 << 20}, {0}, {0}}, LWC_OK},
        {"16 passes over 256 MiB", {{16, 1 << 18}, {0}, {0}}, LWC_OK},
        {"5 passes over 1 GiB", {{5, 1 << 20}, {0}, {0}}, LWC_E_CORRUPT},
        {"16 passes over 1 GiB", {{16, 1 << 20}, {0}, {0}}, LWC_E_CORRUPT},
        {"half and half", {{2, 1 << 20}, {2, 1 << 20}, {0}}, LWC_OK},
        {"half, half and one more", {{2, 1 << 20}, {2, 1 << 20}, {1, 19456}}, LWC_E_CORRUPT},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct sample sample = {0};
        struct lwc_error err = {0};
        size_t count = 0;

        while (count < 3 && cases[i].costs[count].passes > 0) {
            count++;
        }
        make_sample(&sample, count, 0);
        for (size_t slot = 0; slot < count; slot++) {
            lwc_format_cost_put(cases[i].costs[slot],
                                sample.bytes + LWC_FORMAT_AT_SLOTS +
                                    slot * (LWC_FORMAT_SLOT_AT_BODY + LWC_FORMAT_PASS_LEN) +
                                    LWC_FORMAT_SLOT_AT_BODY);
        }
        if (parse(sample.bytes, sample.len, &err) != cases[i].code ||
            (cases[i].code != LWC_OK && strstr(err.msg, "MiB-passes") == NULL)) {
            fail_msg("%s: %s", cases[i].name, err.msg);
        }
        free_sample(&sample);
    }
}

/* A new store has no generation before it. */
static void parse_first_generation_with_a_previous_mac_is_corrupt(void **state)
{
    struct sample sample = {0};
    struct lwc_error err = {0};
    uint8_t *record = NULL;

    (void)state;
    make_sample(&sample, 1, 0);
    record = sample.bytes + sample.first;
    put(sample.bytes + LWC_FORMAT_AT_GENERATION, 8, 1);
    put(sample.bytes + LWC_FORMAT_AT_KEY_EPOCH, 8, 1);
    assert_int_equal(parse(sample.bytes, sample.len, &err), LWC_E_CORRUPT);
    assert_non_null(strstr(err.msg, "names a generation before it"));
    memset(sample.bytes + LWC_FORMAT_AT_PREVIOUS_MAC, 0, LWC_FORMAT_DIGEST_LEN);
    put(record + LWC_FORMAT_RECORD_AT_GENERATION, 8, 1);
    assert_int_equal(parse(sample.bytes, sample.len, &err), LWC_E_CORRUPT);
    assert_non_null(strstr(err.msg, "record 1 is of generation 3"));
    free_sample(&sample);
}

static void parse_twice_the_same_profile_is_corrupt(void **state)
{
    struct sample sample = {0};
    struct lwc_error err = {0};

    (void)state;
    make_sample_of("alpha", &sample, 1, 0);
    assert_int_equal(parse(sample.bytes, sample.len, &err), LWC_E_CORRUPT);
    assert_non_null(strstr(err.msg, "record 1 is out of order"));
    free_sample(&sample);
}

static void parse_too_large_file_is_corrupt(void **state)
{
    struct lwc_error err = {0};
    LWC_AUTO_FREE uint8_t *bytes = calloc(1, LWC_FORMAT_FILE_MAX + 1);

    (void)state;
    assert_non_null(bytes);
    assert_int_equal(parse(bytes, LWC_FORMAT_FILE_MAX + 1, &err), LWC_E_CORRUPT);
    assert_non_null(strstr(err.msg, "larger than"));
}

static void head_of_newer_version_needs_no_more_than_its_number(void **state)
{
    static const uint8_t newer[] = "LWCREDS\n\x02";

    (void)state;
    assert_int_equal(lwc_format_head(newer, 9, NULL), LWC_E_TOO_NEW);
    assert_int_equal(lwc_format_head(newer, 8, NULL), LWC_E_CORRUPT);
    assert_int_equal(lwc_format_head(newer, 0, NULL), LWC_E_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_sound_store_gives_its_parts),
        cmocka_unit_test(encode_of_parsed_store_gives_the_same_bytes),
        cmocka_unit_test(parse_cut_at_any_length_is_corrupt),
        cmocka_unit_test(parse_changed_field_is_judged),
        cmocka_unit_test(parse_slots_at_their_limits_is_judged),
        cmocka_unit_test(parse_slots_of_too_high_a_cost_is_corrupt),
        cmocka_unit_test(parse_first_generation_with_a_previous_mac_is_corrupt),
        cmocka_unit_test(parse_twice_the_same_profile_is_corrupt),
        cmocka_unit_test(parse_too_large_file_is_corrupt),
        cmocka_unit_test(head_of_newer_version_needs_no_more_than_its_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
