/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in hosted.h. */
#include "remote/client.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/paths.h"
#include "base/text.h"
#include "module/module.h"
#include "remote/callbacks.h"
#include "remote/child.h"
#include "remote/socket.h"
#include "remote/wire.h"

#define PROGRAM "lwcred-backend-host"
#define TIMEOUT_PREFIX "timeout="
#define TIMEOUT_S 10
#define RETRY_MS 60000
#define CLOSE_MS 2000
#define BUFFER_LEN 1024

/* A module that keeps time by itself has the better reason: it gets a moment more to tell it. */
#define GRACE_MS 500

/*
 * States: no child, why.code LWC_OK (not started, or ended by itself); child, open in it; no child,
 * why.code set (failed: not started again before retry_ms).
 */
struct lwc_client {
    char name[LWC_BACKEND_NAME_MAX + 1];
    uint32_t caps;
    char print[LWC_HASH_HEX_LEN]; /* of its descriptor, as read from the file */
    bool external;
    const struct lwc_host *host;
    size_t argc;
    const char *const *argv;
    int64_t timeout_s;
    struct lwc_child child;
    struct lwc_buf *in;
    struct lwc_buf *out;
    struct lwc_error why;
    int64_t retry_ms;
    uint32_t number;          /* of the last request */
    struct lwc_error refused; /* an argument is wrong: never started */
};

static int64_t now_ms(void)
{
    return lwc_clock_boot_ms(lwc_clock_system());
}

/* The last one counts; the module sees them all, and may judge them otherwise. */
static enum lwc_code timeout_take(struct lwc_client *hosted, struct lwc_error *err)
{
    const size_t prefix_len = strlen(TIMEOUT_PREFIX);

    for (size_t i = 0; i < hosted->argc; i++) {
        const char *value = hosted->argv[i] + prefix_len;
        enum lwc_code code = LWC_E_INVALID;

        if (strncmp(hosted->argv[i], TIMEOUT_PREFIX, prefix_len) != 0 ||
            (lwc_text_parse_duration(value, &hosted->timeout_s) && hosted->timeout_s > 0)) {
            continue;
        }
        code = lwc_fail(err, code, "backend '%s': " TIMEOUT_PREFIX "%s is no duration",
                        hosted->name, value);
        return lwc_hint(err, code, "seconds, or a number with s, m, h or d behind it");
    }
    return LWC_OK;
}

struct lwc_client *lwc_client_new(const struct lwc_backend *backend, bool external,
                                  const struct lwc_host *host, size_t argc, const char *const *argv)
{
    LWC_AUTO(struct lwc_client *, lwc_client_free) hosted = calloc(1, sizeof *hosted);

    if (hosted == NULL) {
        return NULL;
    }
    hosted->child = (struct lwc_child)LWC_CHILD_NONE;
    if (lwc_buf_new(BUFFER_LEN, &hosted->in, NULL) != LWC_OK ||
        lwc_buf_new(BUFFER_LEN, &hosted->out, NULL) != LWC_OK) {
        return NULL;
    }
    memcpy(hosted->name, backend->name, strnlen(backend->name, LWC_BACKEND_NAME_MAX));
    hosted->caps = backend->caps;
    lwc_descriptor_print(backend, hosted->print);
    hosted->external = external;
    hosted->host = host;
    hosted->argc = argc;
    hosted->argv = argv;
    hosted->timeout_s = TIMEOUT_S;
    (void)!timeout_take(hosted, &hosted->refused);
    return LWC_TAKE(hosted);
}

/* The rest of the walk, and the exchange, need their time: a call takes half of what is left. */
static struct lwc_call call_begin(const struct lwc_client *hosted)
{
    const int64_t half_ms = hosted->host->remaining_ms(hosted->host->data) / 2;
    struct lwc_call call = {.host = hosted->host,
                            .name = hosted->name,
                            .caps = hosted->caps,
                            .argc = hosted->argc,
                            .argv = hosted->argv,
                            .span_ms = hosted->timeout_s * 1000,
                            .grace_ms = GRACE_MS};

