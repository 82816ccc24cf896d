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
    return lwc_import_read_lines(text, read_line, key_out, err);
}
