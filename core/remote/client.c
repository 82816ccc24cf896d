/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in client.h. */
#include "remote/client.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/paths.h"
#include "base/text.h"
#include "base/verb.h"
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

/* Extra time for a module that keeps time by itself: its own error says more than ours. */
#define GRACE_MS 500

/*
 * States:
 *   no child, why.code LWC_OK    not started, or ended by itself
 *   child                        the backend is open in the host
 *   no child, why.code set       failed: not started again before retry_ms
 */
struct lwc_client {
    char name[LWC_BACKEND_NAME_MAX + 1];
    uint32_t caps;
    char print[LWC_HASH_HEX_LEN]; /* of its descriptor, as read from the file */
    const char *(*external_dir)(void);
    lwc_child_locate *locate;
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
    struct lwc_error refused; /* code is set if an argument is wrong: never started */
};

static int64_t now_ms(void)
{
    return lwc_clock_boot_ms(lwc_clock_system());
}

/* The last timeout counts; the module sees all of them, and may read them differently. */
static enum lwc_code parse_timeout(struct lwc_client *client, struct lwc_error *err)
{
    const size_t prefix_len = strlen(TIMEOUT_PREFIX);

    for (size_t i = 0; i < client->argc; i++) {
        const char *value = client->argv[i] + prefix_len;
        enum lwc_code code = LWC_E_INVALID;

        if (strncmp(client->argv[i], TIMEOUT_PREFIX, prefix_len) != 0 ||
            (lwc_text_parse_duration(value, &client->timeout_s) && client->timeout_s > 0)) {
            continue;
        }
        return lwc_hint(err,
                        lwc_fail(err, code, "backend '%s': " TIMEOUT_PREFIX "%s is no duration",
                                 client->name, value),
                        "seconds, or a number with s, m, h or d behind it");
    }
    return LWC_OK;
}

struct lwc_client *lwc_client_new(const struct lwc_client_module *module,
                                  const struct lwc_host *host, size_t argc, const char *const *argv)
{
    LWC_AUTO(struct lwc_client *, lwc_client_free) client = calloc(1, sizeof *client);

    if (client == NULL) {
        return NULL;
    }
    client->child = (struct lwc_child)LWC_CHILD_NONE;
    if (lwc_buf_new(BUFFER_LEN, &client->in, NULL) != LWC_OK ||
        lwc_buf_new(BUFFER_LEN, &client->out, NULL) != LWC_OK) {
        return NULL;
    }
    memcpy(client->name, module->backend->name,
           strnlen(module->backend->name, LWC_BACKEND_NAME_MAX));
    client->caps = module->backend->caps;
    memcpy(client->print, module->print, strnlen(module->print, LWC_HASH_HEX_LEN - 1));
    client->external_dir = module->external_dir;
    client->locate = module->locate;
    client->host = host;
    client->argc = argc;
    client->argv = argv;
    client->timeout_s = TIMEOUT_S;
    (void)!parse_timeout(client, &client->refused);
    return LWC_TAKE(client);
}

/* A call may take half of the time left: the rest of the walk and the exchange need time, too. */
static struct lwc_remote_call start_call(const struct lwc_client *client)
{
    const int64_t half_ms = client->host->remaining_ms(client->host->data) / 2;
    struct lwc_remote_call call = {.host = client->host,
                                   .name = client->name,
                                   .caps = client->caps,
                                   .argc = client->argc,
                                   .argv = client->argv,
                                   .span_ms = client->timeout_s * 1000,
                                   .grace_ms = GRACE_MS};

    if (call.span_ms + call.grace_ms > half_ms) {
        call.is_halved = true;
        call.grace_ms = half_ms / 4 < GRACE_MS ? half_ms / 4 : GRACE_MS;
        call.span_ms = half_ms - call.grace_ms;
    }
    call.end_ms = now_ms() + call.span_ms;
    return call;
}