    if (call.span_ms + call.grace_ms > half_ms) {
        call.is_halved = true;
        call.grace_ms = half_ms / 4 < GRACE_MS ? half_ms / 4 : GRACE_MS;
        call.span_ms = half_ms - call.grace_ms;
    }
    call.end_ms = now_ms() + call.span_ms;
    return call;
}

/* Returns the end of the call, the same moment for each of its frames: none buys time. */
static int64_t deadline_of(const struct lwc_call *call)
{
    int64_t caller_at_ms = now_ms() + lwc_call_times(call).caller_ms;
    int64_t own_at_ms = call->end_ms + call->grace_ms;

    return !call->asking && own_at_ms < caller_at_ms ? own_at_ms : caller_at_ms;
}

/* A request of the next number; all but HELLO begin with the times. */
static struct lwc_wire_out request_begin(struct lwc_client *hosted, struct lwc_call *call,
                                         uint32_t request)
{
    struct lwc_wire_out out = lwc_wire_begin(hosted->out, request, ++hosted->number);

    call->request = request;
    call->number = hosted->number;
    if (request != LWC_WIRE_HELLO) {
        lwc_wire_put_times(&out, lwc_call_times(call));
    }
    return out;
}

/* Send the request and serve the host until it has answered. */
static enum lwc_code converse(struct lwc_client *hosted, struct lwc_call *call,
                              const struct lwc_wire_out *request, uint32_t expected,
                              struct lwc_wire_in *in_out, struct lwc_error *err)
{
    struct lwc_wire_out out = *request;
    bool to_send = true;
    enum lwc_code code = LWC_OK;

    while (code == LWC_OK) {
        if (to_send) {
            code = lwc_socket_send(hosted->child.fd, &out, deadline_of(call), err);
            lwc_buf_reset(hosted->out); /* a key or passphrase lay in it */
        }
        if (code == LWC_OK) {
            code = lwc_socket_receive(hosted->child.fd, hosted->in, deadline_of(call), in_out, err);
        }
        if (code == LWC_OK && in_out->request != call->number) {
            return lwc_fail(err, LWC_E_INVALID, "a frame out of turn");
        }
        if (code != LWC_OK || in_out->type == LWC_WIRE_DONE || in_out->type == expected) {
            return code;
        }
        code = lwc_callbacks_serve(call, in_out, hosted->out, &out, &to_send, err);
        if (code == LWC_OK && now_ms() >= deadline_of(call)) { /* it sends faster than we read */
            code = lwc_fail(err, LWC_E_BUSY, "the time is over");
        }
    }
    return code;
}

static enum lwc_code late(const struct lwc_client *hosted, const struct lwc_call *call,
                          struct lwc_error *err)
{
    enum lwc_code code = LWC_E_FAILED;

    if (call->asking || now_ms() < call->end_ms) {
        return lwc_fail(err, code, "backend '%s' did not answer before the deadline", hosted->name);
    }
    if (call->is_halved) {
        return lwc_fail(err, code,
                        "backend '%s' did not answer within %.1f s, half of the time that was left",
                        hosted->name, (double)(call->span_ms + call->grace_ms) / 1000);
    }
    code = lwc_fail(err, code, "backend '%s' did not answer within %lld s", hosted->name,
                    (long long)hosted->timeout_s);
    return lwc_hint(err, code, "its argument " TIMEOUT_PREFIX " says how long it may take");
}

/* What broke off the conversation, in words, with what became of the host. */
static enum lwc_code describe(const struct lwc_client *hosted, const struct lwc_call *call,
                              enum lwc_code code, const char *cause, struct lwc_error *err)
{
    const char *ended = lwc_is_set(cause) ? cause : "ended";
    struct lwc_error sent = *err;

