/* SPDX-License-Identifier: Apache-2.0 */
/* Public functions that copy and try a stored credential. */
#include <lwcred.h>

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/identity.h"
#include "cache/entry.h"
#include "library/context.h"
#include "library/key.h"
#include "stack/copy.h"
#include "stack/write.h"

#define COPY_FLAGS \
    (LWC_COPY_REPLACE | LWC_COPY_PROVE | LWC_COPY_RESUME | LWC_COPY_REMOVE | LWC_COPY_RETIRE)

/* A copy under way.  id is the credential under its new profile. */
struct copy_ctx {
    struct lwc_context *from;
    struct lwc_context *to;
    struct lwc_copy *copy;
    struct lwc_found *found;
    struct lwc_identity id;
    const char *new_backend;
};

static enum lwc_code check_copy(const struct lwc_copy *copy, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    if (copy->size < sizeof *copy) {
        return lwc_fail(err, LWC_E_INVALID, "struct lwc_copy: its member 'size' is not set");
    }
    if ((copy->flags & ~COPY_FLAGS) != 0) {
        return lwc_fail(err, LWC_E_INVALID,
                        "enum lwc_copy_flag: version " LWC_VERSION " does not know the flag 0x%x",
                        copy->flags & ~COPY_FLAGS);
    }
    if (!lwc_is_set(copy->profile)) {
        return lwc_fail(err, LWC_E_INVALID, "a profile must be named");
    }
    code = lwc_profile_check(copy->profile, err);
    if (code == LWC_OK && copy->new_profile != NULL) {
        code = lwc_profile_check(copy->new_profile, err);
    }
    if (code == LWC_OK && copy->new_profile != NULL && lwc_streq(copy->new_profile, "env")) {
        return lwc_fail(err, LWC_E_INVALID, "the profile name 'env' is that of the environment");
    }
    return code;
}

/* Reads the credential of @profile, of any kind, from @backend, or NULL: the first that answers. */
static enum lwc_code read_stored(struct lwc_context *ctx, const char *profile, const char *backend,
                                 struct lwc_found **found_out, struct lwc_error *err)
{
    /* The kind "any" is that of credentials which make tokens. */
    static const uint32_t kinds[] = {LWC_KIND_ANY, LWC_KIND_AGENT_TOKEN, LWC_KIND_SCANNER_TOKEN,
                                     LWC_KIND_RETIRED_KEY};
    struct lwc_identity query = LWC_IDENTITY_ANY;
    enum lwc_code code = LWC_E_NOT_FOUND;

    query.profile = profile;
    for (size_t i = 0; code == LWC_E_NOT_FOUND && i < LWC_ARRAY_LEN(kinds); i++) {
        query.kind = kinds[i];
        code = lwc_copy_read(ctx->stack, &query, backend, found_out, err);
    }
    return code;
}

/* Sets the identity and the backend of the copy. */
static void name_copy(struct copy_ctx *ctx)
{
    struct lwc_copy *copy = ctx->copy;

    (void)snprintf(copy->from, sizeof copy->from, "%s", ctx->found->backend);
    ctx->id = ctx->found->identity.id;
    if (copy->new_profile != NULL) {
        ctx->id.profile = copy->new_profile;
    }
    if ((copy->flags & LWC_COPY_RETIRE) != 0 && ctx->id.kind == LWC_KIND_ACCESS_KEY) {
        ctx->id.kind = LWC_KIND_RETIRED_KEY;
    }
    ctx->new_backend = copy->new_backend;
    if (ctx->new_backend == NULL && ctx->from == ctx->to) {
        ctx->new_backend = copy->from;
    }
}

static enum lwc_code read_source(struct copy_ctx *ctx, struct lwc_error *err)
{
    const struct lwc_copy *copy = ctx->copy;
    enum lwc_code code = read_stored(ctx->from, copy->profile, copy->backend, &ctx->found, err);

    if (code != LWC_OK) {
        return code;
    }
    name_copy(ctx);
    if (ctx->id.kind == LWC_KIND_TOKEN) {
        return lwc_fail(err, LWC_E_INVALID, "profile '%s' is a ready token, which is not kept",
                        copy->profile);
    }
    if (ctx->from == ctx->to && lwc_streq(ctx->new_backend, copy->from) &&
        lwc_streq(ctx->id.profile, copy->profile)) {
        return lwc_fail(err, LWC_E_INVALID, "profile '%s' is in backend '%s' already",
                        copy->profile, copy->from);
    }
    return LWC_OK;
}

