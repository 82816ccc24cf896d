/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/api_pages.h"

#include <stdio.h>
#include <string.h>

#include "base/json_span.h"
#include "base/text.h"
#include "base/util.h"

#define SCHEME "https://"

static const char *const next_path[] = {"paging", "urls", "nextPage"};

void lwc_api_page_clear(struct lwc_api_page *page)
{
    lwc_buf_free(&page->next);
}

static enum lwc_code fail_page(const char *what, struct lwc_error *err)
{
    return lwc_fail(err, LWC_E_NETWORK, "unusable page: %s", what);
}

/* Returns whether the innermost open object is on the path. */
static bool is_on_path(const struct lwc_api_page *page)
{
    return page->depth > 0 && page->matched == page->depth - 1;
}

static enum lwc_code end_name(struct lwc_api_page *page, struct lwc_error *err)
{
    page->name[page->name_len] = '\0';
    page->is_candidate = is_on_path(page) && page->matched < LWC_ARRAY_LEN(next_path) &&
                         lwc_streq(page->name, next_path[page->matched]);
    page->is_data = page->depth == 1 && lwc_streq(page->name, "data");
    if (page->is_data && page->has_data) {
        return fail_page("\"data\" is there twice", err);
    }
    if (page->is_candidate && page->matched + 1 == LWC_ARRAY_LEN(next_path)) {
        if (page->has_next) {
            return fail_page("\"nextPage\" is there twice", err);
        }
        page->has_next = true;
    }
    return LWC_OK;
}

static bool is_next(const struct lwc_api_page *page)
{
    return page->is_candidate && page->matched + 1 == LWC_ARRAY_LEN(next_path);
}

static enum lwc_code append_next(struct lwc_api_page *page, const char *bytes, size_t len,
                                 struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    if (page->next == NULL) {
        code = lwc_buf_new(512, &page->next, err);
    }
    if (code == LWC_OK && lwc_buf_len(page->next) + len > LWC_API_URL_MAX) {
        return fail_page("\"nextPage\" is too long", err);
    }
    return code == LWC_OK ? lwc_buf_append(page->next, bytes, len, err) : code;
}

static enum lwc_code take_name(struct lwc_api_page *page, enum lwc_json_event event,
                               const char *bytes, size_t len, struct lwc_error *err)
{
    if (event == LWC_JSON_END_TEXT) {
        page->is_name = false;
        return end_name(page, err);
    }
    if (len > sizeof page->name - 1 - page->name_len) {
        page->name_len = 0; /* longer than all that are looked for */
        len = sizeof page->name - 1;
        bytes = "...............";
    }
    memcpy(page->name + page->name_len, bytes, len);
    page->name_len += len;
    return LWC_OK;
}

static enum lwc_code take_next(struct lwc_api_page *page, enum lwc_json_event event,
                               const char *bytes, size_t len, struct lwc_error *err)
{
    if (event == LWC_JSON_END_TEXT) {
        page->is_in_next = false;
        return append_next(page, "\"", 1, err);
    }
    return append_next(page, bytes, len, err);
}

static enum lwc_code begin_value(struct lwc_api_page *page, enum lwc_json_event event,
                                 const char *bytes, struct lwc_error *err)
{
    if (page->is_data) {
        page->has_data = true;
        page->is_in_data = event == LWC_JSON_BEGIN_ARRAY;
        if (page->is_slurp && !page->is_in_data) {
            return fail_page("\"data\" is no array", err);
        }
    }
    if (is_next(page) && event == LWC_JSON_BEGIN_STRING) {
        page->is_in_next = true;
        page->is_candidate = false;
        return append_next(page, "\"", 1, err);
    }
    if (is_next(page) && (event != LWC_JSON_PLAIN || !lwc_streq(bytes, "null"))) {
        return fail_page("\"nextPage\" is no text", err);
    }
    if (event == LWC_JSON_BEGIN_OBJECT && page->is_candidate) {
        page->matched++;
    }
    page->is_candidate = false;
    page->is_data = false;
    return LWC_OK;
}

static void end_level(struct lwc_api_page *page)
{
    if (is_on_path(page) && page->matched > 0) {
        page->matched--;
    }
    page->depth--;
    page->is_in_data = page->is_in_data && page->depth > 1;
}