    switch (code) {
    case LWC_E_BUSY:
        return late(hosted, call, err);
    case LWC_E_UNAVAILABLE:
        return lwc_fail(err, LWC_E_FAILED, "backend '%s' %s", hosted->name, ended);
    case LWC_E_CORRUPT:
        return lwc_fail(err, LWC_E_FAILED, "backend '%s' %s in mid-answer", hosted->name, ended);
    case LWC_E_INVALID:
        return lwc_fail(err, LWC_E_FAILED, "backend '%s' sent %s", hosted->name, sent.msg);
    default:
        return lwc_wrap(err, code, "backend '%s'", hosted->name);
    }
}

static enum lwc_code pass_on(const struct lwc_error *why, struct lwc_error *err)
{
    if (err != NULL) {
        *err = *why;
    }
    return why->code;
}

/* The conversation broke off: end the host, and return the reason now and for a while. */
static enum lwc_code give_up(struct lwc_client *hosted, const struct lwc_call *call,
                             enum lwc_code code, const struct lwc_error *why, struct lwc_error *err)
{
    char cause[LWC_CHILD_CAUSE_LEN] = "";

    hosted->why = *why;
    lwc_buf_reset(hosted->in);
    lwc_buf_reset(hosted->out);
    lwc_child_end(&hosted->child, cause);
    hosted->why.code = describe(hosted, call, code, cause, &hosted->why);
    hosted->retry_ms = now_ms() + RETRY_MS;
    return pass_on(&hosted->why, err);
}

/* Send a request and take its DONE. */
static enum lwc_code request_end(struct lwc_client *hosted, struct lwc_call *call,
                                 const struct lwc_wire_out *request, struct lwc_error *err)
{
    struct lwc_error why = {0};
    struct lwc_wire_in in = {0};
    enum lwc_code code = LWC_OK;

    if (request->failed || lwc_buf_len(request->bytes) > LWC_WIRE_BODY_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "backend '%s' cannot be told so much at once",
                        hosted->name);
    }
    code = converse(hosted, call, request, LWC_WIRE_DONE, &in, &why);
    if (code != LWC_OK) {
        return give_up(hosted, call, code, &why, err);
    }
    code = lwc_wire_take_error(&in, err);
    if (!lwc_wire_ended(&in)) {
        code = lwc_fail(&why, LWC_E_INVALID, "a malformed answer");
        return give_up(hosted, call, code, &why, err);
    }
    return code;
}

static enum lwc_code hello(struct lwc_client *hosted, struct lwc_call *call, struct lwc_error *err)
{
    const char *dir = hosted->external ? lwc_module_external_dir() : NULL;
    struct lwc_wire_out out = request_begin(hosted, call, LWC_WIRE_HELLO);
    struct lwc_wire_in in = {0};
    struct lwc_error why = {0};
    enum lwc_code code = LWC_OK;
    uint32_t version = 0;
    const char *print = NULL;

    lwc_wire_put_u32(&out, LWC_WIRE_VERSION);
    lwc_wire_put_text(&out, hosted->name);
    lwc_wire_put_text(&out, dir != NULL ? dir : "");
    code = converse(hosted, call, &out, LWC_WIRE_READY, &in, &why);
    if (code == LWC_OK && in.type == LWC_WIRE_DONE) {
        code = lwc_wire_take_error(&in, err); /* the module could not be loaded there */
        lwc_child_end(&hosted->child, NULL);
        return code != LWC_OK ? code : lwc_fail(err, LWC_E_INTERNAL, "no backend was loaded");
    }
    version = lwc_wire_take_u32(&in);
    print = lwc_wire_take_text(&in);
    if (code == LWC_OK && (!lwc_wire_ended(&in) || version != LWC_WIRE_VERSION)) {
        code = lwc_fail(&why, LWC_E_INVALID, "version %u of the protocol, not %u", version,
                        LWC_WIRE_VERSION);
    }
    if (code == LWC_OK && !lwc_streq(print, hosted->print)) {
        code = lwc_fail(&why, LWC_E_INVALID, "another descriptor than its file has");
    }
    return code == LWC_OK ? LWC_OK : give_up(hosted, call, code, &why, err);
}

