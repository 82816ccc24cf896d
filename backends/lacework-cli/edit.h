/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_LACEWORK_CLI_EDIT_H
#define BACKENDS_LACEWORK_CLI_EDIT_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/*
 * Appends @text to @edited, with "" in place of the texts that the keys @keys (in lower case; found
 * in any case) have in table number @table_id.  All other bytes, comments among them, stay; the
 * result is parsed, and has all other keys with the values that they had.
 *
 * @path  names the file in messages.
 * Returns LWC_OK; LWC_E_INVALID with @path and line where a value cannot be taken out.
 */
enum lwc_code lwc_edit_empty(const char *path, const struct lwc_buf *text, size_t table_id,
                             const char *const *keys, size_t count, struct lwc_buf *edited,
                             struct lwc_error *err) LWC_RESULT;

#endif
