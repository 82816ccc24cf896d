/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/util.h"
#include "plugins/import/readers.h"

/* Lines with other names, as "clientId for FortiManager Cloud", are of no use here. */
static const struct lwc_import_name names[] = {
    {"apiid", LWC_IMPORT_KEY_ID},
    {"password", LWC_IMPORT_SECRET},
};

static enum lwc_code read_line(const char *line, size_t len, struct lwc_import_key *key,
                               struct lwc_error *err)
{
    const char *colon = memchr(line, ':', len);
    const char *value = colon != NULL ? colon + 1 : line + len;
    size_t name_len = colon != NULL ? (size_t)(colon - line) : len;
    size_t value_len = (size_t)(line + len - value);
    enum lwc_import_member member;

    lwc_import_trim(&line, &name_len);
    if (name_len == 0 && value_len == 0) {
        return LWC_OK;
    }
    if (colon == NULL) {
        return lwc_fail(err, LWC_E_INVALID, "'name: value' expected");
    }
    lwc_import_trim(&value, &value_len);
    member = lwc_import_find(names, LWC_ARRAY_LEN(names), line, name_len);
    return member == LWC_IMPORT_MEMBERS
               ? LWC_OK
               : lwc_import_set(key, member, member == LWC_IMPORT_SECRET ? "password" : "apiId",
                                value, value_len, err);
}

enum lwc_code lwc_import_read_txt(const struct lwc_buf *text, struct lwc_import_key *key_out,
                                  struct lwc_error *err)
{
    const size_t bom_len = lwc_import_bom_len(lwc_buf_text(text), lwc_buf_len(text));
    const char *rest = lwc_buf_text(text) + bom_len;
    size_t rest_len = lwc_buf_len(text) - bom_len;
    const char *line = NULL;
    size_t len = 0;
    enum lwc_code code = LWC_OK;

    for (unsigned number = 1; code == LWC_OK && lwc_import_take_line(&rest, &rest_len, &line, &len);
         number++) {
        code = read_line(line, len, key_out, err);
        code = code == LWC_OK ? code : lwc_wrap(err, code, "line %u", number);
    }
    return code == LWC_OK ? lwc_import_check(key_out, err) : code;
}
