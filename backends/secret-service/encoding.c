/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in coding.h. */
#include "backends/secret-service/encoding.h"

#include <lwcred/backend.h>

#include "base/text.h"
#include "base/util.h"

#define PREFIX_LEN (sizeof LWC_CODING_PREFIX - 1)

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static bool has_prefix(const char *text, size_t len)
{
    return len >= PREFIX_LEN && memcmp(text, LWC_CODING_PREFIX, PREFIX_LEN) == 0;
}

/* Up to three bytes as four characters. */
static void encode_group(const uint8_t *bytes, size_t len, uint8_t out[static 4])
{
    uint32_t bits = (uint32_t)bytes[0] << 16 | (len > 1 ? (uint32_t)bytes[1] << 8 : 0) |
                    (len > 2 ? bytes[2] : 0);

    out[0] = (uint8_t)alphabet[bits >> 18];
    out[1] = (uint8_t)alphabet[bits >> 12 & 63];
    out[2] = (uint8_t)(len > 1 ? alphabet[bits >> 6 & 63] : '=');
    out[3] = (uint8_t)(len > 2 ? alphabet[bits & 63] : '=');
}

static enum lwc_code append_base64(const uint8_t *bytes, size_t len, struct lwc_buf *line,
                                   struct lwc_error *err)
{
    size_t out_len = (len + 2) / 3 * 4;
    uint8_t *out = lwc_buf_reserve(line, out_len);

    if (out == NULL) {
        return lwc_fail_nomem(err);
    }
    for (size_t at = 0; at < len; at += 3) {
        encode_group(bytes + at, len - at, out + at / 3 * 4);
    }
    lwc_buf_grow(line, out_len);
    return LWC_OK;
}

enum lwc_code lwc_encoding_encode(const void *bytes, size_t len, struct lwc_buf **line_out,
                                  struct lwc_error *err)
{
    LWC_AUTO_BUF line = NULL;
    enum lwc_code code;

    if (len > 0 && lwc_text_is_graph(bytes, len) && !has_prefix(bytes, len)) {
        return lwc_buf_copy(bytes, len, line_out, err);
    }
    code = lwc_buf_copy(LWC_CODING_PREFIX, PREFIX_LEN, &line, err);
    if (code == LWC_OK) {
        code = append_base64(bytes, len, line, err);
    }
    if (code == LWC_OK) {
        *line_out = LWC_TAKE(line);
    }
    return code;
}

/* The six bits of a character; false if it is none of the alphabet. */
static bool decode_character(uint8_t character, uint32_t *bits_out)
{
    const char *found = character != '\0' ? strchr(alphabet, character) : NULL;

    if (found == NULL) {
        return false;
    }
    *bits_out = (uint32_t)(found - alphabet);
    return true;
}

/* Four characters as up to three bytes; 0 if they are not the base64 of any bytes. */
static size_t decode_group(const uint8_t *in, bool is_last, uint8_t out[static 3])
{
    size_t padding = in[3] != '=' ? 0 : in[2] != '=' ? 1 : 2;
    uint32_t bits = 0;

    if (padding > 0 && !is_last) {
        return 0;
    }
    for (size_t i = 0; i < 4; i++) {
        uint32_t six = 0;

        if (i < 4 - padding && !decode_character(in[i], &six)) {
            return 0;
        }
        bits = bits << 6 | six;
    }
    /* Bits behind the last byte are zero, so that the same bytes have one line only. */
    if ((bits & ((UINT32_C(1) << 8 * padding) - 1)) != 0) {
        return 0;
    }
    out[0] = (uint8_t)(bits >> 16);
    out[1] = (uint8_t)(bits >> 8);
    out[2] = (uint8_t)bits;
    return 3 - padding;
}

static enum lwc_code fail_damaged(struct lwc_error *err)
{
    return lwc_fail(err, LWC_E_CORRUPT, "its secret is not one that lwcred wrote");
}

static enum lwc_code decode_base64(const uint8_t *in, size_t len, struct lwc_buf *secret,
                                   struct lwc_error *err)
{
    uint8_t *out = NULL;
    size_t used = 0;

    if (len == 0 || len % 4 != 0) {
        return fail_damaged(err);
    }
    out = lwc_buf_reserve(secret, len / 4 * 3);
    if (out == NULL) {
        return lwc_fail_nomem(err);
    }
    for (size_t at = 0; at < len; at += 4) {
        size_t got = decode_group(in + at, at + 4 == len, out + used);

        if (got == 0) {
            return fail_damaged(err);
        }
        used += got;
    }
    lwc_buf_grow(secret, used);
    return LWC_OK;
}

enum lwc_code lwc_encoding_decode(const void *line, size_t len, struct lwc_buf **secret_out,
                                  struct lwc_error *err)
{
    LWC_AUTO_BUF secret = NULL;
    const uint8_t *bytes = line;
    enum lwc_code code = LWC_OK;

    if (len > LWC_CODING_MAX) {
        return fail_damaged(err);
    }
    code = lwc_buf_copy(line, len, &secret, err);
    if (code != LWC_OK) {
        return code;
    }
    lwc_buf_drop_newline(secret);
    if (!lwc_text_is_graph(lwc_buf_text(secret), lwc_buf_len(secret)) || lwc_buf_len(secret) == 0) {
        return fail_damaged(err);
    }
    if (has_prefix(lwc_buf_text(secret), lwc_buf_len(secret))) {
        len = lwc_buf_len(secret) - PREFIX_LEN;
        lwc_buf_reset(secret);
        code = decode_base64(bytes + PREFIX_LEN, len, secret, err);
    }
    if (code == LWC_OK && lwc_buf_len(secret) > LWC_SECRET_MAX) {
        return fail_damaged(err);
    }
    if (code == LWC_OK) {
        *secret_out = LWC_TAKE(secret);
    }
    return code;
}
