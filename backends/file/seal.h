/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_FILE_SEAL_H
#define BACKENDS_FILE_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/secret.h"

/*
 * The cryptography of cipher suite 1, and nothing else: what bytes mean is format.h's affair.
 *
 *   passphrase -> key   Argon2id 1.3, one lane, 32 bytes
 *   key file -> key     BLAKE2b-256, salt = store id, personalised
 *   subkeys             crypto_kdf (BLAKE2b), context "lwcstore", 1 for the MAC, 2 for records
 *   wrapping, sealing   XChaCha20-Poly1305-IETF, random nonce
 *   digest, MAC         BLAKE2b-256, plain and keyed
 *
 * MUST:
 *  1. Keys, passphrases and plain text are struct lwc_secret; no copy on the stack or the heap.
 *  2. Nothing opened is used before its tag was checked; on failure nothing comes out.
 *  3. MACs are compared in constant time.
 *  4. A failure for lack of memory is told apart from a wrong key.
 */

enum {
    LWC_SEAL_KEY_LEN = 32,
    LWC_SEAL_SALT_LEN = 16,
    LWC_SEAL_STORE_ID_LEN = 16,
    LWC_SEAL_HINT_LEN = 16,
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

/*
 * Does the unkeyed digest in the last 32 of @len bytes fit those before it?  It tells damage
 * from a wrong passphrase without a key; it defends against nobody.
 */
bool lwc_seal_digest_fits(const uint8_t *bytes, size_t len);

/*
 * Does the MAC that stands before the digest fit?
 *
 * Returns LWC_OK, LWC_E_CORRUPT, LWC_E_IO (memory).
 */
enum lwc_code lwc_seal_mac_check(const struct lwc_secret *master, const uint8_t *bytes, size_t len,
                                 struct lwc_error *err) LWC_RESULT;

/* Write MAC and digest into the last 64 of @len bytes. */
enum lwc_code lwc_seal_finish(const struct lwc_secret *master, uint8_t *bytes, size_t len,
                              struct lwc_error *err) LWC_RESULT;

/*
 * Stretch a passphrase.  The caller has bounded the cost.
 *
 * @key_out  owned by the caller.
 * Returns LWC_OK or LWC_E_IO: not enough memory, or more than lwc_memory_spare_kib().
 */
enum lwc_code lwc_seal_stretch(const struct lwc_secret *passphrase, uint32_t passes,
                               uint32_t memory_kib, const uint8_t salt[static LWC_SEAL_SALT_LEN],
                               struct lwc_secret **key_out, struct lwc_error *err) LWC_RESULT;

/* The key in a key file, and the hint by which its slot is found. */
enum lwc_code lwc_seal_keyfile(const struct lwc_secret *content,
                               const uint8_t store_id[static LWC_SEAL_STORE_ID_LEN],
                               struct lwc_secret **key_out,
                               uint8_t hint_out[static LWC_SEAL_HINT_LEN], struct lwc_error *err)
    LWC_RESULT;

/* Wrap the master key with @key; LWC_SEAL_WRAPPED_LEN bytes. */
void lwc_seal_wrap(const struct lwc_secret *key, const uint8_t nonce[static LWC_SEAL_NONCE_LEN],
                   struct lwc_seal_ad ad, const struct lwc_secret *master,
                   uint8_t wrapped_out[static LWC_SEAL_WRAPPED_LEN]);

/* The way back.  LWC_E_DENIED if @key is not the one, or anything bound to it was changed. */
enum lwc_code lwc_seal_unwrap(const struct lwc_secret *key,
                              const uint8_t nonce[static LWC_SEAL_NONCE_LEN], struct lwc_seal_ad ad,
                              const uint8_t wrapped[static LWC_SEAL_WRAPPED_LEN],
                              struct lwc_secret **master_out, struct lwc_error *err) LWC_RESULT;

/* How long a secret of @len bytes is when padded and sealed. */
size_t lwc_seal_len(size_t len);

/*
 * Pad and seal @len bytes of a record.
 *
 * @sealed_out  lwc_seal_len(@len) bytes.
 */
enum lwc_code lwc_seal_record(const struct lwc_secret *master,
                              const uint8_t nonce[static LWC_SEAL_NONCE_LEN], struct lwc_seal_ad ad,
                              const void *secret, size_t len, uint8_t *sealed_out,
                              struct lwc_error *err) LWC_RESULT;

/* Open a record.  LWC_E_CORRUPT if it, or anything bound to it, was changed. */
enum lwc_code lwc_seal_open(const struct lwc_secret *master,
                            const uint8_t nonce[static LWC_SEAL_NONCE_LEN], struct lwc_seal_ad ad,
                            const uint8_t *sealed, size_t sealed_len,
                            struct lwc_secret **secret_out, struct lwc_error *err) LWC_RESULT;

#endif
