/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "plugins/helper/program.h"
#include "plugins/helper/report.h"

#define NO_WALK UINT32_MAX

/* Rules of selection: a word for programs, and words for people. */
static const struct {
    const char *word;
    const char *reason;
} rules[] = {
    [LWC_RULE_PROFILE] = {"profile", "the profile is named"},
    [LWC_RULE_KEY_ID] = {"key-id", "account and key id are named"},
    [LWC_RULE_ACCOUNT] = {"account", "the account is named"},
    [LWC_RULE_PROFILE_SETTING] = {"LW_PROFILE", "LW_PROFILE names the profile"},
    [LWC_RULE_ENVIRONMENT] = {"environment",
                              "nothing is named: complete LW_* variables come first"},
    [LWC_RULE_ACCOUNT_SETTING] = {"LW_ACCOUNT", "LW_ACCOUNT selects the account"},
    [LWC_RULE_DEFAULT] = {"default", "nothing is named: the profile 'default'"},
    [LWC_RULE_ONLY] = {"only", "nothing is named: the only credential there is"},
};

static const struct {
    const char *word;
    const char *reason;
} sources[] = {
    [LWC_FROM_CACHE] = {"cache", "from the cache: no backend is asked while it lives"},
    [LWC_FROM_CACHE_KEYED] = {"cache-if-same-key",
                              "from the cache, if it was made with the key that is stored now"},
    [LWC_FROM_EXCHANGE] = {"exchange", "by an exchange"},
    [LWC_FROM_BACKEND] = {"backend", "ready from the backend"},
};

/* A report, and its progress. */
struct explain_report {
    struct lwc_report report;
    uint32_t walk; /* last walk begun */
    bool answered;
};

static void clear_explain_report(struct explain_report *ctx)
{
    lwc_report_clear(&ctx->report);
}

/* "profile prod, account acme.lacework.net, key ACME_0", as much as is set. */
static void add_names(struct lwc_report *report, const struct lwc_identity *identity)
{
    const char *const names[][2] = {{"profile", identity->profile},
                                    {"account", identity->account},
                                    {"key", identity->key_id},
                                    {"sub-account", identity->sub_account}};
    const char *between = "";

    for (size_t i = 0; i < LWC_ARRAY_LEN(names); i++) {
        if (names[i][1][0] != '\0') {
            LWC_REPORT_ADD(report, "%s%s ", between, names[i][0]);
            lwc_report_add_text(report, names[i][1]);
            between = ", ";
        }
    }
    if (between[0] == '\0') {
        LWC_REPORT_ADD(report, "any credential");
    }
}

static void add_identity(struct lwc_report *report, const struct lwc_identity *identity,
                         const char *backend)
{
    if (identity == NULL) {
        LWC_REPORT_ADD(report, "null");
    } else if (report->code == LWC_OK) {
        report->code = lwc_json_append_identity(report->out, identity, backend, report->err);
    }
}

static void begin_walk(struct explain_report *ctx, const struct lwc_explained_line *line)
{
    const bool first = ctx->walk == NO_WALK;

    ctx->walk = line->walk;
    if (!ctx->report.json) {
        LWC_REPORT_ADD(&ctx->report, "%s%s\nlooked for: ", first ? "" : "\n",
                       rules[line->rule].reason);
        add_names(&ctx->report, line->wanted);
        LWC_REPORT_ADD(&ctx->report, "\n");
        return;
    }
    LWC_REPORT_ADD(&ctx->report, "%s{\"rule\":\"%s\",\"wanted\":{\"profile\":", first ? "" : "]},",
                   rules[line->rule].word);
    lwc_report_add_text(&ctx->report, line->wanted->profile);
    LWC_REPORT_ADD(&ctx->report, ",\"account\":");
    lwc_report_add_text(&ctx->report, line->wanted->account);
    LWC_REPORT_ADD(&ctx->report, ",\"keyId\":");
    lwc_report_add_text(&ctx->report, line->wanted->key_id);
    LWC_REPORT_ADD(&ctx->report, "},\"lines\":[");
}

static void add_line_object(struct lwc_report *report, const struct lwc_explained_line *line,
                            bool first)
{
    LWC_REPORT_ADD(report, "%s{\"file\":", first ? "" : ",");
    lwc_report_add_text(report, line->file);
    LWC_REPORT_ADD(report, ",\"line\":%u,\"text\":", line->line);
    lwc_report_add_text(report, line->text);
    LWC_REPORT_ADD(report, ",\"backend\":\"%s\",\"asked\":%s", line->backend,
                   LWC_TRUTH(line->asked));
    if (line->asked) {
        LWC_REPORT_ADD(
            report, ",\"outcome\":\"%s\",\"action\":\"%s\",\"counts\":%s,\"ends\":%s,\"untold\":%s",
            line->outcome, line->action, LWC_TRUTH(line->counts), LWC_TRUTH(line->ends),
            LWC_TRUTH(line->untold));
        LWC_REPORT_ADD(report, ",\"ifLocked\":");
        if (line->if_locked != NULL) {
            lwc_report_add_text(report, line->if_locked);
        } else {
            LWC_REPORT_ADD(report, "null");
        }
        LWC_REPORT_ADD(report, ",\"message\":");
        lwc_report_add_text(report, line->why->msg);
        LWC_REPORT_ADD(report, ",\"holds\":");
        add_identity(report, line->holds, line->backend);
    }
    LWC_REPORT_ADD(report, "}");
}

