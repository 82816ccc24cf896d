/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/options.h"

#include <stdio.h>
#include <string.h>

#include <lwcred.h>

#include "base/identity.h"
#include "base/text.h"
#include "base/util.h"
#include "plugins/format/formats.h"

#define TTL_MAX_S 86400
#define DURATION_FORM "seconds, or one number with s, m, h or d: 9000, 150m"
#define HINT_LEN 160

static enum lwc_code check_account(const char *value, struct lwc_error *err)
{
    char host[LWC_ACCOUNT_MAX + 1];

    return lwc_account_parse(value, host, err);
}

static enum lwc_code check_origin(const char *value, struct lwc_error *err)
{
    char origin[LWC_ORIGIN_MAX + 1];

    return lwc_origin_parse(value, origin, err);
}

static enum lwc_code check_timeout(const char *value, struct lwc_error *err)
{
    int64_t seconds = 0;

    if (!lwc_text_parse_duration(value, &seconds) || seconds < 1) {
        return lwc_fail(err, LWC_E_INVALID, "no duration (" DURATION_FORM ")");
    }
    return LWC_OK;
}

static enum lwc_code check_ttl(const char *value, struct lwc_error *err)
{
    int64_t seconds = 0;

    if (!lwc_text_parse_duration(value, &seconds) || seconds < 1 || seconds > TTL_MAX_S) {
        return lwc_fail(err, LWC_E_INVALID, "no duration from 1 s to 24 h (" DURATION_FORM ")");
    }
    return LWC_OK;
}

static enum lwc_code check_min_valid(const char *value, struct lwc_error *err)
{
    int64_t seconds = 0;

    if (!lwc_text_parse_duration(value, &seconds) || seconds > TTL_MAX_S) {
        return lwc_fail(err, LWC_E_INVALID, "no duration up to 24 h (" DURATION_FORM ")");
    }
    return LWC_OK;
}

static enum lwc_code check_format(const char *value, struct lwc_error *err)
{
    const struct lwc_format *format = NULL;

    return lwc_format_find(value, &format, err);
}

static enum lwc_code check_backend(const char *value, struct lwc_error *err)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    const size_t len = strlen(value);

    if (len > LWC_BACKEND_NAME_MAX || lwc_text_span(value, alphabet) != len) {
        return lwc_fail(err, LWC_E_INVALID, "no backend's name: 1 to %d of a-z, 0-9 and '-'",
                        LWC_BACKEND_NAME_MAX);
    }
    return LWC_OK;
}

static const struct lwc_option options[LWC_OPTS] = {
    [LWC_OPT_PROFILE] = {"profile", 'p', "NAME", "this stored credential (variable LW_PROFILE)",
                         lwc_profile_check},
    [LWC_OPT_ACCOUNT] = {"account", 'a', "ACCOUNT", "a credential of this account", check_account},
    [LWC_OPT_SERVICE] = {"service", 0, "NAME", "which stack file (variable LWCRED_SERVICE)", NULL},
    [LWC_OPT_CONFIG] = {"config", 0, "FILE", "this stack file and no other (LWCRED_CONFIG)", NULL},
    [LWC_OPT_NO_PROMPT] = {"no-prompt", 0, NULL, "fail rather than ask (LWCRED_NO_PROMPT)", NULL},
    [LWC_OPT_TIMEOUT] = {"timeout", 0, "DURATION", "deadline of the whole command, default 60 s",
                         check_timeout},
    [LWC_OPT_JSON] = {"json", 0, NULL, "lists, and errors also, as JSON", NULL},
    [LWC_OPT_QUIET] = {"quiet", 'q', NULL, "errors only", NULL},
    [LWC_OPT_VERBOSE] = {"verbose", 'v', NULL, "trace the way to the answer on stderr", NULL},
    [LWC_OPT_VERSION] = {"version", 'V', NULL, "print the version", NULL},
    [LWC_OPT_HELP] = {"help", 'h', NULL, "explain the program or a command", NULL},
    [LWC_OPT_FORMAT] = {"format", 0, "FORMAT", "what to print, default git", check_format},
    [LWC_OPT_TTL] = {"ttl", 0, "DURATION", "lifetime to ask for, 1 s to 24 h, default 1 h",
                     check_ttl},
    [LWC_OPT_SUB_ACCOUNT] = {"sub-account", 0, "NAME", "act on this sub-account",
                             lwc_sub_account_check},
    [LWC_OPT_ORG_ACCESS] = {"org-access", 0, NULL, "act on the organization", NULL},
    [LWC_OPT_MIN_VALID] = {"min-valid", 0, "DURATION",
                           "what the token must still live, default 300 s", check_min_valid},
    [LWC_OPT_REFRESH] = {"refresh", 0, NULL, "make a new token even if a cached one is fresh",
                         NULL},
    [LWC_OPT_NO_CACHE] = {"no-cache", 0, NULL, "neither read nor write the token cache", NULL},
    [LWC_OPT_KEY_ID] = {"key-id", 0, "ID", "the access key's id", lwc_key_id_check},
    [LWC_OPT_SECRET_FILE] = {"secret-file", 0, "FILE", "read the access key's secret from FILE",
                             NULL},
    [LWC_OPT_SECRET_STDIN] = {"secret-stdin", 0, NULL, "read the secret from standard input", NULL},
    [LWC_OPT_BACKEND] = {"backend", 0, "NAME", "in this backend", check_backend},
    [LWC_OPT_API_URL] = {"api-url", 0, "URL", "origin of the API, default https://ACCOUNT",
                         check_origin},
    [LWC_OPT_NO_VERIFY] = {"no-verify", 0, NULL, "do not prove the key by an exchange", NULL},
    [LWC_OPT_REPLACE] = {"replace", 0, NULL, "overwrite the profile if it exists", NULL},
};

