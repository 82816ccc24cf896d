/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "plugins/helper/command.h"
#include "plugins/helper/report.h"

#define NO_WALK UINT32_MAX

/* By which rule, in a word for programs and in words for people. */
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

/* A page, and how far it has told. */
struct telling {
    struct lwc_report page;
    uint32_t walk; /* the last one begun */
    bool answered;
};

static void telling_clear(struct telling *telling)
{
    lwc_report_clear(&telling->page);
}

/* "profile prod, account acme.lacework.net, key ACME_0", as much as is set. */
static void add_names(struct lwc_report *page, const struct lwc_identity *identity)
{
    const char *const names[][2] = {{"profile", identity->profile},
                                    {"account", identity->account},
                                    {"key", identity->key_id},
                                    {"sub-account", identity->sub_account}};
    const char *between = "";

    for (size_t i = 0; i < LWC_ARRAY_LEN(names); i++) {
        if (names[i][1][0] != '\0') {
            LWC_PAGE_ADD(page, "%s%s ", between, names[i][0]);
            lwc_report_add_text(page, names[i][1]);
            between = ", ";
        }
    }
    if (between[0] == '\0') {
        LWC_PAGE_ADD(page, "any credential");
    }
}

static void add_identity(struct lwc_report *page, const struct lwc_identity *identity,
                         const char *backend)
{
    if (identity == NULL) {
        LWC_PAGE_ADD(page, "null");
    } else if (page->code == LWC_OK) {
        page->code = lwc_json_append_identity(page->out, identity, backend, page->err);
    }
}

static void begin_walk(struct telling *telling, const struct lwc_explained_line *line)
{
    const bool first = telling->walk == NO_WALK;

    telling->walk = line->walk;
    if (!telling->page.json) {
        LWC_PAGE_ADD(&telling->page, "%s%s\nlooked for: ", first ? "" : "\n",
                     rules[line->rule].reason);
        add_names(&telling->page, line->wanted);
        LWC_PAGE_ADD(&telling->page, "\n");
        return;
    }
    LWC_PAGE_ADD(&telling->page, "%s{\"rule\":\"%s\",\"wanted\":{\"profile\":", first ? "" : "]},",
                 rules[line->rule].word);
    lwc_report_add_text(&telling->page, line->wanted->profile);
    LWC_PAGE_ADD(&telling->page, ",\"account\":");
    lwc_report_add_text(&telling->page, line->wanted->account);
    LWC_PAGE_ADD(&telling->page, ",\"keyId\":");
    lwc_report_add_text(&telling->page, line->wanted->key_id);
    LWC_PAGE_ADD(&telling->page, "},\"lines\":[");
}

static void add_line_object(struct lwc_report *page, const struct lwc_explained_line *line,
                            bool first)
{
    LWC_PAGE_ADD(page, "%s{\"file\":", first ? "" : ",");
    lwc_report_add_text(page, line->file);
    LWC_PAGE_ADD(page, ",\"line\":%u,\"text\":", line->line);
    lwc_report_add_text(page, line->text);
    LWC_PAGE_ADD(page, ",\"backend\":\"%s\",\"asked\":%s", line->backend, LWC_TRUTH(line->asked));
    if (line->asked) {
        LWC_PAGE_ADD(
            page, ",\"outcome\":\"%s\",\"action\":\"%s\",\"counts\":%s,\"ends\":%s,\"untold\":%s",
            line->outcome, line->action, LWC_TRUTH(line->counts), LWC_TRUTH(line->ends),
            LWC_TRUTH(line->untold));
        LWC_PAGE_ADD(page, ",\"ifLocked\":");
        if (line->if_locked != NULL) {
            lwc_report_add_text(page, line->if_locked);
        } else {
            LWC_PAGE_ADD(page, "null");
        }
        LWC_PAGE_ADD(page, ",\"message\":");
        lwc_report_add_text(page, line->why->msg);
        LWC_PAGE_ADD(page, ",\"holds\":");
        add_identity(page, line->holds, line->backend);
    }
    LWC_PAGE_ADD(page, "}");
}

