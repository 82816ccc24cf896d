/* SPDX-License-Identifier: Apache-2.0 */
#include "remote/socket.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/clock.h"

/* Returns poll()'s timeout: at least 1 while time is left, which prevents a busy loop. */
static int get_poll_ms(int64_t deadline_ms)
{
    int64_t left_ms = 0;

    if (deadline_ms == LWC_SOCKET_FOREVER) {
        return -1;
    }
    left_ms = deadline_ms - lwc_clock_boot_ms(lwc_clock_system());
    if (left_ms <= 0) {
        return 0;
    }
    return left_ms < INT_MAX ? (int)left_ms : INT_MAX;
}

static enum lwc_code wait_for_socket(int fd, short events, int64_t deadline_ms,
                                     struct lwc_error *err)
{
    struct pollfd polled = {.fd = fd, .events = events};
    int wait_ms = 0;
    int count = 0;

    do {
        wait_ms = get_poll_ms(deadline_ms);
        count = wait_ms != 0 ? poll(&polled, 1, wait_ms) : 0;
    } while ((count < 0 && errno == EINTR) || (count == 0 && wait_ms != 0));
    if (count < 0) {
        return lwc_fail_sys(err, LWC_E_IO, errno, "poll");
    }
    return count > 0 ? LWC_OK : lwc_fail(err, LWC_E_BUSY, "the time is over");
}

static enum lwc_code fail_gone(bool midway, struct lwc_error *err)
{
    return lwc_fail(err, midway ? LWC_E_CORRUPT : LWC_E_UNAVAILABLE, "the other side has gone");
}

/* Evaluates one send or receive; *moved_out 0: try again. */
static enum lwc_code check_transfer(int fd, ssize_t result, short events, int64_t deadline_ms,
                                    size_t *moved_out, struct lwc_error *err)
{
    *moved_out = result > 0 ? (size_t)result : 0;
    if (result >= 0 || errno == EINTR) {
        return LWC_OK;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        return wait_for_socket(fd, events, deadline_ms, err);
    }
    if (errno == EPIPE || errno == ECONNRESET) {
        return fail_gone(false, err);
    }
    return lwc_fail_sys(err, LWC_E_IO, errno, "socket");
}

enum lwc_code lwc_socket_send(int fd, const struct lwc_wire_out *out, int64_t deadline_ms,
                              struct lwc_error *err)
{
    uint8_t header[LWC_WIRE_HEADER_LEN];
    size_t body_len = lwc_buf_len(out->bytes);
    size_t sent = 0;
    enum lwc_code code = LWC_OK;

    if (!lwc_wire_end(out, header)) {
        return lwc_fail(err, LWC_E_INVALID, "no frame can be made: too long, or no memory");
    }
    while (code == LWC_OK && sent < sizeof header + body_len) {
        size_t of_header = sent < sizeof header ? sizeof header - sent : 0;
        size_t of_body = sent > sizeof header ? sent - sizeof header : 0;
        struct iovec parts[] = {
            {.iov_base = header + sizeof header - of_header, .iov_len = of_header},
            {.iov_base = (void *)(uintptr_t)(lwc_buf_bytes(out->bytes) + of_body),
             .iov_len = body_len - of_body},
        };
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = LWC_ARRAY_LEN(parts)};
        size_t count = 0;

        code = check_transfer(fd, sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT), POLLOUT,
                              deadline_ms, &count, err);
        sent += count;
    }
    return code;
}

/* @midway: the bytes are the rest of a frame. */
static enum lwc_code receive_bytes(int fd, uint8_t *bytes, size_t len, bool midway,
                                   int64_t deadline_ms, struct lwc_error *err)
{
    size_t have = 0;

    while (have < len) {
        ssize_t result = recv(fd, bytes + have, len - have, MSG_DONTWAIT);
        size_t count = 0;
        enum lwc_code code = LWC_OK;

        if (result == 0) {
            return fail_gone(midway || have > 0, err);
        }
        code = check_transfer(fd, result, POLLIN, deadline_ms, &count, err);
        if (code == LWC_E_UNAVAILABLE) { /* reset: the other side closed with our bytes unread */
            return fail_gone(midway || have > 0, err);
        }
        if (code != LWC_OK) {
            return code;
        }
        have += count;
    }
    return LWC_OK;
}

enum lwc_code lwc_socket_receive(int fd, struct lwc_buf *bytes, int64_t deadline_ms,
                                 struct lwc_wire_in *in_out, struct lwc_error *err)
{
    uint8_t header[LWC_WIRE_HEADER_LEN];
    struct lwc_wire_in in = {0};
    uint8_t *room = NULL;
    enum lwc_code code = receive_bytes(fd, header, sizeof header, false, deadline_ms, err);

    lwc_buf_reset(bytes);
    if (code != LWC_OK) {
        return code;
    }
    if (!lwc_wire_header(header, &in)) {
        return lwc_fail(err, LWC_E_INVALID, "a frame of %zu bytes", in.left);
    }
    room = lwc_buf_reserve(bytes, in.left);
    if (room == NULL) {
        return lwc_fail_nomem(err);
    }
    code = receive_bytes(fd, room, in.left, true, deadline_ms, err);
    lwc_buf_grow(bytes, in.left);
    if (code == LWC_OK) {
        in.at = lwc_buf_bytes(bytes);
        *in_out = in;
    }
    return code;
}
