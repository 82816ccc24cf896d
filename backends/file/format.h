/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_FILE_FORMAT_H
#define BACKENDS_FILE_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/identity.h"

/*
 * The bytes of a store file: layout only, no cryptography.  lwcred-store(5) is the law.
 *
 * Parsing gives views into the caller's bytes; encoding a parsed store gives the same bytes
 * again.  All numbers are unsigned and big-endian.
 *
 * MUST:
 *  1. Magic, major version, suite and required feature bits are judged first, before anything
 *     else is believed: lwc_format_head().
 *  2. Every length and count is checked against what is left and against a limit before use.
 *  3. One store has one encoding: what does not encode to itself is refused.
 *  4. Slots of unknown type, and records that are not touched, are carried byte for byte.
 */

#define LWC_FORMAT_MAGIC "LWCREDS\n"
#define LWC_FORMAT_MAGIC_LEN 8
#define LWC_FORMAT_MAJOR 1
#define LWC_FORMAT_MINOR 0
#define LWC_FORMAT_SUITE 1
#define LWC_FORMAT_REQUIRED_KNOWN 0u
#define LWC_FORMAT_OPTIONAL_KNOWN 0u

/* Offsets in the file header. */
enum {
    LWC_FORMAT_AT_MAJOR = 8,
    LWC_FORMAT_AT_MINOR = 9,
    LWC_FORMAT_AT_SUITE = 10,
    LWC_FORMAT_AT_HEADER_LEN = 12,
    LWC_FORMAT_AT_STORE_ID = 16,
    LWC_FORMAT_AT_GENERATION = 32,
    LWC_FORMAT_AT_CREATED = 40,
    LWC_FORMAT_AT_REQUIRED = 48,
    LWC_FORMAT_AT_OPTIONAL = 52,
    LWC_FORMAT_AT_SLOT_COUNT = 56,
    LWC_FORMAT_AT_RECORD_COUNT = 60,
    LWC_FORMAT_AT_KEY_EPOCH = 64,
    LWC_FORMAT_AT_PREVIOUS_MAC = 72,
    LWC_FORMAT_AT_SLOTS = 104,
};

/* Offsets in a slot, and in the bodies of the slots that are known. */
enum {
    LWC_FORMAT_SLOT_AT_TYPE = 0,
    LWC_FORMAT_SLOT_AT_LEN = 2,
    LWC_FORMAT_SLOT_AT_BODY = 4,

    LWC_FORMAT_PASS_AT_PASSES = 0,
    LWC_FORMAT_PASS_AT_MEMORY = 4,
    LWC_FORMAT_PASS_AT_SALT = 8,
    LWC_FORMAT_PASS_AT_COMMIT = 24,
    LWC_FORMAT_PASS_AT_NONCE = 56,
    LWC_FORMAT_PASS_LEN = 128,

    LWC_FORMAT_KEYFILE_AT_COMMIT = 0,
    LWC_FORMAT_KEYFILE_AT_NONCE = 32,
    LWC_FORMAT_KEYFILE_LEN = 104,
};

/* Offsets in a record. */
enum {
    LWC_FORMAT_RECORD_AT_ID = 0,
    LWC_FORMAT_RECORD_AT_GENERATION = 16,
    LWC_FORMAT_RECORD_AT_CREATED = 24,
    LWC_FORMAT_RECORD_AT_CHANGED = 32,
    LWC_FORMAT_RECORD_AT_KIND = 40,
    LWC_FORMAT_RECORD_AT_FLAGS = 44,
    LWC_FORMAT_RECORD_AT_TEXT_LEN = 48,
    LWC_FORMAT_RECORD_AT_SEALED_LEN = 52,
    LWC_FORMAT_RECORD_AT_NONCE = 56,
    LWC_FORMAT_RECORD_AT_TEXT = 80,
};

/* Lengths of fields, and limits. */
enum {
    LWC_FORMAT_ID_LEN = 16,
    LWC_FORMAT_SALT_LEN = 16,
    LWC_FORMAT_COMMIT_LEN = 32,
    LWC_FORMAT_NONCE_LEN = 24,
    LWC_FORMAT_TAG_LEN = 16,
    LWC_FORMAT_WRAPPED_LEN = 48,
    LWC_FORMAT_DIGEST_LEN = 32,
    LWC_FORMAT_TRAILER_LEN = 2 * LWC_FORMAT_DIGEST_LEN,
    LWC_FORMAT_PAD = 64,

