/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "plugins/helper/output.h"
#include "plugins/helper/program.h"
#include "plugins/helper/report.h"
#include "plugins/helper/shared_options.h"

#define FINDINGS_SHOWN 20
#define BEGIN_WITH                                                   \
    "'" LWC_PROGRAM " config show' prints the stack in force: save " \
    "it elsewhere, check it, move it here"

/* A report, and its counts. */
struct config_ctx {
    struct lwc_report report;
    size_t faults;
    size_t warnings;
    size_t lines;
};

static void clear_config_ctx(struct config_ctx *ctx)
{
    lwc_report_clear(&ctx->report);
}

static void add_finding_object(struct config_ctx *ctx, const struct lwc_config_finding *finding)
{
    char line[16];
    char column[16];
    const struct lwc_member members[] = {
        {.name = "kind", .text = finding->is_fault ? "error" : "warning"},
        {.name = "file", .text = finding->file},
        {.name = "line", .literal = line},
        {.name = "column", .literal = column},
        {.name = "message", .text = finding->what->msg},
        {.name = "hint", .text = finding->what->hint},
    };

    (void)snprintf(line, sizeof line, "%u", finding->line);
    (void)snprintf(column, sizeof column, "%u", finding->column);
    LWC_REPORT_ADD(&ctx->report, ctx->faults + ctx->warnings > 1 ? "," : "");
    lwc_report_add_object(&ctx->report, members, LWC_ARRAY_LEN(members));
}

static void add_finding(void *data, const struct lwc_config_finding *finding)
{
    struct config_ctx *ctx = data;

    ctx->faults += finding->is_fault ? 1 : 0;
    ctx->warnings += finding->is_fault ? 0 : 1;
    if (ctx->faults + ctx->warnings > FINDINGS_SHOWN) {
        return;
    }
    if (ctx->report.json) {
        add_finding_object(ctx, finding);
        return;
    }
    lwc_report_add_text(&ctx->report, finding->file);
    LWC_REPORT_ADD(&ctx->report, ":%u:%u: %s: ", finding->line, finding->column,
                   finding->is_fault ? "error" : "warning");
    lwc_report_add_text(&ctx->report, finding->what->msg);
    if (finding->what->hint[0] != '\0') {
        LWC_REPORT_ADD(&ctx->report, " (");
        lwc_report_add_text(&ctx->report, finding->what->hint);
        LWC_REPORT_ADD(&ctx->report, ")");
    }
    LWC_REPORT_ADD(&ctx->report, "\n");
}

static void count_line(void *data, const struct lwc_config_line *line)
{
    struct config_ctx *ctx = data;

    ctx->lines += line->control != NULL ? 1 : 0;
}

/* Opens the stack and counts its lines; returns the name of its file. */
static const char *open_stack(struct lwc_app *app, const struct lwc_options *options,
                              struct config_ctx *ctx)
{
    if (ctx->report.code == LWC_OK) {
        ctx->report.code = lwc_open(options, &app->ctx, ctx->report.err);
    }
    if (ctx->report.code == LWC_OK) {
        ctx->report.code = lwc_config_lines(app->ctx, count_line, ctx, ctx->report.err);
    }
    return ctx->report.code == LWC_OK ? lwc_config_source(app->ctx) : "";
}

static void add_verdict(struct config_ctx *ctx, const char *file)
{
    const size_t more = ctx->faults + ctx->warnings > FINDINGS_SHOWN
                            ? ctx->faults + ctx->warnings - FINDINGS_SHOWN
                            : 0;

    if (ctx->report.json) {
        LWC_REPORT_ADD(&ctx->report,
                       "],\"more\":%zu,\"errors\":%zu,\"warnings\":%zu,\"lines\":%zu,\"file\":",
                       more, ctx->faults, ctx->warnings, ctx->lines);
        lwc_report_add_text(&ctx->report, file);
        LWC_REPORT_ADD(&ctx->report, ",\"ok\":%s}", LWC_TRUTH(ctx->faults == 0));
    } else if (more > 0) {
        LWC_REPORT_ADD(&ctx->report, "and %zu more", more);
    }
    if (ctx->faults == 0 && !ctx->report.json) {
        LWC_REPORT_ADD(&ctx->report, more > 0 ? "\n" : "");
        lwc_report_add_text(&ctx->report, file);
        LWC_REPORT_ADD(&ctx->report, ": ok, %zu line%s", ctx->lines, ctx->lines == 1 ? "" : "s");
    }
    if (ctx->report.json || more > 0 || ctx->faults == 0) {
        LWC_REPORT_ADD(&ctx->report, "\n");
    }
}

static enum lwc_code check_file(struct lwc_app *app, const char *file, struct lwc_error *err)
{
    LWC_AUTO(struct config_ctx, clear_config_ctx) ctx = {.report = lwc_report_begin(app, err)};
    struct lwc_options options = lwc_app_options(app);
    struct lwc_error why = {0};
    const char *name = file;
    enum lwc_code code = ctx.report.code;

