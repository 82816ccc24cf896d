/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <stdio.h>

#include "base/utf8.h"

#define ELLIPSIS "..."

/* Writes @unit as shown, at most 4 bytes for each of at most 4.  Returns the length. */
static size_t show_unit(char shown[static 17], const uint8_t *bytes, struct lwc_utf8 unit)
{
    if (!lwc_utf8_is_active(unit.point)) {
        memcpy(shown, bytes, unit.len);
        return unit.len;
    }
    for (size_t i = 0; i < unit.len; i++) {
        (void)snprintf(shown + 4 * i, 5, "\\x%02x", bytes[i]);
    }
    return 4 * unit.len;
}

/* The output; mark is the last place from which the ellipsis still fits. */
struct printer {
    char *out;
    size_t cap;
    size_t len;
    size_t mark;
};

static bool print_text(struct printer *printer, const char *text, size_t len)
{
    if (len >= printer->cap - printer->len) {
        return false;
    }
    memcpy(printer->out + printer->len, text, len);
    printer->len += len;
    if (printer->len + sizeof ELLIPSIS <= printer->cap) {
        printer->mark = printer->len;
    }
    return true;
}

static void print_ellipsis(struct printer *printer)
{
    size_t room = printer->cap - 1 - printer->mark;
    size_t len = room < strlen(ELLIPSIS) ? room : strlen(ELLIPSIS);

    memcpy(printer->out + printer->mark, ELLIPSIS, len);
    printer->len = printer->mark + len;
}

char *lwc_text_printable(char *out, size_t cap, const void *in, size_t len)
{
    const uint8_t *bytes = in;
    struct printer printer = {.out = out, .cap = cap};
    bool blank = false;
    bool fits = true;
    size_t at = 0;

    if (cap == 0) {
        return out;
    }
    while (at < len && fits) {
        struct lwc_utf8 unit = lwc_utf8_next(bytes + at, len - at);
        char shown[18] = " ";

        if (unit.point == ' ') {
            blank = printer.len > 0;
        } else {
            size_t shown_len = show_unit(shown + blank, bytes + at, unit) + blank;

            fits = print_text(&printer, shown, shown_len);
            blank = false;
        }
        at += unit.len;
    }
    if (!fits) {
        print_ellipsis(&printer);
    }
    out[printer.len] = '\0';
    return out;
}

bool lwc_text_is_graph(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] < 0x21 || text[i] > 0x7e) {
            return false;
        }
    }
    return true;
}

bool lwc_text_has_control(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
            return true;
        }
    }
    return false;
}

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

size_t lwc_text_span(const char *text, const char *set)
{
    size_t len = 0;

    while (text[len] != '\0' && strchr(set, text[len]) != NULL) {
        len++;
    }
    return len;
}

size_t lwc_text_reach(const char *text, const char *set)
{
    size_t len = 0;

    /* The end of the text is found as the end of the set. */
    while (strchr(set, text[len]) == NULL) {
        len++;
    }
    return len;
}

/* Returns how many bytes of @word @text begins with. */
static size_t common_len(const char *text, const char *word)
{
    size_t len = 0;

    while (word[len] != '\0' &&
           word[len] ==
               (text[len] >= 'A' && text[len] <= 'Z' ? text[len] - 'A' + 'a' : text[len])) {
        len++;
    }
    return len;
}

bool lwc_text_begins(const char *text, const char *word)
{
    return word[common_len(text, word)] == '\0';
}

bool lwc_text_is(const char *text, const char *word)
{
    size_t len = common_len(text, word);

    return word[len] == '\0' && text[len] == '\0';
}

bool lwc_text_is_b64token(const char *text, size_t len)
{
    size_t at = 0;

    while (at < len && (is_alnum(text[at]) || (text[at] != '\0' && strchr("-._~+/", text[at])))) {
        at++;
    }
    if (at == 0) {
        return false;
    }
    while (at < len && text[at] == '=') {
        at++;
    }
    return at == len;
}

bool lwc_text_parse_number(const char *text, size_t len, int64_t max, int64_t *number_out)
{
    int64_t number = 0;

    if (len == 0) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, text[i] - '0', &number)) {
            return false;
        }
    }
    if (number > max) {
        return false;
    }
    *number_out = number;
    return true;
}

bool lwc_text_parse_duration(const char *text, int64_t *seconds_out)
{
    static const struct {
        char suffix;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    const int64_t max = INT64_C(3650) * 86400;
    size_t len = strlen(text);
    int64_t scale = 1;
    int64_t number = 0;

    for (size_t i = 0; len > 0 && i < LWC_ARRAY_LEN(units); i++) {
        if (text[len - 1] == units[i].suffix) {
            scale = units[i].seconds;
            len--;
            break;
        }
    }
    if (!lwc_text_parse_number(text, len, max / scale, &number)) {
        return false;
    }
    *seconds_out = number * scale;
    return true;
}

static bool is_one_of(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; word != NULL && i < count; i++) {
        if (lwc_text_is(word, words[i])) {
            return true;
        }
    }
    return false;
}

bool lwc_text_is_yes(const char *word)
{
    static const char *const words[] = {"1", "true", "yes", "on"};

    return is_one_of(word, words, LWC_ARRAY_LEN(words));
}

bool lwc_text_is_no(const char *word)
{
    static const char *const words[] = {"0", "false", "no", "off"};

    return is_one_of(word, words, LWC_ARRAY_LEN(words));
}

#define WORD_MAX 64

static size_t min_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

/*
 * Returns the edit distance of two words of at most WORD_MAX bytes: bytes too many, missing or
 * wrong, and neighbours swapped.
 */
static size_t edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][WORD_MAX + 1]; /* of the bytes i, i - 1 and i - 2 of @a, in turn */

    for (size_t j = 0; j <= b_len; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i - 1) % 3];

        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            row[j] = min_of(above[j - 1] + (a[i - 1] != b[j - 1] ? 1 : 0),
                            min_of(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = min_of(row[j], rows[(i - 2) % 3][j - 2] + 1);
            }
        }
    }
    return rows[a_len % 3][b_len];
}

const char *lwc_text_nearest(const char *word, const char *const *words, size_t count)
{
    size_t len = strlen(word);
    size_t best = 3;
    const char *nearest = NULL;

    for (size_t i = 0; i < count && len <= WORD_MAX; i++) {
        size_t other_len = strlen(words[i]);
        size_t far = other_len <= WORD_MAX ? edit_distance(word, len, words[i], other_len) : best;

        if (far < best && far * 2 < len) {
            best = far;
            nearest = words[i];
        }
    }
    return nearest;
}
