/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_REMOTE_CALLBACKS_H
#define CORE_REMOTE_CALLBACKS_H

#include <stdbool.h>
#include <stdint.h>

#include <lwcred/backend.h>

#include "base/buffer.h"
#include "base/error.h"
#include "remote/wire.h"

/*
 * What a backend host may send before it is done with a request, and what its caller does about it:
 * the services of struct lwc_host, the sink and the visitor, in the other direction.
 *
 * MUST:
 *  1. Each kind of frame comes only where it is due, and only so often.
 *  2. Nothing is done for a frame that is not well-formed as a whole.
 *  3. Text for people is made printable, and a question names the backend that asks it.
 *  4. A backend asks the user only with LWC_CAP_PROMPTS, and reads no variable but those that a
 *     store may need: none with a secret of ours, and of others only those that its line names.
 */

enum { LWC_CALLBACK_KINDS = 7 };

/*
 * One request under way.
 *
 * name     of the backend; caps: what it may do; argc, argv: the arguments of its line.
 * request  enum lwc_wire_type of it; number: its number.
 * sink     where FIND puts; visitor: whom LIST names; else NULL.
 * end_ms   when the backend's own time is over, by the boot clock; it began span_ms before, and
 *          the backend is ended grace_ms later.
 * asking   the user is asked elsewhere: end_ms does not count any more.
 *
 * is_halved  span_ms and grace_ms are half of what the caller had left, less than the backend's
 * own.
 */
struct lwc_call {
    const struct lwc_host *host;
    const char *name;
    uint32_t caps;
    size_t argc;
    const char *const *argv;
    uint32_t request;
    uint32_t number;
    const struct lwc_sink *sink;
    const struct lwc_visitor *visitor;
    int64_t end_ms;
    int64_t span_ms;
    int64_t grace_ms;
    bool is_halved;
    bool asking;
    unsigned counts[LWC_CALLBACK_KINDS];
};

/* How long the request may take from now on. */
struct lwc_wire_times lwc_call_times(const struct lwc_call *call);

/*
 * Do what the frame @in asks for.
 *
 * @answer      a frame that is to be sent, made in @bytes; only if *asks_out.
 * Returns LWC_OK; LWC_E_INVALID with a text that goes behind "sent".
 */
enum lwc_code lwc_callbacks_serve(struct lwc_call *call, struct lwc_wire_in *in,
                                  struct lwc_buf *bytes, struct lwc_wire_out *answer_out,
                                  bool *asks_out, struct lwc_error *err) LWC_RESULT;

#endif
