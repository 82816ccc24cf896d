/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/format/json_stream.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

enum state {
    IN_START,  /* a value is due; zero, so that a zeroed stream is at its start */
    IN_VALUE,  /* a value is due */
    IN_ARRAY,  /* behind '[': a value or ']' */
    IN_OBJECT, /* behind '{': a name or '}' */
    IN_MEMBER, /* a name is due */
    IN_COLON,
    IN_AFTER, /* behind a value */
    IN_NAME,
    IN_STRING,
    IN_PLAIN,
    IN_END,
};

static enum lwc_code fail_at(const struct lwc_json_stream *stream, const char *what,
                             struct lwc_error *err)
{
    return lwc_fail(err, LWC_E_INVALID, "no JSON: %s at byte %" PRIu64, what, stream->position + 1);
}

static enum lwc_code report_event(const struct lwc_json_stream *stream, enum lwc_json_event event,
                                  const char *bytes, size_t len, struct lwc_error *err)
{
    return stream->reader->event(stream->reader->data, event, bytes, len, err);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_plain(char c)
{
    return is_digit(c) || c == '-' || c == '+' || c == '.' || (c >= 'a' && c <= 'z') || c == 'E';
}

static bool is_in_object(const struct lwc_json_stream *stream)
{
    return (stream->objects >> (stream->depth - 1) & 1) != 0;
}

static void end_value(struct lwc_json_stream *stream)
{
    stream->state = stream->depth == 0 ? IN_END : IN_AFTER;
}

static const char *skip_digits(const char *at)
{
    while (is_digit(*at)) {
        at++;
    }
    return at;
}

/* Returns whether @text is a number: -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)? */
static bool is_number(const char *text)
{
    const char *at = text + (*text == '-');
    const char *end = *at == '0' ? at + 1 : skip_digits(at);

    if (end == at) {
        return false;
    }
    if (*end == '.') {
        at = end + 1;
        end = skip_digits(at);
        if (end == at) {
            return false;
        }
    }
    if (*end == 'e' || *end == 'E') {
        at = end + 1;
        at += *at == '+' || *at == '-';
        end = skip_digits(at);
        if (end == at) {
            return false;
        }
    }
    return *end == '\0';
}

static enum lwc_code end_plain(struct lwc_json_stream *stream, struct lwc_error *err)
{
    const char *text = stream->plain;

    stream->plain[stream->plain_len] = '\0';
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0 && strcmp(text, "null") != 0 &&
        !is_number(text)) {
        return fail_at(stream, "an unknown literal", err);
    }
    end_value(stream);
    return report_event(stream, LWC_JSON_PLAIN, text, stream->plain_len, err);
}

static enum lwc_code open_level(struct lwc_json_stream *stream, bool is_object,
                                struct lwc_error *err)
{
    if (stream->depth == LWC_JSON_STREAM_DEPTH) {
        return fail_at(stream, "too many levels", err);
    }
    stream->objects &= ~(UINT64_C(1) << stream->depth);
    stream->objects |= (uint64_t)is_object << stream->depth;
    stream->depth++;
    stream->state = is_object ? IN_OBJECT : IN_ARRAY;
    return report_event(stream, is_object ? LWC_JSON_BEGIN_OBJECT : LWC_JSON_BEGIN_ARRAY, NULL, 0,
                        err);
}

static enum lwc_code close_level(struct lwc_json_stream *stream, bool is_object,
                                 struct lwc_error *err)
{
    if (stream->depth == 0 || is_in_object(stream) != is_object) {
        return fail_at(stream, "a bracket too many", err);
    }
    stream->depth--;
    end_value(stream);
    return report_event(stream, is_object ? LWC_JSON_END_OBJECT : LWC_JSON_END_ARRAY, NULL, 0, err);
}

static enum lwc_code begin_value(struct lwc_json_stream *stream, char c, struct lwc_error *err)
{
    if (c == '{' || c == '[') {
        return open_level(stream, c == '{', err);
    }
    if (c == '"') {
        stream->state = IN_STRING;
        return report_event(stream, LWC_JSON_BEGIN_STRING, NULL, 0, err);
    }
    if (c == ']' && stream->state == IN_ARRAY) {
        return close_level(stream, false, err);
    }
    if (!is_digit(c) && c != '-' && (c < 'a' || c > 'z')) {
        return fail_at(stream, "no value", err);
    }
    stream->state = IN_PLAIN;
    stream->plain[0] = c;
    stream->plain_len = 1;
    return LWC_OK;
}

