/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_HELPER_PROGRAM_H
#define PLUGINS_HELPER_PROGRAM_H

#include "base/error.h"
#include "plugins/helper/app.h"
#include "plugins/helper/command.h"

/* Each command of commands.def, lwc_NAME_command. */
#define LWC_COMMAND(name) extern const struct lwc_command lwc_##name##_command;
#include "plugins/helper/commands.def"
#undef LWC_COMMAND

/* The program: its options, and all commands. */
extern const struct lwc_command lwc_program;

/*
 * Parses the command line by the tables of @program and runs the command.  @app is zeroed except
 * git_helper.
 */
enum lwc_code lwc_program_run(const struct lwc_command *program, struct lwc_app *app, int argc,
                              char *const argv[], struct lwc_error *err) LWC_RESULT;

/* Is --json given, as far as the command line could be parsed? */
bool lwc_program_wants_json(const struct lwc_app *app, int argc, char *const argv[]);

#endif
