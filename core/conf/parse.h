/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CONF_PARSE_H
#define CORE_CONF_PARSE_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "conf/conf.h"

/* Stack files from text; conf.h describes the grammar and the result. */

/*
 * Read the file that the words "include @name" in file @from mean.
 *
 * @from      as an earlier call put it into *@path_out, or lwc_conf_parse_from() was given it.
 * @content   filled, at most LWC_CONF_FILE_MAX bytes.
 * @path_out  one name for one file, however it was called: owned by the caller, free().
 */
typedef enum lwc_code lwc_conf_read_fn(void *data, const char *from, const char *name,
                                       struct lwc_buf *content, char **path_out,
                                       struct lwc_error *err);

/*
 * read   NULL: a file cannot be included.
 * fault  NULL: the first fault ends the parse.  Otherwise it goes on behind the faulty line, and
 *        all are heard of.
 */
struct lwc_conf_input {
    void *data;
    lwc_conf_read_fn *read;
    lwc_conf_fault_fn *fault;
};

/*
 * Parse @len bytes of the stack file named @source, whose unique name is @path.
 *
 * @conf_out  owned by the caller, lwc_conf_free().
 * Returns LWC_OK, or the code of the first fault (LWC_E_INVALID; what reading an included file
 * came to) with "SOURCE:LINE:COLUMN: what", where near with the right word as a hint.
 */
enum lwc_code lwc_conf_parse_from(const struct lwc_conf_input *input, const char *text, size_t len,
                                  const char *source, const char *path, struct lwc_conf **conf_out,
                                  struct lwc_error *err) LWC_RESULT;

/* The same without includes. */
enum lwc_code lwc_conf_parse(const char *text, size_t len, const char *source,
                             struct lwc_conf **conf_out, struct lwc_error *err) LWC_RESULT;

#endif
