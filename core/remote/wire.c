/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in wire.h. */
#include "remote/wire.h"

#define NUMBER_MAX 8

static void append_bytes(struct lwc_wire_out *out, const void *bytes, size_t len)
{
    out->failed = out->failed || lwc_buf_append(out->bytes, bytes, len, NULL) != LWC_OK;
}

static void write_number(uint8_t *to, uint64_t number, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        to[i] = (uint8_t)(number >> 8 * i);
    }
}

static uint64_t read_number(const uint8_t *from, size_t len)
{
    uint64_t number = 0;

    for (size_t i = 0; i < len; i++) {
        number |= (uint64_t)from[i] << 8 * i;
    }
    return number;
}

static void put_number(struct lwc_wire_out *out, uint64_t number, size_t len)
{
    uint8_t bytes[NUMBER_MAX];

    write_number(bytes, number, len);
    append_bytes(out, bytes, len);
}

struct lwc_wire_out lwc_wire_begin(struct lwc_buf *bytes, uint32_t type, uint32_t request)
{
    lwc_buf_reset(bytes);
    return (struct lwc_wire_out){.type = type, .request = request, .bytes = bytes};
}

void lwc_wire_put_u32(struct lwc_wire_out *out, uint32_t number)
{
    put_number(out, number, sizeof number);
}

void lwc_wire_put_i64(struct lwc_wire_out *out, int64_t number)
{
    put_number(out, (uint64_t)number, sizeof number);
}

void lwc_wire_put_bytes(struct lwc_wire_out *out, const void *bytes, size_t len)
{
    if (len > LWC_WIRE_BODY_MAX) {
        out->failed = true;
        return;
    }
    lwc_wire_put_u32(out, (uint32_t)len);
    if (len > 0) {
        append_bytes(out, bytes, len);
    }
}

static void put_text(struct lwc_wire_out *out, const char *text, size_t len)
{
    lwc_wire_put_bytes(out, text, len);
    append_bytes(out, "", 1);
}

void lwc_wire_put_text(struct lwc_wire_out *out, const char *text)
{
    put_text(out, text, strlen(text));
}

void lwc_wire_put_times(struct lwc_wire_out *out, struct lwc_wire_times times)
{
    lwc_wire_put_i64(out, times.call_ms);
    lwc_wire_put_i64(out, times.caller_ms);
}

void lwc_wire_put_identity(struct lwc_wire_out *out, const struct lwc_identity *identity)
{
    lwc_wire_put_text(out, identity->profile);
    lwc_wire_put_text(out, identity->account);
    lwc_wire_put_text(out, identity->origin);
    lwc_wire_put_text(out, identity->key_id);
    lwc_wire_put_text(out, identity->sub_account);
    lwc_wire_put_u32(out, identity->kind);
    lwc_wire_put_u32(out, identity->flags);
}

void lwc_wire_put_error(struct lwc_wire_out *out, enum lwc_code code, const struct lwc_error *err)
{
    const bool has_text = code != LWC_OK && err != NULL && err->code == code;

    lwc_wire_put_u32(out, (uint32_t)code);
    lwc_wire_put_u32(out, has_text ? (uint32_t)err->sys : 0);
    lwc_wire_put_i64(out, has_text ? err->wait_s : 0);
    put_text(out, has_text ? err->msg : "", has_text ? strnlen(err->msg, sizeof err->msg) : 0);
    put_text(out, has_text ? err->hint : "", has_text ? strnlen(err->hint, sizeof err->hint) : 0);
}

bool lwc_wire_end(const struct lwc_wire_out *out, uint8_t header_out[static LWC_WIRE_HEADER_LEN])
{
    size_t len = lwc_buf_len(out->bytes);

    if (out->failed || len > LWC_WIRE_BODY_MAX) {
        return false;
    }
    write_number(header_out, out->type, 4);
    write_number(header_out + 4, len, 4);
    write_number(header_out + 8, out->request, 4);
    return true;
}

bool lwc_wire_header(const uint8_t header[static LWC_WIRE_HEADER_LEN], struct lwc_wire_in *in_out)
{
    *in_out = (struct lwc_wire_in){.type = (uint32_t)read_number(header, 4),
                                   .left = (size_t)read_number(header + 4, 4),
                                   .request = (uint32_t)read_number(header + 8, 4)};
    return in_out->left <= LWC_WIRE_BODY_MAX;
}

/* Returns the next @len bytes; NULL, and sets bad, if fewer are left. */
static const uint8_t *take_raw(struct lwc_wire_in *in, size_t len)
{
    const uint8_t *at = in->at;

    if (in->bad || len > in->left) {
        in->bad = true;
        return NULL;
    }
    in->at += len;
    in->left -= len;
    return at;
}

static uint64_t take_number(struct lwc_wire_in *in, size_t len)
{
    const uint8_t *at = take_raw(in, len);

    return at != NULL ? read_number(at, len) : 0;
}

uint32_t lwc_wire_take_u32(struct lwc_wire_in *in)
{
    return (uint32_t)take_number(in, 4);
}

int64_t lwc_wire_take_i64(struct lwc_wire_in *in)
{
    return (int64_t)take_number(in, 8);
}

const void *lwc_wire_take_bytes(struct lwc_wire_in *in, size_t *len_out)
{
    size_t len = lwc_wire_take_u32(in);
    const uint8_t *at = take_raw(in, len);

    *len_out = at != NULL ? len : 0;
    return at != NULL ? at : (const uint8_t *)"";
}

const char *lwc_wire_take_text(struct lwc_wire_in *in)
{
    size_t len = 0;
    const char *text = lwc_wire_take_bytes(in, &len);
    const uint8_t *end = take_raw(in, 1);

    if (end == NULL || *end != '\0' || memchr(text, '\0', len) != NULL) {
        in->bad = true;
        return "";
    }
    return text;
}

struct lwc_wire_times lwc_wire_take_times(struct lwc_wire_in *in)
{
    struct lwc_wire_times times = {.call_ms = lwc_wire_take_i64(in)};

    times.caller_ms = lwc_wire_take_i64(in);
    return times;
}

struct lwc_identity lwc_wire_take_identity(struct lwc_wire_in *in)
{
    struct lwc_identity identity = {0};

    identity.profile = lwc_wire_take_text(in);
    identity.account = lwc_wire_take_text(in);
    identity.origin = lwc_wire_take_text(in);
    identity.key_id = lwc_wire_take_text(in);
    identity.sub_account = lwc_wire_take_text(in);
    identity.kind = lwc_wire_take_u32(in);
    identity.flags = lwc_wire_take_u32(in);
    return identity;
}

enum lwc_code lwc_wire_take_error(struct lwc_wire_in *in, struct lwc_error *err)
{
    enum lwc_code code = (enum lwc_code)lwc_wire_take_u32(in);
    int sys = (int)lwc_wire_take_u32(in);
    int64_t wait_s = lwc_wire_take_i64(in);
    const char *msg = lwc_wire_take_text(in);
    const char *hint = lwc_wire_take_text(in);

    if (in->bad || code == LWC_OK || err == NULL) {
        return in->bad ? LWC_E_INTERNAL : code;
    }
    lwc_describe(err, code, "%s", msg);
    if (lwc_is_set(hint)) {
        (void)lwc_hint(err, code, "%s", hint);
    }
    err->sys = sys;
    err->wait_s = wait_s > 0 ? wait_s : 0;
    return code;
}

bool lwc_wire_is_ended(const struct lwc_wire_in *in)
{
    return !in->bad && in->left == 0;
}
