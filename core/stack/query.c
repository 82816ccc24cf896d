/* SPDX-License-Identifier: Apache-2.0 */
#include "stack/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/account.h"

/* The credentials that fit so far: how many, the preferred one, and their names for a message. */
struct candidates {
    const struct lwc_identity *query;
    size_t count;
    bool is_default;
    struct lwc_identity_copy best;
    char names[256];
};

/* One lookup on its way through the stack. */
struct search {
    const struct lwc_identity *query;
    struct lwc_found *found;
};

void lwc_found_free(struct lwc_found **found)
{
    if (found == NULL || *found == NULL) {
        return;
    }
    lwc_secret_free(&(*found)->secret);
    free(*found);
    *found = NULL;
}

static void name_add(struct candidates *candidates, const struct lwc_identity *identity)
{
    size_t used = strlen(candidates->names);

    (void)snprintf(candidates->names + used, sizeof candidates->names - used, "%s%s%s%s%s",
                   used > 0 ? ", " : "", identity->profile, identity->key_id[0] != '\0' ? " (" : "",
                   identity->key_id, identity->key_id[0] != '\0' ? ")" : "");
}

static enum lwc_code consider(void *data, const struct lwc_identity *identity,
                              struct lwc_error *err)
{
    struct candidates *candidates = data;
    bool is_default = lwc_streq(identity->profile, "default");

    if (!lwc_identity_matches(candidates->query, identity) ||
        (candidates->query->kind == LWC_KIND_ANY && identity->kind == LWC_KIND_AGENT_TOKEN)) {
        return LWC_OK;
    }
    name_add(candidates, identity);
    if (candidates->count++ == 0 || (is_default && !candidates->is_default)) {
        candidates->is_default = is_default;
        return lwc_identity_copy(identity, &candidates->best, err);
    }
    return LWC_OK;
}

static enum lwc_code several(const struct candidates *candidates, struct lwc_error *err)
{
    return lwc_hint(err,
                    lwc_fail(err, LWC_E_INVALID, "several credentials fit: %s", candidates->names),
                    "choose one with --profile or LW_PROFILE");
}

enum lwc_code lwc_query_pick(struct lwc_stack_unit *unit, const struct lwc_identity *query,
                             struct lwc_identity_copy *picked_out, struct lwc_error *err)
{
    struct candidates candidates = {.query = query};
    const struct lwc_visitor visitor = {.data = &candidates, .visit = consider};
    enum lwc_code code = lwc_unit_list(unit, &visitor, err);

    if (code != LWC_OK) {
        return code;
    }
    if (candidates.count == 0) {
        return LWC_E_NOT_FOUND;
    }
    if (candidates.count > 1 && !candidates.is_default) {
        return several(&candidates, err);
    }
    return lwc_identity_copy(&candidates.best.id, picked_out, err);
}

static enum lwc_code search_unit(void *data, struct lwc_stack_unit *unit, struct lwc_error *err)
{
    struct search *search = data;
    struct lwc_identity_copy picked;
    const struct lwc_identity *wanted = search->query;
    LWC_AUTO_FOUND found = NULL;
    enum lwc_code code;

    if (lwc_unit_can(unit, LWC_CAP_LIST)) {
        code = lwc_query_pick(unit, search->query, &picked, err);
        if (code != LWC_OK) {
            return code;
        }
        wanted = &picked.id;
    }
    found = calloc(1, sizeof *found);
    if (found == NULL) {
        return lwc_fail_nomem(err);
    }
    code = lwc_unit_find(unit, wanted, &found->identity, &found->secret, err);
    if (code == LWC_OK && search->found == NULL) {
        (void)snprintf(found->backend, sizeof found->backend, "%s", lwc_unit_name(unit));
        search->found = LWC_TAKE(found);
    }
    return code;
}

enum lwc_code lwc_query_find_exact(struct lwc_stack *stack, enum lwc_op op,
                                   const struct lwc_identity *query, struct lwc_found **found_out,
                                   struct lwc_error *err)
{
    struct search search = {.query = query};
    enum lwc_code code = lwc_stack_walk(stack, op, search_unit, &search, err);

    if (code != LWC_OK) {
        lwc_found_free(&search.found);
        return code;
    }
    *found_out = search.found;
    return LWC_OK;
}

/* "no credential for ..." in front of a backend's reason, if it gave one. */
static enum lwc_code absent(const struct lwc_identity *query, struct lwc_error *err)
{
    const char *what = query->profile[0] != '\0' ? "profile" : "account";
    const char *name = query->profile[0] != '\0' ? query->profile : query->account;
    enum lwc_code code;

    if (err == NULL || lwc_streq(err->msg, LWC_ABSENT)) {
        code = lwc_fail(err, LWC_E_NOT_FOUND, "no credential for %s '%s'", what, name);
    } else {
        code = lwc_wrap(err, LWC_E_NOT_FOUND, "no credential for %s '%s'", what, name);
    }
    return lwc_hint(err, code,
                    "'lw-credential-helper list' shows what is stored, 'add' stores an access key");
}

