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
static struct lwc_buf *counting(uint8_t first)
{
    uint8_t bytes[LWC_SEAL_KEY_LEN];
    struct lwc_buf *secret = NULL;

    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(first + i);
    }
    assert_int_equal(lwc_buf_copy(bytes, sizeof bytes, &secret, NULL), LWC_OK);
    return secret;
}

static bool digest_fits(const uint8_t *bytes, size_t len)
{
    uint8_t hash[LWC_SEAL_HASH_LEN];

    lwc_seal_hash(bytes, len, hash);
    return lwc_seal_digest_fits(hash, bytes + len - LWC_SEAL_TRAILER_LEN);
}

static enum lwc_code mac_check(const struct lwc_buf *master, const uint8_t *bytes, size_t len)
{
    uint8_t hash[LWC_SEAL_HASH_LEN];

    lwc_seal_hash(bytes, len, hash);
    return lwc_seal_mac_check(master, hash, bytes + len - LWC_SEAL_TRAILER_LEN, NULL);
}

static void finish_gives_the_known_answer(void **state)
{
    static const uint8_t known[LWC_SEAL_TRAILER_LEN] = {
        0x60, 0x17, 0x72, 0x94, 0x4d, 0x98, 0x00, 0x29, 0xc9, 0x66, 0xac, 0x4f, 0x89,
        0xea, 0x47, 0x22, 0xdf, 0x3b, 0x20, 0x25, 0x1b, 0x15, 0xc2, 0xd6, 0xb8, 0xf8,
        0x16, 0x5f, 0x17, 0xd7, 0xb9, 0x74, 0x84, 0xb8, 0x0f, 0xb7, 0xb9, 0x61, 0xd2,
        0x83, 0x2c, 0x09, 0xaf, 0xa5, 0x0f, 0x63, 0xcd, 0x5a, 0x1e, 0xb8, 0x95, 0xf4,
        0xcb, 0x6f, 0x37, 0x69, 0x04, 0xf7, 0xb9, 0x07, 0x7f, 0x52, 0xfe, 0xbd};
    LWC_AUTO_BUF master = counting(0x80);
    LWC_AUTO_BUF other = counting(0x81);
    uint8_t bytes[11 + LWC_SEAL_TRAILER_LEN] = "hello store";

    (void)state;
    assert_int_equal(lwc_seal_finish(master, bytes, sizeof bytes, NULL), LWC_OK);
    assert_memory_equal(bytes + 11, known, sizeof known);
    assert_true(digest_fits(bytes, sizeof bytes));
    assert_int_equal(mac_check(master, bytes, sizeof bytes), LWC_OK);
    assert_int_equal(mac_check(other, bytes, sizeof bytes), LWC_E_CORRUPT);
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] ^= 1;
        if (digest_fits(bytes, sizeof bytes)) {
            fail_msg("digest fits with byte %zu changed", i);
        }
        if ((mac_check(master, bytes, sizeof bytes) == LWC_OK) !=
            (i >= sizeof bytes - LWC_SEAL_DIGEST_LEN)) {
            fail_msg("MAC and byte %zu", i);
        }
        bytes[i] ^= 1;
    }
}

static void keyfile_gives_the_known_answer(void **state)
{
    static const uint8_t known[LWC_SEAL_KEY_LEN] = {0xa5, 0xb0, 0xd6, 0xa9, 0xc1, 0xb2, 0x6c, 0xd8,
                                                    0x12, 0x94, 0xf2, 0x59, 0x04, 0x16, 0xe1, 0x65,
                                                    0x0b, 0x0e, 0x7a, 0x4c, 0xc6, 0xf4, 0x49, 0x57,
                                                    0xe0, 0x77, 0xa7, 0x71, 0xb6, 0xe7, 0x57, 0xeb};
    static const uint8_t known_commit[LWC_SEAL_COMMIT_LEN] = {
        0x95, 0xd0, 0x2a, 0x91, 0x46, 0xc2, 0xdc, 0xfb, 0x0d, 0xb8, 0x7c,
        0xa9, 0x7e, 0xc4, 0x87, 0x96, 0x23, 0xa5, 0xfa, 0x5a, 0xbc, 0x61,
        0x14, 0xb2, 0x4b, 0xfb, 0x80, 0xdb, 0x47, 0x62, 0x8f, 0x31};
    LWC_AUTO_BUF content = counting(0);
    LWC_AUTO_BUF key = NULL;
    uint8_t commit[LWC_SEAL_COMMIT_LEN];

    (void)state;
    assert_int_equal(lwc_seal_keyfile(content, store_id, &key, commit, NULL), LWC_OK);
    assert_true(lwc_buf_equal(key, known, sizeof known));
    assert_memory_equal(commit, known_commit, sizeof commit);
}