static enum lwc_code compare_copy(const struct copy_ctx *ctx, const char *backend,
                                  struct lwc_error *err)
{
    return lwc_copy_compare(ctx->to->stack, &ctx->id, lwc_buf_bytes(ctx->found->secret),
                            lwc_buf_len(ctx->found->secret), backend, ctx->copy->to, err);
}

/* Decides whether the new place is free, holds the copy, or another key. */
static enum lwc_code check_target(struct copy_ctx *ctx, struct lwc_error *err)
{
    struct lwc_copy *copy = ctx->copy;
    struct lwc_error why = {0};
    enum lwc_code code = compare_copy(ctx, ctx->new_backend, &why);

    if (code == LWC_OK && (copy->flags & LWC_COPY_RESUME) != 0) {
        copy->was_there = true;
        copy->is_stored = true;
        return LWC_OK;
    }
    if (code == LWC_OK) {
        code = lwc_fail(&why, LWC_E_INVALID, "profile '%s' exists in backend '%s'", ctx->id.profile,
                        copy->to);
    }
    /* copy->to is set where a credential was compared, not where no line names the backend. */
    if (code == LWC_E_NOT_FOUND ||
        (code == LWC_E_INVALID && copy->to[0] != '\0' && (copy->flags & LWC_COPY_REPLACE) != 0)) {
        return LWC_OK;
    }
    return lwc_error_pass(err, code, &why);
}

static enum lwc_code prove_key(const struct copy_ctx *ctx, struct lwc_error *err)
{
    const struct lwc_buf *secret = ctx->found->secret;
    enum lwc_code code = LWC_OK;

    if (ctx->copy->was_there && (ctx->copy->flags & LWC_COPY_REMOVE) == 0) {
        return LWC_OK;
    }
    if ((ctx->copy->flags & LWC_COPY_PROVE) == 0 || ctx->id.kind != LWC_KIND_ACCESS_KEY) {
        return LWC_OK;
    }
    code = lwc_key_secret_check(lwc_buf_bytes(secret), lwc_buf_len(secret), err);
    return code == LWC_OK ? lwc_key_exchange(ctx->to, &ctx->id, lwc_buf_bytes(secret),
                                             lwc_buf_len(secret), err)
                          : code;
}

static enum lwc_code store_copy(const struct copy_ctx *ctx, struct lwc_error *err)
{
    const void *secret = lwc_buf_bytes(ctx->found->secret);
    const size_t len = lwc_buf_len(ctx->found->secret);
    const uint32_t flags =
        (ctx->copy->flags & LWC_COPY_REPLACE) != 0 ? (uint32_t)LWC_STORE_REPLACE : 0;
    enum lwc_code code = LWC_OK;

    if (ctx->from != ctx->to) {
        code = lwc_stack_store(ctx->to->stack, &ctx->id, secret, len, ctx->new_backend, flags,
                               ctx->copy->to, err);
    } else {
        code = lwc_stack_put(ctx->to->stack, &ctx->id, secret, len, ctx->new_backend, flags, err);
        (void)snprintf(ctx->copy->to, sizeof ctx->copy->to, "%s", ctx->new_backend);
    }
    ctx->copy->is_stored = code == LWC_OK || code == LWC_E_IO;
    return code;
}

static enum lwc_code read_back(const struct copy_ctx *ctx, struct lwc_error *err)
{
    struct lwc_error why = {0};
    enum lwc_code code = compare_copy(ctx, ctx->copy->to, &why);

    if (code == LWC_E_INVALID || code == LWC_E_NOT_FOUND) {
        return lwc_fail(err, LWC_E_FAILED,
                        "backend '%s' does not give back what it was given as profile '%s'",
                        ctx->copy->to, ctx->id.profile);
    }
    return lwc_error_pass(err, code, &why);
}

static void ignore_removed(void *data, const char *backend, const struct lwc_error *why)
{
    (void)data;
    (void)backend;
    (void)why;
}

