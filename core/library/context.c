/* SPDX-License-Identifier: Apache-2.0 */
#include "library/context.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/account.h"
#include "base/buffer.h"
#include "base/identity.h"
#include "base/safefile.h"
#include "cache/key.h"
#include "conf/file.h"
#include "conf/parse.h"
#include "flight/flight.h"

#define TIMEOUT_MS 60000
#define TIMEOUT_MAX_MS (INT64_C(366) * 86400 * 1000) /* as good as none; sums do not overflow */

static void host_log(void *data, enum lwc_log_level level, const char *text)
{
    const struct lwc_context *ctx = data;

    if (ctx->options.log != NULL) {
        ctx->options.log(ctx->options.data, level, text);
    }
}

/* Moves the deadlines of the call under way and of all calls on by @ms. */
static void move_deadlines(struct lwc_context *ctx, int64_t ms)
{
    int64_t end_ms = atomic_load(&ctx->end_ms);

    ctx->deadline_ms += ms;
    if (end_ms != LWC_NO_DEADLINE) { /* one that is set anew meanwhile is right as it is */
        (void)atomic_compare_exchange_strong(&ctx->end_ms, &end_ms, end_ms + ms);
    }
}

/* Asks the user, and moves the deadline by the time that the user needs. */
static enum lwc_code host_prompt(void *data, const char *text, uint32_t flags,
                                 const struct lwc_sink *answer, struct lwc_error *err)
{
    struct lwc_context *ctx = data;
    int64_t asked_ms = lwc_clock_boot_ms(ctx->clock);
    enum lwc_code code;

    if (ctx->options.prompt == NULL || atomic_load(&ctx->no_prompt)) {
        return lwc_fail(err, LWC_E_LOCKED, "%s: cannot ask: not interactive", text);
    }
    lwc_flight_ask(ctx->flight);
    code = ctx->options.prompt(ctx->options.data, text, flags, answer, err);
    move_deadlines(ctx, lwc_clock_boot_ms(ctx->clock) - asked_ms);
    lwc_flight_stay(ctx->flight, ctx->deadline_ms - lwc_clock_boot_ms(ctx->clock));
    return code;
}

/* Returns a setting; LWC_OPEN_NO_PROMPT overrides the variable LWCRED_NO_PROMPT. */
static const char *host_setting(void *data, const char *name)
{
    const struct lwc_context *ctx = data;

    if (lwc_streq(name, "LWCRED_NO_PROMPT") && atomic_load(&ctx->no_prompt)) {
        return "1";
    }
    return secure_getenv(name);
}

/* Returns a setting to a backend, and notes that the backend's answer depends on the setting. */
static const char *host_setting_noted(void *data, const char *name)
{
    struct lwc_context *ctx = data;
    const char *value = host_setting(data, name);

    if (!lwc_key_of_covers(name)) {
        lwc_dependencies_note(&ctx->dependencies, name, value);
    }
    return value;
}

static int64_t host_remaining_ms(void *data)
{
    const struct lwc_context *ctx = data;
    int64_t left_ms = ctx->deadline_ms - lwc_clock_boot_ms(ctx->clock);

    return left_ms > 0 ? left_ms : 0;
}

static void host_depends(void *data, const char *path)
{
    struct lwc_context *ctx = data;

    lwc_dependencies_add(&ctx->dependencies, path);
}

static void host_asking(void *data, const char *text)
{
    const struct lwc_context *ctx = data;

    lwc_flight_ask(ctx->flight);
    host_log(data, LWC_LOG_INFO, text);
}

enum lwc_code lwc_call_check_process(const struct lwc_context *ctx, struct lwc_error *err)
{
    if (ctx->pid == getpid()) {
        return LWC_OK;
    }
    return lwc_hint(err, lwc_fail(err, LWC_E_INVALID, "the context belongs to the parent process"),
                    "after fork(), open one in the child");
}

#if defined(__SANITIZE_THREAD__)
#define SEES_RACES 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SEES_RACES 1
#endif
#endif

