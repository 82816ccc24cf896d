/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "net/http.h"
#include "tests/support/memory.h"
#include "tests/support/standin.h"

/* Real TLS on loopback, against the stand-in API. */

#define KEY_ID "ACME_0123456789ABCDEF"
#define SECRET "_0123456789abcdef0123456789abcdef"
#define SECRET_SHA256 "4a50b5f4ed390c813c578e9c71d9161d3334252fead0b1db15d31b9cc6f72d67"
#define BODY "{\"keyId\":\"" KEY_ID "\",\"expiryTime\":3600}"
#define PATH "/api/v2/access/tokens"
#define ENOUGH_MS 30000
#define SHORT_MS 1000

struct fixture {
    struct tmpdir tmp;
    struct standin api;
    char ca_file[TMPDIR_PATH_LEN];
    char ca_dir[TMPDIR_PATH_LEN];
    char url[512];
};

/* Blocks with the secret in them that came to the allocator which wipes. */
static size_t secrets_wiped;
void __wrap_lwc_wiping_free(void *block);
void __real_lwc_wiping_free(void *block);
size_t malloc_usable_size(void *block);
void *__wrap_malloc(size_t len);

/* Blocks are searched to their ends, so all of them must be initialised. */
void *__wrap_malloc(size_t len)
{
    return calloc(1, len);
}

void __wrap_lwc_wiping_free(void *block)
{
    if (block != NULL && memmem(block, malloc_usable_size(block), SECRET, strlen(SECRET)) != NULL) {
        secrets_wiped++;
    }
    __real_lwc_wiping_free(block);
}

static void url_of(const struct standin *standin, char url_out[static 512])
{
    (void)snprintf(url_out, 512, "https://localhost:%u" PATH, standin->port);
}

static int setup(void **state)
{
    struct tmpdir *tmp = NULL;
    struct fixture *f = calloc(1, sizeof *f);
    void *made = NULL;

    if (f == NULL || tmpdir_setup(&made) != 0) {
        free(f);
        return -1;
    }
    tmp = made;
    f->tmp = *tmp;
    free(tmp);
    standin_make_ca(&f->tmp);
    standin_start(&f->tmp, "api", "server", "--proxy", &f->api);
    standin_add_key(&f->api, KEY_ID, SECRET_SHA256);
    tmpdir_join(&f->tmp, "ca/ca.pem", f->ca_file);
    tmpdir_join(&f->tmp, "ca/hashed", f->ca_dir);
    url_of(&f->api, f->url);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    void *tmp = malloc(sizeof f->tmp);

    standin_stop(&f->api);
    if (tmp == NULL) {
        return -1;
    }
    memcpy(tmp, &f->tmp, sizeof f->tmp);
    free(f);
    return tmpdir_teardown(&tmp);
}

static const struct lwc_http_header headers[] = {
    {"X-LW-UAKS", SECRET},
    {"Content-Type", "application/json"},
};

static struct lwc_http_request post(const struct fixture *f, int64_t timeout_ms)
{
    return (struct lwc_http_request){.method = "POST",
                                     .url = f->url,
                                     .headers = headers,
                                     .header_count = LWC_ARRAY_LEN(headers),
                                     .body = BODY,
                                     .len = sizeof BODY - 1,
                                     .timeout_ms = timeout_ms,
                                     .ca_file = f->ca_file};
}

static enum lwc_code perform(const struct lwc_http_request *request,
                             struct lwc_http_reply *reply_out, struct lwc_error *err)
{
    const struct lwc_http *http = lwc_http_curl();
    enum lwc_code code = http->perform(http->data, request, reply_out, err);

    assert_true((code == LWC_OK) == (reply_out->body != NULL));
    assert_null(strstr(err->msg, SECRET));
    return code;
}

/* Performs @request and expects it to fail with @code and @text. */
static void expect_failure(const char *name, const struct lwc_http_request *request,
                           enum lwc_code code, const char *text, const char *hint)
{
    LWC_AUTO_HTTP_REPLY reply = {.body = NULL};
    struct lwc_error err = {0};

    if (perform(request, &reply, &err) != code || strstr(err.msg, text) == NULL ||
        strstr(err.hint, hint) == NULL) {
        fail_msg("%s: code %d, %s, %s", name, err.code, err.msg, err.hint);
    }
}

