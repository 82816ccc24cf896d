/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/file/seal.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>

#include <sodium.h>

#include "backends/file/memlimit.h"
#include "base/util.h"

static_assert(LWC_SEAL_KEY_LEN == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "AEAD key");
static_assert(LWC_SEAL_KEY_LEN == crypto_kdf_KEYBYTES, "master key");
static_assert(LWC_SEAL_NONCE_LEN == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");
static_assert(LWC_SEAL_TAG_LEN == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag");
static_assert(LWC_SEAL_SALT_LEN == crypto_pwhash_argon2id_SALTBYTES, "salt");
static_assert(LWC_SEAL_DIGEST_LEN == crypto_generichash_BYTES, "digest");
static_assert(LWC_SEAL_STORE_ID_LEN == crypto_generichash_blake2b_SALTBYTES, "store id as salt");

#define SUBKEY_CONTEXT "lwcstore"
enum { SUBKEY_MAC = 1, SUBKEY_RECORDS = 2, SUBKEY_NONCES = 3 };

/* Personalisations have exactly crypto_generichash_blake2b_PERSONALBYTES (16) bytes. */
#define PERSONAL_KEY "lwcred-keyfile-1"

/* A wrap key and, behind it, the commitment to it. */
#define PAIR_LEN (LWC_SEAL_KEY_LEN + LWC_SEAL_COMMIT_LEN)

/* A secret of @len bytes that are still to be written to *@room_out. */
static enum lwc_code reserve_secret(size_t len, struct lwc_buf **secret_out, uint8_t **room_out,
                                    struct lwc_error *err)
{
    LWC_AUTO_BUF secret = NULL;
    enum lwc_code code = LWC_OK;

    /* 0 and 1 mean ready; less only where libsodium cannot work at all. */
    if (sodium_init() < 0) {
        return lwc_fail(err, LWC_E_INTERNAL, "libsodium does not start");
    }
    code = lwc_buf_new(len, &secret, err);
    if (code != LWC_OK) {
        return code;
    }
    *room_out = lwc_buf_reserve(secret, len);
    if (*room_out == NULL) {
        return lwc_fail_nomem(err);
    }
    *secret_out = LWC_TAKE(secret);
    return LWC_OK;
}

static enum lwc_code derive_subkey(const struct lwc_buf *master, uint64_t number,
                                   struct lwc_buf **key_out, struct lwc_error *err)
{
    uint8_t *room = NULL;
    enum lwc_code code = reserve_secret(LWC_SEAL_KEY_LEN, key_out, &room, err);

    if (code != LWC_OK) {
        return code;
    }
    (void)crypto_kdf_derive_from_key(room, LWC_SEAL_KEY_LEN, number, SUBKEY_CONTEXT,
                                     lwc_buf_bytes(master));
    lwc_buf_grow(*key_out, LWC_SEAL_KEY_LEN);
    return LWC_OK;
}

void lwc_seal_hash(const uint8_t *bytes, size_t len, uint8_t hash_out[static LWC_SEAL_HASH_LEN])
{
    /* Chooses the code for this processor, too: two to three times as fast. */
    if (sodium_init() < 0) {
        memset(hash_out, 0, LWC_SEAL_HASH_LEN); /* and the checks of it fail */
        return;
    }
    (void)crypto_generichash(hash_out, LWC_SEAL_HASH_LEN, bytes, len - LWC_SEAL_TRAILER_LEN, NULL,
                             0);
}

static void compute_digest(const uint8_t hash[LWC_SEAL_HASH_LEN], const uint8_t *mac,
                           uint8_t digest_out[LWC_SEAL_DIGEST_LEN])
{
    uint8_t both[LWC_SEAL_HASH_LEN + LWC_SEAL_DIGEST_LEN];

    memcpy(both, hash, LWC_SEAL_HASH_LEN);
    memcpy(both + LWC_SEAL_HASH_LEN, mac, LWC_SEAL_DIGEST_LEN);
    (void)crypto_generichash(digest_out, LWC_SEAL_DIGEST_LEN, both, sizeof both, NULL, 0);
}

bool lwc_seal_digest_fits(const uint8_t hash[static LWC_SEAL_HASH_LEN], const uint8_t *trailer)
{
    uint8_t digest[LWC_SEAL_DIGEST_LEN];

    if (sodium_init() < 0) {
        return false;
    }
    compute_digest(hash, trailer, digest);
    return sodium_memcmp(digest, trailer + LWC_SEAL_DIGEST_LEN, sizeof digest) == 0;
}

static enum lwc_code compute_mac(const struct lwc_buf *master,
                                 const uint8_t hash[LWC_SEAL_HASH_LEN],
                                 uint8_t mac_out[LWC_SEAL_DIGEST_LEN], struct lwc_error *err)
{
    LWC_AUTO_BUF key = NULL;
    enum lwc_code code = derive_subkey(master, SUBKEY_MAC, &key, err);

    if (code == LWC_OK) {
        (void)crypto_generichash(mac_out, LWC_SEAL_DIGEST_LEN, hash, LWC_SEAL_HASH_LEN,
                                 lwc_buf_bytes(key), lwc_buf_len(key));
    }
    return code;
}

enum lwc_code lwc_seal_mac_check(const struct lwc_buf *master,
                                 const uint8_t hash[static LWC_SEAL_HASH_LEN],
                                 const uint8_t *trailer, struct lwc_error *err)
{
    uint8_t mac[LWC_SEAL_DIGEST_LEN];
    enum lwc_code code = compute_mac(master, hash, mac, err);

    if (code == LWC_OK && sodium_memcmp(mac, trailer, sizeof mac) != 0) {
        return lwc_fail(err, LWC_E_CORRUPT,
                        "not authentic: changed by something that does not have the key");
    }
    return code;
}

enum lwc_code lwc_seal_finish(const struct lwc_buf *master, uint8_t *bytes, size_t len,
                              struct lwc_error *err)
{
    uint8_t *mac = bytes + len - LWC_SEAL_TRAILER_LEN;
    uint8_t hash[LWC_SEAL_HASH_LEN];
    enum lwc_code code = LWC_OK;

    lwc_seal_hash(bytes, len, hash);
    code = compute_mac(master, hash, mac, err);
    if (code == LWC_OK) {
        compute_digest(hash, mac, mac + LWC_SEAL_DIGEST_LEN);
    }
    return code;
}

/* Leaves the wrap key in @pair. */
static void split_pair(struct lwc_buf *pair, uint8_t commit_out[LWC_SEAL_COMMIT_LEN])
{
    lwc_buf_grow(pair, PAIR_LEN);
    memcpy(commit_out, lwc_buf_bytes(pair) + LWC_SEAL_KEY_LEN, LWC_SEAL_COMMIT_LEN);
    lwc_buf_truncate(pair, LWC_SEAL_KEY_LEN);
}

static enum lwc_code check_memory(uint32_t memory_kib, struct lwc_error *err)
{
    uint64_t most_kib = lwc_memlimit_spare_kib();
    enum lwc_code code = LWC_OK;

    if (memory_kib > most_kib) {
        code =
            lwc_fail_sys(err, LWC_E_IO, ENOMEM,
                         "a passphrase here needs %" PRIu32 " MiB, this machine can spare %" PRIu64,
                         memory_kib / 1024, most_kib / 1024);
        return lwc_hint(err, code, "make the store with kdf=interactive, or use a key file");
    }
    return LWC_OK;
}

enum lwc_code lwc_seal_stretch(const struct lwc_buf *passphrase, uint32_t passes,
                               uint32_t memory_kib, const uint8_t salt[static LWC_SEAL_SALT_LEN],
                               struct lwc_buf **key_out,
                               uint8_t commit_out[static LWC_SEAL_COMMIT_LEN],
                               struct lwc_error *err)
{
    LWC_AUTO_BUF pair = NULL;
    uint8_t *room = NULL;
    enum lwc_code code = check_memory(memory_kib, err);

    if (code == LWC_OK) {
        code = reserve_secret(PAIR_LEN, &pair, &room, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    if (crypto_pwhash(room, PAIR_LEN, lwc_buf_text(passphrase), lwc_buf_len(passphrase), salt,
                      passes, (size_t)memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0) {
        return lwc_fail_sys(err, LWC_E_IO, ENOMEM, "no %" PRIu32 " KiB for the passphrase",
                            memory_kib);
    }
    split_pair(pair, commit_out);
    *key_out = LWC_TAKE(pair);
    return LWC_OK;
}

enum lwc_code lwc_seal_keyfile(const struct lwc_buf *content,
                               const uint8_t store_id[static LWC_SEAL_STORE_ID_LEN],
                               struct lwc_buf **key_out,
                               uint8_t commit_out[static LWC_SEAL_COMMIT_LEN],
                               struct lwc_error *err)
{
    uint8_t *room = NULL;
    enum lwc_code code = reserve_secret(PAIR_LEN, key_out, &room, err);

    if (code != LWC_OK) {
        return code;
    }
    (void)crypto_generichash_blake2b_salt_personal(room, PAIR_LEN, lwc_buf_bytes(content),
                                                   lwc_buf_len(content), NULL, 0, store_id,
                                                   (const uint8_t *)PERSONAL_KEY);
    split_pair(*key_out, commit_out);
    return LWC_OK;
}

enum lwc_code lwc_seal_nonce(const struct lwc_buf *master, struct lwc_seal_ad ad,
                             const void *secret, size_t len,
                             uint8_t nonce[static LWC_SEAL_NONCE_LEN], struct lwc_error *err)
{
    LWC_AUTO_BUF key = NULL;
    LWC_AUTO_BUF message = NULL;
    enum lwc_code code = derive_subkey(master, SUBKEY_NONCES, &key, err);

    if (code == LWC_OK) {
        code = lwc_buf_new(LWC_SEAL_NONCE_LEN + ad.len + len, &message, err);
    }
    if (code == LWC_OK) {
        code = lwc_buf_append(message, nonce, LWC_SEAL_NONCE_LEN, err);
    }
    if (code == LWC_OK) {
        code = lwc_buf_append(message, ad.bytes, ad.len, err);
    }
    if (code == LWC_OK) {
        code = lwc_buf_append(message, secret, len, err);
    }
    if (code == LWC_OK) {
        (void)crypto_generichash(nonce, LWC_SEAL_NONCE_LEN, lwc_buf_bytes(message),
                                 lwc_buf_len(message), lwc_buf_bytes(key), lwc_buf_len(key));
    }
    return code;
}

void lwc_seal_wrap(const struct lwc_buf *key, const uint8_t nonce[static LWC_SEAL_NONCE_LEN],
                   struct lwc_seal_ad ad, const struct lwc_buf *master,
                   uint8_t wrapped_out[static LWC_SEAL_WRAPPED_LEN])
{
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(wrapped_out, NULL, lwc_buf_bytes(master),
                                                     LWC_SEAL_KEY_LEN, ad.bytes, ad.len, NULL,
                                                     nonce, lwc_buf_bytes(key));
}

enum lwc_code lwc_seal_unwrap(const struct lwc_buf *key,
                              const uint8_t nonce[static LWC_SEAL_NONCE_LEN], struct lwc_seal_ad ad,
                              const uint8_t wrapped[static LWC_SEAL_WRAPPED_LEN],
                              struct lwc_buf **master_out, struct lwc_error *err)
{
    LWC_AUTO_BUF master = NULL;
    uint8_t *room = NULL;
    enum lwc_code code = reserve_secret(LWC_SEAL_KEY_LEN, &master, &room, err);

    if (code != LWC_OK) {
        return code;
    }
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(room, NULL, NULL, wrapped, LWC_SEAL_WRAPPED_LEN,
                                                   ad.bytes, ad.len, nonce,
                                                   lwc_buf_bytes(key)) != 0) {
        return lwc_fail(err, LWC_E_DENIED, "wrong key");
    }
    lwc_buf_grow(master, LWC_SEAL_KEY_LEN);
    *master_out = LWC_TAKE(master);
    return LWC_OK;
}

size_t lwc_seal_len(size_t len)
{
    return (len / LWC_SEAL_PAD + 1) * LWC_SEAL_PAD + LWC_SEAL_TAG_LEN;
}

enum lwc_code lwc_seal_record(const struct lwc_buf *master,
                              const uint8_t nonce[static LWC_SEAL_NONCE_LEN], struct lwc_seal_ad ad,
                              const void *secret, size_t len, uint8_t *sealed_out,
                              struct lwc_error *err)
{
    LWC_AUTO_BUF key = NULL;
    LWC_AUTO_BUF padded = NULL;
    size_t padded_len = lwc_seal_len(len) - LWC_SEAL_TAG_LEN;
    uint8_t *room = NULL;
    enum lwc_code code = derive_subkey(master, SUBKEY_RECORDS, &key, err);

    if (code == LWC_OK) {
        code = reserve_secret(padded_len, &padded, &room, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    memcpy(room, secret, len);
    (void)sodium_pad(&padded_len, room, len, LWC_SEAL_PAD, padded_len);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(sealed_out, NULL, room, padded_len, ad.bytes,
                                                     ad.len, NULL, nonce, lwc_buf_bytes(key));
    return LWC_OK;
}

enum lwc_code lwc_seal_open(const struct lwc_buf *master,
                            const uint8_t nonce[static LWC_SEAL_NONCE_LEN], struct lwc_seal_ad ad,
                            const uint8_t *sealed, size_t sealed_len, struct lwc_buf **secret_out,
                            struct lwc_error *err)
{
    LWC_AUTO_BUF key = NULL;
    LWC_AUTO_BUF secret = NULL;
    uint8_t *room = NULL;
    size_t len = 0;
    enum lwc_code code = derive_subkey(master, SUBKEY_RECORDS, &key, err);

    if (code == LWC_OK && sealed_len < LWC_SEAL_TAG_LEN + LWC_SEAL_PAD) {
        code = lwc_fail(err, LWC_E_CORRUPT, "sealed secret of %zu bytes", sealed_len);
    }
    if (code == LWC_OK) {
        code = reserve_secret(sealed_len - LWC_SEAL_TAG_LEN, &secret, &room, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(room, NULL, NULL, sealed, sealed_len, ad.bytes,
                                                   ad.len, nonce, lwc_buf_bytes(key)) != 0 ||
        sodium_unpad(&len, room, sealed_len - LWC_SEAL_TAG_LEN, LWC_SEAL_PAD) != 0) {
        return lwc_fail(err, LWC_E_CORRUPT, "sealed secret does not open");
    }
    lwc_buf_grow(secret, sealed_len - LWC_SEAL_TAG_LEN);
    lwc_buf_truncate(secret, len);
    *secret_out = LWC_TAKE(secret);
    return LWC_OK;
}
