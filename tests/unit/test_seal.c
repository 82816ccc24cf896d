/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/file/seal.h"
#include "base/util.h"

/* Known answers were computed apart from libsodium, from the published description. */

static const uint8_t store_id[LWC_SEAL_STORE_ID_LEN] = {
    0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f};
static const uint8_t nonce[LWC_SEAL_NONCE_LEN] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11,
                                                  12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23};
static const uint8_t bound_bytes[] = {'b', 'o', 'u', 'n', 'd'};
static const struct lwc_seal_ad bound = {bound_bytes, sizeof bound_bytes};

/* 32 bytes that count up. */
static struct lwc_secret *counting(uint8_t first)
{
    uint8_t bytes[LWC_SEAL_KEY_LEN];
    struct lwc_secret *secret = NULL;

    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(first + i);
    }
    assert_int_equal(lwc_secret_copy(bytes, sizeof bytes, &secret, NULL), LWC_OK);
    return secret;
}

static void finish_gives_the_known_answer(void **state)
{
    static const uint8_t known[LWC_SEAL_TRAILER_LEN] = {
        0xfd, 0x7d, 0xd4, 0x60, 0xa0, 0x60, 0xf0, 0xf1, 0x1c, 0x40, 0x7e, 0xc4, 0x1c,
        0x6f, 0xe2, 0x22, 0x04, 0x62, 0x77, 0xa5, 0xf3, 0x9c, 0x62, 0x1c, 0xc8, 0x2d,
        0xbf, 0x30, 0xbb, 0x24, 0x4a, 0x5c, 0xa0, 0xf4, 0xc1, 0x0c, 0x7a, 0xeb, 0x46,
        0xb5, 0x20, 0x14, 0xb8, 0x46, 0x67, 0xc8, 0xe5, 0x21, 0x84, 0x1b, 0x66, 0xd4,
        0x31, 0xfb, 0x97, 0xc9, 0x9e, 0x24, 0x82, 0x92, 0x67, 0x4b, 0x7b, 0xd8};
    LWC_AUTO_SECRET master = counting(0x80);
    LWC_AUTO_SECRET other = counting(0x81);
    uint8_t bytes[11 + LWC_SEAL_TRAILER_LEN] = "hello store";

    (void)state;
    assert_int_equal(lwc_seal_finish(master, bytes, sizeof bytes, NULL), LWC_OK);
    assert_memory_equal(bytes + 11, known, sizeof known);
    assert_true(lwc_seal_digest_fits(bytes, sizeof bytes));
    assert_int_equal(lwc_seal_mac_check(master, bytes, sizeof bytes, NULL), LWC_OK);
    assert_int_equal(lwc_seal_mac_check(other, bytes, sizeof bytes, NULL), LWC_E_CORRUPT);
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] ^= 1;
        if (lwc_seal_digest_fits(bytes, sizeof bytes)) {
            fail_msg("digest fits with byte %zu changed", i);
        }
        if ((lwc_seal_mac_check(master, bytes, sizeof bytes, NULL) == LWC_OK) !=
            (i >= sizeof bytes - LWC_SEAL_DIGEST_LEN)) {
            fail_msg("MAC and byte %zu", i);
        }
        bytes[i] ^= 1;
    }
}

static void checks_of_too_few_bytes_fail(void **state)
{
    LWC_AUTO_SECRET master = counting(0);
    const uint8_t bytes[LWC_SEAL_TRAILER_LEN] = {0};

    (void)state;
    assert_false(lwc_seal_digest_fits(bytes, 0));
    assert_false(lwc_seal_digest_fits(bytes, LWC_SEAL_DIGEST_LEN - 1));
    assert_int_equal(lwc_seal_mac_check(master, bytes, sizeof bytes - 1, NULL), LWC_E_CORRUPT);
}

