/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a file, and which reader a file is for. */
#include <string.h>

#include "base/text.h"
#include "plugins/import/readers.h"

#define WORD_LEN 40

size_t lwc_import_bom_len(const char *text, size_t len)
{
    return len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

bool lwc_import_take_line(const char **text, size_t *len, const char **line_out,
                          size_t *line_len_out)
{
    const char *newline = *len > 0 ? memchr(*text, '\n', *len) : NULL;
    const size_t taken = newline != NULL ? (size_t)(newline - *text) + 1 : *len;

    if (*len == 0) {
        return false;
    }
    *line_out = *text;
    *line_len_out = newline != NULL ? taken - 1 : taken;
    if (*line_len_out > 0 && (*line_out)[*line_len_out - 1] == '\r') {
        (*line_len_out)--;
    }
    *text += taken;
    *len -= taken;
    return true;
}

enum lwc_code lwc_import_read_lines(const struct lwc_buf *text, lwc_import_line_fn *read,
                                    struct lwc_import_key *key, struct lwc_error *err)
{
    const size_t bom_len = lwc_import_bom_len(lwc_buf_text(text), lwc_buf_len(text));
    const char *rest = lwc_buf_text(text) + bom_len;
    size_t rest_len = lwc_buf_len(text) - bom_len;
    const char *line = NULL;
    size_t len = 0;

    for (unsigned number = 1; lwc_import_take_line(&rest, &rest_len, &line, &len); number++) {
        enum lwc_code code = read(line, len, key, err);

        if (code != LWC_OK) {
            return lwc_wrap(err, code, "line %u", number);
        }
    }
    return lwc_import_check(key, err);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

void lwc_import_trim(const char **text, size_t *len)
{
    while (*len > 0 && is_blank(**text)) {
        (*text)++;
        (*len)--;
    }
    while (*len > 0 && is_blank((*text)[*len - 1])) {
        (*len)--;
    }
}

static const struct {
    const char *begin; /* of a line, in lower case */
    enum lwc_import_format format;
} beginnings[] = {
    {"{", LWC_IMPORT_JSON},
    {"[", LWC_IMPORT_LACEWORK_CLI},
    {"apiid", LWC_IMPORT_TXT},
    {"password", LWC_IMPORT_TXT},
    {"clientid", LWC_IMPORT_TXT},
    {"export ", LWC_IMPORT_ENV},
    {"lw_", LWC_IMPORT_ENV},
    {"lacework_", LWC_IMPORT_ENV},
    {"lwkeyid", LWC_IMPORT_ENV},
    {"lwsecret", LWC_IMPORT_ENV},
    {"lwaccount", LWC_IMPORT_ENV},
    {"account", LWC_IMPORT_LACEWORK_CLI},
    {"subaccount", LWC_IMPORT_LACEWORK_CLI},
    {"api_key", LWC_IMPORT_LACEWORK_CLI},
    {"api_secret", LWC_IMPORT_LACEWORK_CLI},
    {"api_token", LWC_IMPORT_LACEWORK_CLI},
    {"organization", LWC_IMPORT_LACEWORK_CLI},
    {"version", LWC_IMPORT_LACEWORK_CLI},
};

static enum lwc_import_format detect_line(const char *line, size_t len)
{
    char word[WORD_LEN] = "";

    memcpy(word, line, len < sizeof word - 1 ? len : sizeof word - 1);
    for (size_t i = 0; i < LWC_ARRAY_LEN(beginnings); i++) {
        if (lwc_text_begins(word, beginnings[i].begin)) {
            return beginnings[i].format;
        }
    }
    return LWC_IMPORT_UNKNOWN;
}

/* The first line that is no comment and is known decides. */
enum lwc_import_format lwc_import_detect(const char *text, size_t len)
{
    const size_t bom_len = lwc_import_bom_len(text, len);
    enum lwc_import_format format = LWC_IMPORT_UNKNOWN;
    const char *line = NULL;
    size_t line_len = 0;

    text += bom_len;
    len -= bom_len;
    while (format == LWC_IMPORT_UNKNOWN && lwc_import_take_line(&text, &len, &line, &line_len)) {
        lwc_import_trim(&line, &line_len);
        format = detect_line(line, line_len);
    }
    return format;
}