/* Returns the end of the call, the same moment for each of its frames: no frame buys time. */
static int64_t get_deadline_ms(const struct lwc_remote_call *call)
{
    int64_t caller_at_ms = now_ms() + lwc_call_times(call).caller_ms;
    int64_t own_at_ms = call->end_ms + call->grace_ms;

    return !call->is_asking && own_at_ms < caller_at_ms ? own_at_ms : caller_at_ms;
}

/* Begins a request with the next number; all but HELLO start with the times. */
static struct lwc_wire_out begin_request(struct lwc_client *client, struct lwc_remote_call *call,
                                         uint32_t request)
{
    struct lwc_wire_out out = lwc_wire_begin(client->out, request, ++client->number);

    call->request = request;
    call->number = client->number;
    if (request != LWC_WIRE_HELLO) {
        lwc_wire_put_times(&out, lwc_call_times(call));
    }
    return out;
}

/* Sends the request and serves the host's own frames until the answer comes. */
static enum lwc_code exchange_frames(struct lwc_client *client, struct lwc_remote_call *call,
                                     const struct lwc_wire_out *request, uint32_t expected,
                                     struct lwc_wire_in *in_out, struct lwc_error *err)
{
    struct lwc_wire_out out = *request;
    bool to_send = true;
    enum lwc_code code = LWC_OK;

    while (code == LWC_OK) {
        if (to_send) {
            code = lwc_socket_send(client->child.fd, &out, get_deadline_ms(call), err);
            lwc_buf_reset(client->out); /* a key or passphrase lay in it */
        }
        if (code == LWC_OK) {
            code = lwc_socket_receive(client->child.fd, client->in, get_deadline_ms(call), in_out,
                                      err);
        }
        if (code == LWC_OK && in_out->request != call->number) {
            return lwc_fail(err, LWC_E_INVALID, "a frame out of turn");
        }
        if (code != LWC_OK || in_out->type == LWC_WIRE_DONE || in_out->type == expected) {
            return code;
        }
        code = lwc_callbacks_serve(call, in_out, client->out, &out, &to_send, err);
        if (code == LWC_OK &&
            now_ms() >= get_deadline_ms(call)) { /* the host sends faster than we read */
            code = lwc_fail(err, LWC_E_BUSY, "the time is over");
        }
    }
    return code;
}

static enum lwc_code fail_late(const struct lwc_client *client, const struct lwc_remote_call *call,
                               struct lwc_error *err)
{
    enum lwc_code code = LWC_E_FAILED;

    if (call->is_asking || now_ms() < call->end_ms) {
        return lwc_fail(err, code, "backend '%s' did not answer before the deadline", client->name);
    }
    if (call->is_halved) {
        return lwc_fail(err, code,
                        "backend '%s' did not answer within %.1f s, half of the time that was left",
                        client->name, (double)(call->span_ms + call->grace_ms) / 1000);
    }
    return lwc_hint(err,
                    lwc_fail(err, code, "backend '%s' did not answer within %lld s", client->name,
                             (long long)client->timeout_s),
                    "its argument " TIMEOUT_PREFIX " says how long it may take");
}

/* Puts into words why the conversation broke off, and how the host ended. */
static enum lwc_code describe_failure(const struct lwc_client *client,
                                      const struct lwc_remote_call *call, enum lwc_code code,
                                      const char *cause, struct lwc_error *err)
{
    const char *ended = lwc_is_set(cause) ? cause : "ended";
    struct lwc_error sent = *err;

    switch (code) {
    case LWC_E_BUSY:
        return fail_late(client, call, err);
    case LWC_E_UNAVAILABLE:
        return lwc_fail(err, LWC_E_FAILED, "backend '%s' %s", client->name, ended);
    case LWC_E_CORRUPT:
        return lwc_fail(err, LWC_E_FAILED, "backend '%s' %s in mid-answer", client->name, ended);
    case LWC_E_INVALID:
        return lwc_fail(err, LWC_E_FAILED, "backend '%s' sent %s", client->name, sent.msg);
    default:
        return lwc_wrap(err, code, "backend '%s'", client->name);
    }
}

