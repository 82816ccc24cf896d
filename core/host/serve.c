/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in serve.h. */
#include "host/serve.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/verb.h"
#include "host/request.h"
#include "module/module.h"
#include "remote/socket.h"
#include "remote/wire.h"

#define STATUS_CALLER 3 /* the caller has gone, or broke the protocol */
#define BUFFER_LEN 1024
#define SETTINGS_MAX 256

/* A setting that the module asked for; the module may use the value until close(). */
struct setting {
    struct lwc_buf *name;
    struct lwc_buf *value; /* NULL: not set */
};

/*
 * request       body of the request under way, to which its members point.
 * answer        body of the last ANSWER.
 * out           body of the last frame sent.
 * call_at_ms,
 * caller_at_ms  the request's times, by the boot clock.
 * number        number of the request.
 * is_asking     the user is asked elsewhere: caller_at_ms counts.
 */
struct serve_ctx {
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
    uint32_t number;
    bool is_asking;
    struct setting settings[SETTINGS_MAX];
    size_t setting_count;
};

static int64_t now_ms(void)
{
    return lwc_clock_boot_ms(lwc_clock_system());
}

/* Exits without a message, since the caller has gone; locked memory goes with the process. */
static _Noreturn void exit_process(void)
{
    _exit(STATUS_CALLER);
}

static struct lwc_wire_out begin_frame(struct serve_ctx *ctx, uint32_t type)
{
    return lwc_wire_begin(ctx->out, type, ctx->number);
}

static void send_frame(struct serve_ctx *ctx, const struct lwc_wire_out *out)
{
    if (lwc_socket_send(ctx->fd, out, LWC_SOCKET_FOREVER, NULL) != LWC_OK) {
        exit_process();
    }
    lwc_buf_reset(ctx->out);
}

static struct lwc_wire_in receive_frame(struct serve_ctx *ctx, struct lwc_buf *bytes)
{
    struct lwc_wire_in in = {0};

    if (lwc_socket_receive(ctx->fd, bytes, LWC_SOCKET_FOREVER, &in, NULL) != LWC_OK) {
        exit_process();
    }
    return in;
}

static void set_times(struct serve_ctx *ctx, struct lwc_wire_times times)
{
    int64_t now = now_ms();

    ctx->call_at_ms = now + times.call_ms;
    ctx->caller_at_ms = now + times.caller_ms;
}

/* Sends a frame that asks, and returns the answer, borrowed until the next one. */
static struct lwc_host_answer ask_caller(struct serve_ctx *ctx, const struct lwc_wire_out *out,
                                         struct lwc_error *err)
{
    struct lwc_host_answer answer;
    struct lwc_wire_in in;

    send_frame(ctx, out);
    in = receive_frame(ctx, ctx->answer);
    if (!lwc_host_answer_parse(&in, &answer, err) || answer.number != ctx->number) {
        exit_process();
    }
    set_times(ctx, answer.times);
    return answer;
}

static void host_log(void *data, enum lwc_log_level level, const char *text)
{
    struct serve_ctx *ctx = data;
    struct lwc_wire_out out = begin_frame(ctx, LWC_WIRE_LOG);

    lwc_wire_put_u32(&out, (uint32_t)level);
    lwc_wire_put_text(&out, text);
    send_frame(ctx, &out);
}

static void host_depends(void *data, const char *path)
{
    struct serve_ctx *ctx = data;
    struct lwc_wire_out out = begin_frame(ctx, LWC_WIRE_DEPENDS);

    lwc_wire_put_text(&out, path);
    send_frame(ctx, &out);
}

static void host_asking(void *data, const char *text)
{
    struct serve_ctx *ctx = data;
    struct lwc_wire_out out = begin_frame(ctx, LWC_WIRE_ASKING);

    ctx->is_asking = true;
    lwc_wire_put_text(&out, text);
    send_frame(ctx, &out);
}

static int64_t host_remaining_ms(void *data)
{
    const struct serve_ctx *ctx = data;
    int64_t left_ms = (ctx->is_asking ? ctx->caller_at_ms : ctx->call_at_ms) - now_ms();

    return left_ms > 0 ? left_ms : 0;
}

static const char *find_setting(const struct serve_ctx *ctx, const char *name, bool *known_out)
{
    *known_out = false;
    for (size_t i = 0; i < ctx->setting_count; i++) {
        const struct setting *setting = &ctx->settings[i];

        if (lwc_streq(lwc_buf_text(setting->name), name)) {
            *known_out = true;
            return setting->value != NULL ? lwc_buf_text(setting->value) : NULL;
        }
    }
    return NULL;
}

