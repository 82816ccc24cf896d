/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/status.h"

#include <stdio.h>

#include "base/identity.h"
#include "plugins/helper/program.h"
#include "plugins/helper/shared_options.h"

#define BODY_CAP 8192
#define NO_PROFILE_STATUS 500 /* UserProfile for users outside of an organization */

/* The credential, and the API's answer about its user. */
struct status_ctx {
    struct lwc_app *app;
    struct lwc_query query;
    struct lwc_token *token;
    struct lwc_identity_copy identity;
    char backend[LWC_BACKEND_NAME_MAX + 1];
    bool has_identity;
    bool is_online;
    struct lwc_call_reply reply;
    struct lwc_buf *body;
    struct lwc_user_profile profile;
    bool has_profile;
    struct lwc_report report;
};

static void status_ctx_clear(struct status_ctx *ctx)
{
    lwc_token_free(&ctx->token);
    lwc_buf_free(&ctx->body);
    lwc_user_profile_clear(&ctx->profile);
    lwc_report_clear(&ctx->report);
}

static enum lwc_code keep_identity(struct status_ctx *ctx, const struct lwc_identity *identity,
                                   const char *backend, struct lwc_error *err)
{
    enum lwc_code code = lwc_identity_copy(identity, &ctx->identity, err);

    (void)snprintf(ctx->backend, sizeof ctx->backend, "%s", backend);
    ctx->has_identity = code == LWC_OK;
    return code;
}

static void note_answer(void *data, const struct lwc_explained_answer *answer)
{
    (void)!keep_identity(data, answer->identity, answer->backend, NULL);
}

static void ignore_line(void *data, const struct lwc_explained_line *line)
{
    (void)data;
    (void)line;
}

/* Finds out without the API which credential would call; nothing is known if that fails, too. */
static void find_credential(struct status_ctx *ctx)
{
    const struct lwc_explain_visitor visitor = {
        .size = sizeof visitor, .data = ctx, .line = ignore_line, .answer = note_answer};

    (void)!lwc_explain(ctx->app->ctx, &ctx->query, &visitor, NULL);
}

static enum lwc_code fetch_token(struct status_ctx *ctx, struct lwc_error *err)
{
    enum lwc_code code = lwc_token_get(ctx->app->ctx, &ctx->query, &ctx->token, err);

    if (code == LWC_OK) {
        code =
            keep_identity(ctx, lwc_token_identity(ctx->token), lwc_token_source(ctx->token), err);
    }
    return code;
}

static enum lwc_code keep_body(void *data, const void *bytes, size_t len, struct lwc_error *err)
{
    struct status_ctx *ctx = data;

    if (len > LWC_USER_REPLY_MAX - lwc_buf_len(ctx->body)) {
        return lwc_fail(err, LWC_E_NETWORK, "unusable reply: it is longer than 1 MiB");
    }
    return lwc_buf_append(ctx->body, bytes, len, err);
}

static enum lwc_code call_api(struct status_ctx *ctx, const char *path, struct lwc_error *err)
{
    const struct lwc_call call = {
        .size = sizeof call,
        .query = &ctx->query,
        .token = ctx->token,
        .method = "GET",
        .path = path,
        .data = ctx,
        .write = keep_body,
    };

    lwc_buf_reset(ctx->body);
    ctx->reply = (struct lwc_call_reply){.size = sizeof ctx->reply};
    return lwc_call(ctx->app->ctx, &call, &ctx->reply, err);
}

static enum lwc_code ask_organization(struct status_ctx *ctx, struct lwc_error *err)
{
    enum lwc_code code = call_api(ctx, "/api/v2/OrganizationInfo", err);

    return code != LWC_OK ? code
                          : lwc_user_organization_parse(lwc_buf_bytes(ctx->body),
                                                        lwc_buf_len(ctx->body), &ctx->profile, err);
}

/* Asks for the user; the organization alone where the API has no profile of the user. */
static enum lwc_code ask_user(struct status_ctx *ctx, struct lwc_error *err)
{
    enum lwc_code code = call_api(ctx, "/api/v2/UserProfile", err);

