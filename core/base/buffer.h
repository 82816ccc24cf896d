/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_BUFFER_H
#define CORE_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * A buffer for secret bytes.  The memory lies between guard pages, is locked where the system
 * allows, left out of core dumps, and wiped on free, on reset and on growth.  A NUL always follows
 * the bytes.  One object must not be used by two threads at once.  In a child of fork() the bytes
 * of its parent's secrets are zeros.
 *
 * Not covered: registers, copies inside other libraries, swap where mlock fails
 * (lwc_memory_is_locked()), a hibernated machine.
 */
struct lwc_buf;

#define LWC_AUTO_BUF LWC_AUTO(struct lwc_buf *, lwc_buf_free)

/* Makes an empty secret with room for @cap bytes.  Owned by the caller, lwc_buf_free(). */
enum lwc_code lwc_buf_new(size_t cap, struct lwc_buf **secret_out, struct lwc_error *err)
    LWC_RESULT;

/* Makes a secret that is a copy of @len bytes. */
enum lwc_code lwc_buf_copy(const void *bytes, size_t len, struct lwc_buf **secret_out,
                           struct lwc_error *err) LWC_RESULT;

/* Wipes and frees *secret, and sets it to NULL.  NULL and a pointer to NULL are allowed. */
void lwc_buf_free(struct lwc_buf **secret);

/* Wipes the bytes.  The length becomes 0, the room stays. */
void lwc_buf_reset(struct lwc_buf *secret);

/*
 * Appends @len bytes; growth moves them to a new block and wipes the old one.  On failure (out of
 * memory: LWC_E_IO; more than LWC_BUF_CAP in all: LWC_E_INVALID) nothing changes.
 */
enum lwc_code lwc_buf_append(struct lwc_buf *secret, const void *bytes, size_t len,
                             struct lwc_error *err) LWC_RESULT;

/* The largest length of a buffer: 16 MiB. */
#define LWC_BUF_CAP ((size_t)16 * 1024 * 1024)

/*
 * Makes room for @len more bytes and returns its address, or NULL without memory.  lwc_buf_grow()
 * then counts the @len bytes that were written there.
 */
uint8_t *lwc_buf_reserve(struct lwc_buf *secret, size_t len) LWC_RESULT;
void lwc_buf_grow(struct lwc_buf *secret, size_t len);

/* Cuts to @len bytes and wipes the rest.  A longer @len changes nothing. */
void lwc_buf_truncate(struct lwc_buf *secret, size_t len);

/* Drops an LF or CRLF at the end, as editors and echo(1) append it. */
void lwc_buf_drop_newline(struct lwc_buf *secret);

/* Returns the bytes, also as text.  Borrowed until the next change.  grep for these in review. */
const uint8_t *lwc_buf_bytes(const struct lwc_buf *secret);
const char *lwc_buf_text(const struct lwc_buf *secret);
size_t lwc_buf_len(const struct lwc_buf *secret);

/* Returns whether both are equal, in time that depends on the lengths alone. */
bool lwc_buf_equal(const struct lwc_buf *secret, const void *bytes, size_t len);

/*
 * Returns whether the memory of secrets is locked: the arena's, or, without an arena, a probed
 * page.  A child of fork() locks its own.
 */
bool lwc_memory_is_locked(void);

/*
 * Prepares libsodium, once.  Returns false if the system gives no random bytes: no secret can be
 * made.
 */
bool lwc_memory_is_ready(void);

/*
 * Makes a sink (lwcred/backend.h) that puts its bytes into *@secret, NULL or a secret; an earlier
 * value is freed.
 */
struct lwc_sink;
void lwc_buf_sink(struct lwc_buf **secret, struct lwc_sink *sink_out);

/* Wipes plain memory; the compiler cannot leave this out. */
void lwc_wipe(void *bytes, size_t len);

/*
 * Wipes and frees a block, or moves it and wipes the old one: an allocator for libraries that take
 * one.  NULL is allowed.
 */
void lwc_wiping_free(void *block);
void *lwc_wiping_realloc(void *block, size_t len);

/* Fills @bytes with random bytes from the system.  Cannot fail. */
void lwc_random(void *bytes, size_t len);

#endif
