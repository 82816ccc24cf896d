/* SPDX-License-Identifier: Apache-2.0 */
#include "stack/lookup.h"

#include <string.h>

#include "base/account.h"
#include "base/hints.h"
#include "base/identity.h"
#include "stack/candidates.h"
#include "stack/survey.h"

enum lwc_code lwc_lookup_find_exact(struct lwc_stack *stack, enum lwc_op op,
                                    const struct lwc_identity *query, struct lwc_found **found_out,
                                    struct lwc_error *err)
{
    struct lwc_survey survey = {0};
    const struct lwc_lookup_ctx ctx = {.stack = stack, .survey = &survey};

    return lwc_search_walk(&ctx, op, LWC_RULE_PROFILE, query, found_out, err);
}

/* Fails with "no credential for ...", in front of a backend's reason if there is one. */
static enum lwc_code fail_absent(const struct lwc_identity *query, struct lwc_error *err)
{
    const char *what = query->profile[0] != '\0' ? "profile" : "account";
    const char *name = query->profile[0] != '\0' ? query->profile : query->account;
    enum lwc_code code;

    if (err == NULL || lwc_streq(err->msg, LWC_ABSENT)) {
        code = lwc_fail(err, LWC_E_NOT_FOUND, "no credential for %s '%s'", what, name);
    } else {
        code = lwc_wrap(err, LWC_E_NOT_FOUND, "no credential for %s '%s'", what, name);
    }
    return lwc_hint(err, code, LWC_HINT_ABSENT);
}

static enum lwc_code find_profile(const struct lwc_lookup_ctx *ctx,
                                  const struct lwc_identity *query, enum lwc_rule rule,
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
    code = lwc_search_walk(ctx, LWC_OP_LOOKUP, rule, &exact, found_out, err);
    return code == LWC_E_NOT_FOUND ? fail_absent(&exact, err) : code;
}

/* Finds the account's credential that LW_PROFILE names. */
static enum lwc_code find_preferred(const struct lwc_lookup_ctx *ctx,
                                    const struct lwc_identity *query, struct lwc_found **found_out,
                                    struct lwc_error *err)
{
    const char *profile = ctx->host->setting(ctx->host->data, "LW_PROFILE");
    struct lwc_identity preferred = *query;
    enum lwc_code code = LWC_OK;

    if (!lwc_is_set(profile)) {
        return LWC_E_NOT_FOUND;
    }
    code = lwc_profile_check(profile, err);
    if (code != LWC_OK) {
        return lwc_wrap(err, code, "LW_PROFILE");
    }
    preferred.profile = profile;
    return lwc_search_walk(ctx, LWC_OP_LOOKUP, LWC_RULE_PROFILE_SETTING, &preferred, found_out,
                           err);
}

static enum lwc_code find_account(const struct lwc_lookup_ctx *ctx,
                                  const struct lwc_identity *query, enum lwc_rule rule,
                                  struct lwc_found **found_out, struct lwc_error *err)
{
    struct lwc_identity any = *query;
    enum lwc_code code = LWC_E_NOT_FOUND;

    if (query->key_id[0] != '\0') {
        code = lwc_search_walk(ctx, LWC_OP_LOOKUP, LWC_RULE_KEY_ID, query, found_out, err);
    }
    any.key_id = "";
    if (code == LWC_E_NOT_FOUND) {
        code = find_preferred(ctx, &any, found_out, err);
    }
    if (code == LWC_E_NOT_FOUND) {
        code = lwc_search_walk(ctx, LWC_OP_LOOKUP, rule, &any, found_out, err);
    }
    return code == LWC_E_NOT_FOUND ? fail_absent(&any, err) : code;
}

/* A count of all credentials; unlisted: the first backend that cannot list what it holds. */
struct count_ctx {
    const struct lwc_lookup_ctx *lookup;
    struct lwc_candidates candidates;
    const char *unlisted;
};

static enum lwc_code count_backend(void *data, struct lwc_stack_backend *backend,
                                   struct lwc_error *err)
{
    struct count_ctx *count = data;
    const struct lwc_visitor visitor = {.data = &count->candidates, .visit = lwc_candidates_add};
    lwc_backend_list_fn *list =
        count->lookup->watch == NULL ? lwc_backend_list_unlocked : lwc_backend_list;
    enum lwc_code code = list(backend, &visitor, err);

    if (code == LWC_OK && count->unlisted == NULL && !lwc_backend_can(backend, LWC_CAP_LIST)) {
        count->unlisted = lwc_backend_name(backend);
    }
    return code;
}

static void note_counted(void *data, const struct lwc_turn *turn)
{
    const struct count_ctx *count = data;

    lwc_survey_note(count->lookup->survey, turn);
}

static enum lwc_code check_only(const struct count_ctx *count, struct lwc_error *err)
{
    if (count->candidates.count > 1) {
        return lwc_candidates_refuse(&count->candidates, err);
    }
    if (count->unlisted == NULL) {
        return count->candidates.count == 1 ? LWC_OK : lwc_fail(err, LWC_E_NOT_FOUND, LWC_ABSENT);
    }
    if (count->candidates.count == 0) {
        return lwc_fail(err, LWC_E_NOT_FOUND, LWC_ABSENT ", and backend '%s' cannot list any",
                        count->unlisted);
    }
    return lwc_hint(err,
                    lwc_fail(err, LWC_E_INVALID,
                             "'%s' is not known to be the only credential: backend '%s' cannot "
                             "list what it holds",
                             count->candidates.best.id.profile, count->unlisted),
                    LWC_HINT_CHOOSE);
}

