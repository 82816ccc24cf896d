/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "base/append.h"
#include "base/identity.h"
#include "base/util.h"
#include "plugins/format/json_writer.h"
#include "plugins/helper/command.h"
#include "plugins/helper/output.h"

#define OUT_CAP 4096

/* A report under construction: after a failure, additions do nothing. */
struct cache_list_ctx {
    struct lwc_buf *out;
    struct lwc_error *err;
    enum lwc_code code;
    struct lwc_identity wanted; /* --profile and --account */
    bool json;
    size_t count;
};

static void add_object(struct cache_list_ctx *ctx, const struct lwc_identity *identity,
                       int64_t expires_in, const char *place)
{
    const char *const members[][2] = {
        {"profile", identity->profile}, {"account", identity->account}, {"place", place}};

    ctx->code = lwc_text_append(ctx->out, ctx->err, ctx->count == 0 ? "{" : ",{");
    for (size_t i = 0; i < LWC_ARRAY_LEN(members) && ctx->code == LWC_OK; i++) {
        ctx->code = lwc_text_append(ctx->out, ctx->err, "\"%s\":", members[i][0]);
        if (ctx->code == LWC_OK) {
            ctx->code = lwc_text_append_json(ctx->out, members[i][1], ctx->err);
        }
        if (ctx->code == LWC_OK) {
            ctx->code = lwc_text_append(ctx->out, ctx->err, ",");
        }
    }
    if (ctx->code == LWC_OK) {
        ctx->code = lwc_text_append(ctx->out, ctx->err, "\"expiresIn\":%" PRId64 "}", expires_in);
    }
}

static void add_entry(void *data, const struct lwc_identity *identity, int64_t expires_in,
                      const char *place)
{
    struct cache_list_ctx *ctx = data;

    if (ctx->code != LWC_OK || !lwc_identity_matches(&ctx->wanted, identity)) {
        return;
    }
    if (ctx->json) {
        add_object(ctx, identity, expires_in, place);
    } else {
        ctx->code = lwc_text_append(ctx->out, ctx->err, "%s  %s  %" PRId64 " s  %s\n",
                                    identity->profile, identity->account, expires_in, place);
    }
    ctx->count++;
}

static enum lwc_code list_entries(struct lwc_app *app, struct lwc_error *err)
{
    LWC_AUTO_BUF out = NULL;
    struct cache_list_ctx ctx = {
        .err = err, .wanted = LWC_IDENTITY_ANY, .json = lwc_args_has(&app->args, LWC_OPT_JSON)};

    if (lwc_args_has(&app->args, LWC_OPT_PROFILE)) {
        ctx.wanted.profile = app->args.option[LWC_OPT_PROFILE];
    }
    ctx.wanted.account = app->account;
    ctx.code = lwc_buf_new(OUT_CAP, &out, err);
    if (ctx.code != LWC_OK) {
        return ctx.code;
    }
    ctx.out = out;
    if (ctx.json) {
        ctx.code = lwc_text_append(out, err, "[");
    }
    lwc_cached_list(app->ctx, add_entry, &ctx);
    if (ctx.json && ctx.code == LWC_OK) {
        ctx.code = lwc_text_append(out, err, "]\n");
    }
    return ctx.code != LWC_OK ? ctx.code : lwc_output_write(out, err);
}

static enum lwc_code clear_entries(struct lwc_app *app)
{
    const size_t count = lwc_cached_clear(app->ctx);

    lwc_app_say(app, "%zu cache entries forgotten", count);
    return LWC_OK;
}

enum lwc_code lwc_cache_run(struct lwc_app *app, struct lwc_error *err)
{
    const char *what = app->args.operands > 1 ? app->args.operand[1] : "";
    enum lwc_code code = LWC_OK;

    if (!lwc_streq(what, "list") && !lwc_streq(what, "clear")) {
        return lwc_fail(err, LWC_E_INVALID, "cache: 'list' or 'clear' expected");
    }
    code = lwc_app_open(app, err);
    if (code != LWC_OK) {
        return code;
    }
    return lwc_streq(what, "list") ? list_entries(app, err) : clear_entries(app);
}