/* Keeps values in struct lwc_buf: a setting may be a secret. */
static const char *host_setting(void *data, const char *name)
{
    struct serve_ctx *ctx = data;
    struct setting *setting = &ctx->settings[ctx->setting_count];
    struct lwc_wire_out out;
    struct lwc_host_answer answer;
    bool is_known = false;
    const char *known = find_setting(ctx, name, &is_known);

    if (is_known || ctx->setting_count == SETTINGS_MAX) {
        return known;
    }
    out = begin_frame(ctx, LWC_WIRE_SETTING);
    lwc_wire_put_text(&out, name);
    answer = ask_caller(ctx, &out, NULL);
    if (answer.code != LWC_OK || lwc_buf_copy(name, strlen(name), &setting->name, NULL) != LWC_OK ||
        (answer.value != NULL &&
         lwc_buf_copy(answer.value, answer.len, &setting->value, NULL) != LWC_OK)) {
        exit_process();
    }
    ctx->setting_count++;
    return setting->value != NULL ? lwc_buf_text(setting->value) : NULL;
}

static enum lwc_code host_prompt(void *data, const char *text, uint32_t flags,
                                 const struct lwc_sink *answer, struct lwc_error *err)
{
    struct serve_ctx *ctx = data;
    struct lwc_wire_out out = begin_frame(ctx, LWC_WIRE_PROMPT);
    struct lwc_host_answer typed;
    enum lwc_code code = LWC_OK;

    lwc_wire_put_u32(&out, flags);
    lwc_wire_put_text(&out, text);
    typed = ask_caller(ctx, &out, err);
    code = typed.code;
    if (code == LWC_OK && typed.value != NULL) {
        code = answer->put(answer->data, NULL, typed.value, typed.len, err);
    }
    lwc_buf_reset(ctx->answer);
    return code;
}

static enum lwc_code put_secret(void *data, const struct lwc_identity *identity, const void *bytes,
                                size_t len, struct lwc_error *err)
{
    static const struct lwc_identity none = {
        .profile = "", .account = "", .origin = "", .key_id = "", .sub_account = ""};
    struct serve_ctx *ctx = data;
    struct lwc_wire_out out = begin_frame(ctx, LWC_WIRE_PUT);

    if (len == 0 || len > LWC_SECRET_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "secret of %zu bytes, allowed are 1 to %d", len,
                        LWC_SECRET_MAX);
    }
    lwc_wire_put_u32(&out, identity != NULL);
    lwc_wire_put_identity(&out, identity != NULL ? identity : &none);
    lwc_wire_put_bytes(&out, bytes, len);
    return ask_caller(ctx, &out, err).code;
}

static enum lwc_code visit_credential(void *data, const struct lwc_identity *identity,
                                      struct lwc_error *err)
{
    struct serve_ctx *ctx = data;
    struct lwc_wire_out out = begin_frame(ctx, LWC_WIRE_VISIT);

    lwc_wire_put_identity(&out, identity);
    return ask_caller(ctx, &out, err).code;
}

static enum lwc_code report_record(void *data, const struct lwc_field *fields, size_t count,
                                   struct lwc_error *err)
{
    struct serve_ctx *ctx = data;
    struct lwc_wire_out out = begin_frame(ctx, LWC_WIRE_REPORT);
    enum lwc_code code = lwc_record_check(fields, count, err);

    if (code != LWC_OK) {
        return lwc_wrap(err, code, "backend '%s' reports", ctx->backend.name);
    }
    lwc_wire_put_u32(&out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        lwc_wire_put_text(&out, fields[i].name);
        lwc_wire_put_text(&out, fields[i].value);
    }
    return ask_caller(ctx, &out, err).code;
}

typedef enum lwc_code request_fn(struct serve_ctx *ctx, const struct lwc_host_request *request,
                                 struct lwc_error *err);

static enum lwc_code do_open(struct serve_ctx *ctx, const struct lwc_host_request *request,
                             struct lwc_error *err)
{
    enum lwc_code code =
        ctx->backend.open(&ctx->host, request->argc, request->argv, &ctx->state, err);

    ctx->open = code == LWC_OK;
    return code;
}

static enum lwc_code do_close(struct serve_ctx *ctx, const struct lwc_host_request *request,
                              struct lwc_error *err)
{
    (void)request;
    (void)err;
    ctx->backend.close(ctx->state);
    ctx->open = false;
    return LWC_OK;
}

static enum lwc_code do_find(struct serve_ctx *ctx, const struct lwc_host_request *request,
                             struct lwc_error *err)
{
    const struct lwc_sink sink = {.data = ctx, .put = put_secret};

    return ctx->backend.find(ctx->state, &request->identity, &sink, err);
}

static enum lwc_code do_list(struct serve_ctx *ctx, const struct lwc_host_request *request,
                             struct lwc_error *err)
{
    const struct lwc_visitor visitor = {.data = ctx, .visit = visit_credential};

    (void)request;
    return ctx->backend.list(ctx->state, &visitor, err);
}

static enum lwc_code do_store(struct serve_ctx *ctx, const struct lwc_host_request *request,
                              struct lwc_error *err)
{
    return ctx->backend.store(ctx->state, &request->identity, request->secret, request->secret_len,
                              request->value, err);
}

static enum lwc_code do_erase(struct serve_ctx *ctx, const struct lwc_host_request *request,
                              struct lwc_error *err)
{
    return ctx->backend.erase(ctx->state, &request->identity, err);
}

static enum lwc_code do_unlock(struct serve_ctx *ctx, const struct lwc_host_request *request,
                               struct lwc_error *err)
{
    (void)request;
    return ctx->backend.unlock(ctx->state, err);
}

