/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_LACEWORK_CLI_TOML_H
#define BACKENDS_LACEWORK_CLI_TOML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * TOML 1.0 read by toml++, which only toml.cpp knows.
 *
 * MUST:
 *  1. No exception leaves these functions.
 *  2. All memory of the parser and of its tree is wiped when it is freed.
 *  3. No text of the input goes into a fault.
 *  4. Nesting is bounded before a table is made: the tree is built and freed by recursion.
 */

/* A parsed text.  Not for two threads at once. */
struct lwc_toml;

/* Dots in one line, each of which may be one more table around the next. */
#define LWC_TOML_DOTS_MAX 128

enum lwc_toml_end { LWC_TOML_DONE, LWC_TOML_MALFORMED, LWC_TOML_NO_MEMORY };

/* Where a text is malformed, lines and columns from 1, or 0: not known; and why, a static text. */
struct lwc_toml_fault {
    unsigned line;
    unsigned column;
    const char *why;
};

enum lwc_toml_kind { LWC_TOML_TEXT, LWC_TOML_NUMBER, LWC_TOML_BOOLEAN, LWC_TOML_OTHER };

/*
 * A key with a value that is no table.
 *
 * table_id  counts the tables of the text; 0 is the top.  The entries of a table come one after
 *           the other.
 * table     names of the tables around it, joined with '.'; "" at the top.  For the call only.
 * text      NULL unless LWC_TOML_TEXT; a NUL stands behind it.  Until lwc_toml_free(), as is key.
 * number    of a number; 0 or 1 of a boolean.
 * line, column  of the key, the column in characters, both from 1.
 */
struct lwc_toml_entry {
    size_t table_id;
    const char *table;
    const char *key;
    enum lwc_toml_kind kind;
    const char *text;
    size_t len;
    int64_t number;
    unsigned line;
    unsigned column;
};

/*
 * Parses @len bytes of @text, which may begin with a byte order mark.
 *
 * @toml_out   owned by the caller, who frees it with lwc_toml_free(); set with LWC_TOML_DONE only.
 * @fault_out  set with LWC_TOML_MALFORMED only.
 */
enum lwc_toml_end lwc_toml_parse(const char *text, size_t len, struct lwc_toml **toml_out,
                                 struct lwc_toml_fault *fault_out);

/* Calls @visit for each entry.  Returns LWC_TOML_DONE or LWC_TOML_NO_MEMORY. */
typedef void lwc_toml_visit_fn(void *data, const struct lwc_toml_entry *entry);
enum lwc_toml_end lwc_toml_visit(const struct lwc_toml *toml, lwc_toml_visit_fn *visit, void *data);

/* Wipes and frees; sets *toml to NULL.  NULL and a pointer to NULL are allowed. */
void lwc_toml_free(struct lwc_toml **toml);

#ifdef __cplusplus
}
#endif

#endif