const struct lwc_option *lwc_option_at(enum lwc_opt opt)
{
    return &options[opt];
}

bool lwc_args_has(const struct lwc_args *args, enum lwc_opt opt)
{
    return args->option[opt] != NULL;
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

int64_t lwc_args_seconds(const struct lwc_args *args, enum lwc_opt opt, int64_t otherwise)
{
    int64_t seconds = 0;

    if (!lwc_args_has(args, opt) || !lwc_text_parse_duration(args->option[opt], &seconds)) {
        return otherwise;
    }
    return seconds;
}

/* State of the parser. */
struct parse_ctx {
    int argc;
    char *const *argv;
    int at;
    struct lwc_args *args;
};

static enum lwc_code set_option(struct parse_ctx *ctx, enum lwc_opt opt, const char *value,
                                struct lwc_error *err)
{
    const struct lwc_option *option = &options[opt];

    if (ctx->args->option[opt] != NULL) {
        return lwc_fail(err, LWC_E_INVALID, "option --%s: given twice", option->name);
    }
    if (option->value == NULL) {
        ctx->args->option[opt] = "";
        return LWC_OK;
    }
    if (value == NULL && ctx->at + 1 < ctx->argc) {
        ctx->at++;
        value = ctx->argv[ctx->at];
    }
    if (!lwc_is_set(value)) {
        return lwc_fail(err, LWC_E_INVALID, "option --%s: needs a value (%s)", option->name,
                        option->value);
    }
    ctx->args->option[opt] = value;
    return LWC_OK;
}

static enum lwc_code fail_unknown_option(const char *name, size_t len, struct lwc_error *err)
{
    const char *names[LWC_OPTS];
    char word[32] = "";
    const char *near = NULL;
    enum lwc_code code = LWC_OK;

    if (len < sizeof word) {
        memcpy(word, name, len);
    }
    for (size_t i = 0; i < LWC_OPTS; i++) {
        names[i] = options[i].name;
    }
    near = lwc_text_nearest(word, names, LWC_OPTS);
    code = lwc_fail(err, LWC_E_INVALID, "unknown option --%.*s", len < 64 ? (int)len : 64, name);
    if (lwc_streq(word, "secret")) {
        return lwc_hint(err, code,
                        "a secret never stands on a command line: --secret-file or "
                        "--secret-stdin");
    }
    return near == NULL ? code : lwc_hint(err, code, "did you mean --%s?", near);
}

/* --name, --name=value, --name value */
static enum lwc_code parse_long(struct parse_ctx *ctx, struct lwc_error *err)
{
    const char *name = ctx->argv[ctx->at] + 2;
    const size_t len = lwc_text_reach(name, "=");
    const char *value = name[len] == '=' ? name + len + 1 : NULL;

    for (size_t i = 0; i < LWC_OPTS; i++) {
        if (strlen(options[i].name) != len || memcmp(options[i].name, name, len) != 0) {
            continue;
        }
        if (value != NULL && options[i].value == NULL) {
            return lwc_fail(err, LWC_E_INVALID, "option --%s: takes no value", options[i].name);
        }
        return set_option(ctx, (enum lwc_opt)i, value, err);
    }
    return fail_unknown_option(name, len, err);
}

static enum lwc_opt find_letter(char letter)
{
    size_t i = 0;

    while (i < LWC_OPTS && options[i].letter != letter) {
        i++;
    }
    return (enum lwc_opt)i;
}

/* The hint names the options that begin with the letter: "--secret-file, --service". */
static enum lwc_code fail_unknown_letter(const char *at, struct lwc_error *err)
{
    char names[HINT_LEN] = "";
    size_t used = 0;
    enum lwc_code code = lwc_fail(err, LWC_E_INVALID, "unknown option -%.1s", at);

    for (size_t i = 0; i < LWC_OPTS && used < sizeof names; i++) {
        if (options[i].name[0] == *at) {
            used += (size_t)snprintf(names + used, sizeof names - used, "%s--%s",
                                     used > 0 ? ", " : "", options[i].name);
        }
    }
    return used == 0 ? code : lwc_hint(err, code, "did you mean %s?", names);
}

/* -v, -qp NAME, -pNAME */
static enum lwc_code parse_letters(struct parse_ctx *ctx, struct lwc_error *err)
{
    for (const char *at = ctx->argv[ctx->at] + 1; *at != '\0'; at++) {
        const enum lwc_opt opt = find_letter(*at);
        enum lwc_code code = LWC_OK;

        if (opt == LWC_OPTS) {
            return fail_unknown_letter(at, err);
        }
        code = set_option(ctx, opt, at[1] != '\0' ? at + 1 : NULL, err);
        if (code != LWC_OK || options[opt].value != NULL) {
            return code;
        }
    }
    return LWC_OK;
}

static enum lwc_code add_operand(struct parse_ctx *ctx, struct lwc_error *err)
{
    if (ctx->args->operands == LWC_OPERANDS_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "more than %d arguments", LWC_OPERANDS_MAX);
    }
    ctx->args->operand[ctx->args->operands++] = ctx->argv[ctx->at];
    return LWC_OK;
}

