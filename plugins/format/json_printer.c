/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/format/json_printer.h"

#include <string.h>

#define COLOR_NAME "\x1b[34m"
#define COLOR_STRING "\x1b[32m"
#define COLOR_PLAIN "\x1b[33m"
#define COLOR_END "\x1b[0m"

static enum lwc_code put_text(const struct lwc_json_printer *printer, const char *text,
                              struct lwc_error *err)
{
    return printer->write(printer->data, text, strlen(text), false, err);
}

static enum lwc_code put_color(const struct lwc_json_printer *printer, const char *color,
                               struct lwc_error *err)
{
    if (!printer->is_color) {
        return LWC_OK;
    }
    return printer->write(printer->data, color, strlen(color), true, err);
}

static enum lwc_code break_line(const struct lwc_json_printer *printer, struct lwc_error *err)
{
    enum lwc_code code = printer->is_pretty ? put_text(printer, "\n", err) : LWC_OK;

    for (unsigned i = 0; printer->is_pretty && i < printer->depth && code == LWC_OK; i++) {
        code = put_text(printer, "  ", err);
    }
    return code;
}

/* Prints what stands between the item before and the one that begins. */
static enum lwc_code separate_items(struct lwc_json_printer *printer, struct lwc_error *err)
{
    uint64_t bit = 0;
    enum lwc_code code = LWC_OK;

    if (printer->is_behind_name) {
        printer->is_behind_name = false;
        return put_text(printer, printer->is_pretty ? ": " : ":", err);
    }
    if (printer->depth == 0) {
        return LWC_OK;
    }
    bit = UINT64_C(1) << (printer->depth - 1);
    if ((printer->filled & bit) != 0) {
        code = put_text(printer, ",", err);
    }
    printer->filled |= bit;
    return code == LWC_OK ? break_line(printer, err) : code;
}

static enum lwc_code open_level(struct lwc_json_printer *printer, const char *bracket,
                                struct lwc_error *err)
{
    enum lwc_code code = separate_items(printer, err);

    printer->filled &= ~(UINT64_C(1) << printer->depth);
    printer->depth++;
    return code == LWC_OK ? put_text(printer, bracket, err) : code;
}

static enum lwc_code close_level(struct lwc_json_printer *printer, const char *bracket,
                                 struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    printer->depth--;
    if ((printer->filled >> printer->depth & 1) != 0) {
        code = break_line(printer, err);
    }
    return code == LWC_OK ? put_text(printer, bracket, err) : code;
}

static enum lwc_code begin_text(struct lwc_json_printer *printer, bool is_name,
                                struct lwc_error *err)
{
    enum lwc_code code = separate_items(printer, err);

    printer->is_name = is_name;
    if (code == LWC_OK) {
        code = put_color(printer, is_name ? COLOR_NAME : COLOR_STRING, err);
    }
    return code == LWC_OK ? put_text(printer, "\"", err) : code;
}

static enum lwc_code end_text(struct lwc_json_printer *printer, struct lwc_error *err)
{
    enum lwc_code code = put_text(printer, "\"", err);

    printer->is_behind_name = printer->is_name;
    return code == LWC_OK ? put_color(printer, COLOR_END, err) : code;
}

static enum lwc_code print_plain(struct lwc_json_printer *printer, const char *bytes, size_t len,
                                 struct lwc_error *err)
{
    enum lwc_code code = separate_items(printer, err);

    if (code == LWC_OK) {
        code = put_color(printer, COLOR_PLAIN, err);
    }
    if (code == LWC_OK) {
        code = printer->write(printer->data, bytes, len, false, err);
    }
    return code == LWC_OK ? put_color(printer, COLOR_END, err) : code;
}

enum lwc_code lwc_json_print(struct lwc_json_printer *printer, enum lwc_json_event event,
                             const char *bytes, size_t len, struct lwc_error *err)
{
    switch (event) {
    case LWC_JSON_BEGIN_OBJECT:
        return open_level(printer, "{", err);
    case LWC_JSON_END_OBJECT:
        return close_level(printer, "}", err);
    case LWC_JSON_BEGIN_ARRAY:
        return open_level(printer, "[", err);
    case LWC_JSON_END_ARRAY:
        return close_level(printer, "]", err);
    case LWC_JSON_BEGIN_NAME:
        return begin_text(printer, true, err);
    case LWC_JSON_BEGIN_STRING:
        return begin_text(printer, false, err);
    case LWC_JSON_PIECE:
        return printer->write(printer->data, bytes, len, false, err);
    case LWC_JSON_END_TEXT:
        return end_text(printer, err);
    case LWC_JSON_PLAIN:
        break;
    }
    return print_plain(printer, bytes, len, err);
}
