/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/options.h"

#include <stdio.h>
#include <string.h>

#include "base/join.h"
#include "base/suggest.h"
#include "base/text.h"
#include "base/util.h"

#define NAMES_MAX 256
#define HINT_LEN 160
#define NAME_LEN 64

const struct lwc_command *lwc_args_command(const struct lwc_args *args)
{
    return args->path[args->depth - 1];
}

char *lwc_args_name(const struct lwc_args *args, char *out, size_t cap)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 1; i < args->depth; i++) {
        (void)lwc_join(out + used, cap - used, LWC_PARTS(i > 1 ? " " : "", args->path[i]->name));
        used += strlen(out + used);
    }
    return out;
}

const char *lwc_args_value_at(const struct lwc_args *args, const struct lwc_option *option,
                              size_t index)
{
    for (size_t i = 0; i < args->given_count; i++) {
        if (args->given[i].option == option && index-- == 0) {
            return args->given[i].value;
        }
    }
    return NULL;
}

const char *lwc_args_value(const struct lwc_args *args, const struct lwc_option *option)
{
    return lwc_args_value_at(args, option, 0);
}

bool lwc_args_has(const struct lwc_args *args, const struct lwc_option *option)
{
    return lwc_args_value(args, option) != NULL;
}

int64_t lwc_args_seconds(const struct lwc_args *args, const struct lwc_option *option,
                         int64_t otherwise)
{
    const char *value = lwc_args_value(args, option);
    int64_t seconds = 0;

    return value != NULL && lwc_text_parse_duration(value, &seconds) ? seconds : otherwise;
}

bool lwc_args_add(struct lwc_args *args, const struct lwc_option *option, const char *value)
{
    if (value == NULL) {
        return true;
    }
    if (args->given_count == LWC_GIVEN_MAX) {
        return false;
    }
    args->given[args->given_count++] = (struct lwc_given){.option = option, .value = value};
    return true;
}

bool lwc_args_want_json(int argc, char *const argv[])
{
    for (int i = 1; i < argc && !lwc_streq(argv[i], "--"); i++) {
        if (lwc_streq(argv[i], "--json")) {
            return true;
        }
    }
    return false;
}

/* Finds an option of the command or of one around it. */
static const struct lwc_option *find_valid_option(const struct lwc_args *args,
                                                  const struct lwc_option_key *key)
{
    const struct lwc_option *option = NULL;

    for (size_t i = args->depth; option == NULL && i > 0; i--) {
        option = lwc_command_option(args->path[i - 1], key, false);
    }
    return option;
}

/* Options in front of the command are those of any command, until it is known. */
static const struct lwc_option *find_option(const struct lwc_args *args,
                                            const struct lwc_option_key *key)
{
    const struct lwc_option *option = find_valid_option(args, key);

    return option != NULL ? option : lwc_command_option(args->path[0], key, true);
}

/* Options to choose from, for hints, each name once. */
struct names_ctx {
    const char *name[NAMES_MAX];
    size_t count;
};

static void add_name(void *data, const struct lwc_option *option)
{
    struct names_ctx *names = data;

    for (size_t i = 0; i < names->count; i++) {
        if (lwc_streq(names->name[i], option->name)) {
            return;
        }
    }
    if (names->count < NAMES_MAX) {
        names->name[names->count++] = option->name;
    }
}

/* Lists the options of the command, as far as it is known, or of all. */
static void list_names(const struct lwc_args *args, struct names_ctx *names)
{
    const bool has_command = lwc_args_command(args)->subcommands == NULL;

    for (size_t i = 0; i < args->depth; i++) {
        lwc_command_each_option(args->path[i], !has_command && i + 1 == args->depth, add_name,
                                names);
    }
}

/* State of the parser. */
struct parse_ctx {
    int argc;
    char *const *argv;
    int at;
    bool is_literal; /* "--" is passed: no more options */
    struct lwc_args *args;
};

static enum lwc_code fail_unknown_option(const struct parse_ctx *ctx,
                                         const struct lwc_option_key *key, struct lwc_error *err)
{
    struct names_ctx names = {.count = 0};
    char word[32] = "";
    enum lwc_code code = lwc_fail(err, LWC_E_INVALID, "unknown option --%.*s",
                                  key->len < NAME_LEN ? (int)key->len : NAME_LEN, key->name);

    if (key->len < sizeof word) {
        memcpy(word, key->name, key->len);
    }
    if (lwc_streq(word, "secret")) {
        return lwc_hint(err, code,
                        "a secret never stands on a command line: --secret-file or "
                        "--secret-stdin");
    }
    list_names(ctx->args, &names);
    return lwc_hint_nearest(err, code, "--", word, names.name, names.count, "");
}

