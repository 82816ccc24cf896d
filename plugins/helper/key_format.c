/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/key_format.h"

#include <string.h>
#include <strings.h>

#include "base/util.h"

#define CLASSIC_SECRET_LEN 33
#define SECRET_LEN_MIN 30

static const char upper_hex[] = "0123456789ABCDEF";
static const char any_hex[] = "0123456789abcdefABCDEF";

static bool is_classic_id(const char *key_id)
{
    const size_t prefix = strspn(key_id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
    const char *rest = key_id + prefix + 1;

    return prefix > 0 && key_id[prefix] == '_' && rest[0] != '\0' &&
           rest[strspn(rest, upper_hex)] == '\0';
}

static bool is_uuid(const char *text)
{
    static const size_t groups[] = {8, 4, 4, 4, 12};

    for (size_t i = 0; i < LWC_ARRAY_LEN(groups); i++) {
        const bool last = i + 1 == LWC_ARRAY_LEN(groups);

        if (strspn(text, any_hex) != groups[i] || text[groups[i]] != (last ? '\0' : '-')) {
            return false;
        }
        text += groups[i] + 1;
    }
    return true;
}

bool lwc_key_id_is_usual(const char *key_id)
{
    return is_classic_id(key_id) || is_uuid(key_id);
}

bool lwc_key_secret_is_usual(const char *key_id, const void *secret, size_t len)
{
    if (is_uuid(key_id)) {
        return len >= SECRET_LEN_MIN;
    }
    return len == CLASSIC_SECRET_LEN && *(const char *)secret == '_';
}

/* Finds labels of key files and consoles: "keyId: x", "api_secret=x". */
static bool has_label(const char *text)
{
    static const char *const labels[] = {
        "keyid",      "key_id",     "key-id",     "accesskey", "access_key", "api_key",
        "api-key",    "lw_api_key", "apikey",     "key",       "secret",     "secretkey",
        "secret_key", "api_secret", "api-secret", "apisecret", "x-lw-uaks",  "lw_api_secret",
    };
    const size_t len = strcspn(text, ":=");

    for (size_t i = 0; text[len] != '\0' && i < LWC_ARRAY_LEN(labels); i++) {
        if (strlen(labels[i]) == len && strncasecmp(text, labels[i], len) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_classic_secret(const char *text)
{
    return strlen(text) == CLASSIC_SECRET_LEN && text[0] == '_' &&
           text[1 + strspn(text + 1, any_hex)] == '\0';
}

enum lwc_code lwc_key_slip_check(const char *key_id, const char *secret, struct lwc_error *err)
{
    enum lwc_code code = LWC_E_INVALID;

    if ((key_id != NULL && has_label(key_id)) || (secret != NULL && has_label(secret))) {
        return lwc_hint(err,
                        lwc_fail(err, code, "the %s has a label before it",
                                 key_id != NULL && has_label(key_id) ? "key id" : "secret"),
                        "leave out what stands before ':' or '=', and the sign");
    }
    if ((key_id != NULL && is_classic_secret(key_id)) ||
        (secret != NULL && is_classic_id(secret))) {
        return lwc_hint(err, lwc_fail(err, code, "key id and secret look swapped"),
                        "a key id looks like ACME_0123456789ABCDEF, a secret begins "
                        "with '_'");
    }
    return LWC_OK;
}