/* Ends the host after a failure, and keeps the reason for the calls of the next minute. */
static enum lwc_code abandon_host(struct lwc_client *client, const struct lwc_remote_call *call,
                                  enum lwc_code code, const struct lwc_error *why,
                                  struct lwc_error *err)
{
    char cause[LWC_CHILD_CAUSE_LEN] = "";

    client->why = *why;
    lwc_buf_reset(client->in);
    lwc_buf_reset(client->out);
    lwc_child_end(&client->child, cause);
    client->why.code = describe_failure(client, call, code, cause, &client->why);
    client->retry_ms = now_ms() + RETRY_MS;
    return lwc_error_pass(err, client->why.code, &client->why);
}

/* Sends a request and reads its DONE. */
static enum lwc_code finish_request(struct lwc_client *client, struct lwc_remote_call *call,
                                    const struct lwc_wire_out *request, struct lwc_error *err)
{
    struct lwc_error why = {0};
    struct lwc_wire_in in = {0};
    enum lwc_code code = LWC_OK;

    if (request->failed || lwc_buf_len(request->bytes) > LWC_WIRE_BODY_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "backend '%s' cannot be told so much at once",
                        client->name);
    }
    code = exchange_frames(client, call, request, LWC_WIRE_DONE, &in, &why);
    if (code != LWC_OK) {
        return abandon_host(client, call, code, &why, err);
    }
    code = lwc_wire_take_error(&in, err);
    if (!lwc_wire_is_ended(&in)) {
        code = lwc_fail(&why, LWC_E_INVALID, "a malformed answer");
        return abandon_host(client, call, code, &why, err);
    }
    return code;
}

static enum lwc_code greet_host(struct lwc_client *client, struct lwc_remote_call *call,
                                struct lwc_error *err)
{
    const char *dir = client->external_dir != NULL ? client->external_dir() : NULL;
    struct lwc_wire_out out = begin_request(client, call, LWC_WIRE_HELLO);
    struct lwc_wire_in in = {0};
    struct lwc_error why = {0};
    enum lwc_code code = LWC_OK;
    uint32_t version = 0;
    const char *print = NULL;

    lwc_wire_put_u32(&out, LWC_WIRE_VERSION);
    lwc_wire_put_text(&out, client->name);
    lwc_wire_put_text(&out, dir != NULL ? dir : "");
    code = exchange_frames(client, call, &out, LWC_WIRE_READY, &in, &why);
    if (code == LWC_OK && in.type == LWC_WIRE_DONE) {
        code = lwc_wire_take_error(&in, err); /* the module could not be loaded there */
        lwc_child_end(&client->child, NULL);
        return code != LWC_OK ? code : lwc_fail(err, LWC_E_INTERNAL, "no backend was loaded");
    }
    version = lwc_wire_take_u32(&in);
    print = lwc_wire_take_text(&in);
    if (code == LWC_OK && (!lwc_wire_is_ended(&in) || version != LWC_WIRE_VERSION)) {
        code = lwc_fail(&why, LWC_E_INVALID, "version %u of the protocol, not %u", version,
                        LWC_WIRE_VERSION);
    }
    if (code == LWC_OK && !lwc_streq(print, client->print)) {
        code = lwc_fail(&why, LWC_E_INVALID, "another descriptor than its file has");
    }
    return code == LWC_OK ? LWC_OK : abandon_host(client, call, code, &why, err);
}

static void put_arguments(struct lwc_wire_out *out, size_t argc, const char *const *argv)
{
    lwc_wire_put_u32(out, (uint32_t)argc);
    for (size_t i = 0; i < argc; i++) {
        lwc_wire_put_text(out, argv[i]);
    }
}

static enum lwc_code open_backend(struct lwc_client *client, struct lwc_remote_call *call,
                                  struct lwc_error *err)
{
    struct lwc_wire_out out = begin_request(client, call, LWC_WIRE_OPEN);
    enum lwc_code code = LWC_OK;

