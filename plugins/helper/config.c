/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/util.h"
#include "command.h"
#include "output.h"
#include "plugins/format/object.h"

#define OUT_CAP 4096
#define FINDINGS_SHOWN 20
#define TEXT_LEN 1024

/* An answer under construction: after a failure, additions do nothing. */
struct page {
    struct lwc_secret *out;
    struct lwc_error *err;
    enum lwc_code code;
    bool json;
    size_t faults;
    size_t warnings;
    size_t lines;
};

static void page_free(struct page *page)
{
    lwc_secret_free(&page->out);
}

static struct page page_new(const struct lwc_app *app, struct lwc_error *err)
{
    struct page page = {.err = err, .json = lwc_args_has(&app->args, LWC_OPT_JSON)};

    page.code = lwc_secret_new(OUT_CAP, &page.out, err);
    return page;
}

#define ADD(page, ...)                                                             \
    do {                                                                           \
        if ((page)->code == LWC_OK) {                                              \
            (page)->code = lwc_text_append((page)->out, (page)->err, __VA_ARGS__); \
        }                                                                          \
    } while (false)

/* @text as a JSON string, or as it may be shown to people. */
static void add_text(struct page *page, const char *text)
{
    char clean[TEXT_LEN];

    if (!page->json) {
        ADD(page, "%s", lwc_text_printable(clean, sizeof clean, text, strlen(text)));
    } else if (page->code == LWC_OK) {
        page->code = lwc_text_append_json(page->out, text, page->err);
    }
}

static void add_members(struct page *page, const struct lwc_member *members, size_t count)
{
    if (page->code == LWC_OK) {
        page->code = lwc_object_append(page->out, members, count, page->err);
    }
}

static void add_finding_object(struct page *page, const struct lwc_config_finding *finding)
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
    ADD(page, page->faults + page->warnings > 1 ? "," : "");
    add_members(page, members, LWC_ARRAY_LEN(members));
}

static void take_finding(void *data, const struct lwc_config_finding *finding)
{
    struct page *page = data;

    page->faults += finding->is_fault ? 1 : 0;
    page->warnings += finding->is_fault ? 0 : 1;
    if (page->faults + page->warnings > FINDINGS_SHOWN) {
        return;
    }
    if (page->json) {
        add_finding_object(page, finding);
        return;
    }
    add_text(page, finding->file);
    ADD(page, ":%u:%u: %s: ", finding->line, finding->column,
        finding->is_fault ? "error" : "warning");
    add_text(page, finding->what->msg);
    if (finding->what->hint[0] != '\0') {
        ADD(page, " (");
        add_text(page, finding->what->hint);
        ADD(page, ")");
    }
    ADD(page, "\n");
}

static void count_line(void *data, const struct lwc_config_line *line)
{
    struct page *page = data;

    page->lines += line->control != NULL ? 1 : 0;
}

/* The file can be used: its name, and how many lines the stack has. */
static const char *load(struct lwc_app *app, const struct lwc_options *options, struct page *page)
{
    if (page->code == LWC_OK) {
        page->code = lwc_open(options, &app->ctx, page->err);
    }
    if (page->code == LWC_OK) {
        page->code = lwc_config_lines(app->ctx, count_line, page, page->err);
    }
    return page->code == LWC_OK ? lwc_config_source(app->ctx) : "";
}

static void add_verdict(struct page *page, const char *file)
{
    const size_t more = page->faults + page->warnings > FINDINGS_SHOWN
                            ? page->faults + page->warnings - FINDINGS_SHOWN
                            : 0;

    if (page->json) {
        ADD(page, "],\"more\":%zu,\"errors\":%zu,\"warnings\":%zu,\"lines\":%zu,\"file\":", more,
            page->faults, page->warnings, page->lines);
        add_text(page, file);
        ADD(page, ",\"ok\":%s}", LWC_TRUTH(page->faults == 0));
    } else if (more > 0) {
        ADD(page, "and %zu more", more);
    }
    if (page->faults == 0 && !page->json) {
        ADD(page, more > 0 ? "\n" : "");
        add_text(page, file);
        ADD(page, ": ok, %zu line%s", page->lines, page->lines == 1 ? "" : "s");
    }
    if (page->json || more > 0 || page->faults == 0) {
        ADD(page, "\n");
    }
}

static enum lwc_code check(struct lwc_app *app, const char *file, struct lwc_error *err)
{
    LWC_AUTO(struct page, page_free) page = page_new(app, err);
    struct lwc_options options = lwc_app_options(app);
    struct lwc_error why = {0};
    const char *name = file;
    enum lwc_code code = page.code;

    if (code != LWC_OK) {
        return code;
    }
    if (file != NULL) {
        options.config = file;
    }
    ADD(&page, page.json ? "{\"findings\":[" : "");
    code = lwc_config_check(&options, take_finding, &page, &why);
    if (code == LWC_OK) {
        name = load(app, &options, &page);
    } else if (page.faults == 0) {
        *err = why; /* it could not be read at all */
        return code;
    }
    add_verdict(&page, name != NULL ? name : "");
    if (page.code != LWC_OK) {
        return page.code;
    }
    page.code = lwc_output_write(page.out, err);
    if (page.code != LWC_OK || code == LWC_OK) {
        return page.code;
    }
    return lwc_fail(err, code, "stack file: %zu error%s", page.faults, page.faults == 1 ? "" : "s");
}

static void add_line_object(struct page *page, const struct lwc_config_line *line)
{
    const char *between = "";

    ADD(page, "%s{\"file\":", page->lines > 1 ? "," : "");
    add_text(page, line->file);
    ADD(page, ",\"line\":%u,\"operation\":\"%s\",\"%s\":", line->line, line->operation,
        line->control != NULL ? "backend" : "setting");
    add_text(page, line->name);
    if (line->control != NULL) {
        ADD(page, ",\"control\":\"%s\"", line->control);
    }
    ADD(page, ",\"%s\":[", line->control != NULL ? "arguments" : "value");
    for (size_t i = 0; i < line->argc; i++) {
        ADD(page, "%s", between);
        add_text(page, line->argv[i]);
        between = ",";
    }
    ADD(page, "],\"text\":");
    add_text(page, line->text);
    ADD(page, "}");
}

static void show_line(void *data, const struct lwc_config_line *line)
{
    struct page *page = data;

    page->lines++;
    if (page->json) {
        add_line_object(page, line);
        return;
    }
    ADD(page, "%s  # ", line->text); /* as it is: it has no control bytes, and is to be read back */
    add_text(page, line->file);
    ADD(page, ":%u\n", line->line);
}

static enum lwc_code show(struct lwc_app *app, struct lwc_error *err)
{
    LWC_AUTO(struct page, page_free) page = page_new(app, err);

    if (page.code == LWC_OK) {
        page.code = lwc_app_open(app, err);
    }
    if (page.code != LWC_OK) {
        return page.code;
    }
    ADD(&page, page.json ? "{\"source\":" : "# ");
    add_text(&page, lwc_config_source(app->ctx));
    ADD(&page, page.json ? ",\"lines\":[" : "\n");
    if (page.code == LWC_OK) {
        const enum lwc_code code = lwc_config_lines(app->ctx, show_line, &page, err);

        page.code = page.code == LWC_OK ? code : page.code;
    }
    ADD(&page, page.json ? "]}\n" : "");
    return page.code != LWC_OK ? page.code : lwc_output_write(page.out, err);
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
