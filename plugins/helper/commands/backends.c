/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/append.h"
#include "base/text.h"
#include "base/util.h"
#include "plugins/format/json_writer.h"
#include "plugins/helper/command.h"
#include "plugins/helper/output.h"

#define OUT_CAP 4096
#define SUMMARY_LEN 200

static const struct {
    uint32_t cap;
    const char *name;
} caps[] = {
    {LWC_CAP_READ, "read"},     {LWC_CAP_STORE, "store"},   {LWC_CAP_ERASE, "erase"},
    {LWC_CAP_LIST, "list"},     {LWC_CAP_UNLOCK, "unlock"}, {LWC_CAP_PROMPTS, "prompts"},
    {LWC_CAP_BLOCKING, "host"},
};

/* A report under construction: after a failure, additions do nothing. */
struct backend_list_ctx {
    struct lwc_buf *out;
    struct lwc_error *err;
    enum lwc_code code;
    bool json;
    size_t count;
};

#define ADD(ctx, ...)                                                           \
    do {                                                                        \
        if ((ctx)->code == LWC_OK) {                                            \
            (ctx)->code = lwc_text_append((ctx)->out, (ctx)->err, __VA_ARGS__); \
        }                                                                       \
    } while (false)

static void add_caps(struct backend_list_ctx *ctx, uint32_t known, const char *separator,
                     const char *quote)
{
    const char *between = "";

    for (size_t i = 0; i < LWC_ARRAY_LEN(caps); i++) {
        if ((known & caps[i].cap) != 0) {
            ADD(ctx, "%s%s%s%s", between, quote, caps[i].name, quote);
            between = separator;
        }
    }
}

static void add_member(struct backend_list_ctx *ctx, const char *name, const char *text)
{
    ADD(ctx, "\"%s\":", name);
    if (ctx->code == LWC_OK) {
        ctx->code = lwc_text_append_json(ctx->out, text, ctx->err);
    }
}

static void add_object(struct backend_list_ctx *ctx, const char *name,
                       const struct lwc_backend *backend, const struct lwc_error *why)
{
    ADD(ctx, ctx->count == 0 ? "{" : ",{");
    add_member(ctx, "name", name);
    ADD(ctx, ",");
    if (backend == NULL) {
        add_member(ctx, "error", why->msg);
    } else {
        ADD(ctx, "\"can\":[");
        add_caps(ctx, backend->caps, ",", "\"");
        ADD(ctx, "],");
        add_member(ctx, "summary", backend->summary);
    }
    ADD(ctx, "}");
}

static void add_line(struct backend_list_ctx *ctx, const char *name,
                     const struct lwc_backend *backend, const struct lwc_error *why)
{
    char text[SUMMARY_LEN];
    const char *words = backend == NULL ? why->msg : backend->summary;

    lwc_text_printable(text, sizeof text, words, strlen(words));
    ADD(ctx, "%-16s  ", name);
    if (backend == NULL) {
        ADD(ctx, "unavailable: %s\n", text);
        return;
    }
    add_caps(ctx, backend->caps, ",", "");
    ADD(ctx, "  %s\n", text);
}

static void add_backend(void *data, const char *name, const struct lwc_backend *backend,
                        const struct lwc_error *why)
{
    struct backend_list_ctx *ctx = data;

    if (ctx->json) {
        add_object(ctx, name, backend, why);
    } else {
        add_line(ctx, name, backend, why);
    }
    ctx->count++;
}

enum lwc_code lwc_backends_run(struct lwc_app *app, struct lwc_error *err)
{
    LWC_AUTO_BUF out = NULL;
    struct backend_list_ctx ctx = {.err = err, .json = lwc_args_has(&app->args, LWC_OPT_JSON)};
    enum lwc_code code = lwc_app_open(app, err);

    if (code == LWC_OK) {
        code = lwc_buf_new(OUT_CAP, &out, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    ctx.out = out;
    if (ctx.json) {
        ADD(&ctx, "[");
    }
    lwc_backends(app->ctx, add_backend, &ctx);
    if (ctx.json) {
        ADD(&ctx, "]\n");
    }
    return ctx.code != LWC_OK ? ctx.code : lwc_output_write(out, err);
}
