/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_HELPER_OUTPUT_H
#define PLUGINS_HELPER_OUTPUT_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/util.h"

/*
 * All output of the program.
 *
 * MUST:
 *  1. The answer is written once, whole, and the write is checked.
 *  2. A line on stderr is one line of printable text and begins with the program's name or
 *     "hint: ", or is a JSON object: a reader of both streams can tell it from an answer.
 *  3. No line on stderr holds "##[" or "##vso[", the commands of a CI runner.
 */

#define LWC_PROGRAM "lw-credential-helper"

/* Writes the whole answer to standard output.  Returns LWC_E_IO if that fails. */
enum lwc_code lwc_output_write(const struct lwc_buf *answer, struct lwc_error *err) LWC_RESULT;

/* Prints "lw-credential-helper: TEXT" on stderr.  Never a secret. */
void lwc_output_line(const char *fmt, ...) LWC_PRINTF(1, 2);

/* Prints the error line and its hint; with @json also as a JSON object. */
void lwc_output_error(const struct lwc_error *err, bool json);

/*
 * Copies @text to @out, @cap bytes at most, in a form safe for stderr: printable, with a blank in
 * each "##".  Returns @out.
 */
char *lwc_output_defuse(char *out, size_t cap, const char *text);

#endif
