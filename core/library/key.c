/* SPDX-License-Identifier: Apache-2.0 */
/* Public functions that check, store and remove access keys. */
#include <lwcred.h>

#include <string.h>

#include "base/buffer.h"
#include "base/identity.h"
#include "cache/key.h"
#include "library/context.h"
#include "library/key.h"
#include "stack/copy.h"
#include "stack/write.h"
#include "token/obtain.h"

/* A removal under way; has_removed: a store may have changed. */
struct remove_ctx {
    lwc_removed_fn *visit;
    void *data;
    bool has_removed;
};

static enum lwc_code check_key(const struct lwc_identity *identity, struct lwc_error *err)
{
    enum lwc_code code = lwc_identity_check(identity, err);

    if (code == LWC_OK && identity->kind != LWC_KIND_ACCESS_KEY) {
        return lwc_fail(err, LWC_E_INVALID, "only access keys are stored");
    }
    if (code == LWC_OK && lwc_streq(identity->profile, LWC_ENVIRONMENT)) {
        return lwc_fail(err, LWC_E_INVALID, "the profile name 'env' is that of the environment");
    }
    return code;
}

/* Checks what is to be stored: an access key, or a token that is only kept. */
static enum lwc_code check_stored(const struct lwc_identity *identity, struct lwc_error *err)
{
    enum lwc_code code = lwc_identity_check(identity, err);

    if (code != LWC_OK || !lwc_kind_is_kept(identity->kind)) {
        return code == LWC_OK ? check_key(identity, err) : code;
    }
    return lwc_streq(identity->profile, LWC_ENVIRONMENT)
               ? lwc_fail(err, LWC_E_INVALID, "the profile name 'env' is that of the environment")
               : LWC_OK;
}

static void hash_proof(const struct lwc_identity *identity, const void *secret, size_t len,
                       struct lwc_proof *proof)
{
    LWC_AUTO_BUF copy = NULL;

    memset(proof->who, 0, sizeof proof->who);
    if (lwc_buf_copy(secret, len, &copy, NULL) == LWC_OK) {
        lwc_key_of_credential(identity, copy, LWC_TTL_DEFAULT, proof->who);
    }
}

enum lwc_code lwc_key_exchange(struct lwc_context *ctx, const struct lwc_identity *identity,
                               const void *secret, size_t len, struct lwc_error *err)
{
    const struct lwc_exchange wanted = {.identity = identity,
                                        .secret = secret,
                                        .len = len,
                                        .ttl_s = LWC_TTL_DEFAULT,
                                        .host = &ctx->host,
                                        .clock = ctx->clock,
                                        .is_fast_open = ctx->conf->is_fast_open};
    LWC_AUTO_ENTRY token = NULL;
    enum lwc_code code = LWC_OK;

    lwc_entry_free(&ctx->proof.token);
    code = lwc_token_exchange(&wanted, "", &token, err);
    if (code == LWC_OK) {
        hash_proof(identity, secret, len, &ctx->proof);
        ctx->proof.token = LWC_TAKE(token);
    }
    return code;
}

enum lwc_code lwc_key_prove(struct lwc_context *ctx, const struct lwc_identity *identity,
                            const void *secret, size_t len, struct lwc_error *err)
{
    LWC_AUTO_HELD held = {NULL};
    enum lwc_code code = check_key(identity, err);

    if (code == LWC_OK) {
        code = lwc_key_secret_check(secret, len, err);
    }
    if (code == LWC_OK) {
        code = lwc_call_start_secret(ctx, &held, err);
    }
    return code == LWC_OK ? lwc_key_exchange(ctx, identity, secret, len, err) : code;
}

enum lwc_code lwc_key_compare(struct lwc_context *ctx, const struct lwc_identity *identity,
                              const void *secret, size_t len, const char *backend,
                              char backend_out[LWC_BACKEND_NAME_MAX + 1], struct lwc_error *err)
{
    LWC_AUTO_HELD held = {NULL};
    enum lwc_code code = lwc_identity_check(identity, err);

    if (code == LWC_OK) {
        code = lwc_call_start_secret(ctx, &held, err);
    }
    if (code == LWC_OK) {
        code = lwc_copy_compare(ctx->stack, identity, secret, len, backend, backend_out, err);
    }
    return code;
}

