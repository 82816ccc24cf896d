/* SPDX-License-Identifier: Apache-2.0 */
#include <lwcred.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/account.h"
#include "base/clock.h"
#include "base/identity.h"
#include "base/secret.h"
#include "stack/conf.h"
#include "stack/keep.h"
#include "stack/query.h"
#include "stack/stack.h"
#include "token/cache.h"
#include "token/fresh.h"
#include "token/obtain.h"
#include "token/token.h"

#define TIMEOUT_MS 60000
/* Long enough for one exchange: the token that proves a key is forgotten at once. */
#define PROOF_TTL_S 60

struct lwc_context {
    struct lwc_options options;
    struct lwc_conf *conf;
    struct lwc_stack *stack;
    struct lwc_host host;
    const struct lwc_clock *clock;
    int64_t deadline_ms; /* of the call under way, by the boot clock */
    bool warned;         /* that memory cannot be locked */
    enum lwc_cache_mode cache_mode;
    struct lwc_witnesses witnesses; /* files that the backends of this call looked at */
    pthread_mutex_t mutex;          /* held during each call */
};

/* Holds a context for the length of a call. */
struct held {
    struct lwc_context *ctx;
};

/* Passes a listing on, with the name of the backend that it comes from. */
struct listing {
    struct lwc_identity query;
    const char *backend;
    lwc_list_fn *visit;
    void *data;
};

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

static void host_log(void *data, enum lwc_log_level level, const char *text)
{
    const struct lwc_context *ctx = data;

    if (ctx->options.log != NULL) {
        ctx->options.log(ctx->options.data, level, text);
    }
}

/* Time that a person needs is not the caller's: the deadline moves on by it. */
static enum lwc_code host_prompt(void *data, const char *text, uint32_t flags,
                                 const struct lwc_sink *answer, struct lwc_error *err)
{
    struct lwc_context *ctx = data;
    int64_t asked_ms = lwc_clock_boot_ms(ctx->clock);
    enum lwc_code code;

    if (ctx->options.prompt == NULL || (ctx->options.flags & LWC_OPEN_NO_PROMPT) != 0) {
        return lwc_fail(err, LWC_E_LOCKED, "%s: nobody may be asked", text);
    }
    code = ctx->options.prompt(ctx->options.data, text, flags, answer, err);
    ctx->deadline_ms += lwc_clock_boot_ms(ctx->clock) - asked_ms;
    return code;
}

static const char *host_setting(void *data, const char *name)
{
    (void)data;
    return secure_getenv(name);
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

    lwc_witnesses_add(&ctx->witnesses, path);
}

static void release(struct held *held)
{
    (void)pthread_mutex_unlock(&held->ctx->mutex);
}
#define HOLD __attribute__((unused)) LWC_AUTO(struct held, release) held

static struct held start_call(struct lwc_context *ctx)
{
    (void)pthread_mutex_lock(&ctx->mutex);
    ctx->deadline_ms = lwc_clock_boot_ms(ctx->clock) + ctx->options.timeout_ms;
    return (struct held){.ctx = ctx};
}

/* A call that will hold a secret: where memory cannot be locked, the user is told, once. */
static struct held start_secret_call(struct lwc_context *ctx)
{
    struct held held = start_call(ctx);

    if (!ctx->warned && !lwc_secret_memory_locked()) {
        ctx->warned = true;
        host_log(ctx, LWC_LOG_WARNING,
                 "memory cannot be locked here (RLIMIT_MEMLOCK): secrets could be swapped out");
    }
    return held;
}

/* Copies what both sides know of a struct that begins with its size. */
static enum lwc_code take_sized(void *to, size_t own_size, const void *from, const char *what,
                                struct lwc_error *err)
{
    uint32_t size = 0;

    memset(to, 0, own_size);
    if (from == NULL) {
        return LWC_OK;
    }
    memcpy(&size, from, sizeof size);
    if (size < sizeof size) {
        return lwc_fail(err, LWC_E_INVALID, "%s: its member 'size' is not set", what);
    }
    memcpy(to, from, size < own_size ? size : own_size);
    return LWC_OK;
}

