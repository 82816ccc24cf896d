/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/commands/agent_token.h"

#include <stdio.h>
#include <string.h>

#include "base/append.h"
#include "base/text.h"
#include "base/util.h"
#include "plugins/helper/output.h"
#include "plugins/helper/program.h"
#include "plugins/helper/report.h"
#include "plugins/helper/shared_options.h"

#define CELL_LEN 160
#define GAP 2

static enum lwc_code check_os(const char *value, struct lwc_error *err)
{
    return lwc_streq(value, "linux") || lwc_streq(value, "windows")
               ? LWC_OK
               : lwc_fail(err, LWC_E_INVALID, "linux or windows");
}

/* An empty description is one, too. */
static enum lwc_code check_description(const char *value, struct lwc_error *err)
{
    return !lwc_text_has_control(value, strlen(value)) && strlen(value) <= 1024
               ? LWC_OK
               : lwc_fail(err, LWC_E_INVALID, "at most 1024 bytes, none of them a control byte");
}

static const struct lwc_option opt_description = {
    .name = "description",
    .value = "TEXT",
    .help = "description of the token",
    .check = check_description,
};

static const struct lwc_option opt_os = {
    .name = "os",
    .value = "OS",
    .help = "linux or windows",
    .check = check_os,
};

static const struct lwc_option opt_rename = {
    .name = "rename",
    .value = "ALIAS",
    .help = "the new alias",
    .check = lwc_agent_alias_check,
};

static const struct lwc_option opt_reveal = {
    .name = "reveal",
    .help = "print the token itself, alone on a line",
};

enum lwc_code lwc_agent_run_open(struct lwc_app *app, struct lwc_agent_run *run_out,
                                 struct lwc_error *err)
{
    const struct lwc_args *args = &app->args;
    enum lwc_code code = LWC_OK;

    *run_out = (struct lwc_agent_run){.app = app, .query = lwc_app_query(app)};
    run_out->alias = args->operands > 0 ? args->operand[0] : NULL;
    run_out->query.sub_account = lwc_args_value(args, &lwc_opt_sub_account);
    run_out->query.org_access = lwc_args_has(args, &lwc_opt_org_access);
    if (run_out->alias != NULL) {
        code = lwc_agent_alias_check(run_out->alias, err);
    }
    if (code == LWC_OK) {
        code = lwc_app_open(app, err);
    }
    run_out->client = (struct lwc_agent_client){.ctx = app->ctx, .query = &run_out->query};
    return code;
}

/* Writes a text or a number to @out, printable; "-" for none. */
static const char *print_span(struct lwc_json_span span, char out[static CELL_LEN])
{
    LWC_AUTO_BUF text = NULL;

    (void)snprintf(out, CELL_LEN, "-");
    if (lwc_json_span_type(span) == '0') {
        (void)snprintf(out, CELL_LEN, "%.*s", (int)(span.len < 32 ? span.len : 32), span.at);
    } else if (lwc_json_span_type(span) == '"' && lwc_buf_new(span.len, &text, NULL) == LWC_OK &&
               lwc_json_span_text(span, text, NULL) == LWC_OK && lwc_buf_len(text) > 0) {
        lwc_text_printable(out, CELL_LEN, lwc_buf_bytes(text), lwc_buf_len(text));
    }
    return out[0] != '\0' ? out : "-";
}

static const char *print_alias(const struct lwc_agent_token *token, char out[static CELL_LEN])
{
    return print_span(token->alias, out);
}

static const char *print_state(const struct lwc_agent_token *token, char out[static CELL_LEN])
{
    (void)out;
    return token->is_enabled ? "enabled" : "disabled";
}

static const char *print_os(const struct lwc_agent_token *token, char out[static CELL_LEN])
{
    return print_span(token->os, out);
}

