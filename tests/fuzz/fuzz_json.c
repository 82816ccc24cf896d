/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_span.h"
#include "net/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Reads the member @name of the text in place; NULL if it is missing or no text. */
static void read_in_place(struct lwc_json_span value, const char *name, struct lwc_buf **text_out)
{
    struct lwc_json_span member = {0};

    if (lwc_json_span_type(value) != '{') {
        return;
    }
    if (lwc_json_span_member(value, name, LWC_JSON_EXACT, NULL, &member, NULL) != LWC_OK) {
        abort(); /* the tree has refused keys that are there twice */
    }
    if (lwc_json_span_type(member) == '"' &&
        (lwc_buf_new(64, text_out, NULL) != LWC_OK ||
         lwc_json_span_text(member, *text_out, NULL) != LWC_OK)) {
        abort();
    }
}

/* The tree and the reader in place give the same texts. */
static void compare(const struct lwc_json *json, const uint8_t *data, size_t len, const char *name)
{
    LWC_AUTO_BUF text = NULL;
    const char *expected = lwc_json_text(lwc_json_at(json, name));
    struct lwc_json_span value = {0};

    if (lwc_json_span_parse(data, len, &value, NULL) != LWC_OK) {
        abort();
    }
    read_in_place(value, name, &text);
    if ((expected != NULL) != (text != NULL) ||
        (expected != NULL && !lwc_buf_equal(text, expected, strlen(expected)))) {
        abort();
    }
}

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
    compare(json, data, len, "token");
    compare(json, data, len, "message");
    compare(json, data, len, "expiresAt");
    return 0;
}