enum lwc_code lwc_key_probe(struct lwc_context *ctx, const struct lwc_identity *identity,
                            const char *backend, uint32_t flags,
                            char backend_out[LWC_BACKEND_NAME_MAX + 1], struct lwc_error *err)
{
    LWC_AUTO_HELD held = {NULL};
    enum lwc_code code = lwc_profile_check(identity->profile, err);

    if (code == LWC_OK) {
        code = lwc_store_flags_check(flags, err);
    }
    if (code == LWC_OK) {
        code = lwc_call_start_secret(ctx, &held, err);
    }
    if (code == LWC_OK) {
        code = lwc_stack_probe(ctx->stack, identity, backend, flags, backend_out, err);
    }
    return code;
}

/* LWC_E_IO may mean that the change is in place, but not yet on the disk. */
static bool may_have_changed(enum lwc_code code)
{
    return code == LWC_OK || code == LWC_E_IO;
}

void lwc_key_renew_answers(struct lwc_context *ctx, const struct lwc_answers *answers,
                           const char *profile, const char *backend)
{
    const struct lwc_obtain_ctx obtain = lwc_obtain_of(ctx);
    const bool is_quiet = atomic_exchange(&ctx->no_prompt, true);

    lwc_answers_renew(&obtain, answers);
    if (backend != NULL) {
        lwc_answer_keep_proof(&obtain, &ctx->proof, profile, backend);
        lwc_entry_free(&ctx->proof.token);
    }
    atomic_store(&ctx->no_prompt, is_quiet);
}

enum lwc_code lwc_key_store(struct lwc_context *ctx, const struct lwc_identity *identity,
                            const void *secret, size_t len, const char *backend, uint32_t flags,
                            char backend_out[LWC_BACKEND_NAME_MAX + 1], struct lwc_error *err)
{
    LWC_AUTO_HELD held = {NULL};
    const struct lwc_obtain_ctx obtain = lwc_obtain_of(ctx);
    struct lwc_answers answers;
    enum lwc_code code = check_stored(identity, err);

    if (code == LWC_OK) {
        code = lwc_key_secret_check(secret, len, err);
    }
    if (code == LWC_OK) {
        code = lwc_store_flags_check(flags, err);
    }
    if (code == LWC_OK) {
        code = lwc_call_start_secret(ctx, &held, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    lwc_answers_collect(&obtain, identity->profile, &answers);
    code = lwc_stack_store(ctx->stack, identity, secret, len, backend, flags, backend_out, err);
    if (may_have_changed(code)) {
        lwc_cached_forget(identity->profile, "");
        lwc_obtain_clear_failures(identity);
    }
    if (code == LWC_OK) {
        lwc_key_renew_answers(ctx, &answers, identity->profile, backend_out);
    }
    return code;
}

static void note_removed(void *data, const char *backend, const struct lwc_error *why)
{
    struct remove_ctx *removal = data;

    removal->has_removed = removal->has_removed || why == NULL || may_have_changed(why->code);
    if (removal->visit != NULL) {
        removal->visit(removal->data, backend, why);
    }
}

enum lwc_code lwc_key_remove(struct lwc_context *ctx, const struct lwc_query *query,
                             const void *secret, size_t len, const char *backend,
                             lwc_removed_fn *visit, void *data, struct lwc_error *err)
{
    LWC_AUTO_HELD held = {NULL};
    struct remove_ctx removal = {.visit = visit, .data = data};
    const struct lwc_obtain_ctx obtain = lwc_obtain_of(ctx);
    struct lwc_answers answers;
    struct lwc_query known;
    struct lwc_identity identity;
    enum lwc_code code = lwc_query_take(query, &known, &identity, err);

    if (code == LWC_OK && identity.profile[0] == '\0' && identity.key_id[0] == '\0') {
        code = lwc_fail(err, LWC_E_INVALID, "a profile or a key id must be named");
    }
    if (code == LWC_OK) {
        code = lwc_call_start_secret(ctx, &held, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    lwc_answers_collect(&obtain, identity.profile, &answers);
    code =
        lwc_stack_remove(ctx->stack, &identity, secret, len, backend, note_removed, &removal, err);
    if (removal.has_removed || may_have_changed(code)) {
        lwc_cached_forget(identity.profile, identity.key_id);
        lwc_key_renew_answers(ctx, &answers, identity.profile, NULL);
    }
    return code;
}
