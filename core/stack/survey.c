/* SPDX-License-Identifier: Apache-2.0 */
#include "stack/survey.h"

#include <stdio.h>
#include <string.h>

#include "base/identity.h"
#include "base/util.h"

#define WHY_LEN 96

bool lwc_survey_is_expected(const struct lwc_turn *turn)
{
    return lwc_streq(turn->line->where.file, "built-in") && !lwc_backend_is_loaded(turn->backend);
}

/*
 * Returns the length of the reason to show: the whole text if short, else up to its last colon or
 * comma before the limit, where a detail begins.
 */
static int get_shown_len(const char *why)
{
    const size_t len = strlen(why);
    size_t shown = len <= WHY_LEN ? len : 0;

    for (size_t i = 1; len > WHY_LEN && i <= WHY_LEN; i++) {
        shown = (why[i] == ':' || why[i] == ',') && why[i + 1] == ' ' ? i : shown;
    }
    return (int)(shown > 0 ? shown : WHY_LEN);
}

static void add_name(struct lwc_survey *survey, const struct lwc_turn *turn)
{
    char name[LWC_BACKEND_NAME_MAX + WHY_LEN + sizeof " ()"];
    const size_t used = strlen(survey->names);

    (void)snprintf(name, sizeof name, "%s (%.*s)", turn->line->backend,
                   get_shown_len(turn->why->msg), turn->why->msg);
    if (lwc_survey_is_expected(turn) || strstr(survey->names, name) != NULL) {
        return;
    }
    (void)snprintf(survey->names + used, sizeof survey->names - used, "%s%s", used > 0 ? ", " : "",
                   name);
}

static void note_absent(struct lwc_survey *survey, const struct lwc_turn *turn)
{
    if (survey->absent++ == 0) {
        survey->first = *turn->why;
    }
    add_name(survey, turn);
}

bool lwc_survey_is_passed_over(const struct lwc_turn *turn)
{
    return turn->action == LWC_ACT_IGNORE || turn->action > LWC_ACT_SKIP;
}

void lwc_survey_note(struct lwc_survey *survey, const struct lwc_turn *turn)
{
    if (!turn->is_asked) {
        return;
    }
    if (turn->code == LWC_E_UNAVAILABLE) {
        note_absent(survey, turn);
        return;
    }
    survey->has_store = survey->has_store || !lwc_streq(turn->line->backend, LWC_ENVIRONMENT);
}

void lwc_survey_warn(const struct lwc_turn *turn)
{
    if (turn->is_asked && turn->code != LWC_OK && turn->code != LWC_E_NOT_FOUND &&
        turn->code != LWC_E_UNAVAILABLE && lwc_survey_is_passed_over(turn)) {
        lwc_backend_warn(turn->backend, "backend '%s' is passed over: %s", turn->line->backend,
                         turn->why->msg);
    }
}

enum lwc_code lwc_survey_conclude(const struct lwc_survey *survey, struct lwc_error *err)
{
    if (survey->absent > 0 && !survey->has_store) {
        return lwc_hint(
            err, lwc_fail(err, LWC_E_UNAVAILABLE, "no store can be asked: %s", survey->first.msg),
            "%s", survey->first.hint);
    }
    if (survey->names[0] != '\0' && err != NULL) {
        const struct lwc_error said = *err;

        return lwc_hint(err, LWC_E_NOT_FOUND, "%s%sabsent here, and not asked: %s", said.hint,
                        said.hint[0] != '\0' ? "; " : "", survey->names);
    }
    return LWC_E_NOT_FOUND;
}
