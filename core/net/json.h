/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_NET_JSON_H
#define CORE_NET_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

/*
 * A strict reader of JSON (RFC 8259), the only file that knows cJSON.  Strict: one
 * value and nothing behind it, no NUL (raw or as an escape), no key twice in one object, at most
 * LWC_JSON_DEPTH levels and LWC_JSON_MAX bytes.  Texts of a tree are wiped before it is freed; the
 * hooks of cJSON, which belong to the program, are left alone.
 */

#define LWC_JSON_DEPTH 64
#define LWC_JSON_MAX ((size_t)1024 * 1024)

struct lwc_json; /* a parsed tree, or a value in one */

#define LWC_AUTO_JSON LWC_AUTO(struct lwc_json *, lwc_json_free)

/* Parse @len bytes.  LWC_E_INVALID says what is wrong, never quotes the text.  Freed by caller. */
enum lwc_code lwc_json_parse(const void *bytes, size_t len, struct lwc_json **json_out,
                             struct lwc_error *err) LWC_RESULT;

/* Free a tree (the pointer that lwc_json_parse gave), set *json to NULL. */
void lwc_json_free(struct lwc_json **json);

/*
 * The member that @path names ("data.message"), or NULL.  Borrowed from the tree.  A path step
 * into what is no object is NULL.
 */
const struct lwc_json *lwc_json_at(const struct lwc_json *json, const char *path);

bool lwc_json_is_object(const struct lwc_json *json);
bool lwc_json_is_array(const struct lwc_json *json);

/* The text of a string value, else NULL (also for NULL).  Borrowed. */
const char *lwc_json_text(const struct lwc_json *json);

#endif
