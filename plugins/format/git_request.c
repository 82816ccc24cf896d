/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/format/git_request.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/identity.h"
#include "base/safefile.h"
#include "base/text.h"
#include "plugins/format/formats.h"

#define READ_STEP 4096u

static const char *const keys[LWC_GIT_KEYS] = {
    [LWC_GIT_PROTOCOL] = "protocol",
    [LWC_GIT_HOST] = "host",
    [LWC_GIT_PATH] = "path",
    [LWC_GIT_USERNAME] = "username",
    [LWC_GIT_PASSWORD] = "password",
    [LWC_GIT_URL] = "url",
    [LWC_GIT_AUTHTYPE] = "authtype",
    [LWC_GIT_CREDENTIAL] = "credential",
    [LWC_GIT_EPHEMERAL] = "ephemeral",
    [LWC_GIT_PASSWORD_EXPIRY] = "password_expiry_utc",
    [LWC_GIT_REFRESH_TOKEN] = "oauth_refresh_token",
    [LWC_GIT_QUIT] = "quit",
    [LWC_GIT_CONTINUE] = "continue",
};

static bool has_text(const struct lwc_slice *slice, const char *text)
{
    return slice->at != NULL && slice->len == strlen(text) &&
           memcmp(slice->at, text, slice->len) == 0;
}

bool lwc_git_request_is(const struct lwc_git_request *request, enum lwc_git_key key,
                        const char *text)
{
    return has_text(&request->value[key], text);
}

bool lwc_git_request_has(const struct lwc_git_request *request, enum lwc_git_key key)
{
    return request->value[key].at != NULL;
}

void lwc_git_request_clear(struct lwc_git_request *request)
{
    lwc_buf_free(&request->text);
    lwc_buf_free(&request->decoded);
    *request = (struct lwc_git_request){0};
}

/* An empty item resets a list, as git documents it. */
static void set_capability(struct lwc_git_request *request, const struct lwc_slice *value)
{
    if (value->len == 0) {
        request->authtype = false;
    } else if (has_text(value, "authtype")) {
        request->authtype = true;
    }
}

static enum lwc_code set_value(struct lwc_git_request *request, const struct lwc_slice *key,
                               const struct lwc_slice *value, size_t number, struct lwc_error *err)
{
    if (has_text(key, "capability[]")) {
        set_capability(request, value);
        return LWC_OK;
    }
    for (size_t i = 0; i < LWC_GIT_KEYS; i++) {
        if (!has_text(key, keys[i])) {
            continue;
        }
        if (request->value[i].at != NULL) {
            return lwc_fail(err, LWC_E_INVALID, "line %zu: '%s' for the second time", number,
                            keys[i]);
        }
        request->value[i] = *value;
    }
    return LWC_OK;
}

static enum lwc_code parse_line(struct lwc_git_request *request, const char *line, size_t len,
                                size_t number, struct lwc_error *err)
{
    const char *equals = memchr(line, '=', len);
    struct lwc_slice key = {.at = line};
    struct lwc_slice value = {0};

    if (lwc_text_has_control(line, len)) {
        return lwc_fail(err, LWC_E_INVALID, "line %zu: control byte in it", number);
    }
    if (equals == NULL || equals == line) {
        return lwc_fail(err, LWC_E_INVALID, "line %zu: %s", number,
                        equals == NULL ? "no '='" : "no key before '='");
    }
    key.len = (size_t)(equals - line);
    value.at = equals + 1;
    value.len = len - key.len - 1;
    return set_value(request, &key, &value, number, err);
}

/* Returns the length of the line at @text; *step_out is its length with the line end. */
static size_t measure_line(const char *text, size_t len, size_t *step_out)
{
    const char *newline = memchr(text, '\n', len);
    size_t line_len = newline == NULL ? len : (size_t)(newline - text);

    *step_out = line_len + (newline != NULL);
    if (newline != NULL && line_len > 0 && text[line_len - 1] == '\r') {
        line_len--;
    }
    return line_len;
}

static enum lwc_code parse_lines(struct lwc_git_request *request, const char *text, size_t len,
                                 struct lwc_error *err)
{
    size_t step = 0;
    size_t number = 1;

    for (size_t at = 0; at < len; at += step, number++) {
        size_t line_len = measure_line(text + at, len - at, &step);
        enum lwc_code code = LWC_OK;

        if (line_len == 0) {
            break;
        }
        if (step > LWC_GIT_LINE_CAP || at + step > LWC_GIT_REQUEST_CAP) {
            return lwc_fail(err, LWC_E_INVALID, "line %zu: too long", number);
        }
        code = parse_line(request, text + at, line_len, number, err);
        if (code != LWC_OK) {
            return code;
        }
        request->empty = false;
    }
    return LWC_OK;
}

/* Stores the parts of the url as values of their own keys; refuses keys that are set already. */
static enum lwc_code set_url_parts(struct lwc_git_request *request, struct lwc_error *err)
{
    static const enum lwc_git_key places[LWC_GIT_URL_PARTS] = {
        [LWC_GIT_URL_PROTOCOL] = LWC_GIT_PROTOCOL, [LWC_GIT_URL_USERNAME] = LWC_GIT_USERNAME,
        [LWC_GIT_URL_PASSWORD] = LWC_GIT_PASSWORD, [LWC_GIT_URL_HOST] = LWC_GIT_HOST,
        [LWC_GIT_URL_PATH] = LWC_GIT_PATH,
    };
    struct lwc_slice parts[LWC_GIT_URL_PARTS] = {{0}};
    const struct lwc_slice *url = &request->value[LWC_GIT_URL];
    enum lwc_code code = LWC_OK;

