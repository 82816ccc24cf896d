/* SPDX-License-Identifier: Apache-2.0 */
/* Public function that explains how an answer would come about. */
#include "library/context.h"

#include <string.h>

#include "base/buffer.h"
#include "base/identity.h"
#include "conf/control.h"
#include "conf/print.h"
#include "stack/lookup.h"
#include "token/attempt.h"
#include "token/obtain.h"

#define TEXT_CAP 512

/* An explanation under way: the current walk. */
struct explanation_ctx {
    const struct lwc_explain_visitor *visitor;
    struct lwc_buf *text;
    const struct lwc_identity *wanted;
    enum lwc_rule rule;
    unsigned walks;
    bool untold;
    enum lwc_code code;
    struct lwc_error *err;
};

static void note_walk(void *data, enum lwc_rule rule, const struct lwc_identity *wanted)
{
    struct explanation_ctx *explain = data;

    explain->rule = rule;
    explain->wanted = wanted;
    explain->walks++;
}

static void visit_turn(void *data, const struct lwc_turn *turn, const struct lwc_identity *holds,
                       bool is_untold)
{
    struct explanation_ctx *explain = data;
    char action[LWC_ACTION_TEXT_LEN];
    char locked[LWC_ACTION_TEXT_LEN];
    const bool locks = holds != NULL && lwc_backend_can(turn->backend, LWC_CAP_UNLOCK);

    lwc_buf_reset(explain->text);
    if (explain->code == LWC_OK) {
        explain->code = lwc_conf_text_line(explain->text, turn->line, explain->err);
    }
    explain->untold = explain->untold || is_untold;
    explain->visitor->line(
        explain->visitor->data,
        &(struct lwc_explained_line){
            .size = sizeof(struct lwc_explained_line),
            .rule = explain->rule,
            .walk = explain->walks - 1,
            .wanted = explain->wanted,
            .file = turn->line->where.file,
            .line = turn->line->where.line,
            .text = lwc_buf_text(explain->text),
            .backend = turn->line->backend,
            .asked = turn->is_asked,
            .code = turn->code,
            .why = turn->why,
            .holds = holds,
            .untold = is_untold,
            .outcome = lwc_outcome_name(lwc_outcome_of(turn->code)),
            .action = lwc_action_text(turn->action, action),
            .if_locked =
                locks ? lwc_action_text(turn->line->actions[LWC_OUT_LOCKED], locked) : NULL,
            .counts = turn->counts,
            .ends = turn->ends,
        });
}

static void visit_answer(const struct explanation_ctx *explain, const struct lwc_obtain_ctx *obtain,
                         const struct lwc_query *query, const struct lwc_found *found)
{
    const struct lwc_identity identity = lwc_attempt_identity(query, &found->identity.id);
    enum lwc_token_from from = LWC_FROM_EXCHANGE;

    if (identity.kind == LWC_KIND_TOKEN) {
        from = LWC_FROM_BACKEND;
    } else if (lwc_obtain_has_token(obtain, query, &identity)) {
        from = LWC_FROM_CACHE_KEYED;
    }
    explain->visitor->answer(
        explain->visitor->data,
        &(struct lwc_explained_answer){.size = sizeof(struct lwc_explained_answer),
                                       .rule = explain->rule,
                                       .identity = &identity,
                                       .backend = found->backend,
                                       .untold = explain->untold,
                                       .behind_absent = found->is_behind_absent,
                                       .from = from});
}

/* Visits the lines in spite of a cached answer: they say what happens once it is gone. */
static enum lwc_code explain_query(struct explanation_ctx *explain,
                                   const struct lwc_obtain_ctx *obtain,
                                   const struct lwc_query *query, const struct lwc_identity *wanted)
{
    const struct lwc_lookup_watch watch = {.data = explain, .begin = note_walk, .turn = visit_turn};
    LWC_AUTO(struct lwc_token *, lwc_token_free) token = NULL;
    LWC_AUTO_FOUND found = NULL;
    struct lwc_error why = {0};
    const bool cached = lwc_obtain_cached(obtain, query, &token, NULL) == LWC_OK;
    enum lwc_code code =
        lwc_lookup_dry_run(obtain->stack, wanted, obtain->host, &watch, &found, &why);

    if (explain->code != LWC_OK) {
        return explain->code;
    }
    if (cached) {
        explain->visitor->answer(
            explain->visitor->data,
            &(struct lwc_explained_answer){.size = sizeof(struct lwc_explained_answer),
                                           .rule = explain->rule,
                                           .identity = lwc_token_identity(token),
                                           .backend = lwc_token_source(token),
                                           .from = LWC_FROM_CACHE});
        return LWC_OK;
    }
    if (code == LWC_OK) {
        visit_answer(explain, obtain, query, found);
    } else if (explain->err != NULL) {
        *explain->err = why;
    }
    return code;
}

/* The members of 0.1 are there; an older program does not know later ones. */
static enum lwc_code take_visitor(const struct lwc_explain_visitor *visitor,
                                  struct lwc_explain_visitor *visitor_out, struct lwc_error *err)
{
    enum lwc_code code = lwc_sized_take(visitor_out, sizeof *visitor_out, visitor,
                                        "struct lwc_explain_visitor", err);

    if (code == LWC_OK && (visitor_out->line == NULL || visitor_out->answer == NULL)) {
        code = lwc_fail(err, LWC_E_INVALID,
                        "struct lwc_explain_visitor: line() and answer() must be set");
    }
    return code;
}

enum lwc_code lwc_explain(struct lwc_context *ctx, const struct lwc_query *query,
                          const struct lwc_explain_visitor *visitor, struct lwc_error *err)
{
    LWC_AUTO_HELD held = {NULL};
    LWC_AUTO_BUF text = NULL;
    const struct lwc_obtain_ctx obtain = lwc_obtain_of(ctx);
    struct lwc_explain_visitor told;
    struct explanation_ctx explain = {.visitor = &told, .err = err};
    struct lwc_query known;
    struct lwc_identity wanted;
    bool is_quiet = false;
    enum lwc_code code = lwc_query_take(query, &known, &wanted, err);

    if (code == LWC_OK) {
        code = take_visitor(visitor, &told, err);
    }
    if (code == LWC_OK) {
        code = lwc_buf_new(TEXT_CAP, &text, err);
    }
    if (code == LWC_OK) {
        code = lwc_call_start_secret(ctx, &held, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    explain.text = text;
    is_quiet = atomic_exchange(&ctx->no_prompt, true);
    lwc_dependencies_reset(&ctx->dependencies);
    code = explain_query(&explain, &obtain, &known, &wanted);
    atomic_store(&ctx->no_prompt, is_quiet);
    return code;
}