    LWC_FORMAT_SLOT_MAX = 16,
    LWC_FORMAT_PASS_SLOT_MAX = 8,
    LWC_FORMAT_SLOT_BODY_MAX = 8192,
    LWC_FORMAT_RECORD_MAX = 16384,
    LWC_FORMAT_TEXT_MAX = LWC_PROFILE_MAX + LWC_ACCOUNT_MAX + LWC_ORIGIN_MAX + LWC_KEY_ID_MAX +
                          LWC_SUB_ACCOUNT_MAX + 5,
    LWC_FORMAT_SEALED_MIN = LWC_FORMAT_PAD + LWC_FORMAT_TAG_LEN,
    LWC_FORMAT_SEALED_MAX = LWC_SECRET_MAX + LWC_FORMAT_PAD + LWC_FORMAT_TAG_LEN,
    LWC_FORMAT_FILE_MAX = 16 * 1024 * 1024,

    LWC_FORMAT_PASSES_MAX = 16,
    LWC_FORMAT_MEMORY_KIB_MIN = 19 * 1024,
    LWC_FORMAT_MEMORY_KIB_MAX = 1024 * 1024,
    LWC_FORMAT_COST_MAX = 4 * 1024 * 1024, /* passes x KiB, summed over all passphrase slots  */
};

enum lwc_format_slot_type {
    LWC_FORMAT_SLOT_PASSPHRASE = 1,
    LWC_FORMAT_SLOT_KEYFILE = 2,
    LWC_FORMAT_SLOT_RECOVERY = 3, /* reserved: kept, never made or opened here           */
};

/* The cost of trying a passphrase: Argon2id with one lane. */
struct lwc_format_cost {
    uint32_t passes;
    uint32_t memory_kib;
};

/* A way to the master key.  @body is borrowed. */
struct lwc_format_slot {
    uint16_t type;
    size_t len;
    const uint8_t *body;
};

/*
 * A record.  @bytes is borrowed; @id's text lies in it.  There are thousands of records: members
 * that are seldom needed stay in the bytes.
 *
 * bytes, len  the whole record, as it stands in the file.
 * ad_len      number of bytes before the sealed bytes, which the seal authenticates, too.
 */
struct lwc_format_record {
    const uint8_t *bytes;
    uint32_t len;
    uint32_t ad_len;
    struct lwc_identity id;
};

static inline uint64_t lwc_format_record_generation(const struct lwc_format_record *record)
{
    return lwc_bytes_get64(record->bytes + LWC_FORMAT_RECORD_AT_GENERATION);
}

static inline int64_t lwc_format_record_created_at(const struct lwc_format_record *record)
{
    return (int64_t)lwc_bytes_get64(record->bytes + LWC_FORMAT_RECORD_AT_CREATED);
}

/* A whole store.  @records is owned, lwc_format_clear(); what it points to is borrowed. */
struct lwc_store_format {
    uint8_t minor;
    uint8_t store_id[LWC_FORMAT_ID_LEN];
    uint64_t generation;
    int64_t created_at;
    uint32_t optional;
    uint64_t key_epoch;
    uint8_t previous_mac[LWC_FORMAT_DIGEST_LEN]; /* zero at generation 1                  */
    size_t slot_count;
    struct lwc_format_slot slots[LWC_FORMAT_SLOT_MAX];
    size_t record_count;
    struct lwc_format_record *records;
    uint8_t mac[LWC_FORMAT_DIGEST_LEN];
    uint8_t digest[LWC_FORMAT_DIGEST_LEN];
};

#define LWC_AUTO_FORMAT LWC_AUTO(struct lwc_store_format, lwc_format_clear)

/* Free what the store owns and zero it. */
void lwc_format_clear(struct lwc_store_format *format);

