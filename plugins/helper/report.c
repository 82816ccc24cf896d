/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/report.h"

#include <string.h>

#include "base/text.h"
#include "plugins/helper/output.h"
#include "plugins/helper/shared_options.h"

#define OUT_CAP 4096
#define TEXT_LEN 1024

struct lwc_report lwc_report_begin_text(struct lwc_error *err)
{
    struct lwc_report report = {.err = err};

    report.code = lwc_buf_new(OUT_CAP, &report.out, err);
    return report;
}

struct lwc_report lwc_report_begin(const struct lwc_app *app, struct lwc_error *err)
{
    struct lwc_report report = lwc_report_begin_text(err);

    report.json = lwc_args_has(&app->args, &lwc_opt_json);
    return report;
}

void lwc_report_clear(struct lwc_report *report)
{
    lwc_buf_free(&report->out);
}

void lwc_report_add_text(struct lwc_report *report, const char *text)
{
    char clean[TEXT_LEN];

    if (!report->json) {
        LWC_REPORT_ADD(report, "%s", lwc_text_printable(clean, sizeof clean, text, strlen(text)));
    } else if (report->code == LWC_OK) {
        report->code = lwc_text_append_json(report->out, text, report->err);
    }
}

void lwc_report_add_member(struct lwc_report *report, const char *name, const char *text)
{
    LWC_REPORT_ADD(report, "\"%s\":", name);
    if (report->code == LWC_OK) {
        report->code = lwc_text_append_json(report->out, text, report->err);
    }
}

void lwc_report_add_object(struct lwc_report *report, const struct lwc_member *members,
                           size_t count)
{
    if (report->code == LWC_OK) {
        report->code = lwc_json_append(report->out, members, count, report->err);
    }
}

enum lwc_code lwc_report_write(struct lwc_report *report)
{
    if (report->code == LWC_OK) {
        report->code = lwc_output_write(report->out, report->err);
    }
    return report->code;
}