static enum lwc_code follow_event(struct lwc_api_page *page, enum lwc_json_event event,
                                  const char *bytes, size_t len, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    if (page->is_name) {
        return take_name(page, event, bytes, len, err);
    }
    if (page->is_in_next) {
        return take_next(page, event, bytes, len, err);
    }
    switch (event) {
    case LWC_JSON_BEGIN_NAME:
        page->is_name = true;
        page->name_len = 0;
        return LWC_OK;
    case LWC_JSON_END_OBJECT:
    case LWC_JSON_END_ARRAY:
        end_level(page);
        return LWC_OK;
    case LWC_JSON_PIECE:
    case LWC_JSON_END_TEXT:
        return LWC_OK;
    default:
        code = begin_value(page, event, bytes, err);
        page->depth += event == LWC_JSON_BEGIN_OBJECT || event == LWC_JSON_BEGIN_ARRAY;
        return code;
    }
}

enum lwc_code lwc_api_page_event(void *data, enum lwc_json_event event, const char *bytes,
                                 size_t len, struct lwc_error *err)
{
    struct lwc_api_page *page = data;
    const bool was_in_data = page->is_in_data;
    enum lwc_code code = follow_event(page, event, bytes, len, err);

    if (code != LWC_OK || page->printer == NULL ||
        (page->is_slurp && (!was_in_data || !page->is_in_data))) {
        return code;
    }
    return lwc_json_print(page->printer, event, bytes, len, err);
}

/* Splits an https URL behind its authority; NULL for another origin. */
static const char *find_path(const char *url, const char *origin)
{
    const char *host = url + strlen(SCHEME);
    const size_t len = strcspn(host, "/?#\\");
    const size_t origin_len = strlen(origin);
    const bool is_same = len >= origin_len && strncasecmp(host, origin, origin_len) == 0;

    if (is_same && (len == origin_len || (strchr(origin, ':') == NULL && len == origin_len + 4 &&
                                          strncmp(host + origin_len, ":443", 4) == 0))) {
        return host + len;
    }
    return NULL;
}

static enum lwc_code fail_origin(const char *url, struct lwc_error *err)
{
    const char *host = url + strlen(SCHEME);
    char shown[128];

    lwc_text_printable(shown, sizeof shown, host, strcspn(host, "/?#\\"));
    return lwc_hint(err,
                    lwc_fail(err, LWC_E_NETWORK, "the next page is on another host, \"%s\"", shown),
                    "a token is sent to the credential's own origin only");
}

static enum lwc_code split_url(const char *url, const char *origin,
                               char path_out[LWC_CALL_PATH_MAX + 1], struct lwc_error *err)
{
    const char *path = NULL;

    if (strncasecmp(url, SCHEME, strlen(SCHEME)) != 0) {
        return fail_page("\"nextPage\" is no https URL", err);
    }
    path = find_path(url, origin);
    if (path == NULL) {
        return fail_origin(url, err);
    }
    if (path[0] != '/' || strlen(path) > LWC_CALL_PATH_MAX) {
        return fail_page("\"nextPage\" has no path, or one that is too long", err);
    }
    (void)snprintf(path_out, LWC_CALL_PATH_MAX + 1, "%s", path);
    return LWC_OK;
}

enum lwc_code lwc_api_page_next(const struct lwc_api_page *page, const char *origin,
                                char path_out[LWC_CALL_PATH_MAX + 1], struct lwc_error *err)
{
    LWC_AUTO_BUF url = NULL;
    struct lwc_json_span value = {.at = NULL};
    enum lwc_code code = LWC_OK;

    path_out[0] = '\0';
    if (page->next == NULL || lwc_buf_len(page->next) <= 2) {
        return LWC_OK;
    }
    code = lwc_json_span_parse(lwc_buf_bytes(page->next), lwc_buf_len(page->next), &value, err);
    if (code == LWC_OK) {
        code = lwc_buf_new(512, &url, err);
    }
    if (code == LWC_OK) {
        code = lwc_json_span_text(value, url, err);
    }
    if (code == LWC_E_INVALID) {
        return fail_page("\"nextPage\" is no text", err);
    }
    return code == LWC_OK ? split_url(lwc_buf_text(url), origin, path_out, err) : code;
}