/* The race detector does not know pthread_mutex_clocklock(): it sees no lock there. */
static int lock_within(pthread_mutex_t *mutex, int64_t ms)
{
#if defined(SEES_RACES)
    const clockid_t clock = CLOCK_REALTIME;
#else
    const clockid_t clock = CLOCK_MONOTONIC;
#endif
    struct timespec until;

    (void)clock_gettime(clock, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
#if defined(SEES_RACES)
    return pthread_mutex_timedlock(mutex, &until);
#else
    return pthread_mutex_clocklock(mutex, clock, &until);
#endif
}

void lwc_deadline_set(struct lwc_context *ctx, int64_t timeout_ms)
{
    const int64_t cut_ms = timeout_ms < TIMEOUT_MAX_MS ? timeout_ms : TIMEOUT_MAX_MS;

    atomic_store(&ctx->end_ms,
                 timeout_ms < 0 ? LWC_NO_DEADLINE : lwc_clock_boot_ms(ctx->clock) + cut_ms);
}

/* The deadline of a call that began at @begun_ms. */
static int64_t get_deadline_ms(struct lwc_context *ctx, int64_t begun_ms)
{
    const int64_t own_ms = begun_ms + ctx->options.timeout_ms;
    const int64_t end_ms = atomic_load(&ctx->end_ms);

    return own_ms < end_ms ? own_ms : end_ms;
}

int64_t lwc_call_deadline_ms(struct lwc_context *ctx)
{
    return get_deadline_ms(ctx, lwc_clock_boot_ms(ctx->clock));
}

/* Another thread's call may wait for a server or a person for longer than ours may take. */
static enum lwc_code wait_in_turn(struct lwc_context *ctx, int64_t ms, struct lwc_error *err)
{
    int sys = lock_within(&ctx->mutex, ms > 0 ? ms : 0);

    switch (sys) {
    case 0:
        return LWC_OK;
    case EDEADLK:
        return lwc_fail(err, LWC_E_INVALID, "a callback uses the context that called it");
    case ETIMEDOUT:
        return lwc_fail(err, LWC_E_BUSY, "another thread's call did not end before the deadline");
    default:
        return lwc_fail_sys(err, LWC_E_INTERNAL, sys, "lock of the context");
    }
}

enum lwc_code lwc_call_start(struct lwc_context *ctx, struct lwc_held *held, struct lwc_error *err)
{
    int64_t begun_ms = lwc_clock_boot_ms(ctx->clock);
    enum lwc_code code = lwc_call_check_process(ctx, err);

    held->ctx = NULL;
    if (code == LWC_OK) {
        code = wait_in_turn(ctx, get_deadline_ms(ctx, begun_ms) - begun_ms, err);
    }
    if (code == LWC_OK) {
        held->ctx = ctx;
        ctx->deadline_ms = get_deadline_ms(ctx, begun_ms);
    }
    return code;
}

enum lwc_code lwc_call_start_secret(struct lwc_context *ctx, struct lwc_held *held,
                                    struct lwc_error *err)
{
    enum lwc_code code = lwc_call_start(ctx, held, err);

    if (code == LWC_OK && !ctx->warned && !lwc_memory_is_locked()) {
        ctx->warned = true;
        host_log(ctx, LWC_LOG_WARNING,
                 "memory cannot be locked here (RLIMIT_MEMLOCK): secrets could be swapped out");
    }
    return code;
}

void lwc_call_end(struct lwc_held *held)
{
    if (held->ctx != NULL) {
        (void)pthread_mutex_unlock(&held->ctx->mutex);
    }
}

enum lwc_code lwc_sized_take(void *to, size_t own_size, const void *from, const char *what,
                             struct lwc_error *err)
{
    const uint8_t *bytes = from;
    uint32_t size = 0;

    memset(to, 0, own_size);
    if (from == NULL) {
        return LWC_OK;
    }
    memcpy(&size, from, sizeof size);
    if (size < sizeof size || size > LWC_SIZED_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "%s: its member 'size' is not set", what);
    }
    for (size_t i = own_size; i < size; i++) {
        if (bytes[i] != 0) {
            return lwc_fail(err, LWC_E_INVALID,
                            "%s: sets a member that version " LWC_VERSION " does not know", what);
        }
    }
    memcpy(to, from, size < own_size ? size : own_size);
    return LWC_OK;
}

static enum lwc_code check_flags(uint32_t flags, uint32_t known, const char *what,
                                 struct lwc_error *err)
{
    if ((flags & ~known) == 0) {
        return LWC_OK;
    }
    return lwc_fail(err, LWC_E_INVALID, "%s: version " LWC_VERSION " does not know the flag 0x%x",
                    what, flags & ~known);
}

enum lwc_code lwc_store_flags_check(uint32_t flags, struct lwc_error *err)
{
    return check_flags(flags, LWC_STORE_REPLACE, "enum lwc_store_flag", err);
}

enum lwc_code lwc_options_take(const struct lwc_options *options, struct lwc_options *options_out,
                               struct lwc_error *err)
{
    enum lwc_code code =
        lwc_sized_take(options_out, sizeof *options_out, options, "struct lwc_options", err);

    if (code == LWC_OK) {
        code = check_flags(options_out->flags, LWC_OPEN_NO_PROMPT | LWC_OPEN_NO_EXTERNAL,
                           "enum lwc_open_flag", err);
    }
    if (code == LWC_OK && options_out->timeout_ms < 0) {
        code = lwc_fail(err, LWC_E_INVALID, "timeout_ms is negative");
    }
    if (options_out->timeout_ms == 0) {
        options_out->timeout_ms = TIMEOUT_MS;
    }
    if (options_out->timeout_ms > TIMEOUT_MAX_MS) {
        options_out->timeout_ms = TIMEOUT_MAX_MS;
    }
    return code;
}

static bool allows_external(const struct lwc_context *ctx)
{
    return (ctx->options.flags & LWC_OPEN_NO_EXTERNAL) == 0;
}

