/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in protocol.h. */
#include "backends/exec/protocol.h"

#include <stdio.h>
#include <string.h>

#include "base/append.h"
#include "base/text.h"
#include "base/util.h"

#define PROTOCOL "https"
#define KEY_LEN_MAX 64

static enum lwc_code write_line(struct lwc_buf *out, const char *key, const char *value, size_t len,
                                struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    if (value == NULL || len == 0) {
        return LWC_OK;
    }
    if (lwc_text_has_control(value, len)) {
        return lwc_fail(err, LWC_E_INVALID,
                        "the %s has a newline, NUL or control byte, which git's protocol has no "
                        "way to say",
                        key);
    }
    code = lwc_text_append(out, err, "%s=", key);
    if (code == LWC_OK) {
        code = lwc_buf_append(out, value, len, err);
    }
    return code == LWC_OK ? lwc_buf_append(out, "\n", 1, err) : code;
}

static size_t text_len(const char *text)
{
    return text != NULL ? strlen(text) : 0;
}

enum lwc_code lwc_ask_write(const struct lwc_ask *ask, struct lwc_buf *out, struct lwc_error *err)
{
    const struct {
        const char *key;
        const char *value;
        size_t len;
    } lines[] = {
        {"protocol", PROTOCOL, strlen(PROTOCOL)},
        {"host", ask->host, text_len(ask->host)},
        {"username", ask->username, text_len(ask->username)},
        {"password", ask->password, ask->password_len},
    };
    enum lwc_code code = LWC_OK;

    lwc_buf_reset(out);
    for (size_t i = 0; i < LWC_ARRAY_LEN(lines) && code == LWC_OK; i++) {
        code = write_line(out, lines[i].key, lines[i].value, lines[i].len, err);
    }
    return code == LWC_OK ? lwc_buf_append(out, "\n", 1, err) : code;
}

/* The keys that count, and what was said for each. */
enum key { KEY_PROTOCOL, KEY_HOST, KEY_USERNAME, KEY_PASSWORD, KEY_EXPIRY, KEY_QUIT, KEY_COUNT };

struct values {
    const char *text[KEY_COUNT];
    size_t len[KEY_COUNT];
};

static const char *const keys[KEY_COUNT] = {
    "protocol", "host", "username", "password", "password_expiry_utc", "quit"};

static enum lwc_code refuse_answer(struct lwc_error *err, const char *what)
{
    return lwc_fail(err, LWC_E_INVALID, "its answer %s", what);
}

static enum lwc_code read_line(const char *line, size_t len, struct values *values,
                               struct lwc_error *err)
{
    const char *sign = memchr(line, '=', len);
    size_t key_len = sign != NULL ? (size_t)(sign - line) : 0;

    if (key_len == 0) {
        return refuse_answer(err, "has a line without '='");
    }
    if (lwc_text_has_control(line, len)) {
        return refuse_answer(err, "has a control byte in it");
    }
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (strlen(keys[i]) != key_len || memcmp(keys[i], line, key_len) != 0) {
            continue;
        }
        if (values->text[i] != NULL) {
            return lwc_fail(err, LWC_E_INVALID, "its answer says %s twice", keys[i]);
        }
        values->text[i] = sign + 1;
        values->len[i] = len - key_len - 1;
    }
    return LWC_OK;
}

/* Up to a blank line or the end. */
static enum lwc_code read_lines(const char *text, size_t len, struct values *values,
                                struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    while (len > 0 && code == LWC_OK) {
        const char *end = memchr(text, '\n', len);
        size_t line_len = end != NULL ? (size_t)(end - text) : 0;

        if (end == NULL) {
            return refuse_answer(err, "ends in the middle of a line");
        }
        if (line_len == 0) {
            return LWC_OK;
        }
        code = read_line(text, line_len, values, err);
        len -= line_len + 1;
        text = end + 1;
    }
    return code;
}

static bool value_is(const struct values *values, enum key key, const char *text)
{
    return values->text[key] != NULL && values->len[key] == strlen(text) &&
           memcmp(values->text[key], text, values->len[key]) == 0;
}

/* Returns false for a member that is missing, or was not requested. */
static bool value_differs(const struct values *values, enum key key, const char *asked)
{
    return values->text[key] != NULL && lwc_is_set(asked) && !value_is(values, key, asked);
}

static enum lwc_code echo_check(const struct lwc_ask *request, const struct values *values,
                                struct lwc_error *err)
{
    if (value_differs(values, KEY_PROTOCOL, PROTOCOL)) {
        return refuse_answer(err, "is for another protocol");
    }
    if (value_differs(values, KEY_HOST, request->host)) {
        return refuse_answer(err, "is for another host");
    }
    if (value_differs(values, KEY_USERNAME, request->username)) {
        return refuse_answer(err, "is for another user name");
    }
    return values->len[KEY_USERNAME] <= LWC_KEY_ID_MAX
               ? LWC_OK
               : refuse_answer(err, "has too long a user name");
}

static bool has_expired(const struct values *values, int64_t now_s)
{
    int64_t until_s = 0;

    return values->text[KEY_EXPIRY] != NULL &&
           (!lwc_text_parse_number(values->text[KEY_EXPIRY], values->len[KEY_EXPIRY], INT64_MAX,
                                   &until_s) ||
            until_s <= now_s);
}

static void username_take(const struct lwc_ask *request, const struct values *values,
                          char out[LWC_KEY_ID_MAX + 1])
{
    const char *asked = request->username != NULL ? request->username : "";
    const char *text = values->len[KEY_USERNAME] > 0 ? values->text[KEY_USERNAME] : asked;
    size_t len = values->len[KEY_USERNAME] > 0 ? values->len[KEY_USERNAME] : strlen(asked);

    (void)snprintf(out, LWC_KEY_ID_MAX + 1, "%.*s", (int)len, text);
}

enum lwc_code lwc_exec_answer_read(const struct lwc_ask *request, const struct lwc_buf *answer,
                                   int64_t now_s, struct lwc_exec_answer *answer_out,
                                   struct lwc_error *err)
{
    struct values values = {0};
    struct lwc_exec_answer given = {0};
    enum lwc_code code = read_lines(lwc_buf_text(answer), lwc_buf_len(answer), &values, err);

    if (code == LWC_OK) {
        code = echo_check(request, &values, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    username_take(request, &values, given.username);
    given.is_refused = value_is(&values, KEY_QUIT, "1") || value_is(&values, KEY_QUIT, "true");
    if (values.len[KEY_PASSWORD] > 0 && given.username[0] != '\0' && !has_expired(&values, now_s)) {
        given.password = values.text[KEY_PASSWORD];
        given.password_len = values.len[KEY_PASSWORD];
    }
    *answer_out = given;
    return LWC_OK;
}
