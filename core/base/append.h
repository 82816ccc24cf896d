/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_APPEND_H
#define CORE_BASE_APPEND_H

#include "base/buffer.h"
#include "base/error.h"

/* Text at the end of a buffer: formatted, or as a JSON string. */

/*
 * Appends @text to @out as a JSON string with its quotes (RFC 8259 section 7): control bytes are
 * escaped, and each byte of invalid UTF-8 becomes U+FFFD.  On failure @out is as before.
 */
enum lwc_code lwc_text_append_json(struct lwc_buf *out, const char *text, struct lwc_error *err)
    LWC_RESULT;

/* Appends formatted text as printf() does; copies of the text lie in wiped memory only. */
enum lwc_code lwc_text_append(struct lwc_buf *out, struct lwc_error *err, const char *fmt, ...)
    LWC_PRINTF(3, 4) LWC_RESULT;

#endif
