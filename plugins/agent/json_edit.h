/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_AGENT_JSON_EDIT_H
#define PLUGINS_AGENT_JSON_EDIT_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/json_span.h"

/*
 * A JSON text with one member of one of its objects set; all other bytes stay as they are: unknown
 * members, their order and spelling, forms of numbers, white space.
 */

/*
 * Appends to @out the text @whole, in which @object lies, with the member @name set to @value, a
 * JSON text.  A member that is there keeps the spelling of its name; a new one comes first.
 * LWC_E_INVALID if @object is no object or has @name twice.
 */
enum lwc_code lwc_json_edit_set(struct lwc_json_span whole, struct lwc_json_span object,
                                const char *name, enum lwc_json_case how, const char *value,
                                struct lwc_buf *out, struct lwc_error *err) LWC_RESULT;

#endif
