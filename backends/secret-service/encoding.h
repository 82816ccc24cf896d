/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_SECRET_SERVICE_ENCODING_H
#define BACKENDS_SECRET_SERVICE_ENCODING_H

#include "base/buffer.h"
#include "base/error.h"

/*
 * A secret as one line of text.
 *
 * MUST:
 *  1. Only printable ASCII without blanks is ever written: a newline in a keyring without a
 *     password makes GNOME Keyring 42 lose that whole keyring at its next start.
 *  2. Any bytes come back as they were; what was not written by these rules is refused, not
 *     guessed at.
 *
 * A secret of printable ASCII without blanks, as access keys have, is its own line, so that other
 * programs can read and write it.  Any other, and one that begins with the prefix, is written as
 * "base64:" and RFC 4648 base64 with its padding.
 */

#define LWC_CODING_PREFIX "base64:"

/* Longest line that can be of ours, with the newline that an editor or echo puts behind it. */
#define LWC_CODING_MAX (sizeof LWC_CODING_PREFIX + (LWC_SECRET_MAX + 2) / 3 * 4 + 2)

/* @line_out  owned by the caller. */
enum lwc_code lwc_encoding_encode(const void *bytes, size_t len, struct lwc_buf **line_out,
                                  struct lwc_error *err) LWC_RESULT;

/* LWC_E_CORRUPT: this is no secret of ours. */
enum lwc_code lwc_encoding_decode(const void *line, size_t len, struct lwc_buf **secret_out,
                                  struct lwc_error *err) LWC_RESULT;

#endif