static enum lwc_code take_options(struct lwc_context *ctx, const struct lwc_options *options,
                                  struct lwc_error *err)
{
    enum lwc_code code =
        take_sized(&ctx->options, sizeof ctx->options, options, "struct lwc_options", err);

    if (code == LWC_OK && ctx->options.timeout_ms < 0) {
        code = lwc_fail(err, LWC_E_INVALID, "timeout_ms is negative");
    }
    if (ctx->options.timeout_ms == 0) {
        ctx->options.timeout_ms = TIMEOUT_MS;
    }
    return code;
}

enum lwc_code lwc_open(const struct lwc_options *options, struct lwc_context **ctx_out,
                       struct lwc_error *err)
{
    LWC_AUTO(struct lwc_context *, lwc_close) ctx = calloc(1, sizeof *ctx);
    enum lwc_code code;

    if (ctx == NULL) {
        return lwc_fail_nomem(err);
    }
    ctx->clock = lwc_clock_system();
    ctx->host = (struct lwc_host){.abi = LWC_BACKEND_ABI,
                                  .size = sizeof ctx->host,
                                  .data = ctx,
                                  .log = host_log,
                                  .prompt = host_prompt,
                                  .setting = host_setting,
                                  .remaining_ms = host_remaining_ms,
                                  .depends = host_depends};
    if (pthread_mutex_init(&ctx->mutex, NULL) != 0) {
        return lwc_fail_nomem(err);
    }
    if ((code = take_options(ctx, options, err)) != LWC_OK ||
        (code = lwc_conf_load(ctx->options.service, ctx->options.config, &ctx->conf, err)) !=
            LWC_OK ||
        (code =
             lwc_stack_open(ctx->conf, &ctx->host, (ctx->options.flags & LWC_OPEN_NO_EXTERNAL) == 0,
                            &ctx->stack, err)) != LWC_OK) {
        return code;
    }
    (void)lwc_cache_mode_parse(ctx->conf->cache[0] != '\0' ? ctx->conf->cache : "auto",
                               &ctx->cache_mode);
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
    (void)pthread_mutex_destroy(&(*ctx)->mutex);
    free(*ctx);
    *ctx = NULL;
}

static const char *text_or_none(const char *text)
{
    return text != NULL ? text : "";
}

static enum lwc_code take_query(const struct lwc_query *query, struct lwc_query *query_out,
                                struct lwc_identity *identity_out, struct lwc_error *err)
{
    enum lwc_code code = take_sized(query_out, sizeof *query_out, query, "struct lwc_query", err);

    *identity_out = (struct lwc_identity)LWC_IDENTITY_ANY;
    if (code == LWC_OK) {
        identity_out->profile = text_or_none(query_out->profile);
        identity_out->account = text_or_none(query_out->account);
        identity_out->key_id = text_or_none(query_out->key_id);
    }
    return code;
}

static struct lwc_obtain obtain_of(struct lwc_context *ctx)
{
    return (struct lwc_obtain){.stack = ctx->stack,
                               .conf = ctx->conf,
                               .host = &ctx->host,
                               .clock = ctx->clock,
                               .witnesses = &ctx->witnesses,
                               .mode = ctx->cache_mode};
}

enum lwc_code lwc_token_get(struct lwc_context *ctx, const struct lwc_query *query,
                            struct lwc_token **token_out, struct lwc_error *err)
{
    HOLD = start_secret_call(ctx);
    const struct lwc_obtain obtain = obtain_of(ctx);
    struct lwc_query known;
    struct lwc_identity identity;
    enum lwc_code code = take_query(query, &known, &identity, err);

    if (code != LWC_OK) {
        return code;
    }
    return lwc_obtain_token(&obtain, &known, token_out, err);
}

/*
 * What is cached anywhere.  Entries that are sealed can be read where the secret is at hand without
 * asking: in the environment.
 */
static struct lwc_cache whole_cache(struct lwc_context *ctx, struct lwc_found **env)
{
    struct lwc_identity query = LWC_IDENTITY_ANY;
    struct lwc_cache cache = {.mode = LWC_CACHE_AUTO};