/* Tells a thread that holds the mutex already, in place of a wait for itself. */
static bool init_mutex(pthread_mutex_t *mutex)
{
    pthread_mutexattr_t attributes;
    bool is_done = false;

    if (pthread_mutexattr_init(&attributes) != 0) {
        return false;
    }
    is_done = pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK) == 0 &&
              pthread_mutex_init(mutex, &attributes) == 0;
    (void)pthread_mutexattr_destroy(&attributes);
    return is_done;
}

const char *lwc_version(void)
{
    return LWC_VERSION;
}

enum lwc_code lwc_account_parse(const char *text, char host_out[LWC_ACCOUNT_MAX + 1],
                                struct lwc_error *err)
{
    return lwc_account_canonical(text, host_out, err);
}

enum lwc_code lwc_origin_parse(const char *url, char origin_out[LWC_ORIGIN_MAX + 1],
                               struct lwc_error *err)
{
    return lwc_origin_canonical(url, origin_out, err);
}

static enum lwc_code load_conf(const struct lwc_options *options, struct lwc_conf **conf_out,
                               struct lwc_error *err)
{
    if (options->stack == NULL) {
        return lwc_conf_load(options->service, options->config, conf_out, err);
    }
    return lwc_conf_parse(options->stack, strlen(options->stack), "given", conf_out, err);
}

enum lwc_code lwc_open(const struct lwc_options *options, struct lwc_context **ctx_out,
                       struct lwc_error *err)
{
    LWC_AUTO(struct lwc_context *, lwc_close) ctx = calloc(1, sizeof *ctx);
    enum lwc_code code;

    if (ctx == NULL) {
        return lwc_fail_nomem(err);
    }
    if (!lwc_memory_is_ready()) {
        return lwc_fail(err, LWC_E_IO, "the system gives no random bytes");
    }
    ctx->clock = lwc_clock_system();
    ctx->host = (struct lwc_host){.abi = LWC_BACKEND_ABI,
                                  .size = sizeof ctx->host,
                                  .data = ctx,
                                  .log = host_log,
                                  .prompt = host_prompt,
                                  .setting = host_setting,
                                  .remaining_ms = host_remaining_ms,
                                  .depends = host_depends,
                                  .asking = host_asking};
    ctx->backend_host = ctx->host;
    ctx->backend_host.setting = host_setting_noted;
    ctx->pid = getpid();
    atomic_store(&ctx->end_ms, LWC_NO_DEADLINE);
    if (!init_mutex(&ctx->mutex)) {
        return lwc_fail_nomem(err);
    }
    if ((code = lwc_options_take(options, &ctx->options, err)) != LWC_OK ||
        (code = load_conf(&ctx->options, &ctx->conf, err)) != LWC_OK ||
        (code = lwc_stack_open(ctx->conf, &ctx->backend_host, allows_external(ctx), &ctx->stack,
                               err)) != LWC_OK) {
        return code;
    }
    atomic_store(&ctx->no_prompt, (ctx->options.flags & LWC_OPEN_NO_PROMPT) != 0);
    *ctx_out = LWC_TAKE(ctx);
    return LWC_OK;
}

void lwc_close(struct lwc_context **ctx)
{
    if (ctx == NULL || *ctx == NULL) {
        return;
    }
    lwc_stack_close(&(*ctx)->stack);
    lwc_conf_free(&(*ctx)->conf);
    lwc_dependencies_clear(&(*ctx)->dependencies);
    lwc_entry_free(&(*ctx)->proof.token);
    if ((*ctx)->pid == getpid()) { /* a thread that fork() left behind may hold it */
        (void)pthread_mutex_destroy(&(*ctx)->mutex);
    }
    free(*ctx);
    *ctx = NULL;
}

static const char *text_or_none(const char *text)
{
    return text != NULL ? text : "";
}

enum lwc_code lwc_query_take(const struct lwc_query *query, struct lwc_query *query_out,
                             struct lwc_identity *identity_out, struct lwc_error *err)
{
    enum lwc_code code =
        lwc_sized_take(query_out, sizeof *query_out, query, "struct lwc_query", err);

    *identity_out = (struct lwc_identity)LWC_IDENTITY_ANY;
    if (code == LWC_OK) {
        identity_out->profile = text_or_none(query_out->profile);
        identity_out->account = text_or_none(query_out->account);
        identity_out->key_id = text_or_none(query_out->key_id);
        identity_out->origin = text_or_none(query_out->origin);
    }
    return code;
}

struct lwc_obtain_ctx lwc_obtain_of(struct lwc_context *ctx)
{
    return (struct lwc_obtain_ctx){.stack = ctx->stack,
                                   .conf = ctx->conf,
                                   .host = &ctx->host,
                                   .clock = ctx->clock,
                                   .dependencies = &ctx->dependencies,
                                   .flight = &ctx->flight,
                                   .can_ask = ctx->options.prompt != NULL &&
                                              (ctx->options.flags & LWC_OPEN_NO_PROMPT) == 0,
                                   .external = allows_external(ctx),
                                   .mode = ctx->conf->cache};
}