static enum lwc_code find_profile(struct lwc_stack *stack, const struct lwc_identity *query,
                                  const char *profile, struct lwc_found **found_out,
                                  struct lwc_error *err)
{
    struct lwc_identity exact = *query;
    enum lwc_code code = lwc_profile_check(profile, err);

    if (code != LWC_OK) {
        return code;
    }
    exact.profile = profile;
    exact.key_id = "";
    code = lwc_query_find_exact(stack, LWC_OP_LOOKUP, &exact, found_out, err);
    return code == LWC_E_NOT_FOUND ? absent(&exact, err) : code;
}

static enum lwc_code find_account(struct lwc_stack *stack, const struct lwc_identity *query,
                                  struct lwc_found **found_out, struct lwc_error *err)
{
    struct lwc_identity any = *query;
    enum lwc_code code = LWC_E_NOT_FOUND;

    if (query->key_id[0] != '\0') {
        code = lwc_query_find_exact(stack, LWC_OP_LOOKUP, query, found_out, err);
    }
    if (code == LWC_E_NOT_FOUND) {
        any.key_id = "";
        code = lwc_query_find_exact(stack, LWC_OP_LOOKUP, &any, found_out, err);
    }
    return code == LWC_E_NOT_FOUND ? absent(&any, err) : code;
}

static enum lwc_code count_unit(void *data, struct lwc_stack_unit *unit, struct lwc_error *err)
{
    const struct lwc_visitor visitor = {.data = data, .visit = consider};

    return lwc_unit_list(unit, &visitor, err);
}

static enum lwc_code find_only(struct lwc_stack *stack, const struct lwc_identity *query,
                               struct lwc_found **found_out, struct lwc_error *err)
{
    struct candidates candidates = {.query = query};
    enum lwc_code code = lwc_stack_each(stack, LWC_OP_LOOKUP, count_unit, &candidates, err);

    if (code != LWC_OK) {
        return code;
    }
    if (candidates.count > 1) {
        return several(&candidates, err);
    }
    if (candidates.count == 0) {
        return LWC_E_NOT_FOUND;
    }
    return lwc_query_find_exact(stack, LWC_OP_LOOKUP, &candidates.best.id, found_out, err);
}

/* The environment names an account and no complete key: it selects among the stored ones. */
static enum lwc_code find_selected(struct lwc_stack *stack, const struct lwc_identity *query,
                                   const char *account, struct lwc_found **found_out,
                                   struct lwc_error *err)
{
    struct lwc_identity selected = *query;
    char host[LWC_ACCOUNT_MAX + 1];
    enum lwc_code code = lwc_account_canonical(account, host, err);

    if (code != LWC_OK) {
        return lwc_wrap(err, code, "LW_ACCOUNT");
    }
    selected.account = host;
    return find_account(stack, &selected, found_out, err);
}

static enum lwc_code find_unsaid(struct lwc_stack *stack, const struct lwc_identity *query,
                                 const char *account, struct lwc_found **found_out,
                                 struct lwc_error *err)
{
    static const char *const profiles[] = {"env", "default"};
    struct lwc_error absence = {0};
    enum lwc_code code = LWC_E_NOT_FOUND;

    for (size_t i = 0; i < LWC_ARRAY_LEN(profiles) && code == LWC_E_NOT_FOUND; i++) {
        struct lwc_identity exact = *query;

        exact.profile = profiles[i];
        code = lwc_query_find_exact(stack, LWC_OP_LOOKUP, &exact, found_out, err);
        if (code == LWC_E_NOT_FOUND && i == 0 && err != NULL) {
            absence = *err;
        }
        if (code == LWC_E_NOT_FOUND && lwc_is_set(account)) {
            return find_selected(stack, query, account, found_out, err);
        }
    }
    if (code == LWC_E_NOT_FOUND) {
        code = find_only(stack, query, found_out, err);
    }
    if (code == LWC_E_NOT_FOUND && absence.msg[0] != '\0' && err != NULL) {
        *err = absence;
        return lwc_hint(err, code, "'lw-credential-helper add' stores an access key");
    }
    return code;
}

static enum lwc_code find(struct lwc_stack *stack, const struct lwc_identity *query,
                          const struct lwc_host *host, struct lwc_found **found_out,
                          struct lwc_error *err)
{
    const char *profile = host->setting(host->data, "LW_PROFILE");

    if (query->profile[0] != '\0') {
        return find_profile(stack, query, query->profile, found_out, err);
    }
    if (query->account[0] != '\0') {
        return find_account(stack, query, found_out, err);
    }
    if (lwc_is_set(profile)) {
        return find_profile(stack, query, profile, found_out, err);
    }
    return find_unsaid(stack, query, host->setting(host->data, "LW_ACCOUNT"), found_out, err);
}

enum lwc_code lwc_query_find(struct lwc_stack *stack, const struct lwc_identity *query,
                             const struct lwc_host *host, struct lwc_found **found_out,
                             struct lwc_error *err)
{
    struct lwc_error why = {0};
    enum lwc_code code = find(stack, query, host, found_out, &why);

    if (code != LWC_OK && err != NULL) {
        *err = why;
    }
    return code;
}
