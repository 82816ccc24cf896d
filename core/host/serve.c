/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in serve.h. */
#include "host/serve.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "host/request.h"
#include "module/module.h"
#include "remote/socket.h"
#include "remote/wire.h"

#define STATUS_CALLER 3 /* the caller has gone, or talks nonsense */
#define BUFFER_LEN 1024
#define SETTINGS_MAX 256

/* A setting that the module asked for; it may look at the value until close(). */
struct setting {
    struct lwc_buf *name;
    struct lwc_buf *value; /* NULL: not set */
};

/*
 * request  body of the request under way, to which its members point.
 * answer   body of the last ANSWER; out: of the last frame sent.
 * call_at_ms, caller_at_ms  the request's times, by the boot clock.
 */
struct serve {
    int fd;
    struct lwc_backend backend;
    struct lwc_host host;
    void *state;
    bool open;
    struct lwc_buf *request;
    struct lwc_buf *answer;
    struct lwc_buf *out;
    int64_t call_at_ms;
    int64_t caller_at_ms;
    uint32_t number; /* of the request */
    bool asking;
    struct setting settings[SETTINGS_MAX];
    size_t setting_count;
};

static int64_t now_ms(void)
{
    return lwc_clock_boot_ms(lwc_clock_system());
}

/* Nobody is there to hear why; what is locked memory goes with the process. */
static _Noreturn void leave(void)
{
    _exit(STATUS_CALLER);
}

static struct lwc_wire_out begin(struct serve *serve, uint32_t type)
{
    return lwc_wire_begin(serve->out, type, serve->number);
}

static void send_frame(struct serve *serve, const struct lwc_wire_out *out)
{
    if (lwc_socket_send(serve->fd, out, LWC_SOCKET_FOREVER, NULL) != LWC_OK) {
        leave();
    }
    lwc_buf_reset(serve->out);
}

static struct lwc_wire_in receive(struct serve *serve, struct lwc_buf *bytes)
{
    struct lwc_wire_in in = {0};

    if (lwc_socket_receive(serve->fd, bytes, LWC_SOCKET_FOREVER, &in, NULL) != LWC_OK) {
        leave();
    }
    return in;
}

static void keep_times(struct serve *serve, struct lwc_wire_times times)
{
    int64_t now = now_ms();

    serve->call_at_ms = now + times.call_ms;
    serve->caller_at_ms = now + times.caller_ms;
}

/* Send a frame that asks; what is answered is borrowed until the next one. */
static struct lwc_host_answer ask(struct serve *serve, const struct lwc_wire_out *out,
                                  struct lwc_error *err)
{
    struct lwc_host_answer answer;
    struct lwc_wire_in in;

    send_frame(serve, out);
    in = receive(serve, serve->answer);
    if (!lwc_host_answer_parse(&in, &answer, err) || answer.number != serve->number) {
        leave();
    }
    keep_times(serve, answer.times);
    return answer;
}

static void host_log(void *data, enum lwc_log_level level, const char *text)
{
    struct serve *serve = data;
    struct lwc_wire_out out = begin(serve, LWC_WIRE_LOG);

    lwc_wire_put_u32(&out, (uint32_t)level);
    lwc_wire_put_text(&out, text);
    send_frame(serve, &out);
}

static void host_depends(void *data, const char *path)
{
    struct serve *serve = data;
    struct lwc_wire_out out = begin(serve, LWC_WIRE_DEPENDS);

    lwc_wire_put_text(&out, path);
    send_frame(serve, &out);
}

static void host_asking(void *data, const char *text)
{
    struct serve *serve = data;
    struct lwc_wire_out out = begin(serve, LWC_WIRE_ASKING);

    serve->asking = true;
    lwc_wire_put_text(&out, text);
    send_frame(serve, &out);
}

static int64_t host_remaining_ms(void *data)
{
    const struct serve *serve = data;
    int64_t left_ms = (serve->asking ? serve->caller_at_ms : serve->call_at_ms) - now_ms();

    return left_ms > 0 ? left_ms : 0;
}

static const char *setting_known(const struct serve *serve, const char *name, bool *known_out)
{
    *known_out = false;
    for (size_t i = 0; i < serve->setting_count; i++) {
        const struct setting *setting = &serve->settings[i];

        if (lwc_streq(lwc_buf_text(setting->name), name)) {
            *known_out = true;
            return setting->value != NULL ? lwc_buf_text(setting->value) : NULL;
        }
    }
    return NULL;
}

