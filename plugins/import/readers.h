/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_IMPORT_READERS_H
#define PLUGINS_IMPORT_READERS_H

#include "base/buffer.h"
#include "base/error.h"
#include "plugins/import/key.h"

/*
 * Readers of files with one access key.  A byte order mark and CRLF are accepted, unknown fields
 * ignored.  LWC_E_INVALID names line or field and never quotes a value.
 *
 * @key_out  zeroed by the caller, lwc_import_key_clear(); may be half filled after a failure.
 */

/* The console's download: {"keyId":...,"secret":...,"account":...,"subAccount":...}. */
enum lwc_code lwc_import_read_json(const struct lwc_buf *text, struct lwc_import_key *key_out,
                                   struct lwc_error *err) LWC_RESULT;

/* FortiCloud's download: lines "apiId: ..." and "password: ...". */
enum lwc_code lwc_import_read_txt(const struct lwc_buf *text, struct lwc_import_key *key_out,
                                  struct lwc_error *err) LWC_RESULT;

/* A file of assignments, NAME=VALUE, with "export", quotes and comments as in a shell. */
enum lwc_code lwc_import_read_env(const struct lwc_buf *text, struct lwc_import_key *key_out,
                                  struct lwc_error *err) LWC_RESULT;

/* The variables of a process; @environ as in environ(7). */
enum lwc_code lwc_import_read_variables(char *const *variables, struct lwc_import_key *key_out,
                                        struct lwc_error *err) LWC_RESULT;

/* Appends @text to @edited, with the secrets of its assignments emptied; all other bytes stay. */
enum lwc_code lwc_import_empty_env(const struct lwc_buf *text, struct lwc_buf *edited,
                                   struct lwc_error *err) LWC_RESULT;

enum lwc_import_format {
    LWC_IMPORT_UNKNOWN,
    LWC_IMPORT_JSON,
    LWC_IMPORT_TXT,
    LWC_IMPORT_ENV,
    LWC_IMPORT_LACEWORK_CLI,
};

/* Looks at a file: which reader is it for? */
enum lwc_import_format lwc_import_detect(const char *text, size_t len);

/* Returns how many bytes a byte order mark takes at the beginning: 3 or 0. */
size_t lwc_import_bom_len(const char *text, size_t len);

/*
 * Takes the next line of *text, of which *len bytes are left, without LF or CRLF.  Returns false at
 * the end.
 */
bool lwc_import_take_line(const char **text, size_t *len, const char **line_out,
                          size_t *line_len_out);

/* Reads a line, without its end, into @key. */
typedef enum lwc_code lwc_import_line_fn(const char *line, size_t len, struct lwc_import_key *key,
                                         struct lwc_error *err);

/* Reads each line of @text, behind a byte order mark, and checks the key; errors name the line. */
enum lwc_code lwc_import_read_lines(const struct lwc_buf *text, lwc_import_line_fn *read,
                                    struct lwc_import_key *key, struct lwc_error *err) LWC_RESULT;

/* Drops blanks and tabs at both ends. */
void lwc_import_trim(const char **text, size_t *len);

#endif
