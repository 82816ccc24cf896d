/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/file/seal.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>

#include <sodium.h>

#include "backends/file/memory.h"
#include "base/util.h"

static_assert(LWC_SEAL_KEY_LEN == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "AEAD key");
static_assert(LWC_SEAL_KEY_LEN == crypto_kdf_KEYBYTES, "master key");
static_assert(LWC_SEAL_NONCE_LEN == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");
static_assert(LWC_SEAL_TAG_LEN == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag");
static_assert(LWC_SEAL_SALT_LEN == crypto_pwhash_argon2id_SALTBYTES, "salt");
static_assert(LWC_SEAL_DIGEST_LEN == crypto_generichash_BYTES, "digest");
static_assert(LWC_SEAL_STORE_ID_LEN == crypto_generichash_blake2b_SALTBYTES, "store id as salt");

#define SUBKEY_CONTEXT "lwcstore"
enum { SUBKEY_MAC = 1, SUBKEY_RECORDS = 2 };

/* Personalisations have exactly crypto_generichash_blake2b_PERSONALBYTES (16) bytes. */
#define PERSONAL_KEY "lwcred-keyfile-1"
#define PERSONAL_HINT "lwcred-keyhint-1"

/* A secret of @len bytes that are still to be written to *@room_out. */
static enum lwc_code secret_room(size_t len, struct lwc_secret **secret_out, uint8_t **room_out,
                                 struct lwc_error *err)
{
    LWC_AUTO_SECRET secret = NULL;
    enum lwc_code code = LWC_OK;

    /* 0 and 1 mean ready; less only where libsodium cannot work at all. */
    if (sodium_init() < 0) {
        return lwc_fail(err, LWC_E_INTERNAL, "libsodium does not start");
    }
    code = lwc_secret_new(len, &secret, err);
    if (code != LWC_OK) {
        return code;
    }
    *room_out = lwc_secret_reserve(secret, len);
    if (*room_out == NULL) {
        return lwc_fail_nomem(err);
    }
    *secret_out = LWC_TAKE(secret);
    return LWC_OK;
}

static enum lwc_code subkey(const struct lwc_secret *master, uint64_t number,
                            struct lwc_secret **key_out, struct lwc_error *err)
{
    uint8_t *room = NULL;
    enum lwc_code code = secret_room(LWC_SEAL_KEY_LEN, key_out, &room, err);

    if (code != LWC_OK) {
        return code;
    }
    (void)crypto_kdf_derive_from_key(room, LWC_SEAL_KEY_LEN, number, SUBKEY_CONTEXT,
                                     lwc_secret_bytes(master));
    lwc_secret_grow(*key_out, LWC_SEAL_KEY_LEN);
    return LWC_OK;
}

bool lwc_seal_digest_fits(const uint8_t *bytes, size_t len)
{
    uint8_t digest[LWC_SEAL_DIGEST_LEN];

    if (len < LWC_SEAL_DIGEST_LEN || sodium_init() < 0) {
        return false;
    }
    len -= LWC_SEAL_DIGEST_LEN;
    (void)crypto_generichash(digest, sizeof digest, bytes, len, NULL, 0);
    return sodium_memcmp(digest, bytes + len, sizeof digest) == 0;
}

static enum lwc_code compute_mac(const struct lwc_secret *master, const uint8_t *bytes, size_t len,
                                 uint8_t mac_out[LWC_SEAL_DIGEST_LEN], struct lwc_error *err)
{
    LWC_AUTO_SECRET key = NULL;
    enum lwc_code code = subkey(master, SUBKEY_MAC, &key, err);

    if (code == LWC_OK) {
        (void)crypto_generichash(mac_out, LWC_SEAL_DIGEST_LEN, bytes, len, lwc_secret_bytes(key),
                                 lwc_secret_len(key));
    }
    return code;
}

enum lwc_code lwc_seal_mac_check(const struct lwc_secret *master, const uint8_t *bytes, size_t len,
                                 struct lwc_error *err)
{
    uint8_t mac[LWC_SEAL_DIGEST_LEN];
    enum lwc_code code = LWC_OK;

    if (len < LWC_SEAL_TRAILER_LEN) {
        return lwc_fail(err, LWC_E_CORRUPT, "too short to be authentic");
    }
    len -= LWC_SEAL_TRAILER_LEN;
    code = compute_mac(master, bytes, len, mac, err);
    if (code == LWC_OK && sodium_memcmp(mac, bytes + len, sizeof mac) != 0) {
        return lwc_fail(err, LWC_E_CORRUPT,
                        "not authentic: changed by something that does not have the key");
    }
    return code;
}

enum lwc_code lwc_seal_finish(const struct lwc_secret *master, uint8_t *bytes, size_t len,
                              struct lwc_error *err)
{
    uint8_t *mac = bytes + len - LWC_SEAL_TRAILER_LEN;
    uint8_t *digest = mac + LWC_SEAL_DIGEST_LEN;
    enum lwc_code code = compute_mac(master, bytes, (size_t)(mac - bytes), mac, err);

    if (code == LWC_OK) {
        (void)crypto_generichash(digest, LWC_SEAL_DIGEST_LEN, bytes, (size_t)(digest - bytes), NULL,
                                 0);
    }
    return code;
}

enum lwc_code lwc_seal_stretch(const struct lwc_secret *passphrase, uint32_t passes,
                               uint32_t memory_kib, const uint8_t salt[static LWC_SEAL_SALT_LEN],
                               struct lwc_secret **key_out, struct lwc_error *err)
{
    LWC_AUTO_SECRET key = NULL;
    uint8_t *room = NULL;
    uint64_t most_kib = lwc_memory_spare_kib();
    enum lwc_code code = secret_room(LWC_SEAL_KEY_LEN, &key, &room, err);

    if (code != LWC_OK) {
        return code;
    }
    if (memory_kib > most_kib) {
        code =
            lwc_fail_sys(err, LWC_E_IO, ENOMEM,
                         "a passphrase here needs %" PRIu32 " MiB, this machine can spare %" PRIu64,
                         memory_kib / 1024, most_kib / 1024);
        return lwc_hint(err, code, "make the store with kdf=interactive, or use a key file");
    }
    if (crypto_pwhash(room, LWC_SEAL_KEY_LEN, lwc_secret_text(passphrase),
                      lwc_secret_len(passphrase), salt, passes, (size_t)memory_kib * 1024,
                      crypto_pwhash_ALG_ARGON2ID13) != 0) {
        return lwc_fail_sys(err, LWC_E_IO, ENOMEM, "no %" PRIu32 " KiB for the passphrase",
                            memory_kib);
    }
    lwc_secret_grow(key, LWC_SEAL_KEY_LEN);
    *key_out = LWC_TAKE(key);
    return LWC_OK;
}

enum lwc_code lwc_seal_keyfile(const struct lwc_secret *content,
                               const uint8_t store_id[static LWC_SEAL_STORE_ID_LEN],
                               struct lwc_secret **key_out,
                               uint8_t hint_out[static LWC_SEAL_HINT_LEN], struct lwc_error *err)
{
    const uint8_t *bytes = lwc_secret_bytes(content);
    size_t len = lwc_secret_len(content);
    uint8_t *room = NULL;
    enum lwc_code code = secret_room(LWC_SEAL_KEY_LEN, key_out, &room, err);

    if (code != LWC_OK) {
        return code;
    }
    (void)crypto_generichash_blake2b_salt_personal(room, LWC_SEAL_KEY_LEN, bytes, len, NULL, 0,
                                                   store_id, (const uint8_t *)PERSONAL_KEY);
    lwc_secret_grow(*key_out, LWC_SEAL_KEY_LEN);
    (void)crypto_generichash_blake2b_salt_personal(hint_out, LWC_SEAL_HINT_LEN, bytes, len, NULL, 0,
                                                   store_id, (const uint8_t *)PERSONAL_HINT);
    return LWC_OK;
}

void lwc_seal_wrap(const struct lwc_secret *key, const uint8_t nonce[static LWC_SEAL_NONCE_LEN],
                   struct lwc_seal_ad ad, const struct lwc_secret *master,
                   uint8_t wrapped_out[static LWC_SEAL_WRAPPED_LEN])
{
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(wrapped_out, NULL, lwc_secret_bytes(master),
                                                     LWC_SEAL_KEY_LEN, ad.bytes, ad.len, NULL,
                                                     nonce, lwc_secret_bytes(key));
}

enum lwc_code lwc_seal_unwrap(const struct lwc_secret *key,
                              const uint8_t nonce[static LWC_SEAL_NONCE_LEN], struct lwc_seal_ad ad,
                              const uint8_t wrapped[static LWC_SEAL_WRAPPED_LEN],
                              struct lwc_secret **master_out, struct lwc_error *err)
{
    LWC_AUTO_SECRET master = NULL;
    uint8_t *room = NULL;
    enum lwc_code code = secret_room(LWC_SEAL_KEY_LEN, &master, &room, err);

    if (code != LWC_OK) {
        return code;
    }
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(room, NULL, NULL, wrapped, LWC_SEAL_WRAPPED_LEN,
                                                   ad.bytes, ad.len, nonce,
                                                   lwc_secret_bytes(key)) != 0) {
        return lwc_fail(err, LWC_E_DENIED, "wrong key");
    }
    lwc_secret_grow(master, LWC_SEAL_KEY_LEN);
    *master_out = LWC_TAKE(master);
    return LWC_OK;
}

size_t lwc_seal_len(size_t len)
{
    return (len / LWC_SEAL_PAD + 1) * LWC_SEAL_PAD + LWC_SEAL_TAG_LEN;
}

enum lwc_code lwc_seal_record(const struct lwc_secret *master,
                              const uint8_t nonce[static LWC_SEAL_NONCE_LEN], struct lwc_seal_ad ad,
                              const void *secret, size_t len, uint8_t *sealed_out,
                              struct lwc_error *err)
{
    LWC_AUTO_SECRET key = NULL;
    LWC_AUTO_SECRET padded = NULL;
    size_t padded_len = lwc_seal_len(len) - LWC_SEAL_TAG_LEN;
    uint8_t *room = NULL;
    enum lwc_code code = subkey(master, SUBKEY_RECORDS, &key, err);

    if (code == LWC_OK) {
        code = secret_room(padded_len, &padded, &room, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    memcpy(room, secret, len);
    (void)sodium_pad(&padded_len, room, len, LWC_SEAL_PAD, padded_len);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(sealed_out, NULL, room, padded_len, ad.bytes,
                                                     ad.len, NULL, nonce, lwc_secret_bytes(key));
    return LWC_OK;
}

enum lwc_code lwc_seal_open(const struct lwc_secret *master,
                            const uint8_t nonce[static LWC_SEAL_NONCE_LEN], struct lwc_seal_ad ad,
                            const uint8_t *sealed, size_t sealed_len,
                            struct lwc_secret **secret_out, struct lwc_error *err)
{
    LWC_AUTO_SECRET key = NULL;
    LWC_AUTO_SECRET secret = NULL;
    uint8_t *room = NULL;
    size_t len = 0;
    enum lwc_code code = subkey(master, SUBKEY_RECORDS, &key, err);

    if (code == LWC_OK && sealed_len < LWC_SEAL_TAG_LEN + LWC_SEAL_PAD) {
        code = lwc_fail(err, LWC_E_CORRUPT, "sealed secret of %zu bytes", sealed_len);
    }
    if (code == LWC_OK) {
        code = secret_room(sealed_len - LWC_SEAL_TAG_LEN, &secret, &room, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(room, NULL, NULL, sealed, sealed_len, ad.bytes,
                                                   ad.len, nonce, lwc_secret_bytes(key)) != 0 ||
        sodium_unpad(&len, room, sealed_len - LWC_SEAL_TAG_LEN, LWC_SEAL_PAD) != 0) {
        return lwc_fail(err, LWC_E_CORRUPT, "sealed secret does not open");
    }
    lwc_secret_grow(secret, sealed_len - LWC_SEAL_TAG_LEN);
    lwc_secret_truncate(secret, len);
    *secret_out = LWC_TAKE(secret);
    return LWC_OK;
}
