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
 * Serves the frames that a backend host may send during a request: calls of struct lwc_host, of
 * the sink and of the visitor, in the direction from the host to its caller.
 *
 * MUST:
 *  1. Each kind of frame is accepted only where it is due, and up to a limit per request.
 *  2. A frame that is malformed in any part has no effect.
 *  3. Text for people is made printable, and a question names the backend that asks it.
 *  4. A backend asks the user only with LWC_CAP_PROMPTS.  It reads the variables that a store may
 *     need and those that its line names, and never a Lacework secret.
 */

enum { LWC_CALLBACK_KINDS = 8 };

/*
 * The request under way.
 *
 * name       of the backend.
 * caps       its capabilities.
 * argc,
 * argv       arguments of its line.
 * request    enum lwc_wire_type of the request.
 * number     number of the request.
 * sink       receives what FIND puts; NULL in other requests.
 * visitor    receives what LIST visits; NULL in other requests.
 * reporter   receives what CONTROL reports; NULL in other requests.
 * end_ms     end of the backend's own time, by the boot clock.
 * span_ms    length of the backend's own time.
 * grace_ms   time after end_ms until the backend is ended.
 * is_halved  span_ms and grace_ms are half of what the caller had left, less than the backend's
 *            own.
 * is_asking  the user is asked elsewhere: end_ms does not count any more.
 * counts     frames received so far, by kind.
 */
struct lwc_remote_call {
    const struct lwc_host *host;
    const char *name;
    uint32_t caps;
    size_t argc;
    const char *const *argv;
    uint32_t request;
    uint32_t number;
    const struct lwc_sink *sink;
    const struct lwc_visitor *visitor;
    const struct lwc_reporter *reporter;
    int64_t end_ms;
    int64_t span_ms;
    int64_t grace_ms;
    bool is_halved;
    bool is_asking;
    unsigned counts[LWC_CALLBACK_KINDS];
};

/* Return how long the request may take from now on. */
struct lwc_wire_times lwc_call_times(const struct lwc_remote_call *call);

/*
 * Serve the frame @in.
 *
 * @answer_out     frame to send, made in @bytes; written only if *has_answer_out.
 * Returns LWC_OK; LWC_E_INVALID with a text that completes "backend 'NAME' sent ...".
 */
enum lwc_code lwc_callbacks_serve(struct lwc_remote_call *call, struct lwc_wire_in *in,
                                  struct lwc_buf *bytes, struct lwc_wire_out *answer_out,
                                  bool *has_answer_out, struct lwc_error *err) LWC_RESULT;

#endif
