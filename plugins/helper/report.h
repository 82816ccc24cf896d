/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_HELPER_REPORT_H
#define PLUGINS_HELPER_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/append.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/util.h"
#include "plugins/format/json_writer.h"
#include "plugins/helper/app.h"

/*
 * A report under construction, as text or JSON.  After a failure, which stays in @code and @err,
 * additions do nothing.
 */
struct lwc_report {
    struct lwc_buf *out;
    struct lwc_error *err;
    enum lwc_code code;
    bool json;
};

/* Begin an empty report; JSON with --json, or always text.  Call lwc_report_clear(), also after a failure. */
struct lwc_report lwc_report_begin(const struct lwc_app *app, struct lwc_error *err);
struct lwc_report lwc_report_begin_text(struct lwc_error *err);
void lwc_report_clear(struct lwc_report *report);

/* Appends formatted text.  A macro, so that the compiler checks the format. */
#define LWC_REPORT_ADD(report, ...)                                                      \
    do {                                                                                 \
        if ((report)->code == LWC_OK) {                                                  \
            (report)->code = lwc_text_append((report)->out, (report)->err, __VA_ARGS__); \
        }                                                                                \
    } while (false)

/* Appends @text as a JSON string, or made printable. */
void lwc_report_add_text(struct lwc_report *report, const char *text);

/* Appends "NAME": and @text as a JSON string. */
void lwc_report_add_member(struct lwc_report *report, const char *name, const char *text);

/* Appends a JSON object. */
void lwc_report_add_object(struct lwc_report *report, const struct lwc_member *members,
                           size_t count);

/* Writes the report to standard output; returns an earlier failure instead. */
enum lwc_code lwc_report_write(struct lwc_report *report) LWC_RESULT;

#endif
