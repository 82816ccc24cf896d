/* SPDX-License-Identifier: Apache-2.0 */
#include "net/message.h"

#include "base/text.h"

#define HOST_BYTES                                                   \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" \
    "-.:[]"

void lwc_http_reply_clear(struct lwc_http_reply *reply)
{
    if (reply != NULL) {
        lwc_buf_free(&reply->body);
        *reply = (struct lwc_http_reply){.date_s = -1,
                                         .rate_limit = -1,
                                         .rate_remaining = -1,
                                         .reset_s = -1,
                                         .retry_after_s = -1};
    }
}

static bool is_name(const char *text)
{
    return text[0] != '\0' && lwc_text_is_graph(text, strlen(text)) && strchr(text, ':') == NULL;
}

static enum lwc_code check_headers(const struct lwc_http_request *request, struct lwc_error *err)
{
    for (size_t i = 0; i < request->header_count; i++) {
        const struct lwc_http_header *header = &request->headers[i];

        if (!is_name(header->name)) {
            return lwc_fail(err, LWC_E_INVALID, "header \"%s\" has a bad name", header->name);
        }
        if (header->value[0] == '\0' ||
            lwc_text_has_control(header->value, strlen(header->value))) {
            return lwc_fail(err, LWC_E_INVALID, "header %s: empty, or a control byte in its value",
                            header->name);
        }
    }
    return LWC_OK;
}

enum lwc_code lwc_http_check(const struct lwc_http_request *request,
                             char host_out[LWC_HTTP_HOST_LEN], struct lwc_error *err)
{
    const char *host = NULL;
    size_t len = 0;
    enum lwc_code code = check_headers(request, err);

    if (code != LWC_OK) {
        return code;
    }
    if (strncmp(request->url, LWC_HTTP_SCHEME, strlen(LWC_HTTP_SCHEME)) != 0) {
        return lwc_fail(err, LWC_E_INVALID, "not an https URL");
    }
    host = request->url + strlen(LWC_HTTP_SCHEME);
    len = strcspn(host, "/");
    if (len == 0 || len >= LWC_HTTP_HOST_LEN || strspn(host, HOST_BYTES) != len ||
        !lwc_text_is_graph(request->url, strlen(request->url)) || !is_name(request->method)) {
        return lwc_fail(err, LWC_E_INVALID, "a malformed request");
    }
    memcpy(host_out, host, len);
    host_out[len] = '\0';
    return LWC_OK;
}
