/* SPDX-License-Identifier: Apache-2.0 */
#include <lwcred.h>

#include "base/account.h"
#include "base/identity.h"
#include "cache/key.h"
#include "library/context.h"
#include "stack/survey.h"
#include "stack/write.h"
#include "token/obtain.h"
#include "token/token.h"

/*
 * Passes a listing on, with the name of the backend that it comes from.
 *
 * has_failed  a backend failed, and its failure is what is returned.
 * is_needed   an absent backend is one that the stack does not let be passed over.
 */
struct listing {
    struct lwc_identity query;
    const char *backend;
    lwc_list_fn *visit;
    void *data;
    struct lwc_survey survey;
    bool has_failed;
    bool is_needed;
};

/* Passes on where a credential was removed. */
struct removing {
    lwc_removed_fn *visit;
    void *data;
    bool has_removed;
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

static enum lwc_code get_in_turn(struct lwc_context *ctx, const struct lwc_obtain *obtain,
                                 const struct lwc_query *query, struct lwc_token **token_out,
                                 struct lwc_error *err)
{
    LWC_AUTO_HELD held = {NULL};
    enum lwc_code code = lwc_call_start_secret(ctx, &held, err);

    return code == LWC_OK ? lwc_obtain_token(obtain, query, token_out, err) : code;
}

enum lwc_code lwc_token_get(struct lwc_context *ctx, const struct lwc_query *query,
                            struct lwc_token **token_out, struct lwc_error *err)
{
    const struct lwc_obtain obtain = lwc_obtain_of(ctx);
    struct lwc_query known;
    struct lwc_identity identity;
    enum lwc_code code = lwc_call_check_process(ctx, err);

