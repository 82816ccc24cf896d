/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/help.h"

#include <stdio.h>

#include <lwcred.h>

#include "base/util.h"
#include "plugins/helper/output.h"
#include "plugins/helper/report.h"

#define NAME_LEN 64

/* Returns "--ttl DURATION", "--delete-source[=all]" or "--json". */
static const char *format_option(const struct lwc_option *option, char out[NAME_LEN])
{
    const char *value = option->value == NULL ? "" : option->value;
    const char *open = option->value == NULL ? "" : option->is_value_optional ? "[=" : " ";

    (void)snprintf(out, NAME_LEN, "--%s%s%s%s", option->name, open, value,
                   option->is_value_optional ? "]" : "");
    return out;
}

static void add_options(struct lwc_report *report, const char *title,
                        const struct lwc_option *const *options)
{
    char name[NAME_LEN];

    if (options == NULL) {
        return;
    }
    LWC_REPORT_ADD(report, "\n%s:\n", title);
    for (size_t i = 0; options[i] != NULL; i++) {
        char letter[8] = "    ";

        if (options[i]->letter != '\0') {
            (void)snprintf(letter, sizeof letter, "-%c, ", options[i]->letter);
        }
        LWC_REPORT_ADD(report, "  %s%-20s  %s\n", letter, format_option(options[i], name),
                       options[i]->help);
    }
}

static void add_commands(struct lwc_report *report, const struct lwc_command *command)
{
    if (command->subcommands == NULL) {
        return;
    }
    LWC_REPORT_ADD(report, "\nCommands:\n");
    for (size_t i = 0; command->subcommands[i] != NULL; i++) {
        LWC_REPORT_ADD(report, "  %-11s  %s\n", command->subcommands[i]->name,
                       command->subcommands[i]->summary);
    }
}

static void add_word(struct lwc_report *report, const char *word)
{
    if (lwc_is_set(word)) {
        LWC_REPORT_ADD(report, " %s", word);
    }
}

static void add_synopsis(struct lwc_report *report, const struct lwc_args *args)
{
    const struct lwc_command *command = lwc_args_command(args);
    char name[NAME_LEN];

    LWC_REPORT_ADD(report, "usage: " LWC_PROGRAM " [OPTION]...");
    add_word(report, lwc_args_name(args, name, sizeof name));
    add_word(report, command->subcommands != NULL ? "COMMAND [OPTION]..." : command->operands);
    for (size_t i = 0; args->depth > 1 && command->options != NULL && command->options[i] != NULL;
         i++) {
        LWC_REPORT_ADD(report, "\n         [%s]%s", format_option(command->options[i], name),
                       command->options[i]->is_repeatable ? "..." : "");
    }
    if (command->argv != NULL) {
        LWC_REPORT_ADD(report, "%s[--] %s", command->options != NULL ? "\n         " : " ",
                       command->argv);
    }
    LWC_REPORT_ADD(report, "\n\n%s\n", command->summary);
    if (lwc_is_set(command->text)) {
        LWC_REPORT_ADD(report, "\n%s\n", command->text);
    }
}

/* Options of the commands around, from the nearest on. */
static void add_outer_options(struct lwc_report *report, const struct lwc_args *args)
{
    for (size_t i = args->depth - 1; i-- > 0;) {
        char title[NAME_LEN] = "Options of every command";

        if (i > 0) {
            (void)snprintf(title, sizeof title, "Options of '%s'", args->path[i]->name);
        }
        add_options(report, title, args->path[i]->options);
    }
}

enum lwc_code lwc_help_print(const struct lwc_args *args, struct lwc_error *err)
{
    LWC_AUTO(struct lwc_report, lwc_report_clear) report = lwc_report_begin_text(err);
    const struct lwc_command *command = lwc_args_command(args);
    char name[NAME_LEN];

    add_synopsis(&report, args);
    add_commands(&report, command);
    add_options(&report, "Options", command->options);
    if (command->add_help != NULL) {
        command->add_help(&report);
    }
    add_outer_options(&report, args);
    if (command->subcommands != NULL) {
        LWC_REPORT_ADD(&report, "\n'" LWC_PROGRAM);
        add_word(&report, lwc_args_name(args, name, sizeof name));
        LWC_REPORT_ADD(&report, " COMMAND --help' explains a command.\n");
    }
    LWC_REPORT_ADD(&report, "\nExample:\n  " LWC_PROGRAM " %s\n", command->example);
    return lwc_report_write(&report);
}

enum lwc_code lwc_help_version(struct lwc_error *err)
{
    LWC_AUTO(struct lwc_report, lwc_report_clear) report = lwc_report_begin_text(err);

    LWC_REPORT_ADD(&report, LWC_PROGRAM " %s\n", lwc_version());
    return lwc_report_write(&report);
}
