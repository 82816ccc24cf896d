/* SPDX-License-Identifier: Apache-2.0 */
#include "stack/write.h"

#include <stdio.h>
#include <string.h>

#include "base/hints.h"
#include "stack/candidates.h"
#include "stack/survey.h"

/* A probe or store under way. */
struct store_ctx {
    const struct lwc_identity *identity;
    const void *secret;
    size_t len;
    uint32_t flags;
    char done_in[LWC_BACKEND_NAME_MAX + 1];
};

/*
 * A removal under way.
 *
 * secret   to compare before removing; NULL: do not compare.
 * failure  of the first backend that may still hold the credential; code LWC_OK: none.
 * absence  the first reason for LWC_E_NOT_FOUND.
 */
struct stack_removal {
    const struct lwc_identity *identity;
    const void *secret;
    size_t len;
    lwc_removed_fn *visit;
    void *data;
    size_t removed;
    struct lwc_error failure;
    struct lwc_error absence;
};

/* The backend that already holds a profile. */
struct holder {
    const char *profile;
    bool is_held;
    char backend[LWC_BACKEND_NAME_MAX + 1];
};

static enum lwc_code compare_profile(void *data, const struct lwc_identity *identity,
                                     struct lwc_error *err)
{
    struct holder *holder = data;

    (void)err;
    holder->is_held = holder->is_held || lwc_streq(holder->profile, identity->profile);
    return LWC_OK;
}

static enum lwc_code search_holder(void *data, struct lwc_stack_backend *backend,
                                   struct lwc_error *err)
{
    struct holder *holder = data;
    const struct lwc_visitor visitor = {.data = holder, .visit = compare_profile};
    struct lwc_error why = {0};
    enum lwc_code code;

    if (holder->is_held || !lwc_backend_can(backend, LWC_CAP_LIST | LWC_CAP_STORE)) {
        return LWC_OK;
    }
    code = lwc_backend_list_unlocked(backend, &visitor, &why);
    if (code == LWC_E_UNAVAILABLE || code == LWC_E_FAILED) {
        lwc_backend_warn(backend, "backend '%s' cannot be asked, and may hold profile '%s': %s",
                         lwc_backend_name(backend), holder->profile, why.msg);
        return LWC_OK;
    }
    if (code == LWC_OK && holder->is_held) {
        (void)snprintf(holder->backend, sizeof holder->backend, "%s", lwc_backend_name(backend));
    }
    return lwc_error_pass(err, code, &why);
}

/* Sets *only to the backend that must take the profile; leaves it alone where any may. */
static enum lwc_code choose_backend(struct lwc_stack *stack, uint32_t flags, struct holder *holder,
                                    const char **only, struct lwc_error *err)
{
    enum lwc_code code = lwc_stack_each(stack, LWC_OP_LOOKUP, search_holder, NULL, holder, err);

    if (code == LWC_OK && !holder->is_held) {
        code = lwc_stack_each(stack, LWC_OP_STORE, search_holder, NULL, holder, err);
    }
    if (code != LWC_OK || !holder->is_held) {
        return code;
    }
    if ((flags & LWC_STORE_REPLACE) == 0) {
        return lwc_hint(err,
                        lwc_fail(err, LWC_E_INVALID, "profile '%s' exists in backend '%s'",
                                 holder->profile, holder->backend),
                        LWC_HINT_EXISTS);
    }
    if (*only != NULL && !lwc_streq(*only, holder->backend)) {
        return lwc_hint(err,
                        lwc_fail(err, LWC_E_INVALID, "profile '%s' is kept in backend '%s'",
                                 holder->profile, holder->backend),
                        "remove it there first: a stored key never changes its place by itself");
    }
    *only = holder->backend;
    return LWC_OK;
}

static void note_backend(struct store_ctx *ctx, const struct lwc_stack_backend *backend)
{
    if (ctx->done_in[0] == '\0') {
        (void)snprintf(ctx->done_in, sizeof ctx->done_in, "%s", lwc_backend_name(backend));
    }
}

