/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_SECRET_H
#define CORE_BASE_SECRET_H

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
 * (lwc_secret_memory_locked() tells), a hibernated machine.
 */
struct lwc_secret;

#define LWC_AUTO_SECRET LWC_AUTO(struct lwc_secret *, lwc_secret_free)

/* Make an empty secret with room for @cap bytes.  Owned by the caller. */
enum lwc_code lwc_secret_new(size_t cap, struct lwc_secret **secret_out, struct lwc_error *err)
    LWC_RESULT;

/* Make a secret that is a copy of @len bytes. */
enum lwc_code lwc_secret_copy(const void *bytes, size_t len, struct lwc_secret **secret_out,
                              struct lwc_error *err) LWC_RESULT;

/* Wipe and free; sets *secret to NULL.  NULL and a pointer to NULL are allowed. */
void lwc_secret_free(struct lwc_secret **secret);

/* Wipe the bytes; length becomes 0, room stays. */
void lwc_secret_reset(struct lwc_secret *secret);

/*
 * Add @len bytes, growing if need be (a new block; the old one is wiped).  On failure (memory,
 * or more than LWC_SECRET_CAP in all: LWC_E_INVALID) nothing changes.
 */
enum lwc_code lwc_secret_append(struct lwc_secret *secret, const void *bytes, size_t len,
                                struct lwc_error *err) LWC_RESULT;

/* Largest secret, and largest confidential text, that is held: 16 MiB. */
#define LWC_SECRET_CAP ((size_t)16 * 1024 * 1024)

/*
 * Make room for @len more bytes and return where they go; lwc_secret_grow() then says how many
 * were really written there.  NULL if there is no memory.
 */
uint8_t *lwc_secret_reserve(struct lwc_secret *secret, size_t len) LWC_RESULT;
void lwc_secret_grow(struct lwc_secret *secret, size_t len);

/* Cut to @len bytes and wipe the rest.  A longer @len changes nothing. */
void lwc_secret_truncate(struct lwc_secret *secret, size_t len);

/* Drop one LF or CRLF at the end: editors and echo put one behind what is no line of text. */
void lwc_secret_drop_newline(struct lwc_secret *secret);

/* The bytes, and the same as text.  Borrowed until the next change.  grep for these in review. */
const uint8_t *lwc_secret_bytes(const struct lwc_secret *secret);
const char *lwc_secret_text(const struct lwc_secret *secret);
size_t lwc_secret_len(const struct lwc_secret *secret);

/* Equal, in time that depends on the lengths alone. */
bool lwc_secret_equal(const struct lwc_secret *secret, const void *bytes, size_t len);

/*
 * Returns whether the memory of secrets is locked: that of the arena, where there is one, else of a
 * page that was tried.  A child of fork() locks its own.
 */
bool lwc_secret_memory_locked(void);

/* Prepares libsodium, once.  False: the system gives no random bytes, and no secret can be made. */
bool lwc_secret_ready(void);

/*
 * A sink (lwcred/backend.h) whose bytes are put into *@secret, which must be NULL or a secret;
 * an earlier value is freed.
 */
struct lwc_sink;
void lwc_secret_sink(struct lwc_secret **secret, struct lwc_sink *sink_out);

/* Wipe plain memory so that the compiler cannot leave it out. */
void lwc_wipe(void *bytes, size_t len);

/* free() after wiping all of the block.  For libraries that take an allocator; NULL allowed. */
void lwc_wiping_free(void *block);
void *lwc_wiping_realloc(void *block, size_t len);

/* Fill with random bytes from the system.  Cannot fail. */
void lwc_random(void *bytes, size_t len);

#endif
