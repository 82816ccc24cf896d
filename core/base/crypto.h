/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_CRYPTO_H
#define CORE_BASE_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

/* Hashing and sealing, over libsodium. */

#define LWC_HASH_LEN 32
#define LWC_HASH_HEX_LEN (2 * LWC_HASH_LEN + 1)

/*
 * The state of a keyed BLAKE2b-256, wiped by lwc_hash_end().  Not to be copied or moved before: the
 * state lies aligned inside (by hand, since compilers with sanitizers do not always align a local
 * variable as its type demands).
 */
struct lwc_hash {
    uint8_t room[384 + 63];
};

/* Begins a hash.  Hashes with different labels never collide. */
void lwc_hash_begin(struct lwc_hash *hash, const char *label);

/* Adds a field, its length first, so that "a","bc" is not "ab","c". */
void lwc_hash_add(struct lwc_hash *hash, const void *bytes, size_t len);
void lwc_hash_add_text(struct lwc_hash *hash, const char *text); /* NULL is not "" */
void lwc_hash_add_number(struct lwc_hash *hash, int64_t number);

/* Ends the hash and wipes its state. */
void lwc_hash_end(struct lwc_hash *hash, uint8_t hash_out[static LWC_HASH_LEN]);

/* Writes lower-case hex with a NUL. */
void lwc_hash_hex(const uint8_t hash[static LWC_HASH_LEN], char hex_out[static LWC_HASH_HEX_LEN]);

/*
 * Seals @len bytes of @plain, bound to @context, under a key derived from @key (at least 32 bytes
 * of entropy, hashed with a label).  XChaCha20-Poly1305-IETF with a random nonce in front.
 */
enum lwc_code lwc_seal(const void *key, size_t key_len, const char *context, const void *plain,
                       size_t len, struct lwc_buf *sealed_out, struct lwc_error *err) LWC_RESULT;

/* Opens what lwc_seal() made.  LWC_E_CORRUPT for another key, another context or a changed byte. */
enum lwc_code lwc_unseal(const void *key, size_t key_len, const char *context, const void *sealed,
                         size_t len, struct lwc_buf *plain_out, struct lwc_error *err) LWC_RESULT;

#endif
