/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/command.h"

#include <string.h>

#include "base/identity.h"
#include "base/text.h"
#include "base/util.h"

#define BIT(opt) LWC_OPT_BIT(LWC_OPT_##opt)

static const struct lwc_command commands[] = {
    {
        .name = "get",
        .run = lwc_get_run,
        .options = BIT(FORMAT) | BIT(TTL) | BIT(SUB_ACCOUNT) | BIT(ORG_ACCESS) | BIT(MIN_VALID) |
                   BIT(REFRESH) | BIT(NO_CACHE),
        .needs = "",
        .git_verb = true,
        .summary = "print a fresh token",
        .text = "Format git reads a git-credential request from standard input, unless that is\n"
                "a terminal; --profile and --account select among what serves its host.",
        .example = "get --profile prod --format token",
    },
    {
        .name = "store",
        .run = lwc_verb_store,
        .needs = "<REQUEST",
        .git_verb = true,
        .summary = "git-credential: what git was given; ignored by default",
        .text = "With 'set git-store proved' in the stack file an access key is kept, once an\n"
                "exchange has proved it: username is the key id, password the secret.",
        .example = "store <request.txt",
    },
    {
        .name = "erase",
        .run = lwc_verb_erase,
        .needs = "<REQUEST",
        .git_verb = true,
        .summary = "git-credential: forget a cached token",
        .text =
            "Forgets the cached token that is given; with a key id as username alone, those of\n"
            "the key; with a host alone, all of the host.  Removes no key, unless the stack\n"
            "file says 'set git-store proved' and the password is its secret.",
        .example = "erase <request.txt",
    },
    {
        .name = "capability",
        .run = lwc_verb_capability,
        .needs = "",
        .git_verb = true,
        .summary = "git-credential: what this helper can do",
        .text = "",
        .example = "capability",
    },
    {
        .name = "add",
        .run = lwc_add_run,
        .options = BIT(KEY_ID) | BIT(SECRET_FILE) | BIT(SECRET_STDIN) | BIT(SUB_ACCOUNT) |
                   BIT(ORG_ACCESS) | BIT(BACKEND) | BIT(API_URL) | BIT(NO_VERIFY) | BIT(REPLACE),
        .needs = "",
        .summary = "store an access key",
        .text = "Asks for what is missing, the secret without echo, and proves the key by one\n"
                "exchange before it is stored.",
        .example = "add --profile prod --account acme --key-id ACME_0123456789ABCDEF",
    },
    {
        .name = "list",
        .run = lwc_list_run,
        .needs = "",
        .summary = "list the stored credentials",
        .text = "Never shows a secret and unlocks nothing.",
        .example = "list --json",
    },
    {
        .name = "show",
        .run = lwc_show_run,
        .needs = "[NAME]",
        .operands = 1,
        .profile = true,
        .summary = "show one stored credential",
        .text = "NAME is its profile, as with --profile.  Never shows the secret.",
        .example = "show prod",
    },
    {
        .name = "remove",
        .run = lwc_remove_run,
        .options = BIT(BACKEND),
        .needs = "NAME",
        .operands = 1,
        .profile = true,
        .summary = "remove a stored credential",
        .text =
            "NAME is its profile, as with --profile.  The access key itself stays valid: disable\n"
            "it in the Lacework console.",
        .example = "remove prod",
    },
    {
        .name = "cache",
        .run = lwc_cache_run,
        .needs = "list|clear",
        .operands = 1,
        .summary = "list or forget the cached tokens",
        .text = "Never shows a token.",
        .example = "cache clear",
    },
    {
        .name = "backends",
        .run = lwc_backends_run,
        .needs = "",
        .summary = "list the places where credentials can be",
        .text = "",
        .example = "backends",
    },
    {
        .name = "config",
        .run = lwc_config_run,
        .needs = "check [FILE]|show",
        .operands = 2,
        .summary = "check or show the stack file",
        .text = "'check' tells all that is wrong with FILE, or with the stack file in force.\n"
                "'show' prints the stack in force, controls spelled out, includes in place.",
        .example = "config check ~/.config/lwcred/stack.d/default",
    },
    {
        .name = "explain",
        .run = lwc_explain_run,
        .needs = "",
        .summary = "tell which credential would answer, and why",
        .text = "Asks every backend what it holds, line by line.  Unlocks and reveals nothing.",
        .example = "explain --account acme",
    },
    {
        .name = "help",
        .run = lwc_help_run,
        .needs = "[COMMAND]",
        .operands = 1,
        .summary = "explain the program or a command",
        .text = "",
        .example = "help add",
    },
};

const struct lwc_command *lwc_command_at(size_t index)
{
    return index < LWC_ARRAY_LEN(commands) ? &commands[index] : NULL;
}

/* Short names, as in other programs. */
static const struct {
    const char *alias;
    const char *name;
} aliases[] = {{"ls", "list"}, {"rm", "remove"}};

