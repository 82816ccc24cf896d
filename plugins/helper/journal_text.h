/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_HELPER_JOURNAL_TEXT_H
#define PLUGINS_HELPER_JOURNAL_TEXT_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/*
 * The text of a journal (journal.h), one entry a line:
 *
 *     lwcred-journal 1
 *     operation import
 *     name /home/me/.lacework.toml
 *     step stored
 *     field profile prod
 *     end
 *
 * Strict: these lines in this order, each field once, nothing behind "end".
 */

#define LWC_JOURNAL_WORD_MAX 32 /* of operations, steps and names of fields: a-z 0-9 - */
#define LWC_JOURNAL_VALUE_MAX 4352
#define LWC_JOURNAL_FIELDS_MAX 32
#define LWC_JOURNAL_TEXT_MAX ((size_t)192 * 1024)

struct lwc_journal_field {
    char name[LWC_JOURNAL_WORD_MAX + 1];
    char *value;
};

/* A journal in memory; zeroed at first.  value, like @name, is owned by it. */
struct lwc_journal_text {
    char operation[LWC_JOURNAL_WORD_MAX + 1];
    char *name;
    char step[LWC_JOURNAL_WORD_MAX + 1];
    struct lwc_journal_field fields[LWC_JOURNAL_FIELDS_MAX];
    size_t count;
};

/* Frees what @journal owns and zeroes it. */
void lwc_journal_text_clear(struct lwc_journal_text *journal);
#define LWC_AUTO_JOURNAL_TEXT LWC_AUTO(struct lwc_journal_text, lwc_journal_text_clear)

/*
 * Set the operation, the name, the step; set field @name, or remove it with a NULL @value.
 * LWC_E_INVALID for a word outside the alphabet, a value with a control byte or too long, or too
 * many fields; LWC_E_IO without memory.  Nothing changes then.
 */
enum lwc_code lwc_journal_text_set_operation(struct lwc_journal_text *journal, const char *word,
                                             struct lwc_error *err) LWC_RESULT;
enum lwc_code lwc_journal_text_set_name(struct lwc_journal_text *journal, const char *name,
                                        struct lwc_error *err) LWC_RESULT;
enum lwc_code lwc_journal_text_set_step(struct lwc_journal_text *journal, const char *word,
                                        struct lwc_error *err) LWC_RESULT;
enum lwc_code lwc_journal_text_set_field(struct lwc_journal_text *journal, const char *name,
                                         const char *value, struct lwc_error *err) LWC_RESULT;

/* Returns the value of field @name, borrowed until it changes; NULL if it is not set. */
const char *lwc_journal_text_field(const struct lwc_journal_text *journal, const char *name);

/* Appends the text of @journal, of which operation, name and step are set. */
enum lwc_code lwc_journal_text_write(const struct lwc_journal_text *journal, struct lwc_buf *out,
                                     struct lwc_error *err) LWC_RESULT;

/*
 * Parses @len bytes into @journal_out, which is cleared first.  LWC_E_CORRUPT with the line;
 * LWC_E_TOO_NEW for another version.  @journal_out is empty then.
 */
enum lwc_code lwc_journal_text_parse(const char *text, size_t len,
                                     struct lwc_journal_text *journal_out, struct lwc_error *err)
    LWC_RESULT;

#endif
