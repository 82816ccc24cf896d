/* SPDX-License-Identifier: Apache-2.0 */
#include "remote/socket.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

static int ends[2];
static struct lwc_buf *bytes;
static struct lwc_buf *body;

static int setup(void **state)
{
    (void)state;
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0 ||
           lwc_buf_new(16, &bytes, NULL) != LWC_OK || lwc_buf_new(16, &body, NULL) != LWC_OK;
}

static int teardown(void **state)
{
    (void)state;
    lwc_buf_free(&bytes);
    lwc_buf_free(&body);
    return close(ends[0]) != 0 || (ends[1] >= 0 && close(ends[1]) != 0);
}

static int64_t in_ms(int64_t ms)
{
    return lwc_clock_boot_ms(lwc_clock_system()) + ms;
}

static void frames_come_whole_and_in_order(void **state)
{
    struct lwc_wire_in in;

    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        struct lwc_wire_out out = lwc_wire_begin(body, 20 + i, i);

        lwc_wire_put_u32(&out, 7 * i);
        assert_int_equal(lwc_socket_send(ends[0], &out, LWC_SOCKET_FOREVER, NULL), LWC_OK);
    }
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(lwc_socket_receive(ends[1], bytes, in_ms(20000), &in, NULL), LWC_OK);
        assert_int_equal(in.type, 20 + i);
        assert_int_equal(in.request, i);
        assert_int_equal(lwc_wire_take_u32(&in), 7 * i);
        assert_true(lwc_wire_is_ended(&in));
    }
}

static void silence_is_over_at_the_deadline(void **state)
{
    struct lwc_wire_in in;

    (void)state;
    assert_int_equal(lwc_socket_receive(ends[1], bytes, in_ms(50), &in, NULL), LWC_E_BUSY);
    assert_int_equal(lwc_socket_receive(ends[1], bytes, in_ms(-50), &in, NULL), LWC_E_BUSY);
}

static void half_a_frame_is_over_at_the_deadline_or_with_its_sender(void **state)
{
    struct lwc_wire_in in;

    (void)state;
    assert_int_equal(write(ends[0], "\21\0\0\0\4\0\0\0\1\0\0\0ab", 14), 14);
    assert_int_equal(lwc_socket_receive(ends[1], bytes, in_ms(50), &in, NULL), LWC_E_BUSY);
    assert_int_equal(write(ends[0], "\21\0\0", 3), 3);
    assert_int_equal(shutdown(ends[0], SHUT_WR), 0);
    assert_int_equal(lwc_socket_receive(ends[1], bytes, in_ms(20000), &in, NULL), LWC_E_CORRUPT);
    assert_int_equal(lwc_socket_receive(ends[1], bytes, in_ms(20000), &in, NULL),
                     LWC_E_UNAVAILABLE);
}

/* A sender that goes with unread bytes of ours resets the connection. */
static void half_a_frame_of_who_resets_is_corrupt(void **state)
{
    struct lwc_wire_in in;

    (void)state;
    assert_int_equal(write(ends[1], "unread", 6), 6);
    assert_int_equal(write(ends[0], "\21\0\0\0\4\0\0\0\1\0\0\0ab", 14), 14);
    assert_int_equal(close(ends[0]), 0);
    ends[0] = dup(ends[1]);
    assert_int_equal(lwc_socket_receive(ends[1], bytes, in_ms(20000), &in, NULL), LWC_E_CORRUPT);
}

static void a_frame_that_is_too_long_is_not_waited_for(void **state)
{
    struct lwc_wire_in in;
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(write(ends[0], "\21\0\0\0\xff\xff\xff\xff\1\0\0\0", 12), 12);
    assert_int_equal(lwc_socket_receive(ends[1], bytes, LWC_SOCKET_FOREVER, &in, &err),
                     LWC_E_INVALID);
    assert_string_equal(err.msg, "a frame of 4294967295 bytes");
}

/* SIGPIPE is not ignored here: it would end the test. */
static void sending_to_who_has_gone_raises_no_signal(void **state)
{
    struct lwc_wire_out out = lwc_wire_begin(body, LWC_WIRE_LOG, 1);

    (void)state;
    assert_int_equal(close(ends[1]), 0);
    ends[1] = -1;
    assert_int_equal(lwc_socket_send(ends[0], &out, LWC_SOCKET_FOREVER, NULL), LWC_E_UNAVAILABLE);
}

static void sending_to_who_does_not_read_is_over_at_the_deadline(void **state)
{
    static uint8_t block[LWC_SECRET_MAX];
    struct lwc_wire_out out = lwc_wire_begin(body, LWC_WIRE_STORE, 1);
    enum lwc_code code = LWC_OK;

    (void)state;
    lwc_wire_put_bytes(&out, block, sizeof block);
    for (int i = 0; i < 1000 && code == LWC_OK; i++) {
        code = lwc_socket_send(ends[0], &out, in_ms(50), NULL);
    }
    assert_int_equal(code, LWC_E_BUSY);
}

static void what_cannot_be_made_is_not_sent(void **state)
{
    struct lwc_wire_out out = lwc_wire_begin(body, LWC_WIRE_STORE, 1);
    struct lwc_wire_in in;

    (void)state;
    out.failed = true;
    assert_int_equal(lwc_socket_send(ends[0], &out, LWC_SOCKET_FOREVER, NULL), LWC_E_INVALID);
    assert_int_equal(lwc_socket_receive(ends[1], bytes, in_ms(0), &in, NULL), LWC_E_BUSY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(frames_come_whole_and_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(silence_is_over_at_the_deadline, setup, teardown),
        cmocka_unit_test_setup_teardown(half_a_frame_is_over_at_the_deadline_or_with_its_sender,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(half_a_frame_of_who_resets_is_corrupt, setup, teardown),
        cmocka_unit_test_setup_teardown(a_frame_that_is_too_long_is_not_waited_for, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(sending_to_who_has_gone_raises_no_signal, setup, teardown),
        cmocka_unit_test_setup_teardown(sending_to_who_does_not_read_is_over_at_the_deadline, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_made_is_not_sent, setup, teardown),
    };

    (void)signal(SIGPIPE, SIG_DFL);
    return cmocka_run_group_tests_name("channel", tests, NULL, NULL);
}
