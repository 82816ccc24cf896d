/* SPDX-License-Identifier: Apache-2.0 */
#include "api/load.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "module/module.h"

enum lwc_code __wrap_lwc_module_object(const char *dir, const char *file, const char *symbol,
                                       const void **data_out, struct lwc_error *err);
enum lwc_code __real_lwc_module_object(const char *dir, const char *file, const char *symbol,
                                       const void **data_out, struct lwc_error *err);

/* Replaces net.so for the loader; NULL: the real one. */
static const struct lwc_api *found;
static unsigned loads;
static int passing_error; /* the first load fails with it */
static bool is_slow;      /* a load posts @entered, and takes a while */
static sem_t entered;

enum lwc_code __wrap_lwc_module_object(const char *dir, const char *file, const char *symbol,
                                       const void **data_out, struct lwc_error *err)
{
    loads++;
    if (is_slow) {
        (void)sem_post(&entered);
        (void)usleep(200000);
    }
    if (loads == 1 && passing_error != 0) {
        return lwc_fail_sys(err, LWC_E_IO, passing_error, "cannot load it");
    }
    if (found == NULL) {
        return __real_lwc_module_object(dir, file, symbol, data_out, err);
    }
    *data_out = found;
    return LWC_OK;
}

/* The result is kept for the life of a process, so each case has a process of its own. */
static void load_in_child(const struct lwc_api *net, enum lwc_code expected)
{
    const struct lwc_api *loaded = NULL;
    const struct lwc_api *again = NULL;
    struct lwc_error err = {0};

    found = net;
    assert_int_equal(lwc_api_load(&loaded, &err), expected);
    assert_int_equal(lwc_api_load(&again, &err), expected);
    assert_int_equal(loads, 1);
    assert_ptr_equal(loaded, again);
    assert_true((loaded != NULL) == (expected == LWC_OK));
    assert_true(expected == LWC_OK || strstr(err.msg, "another version") != NULL);
}

static enum lwc_code call(const struct lwc_api_call *wanted, struct lwc_call_reply *reply_out,
                          struct lwc_error *err)
{
    (void)wanted;
    (void)reply_out;
    (void)err;
    return LWC_OK;
}

static enum lwc_code exchange(const struct lwc_exchange *wanted, const struct lwc_sink *token,
                              struct lwc_grant *grant_out, struct lwc_error *err)
{
    (void)wanted;
    (void)token;
    (void)grant_out;
    return lwc_fail(err, LWC_E_INTERNAL, "never called");
}

static const struct lwc_api nets[] = {
    {.abi = LWC_API_ABI + 1, .size = sizeof(struct lwc_api), .exchange = exchange, .call = call},
    {.abi = LWC_API_ABI, .size = 8, .exchange = exchange, .call = call},
    {.abi = LWC_API_ABI, .size = sizeof(struct lwc_api)},
    {.abi = LWC_API_ABI, .size = sizeof(struct lwc_api), .exchange = exchange},
    {.abi = LWC_API_ABI, .size = sizeof(struct lwc_api), .call = call},
};

static void load_real_object_is_found_once(void **state)
{
    (void)state;
    load_in_child(NULL, LWC_OK);
}

static void load_other_abi_is_refused(void **state)
{
    (void)state;
    load_in_child(&nets[0], LWC_E_INVALID);
}

static void load_other_size_is_refused(void **state)
{
    (void)state;
    load_in_child(&nets[1], LWC_E_INVALID);
}

static void load_without_function_is_refused(void **state)
{
    (void)state;
    load_in_child(&nets[2], LWC_E_INVALID);
}

static void load_is_tried_again_after_a_failure_of_the_moment(void **state)
{
    static const int errors[] = {EMFILE, ENFILE, ENOMEM, EIO};
    const struct lwc_api *loaded = NULL;
    struct lwc_error err = {0};

    passing_error = errors[*(const int *)*state];
    assert_int_equal(lwc_api_load(&loaded, &err), LWC_E_IO);
    assert_int_equal(err.sys, passing_error);
    assert_null(loaded);
    assert_int_equal(lwc_api_load(&loaded, &err), LWC_OK);
    assert_non_null(loaded);
}

static void *load_in_thread(void *data)
{
    const struct lwc_api *loaded = NULL;

    (void)data;
    (void)!lwc_api_load(&loaded, NULL);
    return NULL;
}

static int load_after_fork(void)
{
    const struct lwc_api *loaded = NULL;

    (void)alarm(30);
    return lwc_api_load(&loaded, NULL) == LWC_OK && loaded == found ? 0 : 1;
}

/* A child of fork() that opens a context of its own may need net.so, too. */
static void load_works_in_a_child_made_while_another_thread_loads(void **state)
{
    static const struct lwc_api good = {
        .abi = LWC_API_ABI, .size = sizeof(struct lwc_api), .exchange = exchange, .call = call};
    pthread_t thread;
    int status = 0;
    pid_t pid = -1;

    (void)state;
    found = &good;
    is_slow = true;
    assert_int_equal(sem_init(&entered, 0, 0), 0);
    assert_int_equal(pthread_create(&thread, NULL, load_in_thread, NULL), 0);
    assert_int_equal(sem_wait(&entered), 0);
    pid = fork();
    if (pid == 0) {
        _exit(load_after_fork());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(loads, 1);
}

int main(int argc, char **argv)
{
    static int numbers[] = {0, 1, 2, 3};
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(load_real_object_is_found_once),
        cmocka_unit_test(load_other_abi_is_refused),
        cmocka_unit_test(load_other_size_is_refused),
        cmocka_unit_test(load_without_function_is_refused),
        cmocka_unit_test_prestate(load_is_tried_again_after_a_failure_of_the_moment, &numbers[0]),
        cmocka_unit_test_prestate(load_is_tried_again_after_a_failure_of_the_moment, &numbers[1]),
        cmocka_unit_test_prestate(load_is_tried_again_after_a_failure_of_the_moment, &numbers[2]),
        cmocka_unit_test_prestate(load_is_tried_again_after_a_failure_of_the_moment, &numbers[3]),
        cmocka_unit_test(load_works_in_a_child_made_while_another_thread_loads),
    };
    int failed = 0;

    if (argc > 1) {
        const struct CMUnitTest one[] = {tests[atoi(argv[1])]};

        return cmocka_run_group_tests_name("net", one, NULL, NULL);
    }
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        char command[4200];

        (void)snprintf(command, sizeof command, "'%s' %zu", argv[0], i);
        failed += system(command) != 0;
    }
    return failed;
}