    if (code != LWC_OK) {
        return code;
    }
    if (file != NULL) {
        options.config = file;
    }
    LWC_REPORT_ADD(&ctx.report, ctx.report.json ? "{\"findings\":[" : "");
    code = lwc_config_check(&options, add_finding, &ctx, &why);
    if (code == LWC_OK) {
        name = open_stack(app, &options, &ctx);
    } else if (ctx.faults == 0) {
        *err = why; /* the file could not be read */
        return why.sys == ENOENT ? lwc_hint(err, code, BEGIN_WITH) : code;
    }
    add_verdict(&ctx, name != NULL ? name : "");
    if (lwc_report_write(&ctx.report) != LWC_OK || code == LWC_OK) {
        return ctx.report.code;
    }
    return lwc_fail(err, code, "stack file: %zu error%s", ctx.faults, ctx.faults == 1 ? "" : "s");
}

static void add_line_object(struct config_ctx *ctx, const struct lwc_config_line *line)
{
    const char *between = "";

    LWC_REPORT_ADD(&ctx->report, "%s{\"file\":", ctx->lines > 1 ? "," : "");
    lwc_report_add_text(&ctx->report, line->file);
    LWC_REPORT_ADD(&ctx->report, ",\"line\":%u,\"operation\":\"%s\",\"%s\":", line->line,
                   line->operation, line->control != NULL ? "backend" : "setting");
    lwc_report_add_text(&ctx->report, line->name);
    if (line->control != NULL) {
        LWC_REPORT_ADD(&ctx->report, ",\"control\":\"%s\"", line->control);
    }
    LWC_REPORT_ADD(&ctx->report, ",\"%s\":[", line->control != NULL ? "arguments" : "value");
    for (size_t i = 0; i < line->argc; i++) {
        LWC_REPORT_ADD(&ctx->report, "%s", between);
        lwc_report_add_text(&ctx->report, line->argv[i]);
        between = ",";
    }
    LWC_REPORT_ADD(&ctx->report, "],\"text\":");
    lwc_report_add_text(&ctx->report, line->text);
    LWC_REPORT_ADD(&ctx->report, "}");
}

static void add_line(void *data, const struct lwc_config_line *line)
{
    struct config_ctx *ctx = data;

    ctx->lines++;
    if (ctx->report.json) {
        add_line_object(ctx, line);
        return;
    }
    LWC_REPORT_ADD(&ctx->report, "%s  # ",
                   line->text); /* unchanged, so that it can be read back; has no control bytes */
    lwc_report_add_text(&ctx->report, line->file);
    LWC_REPORT_ADD(&ctx->report, ":%u\n", line->line);
}

static enum lwc_code run_show(struct lwc_app *app, struct lwc_error *err)
{
    LWC_AUTO(struct config_ctx, clear_config_ctx) ctx = {.report = lwc_report_begin(app, err)};

    if (ctx.report.code == LWC_OK) {
        ctx.report.code = lwc_app_open(app, err);
    }
    if (ctx.report.code != LWC_OK) {
        return ctx.report.code;
    }
    LWC_REPORT_ADD(&ctx.report, ctx.report.json ? "{\"source\":" : "# ");
    lwc_report_add_text(&ctx.report, lwc_config_source(app->ctx));
    LWC_REPORT_ADD(&ctx.report, ctx.report.json ? ",\"lines\":[" : "\n");
    if (ctx.report.code == LWC_OK) {
        const enum lwc_code code = lwc_config_lines(app->ctx, add_line, &ctx, err);

        ctx.report.code = ctx.report.code == LWC_OK ? code : ctx.report.code;
    }
    LWC_REPORT_ADD(&ctx.report, ctx.report.json ? "]}\n" : "");
    return lwc_report_write(&ctx.report);
}

static enum lwc_code run_check(struct lwc_app *app, struct lwc_error *err)
{
    const char *file = app->args.operands > 0 ? app->args.operand[0] : NULL;

    if (file != NULL && lwc_args_has(&app->args, &lwc_opt_config)) {
        return lwc_fail(err, LWC_E_INVALID, "config check: one file is checked, not also --config");
    }
    return check_file(app, file, err);
}

static const struct lwc_command check_command = {
    .name = "check",
    .summary = "check a stack file",
    .operands = "[FILE]",
    .operands_max = 1,
    .text = "Tells all that is wrong with FILE, or with the stack file in force.",
    .example = "config check ~/.config/lwcred/stack.d/default",
    .run = run_check,
};

static const struct lwc_command show_command = {
    .name = "show",
    .summary = "print the stack in force",
    .text = "Controls are spelled out, includes in place.  --config FILE says which file is shown.",
    .example = "config show",
    .run = run_show,
};

const struct lwc_command lwc_config_command = {
    .name = "config",
    .summary = "check or show the stack file",
    .subcommands = LWC_SUBCOMMANDS(&check_command, &show_command),
    .example = "config check ~/.config/lwcred/stack.d/default",
};
