/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CONF_CONTROL_H
#define CORE_CONF_CONTROL_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "conf/conf.h"
#include "conf/lexer.h"

/* Controls: words and bracketed lists of what to do about each outcome, as action tables. */

/* A word and what it stands for: "required", "success=ok default=bad". */
struct lwc_control_word {
    const char *word;
    const char *meaning;
};

/* The words, in the order of their manual; NULL behind the last. */
const struct lwc_control_word *lwc_control_word_at(size_t index);

/* "not_found", "done".  Static. */
const char *lwc_outcome_name(enum lwc_outcome outcome);

/* How an action is written: "die", "2".  Into @out, which it returns. */
#define LWC_ACTION_TEXT_LEN 12
const char *lwc_action_text(uint16_t action, char out[LWC_ACTION_TEXT_LEN]);

/* How many lines @action passes over; 0 for one that is no skip. */
unsigned lwc_action_skip(uint16_t action);

/*
 * Parse the control @word.
 *
 * @at_out  on failure, where in the file.
 * Returns LWC_OK or LWC_E_INVALID.
 */
enum lwc_code lwc_control_parse(const struct lwc_word *word, uint16_t actions_out[LWC_OUT_COUNT],
                                size_t *at_out, struct lwc_error *err) LWC_RESULT;

/*
 * Write an action table as the shortest bracketed list that means it, "[success=ok default=bad]":
 * what an error leads to is the default.  Returns @out.
 */
#define LWC_CONTROL_TEXT_LEN 160
char *lwc_control_text(const uint16_t actions[LWC_OUT_COUNT], char out[LWC_CONTROL_TEXT_LEN]);

#endif
