/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "plugins/helper/command.h"
#include "plugins/helper/output.h"
#include "plugins/helper/report.h"

#define FINDINGS_SHOWN 20
#define BEGIN_WITH                                                   \
    "'" LWC_PROGRAM " config show' prints the stack in force: save " \
    "it elsewhere, check it, move it here"

/* A page, and what it tells of. */
struct report {
    struct lwc_report page;
    size_t faults;
    size_t warnings;
    size_t lines;
};

static void report_clear(struct report *report)
{
    lwc_report_clear(&report->page);
}

static void add_finding_object(struct report *report, const struct lwc_config_finding *finding)
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
    LWC_PAGE_ADD(&report->page, report->faults + report->warnings > 1 ? "," : "");
    lwc_report_add_object(&report->page, members, LWC_ARRAY_LEN(members));
}

static void take_finding(void *data, const struct lwc_config_finding *finding)
{
    struct report *report = data;

    report->faults += finding->is_fault ? 1 : 0;
    report->warnings += finding->is_fault ? 0 : 1;
    if (report->faults + report->warnings > FINDINGS_SHOWN) {
        return;
    }
    if (report->page.json) {
        add_finding_object(report, finding);
        return;
    }
    lwc_report_add_text(&report->page, finding->file);
    LWC_PAGE_ADD(&report->page, ":%u:%u: %s: ", finding->line, finding->column,
                 finding->is_fault ? "error" : "warning");
    lwc_report_add_text(&report->page, finding->what->msg);
    if (finding->what->hint[0] != '\0') {
        LWC_PAGE_ADD(&report->page, " (");
        lwc_report_add_text(&report->page, finding->what->hint);
        LWC_PAGE_ADD(&report->page, ")");
    }
    LWC_PAGE_ADD(&report->page, "\n");
}

static void count_line(void *data, const struct lwc_config_line *line)
{
    struct report *report = data;

    report->lines += line->control != NULL ? 1 : 0;
}

/* The file can be used: its name, and how many lines the stack has. */
static const char *load(struct lwc_app *app, const struct lwc_options *options,
                        struct report *report)
{
    if (report->page.code == LWC_OK) {
        report->page.code = lwc_open(options, &app->ctx, report->page.err);
    }
    if (report->page.code == LWC_OK) {
        report->page.code = lwc_config_lines(app->ctx, count_line, report, report->page.err);
    }
    return report->page.code == LWC_OK ? lwc_config_source(app->ctx) : "";
}

static void add_verdict(struct report *report, const char *file)
{
    const size_t more = report->faults + report->warnings > FINDINGS_SHOWN
                            ? report->faults + report->warnings - FINDINGS_SHOWN
                            : 0;

    if (report->page.json) {
        LWC_PAGE_ADD(&report->page,
                     "],\"more\":%zu,\"errors\":%zu,\"warnings\":%zu,\"lines\":%zu,\"file\":", more,
                     report->faults, report->warnings, report->lines);
        lwc_report_add_text(&report->page, file);
        LWC_PAGE_ADD(&report->page, ",\"ok\":%s}", LWC_TRUTH(report->faults == 0));
    } else if (more > 0) {
        LWC_PAGE_ADD(&report->page, "and %zu more", more);
    }
    if (report->faults == 0 && !report->page.json) {
        LWC_PAGE_ADD(&report->page, more > 0 ? "\n" : "");
        lwc_report_add_text(&report->page, file);
        LWC_PAGE_ADD(&report->page, ": ok, %zu line%s", report->lines,
                     report->lines == 1 ? "" : "s");
    }
    if (report->page.json || more > 0 || report->faults == 0) {
        LWC_PAGE_ADD(&report->page, "\n");
    }
}

static enum lwc_code check(struct lwc_app *app, const char *file, struct lwc_error *err)
{
    LWC_AUTO(struct report, report_clear) report = {.page = lwc_report_begin(app, err)};
    struct lwc_options options = lwc_app_options(app);
    struct lwc_error why = {0};
    const char *name = file;
    enum lwc_code code = report.page.code;

