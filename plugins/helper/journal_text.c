/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/journal_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/append.h"
#include "base/text.h"
#include "base/util.h"

#define MAGIC "lwcred-journal "
#define VERSION "1"

void lwc_journal_text_clear(struct lwc_journal_text *journal)
{
    free(journal->name);
    for (size_t i = 0; i < journal->count; i++) {
        free(journal->fields[i].value);
    }
    *journal = (struct lwc_journal_text){0};
}

static bool is_word(const char *text, size_t len)
{
    return len > 0 && len <= LWC_JOURNAL_WORD_MAX &&
           lwc_text_span(text, "abcdefghijklmnopqrstuvwxyz0123456789-") >= len;
}

static enum lwc_code set_word(char word_out[LWC_JOURNAL_WORD_MAX + 1], const char *word,
                              struct lwc_error *err)
{
    if (!is_word(word, strlen(word))) {
        return lwc_fail(err, LWC_E_INVALID, "journal: '%.40s' is no word", word);
    }
    memcpy(word_out, word, strlen(word) + 1);
    return LWC_OK;
}

static enum lwc_code copy_value(const char *value, char **copy_out, struct lwc_error *err)
{
    const size_t len = strlen(value);

    if (len > LWC_JOURNAL_VALUE_MAX || lwc_text_has_control(value, len)) {
        return lwc_fail(err, LWC_E_INVALID, "journal: a value is too long or no single line");
    }
    *copy_out = strdup(value);
    return *copy_out != NULL ? LWC_OK : lwc_fail_nomem(err);
}

enum lwc_code lwc_journal_text_set_operation(struct lwc_journal_text *journal, const char *word,
                                             struct lwc_error *err)
{
    return set_word(journal->operation, word, err);
}

enum lwc_code lwc_journal_text_set_step(struct lwc_journal_text *journal, const char *word,
                                        struct lwc_error *err)
{
    return set_word(journal->step, word, err);
}

enum lwc_code lwc_journal_text_set_name(struct lwc_journal_text *journal, const char *name,
                                        struct lwc_error *err)
{
    char *copy = NULL;
    enum lwc_code code = copy_value(name, &copy, err);

    if (code == LWC_OK) {
        free(journal->name);
        journal->name = copy;
    }
    return code;
}

static size_t find_field(const struct lwc_journal_text *journal, const char *name)
{
    size_t i = 0;

    while (i < journal->count && !lwc_streq(journal->fields[i].name, name)) {
        i++;
    }
    return i;
}

static void remove_field(struct lwc_journal_text *journal, size_t number)
{
    if (number >= journal->count) {
        return;
    }
    free(journal->fields[number].value);
    journal->count--;
    memmove(&journal->fields[number], &journal->fields[number + 1],
            (journal->count - number) * sizeof journal->fields[0]);
}