enum lwc_code lwc_args_parse(int argc, char *const argv[], struct lwc_args *args_out,
                             struct lwc_error *err)
{
    struct lwc_args args = {.operands = 0};
    struct parse_ctx ctx = {.argc = argc, .argv = argv, .args = &args};
    bool literal = false;

    for (ctx.at = 1; ctx.at < argc; ctx.at++) {
        const char *word = argv[ctx.at];
        enum lwc_code code = LWC_OK;

        if (literal || word[0] != '-' || word[1] == '\0') {
            code = add_operand(&ctx, err);
        } else if (lwc_streq(word, "--")) {
            literal = true;
        } else {
            code = word[1] == '-' ? parse_long(&ctx, err) : parse_letters(&ctx, err);
        }
        if (code != LWC_OK) {
            return code;
        }
    }
    if (lwc_args_has(&args, LWC_OPT_QUIET) && lwc_args_has(&args, LWC_OPT_VERBOSE)) {
        return lwc_fail(err, LWC_E_INVALID, "options --quiet and --verbose: not together");
    }
    *args_out = args;
    return LWC_OK;
}

enum lwc_code lwc_args_check(const struct lwc_args *args, uint64_t allowed, const char *command,
                             struct lwc_error *err)
{
    for (size_t i = 0; i < LWC_OPTS; i++) {
        const char *value = args->option[i];
        enum lwc_code code = LWC_OK;

        if (value == NULL) {
            continue;
        }
        if (((allowed | LWC_OPTS_GLOBAL) & LWC_OPT_BIT(i)) == 0) {
            code =
                lwc_fail(err, LWC_E_INVALID, "'%s' takes no option --%s", command, options[i].name);
            return lwc_hint(err, code, "see 'lw-credential-helper %s --help'", command);
        }
        code = options[i].check == NULL ? LWC_OK : options[i].check(value, err);
        if (code != LWC_OK) {
            return lwc_wrap(err, code, "option --%s", options[i].name);
        }
    }
    return LWC_OK;
}
