/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/help.h"

#include "plugins/helper/program.h"

/* Explains the command that the operands name, "cache clear". */
static enum lwc_code run_help(struct lwc_app *app, struct lwc_error *err)
{
    struct lwc_args about = {.path = {app->args.path[0]}, .depth = 1};
    char name[64];

    for (size_t i = 0; i < app->args.operands; i++) {
        const struct lwc_command *outer = lwc_args_command(&about);
        const struct lwc_command *command = lwc_command_find(outer, app->args.operand[i]);

        lwc_args_name(&about, name, sizeof name);
        if (command == NULL && outer->subcommands == NULL) {
            return lwc_fail(err, LWC_E_INVALID, "help: '%s' has no commands of its own", name);
        }
        if (command == NULL) {
            return lwc_command_fail_unknown(outer, name, app->args.operand[i], err);
        }
        about.path[about.depth++] = command;
    }
    return lwc_help_print(&about, err);
}

const struct lwc_command lwc_help_command = {
    .name = "help",
    .summary = "explain the program or a command",
    .operands = "[COMMAND]...",
    .operands_max = LWC_COMMAND_DEPTH - 1,
    .example = "help add",
    .run = run_help,
};
