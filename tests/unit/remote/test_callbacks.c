/* SPDX-License-Identifier: Apache-2.0 */
#include "remote/callbacks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/identity.h"
#include "host/request.h"

/* Last calls to the caller's host. */
static struct {
    char text[2048];
    unsigned puts;
    unsigned visits;
    bool was_named;
    enum lwc_code code;
} told;

static void host_log(void *data, enum lwc_log_level level, const char *text)
{
    (void)data;
    (void)snprintf(told.text, sizeof told.text, "%d %s", (int)level, text);
}

static enum lwc_code host_prompt(void *data, const char *text, uint32_t flags,
                                 const struct lwc_sink *answer, struct lwc_error *err)
{
    (void)data;
    (void)usleep(100000);
    (void)snprintf(told.text, sizeof told.text, "%u %s", flags, text);
    return answer->put(answer->data, NULL, "typed", 5, err);
}

static const char *host_setting(void *data, const char *name)
{
    (void)data;
    return lwc_streq(name, "LWCRED_UNSET") ? NULL : "value";
}

static int64_t host_remaining_ms(void *data)
{
    (void)data;
    return 60000;
}

static void host_text(void *data, const char *text)
{
    (void)data;
    (void)snprintf(told.text, sizeof told.text, "%s", text);
}

static enum lwc_code put(void *data, const struct lwc_identity *identity, const void *bytes,
                         size_t len, struct lwc_error *err)
{
    (void)data;
    told.puts++;
    told.was_named = identity != NULL;
    (void)snprintf(told.text, sizeof told.text, "%.*s", (int)len, (const char *)bytes);
    return told.code == LWC_OK ? LWC_OK : lwc_fail(err, told.code, "refused");
}

static enum lwc_code visit(void *data, const struct lwc_identity *identity, struct lwc_error *err)
{
    (void)data;
    told.visits++;
    (void)snprintf(told.text, sizeof told.text, "%s", identity->profile);
    return told.code == LWC_OK ? LWC_OK : lwc_fail(err, told.code, "enough");
}

static enum lwc_code report(void *data, const struct lwc_field *fields, size_t count,
                            struct lwc_error *err)
{
    (void)data;
    told.visits++;
    (void)snprintf(told.text, sizeof told.text, "%zu %s=%s", count, fields[0].name,
                   fields[0].value);
    return told.code == LWC_OK ? LWC_OK : lwc_fail(err, told.code, "enough");
}

static const struct lwc_host host = {.abi = LWC_BACKEND_ABI,
                                     .size = sizeof host,
                                     .log = host_log,
                                     .prompt = host_prompt,
                                     .setting = host_setting,
                                     .remaining_ms = host_remaining_ms,
                                     .depends = host_text,
                                     .asking = host_text};
static const struct lwc_sink sink = {.put = put};
static const struct lwc_visitor visitor = {.visit = visit};
static const struct lwc_reporter reporter = {.report = report};

static struct lwc_buf *in_bytes;
static struct lwc_buf *out_bytes;

static int setup(void **state)
{
    (void)state;
    return lwc_buf_new(16, &in_bytes, NULL) != LWC_OK ||
           lwc_buf_new(16, &out_bytes, NULL) != LWC_OK;
}

static int teardown(void **state)
{
    (void)state;
    lwc_buf_free(&in_bytes);
    lwc_buf_free(&out_bytes);
    return 0;
}

static struct lwc_remote_call call_of(uint32_t request)
{
    static const char *const argv[] = {"setting=TEAM,SQUAD", "PLAIN"};

    memset(&told, 0, sizeof told);
    return (struct lwc_remote_call){.host = &host,
                                    .name = "asker",
                                    .caps = LWC_CAPS_KNOWN,
                                    .argc = LWC_ARRAY_LEN(argv),
                                    .argv = argv,
                                    .request = request,
                                    .number = 4,
                                    .sink = &sink,
                                    .visitor = &visitor,
                                    .reporter = &reporter,
                                    .end_ms = lwc_clock_boot_ms(lwc_clock_system()) + 10000};
}

static struct lwc_wire_out begin(uint32_t type)
{
    return lwc_wire_begin(in_bytes, type, 4);
}

/* Serve the frame; its answer, if there is one, is read into @answer_out. */
static enum lwc_code serve(struct lwc_remote_call *call, const struct lwc_wire_out *frame,
                           struct lwc_host_answer *answer_out, struct lwc_error *answer_err,
                           struct lwc_error *err)
{
    struct lwc_wire_in in = {
        .type = frame->type, .at = lwc_buf_bytes(frame->bytes), .left = lwc_buf_len(frame->bytes)};
    struct lwc_wire_out out = {0};
    bool asks = false;
    enum lwc_code code = lwc_callbacks_serve(call, &in, out_bytes, &out, &asks, err);

