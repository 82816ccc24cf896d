/* SPDX-License-Identifier: Apache-2.0 */
#include "net/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A parsed text can be walked; a refused text has a reason. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char *const paths[] = {
        "", "token", "expiresAt", "data", "data.message", "message", "data.statusMessage"};
    LWC_AUTO_JSON json = NULL;
    struct lwc_error err = {0};

    if (lwc_json_parse(data, len, &json, &err) != LWC_OK) {
        if (json != NULL || err.code != LWC_E_INVALID || err.msg[0] == '\0') {
            abort();
        }
        return 0;
    }
    for (size_t i = 0; i < LWC_ARRAY_LEN(paths); i++) {
        const struct lwc_json *found = lwc_json_at(json, paths[i]);
        const char *text = lwc_json_text(found);

        if (text != NULL && (strlen(text) > len || lwc_json_is_object(found))) {
            abort();
        }
    }
    return 0;
}
