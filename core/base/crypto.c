/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MUST:
 *  1. A hash is the same on every machine and in every version: names of cache entries and of
 *     locks are made with it.
 *  2. Each seal has a nonce that was never used before: 24 random bytes.
 *  3. Nothing is written to the caller's plain text before all of it is authentic.
 *  4. Keys and hash states are wiped.
 */
#include "base/crypto.h"

#include <assert.h>

#include <sodium.h>

#define NONCE_LEN crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_LEN crypto_aead_xchacha20poly1305_ietf_ABYTES
#define OVERHEAD ((size_t)NONCE_LEN + TAG_LEN)
#define SEAL_LABEL "lwcred seal key 1"
#define LENGTH_OF_NULL UINT64_MAX

#define STATE_ALIGN _Alignof(crypto_generichash_state)

static_assert(sizeof(crypto_generichash_state) + STATE_ALIGN - 1 <= sizeof(struct lwc_hash),
              "state fits");
static_assert(LWC_HASH_LEN == crypto_generichash_BYTES, "hash");
static_assert(LWC_HASH_LEN == crypto_generichash_KEYBYTES, "key of a hash");
static_assert(LWC_HASH_LEN == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key of a seal");

static crypto_generichash_state *state_of(struct lwc_hash *hash)
{
    uintptr_t at = ((uintptr_t)hash->room + STATE_ALIGN - 1) / STATE_ALIGN * STATE_ALIGN;

    return (crypto_generichash_state *)at;
}

void lwc_hash_begin(struct lwc_hash *hash, const char *label)
{
    uint8_t key[LWC_HASH_LEN];

    (void)lwc_memory_is_ready(); /* picks the fastest code; where it fails, BLAKE2b is the same */
    (void)crypto_generichash(key, sizeof key, (const uint8_t *)label, strlen(label), NULL, 0);
    (void)crypto_generichash_init(state_of(hash), key, sizeof key, LWC_HASH_LEN);
}

static void add_length(struct lwc_hash *hash, uint64_t len)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(len >> (8 * (sizeof bytes - 1 - i)));
    }
    (void)crypto_generichash_update(state_of(hash), bytes, sizeof bytes);
}

void lwc_hash_add(struct lwc_hash *hash, const void *bytes, size_t len)
{
    add_length(hash, len);
    if (len > 0) {
        (void)crypto_generichash_update(state_of(hash), bytes, len);
    }
}

void lwc_hash_add_text(struct lwc_hash *hash, const char *text)
{
    if (text == NULL) {
        add_length(hash, LENGTH_OF_NULL);
    } else {
        lwc_hash_add(hash, text, strlen(text));
    }
}

void lwc_hash_add_number(struct lwc_hash *hash, int64_t number)
{
    add_length(hash, sizeof number);
    add_length(hash, (uint64_t)number);
}

void lwc_hash_end(struct lwc_hash *hash, uint8_t hash_out[static LWC_HASH_LEN])
{
    (void)crypto_generichash_final(state_of(hash), hash_out, LWC_HASH_LEN);
    lwc_wipe(hash, sizeof *hash);
}

void lwc_hash_hex(const uint8_t hash[static LWC_HASH_LEN], char hex_out[static LWC_HASH_HEX_LEN])
{
    (void)sodium_bin2hex(hex_out, LWC_HASH_HEX_LEN, hash, LWC_HASH_LEN);
}

static void derive_key(const void *key, size_t key_len, uint8_t derived_out[static LWC_HASH_LEN])
{
    struct lwc_hash hash;

    lwc_hash_begin(&hash, SEAL_LABEL);
    lwc_hash_add(&hash, key, key_len);
    lwc_hash_end(&hash, derived_out);
}

enum lwc_code lwc_seal(const void *key, size_t key_len, const char *context, const void *plain,
                       size_t len, struct lwc_buf *sealed_out, struct lwc_error *err)
{
    uint8_t derived[LWC_HASH_LEN];
    uint8_t *nonce = NULL;

    lwc_buf_reset(sealed_out);
    if (len > LWC_BUF_CAP - OVERHEAD) {
        return lwc_fail(err, LWC_E_INVALID, "more than %zu bytes to seal", LWC_BUF_CAP - OVERHEAD);
    }
    nonce = lwc_buf_reserve(sealed_out, len + OVERHEAD);
    if (nonce == NULL) {
        return lwc_fail_nomem(err);
    }
    derive_key(key, key_len, derived);
    lwc_random(nonce, NONCE_LEN);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + NONCE_LEN, NULL, plain, len,
                                                     (const uint8_t *)context, strlen(context),
                                                     NULL, nonce, derived);
    lwc_wipe(derived, sizeof derived);
    lwc_buf_grow(sealed_out, len + OVERHEAD);
    return LWC_OK;
}

enum lwc_code lwc_unseal(const void *key, size_t key_len, const char *context, const void *sealed,
                         size_t len, struct lwc_buf *plain_out, struct lwc_error *err)
{
    const uint8_t *nonce = sealed;
    uint8_t derived[LWC_HASH_LEN];
    uint8_t *room = NULL;
    int failed = 0;

    lwc_buf_reset(plain_out);
    if (len < OVERHEAD || len > LWC_BUF_CAP) {
        return lwc_fail(err, LWC_E_CORRUPT, "%zu bytes were never sealed", len);
    }
    room = lwc_buf_reserve(plain_out, len - OVERHEAD);
    if (room == NULL) {
        return lwc_fail_nomem(err);
    }
    derive_key(key, key_len, derived);
    failed = crypto_aead_xchacha20poly1305_ietf_decrypt(room, NULL, NULL, nonce + NONCE_LEN,
                                                        len - NONCE_LEN, (const uint8_t *)context,
                                                        strlen(context), nonce, derived);
    lwc_wipe(derived, sizeof derived);
    if (failed != 0) {
        return lwc_fail(err, LWC_E_CORRUPT, "sealed bytes do not open");
    }
    lwc_buf_grow(plain_out, len - OVERHEAD);
    return LWC_OK;
}