    if (url->at == NULL) {
        return LWC_OK;
    }
    code = lwc_git_url_split(url->at, url->len, parts, &request->decoded, err);
    for (size_t i = 0; code == LWC_OK && i < LWC_GIT_URL_PARTS; i++) {
        if (parts[i].at == NULL) {
            continue;
        }
        if (request->value[places[i]].at != NULL) {
            return lwc_fail(err, LWC_E_INVALID, "'url' and '%s' together", keys[places[i]]);
        }
        request->value[places[i]] = parts[i];
    }
    return code;
}

enum lwc_code lwc_git_request_parse(const char *text, size_t len,
                                    struct lwc_git_request *request_out, struct lwc_error *err)
{
    LWC_AUTO_GIT_REQUEST request = {.empty = true};
    enum lwc_code code = LWC_OK;

    if (len == 0) {
        return lwc_hint(err, lwc_fail(err, LWC_E_NOT_FOUND, "no request on standard input"),
                        "send lines such as 'host=acme.lacework.net', then an empty one");
    }
    code = parse_lines(&request, text, len, err);
    if (code == LWC_OK) {
        code = set_url_parts(&request, err);
    }
    if (code != LWC_OK) {
        return lwc_wrap(err, code, "git request");
    }
    *request_out = request;
    request.decoded = NULL;
    return LWC_OK;
}

/* Returns whether the request is complete; *line becomes the start of the last, unfinished line. */
static bool has_ended(const struct lwc_buf *text, size_t *line)
{
    const char *bytes = lwc_buf_text(text);
    const size_t len = lwc_buf_len(text);
    size_t step = 0;

    while (memchr(bytes + *line, '\n', len - *line) != NULL) {
        if (measure_line(bytes + *line, len - *line, &step) == 0) {
            return true;
        }
        *line += step;
    }
    return false;
}

/* Appends the next part of the input; *more_out is false at the end of the input. */
static enum lwc_code read_step(int fd, int64_t deadline_ms, struct lwc_buf *text, bool *more_out,
                               struct lwc_error *err)
{
    uint8_t *room = lwc_buf_reserve(text, READ_STEP);
    ssize_t got = 0;

    if (room == NULL) {
        return lwc_fail_nomem(err);
    }
    got = lwc_fd_read_step(fd, room, READ_STEP, deadline_ms);
    if (got < 0 && errno == ETIMEDOUT) {
        return lwc_hint(err,
                        lwc_fail(err, LWC_E_INVALID, "git request: its end did not come in time"),
                        "an empty line, or the end of the input, ends a request");
    }
    if (got < 0) {
        return lwc_fail_sys(err, LWC_E_IO, errno, "standard input");
    }
    lwc_buf_grow(text, (size_t)got);
    *more_out = got > 0;
    return LWC_OK;
}

static enum lwc_code read_text(int fd, int64_t deadline_ms, struct lwc_buf *text,
                               struct lwc_error *err)
{
    size_t line = 0;
    bool more = true;

    while (more && !has_ended(text, &line)) {
        enum lwc_code code = LWC_OK;

        if (lwc_buf_len(text) > LWC_GIT_REQUEST_CAP) {
            return lwc_fail(err, LWC_E_INVALID, "git request: more than %u bytes",
                            LWC_GIT_REQUEST_CAP);
        }
        code = read_step(fd, deadline_ms, text, &more, err);
        if (code != LWC_OK) {
            return code;
        }
    }
    return LWC_OK;
}

enum lwc_code lwc_git_request_read(int fd, int64_t deadline_ms, struct lwc_git_request *request_out,
                                   struct lwc_error *err)
{
    LWC_AUTO_BUF text = NULL;
    enum lwc_code code = lwc_buf_new(READ_STEP, &text, err);

    if (code == LWC_OK) {
        code = read_text(fd, deadline_ms, text, err);
    }
    if (code == LWC_OK) {
        code = lwc_git_request_parse(lwc_buf_text(text), lwc_buf_len(text), request_out, err);
    }
    if (code == LWC_OK) {
        request_out->text = LWC_TAKE(text);
    }
    return code;
}

bool lwc_git_request_account(const struct lwc_git_request *request,
                             char account_out[LWC_ORIGIN_MAX + 1])
{
    static const char https_port[] = ":443";
    const size_t port_len = sizeof https_port - 1;
    const struct lwc_slice *host = &request->value[LWC_GIT_HOST];
    char account[LWC_HOST_ASKED_MAX + 1] = "";
    size_t len = host->len;

    if (!lwc_git_request_is(request, LWC_GIT_PROTOCOL, "https") || host->at == NULL ||
        len > LWC_HOST_ASKED_MAX) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        char c = host->at[i];

        account[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    if (len > port_len && lwc_streq(account + len - port_len, https_port)) {
        len -= port_len;
        account[len] = '\0';
    }
    if (len > LWC_ORIGIN_MAX || !lwc_host_is_canonical(account, true)) {
        return false;
    }
    memcpy(account_out, account, len + 1);
    return true;
}

bool lwc_git_request_key_id(const struct lwc_git_request *request,
                            char key_id_out[LWC_KEY_ID_MAX + 1])
{
    const struct lwc_slice *name = &request->value[LWC_GIT_USERNAME];
    char key_id[LWC_KEY_ID_MAX + 1] = "";

    if (name->at == NULL || name->len > LWC_KEY_ID_MAX || has_text(name, LWC_TOKEN_USER)) {
        return false;
    }
    memcpy(key_id, name->at, name->len);
    if (lwc_key_id_check(key_id, NULL) != LWC_OK) {
        return false;
    }
    memcpy(key_id_out, key_id, sizeof key_id);
    return true;
}
