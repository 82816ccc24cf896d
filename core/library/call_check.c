/* SPDX-License-Identifier: Apache-2.0 */
#include "library/call_check.h"

#include <string.h>

#include "base/text.h"
#include "base/util.h"

#define HEADER_VALUE_MAX ((size_t)8192)
#define TOKEN_MARKS "!#$%&'*+-.^_`|~"

static enum lwc_code check_method(const char *method, struct lwc_error *err)
{
    static const char *const methods[] = {"GET",   "HEAD",   "POST",   "PUT",
                                          "PATCH", "DELETE", "OPTIONS"};

    for (size_t i = 0; method != NULL && i < LWC_ARRAY_LEN(methods); i++) {
        if (lwc_streq(method, methods[i])) {
            return LWC_OK;
        }
    }
    return lwc_hint(err, lwc_fail(err, LWC_E_INVALID, "not a method of the API"),
                    "GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS");
}

/* Returns the length of a "." at @text, in plain or as "%2e"; 0 for another byte. */
static size_t span_dot(const char *text)
{
    if (text[0] == '.') {
        return 1;
    }
    return strncasecmp(text, "%2e", 3) == 0 ? 3 : 0;
}

/* Returns whether a segment of @path is "." or "..", which servers and libraries resolve. */
static bool has_dot_segment(const char *path)
{
    for (const char *at = path; *at != '\0' && *at != '?'; at++) {
        size_t first = 0;
        size_t second = 0;

        if (*at != '/') {
            continue;
        }
        first = span_dot(at + 1);
        second = first > 0 ? span_dot(at + 1 + first) : 0;
        if (first > 0 && strchr("/?", at[1 + first + second]) != NULL) {
            return true;
        }
    }
    return false;
}

static enum lwc_code check_path(const char *path, struct lwc_error *err)
{
    const size_t len = path != NULL ? strnlen(path, LWC_CALL_PATH_MAX + 1) : 0;
    const char *fault = NULL;

    if (len == 0 || path[0] != '/') {
        return lwc_hint(err, lwc_fail(err, LWC_E_INVALID, "the path does not begin with '/'"),
                        "the host is that of the credential: give the path alone, "
                        "/api/v2/UserProfile");
    }
    if (len > LWC_CALL_PATH_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "the path is longer than %d bytes", LWC_CALL_PATH_MAX);
    }
    if (!lwc_text_is_graph(path, len)) {
        fault = "holds a blank, a control byte or a byte beyond ASCII: write it as %XX";
    } else if (strpbrk(path, "#\\") != NULL) {
        fault = "holds '#' or '\\'";
    } else if (path[1] == '/') {
        fault = "begins with '//'";
    } else if (has_dot_segment(path)) {
        fault = "holds a segment '.' or '..'";
    }
    return fault == NULL ? LWC_OK : lwc_fail(err, LWC_E_INVALID, "the path %s", fault);
}

/* Returns whether @name is a token of RFC 9110. */
static bool is_header_name(const char *name)
{
    for (const char *at = name; *at != '\0'; at++) {
        const bool is_word =
            (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9');

        if (!is_word && strchr(TOKEN_MARKS, *at) == NULL) {
            return false;
        }
    }
    return name[0] != '\0' && strlen(name) <= 128;
}

/* Returns whether the library sets the header, or it concerns the connection. */
static bool is_reserved(const char *name)
{
    static const char *const names[] = {
        "Authorization",
        "Host",
        "Account-Name",
        "Org-Access",
        "X-LW-UAKS",
        "Content-Length",
        "Content-Encoding",
        "Transfer-Encoding",
        "TE",
        "Trailer",
        "Connection",
        "Keep-Alive",
        "Upgrade",
        "HTTP2-Settings",
        "Expect",
        "Accept-Encoding",
        "Cookie",
        "Forwarded",
        "X-Forwarded-Host",
        "X-HTTP-Method-Override",
    };

    for (size_t i = 0; i < LWC_ARRAY_LEN(names); i++) {
        if (strcasecmp(name, names[i]) == 0) {
            return true;
        }
    }
    return strncasecmp(name, "Proxy-", strlen("Proxy-")) == 0;
}

static const char *find_value_fault(const char *value)
{
    const size_t len = value != NULL ? strnlen(value, HEADER_VALUE_MAX + 1) : 0;

    if (len == 0) {
        return "has no value";
    }
    if (len > HEADER_VALUE_MAX) {
        return "is too long";
    }
    if (lwc_text_has_control(value, len)) {
        return "holds a control byte";
    }
    return NULL;
}

static enum lwc_code check_header(const struct lwc_call *call, size_t index, struct lwc_error *err)
{
    const struct lwc_call_header *header = &call->headers[index];
    const char *fault = NULL;

    if (header->name == NULL || !is_header_name(header->name)) {
        return lwc_fail(err, LWC_E_INVALID, "header %zu: not the name of a header", index + 1);
    }
    if (is_reserved(header->name)) {
        return lwc_hint(
            err, lwc_fail(err, LWC_E_INVALID, "header %s cannot be set", header->name),
            "the credential, the sub-account and the connection are chosen in other ways");
    }
    for (size_t i = 0; i < index; i++) {
        if (strcasecmp(call->headers[i].name, header->name) == 0) {
            return lwc_fail(err, LWC_E_INVALID, "header %s is given twice", header->name);
        }
    }
    fault = find_value_fault(header->value);
    return fault == NULL ? LWC_OK
                         : lwc_fail(err, LWC_E_INVALID, "header %s %s", header->name, fault);
}

static enum lwc_code check_headers(const struct lwc_call *call, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    if (call->header_count > LWC_CALL_HEADERS_MAX ||
        (call->header_count > 0 && call->headers == NULL)) {
        return lwc_fail(err, LWC_E_INVALID, "more than %d headers", LWC_CALL_HEADERS_MAX);
    }
    for (size_t i = 0; i < call->header_count && code == LWC_OK; i++) {
        code = check_header(call, i, err);
    }
    return code;
}

static enum lwc_code check_body(const struct lwc_call *call, struct lwc_error *err)
{
    const char *fault = NULL;

    if (call->body != NULL && call->read != NULL) {
        fault = "body and read are both set";
    } else if (call->body == NULL && call->read == NULL && call->body_len != 0) {
        fault = "body_len without a body";
    } else if (call->body_len < (call->read != NULL ? -1 : 0)) {
        fault = "body_len is negative";
    } else if (call->rewind != NULL && call->read == NULL) {
        fault = "rewind without read";
    } else if (strcmp(call->method, "HEAD") == 0 && (call->body != NULL || call->read != NULL)) {
        fault = "HEAD has no body";
    }
    return fault == NULL ? LWC_OK : lwc_fail(err, LWC_E_INVALID, "%s", fault);
}

enum lwc_code lwc_call_check(const struct lwc_call *call, struct lwc_error *err)
{
    enum lwc_code code = check_method(call->method, err);

    if (code == LWC_OK) {
        code = check_path(call->path, err);
    }
    if (code == LWC_OK) {
        code = check_headers(call, err);
    }
    return code == LWC_OK ? check_body(call, err) : code;
}
