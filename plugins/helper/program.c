/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/program.h"

#include <string.h>

#include "base/identity.h"
#include "base/util.h"
#include "plugins/helper/help.h"
#include "plugins/helper/shared_options.h"

#define NAME_LEN 64

#define LWC_COMMAND(name) &lwc_##name##_command,
static const struct lwc_command *const commands[] = {
#include "plugins/helper/commands.def"
    NULL};
#undef LWC_COMMAND

const struct lwc_command lwc_program = {
    .name = "lw-credential-helper",
    .summary = "Keeps Lacework access keys and turns them into fresh bearer tokens.",
    .options = lwc_program_options,
    .subcommands = commands,
    .example = "add --profile prod --account acme",
};

static enum lwc_code handle_no_command(const struct lwc_app *app, struct lwc_error *err)
{
    if (lwc_args_has(&app->args, &lwc_opt_help)) {
        return lwc_help_print(&app->args, err);
    }
    return lwc_hint(err, lwc_fail(err, LWC_E_INVALID, "no command"),
                    "usage: lw-credential-helper [OPTION]... COMMAND [OPTION]...; "
                    "'lw-credential-helper --help' says more");
}

/* Takes the first operand of a command that takes a profile for --profile. */
static enum lwc_code take_profile(struct lwc_app *app, struct lwc_error *err)
{
    struct lwc_args *args = &app->args;
    const struct lwc_command *command = lwc_args_command(args);
    const char *profile = args->operand[0];
    char name[NAME_LEN];
    enum lwc_code code = LWC_OK;

    if (!command->has_profile_operand || args->operands < command->operands_max) {
        return LWC_OK;
    }
    lwc_args_name(args, name, sizeof name);
    if (lwc_args_has(args, &lwc_opt_profile)) {
        return lwc_fail(err, LWC_E_INVALID, "%s: the profile is given twice", name);
    }
    code = lwc_profile_check(profile, err);
    if (code != LWC_OK) {
        return lwc_wrap(err, code, "%s", name);
    }
    args->operands--;
    memmove(args->operand, args->operand + 1, args->operands * sizeof args->operand[0]);
    return lwc_args_add(args, &lwc_opt_profile, profile)
               ? LWC_OK
               : lwc_fail(err, LWC_E_INVALID, "more than %d options", LWC_GIVEN_MAX);
}

static enum lwc_code run_command(struct lwc_app *app, struct lwc_error *err)
{
    const char *account = lwc_args_value(&app->args, &lwc_opt_account);
    enum lwc_code code = lwc_args_check_operands(&app->args, err);

    if (code == LWC_OK) {
        code = take_profile(app, err);
    }
    if (code == LWC_OK && account != NULL) {
        code = lwc_account_parse(account, app->account, err);
    }
    return code != LWC_OK ? code : lwc_args_command(&app->args)->run(app, err);
}

/* Checks the options; --help explains the command, with any operands. */
static enum lwc_code check_and_run(struct lwc_app *app, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    if (lwc_args_command(&app->args)->subcommands != NULL && app->args.operands > 0) {
        return lwc_args_check_operands(&app->args, err);
    }
    code = lwc_args_check_options(&app->args, err);
    if (code == LWC_OK && lwc_args_has(&app->args, &lwc_opt_quiet) &&
        lwc_args_has(&app->args, &lwc_opt_verbose)) {
        return lwc_fail(err, LWC_E_INVALID, "options --quiet and --verbose: not together");
    }
    if (code == LWC_OK && lwc_args_has(&app->args, &lwc_opt_help)) {
        return lwc_help_print(&app->args, err);
    }
    return code != LWC_OK ? code : run_command(app, err);
}

/* Later versions of git may have more verbs: a helper ignores unknown ones. */
static bool is_ignored_verb(const struct lwc_app *app)
{
    return app->git_helper && (app->args.depth > 1 || app->args.operands > 0) &&
           !lwc_args_command(&app->args)->is_git_verb;
}

enum lwc_code lwc_program_run(const struct lwc_command *program, struct lwc_app *app, int argc,
                              char *const argv[], struct lwc_error *err)
{
    enum lwc_code code = lwc_args_parse(program, argc, argv, &app->args, err);

    if (code != LWC_OK) {
        return code;
    }
    if (lwc_args_has(&app->args, &lwc_opt_version)) {
        return lwc_help_version(err);
    }
    if (is_ignored_verb(app)) {
        return LWC_OK;
    }
    if (app->args.depth == 1 && app->args.operands == 0) {
        return handle_no_command(app, err);
    }
    return check_and_run(app, err);
}

bool lwc_program_wants_json(const struct lwc_app *app, int argc, char *const argv[])
{
    return app->args.depth > 0 ? lwc_args_has(&app->args, &lwc_opt_json)
                               : lwc_args_want_json(argc, argv);
}
