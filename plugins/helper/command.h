/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_HELPER_COMMAND_H
#define PLUGINS_HELPER_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * The tables of the command line: commands, and their options.
 *
 * The program itself is the outermost command: its options are those of every command, its
 * subcommands are the commands.
 */

struct lwc_app;
struct lwc_report;

/*
 * An option.  Options of one name, or of one letter, agree in all commands on having a value, so
 * that an option can stand in front of the command.
 *
 * letter             short form, or 0.
 * value              name of its value in help texts; NULL: takes no value.
 * is_value_optional  a value stands behind "=" only, or there is none: --delete-source[=all].
 * is_repeatable      may be given several times, and then has several values; else an error.
 * help               one line.
 * check              checks a value; NULL accepts all but "".
 */
struct lwc_option {
    const char *name;
    char letter;
    const char *value;
    bool is_value_optional;
    bool is_repeatable;
    const char *help;
    enum lwc_code (*check)(const char *value, struct lwc_error *err);
};

/*
 * A command.  Each file in commands/ defines one, lwc_NAME_command, and commands.def lists it.
 *
 * aliases              other names, LWC_ALIASES(), or NULL.
 * summary              one line.
 * options              its own, LWC_OPTIONS(), or NULL; those of the commands around it are valid,
 *                      too.
 * subcommands          LWC_SUBCOMMANDS(), one of which must be given; NULL: the command has @run.
 * operands             the rest of the synopsis: "[PROFILE]", "METHOD PATH", "<REQUEST", or NULL.
 *                      Shells complete PROFILE, and a word with FILE in it.
 * operands_min, _max   how many may be given; LWC_OPERANDS_MAX at most.
 * has_profile_operand  the first operand, if all are given, is a profile, as that of --profile; the
 *                      others alone reach @run.
 * argv                 what follows "--", or the last operand, is another program's: its name in
 *                      the synopsis, "COMMAND [ARG]...", or NULL.
 * is_argv_required     it must be given.
 * is_git_verb          also a command of git-credential-lacework.
 * text, example        for the command's own help; @text may be NULL.
 * add_help             appends to the help text, in front of the program's options, or NULL.
 * run                  runs the command; writes a whole answer to stdout or none.  @err is not
 *                      NULL.
 */
struct lwc_command {
    const char *name;
    const char *const *aliases;
    const char *summary;
    const struct lwc_option *const *options;
    const struct lwc_command *const *subcommands;
    const char *operands;
    size_t operands_min;
    size_t operands_max;
    bool has_profile_operand;
    const char *argv;
    bool is_argv_required;
    bool is_git_verb;
    const char *text;
    const char *example;
    void (*add_help)(struct lwc_report *report);
    enum lwc_code (*run)(struct lwc_app *app, struct lwc_error *err);
};

#define LWC_ALIASES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define LWC_OPTIONS(...) ((const struct lwc_option *const[]){__VA_ARGS__, NULL})
#define LWC_SUBCOMMANDS(...) ((const struct lwc_command *const[]){__VA_ARGS__, NULL})

/* Returns the number of commands from the program to a subcommand, both counted, at most. */
#define LWC_COMMAND_DEPTH 4

/* Finds a subcommand by name or alias; NULL if there is none. */
const struct lwc_command *lwc_command_find(const struct lwc_command *command, const char *name);

/*
 * Fails for the lack of subcommand @name, with the nearest as hint.
 *
 * @path  names of @command from the program's subcommands on, "cache", or "" for the program.
 */
enum lwc_code lwc_command_fail_unknown(const struct lwc_command *command, const char *path,
                                       const char *name, struct lwc_error *err) LWC_RESULT;

/* A name, @len bytes, or, if that is NULL, a letter of an option. */
struct lwc_option_key {
    const char *name;
    size_t len;
    char letter;
};

/* Finds an option of @command; with @deep also one of its subcommands and theirs.  Or NULL. */
const struct lwc_option *lwc_command_option(const struct lwc_command *command,
                                            const struct lwc_option_key *key, bool deep);

/* Calls @visit for each option of @command; with @deep also for those of its subcommands. */
void lwc_command_each_option(const struct lwc_command *command, bool deep,
                             void (*visit)(void *data, const struct lwc_option *option),
                             void *data);

#endif
