/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CONF_LEXER_H
#define CORE_CONF_LEXER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "conf/conf.h"

/*
 * The words of a stack file, line by line.  As in pam.d(5): '#' begins a comment; '\' as the last
 * byte continues the line; a word in [...] may hold blanks, and ']' as '\]'.  LF and CRLF end a
 * line; every other control byte but the tab is a fault.
 */

/* known is a position whose line was counted, with the beginning of that line. */
struct lwc_lexer {
    const char *text;
    size_t len;
    size_t at;
    struct {
        size_t at;
        size_t begin;
        unsigned line; /* from 0 */
    } known;
};

/* from[i] is the place of text[i] in the file.  A bracketed word is without its outer brackets. */
struct lwc_word {
    const char *text; /* ends in NUL */
    size_t len;
    const uint16_t *from;
    bool bracketed;
};

#define LWC_WORDS_MAX (3 + LWC_CONF_ARGS_MAX)
struct lwc_words {
    struct lwc_word word[LWC_WORDS_MAX];
    size_t count;
    size_t used;
    char room[LWC_CONF_LINE_MAX];
    uint16_t from[LWC_CONF_LINE_MAX];
};

/*
 * Reads the next line that has words.
 *
 * @at_out  on failure, its place in the text.
 * Returns LWC_OK; LWC_E_NOT_FOUND behind the last line; LWC_E_INVALID, after which the next call
 * goes on behind the faulty line.
 */
enum lwc_code lwc_lexer_next(struct lwc_lexer *lexer, struct lwc_words *words, size_t *at_out,
                             struct lwc_error *err) LWC_RESULT;

/* Counts the line and column, both from 1, of the byte @at.  Quick for ascending @at. */
void lwc_lexer_place(struct lwc_lexer *lexer, size_t at, unsigned *line_out, unsigned *column_out);

/* Returns the place in the file where @word, or its bracket, begins. */
size_t lwc_word_at(const struct lwc_word *word);

/* Returns whether @word is @text, without brackets. */
bool lwc_word_is(const struct lwc_word *word, const char *text);

/*
 * Fails with LWC_E_INVALID, "unknown WHAT 'TEXT'"; the hint is the nearest of the @count words of
 * @right, or all of them.
 */
enum lwc_code lwc_word_unknown(const char *what, const char *text, size_t len,
                               const char *const *right, size_t count, struct lwc_error *err)
    LWC_RESULT;

#endif
