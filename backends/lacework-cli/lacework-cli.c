/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The backend "lacework-cli": the profiles of the Lacework CLI's own file, ~/.lacework.toml.  It is
 * read; only to erase a profile, its secret is emptied.
 *
 * MUST:
 *  1. The file is judged as others that the user names: not writable by others, nor the way to it;
 *     one that others can read is used, with a warning.
 *  2. A file that is malformed is an error, never "not found".
 *  3. A profile that is incomplete or malformed is no answer, and the user is told why.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lwcred/backend.h>

#include "backends/lacework-cli/profiles.h"
#include "base/account.h"
#include "base/arguments.h"
#include "base/host.h"
#include "base/safefile.h"
#include "base/util.h"

#define FILE_NAME ".lacework.toml"
#define FILE_LEN_MAX ((size_t)1024 * 1024)

/*
 * path     "" where there is no home directory.
 * as       name for a profile whose own one cannot be used here, and its account; or "".
 */
struct cli {
    const struct lwc_host *host;
    bool has_warned_mode;
    bool has_warned_profiles;
    char path[PATH_MAX];
    char as[LWC_PROFILE_MAX + 1];
    char account[LWC_ACCOUNT_MAX + 1];
};

static enum lwc_code join_home(struct cli *cli, const char *rest, struct lwc_error *err)
{
    const char *home = lwc_host_dir(cli->host, "HOME");
    int len = 0;

    if (home == NULL) {
        return LWC_OK;
    }
    len = snprintf(cli->path, sizeof cli->path, "%s/%s", home, rest);
    if (len < 0 || (size_t)len >= sizeof cli->path) {
        return lwc_fail(err, LWC_E_INVALID, "the path of %s is longer than %d bytes", FILE_NAME,
                        PATH_MAX - 1);
    }
    return LWC_OK;
}

static enum lwc_code choose_path(struct cli *cli, const char *argument, struct lwc_error *err)
{
    int len = 0;

    if (argument == NULL) {
        return join_home(cli, FILE_NAME, err);
    }
    if (strncmp(argument, "~/", 2) == 0) {
        return join_home(cli, argument + 2, err);
    }
    len = snprintf(cli->path, sizeof cli->path, "%s", argument);
    return len >= 0 && (size_t)len < sizeof cli->path
               ? LWC_OK
               : lwc_fail(err, LWC_E_INVALID, "path= is longer than %d bytes", PATH_MAX - 1);
}

struct cli_arguments {
    const char *path;
    const char *as;
    const char *account;
};

static enum lwc_code read_profile(void *member, const char *value, struct lwc_error *err)
{
    *(const char **)member = value;
    return lwc_profile_check(value, err);
}

static const struct lwc_argument words[] = {
    {"path=", offsetof(struct cli_arguments, path), lwc_argument_path, false},
    {"as=", offsetof(struct cli_arguments, as), read_profile, false},
    {"account=", offsetof(struct cli_arguments, account), NULL, false},
};
static const struct lwc_argument_table table = {
    words, LWC_ARRAY_LEN(words), "known are path=FILE, as=PROFILE and account=ACCOUNT"};

static enum lwc_code take_names(struct cli *cli, const struct cli_arguments *arguments,
                                struct lwc_error *err)
{
    if (arguments->account != NULL && arguments->as == NULL) {
        return lwc_fail(err, LWC_E_INVALID, "account= belongs to as=");
    }
    (void)snprintf(cli->as, sizeof cli->as, "%s", arguments->as != NULL ? arguments->as : "");
    return arguments->account == NULL
               ? LWC_OK
               : lwc_account_canonical(arguments->account, cli->account, err);
}

static enum lwc_code cli_open(const struct lwc_host *host, size_t argc, const char *const *argv,
                              void **state_out, struct lwc_error *err)
{
    LWC_AUTO_FREE struct cli *cli = calloc(1, sizeof *cli);
    struct cli_arguments arguments = {.path = NULL};
    enum lwc_code code = LWC_OK;

    if (cli == NULL) {
        return lwc_fail_nomem(err);
    }
    cli->host = host;
    code = lwc_arguments_read(&table, argc, argv, &arguments, err);
    if (code == LWC_OK) {
        code = choose_path(cli, arguments.path, err);
    }
    if (code == LWC_OK) {
        code = take_names(cli, &arguments, err);
    }
    if (code == LWC_OK) {
        *state_out = LWC_TAKE(cli);
    }
    return code;
}

static void cli_close(void *state)
{
    free(state);
}

static void log_warning(const struct cli *cli, const struct lwc_error *why)
{
    char line[LWC_ERROR_MSG_LEN + LWC_ERROR_HINT_LEN + 3];

    (void)snprintf(line, sizeof line, "%s%s%s", why->msg, why->hint[0] != '\0' ? "; " : "",
                   why->hint);
    cli->host->log(cli->host->data, LWC_LOG_WARNING, line);
}