    assert_true(code == LWC_OK || !asks);
    assert_int_equal(asks, answer_out != NULL);
    if (asks) {
        in = (struct lwc_wire_in){.type = out.type,
                                  .request = out.request,
                                  .at = lwc_buf_bytes(out.bytes),
                                  .left = lwc_buf_len(out.bytes)};
        assert_true(lwc_host_answer_parse(&in, answer_out, answer_err));
        assert_int_equal(answer_out->number, 4);
    }
    return code;
}

static void text_for_people_is_made_printable(void **state)
{
    struct lwc_remote_call call = call_of(LWC_WIRE_LIST);
    struct lwc_wire_out frame = begin(LWC_WIRE_LOG);

    (void)state;
    lwc_wire_put_u32(&frame, LWC_LOG_INFO);
    lwc_wire_put_text(&frame, "a\x1b]0;b\nc");
    assert_int_equal(serve(&call, &frame, NULL, NULL, NULL), LWC_OK);
    assert_string_equal(told.text, "2 a\\x1b]0;b\\x0ac");
}

static void a_setting_is_answered_with_its_value_or_none(void **state)
{
    static const struct {
        const char *name;
        const char *value;
    } cases[] = {{"LWCRED_SET", "value"}, {"LWCRED_UNSET", NULL}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct lwc_remote_call call = call_of(LWC_WIRE_OPEN);
        struct lwc_wire_out frame = begin(LWC_WIRE_SETTING);
        struct lwc_host_answer answer;

        lwc_wire_put_text(&frame, cases[i].name);
        assert_int_equal(serve(&call, &frame, &answer, NULL, NULL), LWC_OK);
        assert_int_equal(answer.code, LWC_OK);
        assert_int_equal(answer.value != NULL, cases[i].value != NULL);
        if (answer.value != NULL) {
            assert_memory_equal(answer.value, cases[i].value, answer.len);
        }
    }
}

static void a_backend_reads_only_variables_that_it_may_need(void **state)
{
    static const struct {
        const char *name;
        bool is_read;
    } cases[] = {
        {"HOME", true},
        {"XDG_RUNTIME_DIR", true},
        {"LW_PROFILE", true},
        {"LC_MESSAGES", true},
        {"LW_API_SECRET", false},
        {"LW_API_SECRET_FILE", false},
        {"LW_API_TOKEN", false},
        {"AWS_SECRET_ACCESS_KEY", false},
        {"PATHS", false},
        {"TEAM", true},
        {"SQUAD", true},
        {"PLAIN", true},
        {"setting", true},
        {"TEA", false},
        {"TEAMS", false},
        {"TEAM,SQUAD", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_remote_call call = call_of(LWC_WIRE_OPEN);
        struct lwc_wire_out frame = begin(LWC_WIRE_SETTING);
        struct lwc_host_answer answer;

        print_message("%s\n", cases[i].name);
        lwc_wire_put_text(&frame, cases[i].name);
        assert_int_equal(serve(&call, &frame, &answer, NULL, NULL), LWC_OK);
        assert_int_equal(answer.value != NULL, cases[i].is_read);
        assert_int_equal(strstr(told.text, "asker' may not read") != NULL, !cases[i].is_read);
    }
}

static void a_backend_without_the_capability_asks_nobody(void **state)
{
    struct lwc_remote_call call = call_of(LWC_WIRE_FIND);
    struct lwc_wire_out frame = begin(LWC_WIRE_PROMPT);
    struct lwc_error err = {0};
    struct lwc_host_answer answer;

    (void)state;
    call.caps &= ~(uint32_t)LWC_CAP_PROMPTS;
    lwc_wire_put_u32(&frame, 0);
    lwc_wire_put_text(&frame, "Passphrase of the lwcred store");
    assert_int_equal(serve(&call, &frame, &answer, &err, NULL), LWC_OK);
    assert_int_equal(answer.code, LWC_E_DENIED);
    assert_string_equal(err.msg, "backend 'asker' asks without the capability to");
    assert_null(answer.value);
    assert_string_equal(told.text, "");
}

static void the_time_of_a_prompt_is_not_the_backends(void **state)
{
    struct lwc_remote_call call = call_of(LWC_WIRE_FIND);
    struct lwc_wire_out frame = begin(LWC_WIRE_PROMPT);
    int64_t end_ms = call.end_ms;
    struct lwc_host_answer answer;

    (void)state;
    lwc_wire_put_u32(&frame, LWC_PROMPT_ECHO);
    lwc_wire_put_text(&frame, "Passphrase");
    assert_int_equal(serve(&call, &frame, &answer, NULL, NULL), LWC_OK);
    assert_string_equal(told.text, "1 backend 'asker': Passphrase");
    assert_int_equal(answer.len, 5);
    assert_memory_equal(answer.value, "typed", 5);
    assert_true(call.end_ms >= end_ms + 90);
}

static void asking_lifts_the_bound_but_while_closing(void **state)
{
    static const uint32_t requests[] = {LWC_WIRE_FIND, LWC_WIRE_CLOSE};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct lwc_remote_call call = call_of(requests[i]);
        struct lwc_wire_out frame = begin(LWC_WIRE_ASKING);

        assert_true(lwc_call_times(&call).call_ms <= 10000);
        lwc_wire_put_text(&frame, "unlock");
        assert_int_equal(serve(&call, &frame, NULL, NULL, NULL), LWC_OK);
        assert_string_equal(told.text, "unlock");
        assert_int_equal(lwc_call_times(&call).call_ms > 10000, requests[i] == LWC_WIRE_FIND);
    }
}