static enum lwc_code do_lock(struct serve_ctx *ctx, const struct lwc_host_request *request,
                             struct lwc_error *err)
{
    (void)request;
    return ctx->backend.lock(ctx->state, err);
}

static enum lwc_code do_probe(struct serve_ctx *ctx, const struct lwc_host_request *request,
                              struct lwc_error *err)
{
    return ctx->backend.probe != NULL ? ctx->backend.probe(ctx->state, request->value, err)
                                      : lwc_fail(err, LWC_E_INTERNAL, "there is no probe()");
}

static enum lwc_code do_control(struct serve_ctx *ctx, const struct lwc_host_request *request,
                                struct lwc_error *err)
{
    const struct lwc_reporter reporter = {.data = ctx, .report = report_record};

    if (ctx->backend.control == NULL) {
        return lwc_verb_unknown(ctx->backend.name, request->name, err);
    }
    return ctx->backend.control(ctx->state, request->name, request->argc, request->argv, &reporter,
                                err);
}

/* cap: the capability without which the backend lacks the function. */
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
    {LWC_WIRE_CONTROL, 0, do_control},
};

/* Returns the function for a request; ends the process if the request is out of turn. */
static request_fn *get_function(const struct serve_ctx *ctx, const struct lwc_host_request *request)
{
    size_t i = 0;

    while (i < LWC_ARRAY_LEN(requests) && requests[i].type != request->type) {
        i++;
    }
    if (i == LWC_ARRAY_LEN(requests) || ctx->open == (request->type == LWC_WIRE_OPEN) ||
        (ctx->backend.caps & requests[i].cap) != requests[i].cap) {
        exit_process();
    }
    return requests[i].run;
}

static void send_done(struct serve_ctx *ctx, enum lwc_code code, const struct lwc_error *err)
{
    struct lwc_wire_out out = begin_frame(ctx, LWC_WIRE_DONE);

    lwc_wire_put_error(&out, code, err);
    send_frame(ctx, &out);
}

static void receive_request(struct serve_ctx *ctx, struct lwc_host_request *request_out)
{
    struct lwc_wire_in in = receive_frame(ctx, ctx->request);

    if (!lwc_host_request_parse(&in, request_out)) {
        exit_process();
    }
    ctx->number = request_out->number;
}

/* Serves one request.  Returns false after the last one. */
static bool serve_request(struct serve_ctx *ctx)
{
    struct lwc_host_request request;
    request_fn *run = NULL;
    struct lwc_error err = {0};
    enum lwc_code code = LWC_OK;

    receive_request(ctx, &request);
    run = get_function(ctx, &request);
    set_times(ctx, request.times);
    ctx->is_asking = false;
    code = run(ctx, &request, &err);
    lwc_buf_reset(ctx->request);
    lwc_buf_reset(ctx->answer);
    send_done(ctx, code, &err);
    return request.type != LWC_WIRE_CLOSE;
}

/* Answers HELLO: loads the module that the caller names. */
static bool greet_caller(struct serve_ctx *ctx)
{
    struct lwc_host_request hello;
    struct lwc_error err = {0};
    struct lwc_wire_out out;
    char print[LWC_HASH_HEX_LEN];
    enum lwc_code code = LWC_OK;

    receive_request(ctx, &hello);
    if (hello.type != LWC_WIRE_HELLO) {
        exit_process();
    }
    if (hello.value != LWC_WIRE_VERSION) {
        code = lwc_fail(&err, LWC_E_FAILED,
                        "lwcred-backend-host speaks version %d of the protocol, not %u",
                        LWC_WIRE_VERSION, hello.value);
    }
    if (code == LWC_OK) {
        code = lwc_module_load(hello.name, hello.external_dir, &ctx->backend, &err);
    }
    if (code != LWC_OK) {
        send_done(ctx, code, &err);
        return false;
    }
    out = begin_frame(ctx, LWC_WIRE_READY);
    lwc_wire_put_u32(&out, LWC_WIRE_VERSION);
    lwc_descriptor_hash(&ctx->backend, print);
    lwc_wire_put_text(&out, print);
    send_frame(ctx, &out);
    return true;
}

int lwc_serve(int fd)
{
    static struct serve_ctx ctx;

    ctx.fd = fd;
    ctx.host = (struct lwc_host){.abi = LWC_BACKEND_ABI,
                                 .size = sizeof ctx.host,
                                 .data = &ctx,
                                 .log = host_log,
                                 .prompt = host_prompt,
                                 .setting = host_setting,
                                 .remaining_ms = host_remaining_ms,
                                 .depends = host_depends,
                                 .asking = host_asking};
    if (lwc_buf_new(BUFFER_LEN, &ctx.request, NULL) != LWC_OK ||
        lwc_buf_new(BUFFER_LEN, &ctx.answer, NULL) != LWC_OK ||
        lwc_buf_new(BUFFER_LEN, &ctx.out, NULL) != LWC_OK) {
        return STATUS_CALLER;
    }
    if (greet_caller(&ctx)) {
        while (serve_request(&ctx)) {
        }
    }
    return 0;
}