static enum lwc_code probe_backend(void *data, struct lwc_stack_backend *backend,
                                   struct lwc_error *err)
{
    enum lwc_code code = lwc_backend_probe(backend, LWC_CAP_STORE, err);

    if (code == LWC_OK) {
        note_backend(data, backend);
    }
    return code;
}

static enum lwc_code store_in_backend(void *data, struct lwc_stack_backend *backend,
                                      struct lwc_error *err)
{
    struct store_ctx *ctx = data;
    enum lwc_code code = lwc_backend_probe(backend, LWC_CAP_STORE, err);

    /* A secret is sent only to a backend that can keep it. */
    if (code == LWC_OK) {
        code = lwc_backend_store(backend, ctx->identity, ctx->secret, ctx->len, ctx->flags, err);
    }
    if (code == LWC_OK) {
        note_backend(ctx, backend);
    }
    return code;
}

static enum lwc_code compare_secret(struct lwc_stack_backend *backend,
                                    const struct stack_removal *removal,
                                    const struct lwc_identity *picked, struct lwc_error *err)
{
    struct lwc_identity_copy identity;
    LWC_AUTO_BUF secret = NULL;
    enum lwc_code code = lwc_backend_find(backend, picked, &identity, &secret, err);

    if (code == LWC_OK && !lwc_buf_equal(secret, removal->secret, removal->len)) {
        return lwc_fail(err, LWC_E_NOT_FOUND, "another secret is stored");
    }
    return code;
}

static enum lwc_code remove_from_backend(void *data, struct lwc_stack_backend *backend,
                                         struct lwc_error *err)
{
    const struct stack_removal *removal = data;
    const struct lwc_identity *wanted = removal->identity;
    struct lwc_identity_copy picked;
    enum lwc_code code = LWC_OK;

    /* A backend that cannot list chooses by itself, and refuses if several fit. */
    if (lwc_backend_can(backend, LWC_CAP_LIST)) {
        code = lwc_candidates_pick_kept(backend, removal->identity, lwc_backend_list_unlocked,
                                        &picked, err);
        wanted = &picked.id;
    }
    if (code == LWC_OK && removal->secret != NULL) {
        code = compare_secret(backend, removal, wanted, err);
    }
    return code == LWC_OK ? lwc_backend_erase(backend, wanted, err) : code;
}

static void warn_of_turn(void *data, const struct lwc_turn *turn)
{
    (void)data;
    lwc_survey_warn(turn);
}

/* Fails because every line passed over the key; keeps the reason of a backend. */
static enum lwc_code fail_not_taken(struct lwc_error *err)
{
    static const char what[] = "no backend of the stack takes a new key";

    if (err != NULL && err->msg[0] != '\0' && !lwc_streq(err->msg, LWC_ABSENT)) {
        return lwc_wrap(err, LWC_E_UNAVAILABLE, "%s", what);
    }
    return lwc_hint(err, lwc_fail(err, LWC_E_UNAVAILABLE, "%s", what), LWC_HINT_NOT_TAKEN);
}

static enum lwc_code run_store(struct lwc_stack *stack, const char *only, uint32_t flags,
                               lwc_stack_step *step, struct store_ctx *ctx,
                               char backend_out[LWC_BACKEND_NAME_MAX + 1], struct lwc_error *err)
{
    struct holder holder = {.profile = ctx->identity->profile};
    enum lwc_code code = choose_backend(stack, flags, &holder, &only, err);

    if (code != LWC_OK) {
        return code;
    }
    ctx->flags = flags;
    code = only == NULL ? lwc_stack_walk(stack, LWC_OP_STORE, step, warn_of_turn, ctx, err)
                        : lwc_stack_only(stack, LWC_OP_STORE, only, step, ctx, err);
    if (code == LWC_OK) {
        (void)snprintf(backend_out, LWC_BACKEND_NAME_MAX + 1, "%s", ctx->done_in);
    }
    return code == LWC_E_NOT_FOUND ? fail_not_taken(err) : code;
}

