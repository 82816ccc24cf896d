/* SPDX-License-Identifier: Apache-2.0 */
/* A program that uses the library for other things, too: its own libcurl, its own signals. */
#include "net/http.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <curl/curl.h>

#include "base/util.h"

CURLcode __wrap_curl_easy_perform(CURL *curl);

/* Breaks a connection as OpenSSL does: it writes without MSG_NOSIGNAL. */
CURLcode __wrap_curl_easy_perform(CURL *curl)
{
    int pair[2];

    (void)curl;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(close(pair[1]), 0);
    assert_int_equal(write(pair[0], "x", 1), -1);
    assert_int_equal(close(pair[0]), 0);
    return CURLE_SEND_ERROR;
}

static bool try_request(void)
{
    const struct lwc_http_request request = {
        .method = "GET", .url = "https://localhost:1/", .timeout_ms = 1000};
    LWC_AUTO_HTTP_REPLY reply = {.body = NULL};
    struct lwc_error err = {0};
    enum lwc_code code = lwc_http_curl()->perform(NULL, &request, &reply, &err);

    assert_int_equal(code, LWC_E_NETWORK);
    return reply.is_unwiped;
}

static bool is_pending(void)
{
    sigset_t pending;

    assert_int_equal(sigpending(&pending), 0);
    return sigismember(&pending, SIGPIPE) == 1;
}

static bool is_blocked(void)
{
    sigset_t mask;

    assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &mask), 0);
    return sigismember(&mask, SIGPIPE) == 1;
}

/* With the default action, the signal would end this test. */
static void broken_connection_raises_no_signal(void **state)
{
    (void)state;
    assert_ptr_equal(signal(SIGPIPE, SIG_DFL), SIG_DFL);
    (void)try_request();
    assert_false(is_pending());
    assert_false(is_blocked());
}

static void signal_that_the_program_waits_for_stays(void **state)
{
    sigset_t set;
    sigset_t before;
    int taken = 0;

    (void)state;
    assert_int_equal(sigemptyset(&set), 0);
    assert_int_equal(sigaddset(&set, SIGPIPE), 0);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &set, &before), 0);
    assert_int_equal(raise(SIGPIPE), 0);
    (void)try_request();
    assert_true(is_pending());
    assert_true(is_blocked());
    assert_int_equal(sigwait(&set, &taken), 0);
    assert_int_equal(taken, SIGPIPE);
    (void)try_request();
    assert_false(is_pending());
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
}

static void allocator_of_the_program_is_noticed(void **state)
{
    (void)state;
    assert_true(try_request());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_connection_raises_no_signal),
        cmocka_unit_test(signal_that_the_program_waits_for_stays),
        cmocka_unit_test(allocator_of_the_program_is_noticed),
    };

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return 1;
    }
    return cmocka_run_group_tests_name("http in a program", tests, NULL, NULL);
}
