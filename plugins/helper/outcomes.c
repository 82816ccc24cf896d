/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/outcomes.h"

#include <stdio.h>

#include "plugins/helper/output.h"
#include "plugins/helper/program.h"

struct lwc_outcomes lwc_outcomes_begin(struct lwc_app *app, struct lwc_error *err)
{
    return (struct lwc_outcomes){.app = app, .report = lwc_report_begin(app, err)};
}

void lwc_outcomes_clear(struct lwc_outcomes *outcomes)
{
    lwc_report_clear(&outcomes->report);
}

static void add_object(struct lwc_outcomes *outcomes, const struct lwc_identity *id,
                       const char *result, const char *backend, const struct lwc_error *why)
{
    struct lwc_report *report = &outcomes->report;

    if (!report->json) {
        return;
    }
    LWC_REPORT_ADD(report, "%s{", outcomes->count == 0 ? "[" : ",");
    lwc_report_add_member(report, "profile", id->profile);
    LWC_REPORT_ADD(report, ",");
    lwc_report_add_member(report, "account", id->account);
    LWC_REPORT_ADD(report, ",");
    lwc_report_add_member(report, "keyId", id->key_id);
    LWC_REPORT_ADD(report, ",");
    lwc_report_add_member(report, "backend", backend);
    LWC_REPORT_ADD(report, ",");
    lwc_report_add_member(report, "result", why != NULL ? "failed" : result);
    LWC_REPORT_ADD(report, ",\"status\":%d", why != NULL ? (int)why->code : 0);
    if (why != NULL) {
        LWC_REPORT_ADD(report, ",");
        lwc_report_add_member(report, "error", why->msg);
    }
    LWC_REPORT_ADD(report, "}");
}

static int rank_code(const struct lwc_error *why)
{
    return why->code == LWC_E_INTERNAL ? LWC_E_FAILED + 1 : (int)why->code;
}

void lwc_outcomes_add(struct lwc_outcomes *outcomes, const struct lwc_identity *id,
                      const char *result, const char *backend, const char *text,
                      const struct lwc_error *why)
{
    add_object(outcomes, id, result, backend, why);
    outcomes->count++;
    if (why == NULL) {
        lwc_app_say(outcomes->app, "profile '%s' (%s, key id %s) %s", id->profile, id->account,
                    id->key_id[0] != '\0' ? id->key_id : "-", text);
        return;
    }
    lwc_output_line("profile '%s' %s: %s", id->profile, text, why->msg);
    if (rank_code(why) > rank_code(&outcomes->worst)) {
        outcomes->worst = *why;
    }
    outcomes->failed++;
}

enum lwc_code lwc_outcomes_end(struct lwc_outcomes *outcomes, const char *what,
                               struct lwc_error *err)
{
    struct lwc_report *report = &outcomes->report;
    const enum lwc_code worst = outcomes->worst.code;

    if (report->json) {
        LWC_REPORT_ADD(report, "%s]\n", outcomes->count == 0 ? "[" : "");
        if (lwc_report_write(report) != LWC_OK) {
            return report->code != LWC_OK ? report->code : LWC_E_IO;
        }
    }
    if (outcomes->failed == 0) {
        return LWC_OK;
    }
    if (outcomes->count > 1) {
        (void)!lwc_fail(err, worst, "%s: %zu of %zu failed", what, outcomes->failed,
                        outcomes->count);
    } else {
        *err = outcomes->worst;
        (void)!lwc_wrap(err, worst, "%s", what);
    }
    return outcomes->worst.hint[0] != '\0' ? lwc_hint(err, worst, "%s", outcomes->worst.hint)
                                           : worst;
}
