/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_TEXT_H
#define CORE_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/util.h"

/* Text from outside: judge it, make it printable, read numbers out of it. */

/*
 * Write @len bytes of @in into @out as text that a terminal shows and does not obey: control
 * bytes, DEL, C1 controls, invisible and direction-changing characters and invalid UTF-8 become
 * "\xNN", runs of blanks one blank, ends
 * trimmed; "..." where it was cut to fit @cap.  @out always ends in NUL.  Returns @out.
 */
char *lwc_text_printable(char *out, size_t cap, const void *in, size_t len);

/* Only printable ASCII 0x21 to 0x7e. */
bool lwc_text_is_graph(const char *text, size_t len);

/* Any NUL, CR, LF or other control byte (0x00-0x1f, 0x7f) in it? */
bool lwc_text_has_control(const char *text, size_t len);

/*
 * Is @text the word @word, which is in lower case; does it begin with it?  Whatever the case of
 * the ASCII letters in @text, and the same in every locale.
 */
bool lwc_text_is(const char *text, const char *word);
bool lwc_text_begins(const char *text, const char *word);

/*
 * As strspn() and strcspn(), for short sets: how many bytes of @set @text begins with, and how
 * many that are none of them.  Those of libc read tables of their own, in pages that each start
 * of the program would have to map for that alone.
 */
size_t lwc_text_span(const char *text, const char *set);
size_t lwc_text_reach(const char *text, const char *set);

/* RFC 6750 section 2.1 b64token: 1*( ALPHA / DIGIT / "-._~+/" ) *"=". */
bool lwc_text_is_b64token(const char *text, size_t len);

/* A whole decimal number without sign and blanks, at most @max.  False otherwise. */
bool lwc_text_parse_number(const char *text, size_t len, int64_t max, int64_t *number_out);

/* Seconds: a number, or a number with s, m, h or d behind it; at most 10 years.  False otherwise.
 */
bool lwc_text_parse_duration(const char *text, int64_t *seconds_out);

/*
 * The words for yes (1, true, yes, on) and for no (0, false, no, off) that git-config(1) knows, in
 * any case.  NULL and "" are neither.
 */
bool lwc_text_is_yes(const char *word);
bool lwc_text_is_no(const char *word);

/*
 * Which of the @count @words did the user probably mean by @word?  NULL if none is near (edit
 * distance at most 2, and less than half of the word).
 */
const char *lwc_text_nearest(const char *word, const char *const *words, size_t count);

#endif
