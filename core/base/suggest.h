/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_SUGGEST_H
#define CORE_BASE_SUGGEST_H

#include <stddef.h>

#include "base/error.h"

/*
 * Fails with LWC_E_INVALID for @word, which is none of @count @words: "unknown KIND 'WORD'", with
 * the nearest of them as hint, or no hint.  Quotes words of a-z and '-' only: other text may be a
 * secret in the wrong place.
 */
enum lwc_code lwc_fail_unknown(struct lwc_error *err, const char *kind, const char *word,
                               const char *const *words, size_t count) LWC_RESULT;

/*
 * Sets the hint "did you mean BEFORE NEAREST AFTER?", without the blanks, if one of @count @words
 * is near to @word (base/text.h), and returns @code.
 */
enum lwc_code lwc_hint_nearest(struct lwc_error *err, enum lwc_code code, const char *before,
                               const char *word, const char *const *words, size_t count,
                               const char *after);

#endif
