/* SPDX-License-Identifier: Apache-2.0 */
#include "library/call_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"

static struct lwc_call get(void)
{
    return (struct lwc_call){.method = "GET", .path = "/api/v2/UserProfile"};
}

/* Checks @call, and that a refusal does not repeat @secret. */
static bool is_accepted(const struct lwc_call *call, const char *secret)
{
    struct lwc_error err = {0};
    enum lwc_code code = lwc_call_check(call, &err);

    assert_true(code == LWC_OK || code == LWC_E_INVALID);
    assert_true(secret == NULL || strstr(err.msg, secret) == NULL);
    return code == LWC_OK;
}

static void methods_are_those_of_the_api(void **state)
{
    static const struct {
        const char *method;
        bool is_good;
    } cases[] = {
        {"GET", true},      {"HEAD", true},    {"POST", true}, {"PUT", true},      {"PATCH", true},
        {"DELETE", true},   {"OPTIONS", true}, {"get", false}, {"", false},        {"TRACE", false},
        {"CONNECT", false}, {"GET /x", false}, {NULL, false},  {"GET\r\n", false},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_call call = get();

        call.method = cases[i].method;
        if (is_accepted(&call, NULL) != cases[i].is_good) {
            fail_msg("%s", cases[i].method != NULL ? cases[i].method : "NULL");
        }
    }
}

static void paths_stay_below_the_origin(void **state)
{
    static const struct {
        const char *path;
        bool is_good;
    } cases[] = {
        {"/", true},
        {"/api/v2/UserProfile", true},
        {"/api/v2/x?a=b&c=/../d", true},
        {"/api/v2/x?", true},
        {"/a//b", true},
        {"/...", true},
        {"/..a/.b/c..", true},
        {"/%2e%2ea", true},
        {"/x@y:z", true},
        {"/%41", true},
        {NULL, false},
        {"", false},
        {"api", false},
        {"https://evil.example/", false},
        {"//evil.example/", false},
        {"@evil.example/", false},
        {".evil.example/", false},
        {":443/", false},
        {"/..", false},
        {"/.", false},
        {"/a/../b", false},
        {"/a/./b", false},
        {"/a/..?b", false},
        {"/a/%2e", false},
        {"/a/%2E%2e/b", false},
        {"/a/.%2e", false},
        {"/a b", false},
        {"/a\tb", false},
        {"/a\r\nHost: b", false},
        {"/a\x7f", false},
        {"/caf\xc3\xa9", false},
        {"/a#b", false},
        {"/a\\b", false},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_call call = get();

        call.path = cases[i].path;
        if (is_accepted(&call, NULL) != cases[i].is_good) {
            fail_msg("%s", cases[i].path != NULL ? cases[i].path : "NULL");
        }
    }
}

static void longest_path_is_accepted(void **state)
{
    static char path[LWC_CALL_PATH_MAX + 2] = "/";
    struct lwc_call call = get();

    (void)state;
    memset(path + 1, 'a', LWC_CALL_PATH_MAX - 1);
    call.path = path;
    assert_true(is_accepted(&call, NULL));
    path[LWC_CALL_PATH_MAX] = 'a';
    assert_false(is_accepted(&call, NULL));
}