/* A setting may be a secret, LW_API_SECRET above all. */
static const char *host_setting(void *data, const char *name)
{
    struct serve *serve = data;
    struct setting *setting = &serve->settings[serve->setting_count];
    struct lwc_wire_out out;
    struct lwc_host_answer answer;
    bool is_known = false;
    const char *known = setting_known(serve, name, &is_known);

    if (is_known || serve->setting_count == SETTINGS_MAX) {
        return known;
    }
    out = begin(serve, LWC_WIRE_SETTING);
    lwc_wire_put_text(&out, name);
    answer = ask(serve, &out, NULL);
    if (answer.code != LWC_OK || lwc_buf_copy(name, strlen(name), &setting->name, NULL) != LWC_OK ||
        (answer.value != NULL &&
         lwc_buf_copy(answer.value, answer.len, &setting->value, NULL) != LWC_OK)) {
        leave();
    }
    serve->setting_count++;
    return setting->value != NULL ? lwc_buf_text(setting->value) : NULL;
}

static enum lwc_code host_prompt(void *data, const char *text, uint32_t flags,
                                 const struct lwc_sink *answer, struct lwc_error *err)
{
    struct serve *serve = data;
    struct lwc_wire_out out = begin(serve, LWC_WIRE_PROMPT);
    struct lwc_host_answer typed;
    enum lwc_code code = LWC_OK;

    lwc_wire_put_u32(&out, flags);
    lwc_wire_put_text(&out, text);
    typed = ask(serve, &out, err);
    code = typed.code;
    if (code == LWC_OK && typed.value != NULL) {
        code = answer->put(answer->data, NULL, typed.value, typed.len, err);
    }
    lwc_buf_reset(serve->answer);
    return code;
}

static enum lwc_code sink_put(void *data, const struct lwc_identity *identity, const void *bytes,
                              size_t len, struct lwc_error *err)
{
    static const struct lwc_identity none = {
        .profile = "", .account = "", .origin = "", .key_id = "", .sub_account = ""};
    struct serve *serve = data;
    struct lwc_wire_out out = begin(serve, LWC_WIRE_PUT);

    if (len == 0 || len > LWC_SECRET_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "secret of %zu bytes, allowed are 1 to %d", len,
                        LWC_SECRET_MAX);
    }
    lwc_wire_put_u32(&out, identity != NULL);
    lwc_wire_put_identity(&out, identity != NULL ? identity : &none);
    lwc_wire_put_bytes(&out, bytes, len);
    return ask(serve, &out, err).code;
}

static enum lwc_code visitor_visit(void *data, const struct lwc_identity *identity,
                                   struct lwc_error *err)
{
    struct serve *serve = data;
    struct lwc_wire_out out = begin(serve, LWC_WIRE_VISIT);

    lwc_wire_put_identity(&out, identity);
    return ask(serve, &out, err).code;
}

typedef enum lwc_code request_fn(struct serve *serve, const struct lwc_host_request *request,
                                 struct lwc_error *err);

static enum lwc_code do_open(struct serve *serve, const struct lwc_host_request *request,
                             struct lwc_error *err)
{
    enum lwc_code code =
        serve->backend.open(&serve->host, request->argc, request->argv, &serve->state, err);

    serve->open = code == LWC_OK;
    return code;
}

static enum lwc_code do_close(struct serve *serve, const struct lwc_host_request *request,
                              struct lwc_error *err)
{
    (void)request;
    (void)err;
    serve->backend.close(serve->state);
    serve->open = false;
    return LWC_OK;
}

static enum lwc_code do_find(struct serve *serve, const struct lwc_host_request *request,
                             struct lwc_error *err)
{
    const struct lwc_sink sink = {.data = serve, .put = sink_put};

    return serve->backend.find(serve->state, &request->identity, &sink, err);
}

static enum lwc_code do_list(struct serve *serve, const struct lwc_host_request *request,
                             struct lwc_error *err)
{
    const struct lwc_visitor visitor = {.data = serve, .visit = visitor_visit};

    (void)request;
    return serve->backend.list(serve->state, &visitor, err);
}

static enum lwc_code do_store(struct serve *serve, const struct lwc_host_request *request,
                              struct lwc_error *err)
{
    return serve->backend.store(serve->state, &request->identity, request->secret,
                                request->secret_len, request->value, err);
}

static enum lwc_code do_erase(struct serve *serve, const struct lwc_host_request *request,
                              struct lwc_error *err)
{
    return serve->backend.erase(serve->state, &request->identity, err);
}

static enum lwc_code do_unlock(struct serve *serve, const struct lwc_host_request *request,
                               struct lwc_error *err)
{
    (void)request;
    return serve->backend.unlock(serve->state, err);
}

static enum lwc_code do_lock(struct serve *serve, const struct lwc_host_request *request,
                             struct lwc_error *err)
{
    (void)request;
    return serve->backend.lock(serve->state, err);
}

