/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_REMOTE_SOCKET_H
#define CORE_REMOTE_SOCKET_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "remote/wire.h"

/*
 * Sends and receives frames over a stream socket, each whole and in time, even if the other side
 * hangs or closes.
 *
 * @deadline_ms  by the system's boot clock; LWC_SOCKET_FOREVER: none.
 *
 * Both functions return LWC_OK; LWC_E_BUSY if the deadline came first; LWC_E_UNAVAILABLE if the other side
 * has closed; LWC_E_CORRUPT if it closed in the middle of a frame; LWC_E_INVALID for bytes that are
 * no frame; LWC_E_IO.  After a failure the socket is useless.  No SIGPIPE is raised.
 */
#define LWC_SOCKET_FOREVER INT64_MAX

enum lwc_code lwc_socket_send(int fd, const struct lwc_wire_out *out, int64_t deadline_ms,
                              struct lwc_error *err) LWC_RESULT;

/*
 * @bytes     reset, and filled with the body, to which *in_out points.
 * @in_out    written on success only.
 */
enum lwc_code lwc_socket_receive(int fd, struct lwc_buf *bytes, int64_t deadline_ms,
                                 struct lwc_wire_in *in_out, struct lwc_error *err) LWC_RESULT;

#endif
