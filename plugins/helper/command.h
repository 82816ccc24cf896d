/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_HELPER_COMMAND_H
#define PLUGINS_HELPER_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "plugins/helper/app.h"

/*
 * The table of commands, for dispatch, help texts and suggestions.
 *
 * run       runs the command; writes a whole answer to stdout or none.  @err is not NULL.
 * options   its own options, LWC_OPT_BIT(); the global ones are always allowed.
 * needs     the rest of the synopsis: "-p NAME", "<REQUEST", or "".
 * operands  maximum number of arguments.
 * profile   the argument is a profile, as that of --profile.
 * git_verb  also a command of git-credential-lacework.
 * summary   one line; text and example are for the command's own help.
 */
struct lwc_command {
    const char *name;
    enum lwc_code (*run)(struct lwc_app *app, struct lwc_error *err);
    uint64_t options;
    const char *needs;
    size_t operands;
    bool profile;
    bool git_verb;
    const char *summary;
    const char *text;
    const char *example;
};

/* Returns the command at position @index of the help text, NULL behind the last. */
const struct lwc_command *lwc_command_at(size_t index);

/* Finds a command by name or alias (ls, rm).  LWC_E_INVALID, with the nearest name as hint. */
enum lwc_code lwc_command_find(const char *name, const struct lwc_command **command_out,
                               struct lwc_error *err) LWC_RESULT;

/* Parses the command line and runs the command.  @app is zeroed except git_helper. */
enum lwc_code lwc_command_run(struct lwc_app *app, int argc, char *const argv[],
                              struct lwc_error *err) LWC_RESULT;

/* Functions of the commands, in commands/ and help.c. */
enum lwc_code lwc_get_run(struct lwc_app *app, struct lwc_error *err);
enum lwc_code lwc_verb_store(struct lwc_app *app, struct lwc_error *err);
enum lwc_code lwc_verb_erase(struct lwc_app *app, struct lwc_error *err);
enum lwc_code lwc_verb_capability(struct lwc_app *app, struct lwc_error *err);
enum lwc_code lwc_add_run(struct lwc_app *app, struct lwc_error *err);
enum lwc_code lwc_list_run(struct lwc_app *app, struct lwc_error *err);
enum lwc_code lwc_show_run(struct lwc_app *app, struct lwc_error *err);
enum lwc_code lwc_remove_run(struct lwc_app *app, struct lwc_error *err);
enum lwc_code lwc_backends_run(struct lwc_app *app, struct lwc_error *err);
enum lwc_code lwc_cache_run(struct lwc_app *app, struct lwc_error *err);
enum lwc_code lwc_config_run(struct lwc_app *app, struct lwc_error *err);
enum lwc_code lwc_explain_run(struct lwc_app *app, struct lwc_error *err);
enum lwc_code lwc_help_run(struct lwc_app *app, struct lwc_error *err);

/* Print a help text or the version on stdout. */
enum lwc_code lwc_help_program(struct lwc_error *err) LWC_RESULT;
enum lwc_code lwc_help_command(const struct lwc_command *command, struct lwc_error *err) LWC_RESULT;
enum lwc_code lwc_help_version(struct lwc_error *err) LWC_RESULT;

#endif