static void good_request_brings_the_reply(void **state)
{
    const struct fixture *f = *state;
    const struct lwc_http_request request = post(f, ENOUGH_MS);
    LWC_AUTO_HTTP_REPLY reply = {.body = NULL};
    struct lwc_error err = {0};

    standin_mode(&f->api, "");
    secrets_wiped = 0;
    assert_int_equal(perform(&request, &reply, &err), LWC_OK);
    assert_int_equal(reply.status, 201);
    assert_string_equal(reply.content_type, "application/json");
    assert_true(reply.date_s > 0);
    assert_int_equal(reply.reset_s, 0);
    assert_int_equal(reply.retry_after_s, -1);
    assert_non_null(strstr(lwc_buf_text(reply.body), "\"token\":\"_"));
    assert_int_equal(standin_count(&f->api, "status=201 key=" KEY_ID " secret=right expiry=3600"),
                     1);
    assert_int_equal(standin_count(&f->api, "authorization=present"), 0);
    /* At least the header line and the request that it became. */
    assert_true(secrets_wiped >= 2);
    assert_false(reply.is_unwiped);
}

/* The secret of the request is a constant here: every copy of it was made on the way. */
static void nothing_of_a_request_stays_in_memory(void **state)
{
    const struct fixture *f = *state;
    const struct lwc_http_request request = post(f, ENOUGH_MS);
    LWC_AUTO_HTTP_REPLY reply = {.body = NULL};
    struct lwc_error err = {0};
    char *copy = strdup(SECRET);

    assert_non_null(copy);
    assert_int_equal(memory_count(SECRET), 1);
    memset(copy, 'x', strlen(copy));
    standin_mode(&f->api, "");
    assert_int_equal(perform(&request, &reply, &err), LWC_OK);
    lwc_http_reply_clear(&reply);
    assert_int_equal(memory_count(SECRET), 0);
    assert_int_equal(memory_count("\"token\":\"_"), 0);
    free(copy);
}

static void whole_replies_are_taken_in_every_form(void **state)
{
    static const struct {
        const char *mode;
        int status;
        const char *start; /* of the body */
        int64_t reset_s;
        int64_t retry_after_s;
    } cases[] = {
        {"chunked", 201, "{\"expiresAt\"", 0, -1},
        {"until-close", 201, "{\"expiresAt\"", 0, -1},
        {"early-hints", 201, "{\"expiresAt\"", 0, -1},
        {"gzip", 201, "\x1f\x8b", 0, -1},
        {"204", 204, "", 0, -1},
        {"empty 503", 503, "", 0, -1},
        {"html 502", 502, "<html>", 0, -1},
        {"status 401", 401, "{\"message\":\"Unauthorized\"}", 0, -1},
        {"status 429 reset=37", 429, "{", 37, -1},
        {"status 429 reset=x retry-after=12", 429, "{", -1, 12},
        {"status 429 reset=x retry-after=date+90", 429, "{", -1, 90},
        {"no-date", 201, "{", 0, -1},
        {"slow-headers 0.3", 201, "{", 0, -1},
        {"slow-body 0.3", 201, "{", 0, -1},
        {"drip 0.001", 201, "{", 0, -1},
    };
    const struct fixture *f = *state;
    const struct lwc_http_request request = post(f, ENOUGH_MS);

    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        LWC_AUTO_HTTP_REPLY reply = {.body = NULL};
        struct lwc_error err = {0};

        standin_mode(&f->api, cases[i].mode);
        if (perform(&request, &reply, &err) != LWC_OK) {
            fail_msg("%s: %s", cases[i].mode, err.msg);
        }
        if (reply.status != cases[i].status || reply.reset_s != cases[i].reset_s ||
            reply.retry_after_s != cases[i].retry_after_s ||
            strncmp(lwc_buf_text(reply.body), cases[i].start, strlen(cases[i].start)) != 0 ||
            (reply.date_s < 0) != lwc_streq(cases[i].mode, "no-date")) {
            fail_msg("%s: status %d, body %.20s", cases[i].mode, reply.status,
                     lwc_buf_text(reply.body));
        }
    }
}

