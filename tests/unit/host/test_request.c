/* SPDX-License-Identifier: Apache-2.0 */
#include "host/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/identity.h"

static struct lwc_buf *bytes;

static int setup(void **state)
{
    (void)state;
    return lwc_buf_new(16, &bytes, NULL);
}

static int teardown(void **state)
{
    (void)state;
    lwc_buf_free(&bytes);
    return 0;
}

static struct lwc_wire_in read_back(const struct lwc_wire_out *out)
{
    return (struct lwc_wire_in){.type = out->type,
                                .request = out->request,
                                .at = lwc_buf_bytes(out->bytes),
                                .left = lwc_buf_len(out->bytes)};
}

static struct lwc_wire_out begin(uint32_t type)
{
    struct lwc_wire_out out = lwc_wire_begin(bytes, type, 9);

    lwc_wire_put_times(&out, (struct lwc_wire_times){.call_ms = 5, .caller_ms = 6});
    return out;
}

static void a_store_is_read_whole(void **state)
{
    struct lwc_identity identity = LWC_IDENTITY_ANY;
    struct lwc_wire_out out = begin(LWC_WIRE_STORE);
    struct lwc_host_request request;
    struct lwc_wire_in in;

    (void)state;
    identity.profile = "p";
    lwc_wire_put_identity(&out, &identity);
    lwc_wire_put_u32(&out, LWC_STORE_REPLACE);
    lwc_wire_put_bytes(&out, "a\0b", 3);
    in = read_back(&out);
    assert_true(lwc_host_request_parse(&in, &request));
    assert_int_equal(request.type, LWC_WIRE_STORE);
    assert_int_equal(request.number, 9);
    assert_true(request.times.call_ms == 5 && request.times.caller_ms == 6);
    assert_string_equal(request.identity.profile, "p");
    assert_int_equal(request.value, LWC_STORE_REPLACE);
    assert_int_equal(request.secret_len, 3);
    assert_memory_equal(request.secret, "a\0b", 3);
}

static void arguments_are_counted(void **state)
{
    static const struct {
        uint32_t said;
        uint32_t there;
        bool good;
    } cases[] = {
        {0, 0, true},
        {2, 2, true},
        {LWC_REQUEST_ARGS_MAX, LWC_REQUEST_ARGS_MAX, true},
        {LWC_REQUEST_ARGS_MAX + 1, LWC_REQUEST_ARGS_MAX, false},
        {LWC_REQUEST_ARGS_MAX + 1, LWC_REQUEST_ARGS_MAX + 1, false},
        {1, 2, false},
        {2, 1, false},
        {UINT32_MAX, 1, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lwc_wire_out out = begin(LWC_WIRE_OPEN);
        struct lwc_host_request request;
        struct lwc_wire_in in;

        print_message("case %zu\n", i);
        lwc_wire_put_u32(&out, cases[i].said);
        for (uint32_t j = 0; j < cases[i].there; j++) {
            lwc_wire_put_text(&out, "a=b");
        }
        in = read_back(&out);
        assert_int_equal(lwc_host_request_parse(&in, &request), cases[i].good);
        if (cases[i].good) {
            assert_int_equal(request.argc, cases[i].there);
            assert_null(request.argv[request.argc]);
        }
    }
}

static void a_command_is_read_within_its_limits(void **state)
{
    static const struct {
        const char *verb;
        uint32_t said;
        uint32_t there;
        const char *arg;
        bool good;
    } cases[] = {
        {"check", 0, 0, "", true},
        {"check", 2, 2, "a b", true},
        {"check", LWC_VERB_ARGS_MAX, LWC_VERB_ARGS_MAX, "", true},
        {"check", LWC_VERB_ARGS_MAX + 1, LWC_VERB_ARGS_MAX + 1, "", false},
        {"check", UINT32_MAX, 1, "", false},
        {"check", 2, 1, "", false},
        {"check", 1, 2, "", false},
        {"check", 1, 1, "a\n", false},
        {"Check", 0, 0, "", false},
        {"", 0, 0, "", false},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_wire_out out = begin(LWC_WIRE_CONTROL);
        struct lwc_host_request request;
        struct lwc_wire_in in;

        print_message("case %zu\n", i);
        lwc_wire_put_text(&out, cases[i].verb);
        lwc_wire_put_u32(&out, cases[i].said);
        for (uint32_t j = 0; j < cases[i].there; j++) {
            lwc_wire_put_text(&out, cases[i].arg);
        }
        in = read_back(&out);
        assert_int_equal(lwc_host_request_parse(&in, &request), cases[i].good);
        if (cases[i].good) {
            assert_string_equal(request.name, cases[i].verb);
            assert_int_equal(request.argc, cases[i].there);
        }
    }
}

static void what_the_host_sends_is_no_request(void **state)
{
    static const uint32_t types[] = {
        0, LWC_WIRE_ANSWER, LWC_WIRE_READY, LWC_WIRE_DONE, LWC_WIRE_PUT, 99, UINT32_MAX};

    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct lwc_wire_out out = begin(types[i]);
        struct lwc_wire_in in = read_back(&out);
        struct lwc_host_request request;

        assert_false(lwc_host_request_parse(&in, &request));
    }
}

