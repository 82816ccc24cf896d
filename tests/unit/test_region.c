/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/region.h"

/* The call that fails; NULL: none. */
static const char *faulty;
static bool unmapped_clean;
static const uint8_t *dont_dump;

void *__wrap_mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset);
void *__real_mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset);
int __wrap_mprotect(void *at, size_t len, int protection);
int __real_mprotect(void *at, size_t len, int protection);
int __wrap_mlock(const void *at, size_t len);
int __real_mlock(const void *at, size_t len);
int __wrap_madvise(void *at, size_t len, int advice);
int __real_madvise(void *at, size_t len, int advice);
int __wrap_munmap(void *at, size_t len);
int __real_munmap(void *at, size_t len);

static bool fails(const char *call)
{
    bool failing = faulty != NULL && strcmp(faulty, call) == 0;

    errno = failing ? ENOMEM : errno;
    return failing;
}

void *__wrap_mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset)
{
    return fails("mmap") ? MAP_FAILED : __real_mmap(at, len, protection, flags, fd, offset);
}

int __wrap_mprotect(void *at, size_t len, int protection)
{
    return fails("mprotect") ? -1 : __real_mprotect(at, len, protection);
}

int __wrap_mlock(const void *at, size_t len)
{
    return fails("mlock") ? -1 : __real_mlock(at, len);
}

int __wrap_madvise(void *at, size_t len, int advice)
{
    dont_dump = advice == MADV_DONTDUMP ? at : dont_dump;
    return __real_madvise(at, len, advice);
}

/* What goes is looked at first; between its guards, which cannot be looked at. */
int __wrap_munmap(void *at, size_t len)
{
    size_t page_len = (size_t)sysconf(_SC_PAGESIZE);
    const uint8_t *bytes = at;

    unmapped_clean = true;
    for (size_t i = page_len; faulty == NULL && i < len - page_len; i++) {
        unmapped_clean = unmapped_clean && bytes[i] == 0;
    }
    return __real_munmap(at, len);
}

static int reset_wraps(void **state)
{
    (void)state;
    faulty = NULL;
    unmapped_clean = false;
    dont_dump = NULL;
    return 0;
}

static const size_t lens[] = {1, 33, 4095, 4096, 4097, 16384, 100000};

static void new_is_zero_and_can_be_written_to_its_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        bool locked = false;
        uint8_t *bytes = lwc_region_new(lens[i], &locked);

        print_message("%zu bytes\n", lens[i]);
        assert_non_null(bytes);
        for (size_t j = 0; j < lens[i]; j++) {
            assert_int_equal(bytes[j], 0);
        }
        memset(bytes, 'x', lens[i]);
        assert_non_null(dont_dump);
        assert_true(dont_dump <= bytes);
        lwc_region_free(bytes, lens[i]);
        assert_true(unmapped_clean);
    }
}

/* The signal that a write to @at ends a child with; 0: none. */
static int signal_of_write(volatile uint8_t *at)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        (void)signal(SIGSEGV, SIG_DFL);
        *at = 1;
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void write_outside_of_the_pages_is_fatal(void **state)
{
    size_t page_len = (size_t)sysconf(_SC_PAGESIZE);

    (void)state;
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        bool locked = false;
        uint8_t *bytes = lwc_region_new(lens[i], &locked);
        size_t pages_len = (lens[i] + page_len - 1) / page_len * page_len;

        print_message("%zu bytes\n", lens[i]);
        assert_non_null(bytes);
        assert_int_equal(signal_of_write(bytes + lens[i]), SIGSEGV);
        assert_int_equal(signal_of_write(bytes + lens[i] - pages_len - 1), SIGSEGV);
        assert_int_equal(signal_of_write(bytes + lens[i] - 1), 0);
        lwc_region_free(bytes, lens[i]);
    }
}

static void new_without_memory_is_null(void **state)
{
    static const char *const calls[] = {"mmap", "mprotect"};

    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        bool locked = false;

        faulty = calls[i];
        assert_null(lwc_region_new(10, &locked));
    }
}

static void new_tells_whether_it_is_locked(void **state)
{
    bool locked = true;
    uint8_t *bytes = NULL;

    (void)state;
    faulty = "mlock";
    bytes = lwc_region_new(10, &locked);
    assert_non_null(bytes);
    assert_false(locked);
    lwc_region_free(bytes, 10);
    faulty = NULL;
    bytes = lwc_region_new(10, &locked); /* one page: less than any limit */
    assert_non_null(bytes);
    assert_true(locked);
    lwc_region_free(bytes, 10);
}

static void free_allows_null(void **state)
{
    (void)state;
    lwc_region_free(NULL, 10);
    assert_false(unmapped_clean); /* nothing was unmapped */
}

#define TEST(name) cmocka_unit_test_setup(name, reset_wraps)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(new_is_zero_and_can_be_written_to_its_end),
        TEST(write_outside_of_the_pages_is_fatal),
        TEST(new_without_memory_is_null),
        TEST(new_tells_whether_it_is_locked),
        TEST(free_allows_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