enum lwc_code lwc_journal_text_set_field(struct lwc_journal_text *journal, const char *name,
                                         const char *value, struct lwc_error *err)
{
    const size_t number = find_field(journal, name);
    struct lwc_journal_field field = {.value = NULL};
    enum lwc_code code = set_word(field.name, name, err);

    if (value == NULL) {
        remove_field(journal, number);
        return code;
    }
    if (code == LWC_OK && number == LWC_JOURNAL_FIELDS_MAX) {
        code = lwc_fail(err, LWC_E_INVALID, "journal: more than %d fields", LWC_JOURNAL_FIELDS_MAX);
    }
    if (code == LWC_OK) {
        code = copy_value(value, &field.value, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    if (number < journal->count) {
        free(journal->fields[number].value);
    }
    journal->count += number == journal->count;
    journal->fields[number] = field;
    return LWC_OK;
}

const char *lwc_journal_text_field(const struct lwc_journal_text *journal, const char *name)
{
    const size_t number = find_field(journal, name);

    return number < journal->count ? journal->fields[number].value : NULL;
}

enum lwc_code lwc_journal_text_write(const struct lwc_journal_text *journal, struct lwc_buf *out,
                                     struct lwc_error *err)
{
    enum lwc_code code =
        lwc_text_append(out, err, MAGIC VERSION "\noperation %s\nname %s\nstep %s\n",
                        journal->operation, journal->name, journal->step);

    for (size_t i = 0; i < journal->count && code == LWC_OK; i++) {
        code = lwc_text_append(out, err, "field %s %s\n", journal->fields[i].name,
                               journal->fields[i].value);
    }
    return code == LWC_OK ? lwc_text_append(out, err, "end\n") : code;
}

/* The rest of a text, and the line that was taken from it last, without its newline. */
struct journal_lines {
    const char *at;
    const char *end;
    unsigned line;
    char text[LWC_JOURNAL_WORD_MAX + LWC_JOURNAL_VALUE_MAX + 16];
};

/* Takes the next line.  Returns false at the end, and for a line that is cut, too long or binary. */
static bool take_line(struct journal_lines *lines)
{
    const size_t left = (size_t)(lines->end - lines->at);
    const char *newline = left > 0 ? memchr(lines->at, '\n', left) : NULL;
    const size_t len = newline != NULL ? (size_t)(newline - lines->at) : 0;

    lines->line++;
    if (newline == NULL || len >= sizeof lines->text || lwc_text_has_control(lines->at, len)) {
        return false;
    }
    memcpy(lines->text, lines->at, len);
    lines->text[len] = '\0';
    lines->at = newline + 1;
    return true;
}

/* Returns what stands behind "@key " in the next line, or NULL. */
static const char *take_value(struct journal_lines *lines, const char *key)
{
    const size_t len = strlen(key);

    if (!take_line(lines) || strncmp(lines->text, key, len) != 0 || lines->text[len] != ' ') {
        return NULL;
    }
    return lines->text + len + 1;
}

/* Adds the field of the line "field NAME VALUE". */
static enum lwc_code add_field(struct lwc_journal_text *journal, char *line, struct lwc_error *err)
{
    char *name = line + strlen("field ");
    char *blank = strncmp(line, "field ", strlen("field ")) == 0 ? strchr(name, ' ') : NULL;

    if (blank == NULL) {
        return lwc_fail(err, LWC_E_INVALID, "a field expected");
    }
    *blank = '\0';
    if (find_field(journal, name) < journal->count) {
        return lwc_fail(err, LWC_E_INVALID, "a field is there twice");
    }
    return lwc_journal_text_set_field(journal, name, blank + 1, err);
}

static enum lwc_code parse_head(struct journal_lines *lines, struct lwc_journal_text *journal,
                                struct lwc_error *err)
{
    static const struct {
        const char *key;
        enum lwc_code (*set)(struct lwc_journal_text *, const char *, struct lwc_error *);
    } entries[] = {{"operation", lwc_journal_text_set_operation},
                   {"name", lwc_journal_text_set_name},
                   {"step", lwc_journal_text_set_step}};
    enum lwc_code code = LWC_OK;

    for (size_t i = 0; i < LWC_ARRAY_LEN(entries) && code == LWC_OK; i++) {
        const char *value = take_value(lines, entries[i].key);

        code = value != NULL ? entries[i].set(journal, value, err)
                             : lwc_fail(err, LWC_E_INVALID, "'%s' expected", entries[i].key);
    }
    return code;
}

static enum lwc_code parse_fields(struct journal_lines *lines, struct lwc_journal_text *journal,
                                  struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    while (code == LWC_OK) {
        if (!take_line(lines)) {
            return lwc_fail(err, LWC_E_INVALID, "a field or 'end' expected");
        }
        if (lwc_streq(lines->text, "end")) {
            break;
        }
        code = add_field(journal, lines->text, err);
    }
    if (code == LWC_OK && lines->at != lines->end) {
        return lwc_fail(err, LWC_E_INVALID, "more text after 'end'");
    }
    return code;
}

/* Another version ends the parse before anything else of it is read. */
static enum lwc_code parse_magic(struct journal_lines *lines, struct lwc_error *err)
{
    if (!take_line(lines) || strncmp(lines->text, MAGIC, strlen(MAGIC)) != 0) {
        return lwc_fail(err, LWC_E_INVALID, "no journal");
    }
    return lwc_streq(lines->text + strlen(MAGIC), VERSION)
               ? LWC_OK
               : lwc_fail(err, LWC_E_TOO_NEW, "made by a newer version");
}

enum lwc_code lwc_journal_text_parse(const char *text, size_t len,
                                     struct lwc_journal_text *journal_out, struct lwc_error *err)
{
    struct journal_lines lines = {.at = text, .end = text + len};
    enum lwc_code code = LWC_OK;

    lwc_journal_text_clear(journal_out);
    code = parse_magic(&lines, err);
    if (code == LWC_OK) {
        code = parse_head(&lines, journal_out, err);
    }
    if (code == LWC_OK) {
        code = parse_fields(&lines, journal_out, err);
    }
    if (code == LWC_OK) {
        return LWC_OK;
    }
    lwc_journal_text_clear(journal_out);
    return lwc_wrap(err, code == LWC_E_INVALID ? LWC_E_CORRUPT : code, "line %u", lines.line);
}
