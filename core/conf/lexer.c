/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/lexer.h"

#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "base/text.h"

#define LINE_END (-1)

/* A unit of the text: a byte, or LINE_END, and its length in the file. */
struct unit {
    int byte;
    size_t len;
};

/* Returns the length of the line end at @at, or 0. */
static size_t newline_len(const struct lwc_lexer *lexer, size_t at)
{
    if (at < lexer->len && lexer->text[at] == '\n') {
        return 1;
    }
    return at + 1 < lexer->len && memcmp(lexer->text + at, "\r\n", 2) == 0 ? 2 : 0;
}

static bool is_blank(int byte)
{
    return byte == ' ' || byte == '\t';
}

/*
 * Returns the unit at the lexer's position.  A line's continuation, with the blanks behind it, is
 * one blank.
 */
static struct unit peek_unit(const struct lwc_lexer *lexer)
{
    size_t at = lexer->at;
    size_t end = 0;

    if (at == lexer->len) {
        return (struct unit){LINE_END, 0};
    }
    if (newline_len(lexer, at) > 0) {
        return (struct unit){LINE_END, newline_len(lexer, at)};
    }
    end = at + 1 + newline_len(lexer, at + 1);
    if (lexer->text[at] != '\\' || end == at + 1) {
        return (struct unit){(unsigned char)lexer->text[at], 1};
    }
    while (end < lexer->len && is_blank(lexer->text[end])) {
        end++;
    }
    return (struct unit){' ', end - at};
}

static enum lwc_code byte_check(int byte, struct lwc_error *err)
{
    const char text = (char)byte;

    if (byte != '\t' && byte != LINE_END && lwc_text_has_control(&text, 1)) {
        return lwc_hint(err, lwc_fail(err, LWC_E_INVALID, "control byte \\x%02x", (unsigned)byte),
                        "a stack file is plain text: %s",
                        byte == '\r' ? "a carriage return stands only before a line's end"
                                     : "no byte below 0x20 but tab and newline");
    }
    return LWC_OK;
}

static enum lwc_code word_add(struct lwc_words *words, char byte, size_t from,
                              struct lwc_error *err)
{
    struct lwc_word *word = &words->word[words->count];

    if (words->used + 1 >= sizeof words->room) {
        return lwc_fail(err, LWC_E_INVALID, "a line of more than %d bytes", LWC_CONF_LINE_MAX);
    }
    words->room[words->used] = byte;
    words->from[words->used] = (uint16_t)from;
    words->used++;
    word->len++;
    return LWC_OK;
}

static enum lwc_code word_end(struct lwc_words *words, struct lwc_error *err)
{
    if (words->used == sizeof words->room) {
        return lwc_fail(err, LWC_E_INVALID, "a line of more than %d bytes", LWC_CONF_LINE_MAX);
    }
    words->room[words->used++] = '\0';
    words->count++;
    return LWC_OK;
}

static enum lwc_code read_plain(struct lwc_lexer *lexer, struct lwc_words *words,
                                struct lwc_error *err)
{
    const struct lwc_word *word = &words->word[words->count];
    struct unit unit = peek_unit(lexer);
    enum lwc_code code = LWC_OK;

    while (unit.byte != LINE_END && !is_blank(unit.byte)) {
        if (unit.byte == '#') {
            return lwc_hint(err, lwc_fail(err, LWC_E_INVALID, "'#' in a word"),
                            "a comment begins behind a blank; an argument with '#' stands in "
                            "[...]");
        }
        code = byte_check(unit.byte, err);
        if (code == LWC_OK) {
            code = word_add(words, (char)unit.byte, lexer->at, err);
        }
        if (code != LWC_OK) {
            return code;
        }
        lexer->at += unit.len;
        unit = peek_unit(lexer);
    }
    if (word->text[word->len - 1] == '\\') {
        lexer->at--;
        return lwc_hint(err, lwc_fail(err, LWC_E_INVALID, "'\\' at the end of a word"),
                        "as the last byte of a line, with no blank behind it, it continues the "
                        "line");
    }
    return word_end(words, err);
}

static enum lwc_code bracket_end_check(const struct lwc_lexer *lexer, struct lwc_error *err)
{
    const struct unit unit = peek_unit(lexer);

    if (unit.byte != LINE_END && !is_blank(unit.byte)) {
        return lwc_hint(err, lwc_fail(err, LWC_E_INVALID, "a blank expected behind ']'"),
                        "a ']' inside of the brackets is written '\\]'");
    }
    return LWC_OK;
}

static enum lwc_code read_bracketed(struct lwc_lexer *lexer, struct lwc_words *words,
                                    struct lwc_error *err)
{
    const size_t begin = lexer->at;
    struct unit unit = {'[', 1};
    enum lwc_code code = LWC_OK;