static void keyfile_gives_the_known_answer(void **state)
{
    static const uint8_t known[LWC_SEAL_KEY_LEN] = {0x05, 0x63, 0x8f, 0x7b, 0x07, 0x7b, 0x2a, 0x37,
                                                    0x84, 0x58, 0x76, 0x3e, 0x69, 0xbb, 0xa3, 0x46,
                                                    0xd6, 0xa4, 0x5f, 0xf7, 0x96, 0x40, 0xf9, 0x3f,
                                                    0x8b, 0x02, 0xf8, 0x90, 0x73, 0x84, 0xd4, 0xb5};
    static const uint8_t known_hint[LWC_SEAL_HINT_LEN] = {0x0d, 0xd4, 0x10, 0x95, 0x2f, 0xe1,
                                                          0x18, 0x8a, 0x65, 0xa6, 0xd9, 0xed,
                                                          0x6a, 0x8e, 0x00, 0xc9};
    LWC_AUTO_SECRET content = counting(0);
    LWC_AUTO_SECRET key = NULL;
    uint8_t hint[LWC_SEAL_HINT_LEN];

    (void)state;
    assert_int_equal(lwc_seal_keyfile(content, store_id, &key, hint, NULL), LWC_OK);
    assert_true(lwc_secret_equal(key, known, sizeof known));
    assert_memory_equal(hint, known_hint, sizeof hint);
}

static void record_gives_the_known_answer(void **state)
{
    static const uint8_t known[] = {
        0x18, 0x2a, 0xe3, 0xf0, 0x09, 0x82, 0x97, 0x93, 0x71, 0x85, 0x80, 0x61, 0xd7, 0xef,
        0x10, 0x95, 0x8c, 0xf6, 0x74, 0xc8, 0x7d, 0xcd, 0xa0, 0x22, 0x12, 0xc9, 0x1e, 0xc0,
        0x8b, 0x4a, 0x4d, 0xd2, 0x2b, 0x6e, 0x49, 0x06, 0xef, 0xb3, 0x75, 0x7b, 0xaf, 0xc0,
        0x19, 0xdd, 0x0e, 0x58, 0xa7, 0xf8, 0xd5, 0x14, 0x99, 0x35, 0x2a, 0x97, 0xeb, 0x39,
        0x67, 0x37, 0x1c, 0xfc, 0xe7, 0xc4, 0xd3, 0xb2, 0x90, 0x00, 0x07, 0x25, 0x23, 0xaf,
        0xfe, 0xe6, 0x7a, 0x31, 0xdc, 0xe4, 0x00, 0x2a, 0x5f, 0x41};
    LWC_AUTO_SECRET master = counting(0x80);
    uint8_t sealed[sizeof known];

    (void)state;
    assert_int_equal(lwc_seal_len(6), sizeof known);
    assert_int_equal(lwc_seal_record(master, nonce, bound, "secret", 6, sealed, NULL), LWC_OK);
    assert_memory_equal(sealed, known, sizeof known);
}

static void record_of_any_length_opens_again(void **state)
{
    static const size_t lens[] = {1, 2, 62, 63, 64, 65, 127, 128, 4096, 65535, 65536};
    LWC_AUTO_SECRET master = counting(1);
    LWC_AUTO_FREE uint8_t *plain = malloc(65536);
    LWC_AUTO_FREE uint8_t *sealed = malloc(lwc_seal_len(65536));

    (void)state;
    assert_true(plain != NULL && sealed != NULL);
    memset(plain, 0x80, 65536); /* looks like padding */
    for (size_t i = 0; i < LWC_ARRAY_LEN(lens); i++) {
        LWC_AUTO_SECRET secret = NULL;

        assert_int_equal(lwc_seal_record(master, nonce, bound, plain, lens[i], sealed, NULL),
                         LWC_OK);
        if (lwc_seal_open(master, nonce, bound, sealed, lwc_seal_len(lens[i]), &secret, NULL) !=
                LWC_OK ||
            !lwc_secret_equal(secret, plain, lens[i])) {
            fail_msg("length %zu", lens[i]);
        }
    }
}