    query.profile = "env";
    query.kind = LWC_KIND_ACCESS_KEY;
    if (lwc_query_find_exact(ctx->stack, LWC_OP_LOOKUP, &query, env, NULL) == LWC_OK) {
        cache.sealing = (*env)->secret;
    }
    return cache;
}

/* Which cached entries to forget. */
struct forgetting {
    struct lwc_identity query;
    const void *token; /* this one alone, or NULL */
    size_t len;
    bool references; /* all answers, too: what they say may no longer be so */
};

static bool is_forgotten(void *data, const struct lwc_entry *entry, const char *place)
{
    const struct forgetting *forgetting = data;

    (void)place;
    if (entry->kind == LWC_ENTRY_REFERENCE && forgetting->references) {
        return true;
    }
    if (forgetting->token != NULL && entry->kind == LWC_ENTRY_REFERENCE) {
        return false;
    }
    if (forgetting->token != NULL) {
        return lwc_secret_equal(entry->text, forgetting->token, forgetting->len);
    }
    return lwc_identity_matches(&forgetting->query, &entry->identity.id);
}

enum lwc_code lwc_token_forget(struct lwc_context *ctx, const char *account, const char *token,
                               size_t len, struct lwc_error *err)
{
    HOLD = start_call(ctx);
    LWC_AUTO_FOUND env = NULL;
    struct forgetting forgetting = {.query = LWC_IDENTITY_ANY, .token = token, .len = len};
    struct lwc_cache cache;

    if (token == NULL && !lwc_is_set(account)) {
        return lwc_fail(err, LWC_E_INVALID, "a token or an account must be named");
    }
    forgetting.query.account = text_or_none(account);
    cache = whole_cache(ctx, &env);
    lwc_cache_each(&cache, is_forgotten, &forgetting);
    return LWC_OK;
}

/* What was cached of a credential that changed is not served any more. */
static void forget_changed(const char *profile, const char *key_id)
{
    const struct lwc_cache cache = {.mode = LWC_CACHE_AUTO};
    struct forgetting forgetting = {.query = LWC_IDENTITY_ANY, .references = true};

    forgetting.query.profile = key_id[0] == '\0' ? profile : "";
    forgetting.query.key_id = key_id;
    lwc_cache_each(&cache, is_forgotten, &forgetting);
}

/* Passes on the tokens that live, and has the dead ones removed. */
struct cached {
    lwc_cached_fn *visit;
    void *data;
    const struct lwc_clock *clock;
    char boot_id[LWC_BOOT_ID_LEN + 1];
};

static bool pass_on(void *data, const struct lwc_entry *entry, const char *place)
{
    const struct cached *cached = data;
    int64_t left_s = 0;

    if (entry->kind == LWC_ENTRY_TOKEN) {
        left_s = lwc_fresh_left_s(entry, cached->boot_id, cached->clock);
    }
    if (left_s > 0) {
        cached->visit(cached->data, &entry->identity.id, left_s, place);
    }
    return entry->kind == LWC_ENTRY_TOKEN && left_s == 0;
}

void lwc_cached_list(struct lwc_context *ctx, lwc_cached_fn *visit, void *data)
{
    HOLD = start_call(ctx);
    LWC_AUTO_FOUND env = NULL;
    const struct lwc_cache cache = whole_cache(ctx, &env);
    struct cached cached = {.visit = visit, .data = data, .clock = ctx->clock};

    if (lwc_fresh_boot_id(cached.boot_id)) {
        lwc_cache_each(&cache, pass_on, &cached);
    }
}

size_t lwc_cached_clear(struct lwc_context *ctx)
{
    HOLD = start_call(ctx);

    return lwc_cache_clear();
}

static enum lwc_code key_check(const struct lwc_identity *identity, struct lwc_error *err)
{
    enum lwc_code code = lwc_identity_check(identity, err);

    if (code == LWC_OK && identity->kind != LWC_KIND_ACCESS_KEY) {
        return lwc_fail(err, LWC_E_INVALID, "only access keys are stored");
    }
    if (code == LWC_OK && lwc_streq(identity->profile, "env")) {
        return lwc_fail(err, LWC_E_INVALID, "the profile name 'env' is that of the environment");
    }
    return code;
}

