/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_span.h"
#include "base/util.h"
#include "plugins/import/readers.h"

/* Go's decoder, which the CLI uses, ignores the case of names; so do we. */
static const struct {
    const char *name; /* as it is written in messages, and in lower case */
    const char *folded;
    enum lwc_import_member member;
} fields[] = {
    {"account", "account", LWC_IMPORT_ACCOUNT},
    {"keyId", "keyid", LWC_IMPORT_KEY_ID},
    {"secret", "secret", LWC_IMPORT_SECRET},
    {"subAccount", "subaccount", LWC_IMPORT_SUB_ACCOUNT},
};

static enum lwc_code read_field(struct lwc_json_span object, const char *text, size_t number,
                                struct lwc_import_key *key, struct lwc_error *err)
{
    LWC_AUTO_BUF value = NULL;
    struct lwc_json_span span = {NULL, 0};
    enum lwc_code code =
        lwc_json_span_member(object, fields[number].folded, LWC_JSON_FOLD, NULL, &span, err);

    if (code == LWC_OK && (span.at == NULL || lwc_json_span_type(span) == 'n')) {
        return LWC_OK;
    }
    if (code == LWC_OK) {
        code = lwc_buf_new(64, &value, err);
    }
    if (code == LWC_OK && lwc_json_span_type(span) != '"') {
        code = lwc_fail(err, LWC_E_INVALID, "%s: text expected", fields[number].name);
    }
    if (code == LWC_OK) {
        code = lwc_json_span_text(span, value, err);
    }
    if (code == LWC_OK) {
        code = lwc_import_set(key, fields[number].member, fields[number].name, lwc_buf_text(value),
                              lwc_buf_len(value), err);
    }
    return code == LWC_OK ? code
                          : lwc_wrap(err, code, "line %u", lwc_json_span_line(text, span.at));
}

enum lwc_code lwc_import_read_json(const struct lwc_buf *text, struct lwc_import_key *key_out,
                                   struct lwc_error *err)
{
    const size_t bom_len = lwc_import_bom_len(lwc_buf_text(text), lwc_buf_len(text));
    const char *begin = lwc_buf_text(text) + bom_len;
    struct lwc_json_span object = {NULL, 0};
    enum lwc_code code = lwc_json_span_parse(begin, lwc_buf_len(text) - bom_len, &object, err);

    if (code == LWC_OK && lwc_json_span_type(object) != '{') {
        code = lwc_fail(err, LWC_E_INVALID, "line 1: an object expected");
    }
    for (size_t i = 0; i < LWC_ARRAY_LEN(fields) && code == LWC_OK; i++) {
        code = read_field(object, begin, i, key_out, err);
    }
    return code == LWC_OK ? lwc_import_check(key_out, err) : code;
}
