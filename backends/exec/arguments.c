/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/exec/arguments.h"

#include <stdio.h>
#include <string.h>

#include "base/account.h"
#include "base/arguments.h"
#include "base/identity.h"
#include "base/text.h"
#include "base/util.h"

#define TIMEOUT_S 10
#define PROFILE_DEFAULT "default"

void lwc_exec_line_clear(struct lwc_exec_line *line)
{
    for (size_t i = 0; line->argv != NULL && i < line->argc; i++) {
        free(line->argv[i]);
    }
    free(line->argv);
    free(line->path);
    memset(line, 0, sizeof *line);
}

static enum lwc_code read_command(void *member, const char *value, struct lwc_error *err)
{
    char **path = member;

    if (value[0] != '/') {
        return lwc_hint(err,
                        lwc_fail(err, LWC_E_INVALID, "command '%s' is no absolute path", value),
                        "programs are not searched for; git's own lie in the directory that 'git "
                        "--exec-path' prints");
    }
    *path = strdup(value);
    return *path != NULL ? LWC_OK : lwc_fail_nomem(err);
}

static enum lwc_code read_arg(void *member, const char *value, struct lwc_error *err)
{
    struct lwc_exec_line *line = member;

    line->argv[line->argc] = strdup(value);
    return line->argv[line->argc++] != NULL ? LWC_OK : lwc_fail_nomem(err);
}

static enum lwc_code read_account(void *member, const char *value, struct lwc_error *err)
{
    return lwc_account_canonical(value, member, err);
}

static enum lwc_code read_origin(void *member, const char *value, struct lwc_error *err)
{
    return lwc_origin_canonical(value, member, err);
}

static enum lwc_code read_profile(void *member, const char *value, struct lwc_error *err)
{
    (void)snprintf(member, LWC_PROFILE_MAX + 1, "%s", value);
    return lwc_profile_check(value, err);
}

static enum lwc_code read_key_id(void *member, const char *value, struct lwc_error *err)
{
    (void)snprintf(member, LWC_KEY_ID_MAX + 1, "%s", value);
    return lwc_key_id_check(value, err);
}

static enum lwc_code read_sub_account(void *member, const char *value, struct lwc_error *err)
{
    (void)snprintf(member, LWC_SUB_ACCOUNT_MAX + 1, "%s", value);
    return lwc_sub_account_check(value, err);
}

static enum lwc_code read_org_access(void *member, const char *value, struct lwc_error *err)
{
    (void)value;
    (void)err;
    *(uint32_t *)member |= LWC_ID_ORG_ACCESS;
    return LWC_OK;
}

static enum lwc_code read_timeout(void *member, const char *value, struct lwc_error *err)
{
    int64_t *seconds = member;

    return lwc_text_parse_duration(value, seconds) && *seconds > 0
               ? LWC_OK
               : lwc_fail(err, LWC_E_INVALID, "timeout=%s is no duration", value);
}

#define MEMBER(name) offsetof(struct lwc_exec_line, name)
static const struct lwc_argument words[] = {
    {"command=", MEMBER(path), read_command, false},
    {"arg=", 0, read_arg, true},
    {"account=", MEMBER(account), read_account, false},
    {"profile=", MEMBER(profile), read_profile, false},
    {"key-id=", MEMBER(key_id), read_key_id, false},
    {"origin=", MEMBER(origin), read_origin, false},
    {"sub-account=", MEMBER(sub_account), read_sub_account, false},
    {"org-access", MEMBER(flags), read_org_access, false},
    {"timeout=", MEMBER(timeout_s), read_timeout, false},
};
static const struct lwc_argument_table table = {
    words, LWC_ARRAY_LEN(words),
    "known are command= arg= account= profile= key-id= origin= sub-account= org-access timeout="};

static enum lwc_code complete_line(struct lwc_exec_line *line, struct lwc_error *err)
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
    enum lwc_code code = LWC_OK;

    memset(line, 0, sizeof *line);
    line->timeout_s = TIMEOUT_S;
    /* The path, each argument at most, the operation, NULL. */
    line->argv = calloc(argc + 3, sizeof *line->argv);
    if (line->argv == NULL) {
        return lwc_fail_nomem(err);
    }
    line->argc = 1;
    code = lwc_arguments_read(&table, argc, argv, line, err);
    return code == LWC_OK ? complete_line(line, err) : code;
}

static bool texts_agree(const char *wanted, const char *held)
{
    return wanted[0] == '\0' || held[0] == '\0' || lwc_streq(wanted, held);
}

/* The account that is meant, where the line is for any: it must be one of Lacework's. */
static bool find_account(const struct lwc_identity *query, char out[LWC_ACCOUNT_MAX + 1])
{
    return query->account[0] != '\0' &&
           lwc_account_canonical(query->account, out, NULL) == LWC_OK &&
           lwc_streq(out, query->account);
}

static void copy_first_label(const char *account, char out[LWC_PROFILE_MAX + 1])
{
    (void)snprintf(out, LWC_PROFILE_MAX + 1, "%.*s", (int)strcspn(account, "."), account);
}

bool lwc_exec_line_target(const struct lwc_exec_line *line, const struct lwc_identity *query,
                          struct lwc_exec_target *target)
{
    bool is_any = line->account[0] == '\0';

    if (is_any && !find_account(query, target->account)) {
        return false;
    }
    if (!is_any) {
        memcpy(target->account, line->account, sizeof target->account);
    }
    memcpy(target->profile, line->profile, sizeof target->profile);
    if (is_any) {
        copy_first_label(target->account, target->profile);
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
    return texts_agree(query->profile, target->profile) &&
           texts_agree(query->key_id, line->key_id) &&
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
