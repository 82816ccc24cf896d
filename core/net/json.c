/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cJSON accepts more than JSON: control bytes in strings, text behind the value, keys twice, and
 * it cuts a string at an escaped NUL.  So the text is first checked against the grammar here, and
 * cJSON only builds the tree.
 */
#include "net/json.h"

#include <cjson/cJSON.h>

#define KEY_MAX 64

/* Text under check; complaint is set by the function that first returns false. */
struct json_scan {
    const unsigned char *start;
    const unsigned char *at;
    const unsigned char *end;
    unsigned depth;
    const char *complaint;
};

static bool scan_value(struct json_scan *scan);

/* Returns the next byte, or -1 at the end. */
static int peek_byte(const struct json_scan *scan)
{
    return scan->at < scan->end ? *scan->at : -1;
}

static bool set_complaint(struct json_scan *scan, const char *what)
{
    scan->complaint = peek_byte(scan) < 0 ? "it is cut short" : what;
    return false;
}

static bool accept_byte(struct json_scan *scan, int byte)
{
    if (peek_byte(scan) != byte) {
        return false;
    }
    scan->at++;
    return true;
}

static void skip_blanks(struct json_scan *scan)
{
    while (scan->at < scan->end && memchr(" \t\r\n", *scan->at, 4) != NULL) {
        scan->at++;
    }
}

static int hex_value(int byte)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = byte > 0 ? strchr(digits, byte | 0x20) : NULL;

    return found != NULL && byte > 0x20 ? (int)(found - digits) : -1;
}

static bool scan_unicode(struct json_scan *scan)
{
    unsigned point = 0;

    for (size_t i = 0; i < 4; i++) {
        int digit = hex_value(peek_byte(scan));

        if (digit < 0) {
            return set_complaint(scan, "a bad \\u escape");
        }
        point = point << 4 | (unsigned)digit;
        scan->at++;
    }
    return point != 0 || set_complaint(scan, "a NUL in a string");
}

static bool scan_escape(struct json_scan *scan)
{
    int byte = peek_byte(scan);

    if (byte <= 0 || strchr("\"\\/bfnrtu", byte) == NULL) {
        return set_complaint(scan, "a bad escape in a string");
    }
    scan->at++;
    return byte != 'u' || scan_unicode(scan);
}

static bool scan_string(struct json_scan *scan)
{
    if (!accept_byte(scan, '"')) {
        return set_complaint(scan, "no string where one must be");
    }
    while (!accept_byte(scan, '"')) {
        int byte = peek_byte(scan);

        if (byte < 0x20) {
            return set_complaint(scan, "a control byte in a string");
        }
        scan->at++;
        if (byte == '\\' && !scan_escape(scan)) {
            return false;
        }
    }
    return true;
}

static bool scan_digits(struct json_scan *scan)
{
    const unsigned char *start = scan->at;

    while (peek_byte(scan) >= '0' && peek_byte(scan) <= '9') {
        scan->at++;
    }
    return scan->at > start || set_complaint(scan, "a bad number");
}

static bool scan_number(struct json_scan *scan)
{
    (void)accept_byte(scan, '-');
    if (!accept_byte(scan, '0') && !scan_digits(scan)) {
        return false;
    }
    if (accept_byte(scan, '.') && !scan_digits(scan)) {
        return false;
    }
    if (accept_byte(scan, 'e') || accept_byte(scan, 'E')) {
        if (!accept_byte(scan, '+')) {
            (void)accept_byte(scan, '-');
        }
        return scan_digits(scan);
    }
    return true;
}

static bool scan_word(struct json_scan *scan)
{
    static const char *const words[] = {"true", "false", "null"};

    for (size_t i = 0; i < LWC_ARRAY_LEN(words); i++) {
        size_t len = strlen(words[i]);

        if ((size_t)(scan->end - scan->at) >= len && memcmp(scan->at, words[i], len) == 0) {
            scan->at += len;
            return true;
        }
    }
    return set_complaint(scan, "a value that is none");
}

static bool scan_member(struct json_scan *scan)
{
    skip_blanks(scan);
    if (!scan_string(scan)) {
        return false;
    }
    skip_blanks(scan);
    return accept_byte(scan, ':') || set_complaint(scan, "a key without a colon");
}

/* Scans an object or array behind its opening bracket. */
static bool scan_members(struct json_scan *scan, int closing)
{
    skip_blanks(scan);
    if (accept_byte(scan, closing)) {
        return true;
    }
    do {
        if ((closing == '}' && !scan_member(scan)) || !scan_value(scan)) {
            return false;
        }
    } while (accept_byte(scan, ','));
    return accept_byte(scan, closing) || set_complaint(scan, "a missing comma or bracket");
}

static bool scan_nested(struct json_scan *scan, int closing)
{
    bool good = false;

    scan->at++;
    if (++scan->depth > LWC_JSON_DEPTH) {
        return set_complaint(scan, "it is nested too deeply");
    }
    good = scan_members(scan, closing);
    scan->depth--;
    return good;
}

static bool scan_scalar(struct json_scan *scan)
{
    int byte = peek_byte(scan);

    if (byte == '"') {
        return scan_string(scan);
    }
    return byte == '-' || (byte >= '0' && byte <= '9') ? scan_number(scan) : scan_word(scan);
}

/* Scans a value with the blanks around it. */
static bool scan_value(struct json_scan *scan)
{
    bool good = false;

    skip_blanks(scan);
    if (peek_byte(scan) == '{') {
        good = scan_nested(scan, '}');
    } else if (peek_byte(scan) == '[') {
        good = scan_nested(scan, ']');
    } else {
        good = scan_scalar(scan);
    }
    skip_blanks(scan);
    return good;
}

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
    struct json_scan scan = {.start = bytes, .at = bytes};
    enum lwc_code code = LWC_OK;

    if (len == 0 || len > LWC_JSON_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "not valid JSON: %s",
                        len == 0 ? "it is empty" : "it is too long");
    }
    scan.end = scan.start + len;
    if (!scan_value(&scan) ||
        (scan.at < scan.end && !set_complaint(&scan, "text behind the value"))) {
        return lwc_fail(err, LWC_E_INVALID, "not valid JSON: %s at byte %td", scan.complaint,
                        scan.at - scan.start + 1);
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
