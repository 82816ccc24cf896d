/* SPDX-License-Identifier: Apache-2.0 */
#include "host/serve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/identity.h"
#include "module/module.h"
#include "remote/socket.h"
#include "tests/support/modules.h"

#define STATUS_CALLER 3
#define ANSWER_MS 20000

/* A caller, and what serves it: a child of the test. */
struct served {
    pid_t pid;
    int fd;
    struct lwc_buf *in;
    struct lwc_buf *out;
    uint32_t number;
};

static void served_start(struct served *served)
{
    int ends[2];

    memset(served, 0, sizeof *served);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(lwc_buf_new(16, &served->in, NULL), LWC_OK);
    assert_int_equal(lwc_buf_new(16, &served->out, NULL), LWC_OK);
    served->pid = fork();
    assert_true(served->pid >= 0);
    if (served->pid == 0) {
        (void)close(ends[0]);
        _exit(lwc_serve(ends[1]));
    }
    (void)close(ends[1]);
    served->fd = ends[0];
}

/* Its exit status; our end is closed first if @leave. */
static int served_end(struct served *served, bool leave)
{
    int status = 0;

    if (leave) {
        (void)close(served->fd);
    }
    assert_int_equal(waitpid(served->pid, &status, 0), served->pid);
    if (!leave) {
        (void)close(served->fd);
    }
    lwc_buf_free(&served->in);
    lwc_buf_free(&served->out);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static struct lwc_wire_out begin(struct served *served, uint32_t type)
{
    struct lwc_wire_out out = lwc_wire_begin(served->out, type, ++served->number);

    if (type != LWC_WIRE_HELLO) {
        lwc_wire_put_times(&out, (struct lwc_wire_times){.call_ms = 1000, .caller_ms = 1000});
    }
    return out;
}

static void send_out(const struct served *served, const struct lwc_wire_out *out)
{
    assert_int_equal(lwc_socket_send(served->fd, out, LWC_SOCKET_FOREVER, NULL), LWC_OK);
}

static struct lwc_wire_in next(struct served *served)
{
    int64_t deadline_ms = lwc_clock_boot_ms(lwc_clock_system()) + ANSWER_MS;
    struct lwc_wire_in in = {0};

    assert_int_equal(lwc_socket_receive(served->fd, served->in, deadline_ms, &in, NULL), LWC_OK);
    assert_int_equal(in.request, served->number);
    return in;
}

static void hello(struct served *served, uint32_t version, const char *name)
{
    struct lwc_wire_out out = begin(served, LWC_WIRE_HELLO);

    lwc_wire_put_u32(&out, version);
    lwc_wire_put_text(&out, name);
    lwc_wire_put_text(&out, lwc_module_external_dir());
    send_out(served, &out);
}

static void expect_ready(struct served *served)
{
    struct lwc_wire_in in = next(served);

    assert_int_equal(in.type, LWC_WIRE_READY);
    assert_int_equal(lwc_wire_take_u32(&in), LWC_WIRE_VERSION);
    assert_int_equal(strlen(lwc_wire_take_text(&in)), LWC_HASH_HEX_LEN - 1);
    assert_true(lwc_wire_is_ended(&in));
}

static void expect_done(struct served *served, enum lwc_code code, const char *msg)
{
    struct lwc_wire_in in = next(served);
    struct lwc_error err = {0};

    assert_int_equal(in.type, LWC_WIRE_DONE);
    assert_int_equal(lwc_wire_take_error(&in, &err), code);
    assert_true(lwc_wire_is_ended(&in));
    assert_non_null(strstr(err.msg, msg));
}

static void open_blocking(struct served *served)
{
    struct lwc_wire_out out;

    served_start(served);
    hello(served, LWC_WIRE_VERSION, "blocking");
    expect_ready(served);
    out = begin(served, LWC_WIRE_OPEN);
    lwc_wire_put_u32(&out, 0);
    send_out(served, &out);
    expect_done(served, LWC_OK, "");
}

static void a_session_ends_well(void **state)
{
    struct served served;
    struct lwc_wire_out out;

    (void)state;
    open_blocking(&served);
    out = begin(&served, LWC_WIRE_LIST);
    send_out(&served, &out);
    expect_done(&served, LWC_OK, "");
    out = begin(&served, LWC_WIRE_CLOSE);
    send_out(&served, &out);
    expect_done(&served, LWC_OK, "");
    assert_int_equal(served_end(&served, false), 0);
}

static void a_hello_that_cannot_be_served_is_told_why(void **state)
{
    static const struct {
        uint32_t version;
        const char *name;
        enum lwc_code code;
        const char *msg;
    } cases[] = {
        {LWC_WIRE_VERSION + 1, "blocking", LWC_E_FAILED, "speaks version 4 of the protocol"},
        {LWC_WIRE_VERSION, "no-such", LWC_E_UNAVAILABLE, "backend 'no-such' is not installed"},
        {LWC_WIRE_VERSION, "../x", LWC_E_INVALID, "backend name"},
        {LWC_WIRE_VERSION, "bad-major", LWC_E_INVALID, "ABI 2"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct served served;

        served_start(&served);
        hello(&served, cases[i].version, cases[i].name);
        expect_done(&served, cases[i].code, cases[i].msg);
        assert_int_equal(served_end(&served, false), 0);
    }
}

static void nonsense_before_hello_ends_it(void **state)
{
    static const uint32_t types[] = {0, LWC_WIRE_OPEN, LWC_WIRE_LIST, LWC_WIRE_ANSWER, 99};

    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct served served;
        struct lwc_wire_out out;

        served_start(&served);
        out = begin(&served, types[i]);
        send_out(&served, &out);
        assert_int_equal(served_end(&served, false), STATUS_CALLER);
    }
}

static void a_request_out_of_turn_ends_it(void **state)
{
    static const uint32_t types[] = {LWC_WIRE_HELLO, LWC_WIRE_OPEN, LWC_WIRE_ANSWER,
                                     LWC_WIRE_DONE,  LWC_WIRE_FIND, 99};

    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct served served;
        struct lwc_wire_out out;

        open_blocking(&served);
        out = begin(&served, types[i]); /* FIND is malformed: it lacks its identity */
        if (types[i] == LWC_WIRE_OPEN) {
            lwc_wire_put_u32(&out, 0);
        }
        send_out(&served, &out);
        assert_int_equal(served_end(&served, false), STATUS_CALLER);
    }
}