static void what_the_sink_says_is_passed_on(void **state)
{
    static const enum lwc_code codes[] = {LWC_OK, LWC_E_IO};
    struct lwc_identity identity = LWC_IDENTITY_ANY;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct lwc_remote_call call = call_of(LWC_WIRE_FIND);
        struct lwc_wire_out frame = begin(LWC_WIRE_PUT);
        struct lwc_error err = {0};
        struct lwc_host_answer answer;

        told.code = codes[i % 2];
        lwc_wire_put_u32(&frame, i / 2);
        lwc_wire_put_identity(&frame, &identity);
        lwc_wire_put_bytes(&frame, "secret", 6);
        assert_int_equal(serve(&call, &frame, &answer, &err, NULL), LWC_OK);
        assert_string_equal(told.text, "secret");
        assert_int_equal(told.was_named, i / 2);
        assert_int_equal(answer.code, told.code);
        assert_string_equal(err.msg, told.code == LWC_OK ? "" : "refused");
    }
}

static void a_visitor_is_called_and_may_refuse(void **state)
{
    struct lwc_identity identity = LWC_IDENTITY_ANY;
    struct lwc_remote_call call = call_of(LWC_WIRE_LIST);
    struct lwc_wire_out frame = begin(LWC_WIRE_VISIT);
    struct lwc_host_answer answer;

    (void)state;
    identity.profile = "p";
    told.code = LWC_E_BUSY;
    lwc_wire_put_identity(&frame, &identity);
    assert_int_equal(serve(&call, &frame, &answer, NULL, NULL), LWC_OK);
    assert_string_equal(told.text, "p");
    assert_int_equal(answer.code, LWC_E_BUSY);
}

static void a_reporter_is_called_and_may_refuse(void **state)
{
    struct lwc_remote_call call = call_of(LWC_WIRE_CONTROL);
    struct lwc_wire_out frame = begin(LWC_WIRE_REPORT);
    struct lwc_host_answer answer;

    (void)state;
    told.code = LWC_E_BUSY;
    lwc_wire_put_u32(&frame, 2);
    lwc_wire_put_text(&frame, "slot");
    lwc_wire_put_text(&frame, "1");
    lwc_wire_put_text(&frame, "type");
    lwc_wire_put_text(&frame, "keyfile");
    assert_int_equal(serve(&call, &frame, &answer, NULL, NULL), LWC_OK);
    assert_string_equal(told.text, "2 slot=1");
    assert_int_equal(answer.code, LWC_E_BUSY);
}

static void records_outside_the_limits_are_malformed(void **state)
{
    static const struct {
        uint32_t said;
        uint32_t there;
        const char *name;
        const char *value;
    } cases[] = {
        {1, 1, "Slot", "1"}, {1, 1, "slot", "\n"},        {2, 2, "slot", "1"}, {0, 0, "", ""},
        {2, 1, "slot", "1"}, {UINT32_MAX, 1, "slot", ""}, {17, 17, "s", ""},   {1, 2, "s", ""},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_remote_call call = call_of(LWC_WIRE_CONTROL);
        struct lwc_wire_out frame = begin(LWC_WIRE_REPORT);
        struct lwc_error err = {0};

        print_message("case %zu\n", i);
        lwc_wire_put_u32(&frame, cases[i].said);
        for (uint32_t j = 0; j < cases[i].there; j++) {
            lwc_wire_put_text(&frame, cases[i].name);
            lwc_wire_put_text(&frame, cases[i].value);
        }
        assert_int_equal(serve(&call, &frame, NULL, NULL, &err), LWC_E_INVALID);
        assert_string_equal(err.msg, "a record that is malformed");
        assert_int_equal(told.visits, 0);
    }
}

