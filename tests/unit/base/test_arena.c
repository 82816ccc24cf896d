/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buffer.h"

#define LARGE ((size_t)32 * 1024) /* a region of its own */

/* How locking fails: mlock2() is not known, or nothing may be locked. */
static bool lock_is_old;
static bool lock_is_refused;

int __wrap_mlock2(const void *memory, size_t len, unsigned flags);
int __real_mlock2(const void *memory, size_t len, unsigned flags);
int __wrap_mlock(const void *memory, size_t len);
int __real_mlock(const void *memory, size_t len);

static int refuse(int sys)
{
    errno = sys;
    return -1;
}

int __wrap_mlock2(const void *memory, size_t len, unsigned flags)
{
    return lock_is_refused || lock_is_old ? refuse(ENOSYS) : __real_mlock2(memory, len, flags);
}

int __wrap_mlock(const void *memory, size_t len)
{
    return lock_is_refused ? refuse(EPERM) : __real_mlock(memory, len);
}

/* Runs @work in a child of fork() and fails unless it returns true. */
static void check_in_child(bool (*work)(void *data), void *data)
{
    int status = 0;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(work(data) ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

/* The child finds zeros, may free and grow what it has, and makes secrets of its own. */
static bool use_in_child(void *data)
{
    struct lwc_buf **secrets = data;
    struct lwc_buf *own = NULL;
    bool is_right = is_zero(lwc_buf_bytes(secrets[0]), lwc_buf_len(secrets[0])) &&
                    is_zero(lwc_buf_bytes(secrets[1]), lwc_buf_len(secrets[1])) &&
                    lwc_buf_text(secrets[0])[0] == '\0';

    is_right = is_right && lwc_buf_copy("own", 3, &own, NULL) == LWC_OK &&
               lwc_buf_append(secrets[0], "abc", 3, NULL) == LWC_OK &&
               lwc_buf_append(secrets[1], "abc", 3, NULL) == LWC_OK && lwc_buf_equal(own, "own", 3);
    lwc_buf_free(&secrets[0]);
    lwc_buf_free(&secrets[1]);
    is_right = is_right && lwc_buf_equal(own, "own", 3) && lwc_arena_life() == 1;
    lwc_buf_free(&own);
    return is_right;
}

static void a_child_has_none_of_its_parents_secrets(void **state)
{
    static uint8_t bytes[LARGE];
    struct lwc_buf *secrets[2] = {NULL};

    (void)state;
    memset(bytes, 'x', sizeof bytes);
    assert_int_equal(lwc_buf_copy("secret", 6, &secrets[0], NULL), LWC_OK);
    assert_int_equal(lwc_buf_copy(bytes, sizeof bytes, &secrets[1], NULL), LWC_OK);
    check_in_child(use_in_child, secrets);
    assert_true(lwc_buf_equal(secrets[0], "secret", 6));
    assert_true(lwc_buf_equal(secrets[1], bytes, sizeof bytes));
    assert_int_equal(lwc_arena_life(), 0);
    lwc_buf_free(&secrets[0]);
    lwc_buf_free(&secrets[1]);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
#define HAS_ARENA 1
#else
#define HAS_ARENA 0
#endif

/* The race detector makes mlock() succeed without doing anything. */
#if HAS_ARENA && !defined(__SANITIZE_THREAD__)
#define HAS_LOCKS 1
#else
#define HAS_LOCKS 0
#endif

#if HAS_ARENA
/* KiB that the kernel says are locked in this process. */
static long locked_kib(void)
{
    FILE *file = fopen("/proc/self/status", "re");
    char line[256];
    long kib = -1;

    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        (void)sscanf(line, "VmLck: %ld", &kib);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return kib;
}

#if HAS_LOCKS
static bool is_locked_in_child(void *data)
{
    (void)data;
    return lwc_memory_is_locked() && locked_kib() >= 32;
}

static bool is_unlocked_in_child(void *data)
{
    (void)data;
    return !lwc_memory_is_locked() && locked_kib() == 0;
}

static void a_child_locks_its_memory_or_says_that_it_cannot(void **state)
{
    uint8_t *block = lwc_arena_take(1);

    (void)state;
    assert_non_null(block);
    if (!lwc_memory_is_locked()) {
        fail_msg("this test needs 32 KiB of locked memory (RLIMIT_MEMLOCK)");
    }
    check_in_child(is_locked_in_child, NULL);
    lock_is_old = true;
    check_in_child(is_locked_in_child, NULL);
    lock_is_old = false;
    lock_is_refused = true;
    check_in_child(is_unlocked_in_child, NULL);
    lock_is_refused = false;
    assert_true(lwc_arena_give(block, 1));
}

#endif

static void blocks_of_all_lengths_stay_apart_until_it_is_full(void **state)
{
    static struct {
        uint8_t *block;
        size_t len;
    } taken[LWC_ARENA_SLOTS];
    size_t count = 0;
    size_t bytes = 0;

    (void)state;
    for (size_t len = 1; count < LWC_ARENA_SLOTS; len = len * 5 / 3 + 1) {
        len = len <= LWC_ARENA_BLOCK_MAX ? len : 1;
        taken[count].len = len;
        taken[count].block = lwc_arena_take(len);
        if (taken[count].block == NULL) {
            break;
        }
        assert_true(is_zero(taken[count].block, len));
        memset(taken[count].block, (int)(1 + count % 255), len);
        bytes += len;
        count++;
    }
    assert_true(bytes > LWC_ARENA_SLOTS * LWC_ARENA_SLOT_LEN / 2);
    assert_true(lwc_memory_is_locked());
    assert_true(locked_kib() <= 264);
    for (size_t i = 0; i < count; i++) {
        for (size_t at = 0; at < taken[i].len; at++) {
            assert_int_equal(taken[i].block[at], 1 + i % 255);
        }
        assert_true(lwc_arena_give(taken[i].block, taken[i].len));
        assert_true(is_zero(taken[i].block, taken[i].len)); /* it stays mapped */
    }
}

static void every_slot_can_be_taken(void **state)
{
    static uint8_t *taken[LWC_ARENA_SLOTS];

    (void)state;
    for (size_t i = 0; i < LWC_ARENA_SLOTS; i++) {
        taken[i] = lwc_arena_take(LWC_ARENA_SLOT_LEN);
        assert_non_null(taken[i]);
    }
    assert_null(lwc_arena_take(1));
    for (size_t i = 0; i < LWC_ARENA_SLOTS; i++) {
        assert_true(lwc_arena_give(taken[i], LWC_ARENA_SLOT_LEN));
    }
    for (size_t i = 0; i < LWC_ARENA_SLOTS / 64; i++) {
        taken[i] = lwc_arena_take(LWC_ARENA_BLOCK_MAX);
        assert_non_null(taken[i]);
    }
    assert_null(lwc_arena_take(1));
    for (size_t i = 0; i < LWC_ARENA_SLOTS / 64; i++) {
        assert_true(lwc_arena_give(taken[i], LWC_ARENA_BLOCK_MAX));
    }
}

static void what_is_no_block_is_refused(void **state)
{
    uint8_t other[1] = {1};

    (void)state;
    assert_null(lwc_arena_take(0));
    assert_null(lwc_arena_take(LWC_ARENA_BLOCK_MAX + 1));
    assert_false(lwc_arena_give(other, 1));
    assert_int_equal(other[0], 1);
}

/* Each thread fills its blocks with its own byte and finds it there again. */
static void *take_and_give(void *data)
{
    const size_t number = (size_t)(uintptr_t)data;
    uint8_t *blocks[8];
    size_t bad = 0;

    for (size_t round = 0; round < 2000; round++) {
        for (size_t i = 0; i < 8; i++) {
            blocks[i] = lwc_arena_take(1 + (number * 37 + round * 11 + i * 400) % 2500);
            if (blocks[i] != NULL) {
                bad += blocks[i][0] != 0;
                blocks[i][0] = (uint8_t)(number + 1);
            }
        }
        for (size_t i = 0; i < 8; i++) {
            if (blocks[i] != NULL) {
                bad += blocks[i][0] != (uint8_t)(number + 1);
                bad += !lwc_arena_give(blocks[i], 1 + (number * 37 + round * 11 + i * 400) % 2500);
            }
        }
    }
    return (void *)(uintptr_t)bad;
}

static void threads_never_share_a_block(void **state)
{
    pthread_t threads[16];
    void *bad = NULL;

    (void)state;
    for (size_t i = 0; i < 16; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, (void *)(uintptr_t)i), 0);
    }
    for (size_t i = 0; i < 16; i++) {
        assert_int_equal(pthread_join(threads[i], &bad), 0);
        assert_int_equal((uintptr_t)bad, 0);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_has_none_of_its_parents_secrets),
#if HAS_ARENA
#if HAS_LOCKS
        cmocka_unit_test(a_child_locks_its_memory_or_says_that_it_cannot),
#endif
        cmocka_unit_test(blocks_of_all_lengths_stay_apart_until_it_is_full),
        cmocka_unit_test(every_slot_can_be_taken),
        cmocka_unit_test(what_is_no_block_is_refused),
        cmocka_unit_test(threads_never_share_a_block),
#endif
    };

    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
