/* SPDX-License-Identifier: Apache-2.0 */
#include "stack/search.h"

#include <stdlib.h>
#include <string.h>

#include "base/identity.h"
#include "base/join.h"
#include "stack/candidates.h"

/*
 * A walk under way.
 *
 * given        the credential of the line under way.
 * found        the credential that counts.
 * is_untold    see struct lwc_lookup_watch.
 * is_env_absent  only the environment may hold the profile, and does not.
 * was_skipped  the backend of the line under way was not asked, because of is_env_absent.
 */
struct walk_ctx {
    const struct lwc_identity *query;
    const struct lwc_lookup_watch *watch;
    struct lwc_survey *survey;
    struct lwc_found *given;
    struct lwc_found *found;
    bool is_untold;
    bool is_env_absent;
    bool was_skipped;
};

void lwc_found_free(struct lwc_found **found)
{
    if (found == NULL || *found == NULL) {
        return;
    }
    lwc_buf_free(&(*found)->secret);
    free(*found);
    *found = NULL;
}

/* Returns whether @backend need not be asked.  The backend env is asked, for its reason. */
static bool is_spared(const struct walk_ctx *walk, const struct lwc_stack_backend *backend)
{
    return walk->is_env_absent && !lwc_streq(lwc_backend_name(backend), LWC_ENVIRONMENT);
}

static void clear_walk(struct walk_ctx *walk)
{
    lwc_found_free(&walk->given);
    lwc_found_free(&walk->found);
}

/*
 * Picks the credential of @backend; *wanted becomes the identity to ask for.  For a profile a backend
 * that may block is not listed, since a list costs a keyring a call for each item.
 */
static enum lwc_code pick_wanted(struct lwc_stack_backend *backend,
                                 const struct lwc_identity **wanted,
                                 struct lwc_identity_copy *picked, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    if (lwc_backend_can(backend, LWC_CAP_LIST) &&
        ((*wanted)->profile[0] == '\0' || !lwc_backend_can(backend, LWC_CAP_BLOCKING))) {
        code = lwc_candidates_pick(backend, *wanted, lwc_backend_list_unlocked, picked, err);
        *wanted = &picked->id;
    }
    return code;
}

static enum lwc_code search_backend(void *data, struct lwc_stack_backend *backend,
                                    struct lwc_error *err)
{
    struct walk_ctx *walk = data;
    struct lwc_identity_copy picked;
    const struct lwc_identity *wanted = walk->query;
    LWC_AUTO_FOUND found = NULL;
    enum lwc_code code = LWC_E_NOT_FOUND;

