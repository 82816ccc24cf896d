/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_STACK_SURVEY_H
#define CORE_STACK_SURVEY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "stack/stack.h"

/*
 * Records which lines of a stack could not be asked during one request.
 *
 * absent      lines passed over because their backend is not there (LWC_E_UNAVAILABLE).
 * has_store   a line other than that of the environment answered, if only with a failure.
 * first       the answer of the first absent line.
 * names       "NAME (why), NAME (why)" of the absent lines, cut if too long, without those that
 *             lwc_survey_is_expected() holds for.
 *
 * All zero at first.
 */
struct lwc_survey {
    size_t absent;
    bool has_store;
    struct lwc_error first;
    char names[LWC_ERROR_HINT_LEN / 2];
};

/* Record one line of a walk. */
void lwc_survey_note(struct lwc_survey *survey, const struct lwc_turn *turn);

/* Warn of a line that failed and is passed over. */
void lwc_survey_warn(const struct lwc_turn *turn);

/* Return whether a built-in stack names the line's module and this installation lacks it. */
bool lwc_survey_is_expected(const struct lwc_turn *turn) LWC_RESULT;

/* Return whether the control passes over the line with its answer. */
bool lwc_survey_is_passed_over(const struct lwc_turn *turn) LWC_RESULT;

/*
 * Complete @err of a search that found nothing (LWC_E_NOT_FOUND): names the absent lines, and
 * returns LWC_E_UNAVAILABLE in place of LWC_E_NOT_FOUND where every store is absent.
 */
enum lwc_code lwc_survey_conclude(const struct lwc_survey *survey, struct lwc_error *err)
    LWC_RESULT;

#endif