/* The hint names the options that begin with the letter: "--secret-file, --service". */
static enum lwc_code fail_unknown_letter(const struct parse_ctx *ctx, const char *at,
                                         struct lwc_error *err)
{
    struct names_ctx names = {.count = 0};
    char near[HINT_LEN] = "";
    size_t used = 0;
    enum lwc_code code = lwc_fail(err, LWC_E_INVALID, "unknown option -%.1s", at);

    list_names(ctx->args, &names);
    for (size_t i = 0; i < names.count && used < sizeof near; i++) {
        if (names.name[i][0] == *at) {
            used += (size_t)snprintf(near + used, sizeof near - used, "%s--%s",
                                     used > 0 ? ", " : "", names.name[i]);
        }
    }
    return used == 0 ? code : lwc_hint(err, code, "did you mean %s?", near);
}

/* Returns the value of an option, the next word if it must be, or NULL if it lacks. */
static const char *take_value(struct parse_ctx *ctx, const struct lwc_option *option,
                              const char *value)
{
    if (option->value == NULL || (value == NULL && option->is_value_optional)) {
        return "";
    }
    if (value == NULL && ctx->at + 1 < ctx->argc) {
        ctx->at++;
        value = ctx->argv[ctx->at];
    }
    return lwc_is_set(value) ? value : NULL;
}

static enum lwc_code add_option(struct parse_ctx *ctx, const struct lwc_option *option,
                                const char *value, struct lwc_error *err)
{
    value = take_value(ctx, option, value);
    if (value == NULL) {
        return lwc_fail(err, LWC_E_INVALID, "option --%s: needs a value (%s)", option->name,
                        option->value);
    }
    if (!lwc_args_add(ctx->args, option, value)) {
        return lwc_fail(err, LWC_E_INVALID, "more than %d options", LWC_GIVEN_MAX);
    }
    return LWC_OK;
}

/* --name, --name=value, --name value */
static enum lwc_code parse_long(struct parse_ctx *ctx, struct lwc_error *err)
{
    const char *name = ctx->argv[ctx->at] + 2;
    const struct lwc_option_key key = {.name = name, .len = lwc_text_reach(name, "=")};
    const char *value = name[key.len] == '=' ? name + key.len + 1 : NULL;
    const struct lwc_option *option = find_option(ctx->args, &key);

    if (option == NULL) {
        return fail_unknown_option(ctx, &key, err);
    }
    if (value != NULL && option->value == NULL) {
        return lwc_fail(err, LWC_E_INVALID, "option --%s: takes no value", option->name);
    }
    return add_option(ctx, option, value, err);
}

/* -v, -qp NAME, -pNAME */
static enum lwc_code parse_letters(struct parse_ctx *ctx, struct lwc_error *err)
{
    for (const char *at = ctx->argv[ctx->at] + 1; *at != '\0'; at++) {
        const struct lwc_option_key key = {.letter = *at};
        const struct lwc_option *option = find_option(ctx->args, &key);
        enum lwc_code code = LWC_OK;

        if (option == NULL) {
            return fail_unknown_letter(ctx, at, err);
        }
        code = add_option(ctx, option, at[1] != '\0' ? at + 1 : NULL, err);
        if (code != LWC_OK || option->value != NULL) {
            return code;
        }
    }
    return LWC_OK;
}

/* A word is a subcommand as long as there is one of its name, then an operand. */
static enum lwc_code parse_word(struct parse_ctx *ctx, struct lwc_error *err)
{
    struct lwc_args *args = ctx->args;
    const char *word = ctx->argv[ctx->at];
    const struct lwc_command *command =
        args->operands == 0 ? lwc_command_find(lwc_args_command(args), word) : NULL;

    if (command != NULL && args->depth < LWC_COMMAND_DEPTH) {
        args->path[args->depth++] = command;
        return LWC_OK;
    }
    if (args->operands == LWC_OPERANDS_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "more than %d arguments", LWC_OPERANDS_MAX);
    }
    args->operand[args->operands++] = word;
    return LWC_OK;
}

/* Is the word at hand the first of another program's command line? */
static bool is_argv(struct parse_ctx *ctx, bool is_option)
{
    const struct lwc_command *command = lwc_args_command(ctx->args);

    return command->argv != NULL && !is_option && ctx->args->operands == command->operands_max;
}

static enum lwc_code parse_next(struct parse_ctx *ctx, struct lwc_error *err)
{
    const char *word = ctx->argv[ctx->at];
    const bool is_option = !ctx->is_literal && word[0] == '-' && word[1] != '\0';
    const bool is_end = is_option && lwc_streq(word, "--");