    walk->was_skipped = is_spared(walk, backend);
    if (!walk->was_skipped) {
        code = pick_wanted(backend, &wanted, &picked, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    found = calloc(1, sizeof *found);
    if (found == NULL) {
        return lwc_fail_nomem(err);
    }
    code = lwc_backend_find(backend, wanted, &found->identity, &found->secret, err);
    if (code == LWC_OK && walk->query->kind == LWC_KIND_ANY &&
        !lwc_kind_makes_tokens(found->identity.id.kind)) {
        return LWC_E_NOT_FOUND;
    }
    if (code == LWC_OK) {
        (void)lwc_join(found->backend, sizeof found->backend, LWC_PARTS(lwc_backend_name(backend)));
        walk->given = LWC_TAKE(found);
    }
    return code;
}

/* Searches a backend as far as possible without reading a secret. */
static enum lwc_code dry_search_backend(void *data, struct lwc_stack_backend *backend,
                                        struct lwc_error *err)
{
    struct walk_ctx *walk = data;
    struct lwc_identity_copy picked;
    const struct lwc_visitor ignored = {.data = NULL, .visit = NULL};
    LWC_AUTO_FOUND found = NULL;
    enum lwc_code code = LWC_OK;

    walk->is_untold = false;
    walk->was_skipped = is_spared(walk, backend);
    if (walk->was_skipped) {
        return LWC_E_NOT_FOUND;
    }
    if (!lwc_backend_can(backend, LWC_CAP_LIST)) {
        code = lwc_backend_list(backend, &ignored, err); /* opens the backend and lists nothing */
        walk->is_untold = code == LWC_OK && lwc_backend_can(backend, LWC_CAP_READ);
        if (walk->is_untold) {
            return lwc_fail(err, LWC_E_NOT_FOUND, "it cannot tell without giving the secret");
        }
    } else {
        code = lwc_candidates_pick(backend, walk->query, lwc_backend_list, &picked, err);
        /* A backend that lists only when unlocked stays locked now. */
        walk->is_untold = code == LWC_E_LOCKED;
    }
    if (code == LWC_OK && !lwc_backend_can(backend, LWC_CAP_READ)) {
        code =
            lwc_fail(err, LWC_E_INVALID, "backend '%s' cannot be read", lwc_backend_name(backend));
    }
    if (code != LWC_OK) {
        return code;
    }
    found = calloc(1, sizeof *found);
    if (found == NULL) {
        return lwc_fail_nomem(err);
    }
    (void)lwc_join(found->backend, sizeof found->backend, LWC_PARTS(lwc_backend_name(backend)));
    code = lwc_identity_copy(&picked.id, &found->identity, err);
    walk->given = code == LWC_OK ? LWC_TAKE(found) : NULL;
    return code;
}

/* Keeps the credential that a line gave if the line counts: an ignored success does not. */
static void keep_given(void *data, const struct lwc_turn *turn)
{
    struct walk_ctx *walk = data;

    if (walk->watch != NULL && !is_spared(walk, turn->backend)) {
        walk->watch->turn(walk->watch->data, turn,
                          walk->given != NULL ? &walk->given->identity.id : NULL,
                          turn->is_asked && walk->is_untold);
    }
    if (!walk->was_skipped) {
        lwc_survey_note(walk->survey, turn);
        lwc_survey_warn(turn);
    }
    if (turn->counts && walk->found == NULL && walk->given != NULL) {
        walk->found = LWC_TAKE(walk->given);
        walk->found->is_behind_absent = walk->survey->absent > 0;
    }
    lwc_found_free(&walk->given);
}

/* Credentials of the environment; was_asked is false if no line names the backend env. */
struct environment_ctx {
    struct lwc_candidates candidates;
    bool was_asked;
};

static enum lwc_code list_environment(void *data, struct lwc_stack_backend *backend,
                                      struct lwc_error *err)
{
    struct environment_ctx *environment = data;
    const struct lwc_visitor visitor = {.data = &environment->candidates,
                                        .visit = lwc_candidates_add};

    environment->was_asked = true;
    return lwc_backend_list(backend, &visitor, err);
}

/*
 * Returns whether @query is for the profile "env", which only the environment may hold, and the
 * environment lacks it: no store need be opened to know that.
 */
static bool is_env_absent(const struct lwc_lookup_ctx *ctx, enum lwc_op op,
                          const struct lwc_identity *query)
{
    struct environment_ctx environment = {.candidates = {.query = query}};
    enum lwc_code code = LWC_OK;

    if (!lwc_streq(query->profile, LWC_ENVIRONMENT)) {
        return false;
    }
    code = lwc_stack_only(ctx->stack, op, LWC_ENVIRONMENT, list_environment, &environment, NULL);
    return !environment.was_asked || code == LWC_E_NOT_FOUND ||
           (code == LWC_OK && environment.candidates.count == 0);
}

enum lwc_code lwc_search_walk(const struct lwc_lookup_ctx *ctx, enum lwc_op op, enum lwc_rule rule,
                              const struct lwc_identity *query, struct lwc_found **found_out,
                              struct lwc_error *err)
{
    LWC_AUTO(struct walk_ctx, clear_walk)
    walk = {.query = query,
            .watch = ctx->watch,
            .survey = ctx->survey,
            .is_env_absent = is_env_absent(ctx, op, query)};
    enum lwc_code code = LWC_OK;

    if (ctx->watch != NULL) {
        ctx->watch->begin(ctx->watch->data, rule, query);
    }
    code = lwc_stack_walk(ctx->stack, op, ctx->watch == NULL ? search_backend : dry_search_backend,
                          keep_given, &walk, err);
    if (code == LWC_OK) {
        *found_out = LWC_TAKE(walk.found);
    }
    return code;
}
