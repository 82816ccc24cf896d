/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in serve.h. */
#include "host/serve.h"

#include "base/channel.h"
#include "base/clock.h"
#include "base/frame.h"
#include "base/secret.h"
#include "stack/module.h"

#define STATUS_CALLER 3 /* the caller has gone, or talks nonsense */
#define BUFFER_LEN 1024
#define ARGS_MAX 1024
#define SETTINGS_MAX 256

/* A setting that the module asked for; it may look at the value until close(). */
struct setting {
    struct lwc_secret *name;
    struct lwc_secret *value; /* NULL: not set */
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
    struct lwc_secret *request;
    struct lwc_secret *answer;
    struct lwc_secret *out;
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
static void leave(void)
{
    _exit(STATUS_CALLER);
}

static struct lwc_frame_out begin(struct serve *serve, uint32_t type)
{
    return lwc_frame_begin(serve->out, type, serve->number);
}

static void send_frame(struct serve *serve, const struct lwc_frame_out *out)
{
    if (lwc_channel_send(serve->fd, out, LWC_CHANNEL_FOREVER, NULL) != LWC_OK) {
        leave();
    }
    lwc_secret_reset(serve->out);
}

static struct lwc_frame_in receive(struct serve *serve, struct lwc_secret *bytes)
{
    struct lwc_frame_in in = {0};

    if (lwc_channel_receive(serve->fd, bytes, LWC_CHANNEL_FOREVER, &in, NULL) != LWC_OK) {
        leave();
    }
    return in;
}

static void take_times(struct serve *serve, struct lwc_frame_in *in)
{
    struct lwc_frame_times times = lwc_frame_take_times(in);
    int64_t now = now_ms();

    if (times.call_ms < 0 || times.call_ms > INT64_MAX / 2 || times.caller_ms < 0 ||
        times.caller_ms > INT64_MAX / 2) {
        leave();
    }
    serve->call_at_ms = now + times.call_ms;
    serve->caller_at_ms = now + times.caller_ms;
}

/* Send a frame that asks; what is answered is borrowed until the next one. */
static enum lwc_code ask(struct serve *serve, const struct lwc_frame_out *out,
                         const void **value_out, size_t *len_out, struct lwc_error *err)
{
    struct lwc_frame_in in;
    bool is_there = false;
    enum lwc_code code = LWC_OK;

    send_frame(serve, out);
    in = receive(serve, serve->answer);
    take_times(serve, &in);
    code = lwc_frame_take_error(&in, err);
    is_there = lwc_frame_take_u32(&in) != 0;
    *value_out = lwc_frame_take_bytes(&in, len_out);
    if (in.type != LWC_FRAME_ANSWER || in.request != serve->number || !lwc_frame_ended(&in)) {
        leave();
    }
    if (!is_there) {
        *value_out = NULL;
    }
    return code;
}

static void host_log(void *data, enum lwc_log_level level, const char *text)
{
    struct serve *serve = data;
    struct lwc_frame_out out = begin(serve, LWC_FRAME_LOG);

    lwc_frame_put_u32(&out, (uint32_t)level);
    lwc_frame_put_text(&out, text);
    send_frame(serve, &out);
}

static void host_depends(void *data, const char *path)
{
    struct serve *serve = data;
    struct lwc_frame_out out = begin(serve, LWC_FRAME_DEPENDS);

    lwc_frame_put_text(&out, path);
    send_frame(serve, &out);
}

static void host_asking(void *data, const char *text)
{
    struct serve *serve = data;
    struct lwc_frame_out out = begin(serve, LWC_FRAME_ASKING);

    serve->asking = true;
    lwc_frame_put_text(&out, text);
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

        if (lwc_streq(lwc_secret_text(setting->name), name)) {
            *known_out = true;
            return setting->value != NULL ? lwc_secret_text(setting->value) : NULL;
        }
    }
    return NULL;
}

/* A setting may be a secret, LW_API_SECRET above all. */
static const char *host_setting(void *data, const char *name)
{
    struct serve *serve = data;
    struct setting *setting = &serve->settings[serve->setting_count];
    struct lwc_frame_out out;
    const void *value = NULL;
    size_t len = 0;
    bool is_known = false;
    const char *known = setting_known(serve, name, &is_known);

    if (is_known || serve->setting_count == SETTINGS_MAX) {
        return known;
    }
    out = begin(serve, LWC_FRAME_SETTING);
    lwc_frame_put_text(&out, name);
    if (ask(serve, &out, &value, &len, NULL) != LWC_OK ||
        lwc_secret_copy(name, strlen(name), &setting->name, NULL) != LWC_OK ||
        (value != NULL && lwc_secret_copy(value, len, &setting->value, NULL) != LWC_OK)) {
        leave();
    }
    serve->setting_count++;
    return setting->value != NULL ? lwc_secret_text(setting->value) : NULL;
}

