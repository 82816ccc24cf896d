/* SPDX-License-Identifier: Apache-2.0 */
#include "stack/copy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/candidates.h"
#include "stack/lookup.h"

/* A read under way. */
struct read_ctx {
    const struct lwc_identity *query;
    struct lwc_found *found;
};

/* A comparison under way; is_held: a backend holds the profile, and code is the result. */
struct compare_ctx {
    const struct lwc_identity *identity;
    const void *secret;
    size_t len;
    bool is_held;
    enum lwc_code code;
    char backend[LWC_BACKEND_NAME_MAX + 1];
};

static enum lwc_code read_secret(struct lwc_stack_backend *backend,
                                 const struct lwc_identity *query,
                                 struct lwc_identity_copy *identity_out,
                                 struct lwc_buf **secret_out, struct lwc_error *err)
{
    struct lwc_identity_copy picked;
    const struct lwc_identity *wanted = query;
    enum lwc_code code = LWC_OK;

    if (lwc_backend_can(backend, LWC_CAP_LIST)) {
        code = lwc_candidates_pick(backend, query, lwc_backend_list_unlocked, &picked, err);
        wanted = &picked.id;
    }
    return code == LWC_OK ? lwc_backend_find(backend, wanted, identity_out, secret_out, err) : code;
}

static enum lwc_code read_from_backend(void *data, struct lwc_stack_backend *backend,
                                       struct lwc_error *err)
{
    struct read_ctx *ctx = data;

    (void)snprintf(ctx->found->backend, sizeof ctx->found->backend, "%s",
                   lwc_backend_name(backend));
    return read_secret(backend, ctx->query, &ctx->found->identity, &ctx->found->secret, err);
}

enum lwc_code lwc_copy_read(struct lwc_stack *stack, const struct lwc_identity *query,
                            const char *backend, struct lwc_found **found_out,
                            struct lwc_error *err)
{
    LWC_AUTO_FOUND found = NULL;
    struct read_ctx ctx = {.query = query};
    enum lwc_code code = LWC_OK;

    if (backend == NULL) {
        return lwc_lookup_find_exact(stack, LWC_OP_LOOKUP, query, found_out, err);
    }
    found = calloc(1, sizeof *found);
    if (found == NULL) {
        return lwc_fail_nomem(err);
    }
    ctx.found = found;
    code = lwc_stack_only(stack, LWC_OP_LOOKUP, backend, read_from_backend, &ctx, err);
    if (code == LWC_OK) {
        *found_out = LWC_TAKE(found);
    }
    return code;
}

static bool is_same(const struct lwc_identity *a, const struct lwc_identity *b)
{
    return lwc_streq(a->profile, b->profile) && lwc_streq(a->account, b->account) &&
           lwc_streq(lwc_identity_authority(a), lwc_identity_authority(b)) &&
           lwc_streq(a->key_id, b->key_id) && lwc_streq(a->sub_account, b->sub_account) &&
           a->kind == b->kind && a->flags == b->flags;
}

static enum lwc_code compare_in_backend(void *data, struct lwc_stack_backend *backend,
                                        struct lwc_error *err)
{
    struct compare_ctx *ctx = data;
    struct lwc_identity query = LWC_IDENTITY_ANY;
    struct lwc_identity_copy identity;
    LWC_AUTO_BUF secret = NULL;
    enum lwc_code code = LWC_OK;

    query.profile = ctx->identity->profile;
    query.kind = lwc_kind_makes_tokens(ctx->identity->kind) ? LWC_KIND_ANY : ctx->identity->kind;
    code = read_secret(backend, &query, &identity, &secret, err);
    if (code == LWC_E_NOT_FOUND) {
        return code;
    }
    if (code == LWC_OK &&
        (!is_same(ctx->identity, &identity.id) || !lwc_buf_equal(secret, ctx->secret, ctx->len))) {
        code = lwc_fail(err, LWC_E_INVALID, "profile '%s' exists in backend '%s' with another key",
                        query.profile, lwc_backend_name(backend));
    }
    ctx->is_held = true;
    ctx->code = code;
    (void)snprintf(ctx->backend, sizeof ctx->backend, "%s", lwc_backend_name(backend));
    return code;
}

/* Passes over backends that keep nothing for us, and all behind the one that holds the profile. */
static enum lwc_code compare_in_storing(void *data, struct lwc_stack_backend *backend,
                                        struct lwc_error *err)
{
    const struct compare_ctx *ctx = data;

    if (ctx->is_held || !lwc_backend_can(backend, LWC_CAP_LIST | LWC_CAP_STORE)) {
        return LWC_E_NOT_FOUND;
    }
    return compare_in_backend(data, backend, err);
}

static enum lwc_code compare_everywhere(struct lwc_stack *stack, struct compare_ctx *ctx,
                                        struct lwc_error *err)
{
    enum lwc_code code = lwc_stack_each(stack, LWC_OP_LOOKUP, compare_in_storing, NULL, ctx, err);

    if (code == LWC_OK && !ctx->is_held) {
        code = lwc_stack_each(stack, LWC_OP_STORE, compare_in_storing, NULL, ctx, err);
    }
    if (code != LWC_OK || ctx->is_held) {
        return code;
    }
    return lwc_fail(err, LWC_E_NOT_FOUND, LWC_ABSENT);
}

enum lwc_code lwc_copy_compare(struct lwc_stack *stack, const struct lwc_identity *identity,
                               const void *secret, size_t len, const char *backend,
                               char backend_out[LWC_BACKEND_NAME_MAX + 1], struct lwc_error *err)
{
    struct compare_ctx ctx = {.identity = identity, .secret = secret, .len = len};
    enum lwc_code code = LWC_OK;

    if (backend == NULL) {
        code = compare_everywhere(stack, &ctx, err);
    } else {
        code = lwc_stack_only(stack, LWC_OP_STORE, backend, compare_in_backend, &ctx, err);
    }
    if (ctx.is_held) {
        (void)snprintf(backend_out, LWC_BACKEND_NAME_MAX + 1, "%s", ctx.backend);
    }
    return code;
}
