/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/shared_options.h"

#include <string.h>

#include <lwcred.h>

#include "base/identity.h"
#include "base/text.h"
#include "base/util.h"
#include "plugins/format/formats.h"

#define TTL_MAX_S 86400
#define DURATION_FORM "seconds, or one number with s, m, h or d: 9000, 150m"

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

const struct lwc_option lwc_opt_profile = {
    .name = "profile",
    .letter = 'p',
    .value = "NAME",
    .help = "this stored credential (variable LW_PROFILE)",
    .check = lwc_profile_check,
};

const struct lwc_option lwc_opt_account = {
    .name = "account",
    .letter = 'a',
    .value = "ACCOUNT",
    .help = "a credential of this account",
    .check = check_account,
};

const struct lwc_option lwc_opt_service = {
    .name = "service",
    .value = "NAME",
    .help = "which stack file (variable LWCRED_SERVICE)",
};

const struct lwc_option lwc_opt_config = {
    .name = "config",
    .value = "FILE",
    .help = "this stack file and no other (LWCRED_CONFIG)",
};

const struct lwc_option lwc_opt_no_prompt = {
    .name = "no-prompt",
    .help = "fail rather than ask (LWCRED_NO_PROMPT)",
};

const struct lwc_option lwc_opt_timeout = {
    .name = "timeout",
    .value = "DURATION",
    .help = "deadline of the whole command, default 60 s",
    .check = check_timeout,
};

const struct lwc_option lwc_opt_json = {
    .name = "json",
    .help = "lists, and errors also, as JSON",
};

const struct lwc_option lwc_opt_quiet = {
    .name = "quiet",
    .letter = 'q',
    .help = "errors only",
};

const struct lwc_option lwc_opt_verbose = {
    .name = "verbose",
    .letter = 'v',
    .help = "trace the way to the answer on stderr",
};

const struct lwc_option lwc_opt_version = {
    .name = "version",
    .letter = 'V',
    .help = "print the version",
};

const struct lwc_option lwc_opt_help = {
    .name = "help",
    .letter = 'h',
    .help = "explain the program or a command",
};

const struct lwc_option lwc_opt_format = {
    .name = "format",
    .value = "FORMAT",
    .help = "what to print, default git",
    .check = check_format,
};

const struct lwc_option lwc_opt_ttl = {
    .name = "ttl",
    .value = "DURATION",
    .help = "lifetime to ask for, 1 s to 24 h, default 1 h",
    .check = check_ttl,
};

const struct lwc_option lwc_opt_min_valid = {
    .name = "min-valid",
    .value = "DURATION",
    .help = "what the token must still live, default 300 s",
    .check = check_min_valid,
};

const struct lwc_option lwc_opt_sub_account = {
    .name = "sub-account",
    .value = "NAME",
    .help = "act on this sub-account",
    .check = lwc_sub_account_check,
};

const struct lwc_option lwc_opt_org_access = {
    .name = "org-access",
    .help = "act on the organization",
};

const struct lwc_option lwc_opt_key_id = {
    .name = "key-id",
    .value = "ID",
    .help = "the access key's id",
    .check = lwc_key_id_check,
};

const struct lwc_option lwc_opt_secret_file = {
    .name = "secret-file",
    .value = "FILE",
    .help = "read the access key's secret from FILE",
};

const struct lwc_option lwc_opt_secret_stdin = {
    .name = "secret-stdin",
    .help = "read the secret from standard input",
};

const struct lwc_option lwc_opt_backend = {
    .name = "backend",
    .value = "NAME",
    .help = "in this backend",
    .check = check_backend,
};

const struct lwc_option lwc_opt_api_url = {
    .name = "api-url",
    .value = "URL",
    .help = "origin of the API, default https://ACCOUNT",
    .check = check_origin,
};

const struct lwc_option lwc_opt_no_verify = {
    .name = "no-verify",
    .help = "do not prove the key by an exchange",
};

const struct lwc_option lwc_opt_replace = {
    .name = "replace",
    .help = "overwrite the profile if it exists",
};

const struct lwc_option lwc_opt_from = {
    .name = "from",
    .value = "NAME",
    .help = "where the keys are now",
};
const struct lwc_option lwc_opt_dry_run = {
    .name = "dry-run",
    .help = "change nothing, tell what would be done",
};
const struct lwc_option lwc_opt_delete_source = {
    .name = "delete-source",
    .value = "all",
    .is_value_optional = true,
    .help = "remove each secret where it was, once it has been read back",
};

const struct lwc_option *const lwc_program_options[] = {
    &lwc_opt_profile,   &lwc_opt_account, &lwc_opt_service, &lwc_opt_config,
    &lwc_opt_no_prompt, &lwc_opt_timeout, &lwc_opt_json,    &lwc_opt_quiet,
    &lwc_opt_verbose,   &lwc_opt_version, &lwc_opt_help,    NULL,
};