static enum lwc_code do_probe(struct serve *serve, const struct lwc_host_request *request,
                              struct lwc_error *err)
{
    return serve->backend.probe != NULL ? serve->backend.probe(serve->state, request->value, err)
                                        : lwc_fail(err, LWC_E_INTERNAL, "there is no probe()");
}

/* cap: without it the backend has no such function. */
static const struct {
    uint32_t type;
    uint32_t cap;
    request_fn *run;
} requests[] = {
    {LWC_WIRE_OPEN, 0, do_open},
    {LWC_WIRE_CLOSE, 0, do_close},
    {LWC_WIRE_FIND, LWC_CAP_READ, do_find},
    {LWC_WIRE_LIST, LWC_CAP_LIST, do_list},
    {LWC_WIRE_STORE, LWC_CAP_STORE, do_store},
    {LWC_WIRE_ERASE, LWC_CAP_ERASE, do_erase},
    {LWC_WIRE_UNLOCK, LWC_CAP_UNLOCK, do_unlock},
    {LWC_WIRE_LOCK, LWC_CAP_UNLOCK, do_lock},
    {LWC_WIRE_PROBE, 0, do_probe},
};

/* The function for a request that is in turn; ends the process if it is not. */
static request_fn *function_for(const struct serve *serve, const struct lwc_host_request *request)
{
    size_t i = 0;

    while (i < LWC_ARRAY_LEN(requests) && requests[i].type != request->type) {
        i++;
    }
    if (i == LWC_ARRAY_LEN(requests) || serve->open == (request->type == LWC_WIRE_OPEN) ||
        (serve->backend.caps & requests[i].cap) != requests[i].cap) {
        leave();
    }
    return requests[i].run;
}

static void done(struct serve *serve, enum lwc_code code, const struct lwc_error *err)
{
    struct lwc_wire_out out = begin(serve, LWC_WIRE_DONE);

    lwc_wire_put_error(&out, code, err);
    send_frame(serve, &out);
}

static void next_request(struct serve *serve, struct lwc_host_request *request_out)
{
    struct lwc_wire_in in = receive(serve, serve->request);

    if (!lwc_host_request_parse(&in, request_out)) {
        leave();
    }
    serve->number = request_out->number;
}

/* False after the last one. */
static bool serve_one(struct serve *serve)
{
    struct lwc_host_request request;
    request_fn *run = NULL;
    struct lwc_error err = {0};
    enum lwc_code code = LWC_OK;

    next_request(serve, &request);
    run = function_for(serve, &request);
    keep_times(serve, request.times);
    serve->asking = false;
    code = run(serve, &request, &err);
    lwc_buf_reset(serve->request);
    lwc_buf_reset(serve->answer);
    done(serve, code, &err);
    return request.type != LWC_WIRE_CLOSE;
}

/* HELLO: load the module that the caller names. */
static bool greet(struct serve *serve)
{
    struct lwc_host_request hello;
    struct lwc_error err = {0};
    struct lwc_wire_out out;
    char print[LWC_HASH_HEX_LEN];
    enum lwc_code code = LWC_OK;

    next_request(serve, &hello);
    if (hello.type != LWC_WIRE_HELLO) {
        leave();
    }
    if (hello.value != LWC_WIRE_VERSION) {
        code = lwc_fail(&err, LWC_E_FAILED,
                        "lwcred-backend-host speaks version %d of the protocol, not %u",
                        LWC_WIRE_VERSION, hello.value);
    }
    if (code == LWC_OK) {
        code = lwc_module_load(hello.name, hello.external_dir, &serve->backend, &err);
    }
    if (code != LWC_OK) {
        done(serve, code, &err);
        return false;
    }
    out = begin(serve, LWC_WIRE_READY);
    lwc_wire_put_u32(&out, LWC_WIRE_VERSION);
    lwc_descriptor_print(&serve->backend, print);
    lwc_wire_put_text(&out, print);
    send_frame(serve, &out);
    return true;
}

int lwc_serve(int fd)
{
    static struct serve serve;

    serve.fd = fd;
    serve.host = (struct lwc_host){.abi = LWC_BACKEND_ABI,
                                   .size = sizeof serve.host,
                                   .data = &serve,
                                   .log = host_log,
                                   .prompt = host_prompt,
                                   .setting = host_setting,
                                   .remaining_ms = host_remaining_ms,
                                   .depends = host_depends,
                                   .asking = host_asking};
    if (lwc_buf_new(BUFFER_LEN, &serve.request, NULL) != LWC_OK ||
        lwc_buf_new(BUFFER_LEN, &serve.answer, NULL) != LWC_OK ||
        lwc_buf_new(BUFFER_LEN, &serve.out, NULL) != LWC_OK) {
        return STATUS_CALLER;
    }
    if (greet(&serve)) {
        while (serve_one(&serve)) {
        }
    }
    return 0;
}