static enum lwc_code host_prompt(void *data, const char *text, uint32_t flags,
                                 const struct lwc_sink *answer, struct lwc_error *err)
{
    struct serve *serve = data;
    struct lwc_frame_out out = begin(serve, LWC_FRAME_PROMPT);
    const void *typed = NULL;
    size_t len = 0;
    enum lwc_code code = LWC_OK;

    lwc_frame_put_u32(&out, flags);
    lwc_frame_put_text(&out, text);
    code = ask(serve, &out, &typed, &len, err);
    if (code == LWC_OK && typed != NULL) {
        code = answer->put(answer->data, NULL, typed, len, err);
    }
    lwc_secret_reset(serve->answer);
    return code;
}

static enum lwc_code sink_put(void *data, const struct lwc_identity *identity, const void *bytes,
                              size_t len, struct lwc_error *err)
{
    static const struct lwc_identity none = {
        .profile = "", .account = "", .origin = "", .key_id = "", .sub_account = ""};
    struct serve *serve = data;
    struct lwc_frame_out out = begin(serve, LWC_FRAME_PUT);
    const void *value = NULL;

    if (len == 0 || len > LWC_SECRET_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "secret of %zu bytes, allowed are 1 to %d", len,
                        LWC_SECRET_MAX);
    }
    lwc_frame_put_u32(&out, identity != NULL);
    lwc_frame_put_identity(&out, identity != NULL ? identity : &none);
    lwc_frame_put_bytes(&out, bytes, len);
    return ask(serve, &out, &value, &len, err);
}

static enum lwc_code visitor_visit(void *data, const struct lwc_identity *identity,
                                   struct lwc_error *err)
{
    struct serve *serve = data;
    struct lwc_frame_out out = begin(serve, LWC_FRAME_VISIT);
    const void *value = NULL;
    size_t len = 0;

    lwc_frame_put_identity(&out, identity);
    return ask(serve, &out, &value, &len, err);
}

/* The requests.  Each takes its members, and calls nothing if they are not well-formed. */
typedef enum lwc_code request_fn(struct serve *serve, struct lwc_frame_in *in,
                                 struct lwc_error *err);

static enum lwc_code do_open(struct serve *serve, struct lwc_frame_in *in, struct lwc_error *err)
{
    const char *argv[ARGS_MAX + 1] = {NULL};
    size_t argc = lwc_frame_take_u32(in);
    enum lwc_code code = LWC_OK;

    for (size_t i = 0; i < argc && i < ARGS_MAX; i++) {
        argv[i] = lwc_frame_take_text(in);
    }
    if (!lwc_frame_ended(in)) {
        leave();
    }
    code = serve->backend.open(&serve->host, argc, argv, &serve->state, err);
    serve->open = code == LWC_OK;
    return code;
}

static enum lwc_code do_close(struct serve *serve, struct lwc_frame_in *in, struct lwc_error *err)
{
    (void)err;
    if (!lwc_frame_ended(in)) {
        leave();
    }
    serve->backend.close(serve->state);
    serve->open = false;
    return LWC_OK;
}

static enum lwc_code do_find(struct serve *serve, struct lwc_frame_in *in, struct lwc_error *err)
{
    struct lwc_identity query = lwc_frame_take_identity(in);
    const struct lwc_sink sink = {.data = serve, .put = sink_put};

    if (!lwc_frame_ended(in)) {
        leave();
    }
    return serve->backend.find(serve->state, &query, &sink, err);
}

static enum lwc_code do_list(struct serve *serve, struct lwc_frame_in *in, struct lwc_error *err)
{
    const struct lwc_visitor visitor = {.data = serve, .visit = visitor_visit};

    if (!lwc_frame_ended(in)) {
        leave();
    }
    return serve->backend.list(serve->state, &visitor, err);
}

static enum lwc_code do_store(struct serve *serve, struct lwc_frame_in *in, struct lwc_error *err)
{
    struct lwc_identity identity = lwc_frame_take_identity(in);
    uint32_t flags = lwc_frame_take_u32(in);
    size_t len = 0;
    const void *secret = lwc_frame_take_bytes(in, &len);

    if (!lwc_frame_ended(in)) {
        leave();
    }
    return serve->backend.store(serve->state, &identity, secret, len, flags, err);
}

static enum lwc_code do_erase(struct serve *serve, struct lwc_frame_in *in, struct lwc_error *err)
{
    struct lwc_identity query = lwc_frame_take_identity(in);