static void add_outcome(struct lwc_report *report, const struct lwc_explained_line *line)
{
    LWC_REPORT_ADD(report, "    said:    ");
    if (line->holds != NULL) {
        LWC_REPORT_ADD(report, "holds ");
        add_names(report, line->holds);
    } else {
        LWC_REPORT_ADD(report, "%s", line->outcome);
    }
    if (line->why->msg[0] != '\0') {
        LWC_REPORT_ADD(report, ": ");
        lwc_report_add_text(report, line->why->msg);
    }
    if (line->untold && line->code == LWC_E_LOCKED) {
        LWC_REPORT_ADD(report, " (what it holds shows once it is opened, which 'get' tries)");
    }
    LWC_REPORT_ADD(report, "\n");
}

/* Describes the consequence of an action. */
static const char *describe_consequence(const struct lwc_explained_line *line)
{
    static const struct {
        const char *action;
        const char *counting;
        const char *ignored;
    } words[] = {
        {"ok", "counts, the next line is asked", "does not count: an earlier failure does"},
        {"done", "counts, and ends the walk", "does not count: an earlier failure does"},
        {"bad", "the stack fails, the next line is asked", "the stack has failed already"},
        {"die", "the stack fails at once", "the stack fails at once"},
        {"ignore", "does not count", "does not count, the next line is asked"},
    };

    for (size_t i = 0; i < LWC_ARRAY_LEN(words); i++) {
        if (lwc_streq(words[i].action, line->action)) {
            return line->counts ? words[i].counting : words[i].ignored;
        }
    }
    return "does not count, and skips so many lines";
}

static void add_line(void *data, const struct lwc_explained_line *line)
{
    struct explain_report *ctx = data;
    const bool first = ctx->walk != line->walk;

    if (first) {
        begin_walk(ctx, line);
    }
    if (ctx->report.json) {
        add_line_object(&ctx->report, line, first);
        return;
    }
    LWC_REPORT_ADD(&ctx->report, "  ");
    lwc_report_add_text(&ctx->report, line->file);
    LWC_REPORT_ADD(&ctx->report, ":%u: ", line->line);
    lwc_report_add_text(&ctx->report, line->text);
    if (!line->asked) {
        LWC_REPORT_ADD(&ctx->report, "\n    skipped\n");
        return;
    }
    LWC_REPORT_ADD(&ctx->report, "\n");
    add_outcome(&ctx->report, line);
    LWC_REPORT_ADD(&ctx->report, "    control: %s=%s: %s\n", line->outcome, line->action,
                   describe_consequence(line));
    if (line->if_locked != NULL) {
        LWC_REPORT_ADD(&ctx->report, "             locked=%s, if it cannot be opened\n",
                       line->if_locked);
    }
}

static void end_walks(struct explain_report *ctx)
{
    if (ctx->report.json) {
        LWC_REPORT_ADD(&ctx->report, ctx->walk == NO_WALK ? "],\"answer\":" : "]}],\"answer\":");
    } else if (ctx->walk != NO_WALK) {
        LWC_REPORT_ADD(&ctx->report, "\n");
    }
}

static void add_answer(void *data, const struct lwc_explained_answer *answer)
{
    struct explain_report *ctx = data;

    end_walks(ctx);
    ctx->answered = true;
    if (ctx->report.json) {
        add_identity(&ctx->report, answer->identity, answer->backend);
        LWC_REPORT_ADD(&ctx->report, ",\"rule\":\"%s\",\"token\":\"%s\",\"certain\":%s",
                       rules[answer->rule].word, sources[answer->from].word,
                       LWC_TRUTH(!answer->untold));
        return;
    }
    LWC_REPORT_ADD(&ctx->report, "answer: ");
    add_names(&ctx->report, answer->identity);
    LWC_REPORT_ADD(&ctx->report, ", from backend '%s'\nwhy:    %s\ntoken:  %s\n", answer->backend,
                   rules[answer->rule].reason, sources[answer->from].reason);
    if (answer->behind_absent) {
        LWC_REPORT_ADD(&ctx->report,
                       "note:   a backend in front of it is absent: cached for one minute\n");
    }
    if (answer->untold) {
        LWC_REPORT_ADD(&ctx->report,
                       "note:   a backend that cannot tell what it holds could answer before\n");
    }
}

static enum lwc_code run_explain(struct lwc_app *app, struct lwc_error *err)
{
    LWC_AUTO(struct explain_report, clear_explain_report)
    ctx = {.report = lwc_report_begin(app, err), .walk = NO_WALK};
    const struct lwc_explain_visitor visitor = {
        .size = sizeof visitor, .data = &ctx, .line = add_line, .answer = add_answer};
    const struct lwc_query query = lwc_app_query(app);
    struct lwc_error why = {0};
    enum lwc_code code = ctx.report.code;

    if (code == LWC_OK) {
        code = lwc_app_open(app, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    LWC_REPORT_ADD(&ctx.report, ctx.report.json ? "{\"walks\":[" : "");
    code = lwc_explain(app->ctx, &query, &visitor, &why);
    if (!ctx.answered) {
        end_walks(&ctx);
        LWC_REPORT_ADD(&ctx.report, ctx.report.json ? "null" : "answer: none\n");
    }
    LWC_REPORT_ADD(&ctx.report, ctx.report.json ? "}\n" : "");
    if (lwc_report_write(&ctx.report) != LWC_OK || code == LWC_OK) {
        return ctx.report.code;
    }
    *err = why;
    return code;
}

const struct lwc_command lwc_explain_command = {
    .name = "explain",
    .summary = "tell which credential would answer, and why",
    .text = "Asks every backend what it holds, line by line.  Unlocks and reveals nothing.",
    .example = "explain --account acme",
    .run = run_explain,
};