    if (code == LWC_OK) {
        code = lwc_query_take(query, &known, &identity, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    /* What is at hand waits for no other thread, who may wait for a server or a person.  But a
     * program that listens is told of one thing at a time. */
    if (ctx->options.log == NULL) {
        code = lwc_obtain_cached(&obtain, &known, token_out, err);
        if (code != LWC_E_NOT_FOUND) {
            return code;
        }
    }
    return get_in_turn(ctx, &obtain, &known, token_out, err);
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

static void hash_proof(const struct lwc_identity *identity, const void *secret, size_t len,
                       struct lwc_proof *proof)
{
    LWC_AUTO_BUF copy = NULL;

    memset(proof->who, 0, sizeof proof->who);
    if (lwc_buf_copy(secret, len, &copy, NULL) == LWC_OK) {
        lwc_key_of_credential(identity, copy, LWC_TTL_DEFAULT, proof->who);
    }
}

enum lwc_code lwc_key_prove(struct lwc_context *ctx, const struct lwc_identity *identity,
                            const void *secret, size_t len, struct lwc_error *err)
{
    struct lwc_exchange wanted = {
        .identity = identity, .secret = secret, .len = len, .ttl_s = LWC_TTL_DEFAULT};
    LWC_AUTO_HELD held = {NULL};
    LWC_AUTO_ENTRY token = NULL;
    enum lwc_code code = key_check(identity, err);

    if (code == LWC_OK) {
        code = lwc_key_secret_check(secret, len, err);
    }
    if (code == LWC_OK) {
        code = lwc_call_start_secret(ctx, &held, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    lwc_entry_free(&ctx->proof.token);
    wanted.host = &ctx->host;
    wanted.clock = ctx->clock;
    wanted.is_fast_open = ctx->conf->is_fast_open;
    code = lwc_token_exchange(&wanted, "", &token, err);
    if (code == LWC_OK) {
        hash_proof(identity, secret, len, &ctx->proof);
        ctx->proof.token = LWC_TAKE(token);
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

/* A store may be in place and yet not forced to the disk: that is an error, and a change as well.
 */
static bool may_have_changed(enum lwc_code code)
{
    return code == LWC_OK || code == LWC_E_IO;
}

/* A store has changed: what is cached of others, and of the key that was just proved, stays. */
static void settle(struct lwc_context *ctx, const struct lwc_answers *answers, const char *profile,
                   const char *backend)
{
    const struct lwc_obtain obtain = lwc_obtain_of(ctx);
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
    const struct lwc_obtain obtain = lwc_obtain_of(ctx);
    struct lwc_answers answers;
    enum lwc_code code = key_check(identity, err);

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
        lwc_obtain_forgive(identity);
    }
    if (code == LWC_OK) {
        settle(ctx, &answers, identity->profile, backend_out);
    }
    return code;
}

static void note_removed(void *data, const char *backend, const struct lwc_error *why)
{
    struct removing *removing = data;

    removing->has_removed = removing->has_removed || why == NULL || may_have_changed(why->code);
    if (removing->visit != NULL) {
        removing->visit(removing->data, backend, why);
    }
}

enum lwc_code lwc_key_remove(struct lwc_context *ctx, const struct lwc_query *query,
                             const void *secret, size_t len, const char *backend,
                             lwc_removed_fn *visit, void *data, struct lwc_error *err)
{
    LWC_AUTO_HELD held = {NULL};
    struct removing removing = {.visit = visit, .data = data};
    const struct lwc_obtain obtain = lwc_obtain_of(ctx);
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
        lwc_stack_remove(ctx->stack, &identity, secret, len, backend, note_removed, &removing, err);
    if (removing.has_removed || may_have_changed(code)) {
        lwc_cached_forget(identity.profile, identity.key_id);
        settle(ctx, &answers, identity.profile, NULL);
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

static enum lwc_code list_unit(void *data, struct lwc_stack_backend *unit, struct lwc_error *err)
{
    struct listing *listing = data;
    const struct lwc_visitor visitor = {.data = listing, .visit = list_one};

    listing->backend = lwc_backend_name(unit);
    return lwc_backend_list(unit, &visitor, err);
}

static void note_listed(void *data, const struct lwc_turn *turn)
{
    struct listing *listing = data;
    const bool is_heard = turn->code == LWC_OK || turn->code == LWC_E_NOT_FOUND;

    lwc_survey_note(&listing->survey, turn);
    if (turn->code == LWC_E_UNAVAILABLE) {
        listing->is_needed = listing->is_needed || !lwc_survey_is_passed_over(turn);
    } else if (is_heard && !lwc_backend_can(turn->backend, LWC_CAP_LIST)) {
        lwc_backend_warn(turn->backend, "backend '%s' cannot list what it holds",
                         turn->line->backend);
    } else if (!is_heard && listing->has_failed) {
        lwc_backend_warn(turn->backend, "backend '%s': %s", turn->line->backend, turn->why->msg);
    }
    listing->has_failed = listing->has_failed || (!is_heard && turn->code != LWC_E_UNAVAILABLE);
}

/* Absent backends are named, in the failure or beside it. */
static enum lwc_code conclude_list(const struct lwc_context *ctx, const struct listing *listing,
                                   enum lwc_code code, struct lwc_error *err)
{
    const struct lwc_survey *survey = &listing->survey;
    struct lwc_error line = {0};

    if (code == LWC_OK && survey->absent > 0 && (listing->is_needed || !survey->has_store)) {
        code = lwc_fail(err, LWC_E_UNAVAILABLE, "a backend could not be asked: %s",
                        survey->names[0] != '\0' ? survey->names : survey->first.msg);
        return lwc_hint(err, code, "%s", survey->first.hint);
    }
    if (survey->names[0] != '\0') {
        (void)!lwc_fail(&line, LWC_OK, "absent here, and not asked: %s", survey->names);
        ctx->host.log(ctx->host.data, LWC_LOG_WARNING, line.msg);
    }
    return code;
}

enum lwc_code lwc_list(struct lwc_context *ctx, const struct lwc_query *query, lwc_list_fn *visit,
                       void *data, struct lwc_error *err)
{
    LWC_AUTO_HELD held = {NULL};
    struct lwc_query known;
    struct listing listing = {.visit = visit, .data = data};
    enum lwc_code code = lwc_query_take(query, &known, &listing.query, err);

    if (code == LWC_OK) {
        code = lwc_call_start(ctx, &held, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    code = lwc_stack_each(ctx->stack, LWC_OP_LOOKUP, list_unit, note_listed, &listing, err);
    return conclude_list(ctx, &listing, code, err);
}

void lwc_backends(struct lwc_context *ctx, lwc_backends_fn *visit, void *data)
{
    LWC_AUTO_HELD held = {NULL};

    if (lwc_call_start(ctx, &held, NULL) == LWC_OK) {
        lwc_stack_backends(ctx->stack, visit, data);
    }
}