static void warn_mode(struct cli *cli, mode_t mode)
{
    struct lwc_error why = {0};

    if ((mode & (S_IRGRP | S_IROTH)) == 0 || cli->has_warned_mode) {
        return;
    }
    cli->has_warned_mode = true;
    lwc_describe(&why, LWC_E_UNSAFE, "%s can be read by others (mode %04o)", cli->path,
                 mode & 07777u);
    (void)!lwc_hint_command(&why, LWC_E_UNSAFE, "chmod 600", cli->path);
    log_warning(cli, &why);
}

/* The file as it was read.  text is NULL until then. */
struct cli_file {
    struct lwc_path path;
    struct stat st;
    struct lwc_buf *text;
    struct lwc_profiles *profiles;
};

static void clear_file(struct cli_file *file)
{
    lwc_path_clear(&file->path);
    lwc_buf_free(&file->text);
    lwc_profiles_free(&file->profiles);
}
#define AUTO_FILE LWC_AUTO(struct cli_file, clear_file)
#define FILE_INIT             \
    {                         \
        .path = LWC_PATH_INIT \
    }

/* LWC_E_NOT_FOUND without a word where there is no file. */
static enum lwc_code read_file(struct cli *cli, struct cli_file *file, struct lwc_error *err)
{
    LWC_AUTO_CLOSE int fd = -1;
    struct lwc_error why = {0};
    enum lwc_code code = LWC_OK;

    if (cli->path[0] == '\0') {
        return LWC_E_NOT_FOUND;
    }
    cli->host->depends(cli->host->data, cli->path);
    code = lwc_path_resolve(cli->path, &file->path, &why);
    if (code == LWC_OK) {
        code = lwc_file_open(&file->path, LWC_TRUST_CONTENT, &fd, &file->st, &why);
    }
    if (code == LWC_OK) {
        warn_mode(cli, file->st.st_mode);
        code = lwc_fd_read(fd, FILE_LEN_MAX, LWC_NO_DEADLINE, file->text, &why);
        code = code == LWC_OK ? code : lwc_wrap(&why, code, "%s", cli->path);
    }
    return code == LWC_E_NOT_FOUND ? code : lwc_error_pass(err, code, &why);
}

static enum lwc_code load_profiles(struct cli *cli, struct cli_file *file, struct lwc_error *err)
{
    enum lwc_code code = lwc_buf_new(4096, &file->text, err);

    if (code == LWC_OK) {
        code = read_file(cli, file, err);
    }
    if (code == LWC_OK) {
        code = lwc_profiles_parse(cli->path, file->text, &file->profiles, err);
    }
    if (code == LWC_OK && cli->as[0] != '\0') {
        lwc_profiles_rename(file->profiles, cli->account[0] != '\0' ? cli->account : NULL, cli->as);
    }
    return code;
}

/* Names the profiles that can answer.  The first of the others is *why, the rest are warnings. */
static enum lwc_code name_usable(struct cli *cli, const struct lwc_profiles *profiles,
                                 const struct lwc_visitor *visitor, size_t *named_out,
                                 struct lwc_error *why, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    for (size_t i = 0; i < lwc_profiles_count(profiles) && code == LWC_OK; i++) {
        struct lwc_identity_copy identity;
        struct lwc_error fault = {0};

        if (lwc_profiles_identity(profiles, i, &identity, &fault) == LWC_OK) {
            code = visitor->visit(visitor->data, &identity.id, err);
            (*named_out)++;
        } else if (lwc_profiles_is_emptied(profiles, i)) {
            cli->host->log(cli->host->data, LWC_LOG_INFO, fault.msg);
        } else if (why->msg[0] == '\0') {
            *why = fault;
        } else if (!cli->has_warned_profiles) {
            log_warning(cli, &fault);
        }
    }
    return code;
}

static enum lwc_code cli_list(void *state, const struct lwc_visitor *visitor, struct lwc_error *err)
{
    struct cli *cli = state;
    AUTO_FILE file = FILE_INIT;
    struct lwc_error why = {0};
    size_t named = 0;
    enum lwc_code code = load_profiles(cli, &file, err);

