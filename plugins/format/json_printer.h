/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_FORMAT_JSON_PRINTER_H
#define PLUGINS_FORMAT_JSON_PRINTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "plugins/format/json_stream.h"

/* Events of JSON as text again: compact, or in lines with indentation and colours. */

/*
 * State of the printer; zeroed but for the first members at the start.
 *
 * write      receives the text; @is_markup: colours, which come from the printer itself.
 * is_pretty  a line for each member and element.
 * is_color   with ANSI colours.
 */
struct lwc_json_printer {
    void *data;
    enum lwc_code (*write)(void *data, const char *bytes, size_t len, bool is_markup,
                           struct lwc_error *err);
    bool is_pretty;
    bool is_color;
    unsigned depth;
    uint64_t filled; /* bit N: level N has a member or element */
    bool is_behind_name;
    bool is_name;
};

/* Prints an event. */
enum lwc_code lwc_json_print(struct lwc_json_printer *printer, enum lwc_json_event event,
                             const char *bytes, size_t len, struct lwc_error *err) LWC_RESULT;

#endif