/* Removes only what was copied: another process may have stored another secret meanwhile. */
static enum lwc_code remove_source(const struct copy_ctx *ctx, struct lwc_error *err)
{
    struct lwc_copy *copy = ctx->copy;
    struct lwc_identity query = LWC_IDENTITY_ANY;
    enum lwc_code code = LWC_OK;

    if ((copy->flags & LWC_COPY_REMOVE) == 0) {
        return LWC_OK;
    }
    query.profile = copy->profile;
    query.kind = ctx->found->identity.id.kind;
    code = lwc_stack_remove(ctx->from->stack, &query, lwc_buf_bytes(ctx->found->secret),
                            lwc_buf_len(ctx->found->secret), copy->from, ignore_removed, NULL, err);
    copy->is_removed = code == LWC_OK;
    return code == LWC_OK ? code
                          : lwc_wrap(err, code, "it is in backend '%s', but still in backend '%s'",
                                     copy->to, copy->from);
}

static enum lwc_code run_copy(struct copy_ctx *ctx, struct lwc_error *err)
{
    static enum lwc_code (*const steps[])(const struct copy_ctx *,
                                          struct lwc_error *) = {store_copy, read_back};
    enum lwc_code code = prove_key(ctx, err);

    for (size_t i = 0; i < LWC_ARRAY_LEN(steps) && code == LWC_OK && !ctx->copy->was_there; i++) {
        code = steps[i](ctx, err);
    }
    return code == LWC_OK ? remove_source(ctx, err) : code;
}

/* Cached answers of both profiles are made anew: either store may have changed. */
static enum lwc_code run_and_renew(struct copy_ctx *ctx, struct lwc_error *err)
{
    const struct lwc_obtain_ctx obtain = lwc_obtain_of(ctx->to);
    struct lwc_answers answers;
    enum lwc_code code = LWC_OK;

    lwc_answers_collect(&obtain, ctx->id.profile, &answers);
    code = run_copy(ctx, err);
    lwc_cached_forget(ctx->copy->profile, "");
    lwc_cached_forget(ctx->id.profile, "");
    lwc_obtain_clear_failures(&ctx->id);
    lwc_key_renew_answers(ctx->to, &answers, ctx->id.profile,
                          code == LWC_OK ? ctx->copy->to : NULL);
    return code;
}

enum lwc_code lwc_key_copy(struct lwc_context *from, struct lwc_context *to, struct lwc_copy *copy,
                           struct lwc_error *err)
{
    LWC_AUTO_HELD held_from = {NULL};
    LWC_AUTO_HELD held_to = {NULL};
    LWC_AUTO_FOUND found = NULL;
    struct copy_ctx ctx = {.from = from, .to = to, .copy = copy};
    enum lwc_code code = check_copy(copy, err);

    if (code == LWC_OK) {
        copy->was_there = false;
        copy->is_stored = false;
        copy->is_removed = false;
        copy->from[0] = '\0';
        copy->to[0] = '\0';
        code = lwc_call_start_secret(from, &held_from, err);
    }
    if (code == LWC_OK && from != to) {
        code = lwc_call_start_secret(to, &held_to, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    code = read_source(&ctx, err);
    found = ctx.found;
    if (code == LWC_OK) {
        code = check_target(&ctx, err);
    }
    return code == LWC_OK ? run_and_renew(&ctx, err) : code;
}

enum lwc_code lwc_key_try(struct lwc_context *ctx, const char *profile, struct lwc_error *err)
{
    LWC_AUTO_HELD held = {NULL};
    LWC_AUTO_FOUND found = NULL;
    struct lwc_identity id;
    enum lwc_code code = lwc_profile_check(profile, err);

    if (code == LWC_OK) {
        code = lwc_call_start_secret(ctx, &held, err);
    }
    if (code == LWC_OK) {
        code = read_stored(ctx, profile, NULL, &found, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    id = found->identity.id;
    if (id.kind != LWC_KIND_ACCESS_KEY && id.kind != LWC_KIND_RETIRED_KEY) {
        return lwc_fail(err, LWC_E_INVALID, "profile '%s' is no access key", profile);
    }
    id.kind = LWC_KIND_ACCESS_KEY;
    code =
        lwc_key_exchange(ctx, &id, lwc_buf_bytes(found->secret), lwc_buf_len(found->secret), err);
    lwc_entry_free(&ctx->proof.token);
    return code;
}
