/* SPDX-License-Identifier: Apache-2.0 */
/* A system that gives no random bytes: libsodium would end the program that uses the library. */
#include "base/buffer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <lwcred.h>

static int random_error;
static bool has_devices;
static unsigned inits;

ssize_t __wrap_getrandom(void *bytes, size_t len, unsigned flags);
ssize_t __wrap_getrandom(void *bytes, size_t len, unsigned flags)
{
    (void)bytes;
    (void)flags;
    errno = random_error;
    return random_error == 0 ? (ssize_t)len : -1;
}

int __wrap_access(const char *path, int mode);
int __real_access(const char *path, int mode);
int __wrap_access(const char *path, int mode)
{
    if (!has_devices && strncmp(path, "/dev/", 5) == 0) {
        errno = ENOENT;
        return -1;
    }
    return __real_access(path, mode);
}

int __wrap_sodium_init(void);
int __real_sodium_init(void);
int __wrap_sodium_init(void)
{
    inits++;
    return __real_sodium_init();
}

/* libsodium is prepared once in a process: each case has a process of its own. */
static bool runs(int error, bool devices, bool is_ready)
{
    struct lwc_buf *secret = NULL;
    struct lwc_context *ctx = NULL;
    struct lwc_error err = {0};

    random_error = error;
    has_devices = devices;
    if (is_ready) {
        const bool is_made = lwc_buf_new(1, &secret, NULL) == LWC_OK;

        lwc_buf_free(&secret);
        return is_made && inits == 1 && lwc_memory_is_ready();
    }
    return lwc_buf_new(1, &secret, &err) == LWC_E_IO &&
           strcmp(err.msg, "the system gives no random bytes") == 0 &&
           lwc_open(NULL, &ctx, &err) == LWC_E_IO &&
           strcmp(err.msg, "the system gives no random bytes") == 0 && inits == 0;
}

static void without_random_bytes_calls_fail_and_the_program_goes_on(void **state)
{
    static const struct {
        int error;
        bool devices;
        bool is_ready;
    } cases[] = {
        {0, true, true},  {EAGAIN, true, true},   {ENOSYS, true, true},
        {0, false, true}, {ENOSYS, false, false}, {EPERM, false, false},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        int status = 0;
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
            _exit(runs(cases[i].error, cases[i].devices, cases[i].is_ready) ? 0 : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        print_message("case %zu\n", i);
        assert_int_equal(status, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_random_bytes_calls_fail_and_the_program_goes_on),
    };

    return cmocka_run_group_tests_name("entropy", tests, NULL, NULL);
}
