/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_FORMAT_JSON_WRITER_H
#define PLUGINS_FORMAT_JSON_WRITER_H

#include <stddef.h>

#include <lwcred/backend.h>

#include "base/buffer.h"
#include "base/error.h"

/* Flat JSON objects, as all commands print them. */

/*
 * A member of an object.  @text is written as a JSON string; if it is NULL, @literal is written as
 * it is (a number, true, null, an array).
 */
struct lwc_member {
    const char *name;
    const char *text;
    const char *literal;
};

#define LWC_TRUTH(flag) ((flag) ? "true" : "false")

/* Appends {"name":value,...} without a newline. */
enum lwc_code lwc_json_append(struct lwc_buf *out, const struct lwc_member *members, size_t count,
                              struct lwc_error *err) LWC_RESULT;

/* Appends a credential as an object: its identity and @backend. */
enum lwc_code lwc_json_append_identity(struct lwc_buf *out, const struct lwc_identity *id,
                                       const char *backend, struct lwc_error *err) LWC_RESULT;

/*
 * Appends a credential as `list --json` prints it, with the member tokenExpiresIn: @expires_in is
 * in seconds, or "null" if no token is cached.  NULL leaves the member out.
 */
enum lwc_code lwc_json_append_stored(struct lwc_buf *out, const struct lwc_identity *id,
                                     const char *backend, const char *expires_in,
                                     struct lwc_error *err) LWC_RESULT;

/* Returns "access-key", "token", "agent-token", or "unknown" for another number.  Static. */
const char *lwc_kind_name(uint32_t kind);

#endif
