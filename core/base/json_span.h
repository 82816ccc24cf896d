/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_JSON_SPAN_H
#define CORE_BASE_JSON_SPAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/*
 * JSON read in place (RFC 8259), without a tree: values are spans of the text, so that a file can
 * be edited and all else in it stays as it was, and a large reply costs no second copy.  Strict:
 * one value and nothing behind it, no NUL (raw or as an escape), at most LWC_JSON_DEPTH levels.
 *
 * Spans borrow from the text, which lwc_json_span_parse() has checked: only values that come from
 * it may be handed to the other functions.
 */

#define LWC_JSON_DEPTH 64

/* A value, or the name of a member with its quotes, without blanks around it.  at NULL: none. */
struct lwc_json_span {
    const char *at;
    size_t len;
};

/*
 * Checks that @len bytes are one JSON value and finds it.  LWC_E_INVALID names the error, its
 * line and the byte of that line, never quotes the text.
 */
enum lwc_code lwc_json_span_parse(const void *bytes, size_t len, struct lwc_json_span *value_out,
                                  struct lwc_error *err) LWC_RESULT;

/* Returns the line, from 1 on, of @at in the text that begins at @text. */
unsigned lwc_json_span_line(const char *text, const char *at);

/* Types of values, by their first byte; '0' for all numbers.  '\0': no value. */
char lwc_json_span_type(struct lwc_json_span value);

/* Visits members of an object or elements of an array, in their order; other values have none. */
struct lwc_json_walk {
    const char *at;
    const char *end;
    bool is_object;
};
struct lwc_json_walk lwc_json_walk_begin(struct lwc_json_span value);
/* @name_out  at NULL in an array.  Returns false at the end. */
bool lwc_json_walk_next(struct lwc_json_walk *walk, struct lwc_json_span *name_out,
                        struct lwc_json_span *value_out);

enum lwc_json_case { LWC_JSON_EXACT, LWC_JSON_FOLD /* ASCII letters in either case */ };

/* Returns whether a name or a string value is @text, escapes decoded; @text is ASCII. */
bool lwc_json_span_is(struct lwc_json_span string, const char *text, enum lwc_json_case how);

/*
 * Finds the member @name of an object.  Missing: both outputs have at NULL.  LWC_E_INVALID if
 * @object is no object, or if the name is there twice: *value_out is the second value then.
 *
 * @name_out  the name as it is spelled; may be NULL.
 */
enum lwc_code lwc_json_span_member(struct lwc_json_span object, const char *name,
                                   enum lwc_json_case how, struct lwc_json_span *name_out,
                                   struct lwc_json_span *value_out, struct lwc_error *err)
    LWC_RESULT;

/*
 * Appends the text of a string value to @out, escapes decoded.  LWC_E_INVALID for another value,
 * or for half of a surrogate pair.
 */
enum lwc_code lwc_json_span_text(struct lwc_json_span string, struct lwc_buf *out,
                                 struct lwc_error *err) LWC_RESULT;

#endif
