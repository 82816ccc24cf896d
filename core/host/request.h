/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOST_REQUEST_H
#define CORE_HOST_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "remote/wire.h"

/* The caller's frames, as values.  Input is untrusted. */

#define LWC_REQUEST_ARGS_MAX 1024

/*
 * A request.  Members that its type does not have are 0 or NULL; pointers are borrowed from the
 * frame.
 *
 * value  version of HELLO, flags of STORE, capability of PROBE.
 * name   of the backend in HELLO, of the command in CONTROL; with CONTROL, argv are its arguments.
 */
struct lwc_host_request {
    uint32_t type;
    uint32_t number;
    struct lwc_wire_times times;
    uint32_t value;
    const char *name;
    const char *external_dir;
    struct lwc_identity identity;
    const void *secret;
    size_t secret_len;
    size_t argc;
    const char *argv[LWC_REQUEST_ARGS_MAX + 1];
};

/* Read a request.  Returns false for a frame of another kind or a malformed one. */
bool lwc_host_request_parse(struct lwc_wire_in *in, struct lwc_host_request *request_out)
    LWC_RESULT;

/* An ANSWER; value is NULL if it has none. */
struct lwc_host_answer {
    uint32_t number;
    struct lwc_wire_times times;
    enum lwc_code code;
    const void *value;
    size_t len;
};

/* Read an ANSWER and fill @err (may be NULL) from it.  Returns false for a malformed one. */
bool lwc_host_answer_parse(struct lwc_wire_in *in, struct lwc_host_answer *answer_out,
                           struct lwc_error *err) LWC_RESULT;

#endif
