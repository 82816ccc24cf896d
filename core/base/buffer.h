/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_BUFFER_H
#define CORE_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Secret bytes: the one type that holds them.  The memory lies between guard pages, is locked where
 * the system allows, left out of core dumps, and wiped on free, on reset and on growth.  A NUL
 * always stands behind the bytes.  Not for two threads at once on one object.  In a child of fork()
 * the bytes of its parent's secrets are zeros.
 *
 * What cannot be promised: registers, copies inside other libraries, swap where mlock fails
 * (lwc_memory_is_locked() tells), a hibernated machine.
 */
struct lwc_buf;

#define LWC_AUTO_BUF LWC_AUTO(struct lwc_buf *, lwc_buf_free)

/* Make an empty secret with room for @cap bytes.  Owned by the caller. */
enum lwc_code lwc_buf_new(size_t cap, struct lwc_buf **secret_out, struct lwc_error *err)
    LWC_RESULT;

/* Make a secret that is a copy of @len bytes. */
enum lwc_code lwc_buf_copy(const void *bytes, size_t len, struct lwc_buf **secret_out,
                           struct lwc_error *err) LWC_RESULT;

/* Wipe and free; sets *secret to NULL.  NULL and a pointer to NULL are allowed. */
void lwc_buf_free(struct lwc_buf **secret);

/* Wipe the bytes; length becomes 0, room stays. */
void lwc_buf_reset(struct lwc_buf *secret);

/*
 * Add @len bytes, growing if need be (a new block; the old one is wiped).  On failure (memory,
 * or more than LWC_BUF_CAP in all: LWC_E_INVALID) nothing changes.
 */
enum lwc_code lwc_buf_append(struct lwc_buf *secret, const void *bytes, size_t len,
                             struct lwc_error *err) LWC_RESULT;

/* Largest secret, and largest confidential text, that is held: 16 MiB. */
#define LWC_BUF_CAP ((size_t)16 * 1024 * 1024)

/*
 * Make room for @len more bytes and return where they go; lwc_buf_grow() then says how many
 * were really written there.  NULL if there is no memory.
 */
uint8_t *lwc_buf_reserve(struct lwc_buf *secret, size_t len) LWC_RESULT;
void lwc_buf_grow(struct lwc_buf *secret, size_t len);

/* Cut to @len bytes and wipe the rest.  A longer @len changes nothing. */
void lwc_buf_truncate(struct lwc_buf *secret, size_t len);

/* Drop one LF or CRLF at the end: editors and echo put one behind what is no line of text. */
void lwc_buf_drop_newline(struct lwc_buf *secret);

/* The bytes, and the same as text.  Borrowed until the next change.  grep for these in review. */
const uint8_t *lwc_buf_bytes(const struct lwc_buf *secret);
const char *lwc_buf_text(const struct lwc_buf *secret);
size_t lwc_buf_len(const struct lwc_buf *secret);

/* Equal, in time that depends on the lengths alone. */
bool lwc_buf_equal(const struct lwc_buf *secret, const void *bytes, size_t len);

/*
 * Returns whether the memory of secrets is locked: that of the arena, where there is one, else of a
 * page that was tried.  A child of fork() locks its own.
 */
bool lwc_memory_is_locked(void);

/* Prepares libsodium, once.  False: the system gives no random bytes, and no secret can be made. */
bool lwc_memory_ready(void);

/*
 * A sink (lwcred/backend.h) whose bytes are put into *@secret, which must be NULL or a secret;
 * an earlier value is freed.
 */
struct lwc_sink;
void lwc_buf_sink(struct lwc_buf **secret, struct lwc_sink *sink_out);

/* Wipe plain memory so that the compiler cannot leave it out. */
void lwc_wipe(void *bytes, size_t len);

/* free() after wiping all of the block.  For libraries that take an allocator; NULL allowed. */
void lwc_wiping_free(void *block);
void *lwc_wiping_realloc(void *block, size_t len);

/* Fill with random bytes from the system.  Cannot fail. */
void lwc_random(void *bytes, size_t len);

#endif
