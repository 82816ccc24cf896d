/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cJSON accepts more than JSON: control bytes in strings, text behind the value, keys twice, and
 * it cuts a string at an escaped NUL.  So base/json_span first checks the text against the grammar,
 * and cJSON only builds the tree.
 */
#include "net/json.h"

#include <cjson/cJSON.h>

#include "base/json_span.h"

#define KEY_MAX 64

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorts the keys, because a hostile reply can hold a hundred thousand. */
static enum lwc_code check_keys(const cJSON *object, struct lwc_error *err)
{
    LWC_AUTO_FREE const char **keys = NULL;
    const cJSON *child = NULL;
    size_t count = 0;

    for (child = object->child; child != NULL; child = child->next) {
        count++;
    }
    keys = calloc(count + 1, sizeof *keys);
    if (keys == NULL) {
        return lwc_fail_nomem(err);
    }
    count = 0;
    for (child = object->child; child != NULL; child = child->next) {
        keys[count++] = child->string;
    }
    qsort(keys, count, sizeof *keys, compare_keys);
    for (size_t i = 1; i < count; i++) {
        if (lwc_streq(keys[i - 1], keys[i])) {
            return lwc_fail(err, LWC_E_INVALID, "not valid JSON: a key twice in one object");
        }
    }
    return LWC_OK;
}

/* Recurses no deeper than LWC_JSON_DEPTH, which was checked before. */
static enum lwc_code check_tree(const cJSON *item, struct lwc_error *err)
{
    enum lwc_code code = cJSON_IsObject(item) ? check_keys(item, err) : LWC_OK;

    for (const cJSON *child = item->child; child != NULL && code == LWC_OK; child = child->next) {
        code = check_tree(child, err);
    }
    return code;
}

static void wipe_text(char *text)
{
    if (text != NULL) {
        lwc_wipe(text, strlen(text));
    }
}

/* Recurses no deeper than LWC_JSON_DEPTH.  Frees nothing: cJSON frees its own memory. */
static void wipe_tree(cJSON *item)
{
    wipe_text(item->valuestring);
    wipe_text(item->string);
    for (cJSON *child = item->child; child != NULL; child = child->next) {
        wipe_tree(child);
    }
}

enum lwc_code lwc_json_parse(const void *bytes, size_t len, struct lwc_json **json_out,
                             struct lwc_error *err)
{
    LWC_AUTO_JSON json = NULL;
    struct lwc_json_span value = {0};
    enum lwc_code code = LWC_OK;

    if (len > LWC_JSON_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "not valid JSON: it is too long");
    }
    code = lwc_json_span_parse(bytes, len, &value, err);
    if (code != LWC_OK) {
        return code;
    }
    json = (struct lwc_json *)cJSON_ParseWithLengthOpts(bytes, len, NULL, 0);
    if (json == NULL) {
        return lwc_fail(err, LWC_E_INVALID,
                        "not valid JSON: half of a surrogate pair, or a number too long");
    }
    code = check_tree((const cJSON *)json, err);
    if (code == LWC_OK) {
        *json_out = LWC_TAKE(json);
    }
    return code;
}

void lwc_json_free(struct lwc_json **json)
{
    if (json != NULL && *json != NULL) {
        wipe_tree((cJSON *)*json);
        cJSON_Delete((cJSON *)*json);
        *json = NULL;
    }
}

const struct lwc_json *lwc_json_at(const struct lwc_json *json, const char *path)
{
    const cJSON *item = (const cJSON *)json;

    while (item != NULL && *path != '\0') {
        size_t len = strcspn(path, ".");
        char key[KEY_MAX] = {0};

        if (len >= sizeof key || !cJSON_IsObject(item)) {
            return NULL;
        }
        memcpy(key, path, len);
        item = cJSON_GetObjectItemCaseSensitive(item, key);
        path += len + (path[len] == '.');
    }
    return (const struct lwc_json *)item;
}

bool lwc_json_is_object(const struct lwc_json *json)
{
    return cJSON_IsObject((const cJSON *)json);
}

bool lwc_json_is_array(const struct lwc_json *json)
{
    return cJSON_IsArray((const cJSON *)json);
}

const char *lwc_json_text(const struct lwc_json *json)
{
    return cJSON_GetStringValue((const cJSON *)json);
}