static void seal_len_does_not_show_the_length(void **state)
{
    (void)state;
    assert_int_equal(lwc_seal_len(1), LWC_SEAL_PAD + LWC_SEAL_TAG_LEN);
    assert_int_equal(lwc_seal_len(63), lwc_seal_len(1));
    assert_int_equal(lwc_seal_len(64), 2 * LWC_SEAL_PAD + LWC_SEAL_TAG_LEN);
    assert_int_equal(lwc_seal_len(65536), 65536 + LWC_SEAL_PAD + LWC_SEAL_TAG_LEN);
}

/* Opens with one thing changed; true if that is refused as it must be and nothing comes out. */
static bool open_is_refused(const struct lwc_secret *master, const uint8_t *open_nonce,
                            struct lwc_seal_ad ad, const uint8_t *sealed, size_t len)
{
    LWC_AUTO_SECRET secret = NULL;

    return lwc_seal_open(master, open_nonce, ad, sealed, len, &secret, NULL) == LWC_E_CORRUPT &&
           secret == NULL;
}

static void open_of_anything_changed_is_corrupt(void **state)
{
    LWC_AUTO_SECRET master = counting(1);
    LWC_AUTO_SECRET other = counting(2);
    uint8_t other_nonce[LWC_SEAL_NONCE_LEN] = {1};
    uint8_t sealed[LWC_SEAL_PAD + LWC_SEAL_TAG_LEN];

    (void)state;
    assert_int_equal(lwc_seal_record(master, nonce, bound, "x", 1, sealed, NULL), LWC_OK);
    assert_true(open_is_refused(other, nonce, bound, sealed, sizeof sealed));
    assert_true(open_is_refused(master, other_nonce, bound, sealed, sizeof sealed));
    assert_true(open_is_refused(master, nonce, (struct lwc_seal_ad){bound_bytes, 4}, sealed,
                                sizeof sealed));
    assert_true(
        open_is_refused(master, nonce, (struct lwc_seal_ad){NULL, 0}, sealed, sizeof sealed));
    for (size_t len = 0; len < sizeof sealed; len++) {
        if (!open_is_refused(master, nonce, bound, sealed, len)) {
            fail_msg("cut to %zu bytes", len);
        }
    }
    for (size_t i = 0; i < sizeof sealed; i++) {
        sealed[i] ^= 0x80;
        if (!open_is_refused(master, nonce, bound, sealed, sizeof sealed)) {
            fail_msg("byte %zu", i);
        }
        sealed[i] ^= 0x80;
    }
}

static void unwrap_gives_the_master_key_to_the_right_key_only(void **state)
{
    LWC_AUTO_SECRET key = counting(1);
    LWC_AUTO_SECRET other = counting(2);
    LWC_AUTO_SECRET master = counting(3);
    LWC_AUTO_SECRET opened = NULL;
    uint8_t wrapped[LWC_SEAL_WRAPPED_LEN];

    (void)state;
    lwc_seal_wrap(key, nonce, bound, master, wrapped);
    assert_int_equal(lwc_seal_unwrap(other, nonce, bound, wrapped, &opened, NULL), LWC_E_DENIED);
    assert_int_equal(
        lwc_seal_unwrap(key, nonce, (struct lwc_seal_ad){bound_bytes, 1}, wrapped, &opened, NULL),
        LWC_E_DENIED);
    for (size_t i = 0; i < sizeof wrapped; i++) {
        wrapped[i] ^= 1;
        if (lwc_seal_unwrap(key, nonce, bound, wrapped, &opened, NULL) != LWC_E_DENIED) {
            fail_msg("byte %zu", i);
        }
        wrapped[i] ^= 1;
    }
    assert_null(opened);
    assert_int_equal(lwc_seal_unwrap(key, nonce, bound, wrapped, &opened, NULL), LWC_OK);
    assert_true(lwc_secret_equal(opened, lwc_secret_bytes(master), lwc_secret_len(master)));
}

