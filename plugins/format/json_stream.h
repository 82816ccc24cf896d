/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_FORMAT_JSON_STREAM_H
#define PLUGINS_FORMAT_JSON_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * JSON of any size (RFC 8259), read in pieces as they come and reported as events, in constant
 * memory.  Strict: one value and nothing behind it, at most LWC_JSON_STREAM_DEPTH levels, literals
 * of at most LWC_JSON_STREAM_PLAIN bytes.  Names that are there twice are the reader's concern.
 */

#define LWC_JSON_STREAM_DEPTH 64
#define LWC_JSON_STREAM_PLAIN 63

enum lwc_json_event {
    LWC_JSON_BEGIN_OBJECT,
    LWC_JSON_END_OBJECT,
    LWC_JSON_BEGIN_ARRAY,
    LWC_JSON_END_ARRAY,
    LWC_JSON_BEGIN_NAME,   /* of a member                                               */
    LWC_JSON_BEGIN_STRING, /* a value                                                   */
    LWC_JSON_PIECE,        /* of that name or string: bytes as they stand there, escaped */
    LWC_JSON_END_TEXT,     /* of that name or string                                    */
    LWC_JSON_PLAIN,        /* a number, true, false or null                             */
};

/* Receives the events; @bytes are those of a piece or literal.  LWC_OK goes on. */
struct lwc_json_reader {
    void *data;
    enum lwc_code (*event)(void *data, enum lwc_json_event event, const char *bytes, size_t len,
                           struct lwc_error *err);
};

/* State between two pieces; zeroed but for @reader at the start. */
struct lwc_json_stream {
    const struct lwc_json_reader *reader;
    unsigned state;
    unsigned depth;
    uint64_t objects;  /* bit N: level N is an object */
    unsigned escape;   /* bytes of an escape that are still due */
    uint64_t position; /* bytes read */
    char plain[LWC_JSON_STREAM_PLAIN + 1];
    size_t plain_len;
};

/*
 * Reads the next piece.  LWC_E_INVALID names the byte where the text stops to be JSON; or the
 * reader's code.
 */
enum lwc_code lwc_json_stream_feed(struct lwc_json_stream *stream, const char *bytes, size_t len,
                                   struct lwc_error *err) LWC_RESULT;

/* Ends the text.  LWC_E_INVALID if the value is not complete. */
enum lwc_code lwc_json_stream_end(struct lwc_json_stream *stream, struct lwc_error *err) LWC_RESULT;

#endif