static void nonce_gives_the_known_answer(void **state)
{
    static const uint8_t known[LWC_SEAL_NONCE_LEN] = {
        0x23, 0x5c, 0x93, 0xac, 0x39, 0x1d, 0x2c, 0x14, 0x25, 0x34, 0x9b, 0x8a,
        0x95, 0x9a, 0xc0, 0xb3, 0x53, 0xb7, 0xf2, 0xaf, 0x48, 0x1c, 0xf6, 0x65};
    LWC_AUTO_BUF master = counting(0x80);
    uint8_t made[LWC_SEAL_NONCE_LEN];

    (void)state;
    memcpy(made, nonce, sizeof made);
    assert_int_equal(lwc_seal_nonce(master, bound, "secret", 6, made, NULL), LWC_OK);
    assert_memory_equal(made, known, sizeof made);
}

/* Clones of a machine draw the same random bytes: each other input changes the nonce as well. */
static void nonce_depends_on_every_input(void **state)
{
    static const struct {
        const char *name;
        uint8_t master;
        size_t ad_len;
        const char *secret;
        uint8_t random;
    } cases[] = {
        {"master key", 1, 5, "secret", 0},
        {"associated data", 0, 4, "secret", 0},
        {"secret", 0, 5, "secreT", 0},
        {"random bytes", 0, 5, "secret", 1},
    };
    LWC_AUTO_BUF master = counting(0);
    uint8_t usual[LWC_SEAL_NONCE_LEN] = {0};

    (void)state;
    assert_int_equal(lwc_seal_nonce(master, bound, "secret", 6, usual, NULL), LWC_OK);
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        LWC_AUTO_BUF other = counting(cases[i].master);
        const struct lwc_seal_ad ad = {bound_bytes, cases[i].ad_len};
        uint8_t made[LWC_SEAL_NONCE_LEN] = {cases[i].random};

        assert_int_equal(lwc_seal_nonce(other, ad, cases[i].secret, 6, made, NULL), LWC_OK);
        if (memcmp(made, usual, sizeof made) == 0) {
            fail_msg("%s does not count", cases[i].name);
        }
    }
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
    LWC_AUTO_BUF master = counting(0x80);
    uint8_t sealed[sizeof known];

    (void)state;
    assert_int_equal(lwc_seal_len(6), sizeof known);
    assert_int_equal(lwc_seal_record(master, nonce, bound, "secret", 6, sealed, NULL), LWC_OK);
    assert_memory_equal(sealed, known, sizeof known);
}