    if (is_end && lwc_args_command(ctx->args)->argv == NULL) {
        ctx->is_literal = true;
        return LWC_OK;
    }
    if (is_end || is_argv(ctx, is_option)) {
        ctx->at += is_end ? 1 : 0;
        ctx->args->argv = ctx->at < ctx->argc ? ctx->argv + ctx->at : NULL;
        ctx->at = ctx->argc;
        return LWC_OK;
    }
    if (!is_option) {
        return parse_word(ctx, err);
    }
    return word[1] == '-' ? parse_long(ctx, err) : parse_letters(ctx, err);
}

/* Replaces options that were given in front of the command by those of the command. */
static void bind_options(struct lwc_args *args)
{
    for (size_t i = 0; i < args->given_count; i++) {
        const char *name = args->given[i].option->name;
        const struct lwc_option_key key = {.name = name, .len = strlen(name)};
        const struct lwc_option *option = find_valid_option(args, &key);

        args->given[i].option = option != NULL ? option : args->given[i].option;
    }
}

enum lwc_code lwc_args_parse(const struct lwc_command *program, int argc, char *const argv[],
                             struct lwc_args *args_out, struct lwc_error *err)
{
    struct lwc_args args = {.path = {program}, .depth = 1};
    struct parse_ctx ctx = {.argc = argc, .argv = argv, .args = &args};

    for (ctx.at = 1; ctx.at < argc; ctx.at++) {
        enum lwc_code code = parse_next(&ctx, err);

        if (code != LWC_OK) {
            return code;
        }
    }
    bind_options(&args);
    *args_out = args;
    return LWC_OK;
}

static enum lwc_code check_option(const struct lwc_args *args, size_t at, struct lwc_error *err)
{
    const struct lwc_option *option = args->given[at].option;
    const char *value = args->given[at].value;
    const struct lwc_option_key key = {.name = option->name, .len = strlen(option->name)};
    char name[NAME_LEN];
    enum lwc_code code = LWC_OK;

    if (find_valid_option(args, &key) == NULL) {
        lwc_args_name(args, name, sizeof name);
        return lwc_hint(
            err, lwc_fail(err, LWC_E_INVALID, "'%s' takes no option --%s", name, option->name),
            "see 'lw-credential-helper %s --help'", name);
    }
    if (!option->is_repeatable && lwc_args_value_at(args, option, 1) != NULL) {
        return lwc_fail(err, LWC_E_INVALID, "option --%s: given twice", option->name);
    }
    if (option->check != NULL && value[0] != '\0') {
        code = option->check(value, err);
    }
    return lwc_wrap(err, code, "option --%s", option->name);
}

enum lwc_code lwc_args_check_options(const struct lwc_args *args, struct lwc_error *err)
{
    for (size_t i = 0; i < args->given_count; i++) {
        enum lwc_code code = check_option(args, i, err);

        if (code != LWC_OK) {
            return code;
        }
    }
    return LWC_OK;
}

/* "'list' or 'clear' expected" */
static enum lwc_code fail_no_subcommand(const struct lwc_command *command, const char *name,
                                        struct lwc_error *err)
{
    const struct lwc_command *const *const all = command->subcommands;
    char words[HINT_LEN] = "";
    size_t used = 0;

    for (size_t i = 0; all[i] != NULL && used < sizeof words; i++) {
        const char *between = i == 0 ? "" : all[i + 1] == NULL ? " or " : ", ";

        used +=
            (size_t)snprintf(words + used, sizeof words - used, "%s'%s'", between, all[i]->name);
    }
    return lwc_hint(err, lwc_fail(err, LWC_E_INVALID, "%s: %s expected", name, words),
                    "see 'lw-credential-helper %s --help'", name);
}

enum lwc_code lwc_args_check_operands(const struct lwc_args *args, struct lwc_error *err)
{
    static const char *const counts[LWC_OPERANDS_MAX + 1] = {
        "no arguments",   "one argument",  "two arguments",   "three arguments", "four arguments",
        "five arguments", "six arguments", "seven arguments", "eight arguments"};
    const struct lwc_command *command = lwc_args_command(args);
    char name[NAME_LEN];
    enum lwc_code code = LWC_OK;

    lwc_args_name(args, name, sizeof name);
    if (command->subcommands != NULL) {
        return args->operands > 0 ? lwc_command_fail_unknown(command, name, args->operand[0], err)
                                  : fail_no_subcommand(command, name, err);
    }
    if (args->operands > command->operands_max) {
        code = lwc_fail(err, LWC_E_INVALID, "'%s' takes %s", name, counts[command->operands_max]);
    } else if (args->operands < command->operands_min) {
        code = lwc_fail(err, LWC_E_INVALID, "'%s' needs %s", name, command->operands);
    } else if (args->argv == NULL && command->is_argv_required) {
        code = lwc_fail(err, LWC_E_INVALID, "'%s' needs %s", name, command->argv);
    }
    return code == LWC_OK ? code
                          : lwc_hint(err, code, "see 'lw-credential-helper %s --help'", name);
}
