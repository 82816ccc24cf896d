/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_HELPER_OUTCOMES_H
#define PLUGINS_HELPER_OUTCOMES_H

#include "base/error.h"
#include "base/identity.h"
#include "plugins/helper/report.h"

/*
 * Outcomes of a command that works on several credentials: a line on stderr for each, an array of
 * objects on stdout with --json, and one status for all.
 */

struct lwc_outcomes {
    struct lwc_app *app;
    struct lwc_report report;
    size_t count;
    size_t failed;
    struct lwc_error worst;
};

/* Begins; call lwc_outcomes_clear(), also after a failure.  @err stays in use until then. */
struct lwc_outcomes lwc_outcomes_begin(struct lwc_app *app, struct lwc_error *err);
void lwc_outcomes_clear(struct lwc_outcomes *outcomes);
#define LWC_AUTO_OUTCOMES LWC_AUTO(struct lwc_outcomes, lwc_outcomes_clear)

/*
 * Reports credential @id.
 *
 * @result   word for JSON: "imported"; NULL after a failure.
 * @backend  where the credential is now, or "".
 * @text     the line, after "profile 'NAME' (ACCOUNT, key id ID) "; of a failure, what failed.
 * @why      the failure, or NULL.
 */
void lwc_outcomes_add(struct lwc_outcomes *outcomes, const struct lwc_identity *id,
                      const char *result, const char *backend, const char *text,
                      const struct lwc_error *why);

/*
 * Writes the array with --json.  Returns the only failure; of several, the highest code (but a
 * defect before all), with the number of failures: "import: 2 of 5 failed".
 */
enum lwc_code lwc_outcomes_end(struct lwc_outcomes *outcomes, const char *what,
                               struct lwc_error *err) LWC_RESULT;

#endif