static const char *expand_alias(const char *name)
{
    for (size_t i = 0; i < LWC_ARRAY_LEN(aliases); i++) {
        if (lwc_streq(aliases[i].alias, name)) {
            return aliases[i].name;
        }
    }
    return name;
}

/* Quotes plain words only: other text may be a secret in the wrong place. */
static enum lwc_code fail_unknown_command(const char *name, struct lwc_error *err)
{
    const char *names[LWC_ARRAY_LEN(commands)];
    const char *near = NULL;
    const bool is_word = lwc_text_span(name, "abcdefghijklmnopqrstuvwxyz-") == strlen(name);
    enum lwc_code code = is_word ? lwc_fail(err, LWC_E_INVALID, "unknown command '%.32s'", name)
                                 : lwc_fail(err, LWC_E_INVALID, "unknown command (it is no word)");

    for (size_t i = 0; i < LWC_ARRAY_LEN(commands); i++) {
        names[i] = commands[i].name;
    }
    near = lwc_text_nearest(name, names, LWC_ARRAY_LEN(names));
    if (near != NULL) {
        return lwc_hint(err, code, "did you mean '%s'?", near);
    }
    return lwc_hint(err, code, "'lw-credential-helper --help' lists the commands");
}

enum lwc_code lwc_command_find(const char *name, const struct lwc_command **command_out,
                               struct lwc_error *err)
{
    name = expand_alias(name);
    for (size_t i = 0; i < LWC_ARRAY_LEN(commands); i++) {
        if (lwc_streq(commands[i].name, name)) {
            *command_out = &commands[i];
            return LWC_OK;
        }
    }
    return fail_unknown_command(name, err);
}

static enum lwc_code handle_no_command(const struct lwc_app *app, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    if (lwc_args_has(&app->args, LWC_OPT_HELP)) {
        return lwc_help_program(err);
    }
    code = lwc_fail(err, LWC_E_INVALID, "no command");
    return lwc_hint(err, code,
                    "usage: lw-credential-helper [OPTION]... COMMAND [OPTION]...; "
                    "'lw-credential-helper --help' says more");
}

/* Treats the argument of a command that takes a profile as --profile. */
static enum lwc_code set_profile(struct lwc_app *app, const struct lwc_command *command,
                                 struct lwc_error *err)
{
    const char *profile = app->args.operands > 1 ? app->args.operand[1] : NULL;
    enum lwc_code code = LWC_OK;

    if (!command->profile || profile == NULL) {
        return LWC_OK;
    }
    if (lwc_args_has(&app->args, LWC_OPT_PROFILE)) {
        return lwc_fail(err, LWC_E_INVALID, "%s: the profile is given twice", command->name);
    }
    code = lwc_profile_check(profile, err);
    app->args.option[LWC_OPT_PROFILE] = profile;
    return code == LWC_OK ? code : lwc_wrap(err, code, "%s", command->name);
}

static enum lwc_code run_command(struct lwc_app *app, const struct lwc_command *command,
                                 struct lwc_error *err)
{
    static const char *const counts[] = {"no arguments", "one argument", "two arguments"};
    const char *account = app->args.option[LWC_OPT_ACCOUNT];
    enum lwc_code code = lwc_args_check(&app->args, command->options, command->name, err);

    if (code != LWC_OK) {
        return code;
    }
    if (lwc_args_has(&app->args, LWC_OPT_HELP)) {
        return lwc_help_command(command, err);
    }
    if (app->args.operands - 1 > command->operands) {
        code =
            lwc_fail(err, LWC_E_INVALID, "'%s' takes %s", command->name, counts[command->operands]);
        return lwc_hint(err, code, "see 'lw-credential-helper %s --help'", command->name);
    }
    code = set_profile(app, command, err);
    if (code == LWC_OK && account != NULL) {
        code = lwc_account_parse(account, app->account, err);
    }
    return code != LWC_OK ? code : command->run(app, err);
}

enum lwc_code lwc_command_run(struct lwc_app *app, int argc, char *const argv[],
                              struct lwc_error *err)
{
    const struct lwc_command *command = NULL;
    enum lwc_code code = lwc_args_parse(argc, argv, &app->args, err);

    if (code != LWC_OK) {
        return code;
    }
    if (lwc_args_has(&app->args, LWC_OPT_VERSION)) {
        return lwc_help_version(err);
    }
    if (app->args.operands == 0) {
        return handle_no_command(app, err);
    }
    code = lwc_command_find(app->args.operand[0], &command, err);
    /* Later versions of git may have more verbs: a helper ignores unknown ones. */
    if (app->git_helper && (code != LWC_OK || !command->git_verb)) {
        return LWC_OK;
    }
    return code != LWC_OK ? code : run_command(app, command, err);
}
