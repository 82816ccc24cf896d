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
 * An answer of many lines under construction, for people or as JSON.  After a failure, which stays
 * in @code and @err, additions do nothing.
 */
struct lwc_report {
    struct lwc_buf *out;
    struct lwc_error *err;
    enum lwc_code code;
    bool json;
};

/* An empty page; JSON if --json says so.  Afterwards, also on failure, lwc_report_clear(). */
struct lwc_report lwc_report_begin(const struct lwc_app *app, struct lwc_error *err);
void lwc_report_clear(struct lwc_report *report);

/* printf onto the page.  A macro: the compiler then checks the format. */
#define LWC_REPORT_ADD(report, ...)                                                      \
    do {                                                                                 \
        if ((report)->code == LWC_OK) {                                                  \
            (report)->code = lwc_text_append((report)->out, (report)->err, __VA_ARGS__); \
        }                                                                                \
    } while (false)

/* @text as a JSON string, or as it may be shown to people. */
void lwc_report_add_text(struct lwc_report *report, const char *text);

/* One JSON object. */
void lwc_report_add_object(struct lwc_report *report, const struct lwc_member *members,
                           size_t count);

/* Write it to standard output, unless something has failed before; returns the failure. */
enum lwc_code lwc_report_write(struct lwc_report *report) LWC_RESULT;

#endif