static void record_of_any_length_opens_again(void **state)
{
    static const size_t lens[] = {1, 2, 62, 63, 64, 65, 127, 128, 4096, 65535, 65536};
    LWC_AUTO_BUF master = counting(1);
    LWC_AUTO_FREE uint8_t *plain = malloc(65536);
    LWC_AUTO_FREE uint8_t *sealed = malloc(lwc_seal_len(65536));

    (void)state;
    assert_true(plain != NULL && sealed != NULL);
    memset(plain, 0x80, 65536); /* looks like padding */
    for (size_t i = 0; i < LWC_ARRAY_LEN(lens); i++) {
        LWC_AUTO_BUF secret = NULL;

        assert_int_equal(lwc_seal_record(master, nonce, bound, plain, lens[i], sealed, NULL),
                         LWC_OK);
        if (lwc_seal_open(master, nonce, bound, sealed, lwc_seal_len(lens[i]), &secret, NULL) !=
                LWC_OK ||
            !lwc_buf_equal(secret, plain, lens[i])) {
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
static bool open_is_refused(const struct lwc_buf *master, const uint8_t *open_nonce,
                            struct lwc_seal_ad ad, const uint8_t *sealed, size_t len)
{
    LWC_AUTO_BUF secret = NULL;

    return lwc_seal_open(master, open_nonce, ad, sealed, len, &secret, NULL) == LWC_E_CORRUPT &&
           secret == NULL;
}

static void open_of_anything_changed_is_corrupt(void **state)
{
    LWC_AUTO_BUF master = counting(1);
    LWC_AUTO_BUF other = counting(2);
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
    LWC_AUTO_BUF key = counting(1);
    LWC_AUTO_BUF other = counting(2);
    LWC_AUTO_BUF master = counting(3);
    LWC_AUTO_BUF opened = NULL;
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
    assert_true(lwc_buf_equal(opened, lwc_buf_bytes(master), lwc_buf_len(master)));
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
    LWC_AUTO_BUF passphrase = NULL;
    LWC_AUTO_BUF key = NULL;
    uint8_t commit[LWC_SEAL_COMMIT_LEN];
    uint8_t salt[LWC_SEAL_SALT_LEN] = {0};

    (void)state;
    assert_int_equal(lwc_buf_copy("a", 1, &passphrase, NULL), LWC_OK);
    assert_int_equal(lwc_seal_stretch(passphrase, 1, 8, salt, &key, commit, NULL), LWC_OK);
    assert_int_equal(lwc_buf_len(key), LWC_SEAL_KEY_LEN);
    assert_false(lwc_buf_equal(key, commit, sizeof commit));
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        LWC_AUTO_BUF changed = NULL;
        LWC_AUTO_BUF other = NULL;
        uint8_t other_commit[LWC_SEAL_COMMIT_LEN];

        salt[0] = cases[i].salt;
        assert_int_equal(lwc_buf_copy(cases[i].passphrase, 1, &changed, NULL), LWC_OK);
        assert_int_equal(lwc_seal_stretch(changed, cases[i].passes, cases[i].memory_kib, salt,
                                          &other, other_commit, NULL),
                         LWC_OK);
        if (lwc_buf_equal(key, lwc_buf_bytes(other), lwc_buf_len(other)) ||
            memcmp(commit, other_commit, sizeof commit) == 0) {
            fail_msg("%s does not count", cases[i].name);
        }
    }
}

static void stretch_beyond_the_memory_is_io(void **state)
{
    LWC_AUTO_BUF passphrase = NULL;
    LWC_AUTO_BUF key = NULL;
    uint8_t commit[LWC_SEAL_COMMIT_LEN];
    const uint8_t salt[LWC_SEAL_SALT_LEN] = {0};
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(lwc_buf_copy("a", 1, &passphrase, NULL), LWC_OK);
    assert_int_equal(lwc_seal_stretch(passphrase, 1, UINT32_MAX, salt, &key, commit, &err),
                     LWC_E_IO);
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
    LWC_AUTO_BUF passphrase = NULL;
    LWC_AUTO_BUF key = NULL;
    uint8_t commit[LWC_SEAL_COMMIT_LEN];
    const uint8_t salt[LWC_SEAL_SALT_LEN] = {0};

    (void)state;
    assert_int_equal(lwc_buf_copy("a", 1, &passphrase, NULL), LWC_OK);
    no_memory = true;
    assert_int_equal(lwc_seal_stretch(passphrase, 1, 8, salt, &key, commit, NULL), LWC_E_IO);
    no_memory = false;
    assert_null(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finish_gives_the_known_answer),
        cmocka_unit_test(keyfile_gives_the_known_answer),
        cmocka_unit_test(nonce_gives_the_known_answer),
        cmocka_unit_test(nonce_depends_on_every_input),
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