    put_arguments(&out, client->argc, client->argv);
    code = finish_request(client, call, &out, err);
    if (code != LWC_OK) {
        lwc_child_end(&client->child, NULL);
    }
    return code;
}

/* Reads each variable that the host inherits: the module or its libraries may depend on it. */
static void note_variables(const struct lwc_client *client)
{
    const char *name = NULL;

    for (size_t i = 0; (name = lwc_child_variable(i)) != NULL; i++) {
        (void)client->host->setting(client->host->data, name);
    }
}

/* Makes sure that a host runs, with the backend open in it. */
static enum lwc_code prepare_host(struct lwc_client *client, struct lwc_remote_call *call,
                                  struct lwc_error *err)
{
    enum lwc_code code = client->why.code;

    if (client->refused.code != LWC_OK) {
        return lwc_error_pass(err, client->refused.code, &client->refused);
    }
    if (code != LWC_OK && now_ms() < client->retry_ms) {
        return lwc_error_pass(err, client->why.code, &client->why);
    }
    client->why.code = LWC_OK;
    if (lwc_child_is_ours(&client->child) && lwc_child_is_idle(&client->child) &&
        lwc_child_has_our_limits(&client->child)) {
        return LWC_OK;
    }
    lwc_child_end(&client->child, NULL);
    note_variables(client);
    code = lwc_child_start(client->locate, lwc_libexec_dir, PROGRAM, &client->child, err);
    if (code != LWC_OK) {
        return lwc_wrap(err, code, "backend '%s'", client->name);
    }
    code = greet_host(client, call, err);
    return code == LWC_OK ? open_backend(client, call, err) : code;
}

enum lwc_code lwc_client_open(struct lwc_client *client, struct lwc_error *err)
{
    struct lwc_remote_call call = start_call(client);

    return prepare_host(client, &call, err);
}

/* Prepares the host and begins a request to it. */
static enum lwc_code begin_call(struct lwc_client *client, uint32_t request,
                                struct lwc_remote_call *call_out, struct lwc_wire_out *out_out,
                                struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    *call_out = start_call(client);
    code = prepare_host(client, call_out, err);
    if (code == LWC_OK) {
        *out_out = begin_request(client, call_out, request);
    }
    return code;
}

static enum lwc_code proxy_find(void *state, const struct lwc_identity *query,
                                const struct lwc_sink *sink, struct lwc_error *err)
{
    struct lwc_remote_call call;
    struct lwc_wire_out out;
    enum lwc_code code = begin_call(state, LWC_WIRE_FIND, &call, &out, err);

    if (code != LWC_OK) {
        return code;
    }
    call.sink = sink;
    lwc_wire_put_identity(&out, query);
    return finish_request(state, &call, &out, err);
}

static enum lwc_code proxy_list(void *state, const struct lwc_visitor *visitor,
                                struct lwc_error *err)
{
    struct lwc_remote_call call;
    struct lwc_wire_out out;
    enum lwc_code code = begin_call(state, LWC_WIRE_LIST, &call, &out, err);

    if (code != LWC_OK) {
        return code;
    }
    call.visitor = visitor;
    return finish_request(state, &call, &out, err);
}

static enum lwc_code proxy_store(void *state, const struct lwc_identity *identity,
                                 const void *secret, size_t len, uint32_t flags,
                                 struct lwc_error *err)
{
    struct lwc_remote_call call;
    struct lwc_wire_out out;
    enum lwc_code code = begin_call(state, LWC_WIRE_STORE, &call, &out, err);

    if (code != LWC_OK) {
        return code;
    }
    lwc_wire_put_identity(&out, identity);
    lwc_wire_put_u32(&out, flags);
    lwc_wire_put_bytes(&out, secret, len);
    return finish_request(state, &call, &out, err);
}

static enum lwc_code proxy_erase(void *state, const struct lwc_identity *query,
                                 struct lwc_error *err)
{
    struct lwc_remote_call call;
    struct lwc_wire_out out;
    enum lwc_code code = begin_call(state, LWC_WIRE_ERASE, &call, &out, err);

