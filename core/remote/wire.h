/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_REMOTE_WIRE_H
#define CORE_REMOTE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lwcred/backend.h>

#include "base/buffer.h"
#include "base/error.h"

/*
 * The protocol between a caller and its backend host, as bytes and as values.
 *
 * A frame is a header, type and length of the body, and the body: numbers and texts one behind the
 * other, as listed in enum lwc_wire_type.  Numbers are little-endian; a text or a run of bytes is its length (4
 * bytes), the bytes, and for a text a NUL that is not counted and the only one.
 *
 *     0  4  type     enum lwc_wire_type
 *     4  4  length   of the body, at most LWC_WIRE_BODY_MAX
 *     8  4  request  number of the request to which the frame belongs, so that a late or
 *                    repeated answer is not taken for that of another request
 *
 * Requests do not overlap.  Until its DONE, the host may send other frames; the caller answers each
 * frame marked "asks" by one ANSWER, before anything else.
 *
 * MUST:
 *  1. Input is untrusted: lengths are checked against the bytes left, a text has no NUL in it, a
 *     body has nothing behind its last member.
 *  2. Bodies lie in struct lwc_buf on both sides: each may hold a secret.
 */

#define LWC_WIRE_VERSION 4

enum lwc_wire_type {
    /* From the caller: "times" are two i64, milliseconds, see struct lwc_wire_times. */
    LWC_WIRE_HELLO = 1,    /* u32 version, text name, text directory of external modules or "" */
    LWC_WIRE_OPEN = 2,     /* times, u32 count, text argument...                              */
    LWC_WIRE_CLOSE = 3,    /* times                                                           */
    LWC_WIRE_FIND = 4,     /* times, identity                                                 */
    LWC_WIRE_LIST = 5,     /* times                                                           */
    LWC_WIRE_STORE = 6,    /* times, identity, u32 flags, bytes secret                        */
    LWC_WIRE_ERASE = 7,    /* times, identity                                                 */
    LWC_WIRE_UNLOCK = 8,   /* times                                                           */
    LWC_WIRE_LOCK = 9,     /* times                                                           */
    LWC_WIRE_PROBE = 10,   /* times, u32 capability                                           */
    LWC_WIRE_ANSWER = 11,  /* times, error, u32 is there a value, bytes value                 */
    LWC_WIRE_CONTROL = 12, /* times, text verb, u32 count, text argument...                  */
    /* From the host. */
    LWC_WIRE_READY = 16, /* u32 version, text print of the descriptor: answers HELLO, as DONE may */
    LWC_WIRE_DONE = 17,  /* error: answers every other request                             */
    LWC_WIRE_LOG = 18,   /* u32 level, text                                                */
    LWC_WIRE_DEPENDS = 19, /* text path                                                      */
    LWC_WIRE_ASKING = 20,  /* text                                                           */
    LWC_WIRE_SETTING = 21, /* text name; asks: the value is a text without its NUL           */
    LWC_WIRE_PROMPT = 22,  /* u32 flags, text; asks: the value is what was typed             */
    LWC_WIRE_PUT = 23,     /* u32 is there an identity, identity, bytes secret; asks         */
    LWC_WIRE_VISIT = 24,   /* identity; asks                                                 */
    LWC_WIRE_REPORT = 25,  /* u32 count, text name and text value...; asks                   */
};

#define LWC_WIRE_HEADER_LEN 12
#define LWC_WIRE_BODY_MAX ((size_t)LWC_SECRET_MAX + 16384)

/*
 * Time left to a call.
 *
 * call_ms    until the call is ended.
 * caller_ms  until the caller's own deadline, which counts once the user is asked elsewhere.
 */
struct lwc_wire_times {
    int64_t call_ms;
    int64_t caller_ms;
};

/* A frame being written.  After a failure (memory, length) puts do nothing and send reports it. */
struct lwc_wire_out {
    uint32_t type;
    uint32_t request;
    struct lwc_buf *bytes; /* the body */
    bool failed;
};

/* Begin a frame of @type whose body is made in @bytes, borrowed, which is reset. */
struct lwc_wire_out lwc_wire_begin(struct lwc_buf *bytes, uint32_t type, uint32_t request);

void lwc_wire_put_u32(struct lwc_wire_out *out, uint32_t number);
void lwc_wire_put_i64(struct lwc_wire_out *out, int64_t number);
void lwc_wire_put_text(struct lwc_wire_out *out, const char *text);
void lwc_wire_put_bytes(struct lwc_wire_out *out, const void *bytes, size_t len);
void lwc_wire_put_times(struct lwc_wire_out *out, struct lwc_wire_times times);
void lwc_wire_put_identity(struct lwc_wire_out *out, const struct lwc_identity *identity);

/* Put @code, with the texts of @err unless @code is LWC_OK. */
void lwc_wire_put_error(struct lwc_wire_out *out, enum lwc_code code, const struct lwc_error *err);

/* Write the header of the finished body.  Returns false if a put failed or the body is too long. */
bool lwc_wire_end(const struct lwc_wire_out *out, uint8_t header_out[static LWC_WIRE_HEADER_LEN])
    LWC_RESULT;

/*
 * A frame being read.  A take that finds no well-formed member sets bad and returns 0 or "", as do
 * all later takes.  Returned texts and bytes are borrowed until the buffer changes.
 */
struct lwc_wire_in {
    uint32_t type;
    uint32_t request;
    const uint8_t *at;
    size_t left;
    bool bad;
};

/*
 * Read a header: left becomes the length of the body; the caller sets at to the body.  Returns
 * false for a body that is too long.
 */
bool lwc_wire_header(const uint8_t header[static LWC_WIRE_HEADER_LEN], struct lwc_wire_in *in_out)
    LWC_RESULT;

uint32_t lwc_wire_take_u32(struct lwc_wire_in *in);
int64_t lwc_wire_take_i64(struct lwc_wire_in *in);
const char *lwc_wire_take_text(struct lwc_wire_in *in);
const void *lwc_wire_take_bytes(struct lwc_wire_in *in, size_t *len_out);
struct lwc_wire_times lwc_wire_take_times(struct lwc_wire_in *in);
/* Take an identity, well-formed but not checked: lwc_identity_check() checks its values. */
struct lwc_identity lwc_wire_take_identity(struct lwc_wire_in *in);

/*
 * Take an error; fills @err (may be NULL) with its texts, made printable.  Returns the code, which
 * may be unknown to enum lwc_code.
 */
enum lwc_code lwc_wire_take_error(struct lwc_wire_in *in, struct lwc_error *err) LWC_RESULT;

/* Return whether all takes were good and nothing is left. */
bool lwc_wire_is_ended(const struct lwc_wire_in *in) LWC_RESULT;

#endif
