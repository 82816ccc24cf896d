/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MUST:
 *  1. Secret bytes lie in the arena or in sodium_malloc() memory only: guard pages, mlock, no core
 *     dump, zeros in a child of fork().  The address sanitizer sees them one by one.
 *  2. Bytes that are no longer counted are wiped: on free, reset, truncate and growth.
 *  3. Growth copies into a new block before the old one is freed.
 *  4. Comparison takes the same time wherever the bytes differ.
 *  5. No program is ended because the system has no random bytes.
 */
#include "base/buffer.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include <lwcred/backend.h>

#include "base/arena.h"

/*
 * bytes  room for cap bytes and a NUL
 * life   lwc_arena_life() when the bytes were made; after a fork() they are zeros
 */
struct lwc_buf {
    uint8_t *bytes;
    size_t len;
    size_t cap;
    unsigned life;
};

/* Bytes of sodium's canary, in front of a block of sodium_malloc(). */
#define CANARY_LEN 16

static bool ready;

/* Checked first, because libsodium ends the program where the system gives no random bytes. */
static bool has_random_bytes(void)
{
    static const char *const devices[] = {"/dev/urandom", "/dev/random"};
    uint8_t byte = 0;

    if (getrandom(&byte, sizeof byte, GRND_NONBLOCK) >= 0 || errno == EAGAIN) {
        return true;
    }
    for (size_t i = 0; i < LWC_ARRAY_LEN(devices); i++) {
        struct stat found;

        if (access(devices[i], R_OK) == 0 && stat(devices[i], &found) == 0 &&
            S_ISCHR(found.st_mode)) {
            return true;
        }
    }
    return false;
}

static void init_once(void)
{
    int saved = errno;

    ready = has_random_bytes() && sodium_init() >= 0;
    errno = saved;
}

bool lwc_memory_is_ready(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, init_once);
    return ready;
}

/*
 * Lets the kernel give zeros to a child of fork(), also in place of the canary: see block_free().
 */
static void keep_from_children(uint8_t *block, size_t len)
{
    uintptr_t page_len = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t begin = ((uintptr_t)block - CANARY_LEN) / page_len * page_len;
    uintptr_t end = ((uintptr_t)block + len + page_len - 1) / page_len * page_len;
    int saved = errno;

    (void)madvise(block - ((uintptr_t)block - begin), end - begin, MADV_WIPEONFORK);
    errno = saved;
}

static uint8_t *block_new(size_t cap)
{
    uint8_t *block = NULL;

    if (!lwc_memory_is_ready()) {
        return NULL;
    }
    block = lwc_arena_take(cap + 1);
    if (block != NULL) {
        return block;
    }
    block = sodium_malloc(cap + 1);
    if (block != NULL) {
        keep_from_children(block, cap + 1);
        sodium_memzero(block, cap + 1);
    }
    return block;
}

/*
 * @cap as given to block_new(), @life of that time.  In a child of fork(), sodium's canary is gone
 * and the block is not freed.
 */
static void block_free(uint8_t *block, size_t cap, unsigned life)
{
    if (block != NULL && !lwc_arena_give(block, cap + 1) && life == lwc_arena_life()) {
        sodium_free(block);
    }
}

enum lwc_code lwc_buf_new(size_t cap, struct lwc_buf **secret_out, struct lwc_error *err)
{
    LWC_AUTO_BUF secret = NULL;

    if (cap > LWC_BUF_CAP) {
        return lwc_fail(err, LWC_E_INVALID, "more than %zu bytes", LWC_BUF_CAP);
    }
    secret = calloc(1, sizeof *secret);
    if (secret == NULL) {
        return lwc_fail_nomem(err);
    }
    secret->bytes = block_new(cap);
    if (secret->bytes == NULL) {
        return lwc_memory_is_ready() ? lwc_fail_nomem(err)
                                     : lwc_fail(err, LWC_E_IO, "the system gives no random bytes");
    }
    secret->cap = cap;
    secret->life = lwc_arena_life();
    *secret_out = LWC_TAKE(secret);
    return LWC_OK;
}

enum lwc_code lwc_buf_copy(const void *bytes, size_t len, struct lwc_buf **secret_out,
                           struct lwc_error *err)
{
    LWC_AUTO_BUF secret = NULL;
    enum lwc_code code = lwc_buf_new(len, &secret, err);

    if (code == LWC_OK) {
        code = lwc_buf_append(secret, bytes, len, err);
    }
    if (code == LWC_OK) {
        *secret_out = LWC_TAKE(secret);
    }
    return code;
}

