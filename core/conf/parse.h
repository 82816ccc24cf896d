/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CONF_PARSE_H
#define CORE_CONF_PARSE_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "conf/conf.h"

/* Stack files from text; conf.h describes the grammar and the result. */

/*
 * Reads the file that "include @name" in file @from names.
 *
 * @from      an earlier *@path_out, or the @path of lwc_conf_parse_from().
 * @content   filled, at most LWC_CONF_FILE_MAX bytes.
 * @path_out  the same name for the same file, under any @name: owned by the caller, free().
 */
typedef enum lwc_code lwc_conf_read_fn(void *data, const char *from, const char *name,
                                       struct lwc_buf *content, char **path_out,
                                       struct lwc_error *err);

/*
 * read   NULL: a file cannot be included.
 * fault  NULL: the first fault ends the parse.  Otherwise the parse goes on behind the faulty line,
 * and
 *        receives all faults.
 */
struct lwc_conf_input {
    void *data;
    lwc_conf_read_fn *read;
    lwc_conf_fault_fn *fault;
};

/*
 * Parses @len bytes of the stack file named @source, whose unique name is @path.
 *
 * @conf_out  owned by the caller, lwc_conf_free().
 * Returns LWC_OK, or the code of the first fault (LWC_E_INVALID; the failure to read an included
 * file) with "SOURCE:LINE:COLUMN: text", and the nearest right word as a hint.
 */
enum lwc_code lwc_conf_parse_from(const struct lwc_conf_input *input, const char *text, size_t len,
                                  const char *source, const char *path, struct lwc_conf **conf_out,
                                  struct lwc_error *err) LWC_RESULT;

/* As lwc_conf_parse_from(), without includes. */
enum lwc_code lwc_conf_parse(const char *text, size_t len, const char *source,
                             struct lwc_conf **conf_out, struct lwc_error *err) LWC_RESULT;

#endif
