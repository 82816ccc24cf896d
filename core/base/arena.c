/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in arena.h. */
#include "base/arena.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#define WORD_SLOTS 64 /* bits of a word: a block never reaches into the next one */
#define WORDS (LWC_ARENA_SLOTS / WORD_SLOTS)
#define STEP_WORDS 2
#define WORD_LEN (WORD_SLOTS * LWC_ARENA_SLOT_LEN)
#define ARENA_LEN (WORDS * WORD_LEN)

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

/*
 * base    NULL where there is no arena.
 * wipes   the kernel gives zeros to a child of fork().
 * used    a bit for each slot.
 * ready   how many words of slots may be given out: their memory was locked, or could not be.
 * life    how many fork()s lie between the program's start and this process.
 */
static struct {
    uint8_t *base;
    bool wipes;
    atomic_bool locked;
    atomic_size_t ready;
    atomic_uint life;
    _Atomic uint64_t used[WORDS];
} arena;

/* Pages are locked as they are touched; a kernel that cannot do so locks, and touches, them all. */
static bool memory_lock(void *memory, size_t len)
{
    return mlock2(memory, len, MLOCK_ONFAULT) == 0 || mlock(memory, len) == 0;
}

/*
 * Makes the words below @wanted ready.  Several threads may do so at once: locking twice is
 * harmless.
 */
static void make_ready(size_t wanted)
{
    size_t ready = atomic_load(&arena.ready);
    int saved = errno;

    if (wanted <= ready) {
        return;
    }
    if (!memory_lock(arena.base + ready * WORD_LEN, (wanted - ready) * WORD_LEN)) {
        atomic_store(&arena.locked, false);
    }
    errno = saved;
    (void)atomic_compare_exchange_strong(&arena.ready, &ready, wanted);
}

/*
 * Runs in the only thread of a new child.  The parent's secrets are zeros there, but their slots
 * stay taken: the child may have pointers into them.
 */
static void begin_life(void)
{
    size_t ready = atomic_load(&arena.ready);
    int saved = errno;

    atomic_fetch_add(&arena.life, 1);
    if (arena.base == NULL) {
        return;
    }
    if (!arena.wipes) {
        explicit_bzero(arena.base, ready * WORD_LEN);
    }
    atomic_store(&arena.locked, memory_lock(arena.base, ready * WORD_LEN));
    errno = saved;
}

/* Registers begin_life(): locks on memory are not inherited, so that a child must lock its own. */
static void init_once(void)
{
    size_t page_len = (size_t)sysconf(_SC_PAGESIZE);
    size_t len = (ARENA_LEN + page_len - 1) / page_len * page_len;
    uint8_t *region = MAP_FAILED;
    int saved = errno;

    (void)pthread_atfork(NULL, NULL, begin_life);
    if (ARENA_WANTED) {
        region = mmap(NULL, len + 2 * page_len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    }
    if (region != MAP_FAILED) {
        uint8_t *base = region + page_len;

        if (mprotect(base, len, PROT_READ | PROT_WRITE) == 0) {
            (void)madvise(base, len, MADV_DONTDUMP);
            arena.wipes = madvise(base, len, MADV_WIPEONFORK) == 0;
            arena.base = base;
            atomic_store(&arena.locked, true);
            make_ready(STEP_WORDS);
        } else {
            (void)munmap(region, len + 2 * page_len);
        }
    }
    errno = saved;
}

static void init_arena(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, init_once);
}

static unsigned slots_for(size_t len)
{
    return (unsigned)((len + LWC_ARENA_SLOT_LEN - 1) / LWC_ARENA_SLOT_LEN);
}

static uint64_t run_of(unsigned count)
{
    return count < WORD_SLOTS ? (UINT64_C(1) << count) - 1 : UINT64_MAX;
}

/* Returns the first of @count clear bits in a row in @used, or WORD_SLOTS. */
static unsigned find_run(uint64_t used, unsigned count)
{
    uint64_t begins = ~used; /* bits at which @have clear ones begin */
    unsigned have = 1;

    while (have < count) {
        unsigned step = have < count - have ? have : count - have;

        begins &= begins >> step;
        have += step;
    }
    return begins != 0 ? (unsigned)__builtin_ctzll(begins) : WORD_SLOTS;
}

static uint8_t *take_from(size_t word, unsigned count)
{
    uint64_t used = atomic_load_explicit(&arena.used[word], memory_order_relaxed);
    unsigned first = WORD_SLOTS;

    while ((first = find_run(used, count)) < WORD_SLOTS) {
        if (atomic_compare_exchange_weak(&arena.used[word], &used,
                                         used | (run_of(count) << first))) {
            return arena.base + word * WORD_LEN + first * LWC_ARENA_SLOT_LEN;
        }
    }
    return NULL;
}

uint8_t *lwc_arena_take(size_t len)
{
    uint8_t *block = NULL;

    init_arena();
    if (arena.base == NULL || len == 0 || len > LWC_ARENA_BLOCK_MAX) {
        return NULL;
    }
    for (size_t word = 0; word < WORDS && block == NULL; word++) {
        if (word >= atomic_load(&arena.ready)) {
            make_ready(word + STEP_WORDS);
        }
        block = take_from(word, slots_for(len));
    }
    return block;
}

bool lwc_arena_give(uint8_t *block, size_t len)
{
    size_t offset = (uintptr_t)block - (uintptr_t)arena.base;
    size_t slot = offset / LWC_ARENA_SLOT_LEN;
    unsigned count = slots_for(len);

    if (arena.base == NULL || offset >= ARENA_LEN) {
        return false;
    }
    explicit_bzero(block, count * LWC_ARENA_SLOT_LEN);
    (void)atomic_fetch_and(&arena.used[slot / WORD_SLOTS], ~(run_of(count) << (slot % WORD_SLOTS)));
    return true;
}

bool lwc_arena_is_locked(void)
{
    init_arena();
    return atomic_load(&arena.locked);
}

bool lwc_arena_exists(void)
{
    init_arena();
    return arena.base != NULL;
}

unsigned lwc_arena_life(void)
{
    return atomic_load_explicit(&arena.life, memory_order_relaxed);
}