static void an_answer_to_another_request_ends_it(void **state)
{
    struct served served;
    struct lwc_wire_out out;
    struct lwc_wire_in in;

    (void)state;
    served_start(&served);
    hello(&served, LWC_WIRE_VERSION, "blocking");
    expect_ready(&served);
    out = begin(&served, LWC_WIRE_OPEN);
    lwc_wire_put_u32(&out, 2);
    lwc_wire_put_text(&out, "at=open");
    lwc_wire_put_text(&out, "fault=services");
    send_out(&served, &out);
    in = next(&served);
    assert_int_equal(in.type, LWC_WIRE_SETTING);
    served.number++; /* of an answer that belongs elsewhere */
    out = lwc_wire_begin(served.out, LWC_WIRE_ANSWER, served.number);
    lwc_wire_put_times(&out, (struct lwc_wire_times){.call_ms = 1, .caller_ms = 1});
    lwc_wire_put_error(&out, LWC_OK, NULL);
    lwc_wire_put_u32(&out, 0);
    lwc_wire_put_bytes(&out, "", 0);
    send_out(&served, &out);
    assert_int_equal(served_end(&served, false), STATUS_CALLER);
}

static void the_callers_end_ends_it(void **state)
{
    struct served served;

    (void)state;
    served_start(&served);
    assert_int_equal(served_end(&served, true), STATUS_CALLER);
    open_blocking(&served);
    assert_int_equal(served_end(&served, true), STATUS_CALLER);
}

static void half_a_frame_and_the_end_ends_it(void **state)
{
    struct served served;

    (void)state;
    served_start(&served);
    assert_int_equal(write(served.fd, "\1\0\0\0\xff\0\0\0\1", 9), 9);
    assert_int_equal(served_end(&served, true), STATUS_CALLER);
    served_start(&served);
    assert_int_equal(write(served.fd, "\1\0\0\0\xff\xff\xff\xff\1\0\0\0", 12), 12);
    assert_int_equal(served_end(&served, false), STATUS_CALLER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_ends_well),
        cmocka_unit_test(a_hello_that_cannot_be_served_is_told_why),
        cmocka_unit_test(nonsense_before_hello_ends_it),
        cmocka_unit_test(a_request_out_of_turn_ends_it),
        cmocka_unit_test(an_answer_to_another_request_ends_it),
        cmocka_unit_test(the_callers_end_ends_it),
        cmocka_unit_test(half_a_frame_and_the_end_ends_it),
    };

    modules_use_test_ones();
    return cmocka_run_group_tests_name("serve", tests, NULL, NULL);
}