/*
 * Is this a store that this version can read?  LWC_E_CORRUPT: no lwcred store, or too short to
 * be one.  LWC_E_TOO_NEW: unknown major version, suite or required feature.
 */
enum lwc_code lwc_format_head(const uint8_t *bytes, size_t len, struct lwc_error *err) LWC_RESULT;

/*
 * Take a store apart.  The caller has seen lwc_format_head() and compared the digest.
 *
 * @format_out  views into @bytes, which must live as long; lwc_format_clear().
 * Returns LWC_OK, LWC_E_CORRUPT that names the place, LWC_E_TOO_NEW as above, LWC_E_IO (memory).
 */
enum lwc_code lwc_format_parse(const uint8_t *bytes, size_t len,
                               struct lwc_store_format *format_out, struct lwc_error *err)
    LWC_RESULT;

/*
 * Put a store together; @format->mac and digest are written as they are.
 *
 * @bytes_out  malloc()ed, the caller's.
 * Returns LWC_OK, LWC_E_INVALID (more slots, records or bytes than a store may have), LWC_E_IO.
 */
enum lwc_code lwc_format_encode(const struct lwc_store_format *format, uint8_t **bytes_out,
                                size_t *len_out, struct lwc_error *err) LWC_RESULT;

/* Whole pads and a tag, for a secret of 1 to LWC_SECRET_MAX bytes. */
static inline bool lwc_format_sealed_len_allowed(size_t len)
{
    return len >= LWC_FORMAT_SEALED_MIN && len <= LWC_FORMAT_SEALED_MAX &&
           (len - LWC_FORMAT_TAG_LEN) % LWC_FORMAT_PAD == 0;
}

/* The parts of a new record.  Everything is borrowed. */
struct lwc_format_draft {
    const uint8_t *id;    /* LWC_FORMAT_ID_LEN                                           */
    const uint8_t *nonce; /* LWC_FORMAT_NONCE_LEN                                        */
    uint64_t generation;
    int64_t created_at;
    int64_t changed_at;
    const struct lwc_identity *identity;
    size_t sealed_len;
};

/*
 * Lay out a record.  Its sealed bytes, zero now, are @bytes_out + record_out->ad_len.
 *
 * @bytes_out   malloc()ed, the caller's; @record_out views it.
 * Returns LWC_OK, LWC_E_INVALID (identity or length), LWC_E_IO.
 */
enum lwc_code lwc_format_record_make(const struct lwc_format_draft *draft, uint8_t **bytes_out,
                                     struct lwc_format_record *record_out, struct lwc_error *err)
    LWC_RESULT;

/* The cost that stands in the body of a passphrase slot, and its way back. */
struct lwc_format_cost lwc_format_cost_get(const uint8_t body[static LWC_FORMAT_PASS_LEN]);
void lwc_format_cost_put(struct lwc_format_cost cost, uint8_t body_out[static LWC_FORMAT_PASS_LEN]);

/* Associated data: what a seal or a wrapped key is bound to. */
#define LWC_FORMAT_AD_PREFIX_LEN 35
#define LWC_FORMAT_RECORD_AD_MAX \
    (LWC_FORMAT_AD_PREFIX_LEN + LWC_FORMAT_RECORD_AT_TEXT + LWC_FORMAT_TEXT_MAX)
#define LWC_FORMAT_SLOT_AD_MAX (LWC_FORMAT_AD_PREFIX_LEN + 2 + LWC_FORMAT_PASS_AT_NONCE)

/* For @record of @store (at most LWC_FORMAT_RECORD_AD_MAX bytes); returns the length. */
size_t lwc_format_record_ad(const struct lwc_store_format *store,
                            const struct lwc_format_record *record,
                            uint8_t ad_out[static LWC_FORMAT_RECORD_AD_MAX]);

/*
 * For the wrapped key of a slot whose body is @params_len bytes of parameters (at most
 * LWC_FORMAT_PASS_AT_NONCE), nonce, wrapped key; returns the length.
 */
size_t lwc_format_slot_ad(const struct lwc_store_format *store, uint16_t type,
                          const uint8_t *params, size_t params_len,
                          uint8_t ad_out[static LWC_FORMAT_SLOT_AD_MAX]);

#endif
