/* SPDX-License-Identifier: Apache-2.0 */
/* The public functions over stack files. */
#include "context.h"

#include <string.h>

#include "base/secret.h"
#include "stack/conf_control.h"
#include "stack/conf_lint.h"
#include "stack/conf_setting.h"
#include "stack/conf_text.h"
#include "stack/module.h"

#define TEXT_CAP 512

const char *lwc_config_source(const struct lwc_context *ctx)
{
    return ctx->conf->source;
}

static enum lwc_code tell_setting(const struct lwc_conf *conf, enum lwc_setting setting,
                                  struct lwc_secret *text, lwc_config_line_fn *visit, void *data,
                                  struct lwc_error *err)
{
    char room[LWC_SETTING_TEXT_LEN];
    const char *const value[] = {lwc_setting_text(conf, setting, room), NULL};
    enum lwc_code code = LWC_OK;

    lwc_secret_reset(text);
    code = lwc_conf_text_setting(text, conf, setting, err);
    if (code == LWC_OK) {
        visit(data, &(struct lwc_config_line){.size = sizeof(struct lwc_config_line),
                                              .file = conf->set[setting].file,
                                              .line = conf->set[setting].line,
                                              .text = lwc_secret_text(text),
                                              .operation = "set",
                                              .name = lwc_setting_name(setting),
                                              .argc = 1,
                                              .argv = value});
    }
    return code;
}

static enum lwc_code tell_line(const struct lwc_conf_line *line, struct lwc_secret *text,
                               lwc_config_line_fn *visit, void *data, struct lwc_error *err)
{
    char control[LWC_CONTROL_TEXT_LEN];
    enum lwc_code code = LWC_OK;

    lwc_secret_reset(text);
    code = lwc_conf_text_line(text, line, err);
    if (code == LWC_OK) {
        visit(data, &(struct lwc_config_line){.size = sizeof(struct lwc_config_line),
                                              .file = line->where.file,
                                              .line = line->where.line,
                                              .text = lwc_secret_text(text),
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
    LWC_AUTO_SECRET text = NULL;
    enum lwc_code code = lwc_call_start(ctx, &held, err);

    if (code == LWC_OK) {
        code = lwc_secret_new(TEXT_CAP, &text, err);
    }

    for (size_t i = 0; i < LWC_SET_COUNT && code == LWC_OK; i++) {
        if (conf->set[i].file != NULL) {
            code = tell_setting(conf, (enum lwc_setting)i, text, visit, data, err);
        }
    }
    for (size_t i = 0; i < conf->count && code == LWC_OK; i++) {
        code = tell_line(&conf->lines[i], text, visit, data, err);
    }
    return code;
}

/* Who hears of a check's findings, and whether these are faults or hints. */
struct checking {
    lwc_config_finding_fn *visit;
    void *data;
    bool is_fault;
};

static void pass_on(void *data, const struct lwc_conf_place *where, const struct lwc_error *what)
{
    const struct checking *checking = data;

    checking->visit(checking->data,
                    &(struct lwc_config_finding){.size = sizeof(struct lwc_config_finding),
                                                 .is_fault = checking->is_fault,
                                                 .file = where->file,
                                                 .line = where->line,
                                                 .column = where->column,
                                                 .what = what});
}

static bool named_before(const struct lwc_conf *conf, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (lwc_streq(conf->lines[i].backend, conf->lines[index].backend)) {
            return true;
        }
    }
    return false;
}

/* Can the backend of a line do what the line is for? */
static void check_backend(const struct lwc_conf *conf, size_t index, bool external,
                          struct checking *checking)
{
    static const uint32_t needed[] = {
        [LWC_OP_LOOKUP] = LWC_CAP_READ,
        [LWC_OP_STORE] = LWC_CAP_STORE,
        [LWC_OP_ERASE] = LWC_CAP_ERASE,
    };
    static const char *const verbs[] = {
        [LWC_OP_LOOKUP] = "be read",
        [LWC_OP_STORE] = "store",
        [LWC_OP_ERASE] = "erase",
    };
    const struct lwc_conf_line *line = &conf->lines[index];
    struct lwc_descriptor found = {0};
    struct lwc_error what = {0};
    enum lwc_code code = lwc_module_use(line->backend, external, &found, &what);

    if (code == LWC_OK && (found.backend.caps & needed[line->op]) == 0) {
        code = lwc_fail(&what, LWC_E_INVALID, "backend '%s' cannot %s", line->backend,
                        verbs[line->op]);
    } else if (code != LWC_OK && named_before(conf, index)) {
        return;
    }
    if (code != LWC_OK) {
        pass_on(checking, &line->where, &what);
    }
}

enum lwc_code lwc_config_check(const struct lwc_options *options, lwc_config_finding_fn *visit,
                               void *data, struct lwc_error *err)
{
    struct checking checking = {.visit = visit, .data = data, .is_fault = true};
    struct lwc_options known;
    LWC_AUTO_CONF conf = NULL;
    enum lwc_code code = lwc_options_take(options, &known, err);

    if (code == LWC_OK) {
        code = lwc_conf_check(known.service, known.config, pass_on, &checking, &conf, err);
    }
    if (code != LWC_OK || lwc_streq(conf->source, "built-in")) {
        return code;
    }
    checking.is_fault = false;
    lwc_conf_lint(conf, pass_on, &checking);
    for (size_t i = 0; i < conf->count; i++) {
        check_backend(conf, i, (known.flags & LWC_OPEN_NO_EXTERNAL) == 0, &checking);
    }
    return LWC_OK;
}
