/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/identity.h"
#include "base/text.h"
#include "host/request.h"
#include "remote/callbacks.h"
#include "remote/socket.h"

/*
 * Any bytes as what comes out of the socket between a caller and its backend host.  The first byte
 * says who reads: the caller, during the request of that number, or (from HOST_READS on) the host.
 * What the caller passes on is printable and well-formed; what the host accepts encodes to itself.
 */

#define HOST_READS 0x80
#define STREAM_MAX 65536 /* less than the socket holds */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_text(const char *text)
{
    char shown[4096];

    if (strlen(text) >= sizeof shown ||
        !lwc_streq(lwc_text_printable(shown, sizeof shown, text, strlen(text)), text)) {
        abort();
    }
}

static void host_log(void *data, enum lwc_log_level level, const char *text)
{
    (void)data;
    if (level < LWC_LOG_WARNING || level > LWC_LOG_TRACE) {
        abort();
    }
    check_text(text);
}

static enum lwc_code host_prompt(void *data, const char *text, uint32_t flags,
                                 const struct lwc_sink *answer, struct lwc_error *err)
{
    (void)data;
    (void)flags;
    check_text(text);
    return answer->put(answer->data, NULL, "typed", 5, err);
}

static const char *host_setting(void *data, const char *name)
{
    (void)data;
    return strlen(name) % 2 == 0 ? "set" : NULL;
}

static int64_t host_remaining_ms(void *data)
{
    (void)data;
    return 1000;
}

static void host_depends(void *data, const char *path)
{
    (void)data;
    if (path[0] != '/') {
        abort();
    }
}

static void host_asking(void *data, const char *text)
{
    (void)data;
    check_text(text);
}

static enum lwc_code put(void *data, const struct lwc_identity *identity, const void *bytes,
                         size_t len, struct lwc_error *err)
{
    struct lwc_identity_copy copy;
    LWC_AUTO_BUF secret = NULL;

    (void)data;
    if (lwc_buf_copy(bytes, len, &secret, err) != LWC_OK) {
        abort();
    }
    return identity != NULL ? lwc_identity_copy(identity, &copy, err) : LWC_OK;
}

static enum lwc_code visit(void *data, const struct lwc_identity *identity, struct lwc_error *err)
{
    (void)data;
    return lwc_identity_check(identity, err);
}

static const struct lwc_host host = {.abi = LWC_BACKEND_ABI,
                                     .size = sizeof host,
                                     .log = host_log,
                                     .prompt = host_prompt,
                                     .setting = host_setting,
                                     .remaining_ms = host_remaining_ms,
                                     .depends = host_depends,
                                     .asking = host_asking};
static const struct lwc_sink sink = {.put = put};
static const struct lwc_visitor visitor = {.visit = visit};

/* As stack/hosted.c does: until the request is done, or something is wrong. */
static void caller_reads(uint8_t request, int fd, struct lwc_buf *in_bytes,
                         struct lwc_buf *out_bytes)
{
    struct lwc_remote_call call = {.host = &host,
                                   .request = request,
                                   .sink = &sink,
                                   .visitor = &visitor,
                                   .end_ms = INT64_MAX / 2};
    int64_t deadline_ms = lwc_clock_boot_ms(lwc_clock_system()) + 10000;
    struct lwc_wire_in in;
    struct lwc_wire_out out;
    struct lwc_error err = {0};
    bool asks = false;

    while (lwc_socket_receive(fd, in_bytes, deadline_ms, &in, &err) == LWC_OK) {
        if (in.type == LWC_WIRE_DONE) {
            (void)!lwc_wire_take_error(&in, &err);
            (void)!lwc_wire_is_ended(&in);
            break;
        }
        if (lwc_callbacks_serve(&call, &in, out_bytes, &out, &asks, &err) != LWC_OK) {
            break;
        }
    }
    check_text(err.msg);
    check_text(err.hint);
}

static void encode_values(const struct lwc_host_request *request, struct lwc_wire_out *out)
{
    switch (request->type) {
    case LWC_WIRE_HELLO:
        lwc_wire_put_u32(out, request->value);
        lwc_wire_put_text(out, request->name);
        lwc_wire_put_text(out, request->external_dir);
        break;
    case LWC_WIRE_OPEN:
        lwc_wire_put_u32(out, (uint32_t)request->argc);
        for (size_t i = 0; i < request->argc; i++) {
            lwc_wire_put_text(out, request->argv[i]);
        }
        break;
    case LWC_WIRE_FIND:
    case LWC_WIRE_ERASE:
        lwc_wire_put_identity(out, &request->identity);
        break;
    case LWC_WIRE_STORE:
        lwc_wire_put_identity(out, &request->identity);
        lwc_wire_put_u32(out, request->value);
        lwc_wire_put_bytes(out, request->secret, request->secret_len);
        break;
    case LWC_WIRE_PROBE:
        lwc_wire_put_u32(out, request->value);
        break;
    default:
        break;
    }
}

static void host_reads(int fd, struct lwc_buf *in_bytes, struct lwc_buf *out_bytes)
{
    int64_t deadline_ms = lwc_clock_boot_ms(lwc_clock_system()) + 10000;
    struct lwc_wire_in in;

    while (lwc_socket_receive(fd, in_bytes, deadline_ms, &in, NULL) == LWC_OK) {
        struct lwc_wire_in again = in;
        struct lwc_host_request request;
        struct lwc_host_answer answer;
        struct lwc_error err = {0};
        struct lwc_wire_out out;

        if (lwc_host_answer_parse(&again, &answer, &err) && answer.value == NULL &&
            answer.len != 0) {
            abort();
        }
        check_text(err.msg);
        if (!lwc_host_request_parse(&in, &request)) {
            continue;
        }
        out = lwc_wire_begin(out_bytes, request.type, request.number);
        if (request.type != LWC_WIRE_HELLO) {
            lwc_wire_put_times(&out, request.times);
        }
        encode_values(&request, &out);
        if (out.failed ||
            !lwc_buf_equal(in_bytes, lwc_buf_bytes(out_bytes), lwc_buf_len(out_bytes))) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    LWC_AUTO_BUF in_bytes = NULL;
    LWC_AUTO_BUF out_bytes = NULL;
    LWC_AUTO_CLOSE int reads = -1;
    LWC_AUTO_CLOSE int writes = -1;
    int ends[2];

    if (len == 0 || len > STREAM_MAX) {
        return 0;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0 ||
        lwc_buf_new(64, &in_bytes, NULL) != LWC_OK || lwc_buf_new(64, &out_bytes, NULL) != LWC_OK) {
        abort();
    }
    reads = ends[0];
    writes = ends[1];
    if (write(writes, data + 1, len - 1) != (ssize_t)len - 1 || shutdown(writes, SHUT_WR) != 0) {
        abort();
    }
    if (data[0] < HOST_READS) {
        caller_reads(data[0], reads, in_bytes, out_bytes);
    } else {
        host_reads(reads, in_bytes, out_bytes);
    }
    return 0;
}
