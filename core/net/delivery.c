/* SPDX-License-Identifier: Apache-2.0 */
#include "net/delivery.h"

#include <string.h>

#include "base/util.h"

#define LINES_START ((size_t)2048)

void lwc_delivery_clear(struct lwc_delivery *delivery)
{
    lwc_buf_free(&delivery->lines);
}

/* Keeps the outcome of a callback, and returns whether the transfer goes on. */
static bool note_callback(struct lwc_delivery *delivery, enum lwc_code code)
{
    if (code == LWC_OK) {
        return true;
    }
    if (delivery->why.code == LWC_OK) {
        lwc_describe(&delivery->why, code, "a callback ended the call");
    }
    delivery->limit = LWC_HTTP_LIMIT_CALLBACK;
    return false;
}

static bool keep_line(struct lwc_delivery *delivery, const char *line, size_t len)
{
    enum lwc_code code = LWC_OK;

    if (delivery->lines == NULL) {
        code = lwc_buf_new(LINES_START, &delivery->lines, NULL);
    }
    if (code == LWC_OK && delivery->headers.is_status_line) {
        lwc_buf_reset(delivery->lines);
    } else if (code == LWC_OK) {
        code = lwc_buf_append(delivery->lines, line, len, NULL);
    }
    if (code != LWC_OK) {
        delivery->limit = LWC_HTTP_LIMIT_MEMORY;
    }
    return code == LWC_OK;
}

bool lwc_delivery_header(struct lwc_delivery *delivery, const char *line, size_t len)
{
    const struct lwc_http_target *target = delivery->request->target;
    const bool was_done = delivery->headers.is_done;

    if (!lwc_headers_read(&delivery->headers, line, len)) {
        delivery->limit = LWC_HTTP_LIMIT_HEADERS;
        return false;
    }
    if (target == NULL || target->header == NULL ||
        (was_done && !delivery->headers.is_status_line)) {
        return true;
    }
    return keep_line(delivery, line, len);
}

/* Calls target->header for a line, cut at a NUL. */
static enum lwc_code show_header(const struct lwc_delivery *delivery, const char *line, size_t len,
                                 struct lwc_error *err)
{
    const struct lwc_http_target *target = delivery->request->target;
    struct lwc_header_line parts = {.name = NULL};
    LWC_AUTO_FREE char *name = NULL;
    LWC_AUTO_FREE char *value = NULL;

    if (!lwc_headers_split(line, len, &parts) || parts.name_len == 0) {
        return LWC_OK;
    }
    name = strndup(parts.name, parts.name_len);
    value = strndup(parts.value, parts.len);
    if (name == NULL || value == NULL) {
        return lwc_fail_nomem(err);
    }
    for (char *at = value; *at != '\0'; at++) {
        *at = *at == '\r' ? ' ' : *at;
    }
    return target->header(target->data, name, value, err);
}

static enum lwc_code show_headers(const struct lwc_delivery *delivery, struct lwc_error *err)
{
    const char *line = delivery->lines != NULL ? lwc_buf_text(delivery->lines) : "";
    const char *end = line + (delivery->lines != NULL ? lwc_buf_len(delivery->lines) : 0);
    enum lwc_code code = LWC_OK;

    while (line < end && code == LWC_OK) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        const char *next = newline != NULL ? newline + 1 : end;

        code = show_header(delivery, line, (size_t)(next - line), err);
        line = next;
    }
    return code;
}

/* Asks the target, once, whether it takes the reply. */
static bool begin_delivery(struct lwc_delivery *delivery)
{
    const struct lwc_http_target *target = delivery->request->target;
    enum lwc_code code = LWC_OK;

    if (delivery->has_begun || target == NULL) {
        return true;
    }
    delivery->has_begun = true;
    lwc_headers_finish(&delivery->headers);
    code = target->begin(target->data, delivery->reply, &delivery->is_taken, &delivery->why);
    if (code == LWC_OK && delivery->is_taken && target->header != NULL) {
        code = show_headers(delivery, &delivery->why);
    }
    return note_callback(delivery, code);
}

/* Keeps a piece in the reply's buffer; of a reply that the target does not take, the start. */
static bool keep_piece(struct lwc_delivery *delivery, const void *bytes, size_t len)
{
    struct lwc_buf *body = delivery->reply->body;
    const bool is_message = delivery->request->target != NULL;
    const size_t room = (is_message ? LWC_HTTP_MESSAGE_MAX : LWC_HTTP_BODY_MAX) - lwc_buf_len(body);

    if (len > room && !is_message) {
        delivery->limit = LWC_HTTP_LIMIT_BODY;
        return false;
    }
    if (lwc_buf_append(body, bytes, len < room ? len : room, NULL) != LWC_OK) {
        delivery->limit = LWC_HTTP_LIMIT_MEMORY;
        return false;
    }
    if (len > room) {
        delivery->limit = LWC_HTTP_LIMIT_ENOUGH;
    }
    return len <= room;
}

bool lwc_delivery_write(struct lwc_delivery *delivery, const void *bytes, size_t len)
{
    const struct lwc_http_target *target = delivery->request->target;

    if (!begin_delivery(delivery)) {
        return false;
    }
    if (!delivery->is_taken) {
        return keep_piece(delivery, bytes, len);
    }
    return note_callback(delivery, target->write(target->data, bytes, len, &delivery->why));
}

bool lwc_delivery_end(struct lwc_delivery *delivery)
{
    return begin_delivery(delivery);
}

static enum lwc_code read_piece(struct lwc_delivery *delivery, void *bytes, size_t room,
                                size_t *len_out, struct lwc_error *err)
{
    const struct lwc_http_source *source = delivery->request->source;
    enum lwc_code code = source->read(source->data, bytes, room, len_out, err);

    if (code != LWC_OK) {
        return code;
    }
    if (*len_out > room) {
        return lwc_fail(err, LWC_E_INTERNAL, "the reader of the body gave more than was asked for");
    }
    delivery->sent += (int64_t)*len_out;
    if (*len_out == 0 && source->len >= 0 && delivery->sent < source->len) {
        return lwc_fail(err, LWC_E_INVALID, "the body ended before the length given for it");
    }
    return LWC_OK;
}

bool lwc_delivery_read(struct lwc_delivery *delivery, void *bytes, size_t room, size_t *len_out)
{
    *len_out = 0;
    return note_callback(delivery, read_piece(delivery, bytes, room, len_out, &delivery->why));
}