static void headers_choose_nothing_that_the_library_chooses(void **state)
{
    static char long_value[8300];
    static const struct {
        const char *name;
        const char *value;
        bool is_good;
    } cases[] = {
        {"Accept", "text/csv", true},
        {"Content-Type", "application/json; charset=utf-8", true},
        {"X-Test", "caf\xc3\xa9", true},
        {"authorization", "Bearer s3cret", false},
        {"Host", "s3cret", false},
        {"ACCOUNT-NAME", "s3cret", false},
        {"Org-Access", "true", false},
        {"X-LW-UAKS", "s3cret", false},
        {"Content-Length", "1", false},
        {"Transfer-Encoding", "chunked", false},
        {"Connection", "close", false},
        {"Keep-Alive", "1", false},
        {"Upgrade", "h2c", false},
        {"TE", "trailers", false},
        {"Trailer", "X", false},
        {"Expect", "100-continue", false},
        {"Accept-Encoding", "gzip", false},
        {"Cookie", "s3cret", false},
        {"Proxy-Authorization", "s3cret", false},
        {"proxy-anything", "s3cret", false},
        {"X-Test", "", false},
        {"X-Test", NULL, false},
        {"X-Test", "s3cret\r\nHost: x", false},
        {"X-Test", "s3cret\n", false},
        {"X-Test", long_value, false},
        {"", "s3cret", false},
        {NULL, "s3cret", false},
        {"X Test", "s3cret", false},
        {"X-Test:", "s3cret", false},
        {"X-Test\r\nHost", "s3cret", false},
        {"X-T\xc3\xa9st", "s3cret", false},
    };

    (void)state;
    memset(long_value, 'a', sizeof long_value - 1);
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        const struct lwc_call_header header = {cases[i].name, cases[i].value};
        struct lwc_call call = get();

        call.headers = &header;
        call.header_count = 1;
        if (is_accepted(&call, "s3cret") != cases[i].is_good) {
            fail_msg("%zu: %s", i, cases[i].name != NULL ? cases[i].name : "NULL");
        }
    }
}

static void headers_are_counted_and_stand_once(void **state)
{
    static const struct lwc_call_header twice[] = {{"X-A", "1"}, {"x-a", "2"}};
    static struct lwc_call_header many[LWC_CALL_HEADERS_MAX + 1];
    struct lwc_call call = get();

    (void)state;
    call.headers = twice;
    call.header_count = 2;
    assert_false(is_accepted(&call, NULL));
    call.headers = many;
    call.header_count = LWC_CALL_HEADERS_MAX + 1;
    assert_false(is_accepted(&call, NULL));
    call.headers = NULL;
    call.header_count = 1;
    assert_false(is_accepted(&call, NULL));
}

static enum lwc_code read_none(void *data, void *bytes, size_t room, size_t *len_out,
                               struct lwc_error *err)
{
    (void)data;
    (void)bytes;
    (void)room;
    (void)err;
    *len_out = 0;
    return LWC_OK;
}

static enum lwc_code rewind_none(void *data, struct lwc_error *err)
{
    (void)data;
    (void)err;
    return LWC_OK;
}

static void bodies_have_one_source(void **state)
{
    struct lwc_call call = get();

    (void)state;
    call.method = "POST";
    call.body = "x";
    call.body_len = 1;
    assert_true(is_accepted(&call, NULL));
    call.body_len = -1;
    assert_false(is_accepted(&call, NULL));
    call.body_len = 1;
    call.read = read_none;
    assert_false(is_accepted(&call, NULL));
    call.body = NULL;
    call.body_len = -1;
    assert_true(is_accepted(&call, NULL));
    call.rewind = rewind_none;
    assert_true(is_accepted(&call, NULL));
    call.body_len = -2;
    assert_false(is_accepted(&call, NULL));
    call.body_len = 0;
    call.method = "HEAD";
    assert_false(is_accepted(&call, NULL));
    call.read = NULL;
    assert_false(is_accepted(&call, NULL));
    call.rewind = NULL;
    assert_true(is_accepted(&call, NULL));
    call.body_len = 1;
    assert_false(is_accepted(&call, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(methods_are_those_of_the_api),
        cmocka_unit_test(paths_stay_below_the_origin),
        cmocka_unit_test(longest_path_is_accepted),
        cmocka_unit_test(headers_choose_nothing_that_the_library_chooses),
        cmocka_unit_test(headers_are_counted_and_stand_once),
        cmocka_unit_test(bodies_have_one_source),
    };

    return cmocka_run_group_tests_name("call_check", tests, NULL, NULL);
}
