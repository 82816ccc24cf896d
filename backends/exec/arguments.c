/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/exec/arguments.h"

#include <stdio.h>
#include <string.h>

#include "base/account.h"
#include "base/identity.h"
#include "base/text.h"
#include "base/util.h"

#define TIMEOUT_S 10
#define PROFILE_DEFAULT "default"

typedef enum lwc_code take_fn(struct lwc_exec_line *line, const char *value, struct lwc_error *err);

void lwc_exec_line_clear(struct lwc_exec_line *line)
{
    for (size_t i = 0; line->argv != NULL && i < line->argc; i++) {
        free(line->argv[i]);
    }
    free(line->argv);
    free(line->path);
    memset(line, 0, sizeof *line);
}

static enum lwc_code take_command(struct lwc_exec_line *line, const char *value,
                                  struct lwc_error *err)
{
    if (value[0] != '/') {
        return lwc_hint(err,
                        lwc_fail(err, LWC_E_INVALID, "command '%s' is no absolute path", value),
                        "programs are not searched for; git's own lie in the directory that 'git "
                        "--exec-path' prints");
    }
    line->path = strdup(value);
    return line->path != NULL ? LWC_OK : lwc_fail_nomem(err);
}

static enum lwc_code take_arg(struct lwc_exec_line *line, const char *value, struct lwc_error *err)
{
    line->argv[line->argc] = strdup(value);
    return line->argv[line->argc++] != NULL ? LWC_OK : lwc_fail_nomem(err);
}

static enum lwc_code take_account(struct lwc_exec_line *line, const char *value,
                                  struct lwc_error *err)
{
    return lwc_account_canonical(value, line->account, err);
}

static enum lwc_code take_origin(struct lwc_exec_line *line, const char *value,
                                 struct lwc_error *err)
{
    return lwc_origin_canonical(value, line->origin, err);
}

static enum lwc_code take_profile(struct lwc_exec_line *line, const char *value,
                                  struct lwc_error *err)
{
    enum lwc_code code = lwc_profile_check(value, err);

    (void)snprintf(line->profile, sizeof line->profile, "%s", value);
    return code;
}

static enum lwc_code take_key_id(struct lwc_exec_line *line, const char *value,
                                 struct lwc_error *err)
{
    enum lwc_code code = lwc_key_id_check(value, err);

    (void)snprintf(line->key_id, sizeof line->key_id, "%s", value);
    return code;
}

static enum lwc_code take_sub_account(struct lwc_exec_line *line, const char *value,
                                      struct lwc_error *err)
{
    enum lwc_code code = lwc_sub_account_check(value, err);

    (void)snprintf(line->sub_account, sizeof line->sub_account, "%s", value);
    return code;
}

static enum lwc_code take_org_access(struct lwc_exec_line *line, const char *value,
                                     struct lwc_error *err)
{
    (void)value;
    (void)err;
    line->flags |= LWC_ID_ORG_ACCESS;
    return LWC_OK;
}

static enum lwc_code take_timeout(struct lwc_exec_line *line, const char *value,
                                  struct lwc_error *err)
{
    return lwc_text_parse_duration(value, &line->timeout_s) && line->timeout_s > 0
               ? LWC_OK
               : lwc_fail(err, LWC_E_INVALID, "timeout=%s is no duration", value);
}

/* A word ends in '=' where a value follows. */
static const struct {
    const char *word;
    take_fn *take;
} words[] = {
    {"command=", take_command},         {"arg=", take_arg},
    {"account=", take_account},         {"profile=", take_profile},
    {"key-id=", take_key_id},           {"origin=", take_origin},
    {"sub-account=", take_sub_account}, {"org-access", take_org_access},
    {"timeout=", take_timeout},
};

static enum lwc_code take(struct lwc_exec_line *line, const char *argument, uint32_t *seen,
                          struct lwc_error *err)
{
    for (size_t i = 0; i < LWC_ARRAY_LEN(words); i++) {
        size_t len = strlen(words[i].word);
        bool has_value = words[i].word[len - 1] == '=';

        if (has_value ? strncmp(argument, words[i].word, len) != 0
                      : !lwc_streq(argument, words[i].word)) {
            continue;
        }
        if ((*seen & 1u << i) != 0 && words[i].take != take_arg) {
            return lwc_fail(err, LWC_E_INVALID, "'%s' is repeated", words[i].word);
        }
        *seen |= 1u << i;
        return words[i].take(line, argument + len, err);
    }
    return lwc_hint(err, lwc_fail(err, LWC_E_INVALID, "unknown argument '%s'", argument),
                    "known are command= arg= account= profile= key-id= origin= sub-account= "
                    "org-access timeout=");
}

