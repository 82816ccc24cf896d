/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_TEXT_H
#define CORE_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/util.h"

/* Text from outside: check it, make it printable, read numbers from it. */

/*
 * Writes @len bytes of @in into @out as text that a terminal shows and does not obey: control
 * bytes, DEL, C1 controls, invisible and direction-changing characters and invalid UTF-8 become
 * "\xNN", runs of blanks become one blank, blanks at both ends are dropped.  Text cut to fit @cap
 * ends in "...".  @out always ends in NUL.  Returns @out.
 */
char *lwc_text_printable(char *out, size_t cap, const void *in, size_t len);

/* Returns whether all bytes are printable ASCII, 0x21 to 0x7e. */
bool lwc_text_is_graph(const char *text, size_t len);

/* Returns whether any byte is a control byte: 0x00 to 0x1f, or 0x7f. */
bool lwc_text_has_control(const char *text, size_t len);

/*
 * Returns whether @text is, or begins with, @word, which is in lower case.  ASCII letters in @text
 * may have either case; the locale does not matter.
 */
bool lwc_text_is(const char *text, const char *word);
bool lwc_text_begins(const char *text, const char *word);

/*
 * As strspn() and strcspn(), for short sets.  libc's own read tables, in pages that each start of
 * the program would have to map for these alone.
 */
size_t lwc_text_span(const char *text, const char *set);
size_t lwc_text_reach(const char *text, const char *set);

/*
 * Returns whether @text is an RFC 6750 section 2.1 b64token: 1*( ALPHA / DIGIT / "-._~+/" ) *"=".
 */
bool lwc_text_is_b64token(const char *text, size_t len);

/* Reads a decimal number without sign and blanks.  Returns false for other text and above @max. */
bool lwc_text_parse_number(const char *text, size_t len, int64_t max, int64_t *number_out);

/* Reads seconds, or a number with s, m, h or d behind it, up to 10 years.  False for other text. */
bool lwc_text_parse_duration(const char *text, int64_t *seconds_out);

/*
 * Returns whether @word is one of git-config(1)'s words for yes (1, true, yes, on), or for no (0,
 * false, no, off), in any case.  NULL and "" are neither.
 */
bool lwc_text_is_yes(const char *word);
bool lwc_text_is_no(const char *word);

/*
 * Returns the one of @count @words that is nearest to the mistyped @word (edit distance at most 2,
 * and less than half of the word), or NULL.
 */
const char *lwc_text_nearest(const char *word, const char *const *words, size_t count);

#endif