static const char *print_mask(const struct lwc_agent_token *token, char out[static CELL_LEN])
{
    LWC_AUTO_BUF mask = NULL;

    (void)snprintf(out, CELL_LEN, "...");
    if (lwc_buf_new(16, &mask, NULL) == LWC_OK &&
        lwc_agent_token_mask(token, mask, NULL) == LWC_OK) {
        (void)snprintf(out, CELL_LEN, "%s", lwc_buf_text(mask));
    }
    return out;
}

static const char *print_created(const struct lwc_agent_token *token, char out[static CELL_LEN])
{
    return print_span(token->created, out);
}

static const char *print_updated(const struct lwc_agent_token *token, char out[static CELL_LEN])
{
    return print_span(token->updated, out);
}

static const char *print_version(const struct lwc_agent_token *token, char out[static CELL_LEN])
{
    return print_span(token->version, out);
}

static const char *print_description(const struct lwc_agent_token *token, char out[static CELL_LEN])
{
    return print_span(token->description, out);
}

/* The columns of list, and the lines of show; json is the member's name. */
static const struct {
    const char *title;
    const char *json;
    const char *(*print)(const struct lwc_agent_token *token, char out[static CELL_LEN]);
    bool is_column;
} fields[] = {
    {"ALIAS", "alias", print_alias, true},
    {"STATE", "state", print_state, true},
    {"OS", "os", print_os, true},
    {"TOKEN", "token", print_mask, true},
    {"CREATED", "createdTime", print_created, true},
    {"UPDATED", "updatedTime", print_updated, false},
    {"VERSION", "version", print_version, false},
    {"DESCRIPTION", "description", print_description, true},
};
#define FIELD_COUNT LWC_ARRAY_LEN(fields)

/* Appends a member: the whole text, where the field is one of the reply, or the cell. */
static void add_member(struct lwc_report *report, const char *name, struct lwc_json_span span,
                       const char *cell)
{
    LWC_AUTO_BUF text = NULL;

    LWC_REPORT_ADD(report, "\"%s\":", name);
    if (lwc_json_span_type(span) == '0') {
        LWC_REPORT_ADD(report, "%.*s", (int)span.len, span.at);
    } else if (lwc_json_span_type(span) == '"' && report->code == LWC_OK) {
        report->code = lwc_buf_new(span.len, &text, report->err);
        if (report->code == LWC_OK) {
            report->code = lwc_json_span_text(span, text, report->err);
        }
        lwc_report_add_text(report, text != NULL ? lwc_buf_text(text) : "");
    } else if (cell != NULL) {
        lwc_report_add_text(report, cell);
    } else {
        LWC_REPORT_ADD(report, "null");
    }
}

/* Appends a token as an object; with @reveal with the token itself. */
static void add_object(struct lwc_report *report, const struct lwc_agent_token *token, bool reveal)
{
    char cell[CELL_LEN];
    const struct lwc_json_span none = {0};

    LWC_REPORT_ADD(report, "{");
    add_member(report, "alias", token->alias, NULL);
    LWC_REPORT_ADD(report, ",\"enabled\":%s,", LWC_TRUTH(token->is_enabled));
    add_member(report, "os", token->os, NULL);
    LWC_REPORT_ADD(report, ",");
    add_member(report, "description", token->description, NULL);
    LWC_REPORT_ADD(report, ",");
    add_member(report, "createdTime", token->created, NULL);
    LWC_REPORT_ADD(report, ",");
    add_member(report, "updatedTime", token->updated, NULL);
    LWC_REPORT_ADD(report, ",");
    add_member(report, "version", token->version, NULL);
    LWC_REPORT_ADD(report, ",");
    add_member(report, "token", none, print_mask(token, cell));
    if (reveal) {
        LWC_REPORT_ADD(report, ",\"accessToken\":\"%.*s\"", (int)token->secret.len,
                       token->secret.at);
    }
    LWC_REPORT_ADD(report, "}");
}

