/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/identity.h"
#include "base/util.h"
#include "plugins/helper/program.h"
#include "plugins/helper/report.h"
#include "plugins/helper/shared_options.h"

struct cache_list_ctx {
    struct lwc_report report;
    struct lwc_identity wanted; /* --profile and --account */
    size_t count;
};

static void clear_cache_list(struct cache_list_ctx *ctx)
{
    lwc_report_clear(&ctx->report);
}

static void add_object(struct cache_list_ctx *ctx, const struct lwc_identity *identity,
                       int64_t expires_in, const char *place)
{
    LWC_REPORT_ADD(&ctx->report, ctx->count == 0 ? "{" : ",{");
    lwc_report_add_member(&ctx->report, "profile", identity->profile);
    LWC_REPORT_ADD(&ctx->report, ",");
    lwc_report_add_member(&ctx->report, "account", identity->account);
    LWC_REPORT_ADD(&ctx->report, ",");
    lwc_report_add_member(&ctx->report, "place", place);
    LWC_REPORT_ADD(&ctx->report, ",\"expiresIn\":%" PRId64 "}", expires_in);
}

static void add_entry(void *data, const struct lwc_identity *identity, int64_t expires_in,
                      const char *place)
{
    struct cache_list_ctx *ctx = data;

    if (!lwc_identity_matches(&ctx->wanted, identity)) {
        return;
    }
    if (ctx->report.json) {
        add_object(ctx, identity, expires_in, place);
    } else {
        LWC_REPORT_ADD(&ctx->report, "%s  %s  %" PRId64 " s  %s\n", identity->profile,
                       identity->account, expires_in, place);
    }
    ctx->count++;
}

static enum lwc_code run_list(struct lwc_app *app, struct lwc_error *err)
{
    LWC_AUTO(struct cache_list_ctx, clear_cache_list)
    ctx = {.report = lwc_report_begin(app, err), .wanted = LWC_IDENTITY_ANY};
    const char *profile = lwc_args_value(&app->args, &lwc_opt_profile);
    enum lwc_code code = ctx.report.code;

    if (code == LWC_OK) {
        code = lwc_app_open(app, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    ctx.wanted.profile = profile != NULL ? profile : ctx.wanted.profile;
    ctx.wanted.account = app->account;
    LWC_REPORT_ADD(&ctx.report, ctx.report.json ? "[" : "");
    lwc_cached_list(app->ctx, add_entry, &ctx);
    LWC_REPORT_ADD(&ctx.report, ctx.report.json ? "]\n" : "");
    return lwc_report_write(&ctx.report);
}

static enum lwc_code run_clear(struct lwc_app *app, struct lwc_error *err)
{
    enum lwc_code code = lwc_app_open(app, err);

    if (code == LWC_OK) {
        lwc_app_say(app, "%zu cache entries forgotten", lwc_cached_clear(app->ctx));
    }
    return code;
}

static const struct lwc_command list_command = {
    .name = "list",
    .aliases = LWC_ALIASES("ls"),
    .summary = "list the cached tokens",
    .text = "Never shows a token.",
    .example = "cache list",
    .run = run_list,
};

static const struct lwc_command clear_command = {
    .name = "clear",
    .summary = "forget the cached tokens",
    .example = "cache clear",
    .run = run_clear,
};

const struct lwc_command lwc_cache_command = {
    .name = "cache",
    .summary = "list or forget the cached tokens",
    .subcommands = LWC_SUBCOMMANDS(&list_command, &clear_command),
    .example = "cache clear",
};