static void broken_replies_are_told_apart(void **state)
{
    static const struct {
        const char *mode;
        int64_t timeout_ms;
        const char *text;
    } cases[] = {
        {"cut", ENOUGH_MS, "cut short"},
        {"cut-chunked", ENOUGH_MS, "cut short"},
        {"cut-headers", ENOUGH_MS, "cut short"},
        {"hang-up", ENOUGH_MS, "without a reply"},
        {"reset", ENOUGH_MS, "broke before the whole reply"},
        {"huge", ENOUGH_MS, "more than 1048576 bytes of body"},
        {"huge; chunked", ENOUGH_MS, "more than 1048576 bytes of body"},
        {"huge; until-close", ENOUGH_MS, "more than 1048576 bytes of body"},
        {"huge-headers", ENOUGH_MS, "more than 65536 bytes of headers"},
        {"nothing", SHORT_MS, "timed out"},
        {"no-handshake", SHORT_MS, "timed out: no TLS connection"},
        {"slow-headers 60", SHORT_MS, "timed out"},
        {"slow-body 60", SHORT_MS, "timed out"},
        {"drip", SHORT_MS, "timed out"},
        {"", 0, "no time left"},
        {"", -1, "no time left"},
    };
    const struct fixture *f = *state;

    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        const struct lwc_http_request request = post(f, cases[i].timeout_ms);

        standin_mode(&f->api, cases[i].mode);
        expect_failure(cases[i].mode, &request, LWC_E_NETWORK, cases[i].text, "");
        expect_failure(cases[i].mode, &request, LWC_E_NETWORK, "localhost:", "");
    }
    standin_mode(&f->api, "");
}

static void body_of_exactly_the_limit_is_taken(void **state)
{
    const struct fixture *f = *state;
    const struct lwc_http_request request = post(f, ENOUGH_MS);
    LWC_AUTO_HTTP_REPLY reply = {.body = NULL};
    struct lwc_error err = {0};

    standin_mode(&f->api, "huge 1048576");
    assert_int_equal(perform(&request, &reply, &err), LWC_OK);
    assert_int_equal(lwc_buf_len(reply.body), LWC_HTTP_BODY_MAX);
}

static void redirect_is_not_followed(void **state)
{
    static const char *const statuses[] = {"301", "302", "303", "307", "308"};
    const struct fixture *f = *state;
    const struct lwc_http_request request = post(f, ENOUGH_MS);
    struct standin other;
    size_t followed = 0;

    standin_start(&f->tmp, "target", "server", NULL, &other);
    for (size_t i = 0; i < LWC_ARRAY_LEN(statuses); i++) {
        LWC_AUTO_HTTP_REPLY reply = {.body = NULL};
        struct lwc_error err = {0};
        char mode[600];

        (void)snprintf(mode, sizeof mode, "redirect https://localhost:%u" PATH " %s", other.port,
                       statuses[i]);
        standin_mode(&f->api, mode);
        if (perform(&request, &reply, &err) != LWC_OK || reply.status != atoi(statuses[i])) {
            fail_msg("%s: %d, %s", statuses[i], reply.status, err.msg);
        }
    }
    followed = standin_count(&other, "");
    standin_stop(&other);
    assert_int_equal(followed, 0);
}

static void foreign_servers_get_no_request(void **state)
{
    static const struct {
        const char *name;
        const char *cert;
        const char *option;
        const char *text;
        const char *hint;
    } cases[] = {
        {"other-ca", "other", NULL, "certificate is signed by an unknown CA", "LWCRED_CA_BUNDLE"},
        {"other-name", "wrong-name", NULL, "certificate is for another name", ""},
        {"out-of-date", "expired", NULL, "certificate has expired", "clock"},
        {"http", "server", "--plain", "no TLS connection: ", ""},
        {"tls-1.1", "server", "--old-tls", "no TLS connection: ", ""},
    };
    const struct fixture *f = *state;

    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_http_request request = post(f, ENOUGH_MS);
        struct standin other;
        char url[512];
        size_t calls = 0;

        standin_start(&f->tmp, cases[i].name, cases[i].cert, cases[i].option, &other);
        url_of(&other, url);
        request.url = url;
        expect_failure(cases[i].name, &request, LWC_E_NETWORK, cases[i].text, cases[i].hint);
        calls = standin_count(&other, "");
        standin_stop(&other);
        if (calls != 0) {
            fail_msg("%s: %zu calls", cases[i].name, calls);
        }
    }
}

static void authorities_are_those_that_were_given(void **state)
{
    const struct fixture *f = *state;
    struct lwc_http_request request = post(f, ENOUGH_MS);
    LWC_AUTO_HTTP_REPLY reply = {.body = NULL};
    struct lwc_error err = {0};
    char path[TMPDIR_PATH_LEN];

    standin_mode(&f->api, "");
    request.ca_file = NULL;
    request.ca_dir = f->ca_dir;
    if (perform(&request, &reply, &err) != LWC_OK) {
        fail_msg("hashed directory: %s", err.msg);
    }
    request.ca_dir = f->tmp.path;
    expect_failure("empty directory", &request, LWC_E_NETWORK, "unknown CA", "LWCRED_CA_BUNDLE");
    request.ca_dir = NULL;
    expect_failure("the system's", &request, LWC_E_NETWORK, "unknown CA", "LWCRED_CA_BUNDLE");
    request.ca_file = tmpdir_join(&f->tmp, "ca/other-ca.pem", path);
    expect_failure("other CA", &request, LWC_E_NETWORK, "unknown CA", "LWCRED_CA_BUNDLE");
    tmpdir_write(&f->tmp, "empty.pem", "", 0, 0600);
    request.ca_file = tmpdir_join(&f->tmp, "empty.pem", path);
    expect_failure("no certificates", &request, LWC_E_INVALID, "empty.pem", "");
}

