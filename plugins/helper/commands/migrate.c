/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies or moves credentials from one backend to another.  Each is read back and compared before
 * it is removed where it was; a run that was killed is finished by the same command.
 */
#include <stdio.h>

#include "base/util.h"
#include "plugins/helper/credentials.h"
#include "plugins/helper/journal.h"
#include "plugins/helper/outcomes.h"
#include "plugins/helper/program.h"
#include "plugins/helper/shared_options.h"

static const struct lwc_option opt_to = {
    .name = "to", .value = "NAME", .help = "backend that receives them"};

struct migration {
    struct lwc_app *app;
    const char *from;
    const char *to;
    struct lwc_outcomes outcomes;
};

static bool has_option(const struct migration *migration, const struct lwc_option *option)
{
    return lwc_args_has(&migration->app->args, option);
}

static void migrate_one(struct migration *migration, const struct lwc_credentials_entry *entry)
{
    const bool is_moved = has_option(migration, &lwc_opt_delete_source);
    struct lwc_copy copy = {.size = sizeof copy,
                            .flags = LWC_COPY_RESUME,
                            .profile = entry->id.profile,
                            .backend = migration->from,
                            .new_backend = migration->to};
    struct lwc_error why = {0};
    char text[128];

    copy.flags |= is_moved ? LWC_COPY_REMOVE | LWC_COPY_PROVE : 0;
    copy.flags |= has_option(migration, &lwc_opt_replace) ? LWC_COPY_REPLACE : 0;
    if (has_option(migration, &lwc_opt_dry_run)) {
        (void)snprintf(text, sizeof text, "would be %s to backend '%s'",
                       is_moved ? "moved" : "copied", migration->to);
        lwc_outcomes_add(&migration->outcomes, &entry->id, "would-migrate", migration->from, text,
                         NULL);
        return;
    }
    if (lwc_key_copy(migration->app->ctx, migration->app->ctx, &copy, &why) != LWC_OK) {
        lwc_outcomes_add(&migration->outcomes, &entry->id, NULL, migration->from, "stays", &why);
        return;
    }
    (void)snprintf(text, sizeof text, "%s backend '%s'%s",
                   copy.was_there ? "was in"
                   : is_moved     ? "moved to"
                                  : "copied to",
                   migration->to,
                   copy.was_there && is_moved ? " already, and is removed where it was" : "");
    lwc_outcomes_add(&migration->outcomes, &entry->id, copy.was_there ? "already" : "migrated",
                     migration->to, text, NULL);
}

static enum lwc_code migrate_all(struct migration *migration, struct lwc_error *err)
{
    LWC_AUTO_CREDENTIALS credentials = {0};
    struct lwc_app *app = migration->app;
    struct lwc_error why = {0};
    const enum lwc_code code = lwc_credentials_load(app, &credentials, &why);

    for (const struct lwc_credentials_entry *entry = credentials.first; entry != NULL;
         entry = entry->next) {
        if (lwc_streq(entry->backend, migration->from)) {
            migrate_one(migration, entry);
        }
    }
    if (migration->outcomes.count == 0 && code != LWC_OK) {
        *err = why;
        return code;
    }
    if (migration->outcomes.count == 0 && lwc_args_has(&app->args, &lwc_opt_profile)) {
        return lwc_fail(err, LWC_E_NOT_FOUND, "backend '%s' does not hold that profile",
                        migration->from);
    }
    if (migration->outcomes.count == 0) {
        lwc_app_say(app, "backend '%s' holds nothing to migrate", migration->from);
    }
    return lwc_outcomes_end(&migration->outcomes, "migrate", err);
}

static enum lwc_code check_migration(const struct migration *migration, struct lwc_error *err)
{
    if (migration->from == NULL || migration->to == NULL) {
        return lwc_hint(err, lwc_fail(err, LWC_E_INVALID, "migrate: --from and --to are needed"),
                        "'lw-credential-helper backends' lists the backends");
    }
    if (has_option(migration, &lwc_opt_delete_source) &&
        lwc_args_value(&migration->app->args, &lwc_opt_delete_source)[0] != '\0') {
        return lwc_fail(err, LWC_E_INVALID, "migrate: --delete-source takes no value here");
    }
    return !lwc_streq(migration->from, migration->to)
               ? LWC_OK
               : lwc_fail(err, LWC_E_INVALID, "migrate: --from and --to are the same backend");
}

static enum lwc_code run_migrate(struct lwc_app *app, struct lwc_error *err)
{
    LWC_AUTO_JOURNAL journal = NULL;
    struct migration migration = {.app = app,
                                  .from = lwc_args_value(&app->args, &lwc_opt_from),
                                  .to = lwc_args_value(&app->args, &opt_to)};
    char name[2 * LWC_BACKEND_NAME_MAX + 8];
    enum lwc_code code = check_migration(&migration, err);

    if (code == LWC_OK) {
        (void)snprintf(name, sizeof name, "%.32s %.32s", migration.from, migration.to);
        code = lwc_app_open(app, err);
    }
    if (code == LWC_OK) {
        code = lwc_journal_open("migrate", name, lwc_app_deadline_ms(app), &journal, err);
    }
    if (code == LWC_OK && !has_option(&migration, &lwc_opt_dry_run)) {
        code = lwc_journal_write(journal, "copy", err);
    }
    if (code != LWC_OK) {
        return code;
    }
    migration.outcomes = lwc_outcomes_begin(app, err);
    code = migrate_all(&migration, err);
    lwc_outcomes_clear(&migration.outcomes);
    if (code != LWC_OK) {
        (void)!lwc_journal_finish(journal, NULL);
        return code;
    }
    return lwc_journal_finish(journal, err);
}

const struct lwc_command lwc_migrate_command = {
    .name = "migrate",
    .summary = "copy or move credentials to another backend",
    .options = LWC_OPTIONS(&lwc_opt_from, &opt_to, &lwc_opt_dry_run, &lwc_opt_delete_source,
                           &lwc_opt_replace),
    .text = "Those of --profile and --account, or all.  Each copy is read back and compared\n"
            "before anything is removed; what was interrupted, the same command finishes.",
    .example = "migrate --from file --to secret-service --delete-source",
    .run = run_migrate,
};