    if (code != LWC_OK) {
        return code;
    }
    if (file != NULL) {
        options.config = file;
    }
    LWC_PAGE_ADD(&report.page, report.page.json ? "{\"findings\":[" : "");
    code = lwc_config_check(&options, take_finding, &report, &why);
    if (code == LWC_OK) {
        name = load(app, &options, &report);
    } else if (report.faults == 0) {
        *err = why; /* it could not be read at all */
        return why.sys == ENOENT ? lwc_hint(err, code, BEGIN_WITH) : code;
    }
    add_verdict(&report, name != NULL ? name : "");
    if (lwc_report_write(&report.page) != LWC_OK || code == LWC_OK) {
        return report.page.code;
    }
    return lwc_fail(err, code, "stack file: %zu error%s", report.faults,
                    report.faults == 1 ? "" : "s");
}

static void add_line_object(struct report *report, const struct lwc_config_line *line)
{
    const char *between = "";

    LWC_PAGE_ADD(&report->page, "%s{\"file\":", report->lines > 1 ? "," : "");
    lwc_report_add_text(&report->page, line->file);
    LWC_PAGE_ADD(&report->page, ",\"line\":%u,\"operation\":\"%s\",\"%s\":", line->line,
                 line->operation, line->control != NULL ? "backend" : "setting");
    lwc_report_add_text(&report->page, line->name);
    if (line->control != NULL) {
        LWC_PAGE_ADD(&report->page, ",\"control\":\"%s\"", line->control);
    }
    LWC_PAGE_ADD(&report->page, ",\"%s\":[", line->control != NULL ? "arguments" : "value");
    for (size_t i = 0; i < line->argc; i++) {
        LWC_PAGE_ADD(&report->page, "%s", between);
        lwc_report_add_text(&report->page, line->argv[i]);
        between = ",";
    }
    LWC_PAGE_ADD(&report->page, "],\"text\":");
    lwc_report_add_text(&report->page, line->text);
    LWC_PAGE_ADD(&report->page, "}");
}

static void show_line(void *data, const struct lwc_config_line *line)
{
    struct report *report = data;

    report->lines++;
    if (report->page.json) {
        add_line_object(report, line);
        return;
    }
    LWC_PAGE_ADD(&report->page, "%s  # ",
                 line->text); /* as it is: it has no control bytes, and is to be read back */
    lwc_report_add_text(&report->page, line->file);
    LWC_PAGE_ADD(&report->page, ":%u\n", line->line);
}

static enum lwc_code show(struct lwc_app *app, struct lwc_error *err)
{
    LWC_AUTO(struct report, report_clear) report = {.page = lwc_report_begin(app, err)};

    if (report.page.code == LWC_OK) {
        report.page.code = lwc_app_open(app, err);
    }
    if (report.page.code != LWC_OK) {
        return report.page.code;
    }
    LWC_PAGE_ADD(&report.page, report.page.json ? "{\"source\":" : "# ");
    lwc_report_add_text(&report.page, lwc_config_source(app->ctx));
    LWC_PAGE_ADD(&report.page, report.page.json ? ",\"lines\":[" : "\n");
    if (report.page.code == LWC_OK) {
        const enum lwc_code code = lwc_config_lines(app->ctx, show_line, &report, err);

        report.page.code = report.page.code == LWC_OK ? code : report.page.code;
    }
    LWC_PAGE_ADD(&report.page, report.page.json ? "]}\n" : "");
    return lwc_report_write(&report.page);
}

enum lwc_code lwc_config_run(struct lwc_app *app, struct lwc_error *err)
{
    const char *what = app->args.operands > 1 ? app->args.operand[1] : "";
    const char *file = app->args.operands > 2 ? app->args.operand[2] : NULL;

    if (lwc_streq(what, "show") && file == NULL) {
        return show(app, err);
    }
    if (!lwc_streq(what, "check")) {
        return lwc_hint(err,
                        lwc_fail(err, LWC_E_INVALID,
                                 "config: 'check', 'check FILE' or 'show' "
                                 "expected"),
                        "--config FILE says which file is shown");
    }
    if (file != NULL && lwc_args_has(&app->args, LWC_OPT_CONFIG)) {
        return lwc_fail(err, LWC_E_INVALID, "config check: one file is checked, not also --config");
    }
    return check(app, file, err);
}