static void what_is_not_due_is_refused_and_reaches_nobody(void **state)
{
    static const struct {
        uint32_t request;
        uint32_t type;
        const char *msg;
    } cases[] = {
        {LWC_WIRE_LIST, LWC_WIRE_PUT, "a secret where none is due"},
        {LWC_WIRE_OPEN, LWC_WIRE_PUT, "a secret where none is due"},
        {LWC_WIRE_FIND, LWC_WIRE_VISIT, "a credential where none is due"},
        {LWC_WIRE_LIST, LWC_WIRE_REPORT, "a record where none is due"},
        {LWC_WIRE_CONTROL, LWC_WIRE_PUT, "a secret where none is due"},
        {LWC_WIRE_FIND, LWC_WIRE_HELLO, "a frame of the unknown type 1"},
        {LWC_WIRE_FIND, LWC_WIRE_READY, "a frame of the unknown type 16"},
        {LWC_WIRE_FIND, 99, "a frame of the unknown type 99"},
        {LWC_WIRE_FIND, LWC_WIRE_PUT, "a secret that is malformed"},
        {LWC_WIRE_FIND, LWC_WIRE_LOG, "a log line that is malformed"},
        {LWC_WIRE_FIND, LWC_WIRE_DEPENDS, "a dependence that is malformed"},
        {LWC_WIRE_FIND, LWC_WIRE_PROMPT, "a prompt that is malformed"},
        {LWC_WIRE_FIND, LWC_WIRE_SETTING, "a request for a setting that is malformed"},
        {LWC_WIRE_FIND, LWC_WIRE_ASKING, "an announcement that is malformed"},
        {LWC_WIRE_LIST, LWC_WIRE_VISIT, "a credential that is malformed"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lwc_remote_call call = call_of(cases[i].request);
        struct lwc_wire_out frame = begin(cases[i].type);
        struct lwc_error err = {0};

        print_message("%s\n", cases[i].msg);
        assert_int_equal(serve(&call, &frame, NULL, NULL, &err), LWC_E_INVALID);
        assert_string_equal(err.msg, cases[i].msg);
        assert_string_equal(told.text, "");
        assert_int_equal(told.puts + told.visits, 0);
        assert_false(call.is_asking);
    }
}

static void each_kind_comes_only_so_often(void **state)
{
    struct lwc_remote_call call = call_of(LWC_WIRE_FIND);
    struct lwc_wire_out frame = begin(LWC_WIRE_ASKING);
    struct lwc_error err = {0};
    enum lwc_code code = LWC_OK;
    unsigned times = 0;

    (void)state;
    lwc_wire_put_text(&frame, "x");
    while (code == LWC_OK && times < 1000) {
        code = serve(&call, &frame, NULL, NULL, &err);
        times += code == LWC_OK;
    }
    assert_int_equal(code, LWC_E_INVALID);
    assert_int_equal(times, 100);
    assert_string_equal(err.msg, "more than 100 times an announcement");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_for_people_is_made_printable),
        cmocka_unit_test(a_setting_is_answered_with_its_value_or_none),
        cmocka_unit_test(a_backend_reads_only_variables_that_it_may_need),
        cmocka_unit_test(a_backend_without_the_capability_asks_nobody),
        cmocka_unit_test(the_time_of_a_prompt_is_not_the_backends),
        cmocka_unit_test(asking_lifts_the_bound_but_while_closing),
        cmocka_unit_test(what_the_sink_says_is_passed_on),
        cmocka_unit_test(a_visitor_is_called_and_may_refuse),
        cmocka_unit_test(a_reporter_is_called_and_may_refuse),
        cmocka_unit_test(records_outside_the_limits_are_malformed),
        cmocka_unit_test(what_is_not_due_is_refused_and_reaches_nobody),
        cmocka_unit_test(each_kind_comes_only_so_often),
    };

    return cmocka_run_group_tests_name("callback", tests, setup, teardown);
}
