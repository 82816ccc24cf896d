/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/control.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define OUT_DEFAULT LWC_OUT_COUNT

static const char *const outcome_words[] = {
    [LWC_OUT_SUCCESS] = "success", [LWC_OUT_NOT_FOUND] = "not_found",
    [LWC_OUT_LOCKED] = "locked",   [LWC_OUT_DENIED] = "denied",
    [LWC_OUT_INVALID] = "invalid", [LWC_OUT_UNAVAILABLE] = "unavailable",
    [LWC_OUT_ERROR] = "error",     [OUT_DEFAULT] = "default",
};

static const char *const action_words[] = {
    [LWC_ACT_IGNORE] = "ignore", [LWC_ACT_OK] = "ok",   [LWC_ACT_DONE] = "done",
    [LWC_ACT_BAD] = "bad",       [LWC_ACT_DIE] = "die", [LWC_ACT_SKIP] = "a number of lines",
};

/*
 * Words of pam.d(5).  Unlike PAM's, "sufficient" fails closed: a locked or broken store never
 * hands over to a weaker one.
 */
static const struct lwc_control_word control_words[] = {
    {"required", "success=ok default=bad"},
    {"requisite", "success=ok default=die"},
    {"sufficient", "success=done not_found=ignore unavailable=ignore default=die"},
    {"optional", "success=ok default=ignore"},
};

const struct lwc_control_word *lwc_control_word_at(size_t index)
{
    return index < LWC_ARRAY_LEN(control_words) ? &control_words[index] : NULL;
}

const char *lwc_outcome_name(enum lwc_outcome outcome)
{
    return outcome_words[outcome];
}

const char *lwc_action_text(uint16_t action, char out[LWC_ACTION_TEXT_LEN])
{
    if (action < LWC_ACT_SKIP) {
        return action_words[action];
    }
    (void)snprintf(out, LWC_ACTION_TEXT_LEN, "%u", action - (unsigned)LWC_ACT_SKIP);
    return out;
}

unsigned lwc_action_skip(uint16_t action)
{
    return action > LWC_ACT_SKIP ? action - (unsigned)LWC_ACT_SKIP : 0;
}

/* Returns the index of the @len bytes in @words, or @count. */
static size_t find_word(const char *text, size_t len, const char *const *words, size_t count)
{
    size_t i = 0;

    while (i < count && (strlen(words[i]) != len || memcmp(words[i], text, len) != 0)) {
        i++;
    }
    return i;
}

static enum lwc_code parse_action(const char *text, size_t len, uint16_t *action_out,
                                  struct lwc_error *err)
{
    const size_t word = find_word(text, len, action_words, LWC_ACT_SKIP);
    int64_t lines = 0;

    if (word < LWC_ACT_SKIP) {
        *action_out = (uint16_t)word;
        return LWC_OK;
    }
    if (!lwc_text_parse_number(text, len, LWC_CONF_LINES_MAX, &lines)) {
        return lwc_word_unknown("action", text, len, action_words, LWC_ARRAY_LEN(action_words),
                                err);
    }
    if (lines == 0) {
        return lwc_hint(err, lwc_fail(err, LWC_E_INVALID, "0 lines cannot be skipped"),
                        "'ignore' goes on with the next line");
    }
    *action_out = (uint16_t)(LWC_ACT_SKIP + lines);
    return LWC_OK;
}

/* The actions that a list has set so far, OUT_DEFAULT last. */
struct action_list {
    bool said[LWC_OUT_COUNT + 1];
    uint16_t actions[LWC_OUT_COUNT + 1];
};

