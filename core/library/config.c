/* SPDX-License-Identifier: Apache-2.0 */
/* The public functions over stack files. */
#include "conf/file.h"
#include "library/context.h"

#include <string.h>

#include "base/buffer.h"
#include "conf/control.h"
#include "conf/lint.h"
#include "conf/print.h"
#include "conf/setting.h"
#include "stack/stack.h"

#define TEXT_CAP 512

const char *lwc_config_source(const struct lwc_context *ctx)
{
    return ctx->conf->source;
}

static enum lwc_code visit_setting(const struct lwc_conf *conf, enum lwc_setting setting,
                                   struct lwc_buf *text, lwc_config_line_fn *visit, void *data,
                                   struct lwc_error *err)
{
    char room[LWC_SETTING_TEXT_LEN];
    const char *const value[] = {lwc_setting_text(conf, setting, room), NULL};
    enum lwc_code code = LWC_OK;

    lwc_buf_reset(text);
    code = lwc_conf_text_setting(text, conf, setting, err);
    if (code == LWC_OK) {
        visit(data, &(struct lwc_config_line){.size = sizeof(struct lwc_config_line),
                                              .file = conf->set[setting].file,
                                              .line = conf->set[setting].line,
                                              .text = lwc_buf_text(text),
                                              .operation = "set",
                                              .name = lwc_setting_name(setting),
                                              .argc = 1,
                                              .argv = value});
    }
    return code;
}

static enum lwc_code visit_line(const struct lwc_conf_line *line, struct lwc_buf *text,
                                lwc_config_line_fn *visit, void *data, struct lwc_error *err)
{
    char control[LWC_CONTROL_TEXT_LEN];
    enum lwc_code code = LWC_OK;

    lwc_buf_reset(text);
    code = lwc_conf_text_line(text, line, err);
    if (code == LWC_OK) {
        visit(data, &(struct lwc_config_line){.size = sizeof(struct lwc_config_line),
                                              .file = line->where.file,
                                              .line = line->where.line,
                                              .text = lwc_buf_text(text),
                                              .operation = lwc_op_name(line->op),
                                              .control = lwc_control_text(line->actions, control),
                                              .name = line->backend,
                                              .argc = line->argc,
                                              .argv = (const char *const *)line->argv});
    }
    return code;
}

enum lwc_code lwc_config_lines(struct lwc_context *ctx, lwc_config_line_fn *visit, void *data,
                               struct lwc_error *err)
{
    LWC_AUTO_HELD held = {NULL};
    const struct lwc_conf *conf = ctx->conf;
    LWC_AUTO_BUF text = NULL;
    enum lwc_code code = lwc_call_start(ctx, &held, err);

    if (code == LWC_OK) {
        code = lwc_buf_new(TEXT_CAP, &text, err);
    }

    for (size_t i = 0; i < LWC_SET_COUNT && code == LWC_OK; i++) {
        if (conf->set[i].file != NULL) {
            code = visit_setting(conf, (enum lwc_setting)i, text, visit, data, err);
        }
    }
    for (size_t i = 0; i < conf->count && code == LWC_OK; i++) {
        code = visit_line(&conf->lines[i], text, visit, data, err);
    }
    return code;
}

/* A check under way; is_fault: its findings are faults, not warnings. */
struct check_ctx {
    lwc_config_finding_fn *visit;
    void *data;
    bool is_fault;
};

static void report_finding(void *data, const struct lwc_conf_place *where,
                           const struct lwc_error *what)
{
    const struct check_ctx *check = data;

    check->visit(check->data,
                 &(struct lwc_config_finding){.size = sizeof(struct lwc_config_finding),
                                              .is_fault = check->is_fault,
                                              .file = where->file,
                                              .line = where->line,
                                              .column = where->column,
                                              .what = what});
}

static bool is_named_before(const struct lwc_conf *conf, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (lwc_streq(conf->lines[i].backend, conf->lines[index].backend)) {
            return true;
        }
    }
    return false;
}

/* Checks that the backend can do what the line is for. */
static enum lwc_code check_use(const struct lwc_conf_line *line, struct lwc_stack_backend *backend,
                               struct lwc_error *err)
{
    static const struct {
        uint32_t cap;
        const char *verb;
    } uses[] = {
        [LWC_OP_LOOKUP] = {LWC_CAP_READ, "be read"},
        [LWC_OP_STORE] = {LWC_CAP_STORE, "store"},
        [LWC_OP_ERASE] = {LWC_CAP_ERASE, "erase"},
    };

    if (lwc_backend_is_loaded(backend) && !lwc_backend_can(backend, uses[line->op].cap)) {
        return lwc_fail(err, LWC_E_INVALID, "backend '%s' cannot %s", line->backend,
                        uses[line->op].verb);
    }
    return LWC_OK;
}

/*
 * Reports on the backend of one line: one that cannot be loaded or used is a warning, an argument
 * that it refuses a fault.  The file is not to blame for a service that is absent.
 */
static enum lwc_code check_line(struct lwc_context *ctx, size_t index, struct check_ctx *check)
{
    const struct lwc_conf_line *line = &ctx->conf->lines[index];
    struct lwc_stack_backend *backend = lwc_stack_backend_at(ctx->stack, index);
    const bool is_loaded = lwc_backend_is_loaded(backend);
    struct lwc_error what = {0};
    enum lwc_code code = check_use(line, backend, &what);

    check->is_fault = false;
    if (code != LWC_OK) {
        report_finding(check, &line->where, &what);
    }
    code = lwc_backend_try(backend, &what);
    if (code == LWC_OK ||
        (is_loaded ? code == LWC_E_UNAVAILABLE : is_named_before(ctx->conf, index))) {
        return LWC_OK;
    }
    check->is_fault = is_loaded && code == LWC_E_INVALID;
    report_finding(check, &line->where, &what);
    return check->is_fault ? code : LWC_OK;
}

static enum lwc_code check_lines(struct lwc_context *ctx, struct check_ctx *check,
                                 struct lwc_error *err)
{
    LWC_AUTO_HELD held = {NULL};
    enum lwc_code first = LWC_OK;
    enum lwc_code code = lwc_call_start(ctx, &held, err); /* starts the clock */

    if (code != LWC_OK) {
        return code;
    }
    lwc_conf_lint(ctx->conf, report_finding, check);
    for (size_t i = 0; i < ctx->conf->count; i++) {
        code = check_line(ctx, i, check);
        first = first == LWC_OK ? code : first;
    }
    return first == LWC_OK ? LWC_OK
                           : lwc_fail(err, first, "a backend refuses the arguments of its line");
}

enum lwc_code lwc_config_check(const struct lwc_options *options, lwc_config_finding_fn *visit,
                               void *data, struct lwc_error *err)
{
    struct check_ctx check = {.visit = visit, .data = data, .is_fault = true};
    LWC_AUTO(struct lwc_context *, lwc_close) ctx = NULL;
    struct lwc_options known;
    LWC_AUTO_CONF conf = NULL;
    enum lwc_code code = lwc_options_take(options, &known, err);

    if (code == LWC_OK) {
        code = lwc_conf_check(known.service, known.config, report_finding, &check, &conf, err);
    }
    if (code != LWC_OK || lwc_streq(conf->source, "built-in")) {
        return code;
    }
    check.is_fault = false;
    known.size = sizeof known;
    known.flags |= LWC_OPEN_NO_PROMPT;
    code = lwc_open(&known, &ctx, err);
    return code == LWC_OK ? check_lines(ctx, &check, err) : code;
}