    if (code == LWC_OK) {
        code = name_usable(cli, file.profiles, visitor, &named, &why, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    if (named == 0 && why.msg[0] != '\0') {
        return lwc_error_pass(err, LWC_E_NOT_FOUND, &why);
    }
    if (why.msg[0] != '\0' && !cli->has_warned_profiles) {
        log_warning(cli, &why);
    }
    cli->has_warned_profiles = true;
    return LWC_OK;
}

/* Is it the profile that was asked for by its name, and no answer?  Then this is why. */
static bool is_wanted(const struct lwc_identity *query, const struct lwc_profiles *profiles,
                      size_t number)
{
    return lwc_streq(query->profile, lwc_profiles_name(profiles, number));
}

/* Finds the number of the one profile that agrees with @query. */
static enum lwc_code choose_profile(const struct lwc_profiles *profiles,
                                    const struct lwc_identity *query, size_t *number_out,
                                    struct lwc_identity_copy *identity_out, struct lwc_error *err)
{
    enum lwc_code code = LWC_E_NOT_FOUND;

    for (size_t i = 0; i < lwc_profiles_count(profiles); i++) {
        struct lwc_identity_copy identity;
        struct lwc_error why = {0};

        if (lwc_profiles_identity(profiles, i, &identity, &why) != LWC_OK) {
            if (code == LWC_E_NOT_FOUND && err != NULL && is_wanted(query, profiles, i)) {
                *err = why;
            }
            continue;
        }
        if (!lwc_identity_matches(query, &identity.id)) {
            continue;
        }
        if (code == LWC_OK) {
            return lwc_fail(err, LWC_E_INVALID, "several profiles fit");
        }
        *number_out = i;
        code = lwc_identity_copy(&identity.id, identity_out, err);
    }
    return code;
}

static enum lwc_code cli_find(void *state, const struct lwc_identity *query,
                              const struct lwc_sink *sink, struct lwc_error *err)
{
    AUTO_FILE file = FILE_INIT;
    struct lwc_identity_copy identity;
    size_t number = 0;
    enum lwc_code code = load_profiles(state, &file, err);

    if (code == LWC_OK) {
        code = choose_profile(file.profiles, query, &number, &identity, err);
    }
    return code == LWC_OK ? lwc_profiles_secret(file.profiles, number, &identity.id, sink, err)
                          : code;
}

/* Warns where the secret stands still: in a comment, or in another profile. */
static void warn_leftover(const struct cli *cli, const struct cli_file *file, size_t number,
                          const struct lwc_identity *identity, const struct lwc_buf *edited)
{
    LWC_AUTO_BUF secret = NULL;
    struct lwc_sink sink;
    struct lwc_error why = {0};

    lwc_buf_sink(&secret, &sink);
    if (lwc_profiles_secret(file->profiles, number, identity, &sink, NULL) != LWC_OK ||
        memmem(lwc_buf_bytes(edited), lwc_buf_len(edited), lwc_buf_bytes(secret),
               lwc_buf_len(secret)) == NULL) {
        return;
    }
    (void)!lwc_fail(&why, LWC_E_INVALID, "the secret of profile '%s' stands elsewhere in %s, too",
                    identity->profile, cli->path);
    log_warning(cli, &why);
}

/* Empties the secret of the profile, and a token beside it; all else in the file stays. */
static enum lwc_code cli_erase(void *state, const struct lwc_identity *query, struct lwc_error *err)
{
    struct cli *cli = state;
    AUTO_FILE file = FILE_INIT;
    LWC_AUTO_BUF edited = NULL;
    struct lwc_identity_copy identity;
    size_t number = 0;
    enum lwc_code code = load_profiles(cli, &file, err);

    if (code == LWC_OK) {
        code = choose_profile(file.profiles, query, &number, &identity, err);
    }
    if (code == LWC_OK) {
        code = lwc_buf_new(lwc_buf_len(file.text) + 1, &edited, err);
    }
    if (code == LWC_OK) {
        code = lwc_profiles_empty(file.profiles, number, file.text, edited, err);
    }
    if (code == LWC_OK) {
        code = lwc_file_edit(&file.path, &file.st, lwc_buf_bytes(edited), lwc_buf_len(edited), err);
    }
    if (code == LWC_OK) {
        warn_leftover(cli, &file, number, &identity.id, edited);
    }
    return code;
}

/* Loads the file, so that its faults show before a secret is asked for. */
static enum lwc_code cli_probe(void *state, uint32_t cap, struct lwc_error *err)
{
    AUTO_FILE file = FILE_INIT;
    enum lwc_code code = LWC_OK;

    if (cap != LWC_CAP_READ && cap != LWC_CAP_ERASE) {
        return lwc_fail(err, LWC_E_INVALID, "keys are not stored in %s", FILE_NAME);
    }
    code = load_profiles(state, &file, err);
    if (code == LWC_OK && cap == LWC_CAP_ERASE) {
        return lwc_file_unchanged_check(&file.path, &file.st, err);
    }
    return code == LWC_E_NOT_FOUND ? LWC_OK : code;
}

const struct lwc_backend lwc_backend = {
    .abi = LWC_BACKEND_ABI,
    .size = sizeof(struct lwc_backend),
    .name = "lacework-cli",
    .summary = "profiles of the Lacework CLI, in ~/" FILE_NAME,
    .caps = LWC_CAP_READ | LWC_CAP_LIST | LWC_CAP_ERASE,
    .open = cli_open,
    .close = cli_close,
    .find = cli_find,
    .list = cli_list,
    .erase = cli_erase,
    .probe = cli_probe,
};