/* Parses an item "RETURN=ACTION"; *@offset_out is the place of the fault in it. */
static enum lwc_code parse_item(const char *text, size_t len, struct action_list *table,
                                size_t *offset_out, struct lwc_error *err)
{
    const char *equals = memchr(text, '=', len);
    const size_t name_len = equals == NULL ? len : (size_t)(equals - text);
    const size_t outcome = find_word(text, name_len, outcome_words, LWC_ARRAY_LEN(outcome_words));

    *offset_out = 0;
    if (equals == NULL) {
        return lwc_hint(err, lwc_fail(err, LWC_E_INVALID, "RETURN=ACTION expected"),
                        "as in [success=done default=die], without blanks around the '='");
    }
    if (outcome == LWC_ARRAY_LEN(outcome_words)) {
        return lwc_word_unknown("return word", text, name_len, outcome_words,
                                LWC_ARRAY_LEN(outcome_words), err);
    }
    if (table->said[outcome]) {
        return lwc_fail(err, LWC_E_INVALID, "'%s' is there twice", outcome_words[outcome]);
    }
    table->said[outcome] = true;
    *offset_out = name_len + 1;
    return parse_action(equals + 1, len - name_len - 1, &table->actions[outcome], err);
}

/* Parses a list; *@offset_out is the place of the fault in @text. */
static enum lwc_code parse_list(const char *text, uint16_t actions_out[LWC_OUT_COUNT],
                                size_t *offset_out, struct lwc_error *err)
{
    struct action_list table = {.actions = {[OUT_DEFAULT] = LWC_ACT_BAD}};
    size_t at = lwc_text_span(text, " \t");

    *offset_out = at;
    if (text[at] == '\0') {
        return lwc_fail(err, LWC_E_INVALID, "nothing in the brackets");
    }
    while (text[at] != '\0') {
        const size_t len = lwc_text_reach(text + at, " \t");
        enum lwc_code code = parse_item(text + at, len, &table, offset_out, err);

        if (code != LWC_OK) {
            *offset_out += at;
            return code;
        }
        at += len;
        at += lwc_text_span(text + at, " \t");
    }
    for (size_t i = 0; i < LWC_OUT_COUNT; i++) {
        actions_out[i] = table.actions[table.said[i] ? i : OUT_DEFAULT];
    }
    return LWC_OK;
}

enum lwc_code lwc_control_parse(const struct lwc_word *word, uint16_t actions_out[LWC_OUT_COUNT],
                                size_t *at_out, struct lwc_error *err)
{
    const char *right[LWC_ARRAY_LEN(control_words) + 1];
    size_t offset = 0;
    enum lwc_code code = LWC_OK;

    for (size_t i = 0; i < LWC_ARRAY_LEN(control_words); i++) {
        right[i] = control_words[i].word;
        if (lwc_word_is(word, control_words[i].word)) {
            return parse_list(control_words[i].meaning, actions_out, &offset, err);
        }
    }
    *at_out = lwc_word_at(word);
    if (!word->bracketed) {
        right[LWC_ARRAY_LEN(control_words)] = "[RETURN=ACTION ...]";
        return lwc_word_unknown("control", word->text, word->len, right, LWC_ARRAY_LEN(right), err);
    }
    code = parse_list(word->text, actions_out, &offset, err);
    if (code != LWC_OK) {
        /* A fault behind the last byte, as of "success=", is shown at that byte. */
        *at_out = word->from[offset < word->len ? offset : word->len - 1];
    }
    return code;
}

char *lwc_control_text(const uint16_t actions[LWC_OUT_COUNT], char out[LWC_CONTROL_TEXT_LEN])
{
    const uint16_t rest = actions[LWC_OUT_ERROR];
    char room[LWC_ACTION_TEXT_LEN];
    size_t used = 1;

    out[0] = '[';
    for (size_t i = 0; i < LWC_OUT_COUNT; i++) {
        if (actions[i] != rest) {
            used += (size_t)snprintf(out + used, LWC_CONTROL_TEXT_LEN - used, "%s=%s ",
                                     outcome_words[i], lwc_action_text(actions[i], room));
        }
    }
    (void)snprintf(out + used, LWC_CONTROL_TEXT_LEN - used, "default=%s]",
                   lwc_action_text(rest, room));
    return out;
}
