/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_HELPER_COMMAND_H
#define PLUGINS_HELPER_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "plugins/helper/app.h"

/*
 * The commands: one table, from which dispatch, help texts and suggestions come.
 *
 * run       does it; whatever it prints on stdout is whole, or not there.  @err is not NULL.
 * options   its own options, LWC_OPT_BIT(); the global ones are always allowed.
 * needs     what must follow its name, for the synopsis: "-p NAME", "<REQUEST", or "".
 * operands  how many arguments it takes at most.
 * profile   its argument is a profile, as that of --profile.
 * git_verb  may be called when the program bears a git helper's name.
 * summary   one line; text and example are for its own help.
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

/* The command at position @index, in the order in which they are shown; NULL behind the last. */
const struct lwc_command *lwc_command_at(size_t index);

/* By name, or by a short one: ls, rm.  LWC_E_INVALID, with the nearest name as hint: none. */
enum lwc_code lwc_command_find(const char *name, const struct lwc_command **command_out,
                               struct lwc_error *err) LWC_RESULT;

/* Parse the command line and do what it says.  @app is zeroed but for git_helper. */
enum lwc_code lwc_command_run(struct lwc_app *app, int argc, char *const argv[],
                              struct lwc_error *err) LWC_RESULT;

/* The handlers, one file for each group: get.c, verbs.c, add.c, list.c, cached.c,
   backends.c, config.c, explain.c, help.c. */
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

/* Help texts and the version, on stdout. */
enum lwc_code lwc_help_program(struct lwc_error *err) LWC_RESULT;
enum lwc_code lwc_help_command(const struct lwc_command *command, struct lwc_error *err) LWC_RESULT;
enum lwc_code lwc_help_version(struct lwc_error *err) LWC_RESULT;

#endif