    if (code != LWC_OK) {
        return code;
    }
    lwc_wire_put_identity(&out, query);
    return finish_request(state, &call, &out, err);
}

/* Sends a request that has one number at most. */
static enum lwc_code send_plain_request(struct lwc_client *client, uint32_t request,
                                        const uint32_t *number, struct lwc_error *err)
{
    struct lwc_remote_call call;
    struct lwc_wire_out out;
    enum lwc_code code = begin_call(client, request, &call, &out, err);

    if (code != LWC_OK) {
        return code;
    }
    if (number != NULL) {
        lwc_wire_put_u32(&out, *number);
    }
    return finish_request(client, &call, &out, err);
}

static enum lwc_code proxy_unlock(void *state, struct lwc_error *err)
{
    return send_plain_request(state, LWC_WIRE_UNLOCK, NULL, err);
}

static enum lwc_code proxy_lock(void *state, struct lwc_error *err)
{
    return send_plain_request(state, LWC_WIRE_LOCK, NULL, err);
}

static enum lwc_code proxy_probe(void *state, uint32_t cap, struct lwc_error *err)
{
    return send_plain_request(state, LWC_WIRE_PROBE, &cap, err);
}

static enum lwc_code proxy_control(void *state, const char *verb, size_t argc,
                                   const char *const *argv, const struct lwc_reporter *reporter,
                                   struct lwc_error *err)
{
    struct lwc_remote_call call;
    struct lwc_wire_out out;
    enum lwc_code code = lwc_verb_check(verb, argc, argv, err);

    if (code == LWC_OK) {
        code = begin_call(state, LWC_WIRE_CONTROL, &call, &out, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    call.reporter = reporter;
    lwc_wire_put_text(&out, verb);
    put_arguments(&out, argc, argv);
    return finish_request(state, &call, &out, err);
}

/* Does nothing: the state ends with the host, in lwc_client_free(). */
static void proxy_close(void *state)
{
    (void)state;
}

void lwc_client_proxy(struct lwc_backend *backend)
{
    backend->open = NULL;
    backend->close = proxy_close;
    backend->find = backend->find != NULL ? proxy_find : NULL;
    backend->list = backend->list != NULL ? proxy_list : NULL;
    backend->store = backend->store != NULL ? proxy_store : NULL;
    backend->erase = backend->erase != NULL ? proxy_erase : NULL;
    backend->unlock = backend->unlock != NULL ? proxy_unlock : NULL;
    backend->lock = backend->lock != NULL ? proxy_lock : NULL;
    backend->probe = backend->probe != NULL ? proxy_probe : NULL;
    backend->control = backend->control != NULL ? proxy_control : NULL;
}

/* Closing is not bound to the caller's deadline: call.end_ms alone counts. */
static int64_t get_closing_ms(void *data)
{
    (void)data;
    return INT32_MAX;
}

/* Gives the backend its own time to close; a failure has no caller to go to. */
static void close_backend(struct lwc_client *client)
{
    struct lwc_host host = *client->host;
    struct lwc_remote_call call = start_call(client);
    struct lwc_wire_out out;

    host.remaining_ms = get_closing_ms;
    call.host = &host;
    call.span_ms = CLOSE_MS;
    call.grace_ms = GRACE_MS;
    call.is_halved = false;
    call.end_ms = now_ms() + CLOSE_MS;
    out = begin_request(client, &call, LWC_WIRE_CLOSE);
    (void)!finish_request(client, &call, &out, NULL);
    lwc_child_end(&client->child, NULL);
}

void lwc_client_free(struct lwc_client **client)
{
    if (client == NULL || *client == NULL) {
        return;
    }
    if (lwc_child_is_ours(&(*client)->child)) {
        close_backend(*client);
    }
    lwc_child_end(&(*client)->child, NULL); /* started by another process: closes the socket */
    lwc_buf_free(&(*client)->in);
    lwc_buf_free(&(*client)->out);
    free(*client);
    *client = NULL;
}