static enum lwc_code begin_member(struct lwc_json_stream *stream, char c, struct lwc_error *err)
{
    if (c == '}' && stream->state == IN_OBJECT) {
        return close_level(stream, true, err);
    }
    if (c != '"') {
        return fail_at(stream, "no name", err);
    }
    stream->state = IN_NAME;
    return report_event(stream, LWC_JSON_BEGIN_NAME, NULL, 0, err);
}

static enum lwc_code follow_value(struct lwc_json_stream *stream, char c, struct lwc_error *err)
{
    if (c == ',') {
        stream->state = is_in_object(stream) ? IN_MEMBER : IN_VALUE;
        return LWC_OK;
    }
    if (c == ']' || c == '}') {
        return close_level(stream, c == '}', err);
    }
    return fail_at(stream, "no comma", err);
}

/* Handles a byte between values. */
static enum lwc_code take_byte(struct lwc_json_stream *stream, char c, struct lwc_error *err)
{
    if (is_blank(c)) {
        return LWC_OK;
    }
    switch (stream->state) {
    case IN_OBJECT:
    case IN_MEMBER:
        return begin_member(stream, c, err);
    case IN_COLON:
        stream->state = IN_VALUE;
        return c == ':' ? LWC_OK : fail_at(stream, "no colon", err);
    case IN_AFTER:
        return follow_value(stream, c, err);
    case IN_END:
        return fail_at(stream, "more than one value", err);
    default:
        return begin_value(stream, c, err);
    }
}

/* Returns whether @c can stand in an escape of which stream->escape bytes are due. */
static bool take_escaped(struct lwc_json_stream *stream, char c)
{
    if (stream->escape == 5) {
        stream->escape = c == 'u' ? 4 : 0;
        return c != '\0' && strchr("\"\\/bfnrtu", c) != NULL;
    }
    stream->escape--;
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Reads the bytes of a name or string up to its end or that of the piece. */
static enum lwc_code take_text(struct lwc_json_stream *stream, const char *bytes, size_t len,
                               size_t *used_out, struct lwc_error *err)
{
    const bool is_name = stream->state == IN_NAME;
    bool is_closed = false;
    size_t at = 0;
    enum lwc_code code = LWC_OK;

    for (; at < len && !is_closed; at++, stream->position++) {
        if (stream->escape > 0) {
            if (!take_escaped(stream, bytes[at])) {
                return fail_at(stream, "an unknown escape", err);
            }
        } else if ((unsigned char)bytes[at] < 0x20) {
            return fail_at(stream, "a control byte in a string", err);
        } else if (bytes[at] == '\\') {
            stream->escape = 5;
        } else {
            is_closed = bytes[at] == '"';
        }
    }
    *used_out = at;
    if (at > (size_t)is_closed) {
        code = report_event(stream, LWC_JSON_PIECE, bytes, at - (size_t)is_closed, err);
    }
    if (code != LWC_OK || !is_closed) {
        return code;
    }
    if (is_name) {
        stream->state = IN_COLON;
    } else {
        end_value(stream);
    }
    return report_event(stream, LWC_JSON_END_TEXT, NULL, 0, err);
}

/* Reads a byte of a literal; another byte ends it and is not used. */
static enum lwc_code take_plain(struct lwc_json_stream *stream, char c, size_t *used_out,
                                struct lwc_error *err)
{
    if (!is_plain(c)) {
        *used_out = 0;
        return end_plain(stream, err);
    }
    if (stream->plain_len == LWC_JSON_STREAM_PLAIN) {
        return fail_at(stream, "a literal that is too long", err);
    }
    stream->plain[stream->plain_len++] = c;
    stream->position++;
    *used_out = 1;
    return LWC_OK;
}

enum lwc_code lwc_json_stream_feed(struct lwc_json_stream *stream, const char *bytes, size_t len,
                                   struct lwc_error *err)
{
    size_t at = 0;
    enum lwc_code code = LWC_OK;

    while (at < len && code == LWC_OK) {
        size_t used = 1;

        if (stream->state == IN_NAME || stream->state == IN_STRING) {
            code = take_text(stream, bytes + at, len - at, &used, err);
        } else if (stream->state == IN_PLAIN) {
            code = take_plain(stream, bytes[at], &used, err);
        } else {
            code = take_byte(stream, bytes[at], err);
            stream->position++;
        }
        at += used;
    }
    return code;
}

enum lwc_code lwc_json_stream_end(struct lwc_json_stream *stream, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    if (stream->state == IN_PLAIN) {
        code = end_plain(stream, err);
    }
    if (code == LWC_OK && stream->state != IN_END) {
        return fail_at(stream, "it ends too early,", err);
    }
    return code;
}
