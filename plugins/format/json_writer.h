/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_FORMAT_JSON_WRITER_H
#define PLUGINS_FORMAT_JSON_WRITER_H

#include <stddef.h>

#include <lwcred/backend.h>

#include "base/buffer.h"
#include "base/error.h"

/* Flat JSON objects, as every command prints them. */

/*
 * One member.  @text becomes a JSON string; where it is NULL, @literal stands as it is (a number,
 * true, null, an array).
 */
struct lwc_member {
    const char *name;
    const char *text;
    const char *literal;
};

#define LWC_TRUTH(flag) ((flag) ? "true" : "false")

/* Append {"name":value,...} without a newline. */
enum lwc_code lwc_json_append(struct lwc_buf *out, const struct lwc_member *members, size_t count,
                              struct lwc_error *err) LWC_RESULT;

/* Append the object that stands for a credential: its identity and @backend. */
enum lwc_code lwc_json_append_identity(struct lwc_buf *out, const struct lwc_identity *id,
                                       const char *backend, struct lwc_error *err) LWC_RESULT;

/*
 * The same as `list --json` shows it, with the member tokenExpiresIn: @expires_in is a number of
 * seconds, or "null" where no token is cached; NULL: without that member.
 */
enum lwc_code lwc_json_append_stored(struct lwc_buf *out, const struct lwc_identity *id,
                                     const char *backend, const char *expires_in,
                                     struct lwc_error *err) LWC_RESULT;

/* "access-key", "token", "agent-token"; "unknown" for another number.  Static. */
const char *lwc_kind_name(uint32_t kind);

#endif
