/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/report.h"

#include <string.h>

#include "plugins/helper/output.h"

#define OUT_CAP 4096
#define TEXT_LEN 1024

struct lwc_page lwc_page_begin(const struct lwc_app *app, struct lwc_error *err)
{
    struct lwc_page page = {.err = err, .json = lwc_args_has(&app->args, LWC_OPT_JSON)};

    page.code = lwc_secret_new(OUT_CAP, &page.out, err);
    return page;
}

void lwc_page_clear(struct lwc_page *page)
{
    lwc_secret_free(&page->out);
}

void lwc_page_add_text(struct lwc_page *page, const char *text)
{
    char clean[TEXT_LEN];

    if (!page->json) {
        LWC_PAGE_ADD(page, "%s", lwc_text_printable(clean, sizeof clean, text, strlen(text)));
    } else if (page->code == LWC_OK) {
        page->code = lwc_text_append_json(page->out, text, page->err);
    }
}

void lwc_page_add_object(struct lwc_page *page, const struct lwc_member *members, size_t count)
{
    if (page->code == LWC_OK) {
        page->code = lwc_object_append(page->out, members, count, page->err);
    }
}

enum lwc_code lwc_page_write(struct lwc_page *page)
{
    if (page->code == LWC_OK) {
        page->code = lwc_output_write(page->out, page->err);
    }
    return page->code;
}
