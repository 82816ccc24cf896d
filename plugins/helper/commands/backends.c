/* SPDX-License-Identifier: Apache-2.0 */
#include "base/util.h"
#include "plugins/helper/program.h"
#include "plugins/helper/report.h"

static const struct {
    uint32_t cap;
    const char *name;
} caps[] = {
    {LWC_CAP_READ, "read"},     {LWC_CAP_STORE, "store"},   {LWC_CAP_ERASE, "erase"},
    {LWC_CAP_LIST, "list"},     {LWC_CAP_UNLOCK, "unlock"}, {LWC_CAP_PROMPTS, "prompts"},
    {LWC_CAP_BLOCKING, "host"},
};

struct backend_list_ctx {
    struct lwc_report report;
    size_t count;
};

static void clear_backend_list(struct backend_list_ctx *ctx)
{
    lwc_report_clear(&ctx->report);
}

static void add_caps(struct lwc_report *report, uint32_t known, const char *quote)
{
    const char *between = "";

    for (size_t i = 0; i < LWC_ARRAY_LEN(caps); i++) {
        if ((known & caps[i].cap) != 0) {
            LWC_REPORT_ADD(report, "%s%s%s%s", between, quote, caps[i].name, quote);
            between = ",";
        }
    }
}

static void add_object(struct lwc_report *report, const char *name,
                       const struct lwc_backend *backend, const struct lwc_error *why)
{
    LWC_REPORT_ADD(report, "{");
    lwc_report_add_member(report, "name", name);
    LWC_REPORT_ADD(report, ",");
    if (backend == NULL) {
        lwc_report_add_member(report, "error", why->msg);
    } else {
        LWC_REPORT_ADD(report, "\"can\":[");
        add_caps(report, backend->caps, "\"");
        LWC_REPORT_ADD(report, "],");
        lwc_report_add_member(report, "summary", backend->summary);
    }
    LWC_REPORT_ADD(report, "}");
}

static void add_line(struct lwc_report *report, const char *name, const struct lwc_backend *backend,
                     const struct lwc_error *why)
{
    LWC_REPORT_ADD(report, "%-16s  ", name);
    if (backend == NULL) {
        LWC_REPORT_ADD(report, "unavailable: ");
    } else {
        add_caps(report, backend->caps, "");
        LWC_REPORT_ADD(report, "  ");
    }
    lwc_report_add_text(report, backend == NULL ? why->msg : backend->summary);
    LWC_REPORT_ADD(report, "\n");
}

static void add_backend(void *data, const char *name, const struct lwc_backend *backend,
                        const struct lwc_error *why)
{
    struct backend_list_ctx *ctx = data;

    if (ctx->report.json) {
        LWC_REPORT_ADD(&ctx->report, ctx->count == 0 ? "" : ",");
        add_object(&ctx->report, name, backend, why);
    } else {
        add_line(&ctx->report, name, backend, why);
    }
    ctx->count++;
}

static enum lwc_code run_backends(struct lwc_app *app, struct lwc_error *err)
{
    LWC_AUTO(struct backend_list_ctx, clear_backend_list)
    ctx = {.report = lwc_report_begin(app, err)};
    enum lwc_code code = ctx.report.code;

    if (code == LWC_OK) {
        code = lwc_app_open(app, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    LWC_REPORT_ADD(&ctx.report, ctx.report.json ? "[" : "");
    lwc_backends(app->ctx, add_backend, &ctx);
    LWC_REPORT_ADD(&ctx.report, ctx.report.json ? "]\n" : "");
    return lwc_report_write(&ctx.report);
}

const struct lwc_command lwc_backends_command = {
    .name = "backends",
    .summary = "list the places where credentials can be",
    .example = "backends",
    .run = run_backends,
};
