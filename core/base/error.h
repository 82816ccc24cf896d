/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_ERROR_H
#define CORE_BASE_ERROR_H

#include <stdbool.h>

#include <lwcred/error.h>

#include "base/util.h"

/*
 * Describes a failure in @err (may be NULL) and returns @code: "return lwc_fail(err, ...)".
 * Replaces the earlier content of @err, with its hint.  The text is made printable and cut to fit.
 * errno is preserved.
 */
enum lwc_code lwc_fail(struct lwc_error *err, enum lwc_code code, const char *fmt, ...)
    LWC_PRINTF(3, 4) LWC_RESULT;

/* As lwc_fail(), where only the text in @err is wanted. */
void lwc_describe(struct lwc_error *err, enum lwc_code code, const char *fmt, ...) LWC_PRINTF(3, 4);

/* Copies @why to @err (may be NULL) and returns @code.  LWC_OK changes nothing. */
enum lwc_code lwc_error_pass(struct lwc_error *err, enum lwc_code code,
                             const struct lwc_error *why);

/* As lwc_fail(), with ": strerror(@sys)" behind the text and @sys in err->sys. */
enum lwc_code lwc_fail_sys(struct lwc_error *err, enum lwc_code code, int sys, const char *fmt, ...)
    LWC_PRINTF(4, 5) LWC_RESULT;

/* Fails for lack of memory: LWC_E_IO with ENOMEM. */
enum lwc_code lwc_fail_nomem(struct lwc_error *err) LWC_RESULT;

/*
 * Puts context in front of @err's text, "CONTEXT: text", cut at the end, and returns @code, which
 * becomes the code of @err.  Keeps the hint.  LWC_OK changes nothing.
 */
enum lwc_code lwc_wrap(struct lwc_error *err, enum lwc_code code, const char *fmt, ...)
    LWC_PRINTF(3, 4) LWC_RESULT;

/* Sets the hint, which says what the user can do, and returns @code. */
enum lwc_code lwc_hint(struct lwc_error *err, enum lwc_code code, const char *fmt, ...)
    LWC_PRINTF(3, 4);

/*
 * Sets the hint "@command 'NAME'", to be typed into a shell, and returns @code.  A name with a
 * quote, which would end the quoting, is left out.
 */
enum lwc_code lwc_hint_command(struct lwc_error *err, enum lwc_code code, const char *command,
                               const char *name);

/*
 * Returns whether a failure is transient: no descriptors or memory left, an input/output error.
 * The same call may succeed soon, so that its failure must not be remembered.
 */
bool lwc_error_is_passing(const struct lwc_error *err) LWC_RESULT;

/*
 * Returns the name of @code as in lw-credential-helper(1), "not-found", or "unknown" for a number
 * that is no code.  Static.
 */
const char *lwc_code_name(enum lwc_code code);

#endif