static enum lwc_code open_there(struct lwc_client *hosted, struct lwc_call *call,
                                struct lwc_error *err)
{
    struct lwc_wire_out out = request_begin(hosted, call, LWC_WIRE_OPEN);
    enum lwc_code code = LWC_OK;

    lwc_wire_put_u32(&out, (uint32_t)hosted->argc);
    for (size_t i = 0; i < hosted->argc; i++) {
        lwc_wire_put_text(&out, hosted->argv[i]);
    }
    code = request_end(hosted, call, &out, err);
    if (code != LWC_OK) {
        lwc_child_end(&hosted->child, NULL);
    }
    return code;
}

/* The module, or a library below it, may look at any variable that the host is given. */
static void read_variables(const struct lwc_client *hosted)
{
    const char *name = NULL;

    for (size_t i = 0; (name = lwc_child_variable(i)) != NULL; i++) {
        (void)hosted->host->setting(hosted->host->data, name);
    }
}

/* A host in which the backend is open. */
static enum lwc_code ready(struct lwc_client *hosted, struct lwc_call *call, struct lwc_error *err)
{
    enum lwc_code code = hosted->why.code;

    if (hosted->refused.code != LWC_OK) {
        return pass_on(&hosted->refused, err);
    }
    if (code != LWC_OK && now_ms() < hosted->retry_ms) {
        return pass_on(&hosted->why, err);
    }
    hosted->why.code = LWC_OK;
    if (lwc_child_is_ours(&hosted->child) && lwc_child_is_idle(&hosted->child) &&
        lwc_child_has_our_limits(&hosted->child)) {
        return LWC_OK;
    }
    lwc_child_end(&hosted->child, NULL);
    read_variables(hosted);
    code = lwc_child_start(lwc_libexec_dir, PROGRAM, &hosted->child, err);
    if (code != LWC_OK) {
        return lwc_wrap(err, code, "backend '%s'", hosted->name);
    }
    code = hello(hosted, call, err);
    return code == LWC_OK ? open_there(hosted, call, err) : code;
}

enum lwc_code lwc_client_open(struct lwc_client *hosted, struct lwc_error *err)
{
    struct lwc_call call = call_begin(hosted);

    return ready(hosted, &call, err);
}

/* Begin a request to a host that is ready for it. */
static enum lwc_code begin(struct lwc_client *hosted, uint32_t request, struct lwc_call *call_out,
                           struct lwc_wire_out *out_out, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    *call_out = call_begin(hosted);
    code = ready(hosted, call_out, err);
    if (code == LWC_OK) {
        *out_out = request_begin(hosted, call_out, request);
    }
    return code;
}

static enum lwc_code hosted_find(void *state, const struct lwc_identity *query,
                                 const struct lwc_sink *sink, struct lwc_error *err)
{
    struct lwc_call call;
    struct lwc_wire_out out;
    enum lwc_code code = begin(state, LWC_WIRE_FIND, &call, &out, err);

    if (code != LWC_OK) {
        return code;
    }
    call.sink = sink;
    lwc_wire_put_identity(&out, query);
    return request_end(state, &call, &out, err);
}

static enum lwc_code hosted_list(void *state, const struct lwc_visitor *visitor,
                                 struct lwc_error *err)
{
    struct lwc_call call;
    struct lwc_wire_out out;
    enum lwc_code code = begin(state, LWC_WIRE_LIST, &call, &out, err);

    if (code != LWC_OK) {
        return code;
    }
    call.visitor = visitor;
    return request_end(state, &call, &out, err);
}

static enum lwc_code hosted_store(void *state, const struct lwc_identity *identity,
                                  const void *secret, size_t len, uint32_t flags,
                                  struct lwc_error *err)
{
    struct lwc_call call;
    struct lwc_wire_out out;
    enum lwc_code code = begin(state, LWC_WIRE_STORE, &call, &out, err);

