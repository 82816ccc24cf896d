/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Imports access keys from files of other tools.
 *
 * MUST:
 *  1. A key is removed where it was only after its new place was read back and a token was made
 *     with it: a run that is killed leaves it in at least one place, and the next run goes on.
 *  2. No message quotes a value of the source.
 */
#include "plugins/helper/commands/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/safefile.h"
#include "base/util.h"
#include "plugins/helper/program.h"
#include "plugins/helper/shared_options.h"
#include "plugins/import/leftovers.h"

#define CLI_FILE "~/.lacework.toml"

static const struct {
    const char *name;
    enum lwc_import_format format;
} formats[] = {
    {"lacework-cli", LWC_IMPORT_LACEWORK_CLI},
    {"json", LWC_IMPORT_JSON},
    {"txt", LWC_IMPORT_TXT},
    {"env", LWC_IMPORT_ENV},
};

static enum lwc_code find_format(const char *name, enum lwc_import_format *format_out,
                                 struct lwc_error *err)
{
    for (size_t i = 0; i < LWC_ARRAY_LEN(formats); i++) {
        if (lwc_streq(formats[i].name, name)) {
            *format_out = formats[i].format;
            return LWC_OK;
        }
    }
    return lwc_fail(err, LWC_E_INVALID, "import: --from: lacework-cli, json, txt or env expected");
}

/* Looks at the file; a missing one is read later, and its absence reported then. */
static enum lwc_code detect_format(const char *path, enum lwc_import_format *format_out,
                                   struct lwc_error *err)
{
    LWC_AUTO_BUF text = NULL;
    enum lwc_code code = lwc_buf_new(4096, &text, err);