static enum lwc_code complete(struct lwc_exec_line *line, struct lwc_error *err)
{
    bool has_account = line->account[0] != '\0';

    if (line->path == NULL) {
        return lwc_fail(err, LWC_E_INVALID, "command=/PATH is missing");
    }
    if (!has_account && (line->profile[0] != '\0' || line->origin[0] != '\0' ||
                         line->key_id[0] != '\0' || line->sub_account[0] != '\0')) {
        return lwc_hint(err, lwc_fail(err, LWC_E_INVALID, "account= is missing"),
                        "profile=, key-id=, origin= and sub-account= are of one account");
    }
    if (has_account && line->profile[0] == '\0') {
        (void)snprintf(line->profile, sizeof line->profile, PROFILE_DEFAULT);
    }
    line->argv[0] = strdup(line->path);
    return line->argv[0] != NULL ? LWC_OK : lwc_fail_nomem(err);
}

enum lwc_code lwc_exec_line_read(struct lwc_exec_line *line, size_t argc, const char *const *argv,
                                 struct lwc_error *err)
{
    uint32_t seen = 0;
    enum lwc_code code = LWC_OK;

    memset(line, 0, sizeof *line);
    line->timeout_s = TIMEOUT_S;
    /* The path, each argument at most, the operation, NULL. */
    line->argv = calloc(argc + 3, sizeof *line->argv);
    if (line->argv == NULL) {
        return lwc_fail_nomem(err);
    }
    line->argc = 1;
    for (size_t i = 0; i < argc && code == LWC_OK; i++) {
        code = take(line, argv[i], &seen, err);
    }
    return code == LWC_OK ? complete(line, err) : code;
}

static bool agrees(const char *wanted, const char *held)
{
    return wanted[0] == '\0' || held[0] == '\0' || lwc_streq(wanted, held);
}

/* The account that is meant, where the line is for any: it must be one of Lacework's. */
static bool account_of(const struct lwc_identity *query, char out[LWC_ACCOUNT_MAX + 1])
{
    return query->account[0] != '\0' &&
           lwc_account_canonical(query->account, out, NULL) == LWC_OK &&
           lwc_streq(out, query->account);
}

static void first_label(const char *account, char out[LWC_PROFILE_MAX + 1])
{
    (void)snprintf(out, LWC_PROFILE_MAX + 1, "%.*s", (int)strcspn(account, "."), account);
}

bool lwc_exec_line_target(const struct lwc_exec_line *line, const struct lwc_identity *query,
                          struct lwc_exec_target *target)
{
    bool is_any = line->account[0] == '\0';

    if (is_any && !account_of(query, target->account)) {
        return false;
    }
    if (!is_any) {
        memcpy(target->account, line->account, sizeof target->account);
    }
    memcpy(target->profile, line->profile, sizeof target->profile);
    if (is_any) {
        first_label(target->account, target->profile);
    }
    target->identity = (struct lwc_identity){
        .profile = target->profile,
        .account = target->account,
        .origin = line->origin,
        .key_id = line->key_id[0] != '\0' ? line->key_id : query->key_id,
        .sub_account = line->sub_account,
        .kind = LWC_KIND_ACCESS_KEY,
        .flags = line->flags,
    };
    return agrees(query->profile, target->profile) && agrees(query->key_id, line->key_id) &&
           lwc_identity_matches(query, &target->identity);
}

enum lwc_code lwc_exec_line_takes(const struct lwc_exec_line *line,
                                  const struct lwc_identity *identity, struct lwc_error *err)
{
    struct lwc_exec_target target;
    const struct lwc_identity *back = &target.identity;
    struct lwc_identity query = *identity;
    const char *member = NULL;

    query.profile = "";
    query.origin = "";
    if (identity->kind != LWC_KIND_ACCESS_KEY) {
        return lwc_fail(err, LWC_E_INVALID, "only access keys can be kept in '%s'", line->path);
    }
    if (!lwc_exec_line_target(line, &query, &target)) {
        return lwc_fail(err, LWC_E_INVALID, "'%s' is not asked for this account or key id",
                        line->path);
    }
    if (!lwc_streq(identity->profile, back->profile)) {
        member = "profile";
    } else if (!lwc_streq(identity->origin, back->origin)) {
        member = "origin";
    } else if (!lwc_streq(identity->sub_account, back->sub_account)) {
        member = "sub-account";
    } else if (identity->flags != back->flags) {
        member = "org-access";
    }
    if (member == NULL) {
        return LWC_OK;
    }
    return lwc_hint(err,
                    lwc_fail(err, LWC_E_INVALID,
                             "'%s' keeps host, key id and secret only: another %s would be lost",
                             line->path, member),
                    "say it in the stack file, with account= and %s", member);
}
