/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The backend "lacework-cli": the profiles of the Lacework CLI's own file, ~/.lacework.toml, read
 * and never written.
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
#include "base/arguments.h"
#include "base/host.h"
#include "base/safefile.h"
#include "base/util.h"

#define FILE_NAME ".lacework.toml"
#define FILE_LEN_MAX ((size_t)1024 * 1024)

/* path is "" where there is no home directory. */
struct cli {
    const struct lwc_host *host;
    bool has_warned_mode;
    bool has_warned_profiles;
    char path[PATH_MAX];
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

static const struct lwc_argument words[] = {{"path=", 0, lwc_argument_path, false}};
static const struct lwc_argument_table table = {words, LWC_ARRAY_LEN(words), "known is path=FILE"};

static enum lwc_code cli_open(const struct lwc_host *host, size_t argc, const char *const *argv,
                              void **state_out, struct lwc_error *err)
{
    LWC_AUTO_FREE struct cli *cli = calloc(1, sizeof *cli);
    const char *argument = NULL;
    enum lwc_code code = LWC_OK;

    if (cli == NULL) {
        return lwc_fail_nomem(err);
    }
    cli->host = host;
    code = lwc_arguments_read(&table, argc, argv, &argument, err);
    if (code == LWC_OK) {
        code = choose_path(cli, argument, err);
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
    (void)!lwc_fail(&why, LWC_E_UNSAFE, "%s can be read by others (mode %04o)", cli->path,
                    mode & 07777u);
    (void)!lwc_hint_command(&why, LWC_E_UNSAFE, "chmod 600", cli->path);
    log_warning(cli, &why);
}

/* LWC_E_NOT_FOUND without a word where there is no file. */
static enum lwc_code read_file(struct cli *cli, struct lwc_buf *content, struct lwc_error *err)
{
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    LWC_AUTO_CLOSE int fd = -1;
    struct stat st = {0};
    struct lwc_error why = {0};
    enum lwc_code code = LWC_OK;

    if (cli->path[0] == '\0') {
        return LWC_E_NOT_FOUND;
    }
    cli->host->depends(cli->host->data, cli->path);
    code = lwc_path_resolve(cli->path, &path, &why);
    if (code == LWC_OK) {
        code = lwc_file_open(&path, LWC_TRUST_CONTENT, &fd, &st, &why);
    }
    if (code == LWC_OK) {
        warn_mode(cli, st.st_mode);
        code = lwc_fd_read(fd, FILE_LEN_MAX, LWC_NO_DEADLINE, content, &why);
        code = code == LWC_OK ? code : lwc_wrap(&why, code, "%s", cli->path);
    }
    if (code != LWC_OK && code != LWC_E_NOT_FOUND && err != NULL) {
        *err = why;
    }
    return code;
}

static enum lwc_code load_profiles(struct cli *cli, struct lwc_profiles **profiles_out,
                                   struct lwc_error *err)
{
    LWC_AUTO_BUF content = NULL;
    enum lwc_code code = lwc_buf_new(4096, &content, err);

    if (code == LWC_OK) {
        code = read_file(cli, content, err);
    }
    return code == LWC_OK ? lwc_profiles_parse(cli->path, content, profiles_out, err) : code;
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
    LWC_AUTO_PROFILES profiles = NULL;
    struct lwc_error why = {0};
    size_t named = 0;
    enum lwc_code code = load_profiles(cli, &profiles, err);

    if (code == LWC_OK) {
        code = name_usable(cli, profiles, visitor, &named, &why, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    if (named == 0 && why.msg[0] != '\0') {
        if (err != NULL) {
            *err = why;
        }
        return LWC_E_NOT_FOUND;
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
    LWC_AUTO_PROFILES profiles = NULL;
    struct lwc_identity_copy identity;
    size_t number = 0;
    enum lwc_code code = load_profiles(state, &profiles, err);

    if (code == LWC_OK) {
        code = choose_profile(profiles, query, &number, &identity, err);
    }
    return code == LWC_OK ? lwc_profiles_secret(profiles, number, &identity.id, sink, err) : code;
}

/* Loads the file, so that its faults show before a secret is asked for. */
static enum lwc_code cli_probe(void *state, uint32_t cap, struct lwc_error *err)
{
    LWC_AUTO_PROFILES profiles = NULL;
    enum lwc_code code = LWC_OK;

    if (cap != LWC_CAP_READ) {
        return lwc_fail(err, LWC_E_INVALID, "%s is only read", FILE_NAME);
    }
    code = load_profiles(state, &profiles, err);
    return code == LWC_E_NOT_FOUND ? LWC_OK : code;
}

const struct lwc_backend lwc_backend = {
    .abi = LWC_BACKEND_ABI,
    .size = sizeof(struct lwc_backend),
    .name = "lacework-cli",
    .summary = "profiles of the Lacework CLI, in ~/" FILE_NAME,
    .caps = LWC_CAP_READ | LWC_CAP_LIST,
    .open = cli_open,
    .close = cli_close,
    .find = cli_find,
    .list = cli_list,
    .probe = cli_probe,
};