static void add_said(struct lwc_report *page, const struct lwc_explained_line *line)
{
    LWC_PAGE_ADD(page, "    said:    ");
    if (line->holds != NULL) {
        LWC_PAGE_ADD(page, "holds ");
        add_names(page, line->holds);
    } else {
        LWC_PAGE_ADD(page, "%s", line->outcome);
    }
    if (line->why->msg[0] != '\0') {
        LWC_PAGE_ADD(page, ": ");
        lwc_report_add_text(page, line->why->msg);
    }
    if (line->untold && line->code == LWC_E_LOCKED) {
        LWC_PAGE_ADD(page, " (what it holds shows once it is opened, which 'get' tries)");
    }
    LWC_PAGE_ADD(page, "\n");
}

/* What follows from the action. */
static const char *consequence(const struct lwc_explained_line *line)
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

static void take_line(void *data, const struct lwc_explained_line *line)
{
    struct telling *telling = data;
    const bool first = telling->walk != line->walk;

    if (first) {
        begin_walk(telling, line);
    }
    if (telling->page.json) {
        add_line_object(&telling->page, line, first);
        return;
    }
    LWC_PAGE_ADD(&telling->page, "  ");
    lwc_report_add_text(&telling->page, line->file);
    LWC_PAGE_ADD(&telling->page, ":%u: ", line->line);
    lwc_report_add_text(&telling->page, line->text);
    if (!line->asked) {
        LWC_PAGE_ADD(&telling->page, "\n    skipped\n");
        return;
    }
    LWC_PAGE_ADD(&telling->page, "\n");
    add_said(&telling->page, line);
    LWC_PAGE_ADD(&telling->page, "    control: %s=%s: %s\n", line->outcome, line->action,
                 consequence(line));
    if (line->if_locked != NULL) {
        LWC_PAGE_ADD(&telling->page, "             locked=%s, if it cannot be opened\n",
                     line->if_locked);
    }
}

static void end_walks(struct telling *telling)
{
    if (telling->page.json) {
        LWC_PAGE_ADD(&telling->page,
                     telling->walk == NO_WALK ? "],\"answer\":" : "]}],\"answer\":");
    } else if (telling->walk != NO_WALK) {
        LWC_PAGE_ADD(&telling->page, "\n");
    }
}

static void take_answer(void *data, const struct lwc_explained_answer *answer)
{
    struct telling *telling = data;

    end_walks(telling);
    telling->answered = true;
    if (telling->page.json) {
        add_identity(&telling->page, answer->identity, answer->backend);
        LWC_PAGE_ADD(&telling->page, ",\"rule\":\"%s\",\"token\":\"%s\",\"certain\":%s",
                     rules[answer->rule].word, sources[answer->from].word,
                     LWC_TRUTH(!answer->untold));
        return;
    }
    LWC_PAGE_ADD(&telling->page, "answer: ");
    add_names(&telling->page, answer->identity);
    LWC_PAGE_ADD(&telling->page, ", from backend '%s'\nwhy:    %s\ntoken:  %s\n", answer->backend,
                 rules[answer->rule].reason, sources[answer->from].reason);
    if (answer->behind_absent) {
        LWC_PAGE_ADD(&telling->page,
                     "note:   a backend in front of it is absent: cached for one minute\n");
    }
    if (answer->untold) {
        LWC_PAGE_ADD(&telling->page,
                     "note:   a backend that cannot tell what it holds could answer before\n");
    }
}

enum lwc_code lwc_explain_run(struct lwc_app *app, struct lwc_error *err)
{
    LWC_AUTO(struct telling, telling_clear)
    telling = {.page = lwc_report_begin(app, err), .walk = NO_WALK};
    const struct lwc_explain_visitor visitor = {
        .size = sizeof visitor, .data = &telling, .line = take_line, .answer = take_answer};
    const struct lwc_query query = lwc_app_query(app);
    struct lwc_error why = {0};
    enum lwc_code code = telling.page.code;

    if (code == LWC_OK) {
        code = lwc_app_open(app, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    LWC_PAGE_ADD(&telling.page, telling.page.json ? "{\"walks\":[" : "");
    code = lwc_explain(app->ctx, &query, &visitor, &why);
    if (!telling.answered) {
        end_walks(&telling);
        LWC_PAGE_ADD(&telling.page, telling.page.json ? "null" : "answer: none\n");
    }
    LWC_PAGE_ADD(&telling.page, telling.page.json ? "}\n" : "");
    if (lwc_report_write(&telling.page) != LWC_OK || code == LWC_OK) {
        return telling.page.code;
    }
    *err = why;
    return code;
}
