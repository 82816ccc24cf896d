/* SPDX-License-Identifier: Apache-2.0 */
#include "host/request.h"

#include "base/verb.h"

/* The longest time accepted: sums with a clock do not overflow. */
#define TIMES_MAX_MS (INT64_MAX / 2)

static struct lwc_wire_times take_times(struct lwc_wire_in *in)
{
    struct lwc_wire_times times = lwc_wire_take_times(in);

    if (times.call_ms < 0 || times.call_ms > TIMES_MAX_MS || times.caller_ms < 0 ||
        times.caller_ms > TIMES_MAX_MS) {
        in->bad = true;
    }
    return times;
}

static void take_hello(struct lwc_wire_in *in, struct lwc_host_request *request)
{
    request->value = lwc_wire_take_u32(in);
    request->name = lwc_wire_take_text(in);
    request->external_dir = lwc_wire_take_text(in);
}

static void take_arguments(struct lwc_wire_in *in, struct lwc_host_request *request)
{
    request->argc = lwc_wire_take_u32(in);
    for (size_t i = 0; i < request->argc && i < LWC_REQUEST_ARGS_MAX; i++) {
        request->argv[i] = lwc_wire_take_text(in);
    }
    in->bad = in->bad || request->argc > LWC_REQUEST_ARGS_MAX;
}

static void take_nothing(struct lwc_wire_in *in, struct lwc_host_request *request)
{
    (void)in;
    (void)request;
}

static void take_identity(struct lwc_wire_in *in, struct lwc_host_request *request)
{
    request->identity = lwc_wire_take_identity(in);
}

static void take_stored(struct lwc_wire_in *in, struct lwc_host_request *request)
{
    request->identity = lwc_wire_take_identity(in);
    request->value = lwc_wire_take_u32(in);
    request->secret = lwc_wire_take_bytes(in, &request->secret_len);
}

static void take_value(struct lwc_wire_in *in, struct lwc_host_request *request)
{
    request->value = lwc_wire_take_u32(in);
}

static void take_command(struct lwc_wire_in *in, struct lwc_host_request *request)
{
    request->name = lwc_wire_take_text(in);
    take_arguments(in, request);
    in->bad =
        in->bad || lwc_verb_check(request->name, request->argc, request->argv, NULL) != LWC_OK;
}

static const struct {
    uint32_t type;
    bool has_times;
    void (*take)(struct lwc_wire_in *in, struct lwc_host_request *request);
} requests[] = {
    {LWC_WIRE_HELLO, false, take_hello},    {LWC_WIRE_OPEN, true, take_arguments},
    {LWC_WIRE_CLOSE, true, take_nothing},   {LWC_WIRE_FIND, true, take_identity},
    {LWC_WIRE_LIST, true, take_nothing},    {LWC_WIRE_STORE, true, take_stored},
    {LWC_WIRE_ERASE, true, take_identity},  {LWC_WIRE_UNLOCK, true, take_nothing},
    {LWC_WIRE_LOCK, true, take_nothing},    {LWC_WIRE_PROBE, true, take_value},
    {LWC_WIRE_CONTROL, true, take_command},
};

bool lwc_host_request_parse(struct lwc_wire_in *in, struct lwc_host_request *request_out)
{
    size_t i = 0;

    *request_out = (struct lwc_host_request){.type = in->type, .number = in->request};
    while (i < LWC_ARRAY_LEN(requests) && requests[i].type != in->type) {
        i++;
    }
    if (i == LWC_ARRAY_LEN(requests)) {
        return false;
    }
    if (requests[i].has_times) {
        request_out->times = take_times(in);
    }
    requests[i].take(in, request_out);
    return lwc_wire_is_ended(in);
}

bool lwc_host_answer_parse(struct lwc_wire_in *in, struct lwc_host_answer *answer_out,
                           struct lwc_error *err)
{
    bool is_there = false;

    *answer_out = (struct lwc_host_answer){.number = in->request, .times = take_times(in)};
    answer_out->code = lwc_wire_take_error(in, err);
    is_there = lwc_wire_take_u32(in) != 0;
    answer_out->value = lwc_wire_take_bytes(in, &answer_out->len);
    if (!is_there) {
        answer_out->value = NULL;
        answer_out->len = 0;
    }
    return in->type == LWC_WIRE_ANSWER && lwc_wire_is_ended(in);
}