static void stretch_depends_on_every_input(void **state)
{
    static const struct {
        const char *name;
        const char *passphrase;
        uint32_t passes;
        uint32_t memory_kib;
        uint8_t salt;
    } cases[] = {
        {"passphrase", "b", 1, 8, 0},
        {"passes", "a", 2, 8, 0},
        {"memory", "a", 1, 16, 0},
        {"salt", "a", 1, 8, 1},
    };
    LWC_AUTO_SECRET passphrase = NULL;
    LWC_AUTO_SECRET key = NULL;
    uint8_t salt[LWC_SEAL_SALT_LEN] = {0};

    (void)state;
    assert_int_equal(lwc_secret_copy("a", 1, &passphrase, NULL), LWC_OK);
    assert_int_equal(lwc_seal_stretch(passphrase, 1, 8, salt, &key, NULL), LWC_OK);
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        LWC_AUTO_SECRET changed = NULL;
        LWC_AUTO_SECRET other = NULL;

        salt[0] = cases[i].salt;
        assert_int_equal(lwc_secret_copy(cases[i].passphrase, 1, &changed, NULL), LWC_OK);
        assert_int_equal(
            lwc_seal_stretch(changed, cases[i].passes, cases[i].memory_kib, salt, &other, NULL),
            LWC_OK);
        if (lwc_secret_equal(key, lwc_secret_bytes(other), lwc_secret_len(other))) {
            fail_msg("%s does not count", cases[i].name);
        }
    }
}

static void stretch_beyond_the_memory_is_io(void **state)
{
    LWC_AUTO_SECRET passphrase = NULL;
    LWC_AUTO_SECRET key = NULL;
    const uint8_t salt[LWC_SEAL_SALT_LEN] = {0};
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(lwc_secret_copy("a", 1, &passphrase, NULL), LWC_OK);
    assert_int_equal(lwc_seal_stretch(passphrase, 1, UINT32_MAX, salt, &key, &err), LWC_E_IO);
    assert_int_equal(err.sys, ENOMEM);
    assert_non_null(strstr(err.hint, "kdf="));
    assert_null(key);
}

int __real_crypto_pwhash(unsigned char *out, unsigned long long out_len, const char *passphrase,
                         unsigned long long len, const unsigned char *salt,
                         unsigned long long passes, size_t memory_len, int algorithm);
int __wrap_crypto_pwhash(unsigned char *out, unsigned long long out_len, const char *passphrase,
                         unsigned long long len, const unsigned char *salt,
                         unsigned long long passes, size_t memory_len, int algorithm);

static bool no_memory;

int __wrap_crypto_pwhash(unsigned char *out, unsigned long long out_len, const char *passphrase,
                         unsigned long long len, const unsigned char *salt,
                         unsigned long long passes, size_t memory_len, int algorithm)
{
    if (no_memory) {
        errno = ENOMEM;
        return -1;
    }
    return __real_crypto_pwhash(out, out_len, passphrase, len, salt, passes, memory_len, algorithm);
}

static void stretch_without_memory_is_io_and_not_denied(void **state)
{
    LWC_AUTO_SECRET passphrase = NULL;
    LWC_AUTO_SECRET key = NULL;
    const uint8_t salt[LWC_SEAL_SALT_LEN] = {0};

    (void)state;
    assert_int_equal(lwc_secret_copy("a", 1, &passphrase, NULL), LWC_OK);
    no_memory = true;
    assert_int_equal(lwc_seal_stretch(passphrase, 1, 8, salt, &key, NULL), LWC_E_IO);
    no_memory = false;
    assert_null(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finish_gives_the_known_answer),
        cmocka_unit_test(checks_of_too_few_bytes_fail),
        cmocka_unit_test(keyfile_gives_the_known_answer),
        cmocka_unit_test(record_gives_the_known_answer),
        cmocka_unit_test(record_of_any_length_opens_again),
        cmocka_unit_test(seal_len_does_not_show_the_length),
        cmocka_unit_test(open_of_anything_changed_is_corrupt),
        cmocka_unit_test(unwrap_gives_the_master_key_to_the_right_key_only),
        cmocka_unit_test(stretch_depends_on_every_input),
        cmocka_unit_test(stretch_beyond_the_memory_is_io),
        cmocka_unit_test(stretch_without_memory_is_io_and_not_denied),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