    words->word[words->count].bracketed = true;
    for (;;) {
        lexer->at += unit.len;
        unit = peek_unit(lexer);
        if (unit.byte == LINE_END) {
            lexer->at = begin;
            return lwc_fail(err, LWC_E_INVALID, "'[' without ']' on the same line");
        }
        if (unit.byte == ']') {
            break;
        }
        if (unit.byte == '\\' && lexer->at + 1 < lexer->len && lexer->text[lexer->at + 1] == ']') {
            unit = (struct unit){']', 2};
        }
        code = byte_check(unit.byte, err);
        if (code == LWC_OK) {
            code = word_add(words, (char)unit.byte, lexer->at, err);
        }
        if (code != LWC_OK) {
            return code;
        }
    }
    if (words->word[words->count].len == 0) {
        lexer->at = begin;
        return lwc_fail(err, LWC_E_INVALID, "nothing in the brackets");
    }
    lexer->at++;
    code = bracket_end_check(lexer, err);
    return code == LWC_OK ? word_end(words, err) : code;
}

static enum lwc_code read_word(struct lwc_lexer *lexer, struct lwc_words *words,
                               struct lwc_error *err)
{
    if (words->count == LWC_WORDS_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "more than %d arguments", LWC_CONF_ARGS_MAX);
    }
    words->word[words->count] =
        (struct lwc_word){.text = words->room + words->used, .from = words->from + words->used};
    return lexer->text[lexer->at] == '[' ? read_bracketed(lexer, words, err)
                                         : read_plain(lexer, words, err);
}

/* Skips a comment.  It ends with its line, even behind a backslash. */
static enum lwc_code read_comment(struct lwc_lexer *lexer, struct lwc_error *err)
{
    while (lexer->at < lexer->len && newline_len(lexer, lexer->at) == 0) {
        enum lwc_code code = byte_check((unsigned char)lexer->text[lexer->at], err);

        if (code != LWC_OK) {
            return code;
        }
        lexer->at++;
    }
    return LWC_OK;
}

/* Reads up to the end of the line, which is not consumed. */
static enum lwc_code read_line(struct lwc_lexer *lexer, struct lwc_words *words,
                               struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    words->count = 0;
    words->used = 0;
    while (code == LWC_OK) {
        const struct unit unit = peek_unit(lexer);

        if (unit.byte == LINE_END) {
            return LWC_OK;
        }
        if (is_blank(unit.byte)) {
            lexer->at += unit.len;
        } else {
            code = unit.byte == '#' ? read_comment(lexer, err) : read_word(lexer, words, err);
        }
    }
    return code;
}

static void skip_line(struct lwc_lexer *lexer)
{
    struct unit unit = peek_unit(lexer);

    while (unit.byte != LINE_END) {
        lexer->at += unit.len;
        unit = peek_unit(lexer);
    }
    lexer->at += unit.len;
}

enum lwc_code lwc_lexer_next(struct lwc_lexer *lexer, struct lwc_words *words, size_t *at_out,
                             struct lwc_error *err)
{
    while (lexer->at < lexer->len) {
        enum lwc_code code = read_line(lexer, words, err);

        if (code != LWC_OK) {
            *at_out = lexer->at;
        }
        skip_line(lexer);
        if (code != LWC_OK || words->count > 0) {
            return code;
        }
    }
    return LWC_E_NOT_FOUND;
}

void lwc_lexer_place(struct lwc_lexer *lexer, size_t at, unsigned *line_out, unsigned *column_out)
{
    const char *newline = NULL;

    if (at < lexer->known.at) {
        memset(&lexer->known, 0, sizeof lexer->known);
    }
    while (lexer->known.at < at &&
           (newline = memchr(lexer->text + lexer->known.at, '\n', at - lexer->known.at)) != NULL) {
        lexer->known.begin = (size_t)(newline - lexer->text) + 1;
        lexer->known.at = lexer->known.begin;
        lexer->known.line++;
    }
    lexer->known.at = at;
    *line_out = lexer->known.line + 1;
    *column_out = (unsigned)(at - lexer->known.begin) + 1;
}

size_t lwc_word_at(const struct lwc_word *word)
{
    return word->from[0] - (size_t)(word->bracketed ? 1 : 0);
}

bool lwc_word_is(const struct lwc_word *word, const char *text)
{
    return !word->bracketed && lwc_streq(word->text, text);
}

enum lwc_code lwc_word_unknown(const char *what, const char *text, size_t len,
                               const char *const *right, size_t count, struct lwc_error *err)
{
    char shown[64];
    char list[LWC_ERROR_HINT_LEN - sizeof "one of: "] = "";
    size_t used = 0;
    enum lwc_code code = LWC_OK;

    (void)lwc_text_printable(shown, sizeof shown, text, len);
    code = lwc_fail(err, LWC_E_INVALID, "unknown %s '%s'", what, shown);
    for (size_t i = 0; i < count; i++) {
        if (lwc_streq(right[i], shown)) {
            return lwc_hint(err, code, "write it without the brackets");
        }
        used = strlen(list);
        (void)snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", right[i]);
    }
    code = lwc_hint(err, code, "one of: %s", list);
    return lwc_hint_nearest(err, code, "'", shown, right, count, "'");
}
