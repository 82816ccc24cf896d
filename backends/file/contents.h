/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_FILE_CONTENTS_H
#define BACKENDS_FILE_CONTENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/file/format.h"
#include "base/buffer.h"
#include "base/error.h"

/*
 * A whole store file in memory, and the next one made from it.  Nothing in it is secret without
 * the master key.
 *
 * Contents have the right magic and version, an intact digest and a sound structure, in this
 * order.  lwc_contents_authenticate() tells whether they are authentic; call it before a
 * record is opened.
 */
struct lwc_contents {
    uint8_t *bytes;    /* malloc()ed, or mapped                                          */
    size_t mapped_len; /* 0: malloc()ed                                                  */
    size_t len;
    uint8_t hash[LWC_FORMAT_DIGEST_LEN]; /* of the bytes before the trailer              */
    struct lwc_store_format format;      /* views into bytes                             */
};

#define LWC_AUTO_CONTENTS LWC_AUTO(struct lwc_contents, lwc_contents_clear)

void lwc_contents_clear(struct lwc_contents *contents);

/*
 * Read the file @fd from its start.
 *
 * @contents_out  cleared by the caller with lwc_contents_clear().
 * Returns LWC_OK, LWC_E_CORRUPT, LWC_E_TOO_NEW, LWC_E_IO.
 */
enum lwc_code lwc_contents_read(int fd, struct lwc_contents *contents_out, struct lwc_error *err)
    LWC_RESULT;

/*
 * Does the file @fd hold just the @len bytes of a store that was made, and are they authentic?
 * Their structure is not looked at again.
 *
 * Returns LWC_OK; LWC_E_IO (other bytes, or not readable); LWC_E_CORRUPT (MAC or digest is wrong).
 */
enum lwc_code lwc_contents_verify(int fd, const uint8_t *bytes, size_t len,
                                  const struct lwc_buf *master, struct lwc_error *err) LWC_RESULT;

/* Checks that the contents were made with @master.  LWC_OK, LWC_E_CORRUPT, LWC_E_IO. */
enum lwc_code lwc_contents_authenticate(const struct lwc_contents *contents,
                                        const struct lwc_buf *master, struct lwc_error *err)
    LWC_RESULT;

/* Opens the secret of the record @index of authentic contents.  LWC_OK, LWC_E_CORRUPT, LWC_E_IO. */
enum lwc_code lwc_contents_open(const struct lwc_contents *contents, size_t index,
                                const struct lwc_buf *master, struct lwc_buf **secret_out,
                                struct lwc_error *err) LWC_RESULT;

/* Where the record of @profile stands, or else would stand.  True if it is there. */
bool lwc_contents_locate(const struct lwc_store_format *format, const char *profile,
                         size_t *index_out);

/*
 * The change from contents to the next: at @index, the record there is dropped, or @identity with
 * @secret is put, or both.  Everything is borrowed.
 *
 * nonce, id  random; id counts only if no record is dropped: a record keeps its id.  The nonce
 *            of the record is made of the random bytes and the secret, lwc_seal_nonce().
 */
struct lwc_contents_change {
    size_t index;
    bool drop;
    const struct lwc_identity *identity; /* NULL: nothing is put                         */
    const void *secret;
    size_t len;
    int64_t now;
    uint8_t id[LWC_FORMAT_ID_LEN];
    uint8_t nonce[LWC_FORMAT_NONCE_LEN];
};

/*
 * Makes the bytes of the next contents.  All other records are carried byte for byte, and what was
 * sealed is opened again for a test.
 *
 * @base       the contents' format, or a new store's with generation 0.
 * @bytes_out  malloc()ed, the caller's.
 * Returns LWC_OK, LWC_E_INVALID (identity, secret, the store is full), LWC_E_IO.
 */
enum lwc_code lwc_contents_build(const struct lwc_store_format *base,
                                 const struct lwc_contents_change *change,
                                 const struct lwc_buf *master, uint8_t **bytes_out, size_t *len_out,
                                 struct lwc_error *err) LWC_RESULT;

#endif