enum lwc_code lwc_stack_probe(struct lwc_stack *stack, const struct lwc_identity *identity,
                              const char *backend, uint32_t flags,
                              char backend_out[LWC_BACKEND_NAME_MAX + 1], struct lwc_error *err)
{
    struct store_ctx ctx = {.identity = identity};

    return run_store(stack, backend, flags, probe_backend, &ctx, backend_out, err);
}

enum lwc_code lwc_stack_store(struct lwc_stack *stack, const struct lwc_identity *identity,
                              const void *secret, size_t len, const char *backend, uint32_t flags,
                              char backend_out[LWC_BACKEND_NAME_MAX + 1], struct lwc_error *err)
{
    struct store_ctx ctx = {.identity = identity, .secret = secret, .len = len};

    return run_store(stack, backend, flags, store_in_backend, &ctx, backend_out, err);
}

enum lwc_code lwc_stack_put(struct lwc_stack *stack, const struct lwc_identity *identity,
                            const void *secret, size_t len, const char *backend, uint32_t flags,
                            struct lwc_error *err)
{
    struct store_ctx ctx = {.identity = identity, .secret = secret, .len = len, .flags = flags};

    return lwc_stack_only(stack, LWC_OP_STORE, backend, store_in_backend, &ctx, err);
}

static void note_removal(void *data, const struct lwc_turn *turn)
{
    struct stack_removal *removal = data;

    if (turn->code == LWC_OK) {
        removal->removed++;
        removal->visit(removal->data, turn->line->backend, NULL);
    } else if (turn->code == LWC_E_NOT_FOUND && removal->absence.msg[0] == '\0') {
        removal->absence = *turn->why;
    } else if (turn->code != LWC_E_NOT_FOUND &&
               (turn->code != LWC_E_UNAVAILABLE || !lwc_survey_is_expected(turn))) {
        removal->visit(removal->data, turn->line->backend, turn->why);
        if (removal->failure.code == LWC_OK || removal->failure.code == LWC_E_UNAVAILABLE) {
            removal->failure = *turn->why;
            (void)!lwc_wrap(&removal->failure, turn->code, "backend '%s' may hold it still",
                            turn->line->backend);
        }
    }
}

static enum lwc_code remove_everywhere(struct lwc_stack *stack, struct stack_removal *removal,
                                       struct lwc_error *err)
{
    const struct lwc_error *why = &removal->failure;

    (void)!lwc_stack_each(stack, LWC_OP_ERASE, remove_from_backend, note_removal, removal, NULL);
    if (why->code == LWC_OK && removal->removed > 0) {
        return LWC_OK;
    }
    if (why->code == LWC_OK && removal->absence.msg[0] == '\0') {
        return lwc_fail(err, LWC_E_NOT_FOUND, LWC_ABSENT);
    }
    return why->code != LWC_OK ? lwc_error_pass(err, why->code, why)
                               : lwc_error_pass(err, LWC_E_NOT_FOUND, &removal->absence);
}

enum lwc_code lwc_stack_remove(struct lwc_stack *stack, const struct lwc_identity *query,
                               const void *secret, size_t len, const char *backend,
                               lwc_removed_fn *visit, void *data, struct lwc_error *err)
{
    struct stack_removal removal = {
        .identity = query, .secret = secret, .len = len, .visit = visit, .data = data};
    enum lwc_code code = LWC_OK;

    if (backend == NULL) {
        return remove_everywhere(stack, &removal, err);
    }
    code = lwc_stack_only(stack, LWC_OP_ERASE, backend, remove_from_backend, &removal, err);
    if (code == LWC_OK) {
        visit(data, backend, NULL);
    }
    return code;
}
