/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_HELPER_API_PAGES_H
#define PLUGINS_HELPER_API_PAGES_H

#include <stdbool.h>
#include <stddef.h>

#include <lwcred.h>

#include "base/buffer.h"
#include "base/error.h"
#include "plugins/format/json_printer.h"
#include "plugins/format/json_stream.h"

/* The longest URL of a next page, as it stands in the reply. */
#define LWC_API_URL_MAX ((size_t)(LWC_CALL_PATH_MAX + LWC_ORIGIN_MAX + 16))

/*
 * A page of results under way: finds paging.urls.nextPage, and prints events: the whole page, or
 * the elements of its "data".
 *
 * printer    prints; NULL: nothing is printed.
 * is_slurp   prints the elements of "data" alone, into an array that is open.
 * matched    how many names of the path to the next page the open objects have.
 * next       its URL as it stands in the reply, with quotes; empty: none.
 */
struct lwc_api_page {
    struct lwc_json_printer *printer;
    bool is_slurp;
    unsigned depth;
    unsigned matched;
    bool is_name;
    char name[16];
    size_t name_len;
    bool is_candidate; /* the value that comes is on the path */
    bool is_data;      /* the value that comes is "data" */
    bool is_in_data;
    bool has_data;
    bool is_in_next;
    bool has_next;
    struct lwc_buf *next;
};

void lwc_api_page_clear(struct lwc_api_page *page);

/* The reader's function of struct lwc_json_reader; @data is the struct lwc_api_page. */
enum lwc_code lwc_api_page_event(void *data, enum lwc_json_event event, const char *bytes,
                                 size_t len, struct lwc_error *err);

/*
 * Turns the next page's URL into a path.
 *
 * @origin    host[:port] that answered the page.
 * @path_out  "" without a next page.
 * Returns LWC_E_NETWORK if the URL is on another origin, or no https URL.
 */
enum lwc_code lwc_api_page_next(const struct lwc_api_page *page, const char *origin,
                                char path_out[LWC_CALL_PATH_MAX + 1], struct lwc_error *err)
    LWC_RESULT;

#endif
