/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/api_output.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/safefile.h"
#include "base/utf8.h"

void lwc_api_output_clear(struct lwc_api_output *output)
{
    lwc_wipe(output->room, sizeof output->room);
    lwc_wipe(output->rest, sizeof output->rest);
}

static enum lwc_code flush_room(struct lwc_api_output *output, struct lwc_error *err)
{
    const size_t len = output->len;
    enum lwc_code code = LWC_OK;

    output->len = 0;
    if (len > 0) {
        code = lwc_fd_write(STDOUT_FILENO, output->room, len, err);
    }
    return code == LWC_OK ? code : lwc_wrap(err, code, "standard output");
}

static enum lwc_code put_bytes(struct lwc_api_output *output, const char *bytes, size_t len,
                               struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    while (len > 0 && code == LWC_OK) {
        const size_t left = sizeof output->room - output->len;
        const size_t part = len < left ? len : left;

        memcpy(output->room + output->len, bytes, part);
        output->len += part;
        output->is_behind_newline = bytes[part - 1] == '\n';
        bytes += part;
        len -= part;
        if (output->len == sizeof output->room) {
            code = flush_room(output, err);
        }
    }
    return code;
}

/* Puts a character, escaped as in JSON if a terminal would obey it. */
static enum lwc_code put_shown(struct lwc_api_output *output, const char *bytes,
                               struct lwc_utf8 next, struct lwc_error *err)
{
    uint32_t point = next.point;
    char text[16];
    int len = 0;

    if (point == '\n' || point == '\t' || !lwc_utf8_is_active(point)) {
        return put_bytes(output, bytes, next.len, err);
    }
    if (point == LWC_UTF8_INVALID) {
        len = snprintf(text, sizeof text, "\\ufffd");
    } else if (point < 0x10000) {
        len = snprintf(text, sizeof text, "\\u%04x", (unsigned)point);
    } else {
        point -= 0x10000;
        len = snprintf(text, sizeof text, "\\u%04x\\u%04x", 0xd800 + (unsigned)(point >> 10),
                       0xdc00 + (unsigned)(point & 0x3ff));
    }
    return put_bytes(output, text, (size_t)len, err);
}

/* Returns how many bytes a character has that begins with @first. */
static size_t get_length(char first)
{
    const unsigned char byte = (unsigned char)first;

    return byte < 0xc2 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : byte < 0xf5 ? 4 : 1;
}

/* Puts the character that begins in @output->rest, once it is whole or cannot become so. */
static enum lwc_code put_rest(struct lwc_api_output *output, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;
    size_t at = 0;

    while (at < output->rest_len && code == LWC_OK) {
        const struct lwc_utf8 next =
            lwc_utf8_next((const uint8_t *)output->rest + at, output->rest_len - at);

        code = put_shown(output, output->rest + at, next, err);
        at += next.len;
    }
    output->rest_len = 0;
    return code;
}

static enum lwc_code put_all_shown(struct lwc_api_output *output, const char *bytes, size_t len,
                                   struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    for (size_t i = 0; i < len && code == LWC_OK; i++) {
        const bool is_further = ((unsigned char)bytes[i] & 0xc0) == 0x80;

        if (output->rest_len > 0 && !is_further) {
            code = put_rest(output, err);
        }
        if (code != LWC_OK) {
            return code;
        }
        output->rest[output->rest_len++] = bytes[i];
        if (output->rest_len >= get_length(output->rest[0])) {
            code = put_rest(output, err);
        }
    }
    return code;
}

enum lwc_code lwc_api_output_write(struct lwc_api_output *output, const char *bytes, size_t len,
                                   bool is_markup, struct lwc_error *err)
{
    if (output->is_terminal && !is_markup) {
        return put_all_shown(output, bytes, len, err);
    }
    return put_bytes(output, bytes, len, err);
}

enum lwc_code lwc_api_output_end_line(struct lwc_api_output *output, struct lwc_error *err)
{
    enum lwc_code code = put_rest(output, err);

    if (code == LWC_OK && !output->is_behind_newline) {
        code = put_bytes(output, "\n", 1, err);
    }
    return code;
}

enum lwc_code lwc_api_output_flush(struct lwc_api_output *output, struct lwc_error *err)
{
    enum lwc_code code = put_rest(output, err);

    return code == LWC_OK ? flush_room(output, err) : code;
}
