/* SPDX-License-Identifier: Apache-2.0 */
/* Public functions that list credentials and backends. */
#include <lwcred.h>

#include "base/identity.h"
#include "library/context.h"
#include "stack/survey.h"

/*
 * A list of credentials under way.
 *
 * backend     whose credentials are being listed.
 * has_failed  a backend failed, and its failure is returned.
 * is_needed   a line that the stack does not pass over has an absent backend.
 */
struct list_ctx {
    struct lwc_identity query;
    const char *backend;
    lwc_list_fn *visit;
    void *data;
    struct lwc_survey survey;
    bool has_failed;
    bool is_needed;
};

static enum lwc_code visit_listed(void *data, const struct lwc_identity *identity,
                                  struct lwc_error *err)
{
    const struct list_ctx *listing = data;

    if (!lwc_identity_matches(&listing->query, identity)) {
        return LWC_OK;
    }
    return listing->visit(listing->data, identity, listing->backend, err);
}

static enum lwc_code list_backend(void *data, struct lwc_stack_backend *backend,
                                  struct lwc_error *err)
{
    struct list_ctx *listing = data;
    const struct lwc_visitor visitor = {.data = listing, .visit = visit_listed};

    listing->backend = lwc_backend_name(backend);
    return lwc_backend_list(backend, &visitor, err);
}

static void note_listed(void *data, const struct lwc_turn *turn)
{
    struct list_ctx *listing = data;
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

/* Names the absent backends, in the failure or in a warning. */
static enum lwc_code conclude_list(const struct lwc_context *ctx, const struct list_ctx *listing,
                                   enum lwc_code code, struct lwc_error *err)
{
    const struct lwc_survey *survey = &listing->survey;
    struct lwc_error line = {0};

    if (code == LWC_OK && survey->absent > 0 && (listing->is_needed || !survey->has_store)) {
        return lwc_hint(err,
                        lwc_fail(err, LWC_E_UNAVAILABLE, "a backend could not be asked: %s",
                                 survey->names[0] != '\0' ? survey->names : survey->first.msg),
                        "%s", survey->first.hint);
    }
    if (survey->names[0] != '\0') {
        lwc_describe(&line, LWC_OK, "absent here, and not asked: %s", survey->names);
        ctx->host.log(ctx->host.data, LWC_LOG_WARNING, line.msg);
    }
    return code;
}

enum lwc_code lwc_list(struct lwc_context *ctx, const struct lwc_query *query, lwc_list_fn *visit,
                       void *data, struct lwc_error *err)
{
    LWC_AUTO_HELD held = {NULL};
    struct lwc_query known;
    struct list_ctx listing = {.visit = visit, .data = data};
    enum lwc_code code = lwc_query_take(query, &known, &listing.query, err);

    if (code == LWC_OK) {
        code = lwc_call_start(ctx, &held, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    code = lwc_stack_each(ctx->stack, LWC_OP_LOOKUP, list_backend, note_listed, &listing, err);
    return conclude_list(ctx, &listing, code, err);
}

void lwc_backends(struct lwc_context *ctx, lwc_backends_fn *visit, void *data)
{
    LWC_AUTO_HELD held = {NULL};

    if (lwc_call_start(ctx, &held, NULL) == LWC_OK) {
        lwc_stack_backends(ctx->stack, visit, data);
    }
}
