/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_NET_JSON_H
#define CORE_NET_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/json_span.h"

/*
 * A strict reader of JSON (RFC 8259); no other file knows cJSON.  Strict: one value and nothing
 * behind it, no NUL (raw or as an escape), no key twice in one object, at most LWC_JSON_DEPTH
 * levels and LWC_JSON_MAX bytes.  Texts of a tree are wiped before it is freed; the hooks of cJSON
 * belong to the program and are not changed.
 */

#define LWC_JSON_MAX ((size_t)1024 * 1024)

struct lwc_json; /* a parsed tree, or a value in one */

#define LWC_AUTO_JSON LWC_AUTO(struct lwc_json *, lwc_json_free)

/* Parses @len bytes.  LWC_E_INVALID names the error, never quotes the text.  Owned by caller. */
enum lwc_code lwc_json_parse(const void *bytes, size_t len, struct lwc_json **json_out,
                             struct lwc_error *err) LWC_RESULT;

/* Frees a tree (the pointer that lwc_json_parse() gave) and sets *json to NULL. */
void lwc_json_free(struct lwc_json **json);

/*
 * Returns the member that @path names ("data.message"), borrowed from the tree; NULL if a step of
 * the path is missing or no object.
 */
const struct lwc_json *lwc_json_at(const struct lwc_json *json, const char *path);

bool lwc_json_is_object(const struct lwc_json *json);
bool lwc_json_is_array(const struct lwc_json *json);

/* Returns the text of a string value, borrowed; NULL for another value, or NULL. */
const char *lwc_json_text(const struct lwc_json *json);

#endif
