/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/report.h"

#include <string.h>

#include "base/text.h"
#include "plugins/helper/output.h"

#define OUT_CAP 4096
#define TEXT_LEN 1024

struct lwc_report lwc_report_begin(const struct lwc_app *app, struct lwc_error *err)
{
    struct lwc_report page = {.err = err, .json = lwc_args_has(&app->args, LWC_OPT_JSON)};

    page.code = lwc_buf_new(OUT_CAP, &page.out, err);
    return page;
}

void lwc_report_clear(struct lwc_report *page)
{
    lwc_buf_free(&page->out);
}

void lwc_report_add_text(struct lwc_report *page, const char *text)
{
    char clean[TEXT_LEN];

    if (!page->json) {
        LWC_PAGE_ADD(page, "%s", lwc_text_printable(clean, sizeof clean, text, strlen(text)));
    } else if (page->code == LWC_OK) {
        page->code = lwc_text_append_json(page->out, text, page->err);
    }
}

void lwc_report_add_object(struct lwc_report *page, const struct lwc_member *members, size_t count)
{
    if (page->code == LWC_OK) {
        page->code = lwc_json_append(page->out, members, count, page->err);
    }
}

enum lwc_code lwc_report_write(struct lwc_report *page)
{
    if (page->code == LWC_OK) {
        page->code = lwc_output_write(page->out, page->err);
    }
    return page->code;
}
