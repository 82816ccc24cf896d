/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "base/util.h"

/* Known answers were computed apart from libsodium, from the published descriptions. */

#define LABEL "lwcred test 1"
#define KEY "_0123456789abcdef0123456789abcdef"
#define CONTEXT "entry"
#define PLAIN "hello cache"
#define OVERHEAD (24 + 16)

static const uint8_t known_sealed[] = {
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c,
    0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x43, 0x56,
    0x46, 0xfe, 0xe4, 0xf0, 0x32, 0x41, 0xc5, 0x92, 0x38, 0x2a, 0xa3, 0x02, 0xb8,
    0xa1, 0x9d, 0x28, 0x3d, 0x9c, 0xc9, 0x83, 0x34, 0xbb, 0x26, 0x2d, 0x71};

static struct lwc_buf *empty_secret(void)
{
    struct lwc_buf *secret = NULL;

    assert_int_equal(lwc_buf_new(16, &secret, NULL), LWC_OK);
    return secret;
}

static void end_in_hex(struct lwc_hash *hash, char hex_out[static LWC_HASH_HEX_LEN])
{
    uint8_t bytes[LWC_HASH_LEN];

    lwc_hash_end(hash, bytes);
    lwc_hash_hex(bytes, hex_out);
}

static void hash_gives_the_known_answers(void **state)
{
    struct lwc_hash hash;
    char hex[LWC_HASH_HEX_LEN];

    (void)state;
    lwc_hash_begin(&hash, LABEL);
    end_in_hex(&hash, hex);
    assert_string_equal(hex, "e41461d51fd401e047f73be9dbedcab7c9fc960d70d716246af2058023dac435");
    lwc_hash_begin(&hash, LABEL);
    lwc_hash_add(&hash, "acme.lacework.net", strlen("acme.lacework.net"));
    lwc_hash_add_text(&hash, "");
    lwc_hash_add_text(&hash, NULL);
    lwc_hash_add_number(&hash, -1);
    end_in_hex(&hash, hex);
    assert_string_equal(hex, "a073690a607168a620196c2e7e9942a1e9a4fbfd5a17edc53e9ded8d7455547e");
}

static void nothing(struct lwc_hash *hash)
{
    (void)hash;
}

static void empty(struct lwc_hash *hash)
{
    lwc_hash_add_text(hash, "");
}

static void null(struct lwc_hash *hash)
{
    lwc_hash_add_text(hash, NULL);
}

static void two_empty(struct lwc_hash *hash)
{
    lwc_hash_add_text(hash, "");
    lwc_hash_add_text(hash, "");
}

static void split_early(struct lwc_hash *hash)
{
    lwc_hash_add_text(hash, "a");
    lwc_hash_add_text(hash, "bc");
}

static void split_late(struct lwc_hash *hash)
{
    lwc_hash_add_text(hash, "ab");
    lwc_hash_add_text(hash, "c");
}

static void whole(struct lwc_hash *hash)
{
    lwc_hash_add_text(hash, "abc");
}

static void zero(struct lwc_hash *hash)
{
    lwc_hash_add_number(hash, 0);
}

static void one(struct lwc_hash *hash)
{
    lwc_hash_add_number(hash, 1);
}

static void fields_that_differ_hash_differently(void **state)
{
    static const struct {
        const char *name;
        void (*add)(struct lwc_hash *hash);
    } cases[] = {
        {"nothing", nothing},     {"empty", empty},       {"NULL", null},
        {"two empty", two_empty}, {"a, bc", split_early}, {"ab, c", split_late},
        {"abc", whole},           {"zero", zero},         {"one", one},
    };
    char hex[LWC_ARRAY_LEN(cases)][LWC_HASH_HEX_LEN];

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_hash hash;

        lwc_hash_begin(&hash, LABEL);
        cases[i].add(&hash);
        end_in_hex(&hash, hex[i]);
        for (size_t j = 0; j < i; j++) {
            print_message("%s and %s\n", cases[i].name, cases[j].name);
            assert_string_not_equal(hex[i], hex[j]);
        }
    }
}

static void labels_that_differ_hash_differently(void **state)
{
    struct lwc_hash hash;
    char hex[LWC_HASH_HEX_LEN];
    char other[LWC_HASH_HEX_LEN];

    (void)state;
    lwc_hash_begin(&hash, LABEL);
    whole(&hash);
    end_in_hex(&hash, hex);
    lwc_hash_begin(&hash, "lwcred test 2");
    whole(&hash);
    end_in_hex(&hash, other);
    assert_string_not_equal(hex, other);
}

static void end_wipes_the_state(void **state)
{
    const struct lwc_hash wiped = {.room = {0}};
    struct lwc_hash hash;
    uint8_t bytes[LWC_HASH_LEN];

    (void)state;
    lwc_hash_begin(&hash, LABEL);
    lwc_hash_add_text(&hash, KEY);
    lwc_hash_end(&hash, bytes);
    assert_memory_equal(hash.room, wiped.room, sizeof wiped.room);
}

static void unseal_opens_the_known_answer(void **state)
{
    LWC_AUTO_BUF plain = empty_secret();

    (void)state;
    assert_int_equal(lwc_buf_append(plain, "old", 3, NULL), LWC_OK);
    assert_int_equal(
        lwc_unseal(KEY, strlen(KEY), CONTEXT, known_sealed, sizeof known_sealed, plain, NULL),
        LWC_OK);
    assert_true(lwc_buf_equal(plain, PLAIN, strlen(PLAIN)));
}

