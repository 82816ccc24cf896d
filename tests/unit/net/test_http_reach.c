/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/util.h"
#include "net/http.h"

/* Requests that reach no server. */

#define ENOUGH_MS 30000
#define SHORT_MS 1000

static const struct lwc_http_header header = {"X-LW-UAKS", "_secret"};

static struct lwc_http_request post(int64_t timeout_ms)
{
    return (struct lwc_http_request){.method = "POST",
                                     .url = "https://localhost/",
                                     .headers = &header,
                                     .header_count = 1,
                                     .body = "{}",
                                     .len = 2,
                                     .timeout_ms = timeout_ms};
}

/* Performs @request and expects it to fail with @code and @text. */
static void expect_failure(const char *name, const struct lwc_http_request *request,
                           enum lwc_code code, const char *text, const char *hint)
{
    const struct lwc_http *http = lwc_http_curl();
    LWC_AUTO_HTTP_REPLY reply = {.body = NULL};
    struct lwc_error err = {0};

    if (http->perform(http->data, request, &reply, &err) != code || reply.body != NULL ||
        strstr(err.msg, text) == NULL || strstr(err.hint, hint) == NULL ||
        strstr(err.msg, "_secret") != NULL) {
        fail_msg("%s: code %d, %s, %s", name, err.code, err.msg, err.hint);
    }
}

/* Returns a socket that holds a port of loopback without a listener. */
static int closed_port(unsigned *port_out)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_not_equal(fd, -1);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port_out = ntohs(address.sin_port);
    return fd;
}

static void unreachable_hosts_are_told_apart(void **state)
{
    struct lwc_http_request request = post(ENOUGH_MS);
    char url[512];
    unsigned port = 0;
    LWC_AUTO_CLOSE int fd = closed_port(&port);

    (void)state;
    assert_true(fd >= 0);
    (void)snprintf(url, sizeof url, "https://127.0.0.1:%u/", port);
    request.url = url;
    expect_failure("refused", &request, LWC_E_NETWORK, "cannot connect: Connection refused", "");
    /* A label of more than 63 bytes: no resolver asks anybody about it. */
    (void)snprintf(url, sizeof url, "https://%070d.invalid/", 0);
    expect_failure("no such name", &request, LWC_E_NETWORK, "the name cannot be resolved",
                   "account");
}

/*
 * Stands before libc's for libcurl too: a resolver that never answers about one name, until it
 * is let go.
 */
static sem_t resolver_let_go;
static sem_t resolver_gone;

__attribute__((visibility("default"))) int getaddrinfo(const char *restrict name,
                                                       const char *restrict service,
                                                       const struct addrinfo *restrict wanted,
                                                       struct addrinfo **restrict out)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = NULL;

    if (name != NULL && lwc_streq(name, "stuck.example")) {
        (void)sem_wait(&resolver_let_go);
        (void)sem_post(&resolver_gone);
        return EAI_AGAIN;
    }
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    return real(name, service, wanted, out);
}

/* Without the deadline this test would not end. */
static void stuck_resolver_is_left_behind(void **state)
{
    struct lwc_http_request request = post(SHORT_MS);

    (void)state;
    assert_int_equal(sem_init(&resolver_let_go, 0, 0), 0);
    assert_int_equal(sem_init(&resolver_gone, 0, 0), 0);
    request.url = "https://stuck.example/";
    expect_failure("stuck", &request, LWC_E_NETWORK, "timed out: the name was not resolved", "");
    assert_int_equal(sem_post(&resolver_let_go), 0);
    assert_int_equal(sem_wait(&resolver_gone), 0);
}

static void bad_requests_are_not_sent(void **state)
{
    const struct lwc_http_header smuggled[] = {{"X-LW-UAKS", "_x\r\nHost: evil.example"}};
    struct lwc_http_request request = post(ENOUGH_MS);

    (void)state;
    request.headers = smuggled;
    request.header_count = 1;
    expect_failure("CR LF", &request, LWC_E_INVALID, "X-LW-UAKS", "");
    request = post(ENOUGH_MS);
    request.url = "http://localhost/";
    expect_failure("http", &request, LWC_E_INVALID, "https", "");
    request.url = "https://user:pass@localhost/";
    expect_failure("user", &request, LWC_E_INVALID, "malformed", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unreachable_hosts_are_told_apart),
        cmocka_unit_test(stuck_resolver_is_left_behind),
        cmocka_unit_test(bad_requests_are_not_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
