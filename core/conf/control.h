/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CONF_CONTROL_H
#define CORE_CONF_CONTROL_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "conf/conf.h"
#include "conf/lexer.h"

/* Controls, words and bracketed lists with an action for each outcome, as action tables. */

/* A word and its meaning: "required", "success=ok default=bad". */
struct lwc_control_word {
    const char *word;
    const char *meaning;
};

/* Returns a word, in the order of the manual; NULL behind the last. */
const struct lwc_control_word *lwc_control_word_at(size_t index);

/* Returns the word for @outcome, "not_found".  Static. */
const char *lwc_outcome_name(enum lwc_outcome outcome);

/* Returns the text of an action, "die" or "2": static, or in @out. */
#define LWC_ACTION_TEXT_LEN 12
const char *lwc_action_text(uint16_t action, char out[LWC_ACTION_TEXT_LEN]);

/* Returns how many lines @action skips; 0 for other actions. */
unsigned lwc_action_skip(uint16_t action);

/*
 * Parses the control @word.
 *
 * @at_out  on failure, its place in the file.
 * Returns LWC_OK or LWC_E_INVALID.
 */
enum lwc_code lwc_control_parse(const struct lwc_word *word, uint16_t actions_out[LWC_OUT_COUNT],
                                size_t *at_out, struct lwc_error *err) LWC_RESULT;

/*
 * Writes an action table as the shortest bracketed list with its meaning, "[success=ok
 * default=bad]"; the action for an error is the default.  Returns @out.
 */
#define LWC_CONTROL_TEXT_LEN 160
char *lwc_control_text(const uint16_t actions[LWC_OUT_COUNT], char out[LWC_CONTROL_TEXT_LEN]);

#endif