static void seal_then_unseal_gives_the_plain_bytes(void **state)
{
    static const size_t lens[] = {0, 1, 63, 64, 65, 4096, 32768};
    uint8_t *bytes = calloc(1, 32768);

    (void)state;
    assert_non_null(bytes);
    for (size_t i = 0; i < LWC_ARRAY_LEN(lens); i++) {
        LWC_AUTO_BUF sealed = empty_secret();
        LWC_AUTO_BUF plain = empty_secret();

        print_message("%zu bytes\n", lens[i]);
        assert_int_equal(lwc_seal(KEY, strlen(KEY), CONTEXT, bytes, lens[i], sealed, NULL), LWC_OK);
        assert_int_equal(lwc_buf_len(sealed), lens[i] + OVERHEAD);
        assert_int_equal(lwc_unseal(KEY, strlen(KEY), CONTEXT, lwc_buf_bytes(sealed),
                                    lwc_buf_len(sealed), plain, NULL),
                         LWC_OK);
        assert_true(lwc_buf_equal(plain, bytes, lens[i]));
    }
    free(bytes);
}

static void seal_twice_uses_two_nonces(void **state)
{
    LWC_AUTO_BUF sealed = empty_secret();
    LWC_AUTO_BUF again = empty_secret();

    (void)state;
    assert_int_equal(lwc_seal(KEY, strlen(KEY), CONTEXT, PLAIN, strlen(PLAIN), sealed, NULL),
                     LWC_OK);
    assert_int_equal(lwc_seal(KEY, strlen(KEY), CONTEXT, PLAIN, strlen(PLAIN), again, NULL),
                     LWC_OK);
    assert_memory_not_equal(lwc_buf_bytes(sealed), lwc_buf_bytes(again), 24);
    assert_memory_not_equal(lwc_buf_bytes(sealed) + 24, lwc_buf_bytes(again) + 24, strlen(PLAIN));
}

static void seal_replaces_what_was_there(void **state)
{
    LWC_AUTO_BUF sealed = empty_secret();

    (void)state;
    assert_int_equal(lwc_buf_append(sealed, "old", 3, NULL), LWC_OK);
    assert_int_equal(lwc_seal(KEY, strlen(KEY), CONTEXT, PLAIN, strlen(PLAIN), sealed, NULL),
                     LWC_OK);
    assert_int_equal(lwc_buf_len(sealed), strlen(PLAIN) + OVERHEAD);
}

static void seal_of_too_much_is_refused(void **state)
{
    LWC_AUTO_BUF sealed = empty_secret();
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(
        lwc_seal(KEY, strlen(KEY), CONTEXT, PLAIN, LWC_BUF_CAP - OVERHEAD + 1, sealed, &err),
        LWC_E_INVALID);
    assert_int_equal(lwc_buf_len(sealed), 0);
}

/* Does unseal refuse, and write nothing? */
static void assert_refused(const char *key, const char *context, const uint8_t *sealed, size_t len)
{
    LWC_AUTO_BUF plain = empty_secret();
    struct lwc_error err = {0};

    assert_int_equal(lwc_unseal(key, strlen(key), context, sealed, len, plain, &err),
                     LWC_E_CORRUPT);
    assert_int_equal(err.code, LWC_E_CORRUPT);
    assert_true(err.msg[0] != '\0');
    assert_null(strstr(err.msg, KEY));
    assert_int_equal(lwc_buf_len(plain), 0);
    assert_int_equal(lwc_buf_bytes(plain)[0], 0);
}

static void unseal_with_another_key_or_context_is_refused(void **state)
{
    static const struct {
        const char *name;
        const char *key;
        const char *context;
    } cases[] = {
        {"other key", "_0123456789abcdef0123456789abcdeg", CONTEXT},
        {"shorter key", "_0123456789abcdef0123456789abcde", CONTEXT},
        {"longer key", KEY "0", CONTEXT},
        {"empty key", "", CONTEXT},
        {"other context", KEY, "entrz"},
        {"shorter context", KEY, "entr"},
        {"empty context", KEY, ""},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        print_message("%s\n", cases[i].name);
        assert_refused(cases[i].key, cases[i].context, known_sealed, sizeof known_sealed);
    }
}

static void unseal_of_changed_bytes_is_refused(void **state)
{
    uint8_t sealed[sizeof known_sealed];

    (void)state;
    for (size_t bit = 0; bit < 8 * sizeof sealed; bit++) {
        memcpy(sealed, known_sealed, sizeof sealed);
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_refused(KEY, CONTEXT, sealed, sizeof sealed);
    }
}

static void unseal_of_another_length_is_refused(void **state)
{
    uint8_t longer[sizeof known_sealed + 1] = {0};

    (void)state;
    for (size_t len = 0; len < sizeof known_sealed; len++) {
        assert_refused(KEY, CONTEXT, known_sealed, len);
    }
    memcpy(longer, known_sealed, sizeof known_sealed);
    assert_refused(KEY, CONTEXT, longer, sizeof longer);
    assert_refused(KEY, CONTEXT, known_sealed, LWC_BUF_CAP + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_gives_the_known_answers),
        cmocka_unit_test(fields_that_differ_hash_differently),
        cmocka_unit_test(labels_that_differ_hash_differently),
        cmocka_unit_test(end_wipes_the_state),
        cmocka_unit_test(unseal_opens_the_known_answer),
        cmocka_unit_test(seal_then_unseal_gives_the_plain_bytes),
        cmocka_unit_test(seal_twice_uses_two_nonces),
        cmocka_unit_test(seal_replaces_what_was_there),
        cmocka_unit_test(seal_of_too_much_is_refused),
        cmocka_unit_test(unseal_with_another_key_or_context_is_refused),
        cmocka_unit_test(unseal_of_changed_bytes_is_refused),
        cmocka_unit_test(unseal_of_another_length_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
