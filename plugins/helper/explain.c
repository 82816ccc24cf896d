/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/util.h"
#include "command.h"
#include "output.h"
#include "plugins/format/object.h"

#define OUT_CAP 4096
#define TEXT_LEN 1024
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

/* The telling under construction: after a failure, additions do nothing. */
struct page {
    struct lwc_secret *out;
    struct lwc_error *err;
    enum lwc_code code;
    bool json;
    uint32_t walk; /* the last one begun */
    bool answered;
};

static void page_free(struct page *page)
{
    lwc_secret_free(&page->out);
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

/* "profile prod, account acme.lacework.net, key ACME_0", as much as is set. */
static void add_names(struct page *page, const struct lwc_identity *identity)
{
    const char *const names[][2] = {{"profile", identity->profile},
                                    {"account", identity->account},
                                    {"key", identity->key_id},
                                    {"sub-account", identity->sub_account}};
    const char *between = "";

    for (size_t i = 0; i < LWC_ARRAY_LEN(names); i++) {
        if (names[i][1][0] != '\0') {
            ADD(page, "%s%s ", between, names[i][0]);
            add_text(page, names[i][1]);
            between = ", ";
        }
    }
    if (between[0] == '\0') {
        ADD(page, "any credential");
    }
}

static void add_identity(struct page *page, const struct lwc_identity *identity,
                         const char *backend)
{
    if (identity == NULL) {
        ADD(page, "null");
    } else if (page->code == LWC_OK) {
        page->code = lwc_object_append_identity(page->out, identity, backend, page->err);
    }
}

static void begin_walk(struct page *page, const struct lwc_explained_line *line)
{
    const bool first = page->walk == NO_WALK;

    page->walk = line->walk;
    if (!page->json) {
        ADD(page, "%s%s\nlooked for: ", first ? "" : "\n", rules[line->rule].reason);
        add_names(page, line->wanted);
        ADD(page, "\n");
        return;
    }
    ADD(page, "%s{\"rule\":\"%s\",\"wanted\":{\"profile\":", first ? "" : "]},",
        rules[line->rule].word);
    add_text(page, line->wanted->profile);
    ADD(page, ",\"account\":");
    add_text(page, line->wanted->account);
    ADD(page, ",\"keyId\":");
    add_text(page, line->wanted->key_id);
    ADD(page, "},\"lines\":[");
}

static void add_line_object(struct page *page, const struct lwc_explained_line *line, bool first)
{
    ADD(page, "%s{\"file\":", first ? "" : ",");
    add_text(page, line->file);
    ADD(page, ",\"line\":%u,\"text\":", line->line);
    add_text(page, line->text);
    ADD(page, ",\"backend\":\"%s\",\"asked\":%s", line->backend, LWC_TRUTH(line->asked));
    if (line->asked) {
        ADD(page, ",\"outcome\":\"%s\",\"action\":\"%s\",\"counts\":%s,\"ends\":%s,\"untold\":%s",
            line->outcome, line->action, LWC_TRUTH(line->counts), LWC_TRUTH(line->ends),
            LWC_TRUTH(line->untold));
        ADD(page, ",\"ifLocked\":");
        if (line->if_locked != NULL) {
            add_text(page, line->if_locked);
        } else {
            ADD(page, "null");
        }
        ADD(page, ",\"message\":");
        add_text(page, line->why->msg);
        ADD(page, ",\"holds\":");
        add_identity(page, line->holds, line->backend);
    }
    ADD(page, "}");
}

static void add_said(struct page *page, const struct lwc_explained_line *line)
{
    ADD(page, "    said:    ");
    if (line->holds != NULL) {
        ADD(page, "holds ");
        add_names(page, line->holds);
    } else {
        ADD(page, "%s", line->outcome);
    }
    if (line->why->msg[0] != '\0') {
        ADD(page, ": ");
        add_text(page, line->why->msg);
    }
    if (line->untold && line->code == LWC_E_LOCKED) {
        ADD(page, " (what it holds shows once it is opened, which 'get' tries)");
    }
    ADD(page, "\n");
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
    struct page *page = data;
    const bool first = page->walk != line->walk;

    if (first) {
        begin_walk(page, line);
    }
    if (page->json) {
        add_line_object(page, line, first);
        return;
    }
    ADD(page, "  ");
    add_text(page, line->file);
    ADD(page, ":%u: ", line->line);
    add_text(page, line->text);
    if (!line->asked) {
        ADD(page, "\n    skipped\n");
        return;
    }
    ADD(page, "\n");
    add_said(page, line);
    ADD(page, "    control: %s=%s: %s\n", line->outcome, line->action, consequence(line));
    if (line->if_locked != NULL) {
        ADD(page, "             locked=%s, if it cannot be opened\n", line->if_locked);
    }
}

static void end_walks(struct page *page)
{
    if (page->json) {
        ADD(page, page->walk == NO_WALK ? "],\"answer\":" : "]}],\"answer\":");
    } else if (page->walk != NO_WALK) {
        ADD(page, "\n");
    }
}

static void take_answer(void *data, const struct lwc_explained_answer *answer)
{
    struct page *page = data;

    end_walks(page);
    page->answered = true;
    if (page->json) {
        add_identity(page, answer->identity, answer->backend);
        ADD(page, ",\"rule\":\"%s\",\"token\":\"%s\",\"certain\":%s", rules[answer->rule].word,
            sources[answer->from].word, LWC_TRUTH(!answer->untold));
        return;
    }
    ADD(page, "answer: ");
    add_names(page, answer->identity);
    ADD(page, ", from backend '%s'\nwhy:    %s\ntoken:  %s\n", answer->backend,
        rules[answer->rule].reason, sources[answer->from].reason);
    if (answer->untold) {
        ADD(page, "note:   a backend that cannot tell what it holds could answer before\n");
    }
}

enum lwc_code lwc_explain_run(struct lwc_app *app, struct lwc_error *err)
{
    LWC_AUTO(struct page, page_free)
    page = {.err = err, .json = lwc_args_has(&app->args, LWC_OPT_JSON), .walk = NO_WALK};
    const struct lwc_explain_visitor visitor = {
        .size = sizeof visitor, .data = &page, .line = take_line, .answer = take_answer};
    const struct lwc_query query = lwc_app_query(app);
    struct lwc_error why = {0};
    enum lwc_code code = lwc_app_open(app, err);

    if (code == LWC_OK) {
        code = lwc_secret_new(OUT_CAP, &page.out, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    ADD(&page, page.json ? "{\"walks\":[" : "");
    code = lwc_explain(app->ctx, &query, &visitor, &why);
    if (!page.answered) {
        end_walks(&page);
        ADD(&page, page.json ? "null" : "answer: none\n");
    }
    ADD(&page, page.json ? "}\n" : "");
    if (page.code == LWC_OK) {
        page.code = lwc_output_write(page.out, err);
    }
    if (page.code == LWC_OK && code != LWC_OK) {
        *err = why;
    }
    return page.code != LWC_OK ? page.code : code;
}
