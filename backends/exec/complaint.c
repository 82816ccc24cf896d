/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in complaint.h. */
#include "backends/exec/complaint.h"

#include <string.h>

#include "base/text.h"
#include "base/util.h"

/* Keys of git's protocol whose values are no secrets; all other lines are taken for secrets. */
static const char *const public_keys[] = {
    "protocol", "host",      "path",    "username",     "password_expiry_utc",
    "authtype", "ephemeral", "state[]", "capability[]", "continue",
    "quit",     "wwwauth[]",
};

static const char *const secret_keys[] = {"password=", "credential=", "oauth_refresh_token="};

void lwc_complaint_add(struct lwc_complaint *complaint, const char *bytes, size_t len)
{
    const size_t room = sizeof complaint->text - complaint->len;
    const size_t kept = len < room ? len : room;

    memcpy(complaint->text + complaint->len, bytes, kept);
    complaint->len += kept;
}

/* Is a part of @secret in @line, however either of them was cut? */
static bool shares_bytes(const char *line, size_t len, const char *secret, size_t secret_len)
{
    const size_t shared = secret_len < LWC_COMPLAINT_SHARED ? secret_len : LWC_COMPLAINT_SHARED;

    for (size_t i = 0; shared > 0 && i + shared <= len; i++) {
        if (memmem(secret, secret_len, line + i, shared) != NULL) {
            return true;
        }
    }
    return false;
}

static bool is_public(const char *key, size_t len)
{
    size_t i = 0;

    while (i < LWC_ARRAY_LEN(public_keys) &&
           (strlen(public_keys[i]) != len || memcmp(public_keys[i], key, len) != 0)) {
        i++;
    }
    return i < LWC_ARRAY_LEN(public_keys);
}

/* Checks a line of the answer; without "=", all of the line may be the secret. */
static bool shares_value(const char *line, size_t len, const char *answered, size_t answered_len)
{
    const char *equals = memchr(answered, '=', answered_len);
    const char *value = equals != NULL ? equals + 1 : answered;

    if (equals != NULL && is_public(answered, (size_t)(equals - answered))) {
        return false;
    }
    return shares_bytes(line, len, value, answered_len - (size_t)(value - answered));
}

static bool shares_answer(const char *line, size_t len, const struct lwc_buf *answer)
{
    const char *at = lwc_buf_text(answer);
    const char *const end = at + lwc_buf_len(answer);

    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const size_t answered_len = (size_t)((newline != NULL ? newline : end) - at);

        if (shares_value(line, len, at, answered_len)) {
            return true;
        }
        at += answered_len + 1;
    }
    return false;
}

static bool names_secret(const char *line, size_t len)
{
    size_t i = 0;

    while (i < LWC_ARRAY_LEN(secret_keys) &&
           memmem(line, len, secret_keys[i], strlen(secret_keys[i])) == NULL) {
        i++;
    }
    return i < LWC_ARRAY_LEN(secret_keys);
}

void lwc_complaint_show(const struct lwc_complaint *complaint, const char *withheld,
                        const struct lwc_buf *answer, char out[static LWC_COMPLAINT_LEN + 2])
{
    const char *newline = memchr(complaint->text, '\n', complaint->len);
    const size_t len = newline != NULL ? (size_t)(newline - complaint->text) : complaint->len;
    const char *line = complaint->text;

    out[0] = '\0';
    if (len == 0 || names_secret(line, len) || shares_answer(line, len, answer) ||
        (withheld != NULL && shares_bytes(line, len, withheld, strlen(withheld)))) {
        return;
    }
    memcpy(out, ": ", 3);
    lwc_text_printable(out + 2, LWC_COMPLAINT_LEN, line, len);
}
