/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOST_REQUEST_H
#define CORE_HOST_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "remote/wire.h"

/* What the caller sends, as values.  Each is judged as if it came from anybody. */

#define LWC_REQUEST_ARGS_MAX 1024

/*
 * A request; members that its type does not have are 0 or NULL, the rest is borrowed from the
 * frame.
 *
 * value  version of HELLO, flags of STORE, capability of PROBE.
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

/* False for what is no request, or none that is well-formed. */
bool lwc_host_request_parse(struct lwc_wire_in *in, struct lwc_host_request *request_out)
    LWC_RESULT;

/* An ANSWER; value is NULL if there is none. */
struct lwc_host_answer {
    uint32_t number;
    struct lwc_wire_times times;
    enum lwc_code code;
    const void *value;
    size_t len;
};

/* False for what is no well-formed ANSWER; @err, which may be NULL, is filled from its code on. */
bool lwc_host_answer_parse(struct lwc_wire_in *in, struct lwc_host_answer *answer_out,
                           struct lwc_error *err) LWC_RESULT;

#endif