static size_t append_file(char *out, const char *path)
{
    FILE *file = fopen(path, "re");
    size_t len = 0;

    assert_non_null(file);
    len = fread(out, 1, 16384, file);
    assert_int_equal(fclose(file), 0);
    return len;
}

/* The authority counts if the file contains it, with any other content. */
static void authorities_are_found_in_a_bundle(void **state)
{
    static const struct {
        const char *name;
        const char *before;
        bool has_ca;
        enum lwc_code code;
        const char *text;
    } cases[] = {
        {"alone", "", true, LWC_OK, ""},
        {"text before", "My CA\n=====\n\n", true, LWC_OK, ""},
        {"broken block of a certificate",
         "-----BEGIN CERTIFICATE-----\nMAoGA1UECgwDYWNt\n-----END CERTIFICATE-----\n", true, LWC_OK,
         ""},
        {"broken base64", "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n", true,
         LWC_E_INVALID, "no CA certificates can be read from it"},
        {"not there", "text\n", false, LWC_E_NETWORK, "unknown CA"},
    };
    const struct fixture *f = *state;
    char other[TMPDIR_PATH_LEN];
    char path[TMPDIR_PATH_LEN];

    standin_mode(&f->api, "");
    tmpdir_join(&f->tmp, "ca/other-ca.pem", other);
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_http_request request = post(f, ENOUGH_MS);
        LWC_AUTO_HTTP_REPLY reply = {.body = NULL};
        struct lwc_error err = {0};
        char pem[65536];
        size_t len = (size_t)snprintf(pem, sizeof pem, "%s", cases[i].before);

        len += append_file(pem + len, other);
        len += cases[i].has_ca ? append_file(pem + len, f->ca_file) : 0;
        tmpdir_write(&f->tmp, "bundle.pem", pem, len, 0600);
        request.ca_file = tmpdir_join(&f->tmp, "bundle.pem", path);
        if (perform(&request, &reply, &err) != cases[i].code ||
            strstr(err.msg, cases[i].text) == NULL) {
            fail_msg("%s: code %d, %s", cases[i].name, err.code, err.msg);
        }
    }
}

static void proxy_sees_no_header_of_ours(void **state)
{
    const struct fixture *f = *state;
    struct lwc_http_request request = post(f, ENOUGH_MS);
    LWC_AUTO_HTTP_REPLY reply = {.body = NULL};
    struct lwc_error err = {0};
    char proxy[64];
    size_t before = 0;

    standin_mode(&f->api, "");
    (void)snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", f->api.proxy_port);
    assert_int_equal(setenv("https_proxy", proxy, 1), 0);
    /* The proxy leads every name to the stand-in, whose certificate has this one. */
    request.url = "https://acme.lacework.net" PATH;
    if (perform(&request, &reply, &err) != LWC_OK || reply.status != 201) {
        fail_msg("%d, %s", reply.status, err.msg);
    }
    lwc_http_reply_clear(&reply);
    assert_int_equal(standin_count(&f->api, "method=CONNECT path=acme.lacework.net:443"), 1);
    assert_int_equal(standin_count(&f->api, "status=proxy secret=present"), 0);
    before = standin_count(&f->api, "method=CONNECT");
    assert_int_equal(setenv("no_proxy", "localhost", 1), 0);
    request.url = f->url;
    assert_int_equal(perform(&request, &reply, &err), LWC_OK);
    assert_int_equal(standin_count(&f->api, "method=CONNECT"), before);
    assert_int_equal(unsetenv("no_proxy"), 0);
    assert_int_equal(setenv("https_proxy", "http://127.0.0.1:1", 1), 0);
    lwc_http_reply_clear(&reply);
    request.is_proxied = true;
    expect_failure("dead proxy", &request, LWC_E_NETWORK, "cannot connect", "HTTPS_PROXY");
    assert_int_equal(unsetenv("https_proxy"), 0);
}