    if (code != LWC_OK) {
        return code;
    }
    lwc_wire_put_identity(&out, identity);
    lwc_wire_put_u32(&out, flags);
    lwc_wire_put_bytes(&out, secret, len);
    return request_end(state, &call, &out, err);
}

static enum lwc_code hosted_erase(void *state, const struct lwc_identity *query,
                                  struct lwc_error *err)
{
    struct lwc_call call;
    struct lwc_wire_out out;
    enum lwc_code code = begin(state, LWC_WIRE_ERASE, &call, &out, err);

    if (code != LWC_OK) {
        return code;
    }
    lwc_wire_put_identity(&out, query);
    return request_end(state, &call, &out, err);
}

/* A request with a number at most. */
static enum lwc_code plain(struct lwc_client *hosted, uint32_t request, const uint32_t *number,
                           struct lwc_error *err)
{
    struct lwc_call call;
    struct lwc_wire_out out;
    enum lwc_code code = begin(hosted, request, &call, &out, err);

    if (code != LWC_OK) {
        return code;
    }
    if (number != NULL) {
        lwc_wire_put_u32(&out, *number);
    }
    return request_end(hosted, &call, &out, err);
}

static enum lwc_code hosted_unlock(void *state, struct lwc_error *err)
{
    return plain(state, LWC_WIRE_UNLOCK, NULL, err);
}

static enum lwc_code hosted_lock(void *state, struct lwc_error *err)
{
    return plain(state, LWC_WIRE_LOCK, NULL, err);
}

static enum lwc_code hosted_probe(void *state, uint32_t cap, struct lwc_error *err)
{
    return plain(state, LWC_WIRE_PROBE, &cap, err);
}

/* What open() made ends with the host, in lwc_client_free(). */
static void hosted_close(void *state)
{
    (void)state;
}

void lwc_client_proxy(struct lwc_backend *backend)
{
    backend->open = NULL;
    backend->close = hosted_close;
    backend->find = backend->find != NULL ? hosted_find : NULL;
    backend->list = backend->list != NULL ? hosted_list : NULL;
    backend->store = backend->store != NULL ? hosted_store : NULL;
    backend->erase = backend->erase != NULL ? hosted_erase : NULL;
    backend->unlock = backend->unlock != NULL ? hosted_unlock : NULL;
    backend->lock = backend->lock != NULL ? hosted_lock : NULL;
    backend->probe = backend->probe != NULL ? hosted_probe : NULL;
}

/* The caller's deadline runs no more: call.end_ms is what counts. */
static int64_t closing_ms(void *data)
{
    (void)data;
    return INT32_MAX;
}

/* The backend closes what it holds in its own time; nobody is there to hear that it could not. */
static void close_there(struct lwc_client *hosted)
{
    struct lwc_host host = *hosted->host;
    struct lwc_call call = call_begin(hosted);
    struct lwc_wire_out out;

    host.remaining_ms = closing_ms;
    call.host = &host;
    call.span_ms = CLOSE_MS;
    call.grace_ms = GRACE_MS;
    call.is_halved = false;
    call.end_ms = now_ms() + CLOSE_MS;
    out = request_begin(hosted, &call, LWC_WIRE_CLOSE);
    (void)!request_end(hosted, &call, &out, NULL);
    lwc_child_end(&hosted->child, NULL);
}

void lwc_client_free(struct lwc_client **hosted)
{
    if (hosted == NULL || *hosted == NULL) {
        return;
    }
    if (lwc_child_is_ours(&(*hosted)->child)) {
        close_there(*hosted);
    }
    lwc_child_end(&(*hosted)->child, NULL); /* of another process: its socket */
    lwc_buf_free(&(*hosted)->in);
    lwc_buf_free(&(*hosted)->out);
    free(*hosted);
    *hosted = NULL;
}
