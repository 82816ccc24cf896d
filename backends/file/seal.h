/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_FILE_SEAL_H
#define BACKENDS_FILE_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

/*
 * The cryptography of cipher suite 1, and nothing else: what bytes mean is format.h's affair.
 *
 *   passphrase -> key   Argon2id 1.3, one lane, 64 bytes: wrap key and commitment
 *   key file -> key     BLAKE2b-512, salt = store id, personalised: wrap key and commitment
 *   subkeys             crypto_kdf (BLAKE2b), context "lwcstore": 1 MAC, 2 records, 3 nonces
 *   wrapping, sealing   XChaCha20-Poly1305-IETF
 *   nonce               BLAKE2b-192, keyed, of random bytes and of all that is sealed with it
 *   hash                BLAKE2b-256 of the file before its trailer
 *   MAC, digest         BLAKE2b-256: keyed, of the hash; plain, of hash and MAC
 *
 * MUST:
 *  1. Keys, passphrases and plain text are struct lwc_buf; no copy on the stack or the heap.
 *  2. Nothing opened is used before its tag was checked; on failure nothing comes out.
 *  3. MACs are compared in constant time.
 *  4. A failure for lack of memory is told apart from a wrong key.
 */

enum {
    LWC_SEAL_KEY_LEN = 32,
    LWC_SEAL_SALT_LEN = 16,
    LWC_SEAL_STORE_ID_LEN = 16,
    LWC_SEAL_COMMIT_LEN = 32,
    LWC_SEAL_HASH_LEN = 32,
    LWC_SEAL_NONCE_LEN = 24,
    LWC_SEAL_TAG_LEN = 16,
    LWC_SEAL_DIGEST_LEN = 32,
    LWC_SEAL_PAD = 64,
    LWC_SEAL_WRAPPED_LEN = LWC_SEAL_KEY_LEN + LWC_SEAL_TAG_LEN,
    LWC_SEAL_TRAILER_LEN = 2 * LWC_SEAL_DIGEST_LEN,
};

/* Bytes that are authenticated without being sealed; borrowed. */
struct lwc_seal_ad {
    const uint8_t *bytes;
    size_t len;
};

/* The hash of all but the trailer; @len is at least LWC_SEAL_TRAILER_LEN.  One pass over the file.
 */
void lwc_seal_hash(const uint8_t *bytes, size_t len, uint8_t hash_out[static LWC_SEAL_HASH_LEN]);

/*
 * Does the unkeyed digest in @trailer (LWC_SEAL_TRAILER_LEN bytes) fit the hash, and the MAC before
 * it?  It tells damage from a wrong passphrase without a key; it does not stop a forger.
 */
bool lwc_seal_digest_fits(const uint8_t hash[static LWC_SEAL_HASH_LEN], const uint8_t *trailer);

/*
 * Does the MAC in @trailer fit the hash?
 *
 * Returns LWC_OK, LWC_E_CORRUPT, LWC_E_IO (memory).
 */
enum lwc_code lwc_seal_mac_check(const struct lwc_buf *master,
                                 const uint8_t hash[static LWC_SEAL_HASH_LEN],
                                 const uint8_t *trailer, struct lwc_error *err) LWC_RESULT;

/* Write MAC and digest into the last LWC_SEAL_TRAILER_LEN of @len bytes. */
enum lwc_code lwc_seal_finish(const struct lwc_buf *master, uint8_t *bytes, size_t len,
                              struct lwc_error *err) LWC_RESULT;

/*
 * Stretch a passphrase.  The caller has bounded the cost.
 *
 * @key_out     the wrap key; owned by the caller.
 * @commit_out  commits to the passphrase: no two passphrases share one.  Not secret.
 * Returns LWC_OK or LWC_E_IO: not enough memory, or more than lwc_memlimit_spare_kib(); then
 * nothing was allocated.
 */
enum lwc_code lwc_seal_stretch(const struct lwc_buf *passphrase, uint32_t passes,
                               uint32_t memory_kib, const uint8_t salt[static LWC_SEAL_SALT_LEN],
                               struct lwc_buf **key_out,
                               uint8_t commit_out[static LWC_SEAL_COMMIT_LEN],
                               struct lwc_error *err) LWC_RESULT;

/* The wrap key in a key file, and the commitment by which its slot is found. */
enum lwc_code lwc_seal_keyfile(const struct lwc_buf *content,
                               const uint8_t store_id[static LWC_SEAL_STORE_ID_LEN],
                               struct lwc_buf **key_out,
                               uint8_t commit_out[static LWC_SEAL_COMMIT_LEN],
                               struct lwc_error *err) LWC_RESULT;

/*
 * Make a nonce of the random bytes in @nonce, of @ad, and of the @len bytes that will be sealed:
 * two clones of one machine with the same random numbers do not seal different secrets with one
 * nonce.
 */
enum lwc_code lwc_seal_nonce(const struct lwc_buf *master, struct lwc_seal_ad ad,
                             const void *secret, size_t len,
                             uint8_t nonce[static LWC_SEAL_NONCE_LEN], struct lwc_error *err)
    LWC_RESULT;

/* Wrap the master key with @key; LWC_SEAL_WRAPPED_LEN bytes. */
void lwc_seal_wrap(const struct lwc_buf *key, const uint8_t nonce[static LWC_SEAL_NONCE_LEN],
                   struct lwc_seal_ad ad, const struct lwc_buf *master,
                   uint8_t wrapped_out[static LWC_SEAL_WRAPPED_LEN]);

/* The way back.  LWC_E_DENIED if @key is not the one, or anything bound to it was changed. */
enum lwc_code lwc_seal_unwrap(const struct lwc_buf *key,
                              const uint8_t nonce[static LWC_SEAL_NONCE_LEN], struct lwc_seal_ad ad,
                              const uint8_t wrapped[static LWC_SEAL_WRAPPED_LEN],
                              struct lwc_buf **master_out, struct lwc_error *err) LWC_RESULT;

/* How long a secret of @len bytes is when padded and sealed. */
size_t lwc_seal_len(size_t len);

/*
 * Pad and seal @len bytes of a record.
 *
 * @sealed_out  lwc_seal_len(@len) bytes.
 */
enum lwc_code lwc_seal_record(const struct lwc_buf *master,
                              const uint8_t nonce[static LWC_SEAL_NONCE_LEN], struct lwc_seal_ad ad,
                              const void *secret, size_t len, uint8_t *sealed_out,
                              struct lwc_error *err) LWC_RESULT;

/* Open a record.  LWC_E_CORRUPT if it, or anything bound to it, was changed. */
enum lwc_code lwc_seal_open(const struct lwc_buf *master,
                            const uint8_t nonce[static LWC_SEAL_NONCE_LEN], struct lwc_seal_ad ad,
                            const uint8_t *sealed, size_t sealed_len, struct lwc_buf **secret_out,
                            struct lwc_error *err) LWC_RESULT;

#endif
