/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_ERROR_H
#define CORE_BASE_ERROR_H

#include <stdbool.h>

#include <lwcred/error.h>

#include "base/util.h"

/*
 * Describe a failure in @err (may be NULL) and return @code: "return lwc_fail(err, ...)".
 * Replaces what stood in @err; clears its hint.  Text is made printable and cut to fit.
 * errno is preserved.
 */
enum lwc_code lwc_fail(struct lwc_error *err, enum lwc_code code, const char *fmt, ...)
    LWC_PRINTF(3, 4) LWC_RESULT;

/* The same, with ": strerror(@sys)" behind the text and @sys in err->sys. */
enum lwc_code lwc_fail_sys(struct lwc_error *err, enum lwc_code code, int sys, const char *fmt, ...)
    LWC_PRINTF(4, 5) LWC_RESULT;

/* Out of memory: LWC_E_IO with ENOMEM. */
enum lwc_code lwc_fail_nomem(struct lwc_error *err) LWC_RESULT;

/*
 * Put context in front of @err's text, "CONTEXT: text", cut at the end, and return @code, which
 * becomes its code.  Keeps the hint.  LWC_OK changes nothing.
 */
enum lwc_code lwc_wrap(struct lwc_error *err, enum lwc_code code, const char *fmt, ...)
    LWC_PRINTF(3, 4) LWC_RESULT;

/* Set the hint, what the user can do, and return @code. */
enum lwc_code lwc_hint(struct lwc_error *err, enum lwc_code code, const char *fmt, ...)
    LWC_PRINTF(3, 4);

/*
 * Set the hint "@command 'NAME'", to be typed into a shell.  A name with a quote, which would end
 * the quoting, is left out.  Returns @code.
 */
enum lwc_code lwc_hint_command(struct lwc_error *err, enum lwc_code code, const char *command,
                               const char *name);

/*
 * Returns whether a failure is one of the moment: no descriptors or memory left, an input/output
 * error.  The same call may succeed soon; its failure is not to be remembered.
 */
bool lwc_error_is_passing(const struct lwc_error *err) LWC_RESULT;

/*
 * The name of @code as in lw-credential-helper(1): "not-found".  Static; "unknown" for a number
 * that is no code.
 */
const char *lwc_code_name(enum lwc_code code);

#endif