static void measure_columns(const struct lwc_agent_tokens *tokens, size_t widths[FIELD_COUNT])
{
    char cell[CELL_LEN];

    for (size_t i = 0; i < FIELD_COUNT; i++) {
        widths[i] = strlen(fields[i].title);
        for (size_t row = 0; row < tokens->count; row++) {
            const size_t len = strlen(fields[i].print(&tokens->at[row], cell));

            widths[i] = len > widths[i] ? len : widths[i];
        }
    }
}

/* Appends a row; @token NULL: the titles.  The last column is not padded. */
static void add_row(struct lwc_report *report, const struct lwc_agent_token *token,
                    const size_t widths[FIELD_COUNT])
{
    char cell[CELL_LEN];

    for (size_t i = 0; i < FIELD_COUNT; i++) {
        const char *text = token != NULL ? fields[i].print(token, cell) : fields[i].title;

        if (fields[i].is_column && i + 1 < FIELD_COUNT) {
            LWC_REPORT_ADD(report, "%-*s", (int)widths[i] + GAP, text);
        } else if (fields[i].is_column) {
            LWC_REPORT_ADD(report, "%s\n", text);
        }
    }
}

static void add_table(struct lwc_report *report, const struct lwc_agent_tokens *tokens)
{
    size_t widths[FIELD_COUNT];

    measure_columns(tokens, widths);
    for (size_t i = 0; i < tokens->count; i++) {
        if (i == 0) {
            add_row(report, NULL, widths);
        }
        add_row(report, &tokens->at[i], widths);
    }
}

static void add_array(struct lwc_report *report, const struct lwc_agent_tokens *tokens)
{
    LWC_REPORT_ADD(report, "[");
    for (size_t i = 0; i < tokens->count; i++) {
        LWC_REPORT_ADD(report, i > 0 ? "," : "");
        add_object(report, &tokens->at[i], false);
    }
    LWC_REPORT_ADD(report, "]\n");
}

static enum lwc_code run_list(struct lwc_app *app, struct lwc_error *err)
{
    LWC_AUTO_AGENT_REPLY reply = {0};
    LWC_AUTO(struct lwc_report, lwc_report_clear) report = lwc_report_begin(app, err);
    struct lwc_agent_run run;
    enum lwc_code code = lwc_agent_run_open(app, &run, err);

