/* SPDX-License-Identifier: Apache-2.0 */
#include "base/append.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/utf8.h"

#define STACK_BURN_LEN 4096

/* Writes @unit as it stands in a JSON string.  Returns the length. */
static size_t write_json_unit(char shown[static 8], const uint8_t *bytes, struct lwc_utf8 unit)
{
    static const char escaped[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    const char *found =
        unit.point < 0x80 && unit.point > 0 ? strchr(escaped, (int)unit.point) : NULL;

    if (found != NULL) {
        shown[0] = '\\';
        shown[1] = letters[found - escaped];
        return 2;
    }
    if (lwc_utf8_is_active(unit.point)) {
        unsigned point = unit.point == LWC_UTF8_INVALID ? 0xfffdu : unit.point & 0xffffu;

        return (size_t)snprintf(shown, 8, "\\u%04x", point);
    }
    memcpy(shown, bytes, unit.len);
    return unit.len;
}

/* Returns how many bytes at the start are characters that a JSON string holds unchanged. */
static size_t json_run_len(const uint8_t *bytes, size_t len)
{
    size_t run = 0;

    while (run < len && bytes[run] >= 0x20 && bytes[run] < 0x7f && bytes[run] != '"' &&
           bytes[run] != '\\') {
        run++;
    }
    return run;
}

enum lwc_code lwc_text_append_json(struct lwc_buf *out, const char *text, struct lwc_error *err)
{
    const uint8_t *bytes = (const uint8_t *)text;
    size_t before = lwc_buf_len(out);
    size_t len = strlen(text);
    enum lwc_code code = lwc_buf_append(out, "\"", 1, err);
    char shown[8] = {0};

    for (size_t at = 0; at < len && code == LWC_OK;) {
        size_t step = json_run_len(bytes + at, len - at);

        if (step > 0) {
            code = lwc_buf_append(out, bytes + at, step, err);
        } else {
            struct lwc_utf8 unit = lwc_utf8_next(bytes + at, len - at);

            code = lwc_buf_append(out, shown, write_json_unit(shown, bytes + at, unit), err);
            step = unit.len;
        }
        at += step;
    }
    lwc_wipe(shown, sizeof shown);
    if (code == LWC_OK) {
        code = lwc_buf_append(out, "\"", 1, err);
    }
    if (code != LWC_OK) {
        lwc_buf_truncate(out, before);
    }
    return code;
}

/*
 * Wipes the stack below the caller: glibc's vsnprintf() leaves the last text in a buffer of its
 * frame, over which this frame lies.
 */
static __attribute__((noinline)) void burn_stack(void)
{
    uint8_t burnt[STACK_BURN_LEN];

    lwc_wipe(burnt, sizeof burnt);
}

static int measure_text(const char *fmt, va_list args) __attribute__((format(printf, 1, 0)));

static int measure_text(const char *fmt, va_list args)
{
    int len = vsnprintf(NULL, 0, fmt, args);

    burn_stack();
    return len;
}

enum lwc_code lwc_text_append(struct lwc_buf *out, struct lwc_error *err, const char *fmt, ...)
{
    va_list args;
    uint8_t *room = NULL;
    int len = 0;

    va_start(args, fmt);
    len = measure_text(fmt, args);
    va_end(args);
    if (len < 0) {
        return lwc_fail(err, LWC_E_INTERNAL, "text cannot be formatted");
    }
    if ((size_t)len > LWC_BUF_CAP - lwc_buf_len(out)) {
        return lwc_fail(err, LWC_E_INVALID, "text of more than %zu bytes", LWC_BUF_CAP);
    }
    room = lwc_buf_reserve(out, (size_t)len);
    if (room == NULL) {
        return lwc_fail_nomem(err);
    }
    va_start(args, fmt);
    (void)vsnprintf((char *)room, (size_t)len + 1, fmt, args); /* a secret has room for the NUL */
    va_end(args);
    burn_stack();
    lwc_buf_grow(out, (size_t)len);
    return LWC_OK;
}