enum lwc_code lwc_key_prove(struct lwc_context *ctx, const struct lwc_identity *identity,
                            const void *secret, size_t len, struct lwc_error *err)
{
    HOLD = start_secret_call(ctx);
    LWC_AUTO_ENTRY token = NULL;
    enum lwc_code code = key_check(identity, err);

    if (code == LWC_OK) {
        code = lwc_key_secret_check(secret, len, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    return lwc_token_exchange(identity, "", secret, len, PROOF_TTL_S, &ctx->host, ctx->clock,
                              &token, err);
}

enum lwc_code lwc_key_probe(struct lwc_context *ctx, const struct lwc_identity *identity,
                            const char *backend, uint32_t flags,
                            char backend_out[LWC_BACKEND_NAME_MAX + 1], struct lwc_error *err)
{
    HOLD = start_secret_call(ctx);
    enum lwc_code code = lwc_profile_check(identity->profile, err);

    if (code == LWC_OK) {
        code = lwc_keep_probe(ctx->stack, identity, backend, flags, backend_out, err);
    }
    return code;
}

enum lwc_code lwc_key_store(struct lwc_context *ctx, const struct lwc_identity *identity,
                            const void *secret, size_t len, const char *backend, uint32_t flags,
                            char backend_out[LWC_BACKEND_NAME_MAX + 1], struct lwc_error *err)
{
    HOLD = start_secret_call(ctx);
    enum lwc_code code = key_check(identity, err);

    if (code == LWC_OK) {
        code = lwc_key_secret_check(secret, len, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    code = lwc_keep_store(ctx->stack, identity, secret, len, backend, flags, backend_out, err);
    if (code == LWC_OK) {
        forget_changed(identity->profile, "");
        lwc_obtain_forgive(identity);
    }
    return code;
}

enum lwc_code lwc_key_remove(struct lwc_context *ctx, const struct lwc_query *query,
                             const void *secret, size_t len, const char *backend,
                             char backend_out[LWC_BACKEND_NAME_MAX + 1], struct lwc_error *err)
{
    HOLD = start_secret_call(ctx);
    struct lwc_query known;
    struct lwc_identity identity;
    enum lwc_code code = take_query(query, &known, &identity, err);

    if (code == LWC_OK && identity.profile[0] == '\0' && identity.key_id[0] == '\0') {
        code = lwc_fail(err, LWC_E_INVALID, "a profile or a key id must be named");
    }
    if (code != LWC_OK) {
        return code;
    }
    code = lwc_keep_remove(ctx->stack, &identity, secret, len, backend, backend_out, err);
    if (code == LWC_OK) {
        forget_changed(identity.profile, identity.key_id);
    }
    return code;
}

static enum lwc_code list_one(void *data, const struct lwc_identity *identity,
                              struct lwc_error *err)
{
    const struct listing *listing = data;

    if (!lwc_identity_matches(&listing->query, identity)) {
        return LWC_OK;
    }
    return listing->visit(listing->data, identity, listing->backend, err);
}

static enum lwc_code list_unit(void *data, struct lwc_stack_unit *unit, struct lwc_error *err)
{
    struct listing *listing = data;
    const struct lwc_visitor visitor = {.data = listing, .visit = list_one};

    listing->backend = lwc_unit_name(unit);
    return lwc_unit_list(unit, &visitor, err);
}

enum lwc_code lwc_list(struct lwc_context *ctx, const struct lwc_query *query, lwc_list_fn *visit,
                       void *data, struct lwc_error *err)
{
    HOLD = start_call(ctx);
    struct lwc_query known;
    struct listing listing = {.visit = visit, .data = data};
    enum lwc_code code = take_query(query, &known, &listing.query, err);

    if (code != LWC_OK) {
        return code;
    }
    return lwc_stack_each(ctx->stack, LWC_OP_LOOKUP, list_unit, &listing, err);
}

void lwc_backends(struct lwc_context *ctx, lwc_backends_fn *visit, void *data)
{
    HOLD = start_call(ctx);

    lwc_stack_backends(ctx->stack, visit, data);
}