static void times_that_no_clock_can_add_are_refused(void **state)
{
    static const int64_t values[] = {-1, INT64_MIN, INT64_MAX};

    (void)state;
    for (size_t i = 0; i < 2 * sizeof values / sizeof values[0]; i++) {
        struct lwc_wire_out out = lwc_wire_begin(bytes, LWC_WIRE_LIST, 1);
        struct lwc_wire_times times = {.call_ms = 1, .caller_ms = 1};
        struct lwc_host_request request;
        struct lwc_wire_in in;

        *(i % 2 == 0 ? &times.call_ms : &times.caller_ms) = values[i / 2];
        lwc_wire_put_times(&out, times);
        in = read_back(&out);
        assert_false(lwc_host_request_parse(&in, &request));
    }
}

static void an_answer_has_a_value_or_none(void **state)
{
    static const struct {
        uint32_t is_there;
        const char *value;
        size_t len;
    } cases[] = {{1, "typed", 5}, {1, "", 0}, {0, "", 0}, {0, "ignored", 7}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lwc_wire_out out = begin(LWC_WIRE_ANSWER);
        struct lwc_host_answer answer;
        struct lwc_wire_in in;

        lwc_wire_put_error(&out, LWC_OK, NULL);
        lwc_wire_put_u32(&out, cases[i].is_there);
        lwc_wire_put_bytes(&out, cases[i].value, cases[i].len);
        in = read_back(&out);
        assert_true(lwc_host_answer_parse(&in, &answer, NULL));
        assert_int_equal(answer.number, 9);
        assert_int_equal(answer.value != NULL, cases[i].is_there);
        assert_int_equal(answer.len, cases[i].is_there != 0 ? cases[i].len : 0);
    }
}

static void a_request_is_no_answer(void **state)
{
    struct lwc_wire_out out = begin(LWC_WIRE_LIST);
    struct lwc_wire_in in;
    struct lwc_host_answer answer;

    (void)state;
    lwc_wire_put_error(&out, LWC_OK, NULL);
    lwc_wire_put_u32(&out, 0);
    lwc_wire_put_bytes(&out, "", 0);
    in = read_back(&out);
    assert_false(lwc_host_answer_parse(&in, &answer, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_is_read_whole),
        cmocka_unit_test(arguments_are_counted),
        cmocka_unit_test(a_command_is_read_within_its_limits),
        cmocka_unit_test(what_the_host_sends_is_no_request),
        cmocka_unit_test(times_that_no_clock_can_add_are_refused),
        cmocka_unit_test(an_answer_has_a_value_or_none),
        cmocka_unit_test(a_request_is_no_answer),
    };

    return cmocka_run_group_tests_name("request", tests, setup, teardown);
}
