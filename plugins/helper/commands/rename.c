/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Renames a stored credential: stored under the new name, read back, then removed under the old
 * one.  A journal tells a run that was killed in between from a new name that is taken.
 */
#include <stdio.h>
#include <string.h>

#include "base/identity.h"
#include "base/util.h"
#include "plugins/format/json_writer.h"
#include "plugins/helper/journal.h"
#include "plugins/helper/output.h"
#include "plugins/helper/program.h"
#include "plugins/helper/report.h"
#include "plugins/helper/shared_options.h"

static enum lwc_code note_held(void *data, const struct lwc_identity *id, const char *backend,
                               struct lwc_error *err)
{
    bool *is_held = data;

    (void)id;
    (void)backend;
    (void)err;
    *is_held = true;
    return LWC_OK;
}

/* The old name is gone and the new one there: a run before was killed at its end. */
static bool is_done(struct lwc_app *app, const char *new_name)
{
    const struct lwc_query query = {.size = sizeof query, .profile = new_name};
    bool is_held = false;

    return lwc_list(app->ctx, &query, note_held, &is_held, NULL) == LWC_OK && is_held;
}

static enum lwc_code check_interrupted(const struct lwc_journal *journal, const char *old_name,
                                       const char *new_name, struct lwc_error *err)
{
    const char *begun = lwc_journal_field(journal, "new-profile");
    enum lwc_code code = LWC_OK;

    if (begun == NULL || lwc_streq(begun, new_name)) {
        return LWC_OK;
    }
    code =
        lwc_fail(err, LWC_E_INVALID, "an earlier 'rename %s %s' was interrupted", old_name, begun);
    return lwc_hint(err, code, "finish it first: lw-credential-helper rename %s %s", old_name,
                    begun);
}

static enum lwc_code begin_journal(struct lwc_journal *journal, const char *old_name,
                                   const char *new_name, struct lwc_error *err)
{
    enum lwc_code code = check_interrupted(journal, old_name, new_name, err);

    if (code == LWC_OK) {
        code = lwc_journal_set(journal, "new-profile", new_name, err);
    }
    return code == LWC_OK ? lwc_journal_write(journal, "copy", err) : code;
}

/* A failure that left nothing half done needs no journal. */
static bool is_half_done(const struct lwc_copy *copy, bool is_resumed, enum lwc_code code)
{
    return copy->is_stored || code == LWC_E_IO ||
           (is_resumed && code != LWC_E_INVALID && code != LWC_E_NOT_FOUND);
}

static enum lwc_code copy_key(struct lwc_app *app, struct lwc_journal *journal, bool is_resumed,
                              struct lwc_copy *copy, struct lwc_error *err)
{
    enum lwc_code code = lwc_key_copy(app->ctx, app->ctx, copy, err);

    if (code == LWC_E_NOT_FOUND && is_resumed && is_done(app, copy->new_profile)) {
        code = LWC_OK;
    }
    if (code == LWC_OK) {
        return lwc_journal_finish(journal, err);
    }
    if (!is_half_done(copy, is_resumed, code) && lwc_journal_finish(journal, NULL) != LWC_OK) {
        lwc_app_warn(app, "the journal of this rename could not be removed");
    }
    return code;
}

static enum lwc_code print_renamed(struct lwc_app *app, const struct lwc_copy *copy,
                                   struct lwc_error *err)
{
    struct lwc_report report = lwc_report_begin(app, err);
    enum lwc_code code = LWC_OK;

    lwc_app_say(app, "renamed profile '%s' to '%s'", copy->profile, copy->new_profile);
    if (report.json) {
        LWC_REPORT_ADD(&report, "{");
        lwc_report_add_member(&report, "profile", copy->new_profile);
        LWC_REPORT_ADD(&report, ",");
        lwc_report_add_member(&report, "oldProfile", copy->profile);
        LWC_REPORT_ADD(&report, "}\n");
        code = lwc_report_write(&report);
    }
    lwc_report_clear(&report);
    return code;
}

static enum lwc_code rename_profile(struct lwc_app *app, const char *old_name, const char *new_name,
                                    struct lwc_error *err)
{
    LWC_AUTO_JOURNAL journal = NULL;
    struct lwc_copy copy = {.size = sizeof copy,
                            .flags = LWC_COPY_REMOVE,
                            .profile = old_name,
                            .backend = lwc_args_value(&app->args, &lwc_opt_backend),
                            .new_profile = new_name};
    bool is_resumed = false;
    enum lwc_code code =
        lwc_journal_open("rename", old_name, lwc_app_deadline_ms(app), &journal, err);

    if (code == LWC_OK) {
        is_resumed = lwc_journal_step(journal)[0] != '\0';
        copy.flags |= is_resumed ? LWC_COPY_RESUME : 0;
        code = begin_journal(journal, old_name, new_name, err);
    }
    if (code == LWC_OK) {
        code = copy_key(app, journal, is_resumed, &copy, err);
    }
    return code == LWC_OK ? print_renamed(app, &copy, err) : code;
}

static enum lwc_code run_rename(struct lwc_app *app, struct lwc_error *err)
{
    const char *old_name = lwc_args_value(&app->args, &lwc_opt_profile);
    const char *new_name = app->args.operand[0];
    enum lwc_code code = LWC_OK;

    if (old_name == NULL) {
        code = lwc_fail(err, LWC_E_INVALID, "rename: no profile given");
        return lwc_hint(err, code, "'lw-credential-helper list' shows the profiles");
    }
    code = lwc_profile_check(new_name, err);
    if (code == LWC_OK && lwc_streq(new_name, old_name)) {
        code = lwc_fail(err, LWC_E_INVALID, "both names are '%s'", new_name);
    }
    if (code == LWC_OK && lwc_streq(new_name, "env")) {
        code = lwc_fail(err, LWC_E_INVALID, "profile 'env': kept for environment credentials");
    }
    if (code == LWC_OK) {
        code = lwc_app_open(app, err);
    }
    if (code == LWC_OK) {
        code = rename_profile(app, old_name, new_name, err);
    }
    return code == LWC_OK ? code : lwc_wrap(err, code, "rename");
}

const struct lwc_command lwc_rename_command = {
    .name = "rename",
    .summary = "give a stored credential another name",
    .options = LWC_OPTIONS(&lwc_opt_backend),
    .operands = "[PROFILE] NEW",
    .operands_min = 1,
    .operands_max = 2,
    .has_profile_operand = true,
    .text = "PROFILE as with --profile.  The credential is stored under NEW and read back\n"
            "before the old name is removed; a name that is taken is refused.",
    .example = "rename default prod",
    .run = run_rename,
};
