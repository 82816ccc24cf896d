/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_HELPER_OPTIONS_H
#define PLUGINS_HELPER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * The command line: options, each at most once, before or after the command, and operands.
 */

/* Options of the program first, then those of single commands. */
enum lwc_opt {
    LWC_OPT_PROFILE,
    LWC_OPT_ACCOUNT,
    LWC_OPT_SERVICE,
    LWC_OPT_CONFIG,
    LWC_OPT_NO_PROMPT,
    LWC_OPT_TIMEOUT,
    LWC_OPT_JSON,
    LWC_OPT_QUIET,
    LWC_OPT_VERBOSE,
    LWC_OPT_VERSION,
    LWC_OPT_HELP,
    LWC_OPT_FORMAT,
    LWC_OPT_TTL,
    LWC_OPT_SUB_ACCOUNT,
    LWC_OPT_ORG_ACCESS,
    LWC_OPT_MIN_VALID,
    LWC_OPT_REFRESH,
    LWC_OPT_NO_CACHE,
    LWC_OPT_KEY_ID,
    LWC_OPT_SECRET_FILE,
    LWC_OPT_SECRET_STDIN,
    LWC_OPT_BACKEND,
    LWC_OPT_API_URL,
    LWC_OPT_NO_VERIFY,
    LWC_OPT_REPLACE,
    LWC_OPTS
};

#define LWC_OPT_BIT(opt) (UINT64_C(1) << (opt))
#define LWC_OPTS_GLOBAL (LWC_OPT_BIT(LWC_OPT_FORMAT) - 1)

/*
 * An option.
 *
 * letter  short form, or 0.
 * value   name of its value in help texts; NULL: takes no value.
 * help    one line.
 * check   checks a value; NULL accepts all but "".
 */
struct lwc_option {
    const char *name;
    char letter;
    const char *value;
    const char *help;
    enum lwc_code (*check)(const char *value, struct lwc_error *err);
};

const struct lwc_option *lwc_option_at(enum lwc_opt opt);

#define LWC_OPERANDS_MAX 8

/*
 * The parsed command line, borrowed from argv.  option[] holds a value ("" for an option without
 * one), or NULL if the option is not given.  operand[0] is the command.
 */
struct lwc_args {
    const char *option[LWC_OPTS];
    const char *operand[LWC_OPERANDS_MAX];
    size_t operands;
};

/*
 * Parses @argv from argv[1] on.  Returns LWC_E_INVALID for an unknown (with the nearest as hint) or
 * repeated option, a missing or superfluous value, --quiet with --verbose, too many operands.
 * Messages never quote values or operands, which may be secrets in the wrong place.
 */
enum lwc_code lwc_args_parse(int argc, char *const argv[], struct lwc_args *args_out,
                             struct lwc_error *err) LWC_RESULT;

/* Checks that options are global or in @allowed, and their values.  @command is for messages. */
enum lwc_code lwc_args_check(const struct lwc_args *args, uint64_t allowed, const char *command,
                             struct lwc_error *err) LWC_RESULT;

bool lwc_args_has(const struct lwc_args *args, enum lwc_opt opt);

/* Returns whether @argv contains --json, even if the rest cannot be parsed. */
bool lwc_args_want_json(int argc, char *const argv[]);

/* Returns the duration that is the value of @opt, or @otherwise.  Call lwc_args_check() first. */
int64_t lwc_args_seconds(const struct lwc_args *args, enum lwc_opt opt, int64_t otherwise);

#endif