    if (code == LWC_OK) {
        code = lwc_user_profile_parse(lwc_buf_bytes(ctx->body), lwc_buf_len(ctx->body),
                                      &ctx->profile, err);
    } else if (ctx->reply.status == NO_PROFILE_STATUS && ask_organization(ctx, NULL) == LWC_OK) {
        *err = (struct lwc_error){0};
        code = LWC_OK;
    }
    ctx->is_online = ctx->has_profile = code == LWC_OK;
    return code;
}

/* A refusal need not be the key's fault. */
static enum lwc_code explain_refusal(const struct status_ctx *ctx, enum lwc_code code,
                                     struct lwc_error *err)
{
    const struct lwc_identity *identity = &ctx->identity.id;

    if (ctx->reply.status != 403 ||
        (identity->sub_account[0] == '\0' && (identity->flags & LWC_ID_ORG_ACCESS) == 0)) {
        return code;
    }
    return lwc_hint(err, code,
                    "the sub-account or the organization may be outside of this user's role: "
                    "--sub-account names another");
}

static enum lwc_code ask_api(struct status_ctx *ctx, struct lwc_error *err)
{
    enum lwc_code code = fetch_token(ctx, err);

    if (code == LWC_OK) {
        code = lwc_buf_new(BODY_CAP, &ctx->body, err);
    }
    if (code == LWC_OK) {
        code = ask_user(ctx, err);
        code = code != LWC_OK ? explain_refusal(ctx, code, err) : code;
    }
    /* The first token was replaced: its life is not the other's. */
    if (ctx->reply.renewals > 0) {
        lwc_token_free(&ctx->token);
        (void)!lwc_token_get(ctx->app->ctx, &ctx->query, &ctx->token, NULL);
    }
    return code;
}

static bool is_outside(enum lwc_code code)
{
    return code == LWC_E_NETWORK || code == LWC_E_REFUSED || code == LWC_E_RATE_LIMITED;
}

static enum lwc_code print_status(struct status_ctx *ctx)
{
    struct lwc_status status = {
        .identity = &ctx->identity.id,
        .backend = ctx->backend,
        .has_token = ctx->token != NULL,
        .expires_at = ctx->token != NULL ? lwc_token_expires_at(ctx->token) : 0,
        .expires_in = ctx->token != NULL ? lwc_token_expires_in(ctx->token) : 0,
        .is_online = ctx->is_online,
        .profile = ctx->has_profile ? &ctx->profile : NULL,
        .rate_limit = ctx->reply.rate_limit,
        .rate_remaining = ctx->reply.rate_remaining,
        .rate_reset_s = ctx->reply.rate_reset_s,
    };

    lwc_scope_judge(status.identity, status.profile, &status.scope);
    for (size_t i = 0; i < status.scope.warnings; i++) {
        lwc_app_warn(ctx->app, "%s", status.scope.warning[i]);
    }
    lwc_status_append(&ctx->report, &status);
    return lwc_report_write(&ctx->report);
}

static enum lwc_code run_status(struct lwc_app *app, struct lwc_error *err)
{
    LWC_AUTO(struct status_ctx, status_ctx_clear)
    ctx = {.app = app,
           .query = lwc_app_query(app),
           .reply = {.rate_limit = -1, .rate_remaining = -1, .rate_reset_s = -1},
           .report = lwc_report_begin(app, err)};
    struct lwc_error why = {0};
    enum lwc_code code = ctx.report.code;

    ctx.query.sub_account = lwc_args_value(&app->args, &lwc_opt_sub_account);
    ctx.query.org_access = lwc_args_has(&app->args, &lwc_opt_org_access);
    if (code == LWC_OK) {
        code = lwc_app_open(app, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    code = ask_api(&ctx, &why);
    if (is_outside(code) && !ctx.has_identity) {
        find_credential(&ctx);
    }
    if (ctx.has_identity && (code == LWC_OK || is_outside(code)) && print_status(&ctx) != LWC_OK) {
        return ctx.report.code;
    }
    *err = why;
    return code;
}

const struct lwc_command lwc_status_command = {
    .name = "status",
    .aliases = LWC_ALIASES("whoami"),
    .summary = "tell who calls the API, and which account a call acts on",
    .options = LWC_OPTIONS(&lwc_opt_sub_account, &lwc_opt_org_access),
    .text = "Asks the API, with one call.  Without an answer, shows what is known here, and fails.",
    .example = "status --profile prod",
    .run = run_status,
};
