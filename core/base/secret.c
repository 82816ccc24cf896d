/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MUST:
 *  1. Secret bytes lie in sodium_malloc() memory only: guard pages, mlock, no core dump.  Small
 *     ones share a region of it, the arena: a region each costs eleven system calls, and a
 *     process may have some 16,000 at most.  The address sanitizer sees them one by one.
 *  2. Bytes that are no longer counted are wiped: on free, reset, truncate and growth.
 *  3. Growth copies into a new block before the old one is freed.
 *  4. Comparison takes the same time wherever the bytes differ.
 */
#include "secret.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>

#include <sodium.h>

#include <lwcred/backend.h>

/* bytes has room for cap bytes and a NUL. */
struct lwc_secret {
    uint8_t *bytes;
    size_t len;
    size_t cap;
};

#define ARENA_SLOTS 128
#define ARENA_SLOT_LEN ((size_t)256)
#define ARENA_BLOCK_MAX ((size_t)20 * 1024) /* larger blocks have a region of their own */

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_WANTED false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_WANTED false
#endif
#endif
#ifndef ARENA_WANTED
#define ARENA_WANTED true
#endif

static bool ready;

/* base is NULL where there is no arena; used tells which slots are taken. */
static struct {
    pthread_mutex_t mutex;
    uint8_t *base;
    bool locked;
    bool used[ARENA_SLOTS];
} arena = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void init_once(void)
{
    int saved = errno;

    ready = sodium_init() >= 0;
    if (ready && ARENA_WANTED) {
        /* It gives memory that could not be locked, too, and does not tell; mlock() does. */
        errno = 0;
        arena.base = sodium_malloc(ARENA_SLOTS * ARENA_SLOT_LEN);
        arena.locked = errno == 0;
    }
    errno = saved;
}

static size_t slots_for(size_t len)
{
    return (len + ARENA_SLOT_LEN - 1) / ARENA_SLOT_LEN;
}

/* The first run of @count free slots, marked as taken; NULL if there is none. */
static uint8_t *arena_take(size_t count)
{
    uint8_t *block = NULL;
    size_t run = 0;

    (void)pthread_mutex_lock(&arena.mutex);
    for (size_t i = 0; i < ARENA_SLOTS && block == NULL; i++) {
        run = arena.used[i] ? 0 : run + 1;
        if (run == count) {
            memset(&arena.used[i + 1 - count], true, count);
            block = arena.base + (i + 1 - count) * ARENA_SLOT_LEN;
        }
    }
    (void)pthread_mutex_unlock(&arena.mutex);
    return block;
}

static bool in_arena(const uint8_t *block)
{
    return arena.base != NULL && (uintptr_t)block >= (uintptr_t)arena.base &&
           (uintptr_t)block < (uintptr_t)arena.base + ARENA_SLOTS * ARENA_SLOT_LEN;
}

static void arena_give(uint8_t *block, size_t count)
{
    sodium_memzero(block, count * ARENA_SLOT_LEN);
    (void)pthread_mutex_lock(&arena.mutex);
    memset(&arena.used[(size_t)(block - arena.base) / ARENA_SLOT_LEN], false, count);
    (void)pthread_mutex_unlock(&arena.mutex);
}

static void init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, init_once);
}

static uint8_t *block_new(size_t cap)
{
    uint8_t *block = NULL;

    init();
    if (arena.base != NULL && cap < ARENA_BLOCK_MAX) {
        block = arena_take(slots_for(cap + 1));
    }
    if (block == NULL && ready) {
        block = sodium_malloc(cap + 1);
    }
    if (block != NULL) {
        sodium_memzero(block, cap + 1);
    }
    return block;
}

/* @cap as it was given to block_new(). */
static void block_free(uint8_t *block, size_t cap)
{
    if (in_arena(block)) {
        arena_give(block, slots_for(cap + 1));
        return;
    }
    sodium_free(block);
}

enum lwc_code lwc_secret_new(size_t cap, struct lwc_secret **secret_out, struct lwc_error *err)
{
    LWC_AUTO_SECRET secret = NULL;

    if (cap > LWC_SECRET_CAP) {
        return lwc_fail(err, LWC_E_INVALID, "more than %zu bytes", LWC_SECRET_CAP);
    }
    secret = calloc(1, sizeof *secret);
    if (secret == NULL) {
        return lwc_fail_nomem(err);
    }
    secret->bytes = block_new(cap);
    if (secret->bytes == NULL) {
        return lwc_fail_nomem(err);
    }
    secret->cap = cap;
    *secret_out = LWC_TAKE(secret);
    return LWC_OK;
}

enum lwc_code lwc_secret_copy(const void *bytes, size_t len, struct lwc_secret **secret_out,
                              struct lwc_error *err)
{
    LWC_AUTO_SECRET secret = NULL;
    enum lwc_code code = lwc_secret_new(len, &secret, err);

    if (code == LWC_OK) {
        code = lwc_secret_append(secret, bytes, len, err);
    }
    if (code == LWC_OK) {
        *secret_out = LWC_TAKE(secret);
    }
    return code;
}

void lwc_secret_free(struct lwc_secret **secret)
{
    if (secret == NULL || *secret == NULL) {
        return;
    }
    block_free((*secret)->bytes, (*secret)->cap);
    free(*secret);
    *secret = NULL;
}