    if (code == LWC_OK) {
        code = lwc_agent_list(&run.client, &reply, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    if (report.json) {
        add_array(&report, &reply.tokens);
    } else {
        add_table(&report, &reply.tokens);
    }
    return lwc_report_write(&report);
}

static void add_lines(struct lwc_report *report, const struct lwc_agent_token *token)
{
    char cell[CELL_LEN];

    for (size_t i = 0; i < FIELD_COUNT; i++) {
        LWC_REPORT_ADD(report, "%s: %s\n", fields[i].json, fields[i].print(token, cell));
    }
}

/* Prints a token: as an object, by lines, or with --reveal alone. */
static enum lwc_code print_token(struct lwc_app *app, const struct lwc_agent_token *token,
                                 struct lwc_error *err)
{
    LWC_AUTO(struct lwc_report, lwc_report_clear) report = lwc_report_begin(app, err);
    const bool reveal = lwc_args_has(&app->args, &opt_reveal);

    if (report.json) {
        add_object(&report, token, reveal);
        LWC_REPORT_ADD(&report, "\n");
    } else if (reveal) {
        LWC_REPORT_ADD(&report, "%.*s\n", (int)token->secret.len, token->secret.at);
    } else {
        add_lines(&report, token);
    }
    return lwc_report_write(&report);
}

static enum lwc_code run_show(struct lwc_app *app, struct lwc_error *err)
{
    LWC_AUTO_AGENT_REPLY reply = {0};
    const struct lwc_agent_token *token = NULL;
    struct lwc_agent_run run;
    enum lwc_code code = lwc_agent_run_open(app, &run, err);

    if (code == LWC_OK) {
        code = lwc_agent_find(&run.client, run.alias, &reply, &token, err);
    }
    return code == LWC_OK ? print_token(app, token, err) : code;
}

/* Prints the outcome on stderr, and with --json the token as it is now. */
static enum lwc_code report_change(struct lwc_app *app, const struct lwc_agent_token *token,
                                   const char *done, const char *alias, struct lwc_error *err)
{
    lwc_app_say(app, "%s agent token '%s'", done, alias);
    return lwc_args_has(&app->args, &lwc_opt_json) ? print_token(app, token, err) : LWC_OK;
}

/* Refuses an alias that is taken: the API would, but less clearly. */
static enum lwc_code check_free(struct lwc_agent_run *run, const char *alias, struct lwc_error *err)
{
    LWC_AUTO_AGENT_REPLY reply = {0};
    const struct lwc_agent_token *token = NULL;
    struct lwc_error why = {0};
    enum lwc_code code = lwc_agent_find(&run->client, alias, &reply, &token, &why);

    if (code == LWC_E_NOT_FOUND) {
        return LWC_OK;
    }
    if (code != LWC_OK) {
        *err = why;
        return code;
    }
    code = lwc_fail(err, LWC_E_INVALID, "the alias '%s' exists already%s", alias,
                    token->is_enabled ? "" : ", as that of a disabled token");
    return lwc_hint(err, code, "choose another, or rename the old one: agent-token update");
}

static enum lwc_code run_create(struct lwc_app *app, struct lwc_error *err)
{
    LWC_AUTO_AGENT_REPLY reply = {0};
    struct lwc_agent_place place;
    struct lwc_agent_run run;
    enum lwc_code code = lwc_agent_run_open(app, &run, err);
    const struct lwc_agent_request request = {
        .alias = run.alias,
        .description = lwc_args_value(&app->args, &opt_description),
        .os = lwc_args_value(&app->args, &opt_os),
        .is_enabled = true,
    };

    if (code == LWC_OK) {
        code = lwc_agent_store_probe(&run, 0, &place, err);
    }
    if (code == LWC_OK) {
        code = check_free(&run, run.alias, err);
    }
    if (code == LWC_OK) {
        code = lwc_agent_create(&run.client, &request, &reply, err);
    }
    if (code == LWC_OK) {
        code = lwc_agent_store(&run, &place, &reply.tokens.at[0], err);
    }
    return code == LWC_OK ? report_change(app, &reply.tokens.at[0], "created", run.alias, err)
                          : code;
}

/* Changes the token with the alias; @request says to what, but for its token. */
static enum lwc_code change_token(struct lwc_agent_run *run, struct lwc_agent_request *request,
                                  const char *done, struct lwc_error *err)
{
    LWC_AUTO_AGENT_REPLY before = {0};
    LWC_AUTO_AGENT_REPLY after = {0};
    enum lwc_code code = lwc_agent_find(&run->client, run->alias, &before, &request->token, err);

    if (code != LWC_OK) {
        return code;
    }
    if (done == NULL) {
        request->is_enabled = request->token->is_enabled;
    }
    code = lwc_agent_change_token(&run->client, request, &after, err);
    return code == LWC_OK ? report_change(run->app, &after.tokens.at[0],
                                          done != NULL ? done : "changed", run->alias, err)
                          : code;
}

static enum lwc_code run_enable(struct lwc_app *app, struct lwc_error *err)
{
    struct lwc_agent_request request = {.is_enabled = true};
    struct lwc_agent_run run;
    enum lwc_code code = lwc_agent_run_open(app, &run, err);

    return code == LWC_OK ? change_token(&run, &request, "enabled", err) : code;
}

static enum lwc_code run_disable(struct lwc_app *app, struct lwc_error *err)
{
    struct lwc_agent_request request = {.is_enabled = false};
    struct lwc_agent_run run;
    enum lwc_code code = lwc_agent_run_open(app, &run, err);

    return code == LWC_OK ? change_token(&run, &request, "disabled", err) : code;
}

static enum lwc_code run_update(struct lwc_app *app, struct lwc_error *err)
{
    struct lwc_agent_request request = {
        .alias = lwc_args_value(&app->args, &opt_rename),
        .description = lwc_args_value(&app->args, &opt_description),
        .os = lwc_args_value(&app->args, &opt_os),
    };
    struct lwc_agent_run run;
    enum lwc_code code = LWC_OK;

    if (request.alias == NULL && request.description == NULL && request.os == NULL) {
        return lwc_fail(err, LWC_E_INVALID,
                        "nothing to change: give --rename, --description or --os");
    }
    code = lwc_agent_run_open(app, &run, err);
    if (code == LWC_OK && request.alias != NULL && !lwc_streq(request.alias, run.alias)) {
        code = check_free(&run, request.alias, err);
    }
    return code == LWC_OK ? change_token(&run, &request, NULL, err) : code;
}

static const struct lwc_command create_command = {
    .name = "create",
    .summary = "create an agent token",
    .options = LWC_OPTIONS(&opt_description, &opt_os, &lwc_opt_agent_store, &lwc_opt_backend),
    .operands = "NAME",
    .operands_min = 1,
    .operands_max = 1,
    .text = "NAME is its alias.  The token itself is not printed: see 'agent-token show' and\n"
            "'agent-token install'.",
    .example = "agent-token create k8s-prod --description 'production' --os linux",
    .run = run_create,
};

static const struct lwc_command list_command = {
    .name = "list",
    .aliases = LWC_ALIASES("ls"),
    .summary = "list the agent tokens of the account",
    .text = "Tokens are masked.",
    .example = "agent-token list --json",
    .run = run_list,
};

static const struct lwc_command show_command = {
    .name = "show",
    .summary = "show an agent token",
    .options = LWC_OPTIONS(&opt_reveal),
    .operands = "NAME",
    .operands_min = 1,
    .operands_max = 1,
    .text = "The token is masked without --reveal.",
    .example = "agent-token show k8s-prod",
    .run = run_show,
};

static const struct lwc_command enable_command = {
    .name = "enable",
    .summary = "enable an agent token",
    .operands = "NAME",
    .operands_min = 1,
    .operands_max = 1,
    .example = "agent-token enable k8s-prod",
    .run = run_enable,
};

static const struct lwc_command disable_command = {
    .name = "disable",
    .summary = "disable an agent token",
    .operands = "NAME",
    .operands_min = 1,
    .operands_max = 1,
    .text = "Agents that still use it are cut off at once: 'agent-token rotate' finds them.",
    .example = "agent-token disable k8s-prod-old-20261124",
    .run = run_disable,
};

static const struct lwc_command update_command = {
    .name = "update",
    .summary = "change alias, description or os of an agent token",
    .options = LWC_OPTIONS(&opt_rename, &opt_description, &opt_os),
    .operands = "NAME",
    .operands_min = 1,
    .operands_max = 1,
    .text = "All that is not given stays as it is.",
    .example = "agent-token update k8s-prod --description 'production, eu'",
    .run = run_update,
};

const struct lwc_command lwc_agent_token_command = {
    .name = "agent-token",
    .summary = "create, install and rotate tokens of agents",
    .options = LWC_OPTIONS(&lwc_opt_sub_account, &lwc_opt_org_access),
    .subcommands = LWC_SUBCOMMANDS(&create_command, &list_command, &show_command, &enable_command,
                                   &disable_command, &update_command, &lwc_agent_install_command,
                                   &lwc_agent_rotate_command),
    .text = "NAME is the alias of an agent access token, never a token itself.  The calls are\n"
            "made with the credential of --profile.",
    .example = "agent-token rotate k8s-prod --config /var/lib/lacework/config/config.json",
};
