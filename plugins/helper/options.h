/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_HELPER_OPTIONS_H
#define PLUGINS_HELPER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "plugins/helper/command.h"

/*
 * The command line, parsed by the tables of command.h: a command with its operands, and options,
 * before or after it.
 */

#define LWC_OPERANDS_MAX 8
#define LWC_GIVEN_MAX 128

/* An option that is given, and its value, "" without one. */
struct lwc_given {
    const struct lwc_option *option;
    const char *value;
};

/*
 * The parsed command line, borrowed from argv.
 *
 * path     the program, the command, its subcommand; @depth of them.
 * operand  operands of the command alone.
 * argv     the command line of another program, ends in NULL; or NULL.
 */
struct lwc_args {
    const struct lwc_command *path[LWC_COMMAND_DEPTH];
    size_t depth;
    struct lwc_given given[LWC_GIVEN_MAX];
    size_t given_count;
    const char *operand[LWC_OPERANDS_MAX];
    size_t operands;
    char *const *argv;
};

/*
 * Parses @argv from argv[1] on.  Returns LWC_E_INVALID for an option that no command has (with the
 * nearest as hint), a missing or superfluous value, too many options or operands.  Messages never
 * quote values or operands, which may be secrets in the wrong place.
 */
enum lwc_code lwc_args_parse(const struct lwc_command *program, int argc, char *const argv[],
                             struct lwc_args *args_out, struct lwc_error *err) LWC_RESULT;

/* Returns the command, or the program if none is given. */
const struct lwc_command *lwc_args_command(const struct lwc_args *args);

/* Writes the names of command and subcommand, "cache clear", to @out; returns @out. */
char *lwc_args_name(const struct lwc_args *args, char *out, size_t cap);

/*
 * Checks that the command, or the program, has all the options, that only repeatable ones are
 * repeated, and their values.
 */
enum lwc_code lwc_args_check_options(const struct lwc_args *args, struct lwc_error *err) LWC_RESULT;

/* Checks the number of operands: a word for a subcommand that is none is one too many, too. */
enum lwc_code lwc_args_check_operands(const struct lwc_args *args, struct lwc_error *err)
    LWC_RESULT;

bool lwc_args_has(const struct lwc_args *args, const struct lwc_option *option);

/* Returns the value of @option, "" if it has none, or NULL if it is not given. */
const char *lwc_args_value(const struct lwc_args *args, const struct lwc_option *option);

/* Returns value @index, from 0 on, of a repeatable option; NULL behind the last. */
const char *lwc_args_value_at(const struct lwc_args *args, const struct lwc_option *option,
                              size_t index);

/*
 * Returns the duration that is the value of @option, or @otherwise.  Call lwc_args_check_options()
 * first.
 */
int64_t lwc_args_seconds(const struct lwc_args *args, const struct lwc_option *option,
                         int64_t otherwise);

/* Adds @option with @value, as if it were given; NULL adds nothing.  False if there is no room. */
bool lwc_args_add(struct lwc_args *args, const struct lwc_option *option, const char *value);

/* Returns whether @argv contains --json, even if the rest cannot be parsed. */
bool lwc_args_want_json(int argc, char *const argv[]);

#endif