/* The stand-in is no proxy itself: what it says to CONNECT is 501. */
static void wrong_proxies_are_told_of_without_their_password(void **state)
{
    static const struct {
        const char *name;
        const char *cert;
        const char *option;
        const char *scheme;
        const char *text;
        const char *hint;
    } cases[] = {
        {"refusing", "server", "--plain", "http", "the proxy does not connect", "HTTPS_PROXY"},
        {"refusing-tls", "server", NULL, "https", "the proxy does not connect", "HTTPS_PROXY"},
        {"proxy-other-ca", "other", NULL, "https",
         "the proxy's certificate is signed by an unknown CA", "CA"},
        {"proxy-other-name", "wrong-name", NULL, "https", "is for another name", "HTTPS_PROXY"},
    };
    const struct fixture *f = *state;
    struct lwc_http_request request = post(f, ENOUGH_MS);

    request.is_proxied = true;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        LWC_AUTO_HTTP_REPLY reply = {.body = NULL};
        struct lwc_error err = {0};
        struct standin proxy;
        char url[128];

        standin_start(&f->tmp, cases[i].name, cases[i].cert, cases[i].option, &proxy);
        (void)snprintf(url, sizeof url, "%s://me:pr0xy@localhost:%u", cases[i].scheme, proxy.port);
        assert_int_equal(setenv("https_proxy", url, 1), 0);
        if (perform(&request, &reply, &err) != LWC_E_NETWORK ||
            strstr(err.msg, cases[i].text) == NULL || strstr(err.hint, cases[i].hint) == NULL ||
            strstr(err.msg, "pr0xy") != NULL || strstr(err.hint, "pr0xy") != NULL) {
            fail_msg("%s: code %d, %s, %s", cases[i].name, err.code, err.msg, err.hint);
        }
        standin_stop(&proxy);
    }
    assert_int_equal(unsetenv("https_proxy"), 0);
}

static void cookies_and_netrc_are_not_used(void **state)
{
    const struct fixture *f = *state;
    const struct lwc_http_request request = post(f, ENOUGH_MS);
    static const char netrc[] = "machine localhost login me password pass\n";
    const char *home = getenv("HOME");
    LWC_AUTO_FREE char *saved = strdup(home != NULL ? home : "/");

    tmpdir_write(&f->tmp, ".netrc", netrc, sizeof netrc - 1, 0600);
    assert_int_equal(setenv("HOME", f->tmp.path, 1), 0);
    standin_mode(&f->api, "cookie");
    for (size_t i = 0; i < 2; i++) {
        LWC_AUTO_HTTP_REPLY reply = {.body = NULL};
        struct lwc_error err = {0};

        assert_int_equal(perform(&request, &reply, &err), LWC_OK);
    }
    assert_int_equal(standin_count(&f->api, "cookie=present"), 0);
    assert_int_equal(standin_count(&f->api, "authorization=present"), 0);
    assert_int_equal(setenv("HOME", saved, 1), 0);
}

static void get_without_body_is_possible(void **state)
{
    const struct fixture *f = *state;
    struct lwc_http_request request = post(f, ENOUGH_MS);
    LWC_AUTO_HTTP_REPLY reply = {.body = NULL};
    struct lwc_error err = {0};
    char url[512];

    (void)snprintf(url, sizeof url, "https://localhost:%u/api/v2/UserProfile", f->api.port);
    standin_mode(&f->api, "");
    request.method = "GET";
    request.url = url;
    request.body = NULL;
    request.len = 0;
    assert_int_equal(perform(&request, &reply, &err), LWC_OK);
    assert_int_equal(reply.status, 401);
    assert_int_equal(standin_count(&f->api, "method=GET path=/api/v2/UserProfile status=401"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_request_brings_the_reply),
        cmocka_unit_test(nothing_of_a_request_stays_in_memory),
        cmocka_unit_test(whole_replies_are_taken_in_every_form),
        cmocka_unit_test(broken_replies_are_told_apart),
        cmocka_unit_test(body_of_exactly_the_limit_is_taken),
        cmocka_unit_test(redirect_is_not_followed),
        cmocka_unit_test(foreign_servers_get_no_request),
        cmocka_unit_test(authorities_are_those_that_were_given),
        cmocka_unit_test(authorities_are_found_in_a_bundle),
        cmocka_unit_test(proxy_sees_no_header_of_ours),
        cmocka_unit_test(wrong_proxies_are_told_of_without_their_password),
        cmocka_unit_test(cookies_and_netrc_are_not_used),
        cmocka_unit_test(get_without_body_is_possible),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