    if (!lwc_frame_ended(in)) {
        leave();
    }
    return serve->backend.erase(serve->state, &query, err);
}

static enum lwc_code do_unlock(struct serve *serve, struct lwc_frame_in *in, struct lwc_error *err)
{
    if (!lwc_frame_ended(in)) {
        leave();
    }
    return serve->backend.unlock(serve->state, err);
}

static enum lwc_code do_lock(struct serve *serve, struct lwc_frame_in *in, struct lwc_error *err)
{
    if (!lwc_frame_ended(in)) {
        leave();
    }
    return serve->backend.lock(serve->state, err);
}

static enum lwc_code do_probe(struct serve *serve, struct lwc_frame_in *in, struct lwc_error *err)
{
    uint32_t cap = lwc_frame_take_u32(in);

    if (!lwc_frame_ended(in) || serve->backend.probe == NULL) {
        leave();
    }
    return serve->backend.probe(serve->state, cap, err);
}

/* cap: without it the backend has no such function. */
static const struct {
    uint32_t type;
    uint32_t cap;
    request_fn *run;
} requests[] = {
    {LWC_FRAME_OPEN, 0, do_open},
    {LWC_FRAME_CLOSE, 0, do_close},
    {LWC_FRAME_FIND, LWC_CAP_READ, do_find},
    {LWC_FRAME_LIST, LWC_CAP_LIST, do_list},
    {LWC_FRAME_STORE, LWC_CAP_STORE, do_store},
    {LWC_FRAME_ERASE, LWC_CAP_ERASE, do_erase},
    {LWC_FRAME_UNLOCK, LWC_CAP_UNLOCK, do_unlock},
    {LWC_FRAME_LOCK, LWC_CAP_UNLOCK, do_lock},
    {LWC_FRAME_PROBE, 0, do_probe},
};

static void done(struct serve *serve, enum lwc_code code, const struct lwc_error *err)
{
    struct lwc_frame_out out = begin(serve, LWC_FRAME_DONE);

    lwc_frame_put_error(&out, code, err);
    send_frame(serve, &out);
}

/* False after the last one. */
static bool serve_one(struct serve *serve)
{
    struct lwc_frame_in in = receive(serve, serve->request);
    struct lwc_error err = {0};
    enum lwc_code code = LWC_OK;
    size_t i = 0;

    while (i < LWC_ARRAY_LEN(requests) && requests[i].type != in.type) {
        i++;
    }
    if (i == LWC_ARRAY_LEN(requests) || serve->open == (in.type == LWC_FRAME_OPEN) ||
        (serve->backend.caps & requests[i].cap) != requests[i].cap) {
        leave();
    }
    take_times(serve, &in);
    serve->number = in.request;
    serve->asking = false;
    code = requests[i].run(serve, &in, &err);
    lwc_secret_reset(serve->request);
    lwc_secret_reset(serve->answer);
    done(serve, code, &err);
    return in.type != LWC_FRAME_CLOSE;
}

/* HELLO: load the module that the caller names. */
static bool greet(struct serve *serve)
{
    struct lwc_frame_in in = receive(serve, serve->request);
    uint32_t version = lwc_frame_take_u32(&in);
    const char *name = lwc_frame_take_text(&in);
    const char *external_dir = lwc_frame_take_text(&in);
    struct lwc_error err = {0};
    struct lwc_frame_out out;
    enum lwc_code code = LWC_OK;

    if (in.type != LWC_FRAME_HELLO || !lwc_frame_ended(&in)) {
        leave();
    }
    serve->number = in.request;
    if (version != LWC_FRAME_VERSION) {
        code = lwc_fail(&err, LWC_E_UNAVAILABLE,
                        "lwcred-backend-host speaks version %d of the protocol, not %u",
                        LWC_FRAME_VERSION, version);
    }
    if (code == LWC_OK) {
        code = lwc_module_load_from(name, external_dir, &serve->backend, &err);
    }
    if (code != LWC_OK) {
        done(serve, code, &err);
        return false;
    }
    out = begin(serve, LWC_FRAME_READY);
    lwc_frame_put_u32(&out, LWC_FRAME_VERSION);
    lwc_frame_put_u32(&out, serve->backend.caps);
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
    if (lwc_secret_new(BUFFER_LEN, &serve.request, NULL) != LWC_OK ||
        lwc_secret_new(BUFFER_LEN, &serve.answer, NULL) != LWC_OK ||
        lwc_secret_new(BUFFER_LEN, &serve.out, NULL) != LWC_OK) {
        return STATUS_CALLER;
    }
    if (greet(&serve)) {
        while (serve_one(&serve)) {
        }
    }
    return 0;
}