    if (code == LWC_OK) {
        code = lwc_file_read_named("import", path, (size_t)1024 * 1024, text, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    *format_out = lwc_import_detect(lwc_buf_text(text), lwc_buf_len(text));
    return *format_out != LWC_IMPORT_UNKNOWN
               ? LWC_OK
               : lwc_hint(err,
                          lwc_fail(err, LWC_E_INVALID, "import: %s: cannot tell what it is", path),
                          "say it with --from lacework-cli, json, txt or env");
}

static enum lwc_code choose_format(const struct lwc_import *import, const char *file,
                                   enum lwc_import_format *format_out, struct lwc_error *err)
{
    const char *from = lwc_args_value(&import->app->args, &lwc_opt_from);

    if (from != NULL) {
        return find_format(from, format_out, err);
    }
    if (file == NULL) {
        *format_out = LWC_IMPORT_LACEWORK_CLI;
        return LWC_OK;
    }
    if (lwc_streq(file, "-")) {
        return lwc_fail(err, LWC_E_INVALID, "import: standard input needs --from json, txt or env");
    }
    return detect_format(file, format_out, err);
}

static enum lwc_code check_usage(const struct lwc_import *import, const char *file,
                                 enum lwc_import_format format, struct lwc_error *err)
{
    const bool is_file = file != NULL && !lwc_streq(file, "-");
    const bool is_cli = format == LWC_IMPORT_LACEWORK_CLI;
    const struct {
        bool is_wrong;
        const char *text;
    } rules[] = {
        {import->is_deleting && !import->is_proved,
         "--delete-source and --no-verify: not together, a key is proved before it is removed"},
        {import->is_deleting && !is_file && !is_cli, "--delete-source: only a file can be changed"},
        {import->is_deleting_all && !is_cli, "--delete-source=all is for the Lacework CLI's file"},
        {file == NULL && (format == LWC_IMPORT_JSON || format == LWC_IMPORT_TXT),
         "a file must be named"},
        {is_cli && file != NULL && !is_file, "standard input: --from json, txt or env expected"},
        {file != NULL && !is_file && isatty(STDIN_FILENO) == 1,
         "standard input is a terminal, which would show the secret"},
    };

    for (size_t i = 0; i < LWC_ARRAY_LEN(rules); i++) {
        if (rules[i].is_wrong) {
            return lwc_fail(err, LWC_E_INVALID, "import: %s", rules[i].text);
        }
    }
    return LWC_OK;
}

/* Fills in path and shown. */
static enum lwc_code find_source(struct lwc_import *import, const char *file,
                                 enum lwc_import_format format, struct lwc_error *err)
{
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    enum lwc_code code = LWC_OK;

    if (file != NULL && lwc_streq(file, "-")) {
        import->shown = "standard input";
        return LWC_OK;
    }
    if (file == NULL && format == LWC_IMPORT_ENV) {
        import->shown = "the environment";
        return LWC_OK;
    }
    file = file != NULL ? file : CLI_FILE;
    code = lwc_path_resolve(file, &path, err);
    if (code != LWC_OK) {
        return lwc_wrap(err, code == LWC_E_NOT_FOUND ? LWC_E_INVALID : code, "import: %s", file);
    }
    lwc_path_text(&path, import->path);
    import->shown = import->path;
    return LWC_OK;
}

/* Keeps imports of a file apart, and finds the journal of one that was killed. */
static enum lwc_code open_journal(struct lwc_import *import, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    if (import->path[0] == '\0' || !import->is_deleting || import->is_dry) {
        return LWC_OK;
    }
    code = lwc_journal_open("import", import->path, lwc_app_deadline_ms(import->app),
                            &import->journal, err);
    if (code != LWC_OK) {
        return code;
    }
    import->is_again = lwc_journal_step(import->journal)[0] != '\0';
    return lwc_journal_write(import->journal, "import", err);
}

static void print_leftover(void *data, const char *path, const struct lwc_error *why)
{
    const struct lwc_import *import = data;

    if (why != NULL) {
        lwc_app_warn(import->app, "cannot remove %s", why->msg);
    } else if (import->is_deleting_all && !import->is_dry) {
        lwc_app_say(import->app, "removed %s", path);
    } else {
        lwc_app_say(import->app, "secrets or tokens are left in %s", path);
    }
}

enum lwc_code lwc_import_leftovers(struct lwc_import *import, struct lwc_error *err)
{
    const char *home = getenv("HOME");
    const bool is_complete = import->outcomes.failed == 0;

    if (!import->is_deleting || home == NULL || home[0] != '/') {
        return LWC_OK;
    }
    return lwc_leftovers_visit(home, import->is_deleting_all && !import->is_dry && is_complete,
                               print_leftover, import, err);
}

static enum lwc_code import_all(struct lwc_import *import, enum lwc_import_format format,
                                struct lwc_error *err)
{
    struct lwc_error leftover = {0};
    enum lwc_code code = format == LWC_IMPORT_LACEWORK_CLI ? lwc_import_profiles(import, err)
                                                           : lwc_import_one(import, format, err);
    enum lwc_code left = LWC_OK;

    if (code == LWC_OK && format == LWC_IMPORT_LACEWORK_CLI) {
        left = lwc_import_leftovers(import, &leftover);
    }
    if (code == LWC_OK) {
        code = lwc_outcomes_end(&import->outcomes, "import", err);
    }
    if (code == LWC_OK && left != LWC_OK) {
        *err = leftover;
        code = left;
    }
    return code;
}

static enum lwc_code run_source(struct lwc_import *import, enum lwc_import_format format,
                                struct lwc_error *err)
{
    enum lwc_code code = open_journal(import, err);

    if (code != LWC_OK) {
        return code;
    }
    import->outcomes = lwc_outcomes_begin(import->app, err);
    code = import_all(import, format, err);
    lwc_outcomes_clear(&import->outcomes);
    if (import->journal == NULL) {
        return code;
    }
    if (code != LWC_OK) { /* reported: the next run begins anew, with what is left */
        (void)!lwc_journal_finish(import->journal, NULL);
        return code;
    }
    return lwc_journal_finish(import->journal, err);
}

static enum lwc_code run_import(struct lwc_app *app, struct lwc_error *err)
{
    const struct lwc_args *args = &app->args;
    const char *file = args->operands > 0 ? args->operand[0] : NULL;
    const char *deleting = lwc_args_value(args, &lwc_opt_delete_source);
    struct lwc_import import = {
        .app = app,
        .profile = lwc_args_value(args, &lwc_opt_profile),
        .account = app->account[0] != '\0' ? app->account : NULL,
        .backend = lwc_args_value(args, &lwc_opt_backend),
        .is_dry = lwc_args_has(args, &lwc_opt_dry_run),
        .is_proved = !lwc_args_has(args, &lwc_opt_no_verify),
        .is_replacing = lwc_args_has(args, &lwc_opt_replace),
        .is_deleting = deleting != NULL,
        .is_deleting_all = deleting != NULL && lwc_streq(deleting, "all"),
    };
    enum lwc_import_format format = LWC_IMPORT_UNKNOWN;
    enum lwc_code code = LWC_OK;

    if (deleting != NULL && deleting[0] != '\0' && !import.is_deleting_all) {
        return lwc_fail(err, LWC_E_INVALID, "import: --delete-source=all expected");
    }
    if (import.is_deleting_all && (import.profile != NULL || import.account != NULL)) {
        return lwc_hint(
            err,
            lwc_fail(err, LWC_E_INVALID,
                     "import: --delete-source=all removes the backups of every profile, "
                     "so it is not for one alone"),
            "leave --profile and --account out, or say --delete-source");
    }
    if (import.profile != NULL && lwc_streq(import.profile, "env")) {
        return lwc_fail(err, LWC_E_INVALID, "profile 'env': kept for environment credentials");
    }
    code = choose_format(&import, file, &format, err);
    if (code == LWC_OK) {
        code = check_usage(&import, file, format, err);
    }
    if (code == LWC_OK) {
        code = find_source(&import, file, format, err);
    }
    if (code == LWC_OK) {
        code = lwc_app_open(app, err);
    }
    if (code == LWC_OK) {
        code = run_source(&import, format, err);
    }
    lwc_journal_close(&import.journal);
    return code;
}

const struct lwc_command lwc_import_command = {
    .name = "import",
    .summary = "store the keys of other tools' files",
    .options = LWC_OPTIONS(&lwc_opt_from, &lwc_opt_backend, &lwc_opt_no_verify, &lwc_opt_dry_run,
                           &lwc_opt_replace, &lwc_opt_delete_source),
    .operands = "[FILE]",
    .operands_max = 1,
    .text = "FILE is ~/.lacework.toml, the console's JSON, FortiCloud's TXT or a file of\n"
            "variables, told apart by a look at it, or by --from lacework-cli, json, txt or env;\n"
            "- is standard input, and without FILE --from env reads the environment.  Each key\n"
            "is proved by one exchange.  --delete-source empties its secret in FILE, or removes\n"
            "a downloaded file, once the new place was read back; =all also removes the CLI's\n"
            "old backups and its tokens in plain text.",
    .example = "import ~/.lacework.toml --delete-source",
    .run = run_import,
};