void lwc_secret_reset(struct lwc_secret *secret)
{
    lwc_secret_truncate(secret, 0);
}

/* Make room for @cap bytes in all; at least doubles, so that appending stays cheap. */
static bool grow_to(struct lwc_secret *secret, size_t cap)
{
    size_t wanted = secret->cap < LWC_SECRET_CAP / 2 ? secret->cap * 2 : LWC_SECRET_CAP;
    uint8_t *bytes = NULL;

    if (wanted < cap) {
        wanted = cap;
    }
    bytes = block_new(wanted);
    if (bytes == NULL) {
        return false;
    }
    memcpy(bytes, secret->bytes, secret->len);
    block_free(secret->bytes, secret->cap);
    secret->bytes = bytes;
    secret->cap = wanted;
    return true;
}

uint8_t *lwc_secret_reserve(struct lwc_secret *secret, size_t len)
{
    if (len > LWC_SECRET_CAP - secret->len) {
        return NULL;
    }
    if (len > secret->cap - secret->len && !grow_to(secret, secret->len + len)) {
        return NULL;
    }
    return secret->bytes + secret->len;
}

void lwc_secret_grow(struct lwc_secret *secret, size_t len)
{
    size_t room = secret->cap - secret->len;

    secret->len += len < room ? len : room;
    secret->bytes[secret->len] = '\0';
}

enum lwc_code lwc_secret_append(struct lwc_secret *secret, const void *bytes, size_t len,
                                struct lwc_error *err)
{
    uint8_t *room = NULL;

    if (len > LWC_SECRET_CAP - secret->len) {
        return lwc_fail(err, LWC_E_INVALID, "more than %zu bytes", LWC_SECRET_CAP);
    }
    room = lwc_secret_reserve(secret, len);
    if (room == NULL) {
        return lwc_fail_nomem(err);
    }
    if (len > 0) {
        memcpy(room, bytes, len);
    }
    lwc_secret_grow(secret, len);
    return LWC_OK;
}

void lwc_secret_truncate(struct lwc_secret *secret, size_t len)
{
    if (len > secret->len) {
        return;
    }
    sodium_memzero(secret->bytes + len, secret->cap + 1 - len);
    secret->len = len;
}

void lwc_secret_drop_newline(struct lwc_secret *secret)
{
    static const char ends[] = {'\n', '\r'};

    for (size_t i = 0; i < sizeof ends; i++) {
        if (secret->len == 0 || secret->bytes[secret->len - 1] != (uint8_t)ends[i]) {
            return;
        }
        lwc_secret_truncate(secret, secret->len - 1);
    }
}

const uint8_t *lwc_secret_bytes(const struct lwc_secret *secret)
{
    return secret->bytes;
}

const char *lwc_secret_text(const struct lwc_secret *secret)
{
    return (const char *)secret->bytes;
}

size_t lwc_secret_len(const struct lwc_secret *secret)
{
    return secret->len;
}

bool lwc_secret_equal(const struct lwc_secret *secret, const void *bytes, size_t len)
{
    return secret->len == len && (len == 0 || sodium_memcmp(secret->bytes, bytes, len) == 0);
}

static bool page_locked;

static void probe_page(void)
{
    size_t page_len = (size_t)sysconf(_SC_PAGESIZE);
    void *page = mmap(NULL, page_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED) {
        return;
    }
    page_locked = sodium_mlock(page, page_len) == 0;
    if (page_locked) {
        (void)sodium_munlock(page, page_len);
    }
    (void)munmap(page, page_len);
}

bool lwc_secret_memory_locked(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int saved = errno;

    init();
    if (arena.base != NULL) {
        return arena.locked;
    }
    (void)pthread_once(&once, probe_page);
    errno = saved;
    return page_locked;
}

static enum lwc_code sink_put(void *data, const struct lwc_identity *identity, const void *bytes,
                              size_t len, struct lwc_error *err)
{
    struct lwc_secret **secret = data;
    struct lwc_secret *copy = NULL;
    enum lwc_code code = LWC_OK;

    (void)identity;
    if (len == 0 || len > LWC_SECRET_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "secret of %zu bytes, allowed are 1 to %d", len,
                        LWC_SECRET_MAX);
    }
    code = lwc_secret_copy(bytes, len, &copy, err);
    if (code == LWC_OK) {
        lwc_secret_free(secret);
        *secret = copy;
    }
    return code;
}

void lwc_secret_sink(struct lwc_secret **secret, struct lwc_sink *sink_out)
{
    *sink_out = (struct lwc_sink){.data = secret, .put = sink_put};
}

void lwc_wipe(void *bytes, size_t len)
{
    if (len > 0) {
        sodium_memzero(bytes, len);
    }
}

void lwc_wiping_free(void *block)
{
    if (block != NULL) {
        sodium_memzero(block, malloc_usable_size(block));
        free(block);
    }
}

void *lwc_wiping_realloc(void *block, size_t len)
{
    size_t old_len = block != NULL ? malloc_usable_size(block) : 0;
    void *moved = malloc(len);

    if (moved == NULL) {
        return NULL;
    }
    if (old_len > 0) {
        memcpy(moved, block, old_len < len ? old_len : len);
    }
    lwc_wiping_free(block);
    return moved;
}

void lwc_random(void *bytes, size_t len)
{
    init();
    randombytes_buf(bytes, len);
}