static enum lwc_code find_only(const struct lwc_lookup_ctx *ctx, const struct lwc_identity *query,
                               struct lwc_found **found_out, struct lwc_error *err)
{
    struct count_ctx count = {.lookup = ctx, .candidates = {.query = query}};
    enum lwc_code code =
        lwc_stack_each(ctx->stack, LWC_OP_LOOKUP, count_backend, note_counted, &count, err);

    if (code != LWC_OK) {
        return lwc_wrap(err, code, "no profile is named, and which one is the only one is unknown");
    }
    code = check_only(&count, err);
    return code == LWC_OK ? lwc_search_walk(ctx, LWC_OP_LOOKUP, LWC_RULE_ONLY,
                                            &count.candidates.best.id, found_out, err)
                          : code;
}

/* Finds the stored credential for $LW_ACCOUNT, where the environment has no complete key. */
static enum lwc_code find_selected(const struct lwc_lookup_ctx *ctx,
                                   const struct lwc_identity *query, const char *account,
                                   struct lwc_found **found_out, struct lwc_error *err)
{
    struct lwc_identity selected = *query;
    char host[LWC_ACCOUNT_MAX + 1];
    enum lwc_code code = lwc_account_canonical(account, host, err);

    if (code != LWC_OK) {
        return lwc_wrap(err, code, "LW_ACCOUNT");
    }
    selected.account = host;
    return find_account(ctx, &selected, LWC_RULE_ACCOUNT_SETTING, found_out, err);
}

static enum lwc_code find_unnamed(const struct lwc_lookup_ctx *ctx,
                                  const struct lwc_identity *query, const char *account,
                                  struct lwc_found **found_out, struct lwc_error *err)
{
    static const struct {
        const char *name;
        enum lwc_rule rule;
    } profiles[] = {{LWC_ENVIRONMENT, LWC_RULE_ENVIRONMENT}, {"default", LWC_RULE_DEFAULT}};
    struct lwc_error absence = {0};
    enum lwc_code code = LWC_E_NOT_FOUND;

    for (size_t i = 0; i < LWC_ARRAY_LEN(profiles) && code == LWC_E_NOT_FOUND; i++) {
        struct lwc_identity exact = *query;

        exact.profile = profiles[i].name;
        code = lwc_search_walk(ctx, LWC_OP_LOOKUP, profiles[i].rule, &exact, found_out, err);
        if (code == LWC_E_NOT_FOUND && err != NULL &&
            (i == 0 || lwc_streq(absence.msg, LWC_ABSENT))) {
            absence = *err;
        }
        if (code == LWC_E_NOT_FOUND && lwc_is_set(account)) {
            return find_selected(ctx, query, account, found_out, err);
        }
    }
    if (code == LWC_E_NOT_FOUND) {
        code = find_only(ctx, query, found_out, err);
    }
    if (code == LWC_E_NOT_FOUND) {
        if (err != NULL && !lwc_streq(absence.msg, LWC_ABSENT)) {
            *err = absence;
        }
        return lwc_hint(err, code, LWC_HINT_EMPTY);
    }
    return code;
}

static enum lwc_code find_by_rules(const struct lwc_lookup_ctx *ctx,
                                   const struct lwc_identity *query, struct lwc_found **found_out,
                                   struct lwc_error *err)
{
    const struct lwc_host *host = ctx->host;
    const char *profile = host->setting(host->data, "LW_PROFILE");

    if (query->profile[0] != '\0') {
        return find_profile(ctx, query, LWC_RULE_PROFILE, query->profile, found_out, err);
    }
    if (query->account[0] != '\0') {
        return find_account(ctx, query, LWC_RULE_ACCOUNT, found_out, err);
    }
    if (lwc_is_set(profile)) {
        return find_profile(ctx, query, LWC_RULE_PROFILE_SETTING, profile, found_out, err);
    }
    return find_unnamed(ctx, query, host->setting(host->data, "LW_ACCOUNT"), found_out, err);
}

static enum lwc_code look_up(const struct lwc_lookup_ctx *ctx, const struct lwc_identity *query,
                             struct lwc_found **found_out, struct lwc_error *err)
{
    struct lwc_error why = {0};
    enum lwc_code code = find_by_rules(ctx, query, found_out, &why);

    if (code == LWC_E_NOT_FOUND) {
        code = lwc_survey_conclude(ctx->survey, &why);
    }
    return lwc_error_pass(err, code, &why);
}

enum lwc_code lwc_lookup_find(struct lwc_stack *stack, const struct lwc_identity *query,
                              const struct lwc_host *host, struct lwc_found **found_out,
                              struct lwc_error *err)
{
    struct lwc_survey survey = {0};
    const struct lwc_lookup_ctx ctx = {.stack = stack, .host = host, .survey = &survey};

    return look_up(&ctx, query, found_out, err);
}

enum lwc_code lwc_lookup_dry_run(struct lwc_stack *stack, const struct lwc_identity *query,
                                 const struct lwc_host *host, const struct lwc_lookup_watch *watch,
                                 struct lwc_found **found_out, struct lwc_error *err)
{
    struct lwc_survey survey = {0};
    const struct lwc_lookup_ctx ctx = {
        .stack = stack, .host = host, .watch = watch, .survey = &survey};

    return look_up(&ctx, query, found_out, err);
}
