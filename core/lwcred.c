/* SPDX-License-Identifier: Apache-2.0 */
#include <lwcred.h>

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
#include "token/token.h"

#define TIMEOUT_MS 60000

struct lwc_context {
    struct lwc_options options;
    struct lwc_conf *conf;
    struct lwc_stack *stack;
    struct lwc_host host;
    const struct lwc_clock *clock;
    int64_t deadline_ms; /* of the call under way, by the boot clock */
    bool warned;         /* that memory cannot be locked */
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

static void start_call(struct lwc_context *ctx)
{
    ctx->deadline_ms = lwc_clock_boot_ms(ctx->clock) + ctx->options.timeout_ms;
}

/* A call that will hold a secret: where memory cannot be locked, the user is told, once. */
static void start_secret_call(struct lwc_context *ctx)
{
    start_call(ctx);
    if (!ctx->warned && !lwc_secret_memory_locked()) {
        ctx->warned = true;
        host_log(ctx, LWC_LOG_WARNING,
                 "memory cannot be locked here (RLIMIT_MEMLOCK): secrets could be swapped out");
    }
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
                                  .remaining_ms = host_remaining_ms};
    if ((code = take_options(ctx, options, err)) != LWC_OK ||
        (code = lwc_conf_load(ctx->options.service, ctx->options.config, &ctx->conf, err)) !=
            LWC_OK ||
        (code =
             lwc_stack_open(ctx->conf, &ctx->host, (ctx->options.flags & LWC_OPEN_NO_EXTERNAL) == 0,
                            &ctx->stack, err)) != LWC_OK) {
        return code;
    }
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

enum lwc_code lwc_token_get(struct lwc_context *ctx, const struct lwc_query *query,
                            struct lwc_token **token_out, struct lwc_error *err)
{
    struct lwc_query known;
    struct lwc_identity identity;
    LWC_AUTO_FOUND found = NULL;
    enum lwc_code code = take_query(query, &known, &identity, err);

    start_secret_call(ctx);
    if (code == LWC_OK) {
        code = lwc_query_find(ctx->stack, &identity, &ctx->host, &found, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    return lwc_token_make(found, &known, &ctx->host, ctx->clock, token_out, err);
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
    enum lwc_code code = key_check(identity, err);

    start_secret_call(ctx);
    if (code == LWC_OK) {
        code = lwc_key_secret_check(secret, len, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    return lwc_token_prove(identity, secret, len, &ctx->host, ctx->clock, err);
}

enum lwc_code lwc_key_probe(struct lwc_context *ctx, const struct lwc_identity *identity,
                            const char *backend, uint32_t flags,
                            char backend_out[LWC_BACKEND_NAME_MAX + 1], struct lwc_error *err)
{
    enum lwc_code code = lwc_profile_check(identity->profile, err);

    start_secret_call(ctx);
    if (code == LWC_OK) {
        code = lwc_keep_probe(ctx->stack, identity, backend, flags, backend_out, err);
    }
    return code;
}

enum lwc_code lwc_key_store(struct lwc_context *ctx, const struct lwc_identity *identity,
                            const void *secret, size_t len, const char *backend, uint32_t flags,
                            char backend_out[LWC_BACKEND_NAME_MAX + 1], struct lwc_error *err)
{
    enum lwc_code code = key_check(identity, err);

    start_secret_call(ctx);
    if (code == LWC_OK) {
        code = lwc_key_secret_check(secret, len, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    return lwc_keep_store(ctx->stack, identity, secret, len, backend, flags, backend_out, err);
}

enum lwc_code lwc_key_remove(struct lwc_context *ctx, const struct lwc_query *query,
                             const void *secret, size_t len, const char *backend,
                             char backend_out[LWC_BACKEND_NAME_MAX + 1], struct lwc_error *err)
{
    struct lwc_query known;
    struct lwc_identity identity;
    enum lwc_code code = take_query(query, &known, &identity, err);

    start_secret_call(ctx);
    if (code == LWC_OK && identity.profile[0] == '\0' && identity.key_id[0] == '\0') {
        code = lwc_fail(err, LWC_E_INVALID, "a profile or a key id must be named");
    }
    if (code != LWC_OK) {
        return code;
    }
    return lwc_keep_remove(ctx->stack, &identity, secret, len, backend, backend_out, err);
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
    struct lwc_query known;
    struct listing listing = {.visit = visit, .data = data};
    enum lwc_code code = take_query(query, &known, &listing.query, err);

    start_call(ctx);
    if (code != LWC_OK) {
        return code;
    }
    return lwc_stack_each(ctx->stack, LWC_OP_LOOKUP, list_unit, &listing, err);
}

void lwc_backends(struct lwc_context *ctx, lwc_backends_fn *visit, void *data)
{
    start_call(ctx);
    lwc_stack_backends(ctx->stack, visit, data);
}