void lwc_buf_free(struct lwc_buf **secret)
{
    if (secret == NULL || *secret == NULL) {
        return;
    }
    block_free((*secret)->bytes, (*secret)->cap, (*secret)->life);
    free(*secret);
    *secret = NULL;
}

void lwc_buf_reset(struct lwc_buf *secret)
{
    lwc_buf_truncate(secret, 0);
}

/* Makes room for @cap bytes in all; at least doubles, so that appending stays cheap. */
static bool grow_to(struct lwc_buf *secret, size_t cap)
{
    size_t wanted = secret->cap < LWC_BUF_CAP / 2 ? secret->cap * 2 : LWC_BUF_CAP;
    uint8_t *bytes = NULL;

    if (wanted < cap) {
        wanted = cap;
    }
    bytes = block_new(wanted);
    if (bytes == NULL) {
        return false;
    }
    memcpy(bytes, secret->bytes, secret->len);
    block_free(secret->bytes, secret->cap, secret->life);
    secret->bytes = bytes;
    secret->cap = wanted;
    secret->life = lwc_arena_life();
    return true;
}

uint8_t *lwc_buf_reserve(struct lwc_buf *secret, size_t len)
{
    if (len > LWC_BUF_CAP - secret->len) {
        return NULL;
    }
    if (len > secret->cap - secret->len && !grow_to(secret, secret->len + len)) {
        return NULL;
    }
    return secret->bytes + secret->len;
}

void lwc_buf_grow(struct lwc_buf *secret, size_t len)
{
    size_t room = secret->cap - secret->len;

    secret->len += len < room ? len : room;
    secret->bytes[secret->len] = '\0';
}

enum lwc_code lwc_buf_append(struct lwc_buf *secret, const void *bytes, size_t len,
                             struct lwc_error *err)
{
    uint8_t *room = NULL;

    if (len > LWC_BUF_CAP - secret->len) {
        return lwc_fail(err, LWC_E_INVALID, "more than %zu bytes", LWC_BUF_CAP);
    }
    room = lwc_buf_reserve(secret, len);
    if (room == NULL) {
        return lwc_fail_nomem(err);
    }
    if (len > 0) {
        memcpy(room, bytes, len);
    }
    lwc_buf_grow(secret, len);
    return LWC_OK;
}

void lwc_buf_truncate(struct lwc_buf *secret, size_t len)
{
    if (len > secret->len) {
        return;
    }
    sodium_memzero(secret->bytes + len, secret->cap + 1 - len);
    secret->len = len;
}

void lwc_buf_drop_newline(struct lwc_buf *secret)
{
    static const char ends[] = {'\n', '\r'};

    for (size_t i = 0; i < sizeof ends; i++) {
        if (secret->len == 0 || secret->bytes[secret->len - 1] != (uint8_t)ends[i]) {
            return;
        }
        lwc_buf_truncate(secret, secret->len - 1);
    }
}

const uint8_t *lwc_buf_bytes(const struct lwc_buf *secret)
{
    return secret->bytes;
}

const char *lwc_buf_text(const struct lwc_buf *secret)
{
    return (const char *)secret->bytes;
}

size_t lwc_buf_len(const struct lwc_buf *secret)
{
    return secret->len;
}

bool lwc_buf_equal(const struct lwc_buf *secret, const void *bytes, size_t len)
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

bool lwc_memory_is_locked(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int saved = errno;

    if (lwc_arena_exists()) {
        return lwc_arena_is_locked();
    }
    (void)pthread_once(&once, probe_page);
    errno = saved;
    return page_locked;
}

static enum lwc_code sink_put(void *data, const struct lwc_identity *identity, const void *bytes,
                              size_t len, struct lwc_error *err)
{
    struct lwc_buf **secret = data;
    struct lwc_buf *copy = NULL;
    enum lwc_code code = LWC_OK;

    (void)identity;
    if (len == 0 || len > LWC_SECRET_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "secret of %zu bytes, allowed are 1 to %d", len,
                        LWC_SECRET_MAX);
    }
    code = lwc_buf_copy(bytes, len, &copy, err);
    if (code == LWC_OK) {
        lwc_buf_free(secret);
        *secret = copy;
    }
    return code;
}

void lwc_buf_sink(struct lwc_buf **secret, struct lwc_sink *sink_out)
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
    (void)lwc_memory_is_ready();
    randombytes_buf(bytes, len);
}
