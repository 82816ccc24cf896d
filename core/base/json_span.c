/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_span.h"

#include <stdint.h>
#include <string.h>

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

static bool is_blank(int byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static void skip_blanks(struct json_scan *scan)
{
    while (is_blank(peek_byte(scan))) {
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

static bool scan_bare_value(struct json_scan *scan)
{
    if (peek_byte(scan) == '{') {
        return scan_nested(scan, '}');
    }
    return peek_byte(scan) == '[' ? scan_nested(scan, ']') : scan_scalar(scan);
}

/* Scans a value with the blanks around it.  Recurses LWC_JSON_DEPTH levels at most. */
static bool scan_value(struct json_scan *scan)
{
    bool good = false;

    skip_blanks(scan);
    good = scan_bare_value(scan);
    skip_blanks(scan);
    return good;
}

static struct json_scan begin_scan(const char *at, const char *end)
{
    return (struct json_scan){.start = (const unsigned char *)at,
                              .at = (const unsigned char *)at,
                              .end = (const unsigned char *)end};
}

unsigned lwc_json_span_line(const char *text, const char *at)
{
    unsigned line = 1;

    for (; text < at; text++) {
        line += *text == '\n';
    }
    return line;
}

/* Returns the position of the complaint in its line, counted from 1. */
static ptrdiff_t complaint_column(const struct json_scan *scan)
{
    const unsigned char *line = scan->at;

    while (line > scan->start && line[-1] != '\n') {
        line--;
    }
    return scan->at - line + 1;
}

enum lwc_code lwc_json_span_parse(const void *bytes, size_t len, struct lwc_json_span *value_out,
                                  struct lwc_error *err)
{
    const char *text = bytes;
    struct json_scan scan = {0};
    const unsigned char *value = NULL;
    const unsigned char *end = NULL;
    bool good = false;

    if (len == 0) {
        return lwc_fail(err, LWC_E_INVALID, "not valid JSON: it is empty");
    }
    scan = begin_scan(text, text + len);
    skip_blanks(&scan);
    value = scan.at;
    good = scan_bare_value(&scan);
    end = scan.at;
    if (good) {
        skip_blanks(&scan);
    }
    if (!good || (scan.at < scan.end && !set_complaint(&scan, "text behind the value"))) {
        return lwc_fail(err, LWC_E_INVALID, "not valid JSON: %s at line %u, byte %td",
                        scan.complaint, lwc_json_span_line(text, (const char *)scan.at),
                        complaint_column(&scan));
    }
    *value_out = (struct lwc_json_span){(const char *)value, (size_t)(end - value)};
    return LWC_OK;
}

char lwc_json_span_type(struct lwc_json_span value)
{
    char first = value.at != NULL && value.len > 0 ? value.at[0] : '\0';

    return first == '-' || (first >= '0' && first <= '9') ? '0' : first;
}

struct lwc_json_walk lwc_json_walk_begin(struct lwc_json_span value)
{
    const char type = lwc_json_span_type(value);

    if (type != '{' && type != '[') {
        return (struct lwc_json_walk){0};
    }
    return (struct lwc_json_walk){
        .at = value.at + 1, .end = value.at + value.len - 1, .is_object = type == '{'};
}

/* Takes the value, or with @is_name the name, at the scan's place.  False: the text was checked by
   no lwc_json_span_parse(). */
static bool take_span(struct json_scan *scan, bool is_name, struct lwc_json_span *span_out)
{
    const unsigned char *start = NULL;

    skip_blanks(scan);
    start = scan->at;
    if (!(is_name ? scan_string(scan) : scan_bare_value(scan))) {
        return false;
    }
    *span_out = (struct lwc_json_span){(const char *)start, (size_t)(scan->at - start)};
    skip_blanks(scan);
    return true;
}

bool lwc_json_walk_next(struct lwc_json_walk *walk, struct lwc_json_span *name_out,
                        struct lwc_json_span *value_out)
{
    struct json_scan scan = begin_scan(walk->at, walk->end);
    bool good = true;

    *name_out = (struct lwc_json_span){0};
    skip_blanks(&scan);
    (void)accept_byte(&scan, ',');
    skip_blanks(&scan);
    if (scan.at >= scan.end) {
        return false;
    }
    if (walk->is_object) {
        good = take_span(&scan, true, name_out) && accept_byte(&scan, ':');
    }
    good = good && take_span(&scan, false, value_out);
    walk->at = good ? (const char *)scan.at : walk->end;
    return good;
}

/* The inside of a string, read character by character. */
struct string_reader {
    const char *at;
    const char *end;
};

static struct string_reader begin_string(struct lwc_json_span string)
{
    return (struct string_reader){string.at + 1, string.at + string.len - 1};
}

static uint32_t take_hex(struct string_reader *reader)
{
    uint32_t unit = 0;

    for (size_t i = 0; i < 4; i++) {
        unit = unit << 4 | (uint32_t)hex_value((unsigned char)*reader->at++);
    }
    return unit;
}

/* Takes the low half of a surrogate pair; 0 if there is none. */
static uint32_t take_low_half(struct string_reader *reader)
{
    uint32_t low = 0;

    if (reader->end - reader->at < 6 || reader->at[0] != '\\' || reader->at[1] != 'u') {
        return 0;
    }
    reader->at += 2;
    low = take_hex(reader);
    return low >= 0xdc00 && low <= 0xdfff ? low : 0;
}

static size_t put_utf8(uint32_t point, uint8_t out[static 4])
{
    static const uint8_t marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
    const size_t len = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;

    for (size_t i = len; i > 1; i--) {
        out[i - 1] = (uint8_t)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    out[0] = (uint8_t)(marks[len] | point);
    return len;
}

/* Takes "\uXXXX", or a pair of them.  Returns its length in UTF-8, 0 for half of a pair. */
static size_t take_unicode(struct string_reader *reader, uint8_t out[static 4])
{
    uint32_t point = take_hex(reader);

    if (point >= 0xd800 && point <= 0xdbff) {
        uint32_t low = take_low_half(reader);

        return low == 0 ? 0 : put_utf8(0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00), out);
    }
    return point >= 0xdc00 && point <= 0xdfff ? 0 : put_utf8(point, out);
}

/* Takes the next byte, or the character of an escape: 1 to 4 bytes; 0 for half of a pair. */
static size_t take_character(struct string_reader *reader, uint8_t out[static 4])
{
    static const char letters[] = "bfnrt";
    static const char controls[] = "\b\f\n\r\t";
    const char *found = NULL;

    out[0] = (uint8_t)*reader->at++;
    if (out[0] != '\\') {
        return 1;
    }
    out[0] = (uint8_t)*reader->at++;
    if (out[0] == 'u') {
        return take_unicode(reader, out);
    }
    found = strchr(letters, out[0]);
    if (found != NULL) {
        out[0] = (uint8_t)controls[found - letters];
    }
    return 1;
}

static uint8_t fold_letter(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
}

bool lwc_json_span_is(struct lwc_json_span string, const char *text, enum lwc_json_case how)
{
    struct string_reader reader = {0};
    const bool is_fold = how == LWC_JSON_FOLD;

    if (lwc_json_span_type(string) != '"') {
        return false;
    }
    for (reader = begin_string(string); reader.at < reader.end; text++) {
        uint8_t got[4] = {0};
        uint8_t wanted = (uint8_t)*text;

        if (take_character(&reader, got) != 1 || wanted == 0 ||
            (is_fold ? fold_letter(got[0]) != fold_letter(wanted) : got[0] != wanted)) {
            return false;
        }
    }
    return *text == '\0';
}

enum lwc_code lwc_json_span_member(struct lwc_json_span object, const char *name,
                                   enum lwc_json_case how, struct lwc_json_span *name_out,
                                   struct lwc_json_span *value_out, struct lwc_error *err)
{
    struct lwc_json_walk walk = lwc_json_walk_begin(object);
    struct lwc_json_span found[2] = {{0}, {0}};
    struct lwc_json_span spelled = {0};
    struct lwc_json_span value = {0};

    if (lwc_json_span_type(object) != '{') {
        return lwc_fail(err, LWC_E_INVALID, "no JSON object where \"%s\" is looked for", name);
    }
    while (lwc_json_walk_next(&walk, &spelled, &value)) {
        if (!lwc_json_span_is(spelled, name, how)) {
            continue;
        }
        if (found[0].at != NULL) {
            *value_out = value;
            return lwc_fail(err, LWC_E_INVALID, "\"%s\" is there twice", name);
        }
        found[0] = spelled;
        found[1] = value;
    }
    if (name_out != NULL) {
        *name_out = found[0];
    }
    *value_out = found[1];
    return LWC_OK;
}

enum lwc_code lwc_json_span_text(struct lwc_json_span string, struct lwc_buf *out,
                                 struct lwc_error *err)
{
    struct string_reader reader = {0};
    const size_t before = lwc_buf_len(out);
    enum lwc_code code = LWC_OK;

    if (lwc_json_span_type(string) != '"') {
        return lwc_fail(err, LWC_E_INVALID, "no text where one must be");
    }
    for (reader = begin_string(string); code == LWC_OK && reader.at < reader.end;) {
        uint8_t bytes[4];
        const size_t len = take_character(&reader, bytes);

        code = len > 0 ? lwc_buf_append(out, bytes, len, err)
                       : lwc_fail(err, LWC_E_INVALID, "half of a surrogate pair in a text");
        lwc_wipe(bytes, sizeof bytes);
    }
    if (code != LWC_OK) {
        lwc_buf_truncate(out, before);
    }
    return code;
}
