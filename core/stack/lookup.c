/* SPDX-License-Identifier: Apache-2.0 */
#include "stack/lookup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/account.h"
#include "stack/survey.h"

#define CHOOSE_HINT "choose one with --profile or LW_PROFILE"

/* The credentials that fit so far: how many, the preferred one, and their names for a message. */
struct candidates {
    const struct lwc_identity *query;
    size_t count;
    bool is_default;
    struct lwc_identity_copy best;
    char names[256];
};

/* Who is asked, and who looks on: with a watch, no secret is asked for. */
struct asking {
    struct lwc_stack *stack;
    const struct lwc_host *host;
    const struct lwc_lookup_watch *watch;
    struct lwc_survey *survey;
};

/* One lookup on its way through the stack: what the line under way gave, and what counted. */
struct search {
    const struct lwc_identity *query;
    const struct lwc_lookup_watch *watch;
    struct lwc_survey *survey;
    struct lwc_found *given;
    struct lwc_found *found;
    bool is_untold;
    bool is_vain;     /* no line holds it: only env could, and does not */
    bool was_skipped; /* the unit of the line under way was not asked, since it is_vain */
};

void lwc_found_free(struct lwc_found **found)
{
    if (found == NULL || *found == NULL) {
        return;
    }
    lwc_buf_free(&(*found)->secret);
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
                    CHOOSE_HINT);
}

enum lwc_code lwc_lookup_list(struct lwc_stack_backend *unit, const struct lwc_visitor *visitor,
                              struct lwc_error *err)
{
    enum lwc_code code = lwc_backend_list(unit, visitor, err);

    if (code == LWC_E_LOCKED) {
        code = lwc_backend_probe(unit, LWC_CAP_READ, err);
        code = code == LWC_OK ? lwc_backend_list(unit, visitor, err) : code;
    }
    return code;
}

/* lwc_lookup_list, which may ask, or lwc_backend_list, which does not. */
typedef enum lwc_code list_fn(struct lwc_stack_backend *unit, const struct lwc_visitor *visitor,
                              struct lwc_error *err);

static enum lwc_code pick(struct lwc_stack_backend *unit, const struct lwc_identity *query,
                          list_fn *list, struct lwc_identity_copy *picked_out,
                          struct lwc_error *err)
{
    struct candidates candidates = {.query = query};
    const struct lwc_visitor visitor = {.data = &candidates, .visit = consider};
    enum lwc_code code = list(unit, &visitor, err);

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

enum lwc_code lwc_lookup_pick(struct lwc_stack_backend *unit, const struct lwc_identity *query,
                              struct lwc_identity_copy *picked_out, struct lwc_error *err)
{
    return pick(unit, query, lwc_lookup_list, picked_out, err);
}

/* @unit need not be asked: env itself is, for its reason. */
static bool is_spared(const struct search *search, const struct lwc_stack_backend *unit)
{
    return search->is_vain && !lwc_streq(lwc_backend_name(unit), "env");
}

static void search_clear(struct search *search)
{
    lwc_found_free(&search->given);
    lwc_found_free(&search->found);
}

/*
 * Chooses the credential of @unit; *wanted is what to ask for.  A backend holds one of a profile:
 * one that may wait is asked for it at once, for a list costs a keyring a call for each item.
 */
static enum lwc_code pick_wanted(struct lwc_stack_backend *unit, const struct lwc_identity **wanted,
                                 struct lwc_identity_copy *picked, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    if (lwc_backend_can(unit, LWC_CAP_LIST) &&
        ((*wanted)->profile[0] == '\0' || !lwc_backend_can(unit, LWC_CAP_BLOCKING))) {
        code = lwc_lookup_pick(unit, *wanted, picked, err);
        *wanted = &picked->id;
    }
    return code;
}

static enum lwc_code search_unit(void *data, struct lwc_stack_backend *unit, struct lwc_error *err)
{
    struct search *search = data;
    struct lwc_identity_copy picked;
    const struct lwc_identity *wanted = search->query;
    LWC_AUTO_FOUND found = NULL;
    enum lwc_code code = LWC_E_NOT_FOUND;

    search->was_skipped = is_spared(search, unit);
    if (!search->was_skipped) {
        code = pick_wanted(unit, &wanted, &picked, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    found = calloc(1, sizeof *found);
    if (found == NULL) {
        return lwc_fail_nomem(err);
    }
    code = lwc_backend_find(unit, wanted, &found->identity, &found->secret, err);
    if (code == LWC_OK && search->query->kind == LWC_KIND_ANY &&
        found->identity.id.kind == LWC_KIND_AGENT_TOKEN) {
        return LWC_E_NOT_FOUND;
    }
    if (code == LWC_OK) {
        (void)snprintf(found->backend, sizeof found->backend, "%s", lwc_backend_name(unit));
        search->given = LWC_TAKE(found);
    }
    return code;
}

/* The same, as far as it can be told without the secret. */
static enum lwc_code foresee_unit(void *data, struct lwc_stack_backend *unit, struct lwc_error *err)
{
    struct search *search = data;
    struct lwc_identity_copy picked;
    const struct lwc_visitor nobody = {.data = NULL, .visit = NULL};
    LWC_AUTO_FOUND found = NULL;
    enum lwc_code code = LWC_OK;

    search->is_untold = false;
    search->was_skipped = is_spared(search, unit);
    if (search->was_skipped) {
        return LWC_E_NOT_FOUND;
    }
    if (!lwc_backend_can(unit, LWC_CAP_LIST)) {
        code = lwc_backend_list(unit, &nobody, err); /* opens it and lists nothing */
        search->is_untold = code == LWC_OK && lwc_backend_can(unit, LWC_CAP_READ);
        if (search->is_untold) {
            return lwc_fail(err, LWC_E_NOT_FOUND, "it cannot tell without giving the secret");
        }
    } else {
        code = pick(unit, search->query, lwc_backend_list, &picked, err);
        /* One that is opened to tell what it holds is not opened now. */
        search->is_untold = code == LWC_E_LOCKED;
    }
    if (code == LWC_OK && !lwc_backend_can(unit, LWC_CAP_READ)) {
        code = lwc_fail(err, LWC_E_INVALID, "backend '%s' cannot be read", lwc_backend_name(unit));
    }
    if (code != LWC_OK) {
        return code;
    }
    found = calloc(1, sizeof *found);
    if (found == NULL) {
        return lwc_fail_nomem(err);
    }
    (void)snprintf(found->backend, sizeof found->backend, "%s", lwc_backend_name(unit));
    code = lwc_identity_copy(&picked.id, &found->identity, err);
    search->given = code == LWC_OK ? LWC_TAKE(found) : NULL;
    return code;
}

/* What was found answers only if its line counts: an ignored success is none. */
static void weigh_given(void *data, const struct lwc_turn *turn)
{
    struct search *search = data;

    if (search->watch != NULL && !is_spared(search, turn->unit)) {
        search->watch->turn(search->watch->data, turn,
                            search->given != NULL ? &search->given->identity.id : NULL,
                            turn->is_asked && search->is_untold);
    }
    if (!search->was_skipped) {
        lwc_survey_note(search->survey, turn);
        lwc_survey_warn(turn);
    }
    if (turn->counts && search->found == NULL && search->given != NULL) {
        search->found = LWC_TAKE(search->given);
        search->found->is_behind_absent = search->survey->absent > 0;
    }
    lwc_found_free(&search->given);
}

/* What the environment holds; was_asked is false where no line names it. */
struct environment {
    struct candidates candidates;
    bool was_asked;
};

static enum lwc_code see_environment(void *data, struct lwc_stack_backend *unit,
                                     struct lwc_error *err)
{
    struct environment *environment = data;
    const struct lwc_visitor visitor = {.data = &environment->candidates, .visit = consider};

    environment->was_asked = true;
    return lwc_backend_list(unit, &visitor, err);
}

/*
 * The profile "env" is kept for the environment: where that does not hold it nobody does, and no
 * store need be opened to know.  Where it does, every line before it has its say.
 */
static bool is_vain(const struct asking *asking, enum lwc_op op, const struct lwc_identity *query)
{
    struct environment environment = {.candidates = {.query = query}};
    enum lwc_code code = LWC_OK;

    if (!lwc_streq(query->profile, "env")) {
        return false;
    }
    code = lwc_stack_only(asking->stack, op, "env", see_environment, &environment, NULL);
    return !environment.was_asked || code == LWC_E_NOT_FOUND ||
           (code == LWC_OK && environment.candidates.count == 0);
}

static enum lwc_code walk(const struct asking *asking, enum lwc_op op, enum lwc_rule rule,
                          const struct lwc_identity *query, struct lwc_found **found_out,
                          struct lwc_error *err)
{
    LWC_AUTO(struct search, search_clear)
    search = {.query = query,
              .watch = asking->watch,
              .survey = asking->survey,
              .is_vain = is_vain(asking, op, query)};
    enum lwc_code code = LWC_OK;

    if (asking->watch != NULL) {
        asking->watch->begin(asking->watch->data, rule, query);
    }
    code = lwc_stack_walk(asking->stack, op, asking->watch == NULL ? search_unit : foresee_unit,
                          weigh_given, &search, err);
    if (code == LWC_OK) {
        *found_out = LWC_TAKE(search.found);
    }
    return code;
}

enum lwc_code lwc_lookup_find_exact(struct lwc_stack *stack, enum lwc_op op,
                                    const struct lwc_identity *query, struct lwc_found **found_out,
                                    struct lwc_error *err)
{
    struct lwc_survey survey = {0};
    const struct asking asking = {.stack = stack, .survey = &survey};

    return walk(&asking, op, LWC_RULE_PROFILE, query, found_out, err);
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

static enum lwc_code find_profile(const struct asking *asking, const struct lwc_identity *query,
                                  enum lwc_rule rule, const char *profile,
                                  struct lwc_found **found_out, struct lwc_error *err)
{
    struct lwc_identity exact = *query;
    enum lwc_code code = lwc_profile_check(profile, err);

    if (code != LWC_OK) {
        return code;
    }
    exact.profile = profile;
    exact.key_id = "";
    code = walk(asking, LWC_OP_LOOKUP, rule, &exact, found_out, err);
    return code == LWC_E_NOT_FOUND ? absent(&exact, err) : code;
}

/* The credential of the account that LW_PROFILE names: it selects among several. */
static enum lwc_code find_preferred(const struct asking *asking, const struct lwc_identity *query,
                                    struct lwc_found **found_out, struct lwc_error *err)
{
    const char *profile = asking->host->setting(asking->host->data, "LW_PROFILE");
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
    return walk(asking, LWC_OP_LOOKUP, LWC_RULE_PROFILE_SETTING, &preferred, found_out, err);
}

static enum lwc_code find_account(const struct asking *asking, const struct lwc_identity *query,
                                  enum lwc_rule rule, struct lwc_found **found_out,
                                  struct lwc_error *err)
{
    struct lwc_identity any = *query;
    enum lwc_code code = LWC_E_NOT_FOUND;

    if (query->key_id[0] != '\0') {
        code = walk(asking, LWC_OP_LOOKUP, LWC_RULE_KEY_ID, query, found_out, err);
    }
    any.key_id = "";
    if (code == LWC_E_NOT_FOUND) {
        code = find_preferred(asking, &any, found_out, err);
    }
    if (code == LWC_E_NOT_FOUND) {
        code = walk(asking, LWC_OP_LOOKUP, rule, &any, found_out, err);
    }
    return code == LWC_E_NOT_FOUND ? absent(&any, err) : code;
}

/* A count of all credentials.  mute: the first backend that cannot list what it holds. */
struct count {
    const struct asking *asking;
    struct candidates candidates;
    const char *mute;
};

static enum lwc_code count_unit(void *data, struct lwc_stack_backend *unit, struct lwc_error *err)
{
    struct count *count = data;
    const struct lwc_visitor visitor = {.data = &count->candidates, .visit = consider};
    list_fn *list = count->asking->watch == NULL ? lwc_lookup_list : lwc_backend_list;
    enum lwc_code code = list(unit, &visitor, err);

    if (code == LWC_OK && count->mute == NULL && !lwc_backend_can(unit, LWC_CAP_LIST)) {
        count->mute = lwc_backend_name(unit);
    }
    return code;
}

static void note_counted(void *data, const struct lwc_turn *turn)
{
    const struct count *count = data;

    lwc_survey_note(count->asking->survey, turn);
}

static enum lwc_code is_only(const struct count *count, struct lwc_error *err)
{
    if (count->candidates.count > 1) {
        return several(&count->candidates, err);
    }
    if (count->mute == NULL) {
        return count->candidates.count == 1 ? LWC_OK : lwc_fail(err, LWC_E_NOT_FOUND, LWC_ABSENT);
    }
    if (count->candidates.count == 0) {
        return lwc_fail(err, LWC_E_NOT_FOUND, LWC_ABSENT ", and backend '%s' cannot list any",
                        count->mute);
    }
    return lwc_hint(err,
                    lwc_fail(err, LWC_E_INVALID,
                             "'%s' is not known to be the only credential: backend '%s' cannot "
                             "list what it holds",
                             count->candidates.best.id.profile, count->mute),
                    CHOOSE_HINT);
}

static enum lwc_code find_only(const struct asking *asking, const struct lwc_identity *query,
                               struct lwc_found **found_out, struct lwc_error *err)
{
    struct count count = {.asking = asking, .candidates = {.query = query}};
    enum lwc_code code =
        lwc_stack_each(asking->stack, LWC_OP_LOOKUP, count_unit, note_counted, &count, err);

    if (code != LWC_OK) {
        return lwc_wrap(err, code, "no profile is named, and which one is the only one is unknown");
    }
    code = is_only(&count, err);
    return code == LWC_OK ? walk(asking, LWC_OP_LOOKUP, LWC_RULE_ONLY, &count.candidates.best.id,
                                 found_out, err)
                          : code;
}

/* The environment names an account and no complete key: it selects among the stored ones. */
static enum lwc_code find_selected(const struct asking *asking, const struct lwc_identity *query,
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
    return find_account(asking, &selected, LWC_RULE_ACCOUNT_SETTING, found_out, err);
}

static enum lwc_code find_unsaid(const struct asking *asking, const struct lwc_identity *query,
                                 const char *account, struct lwc_found **found_out,
                                 struct lwc_error *err)
{
    static const struct {
        const char *name;
        enum lwc_rule rule;
    } profiles[] = {{"env", LWC_RULE_ENVIRONMENT}, {"default", LWC_RULE_DEFAULT}};
    struct lwc_error absence = {0};
    enum lwc_code code = LWC_E_NOT_FOUND;

    for (size_t i = 0; i < LWC_ARRAY_LEN(profiles) && code == LWC_E_NOT_FOUND; i++) {
        struct lwc_identity exact = *query;

        exact.profile = profiles[i].name;
        code = walk(asking, LWC_OP_LOOKUP, profiles[i].rule, &exact, found_out, err);
        if (code == LWC_E_NOT_FOUND && err != NULL &&
            (i == 0 || lwc_streq(absence.msg, LWC_ABSENT))) {
            absence = *err;
        }
        if (code == LWC_E_NOT_FOUND && lwc_is_set(account)) {
            return find_selected(asking, query, account, found_out, err);
        }
    }
    if (code == LWC_E_NOT_FOUND) {
        code = find_only(asking, query, found_out, err);
    }
    if (code == LWC_E_NOT_FOUND) {
        if (err != NULL && !lwc_streq(absence.msg, LWC_ABSENT)) {
            *err = absence;
        }
        return lwc_hint(err, code, "'lw-credential-helper add' stores an access key");
    }
    return code;
}

static enum lwc_code find(const struct asking *asking, const struct lwc_identity *query,
                          struct lwc_found **found_out, struct lwc_error *err)
{
    const struct lwc_host *host = asking->host;
    const char *profile = host->setting(host->data, "LW_PROFILE");

    if (query->profile[0] != '\0') {
        return find_profile(asking, query, LWC_RULE_PROFILE, query->profile, found_out, err);
    }
    if (query->account[0] != '\0') {
        return find_account(asking, query, LWC_RULE_ACCOUNT, found_out, err);
    }
    if (lwc_is_set(profile)) {
        return find_profile(asking, query, LWC_RULE_PROFILE_SETTING, profile, found_out, err);
    }
    return find_unsaid(asking, query, host->setting(host->data, "LW_ACCOUNT"), found_out, err);
}

static enum lwc_code ask(const struct asking *asking, const struct lwc_identity *query,
                         struct lwc_found **found_out, struct lwc_error *err)
{
    struct lwc_error why = {0};
    enum lwc_code code = find(asking, query, found_out, &why);

    if (code == LWC_E_NOT_FOUND) {
        code = lwc_survey_conclude(asking->survey, &why);
    }
    if (code != LWC_OK && err != NULL) {
        *err = why;
    }
    return code;
}

enum lwc_code lwc_lookup_find(struct lwc_stack *stack, const struct lwc_identity *query,
                              const struct lwc_host *host, struct lwc_found **found_out,
                              struct lwc_error *err)
{
    struct lwc_survey survey = {0};
    const struct asking asking = {.stack = stack, .host = host, .survey = &survey};

    return ask(&asking, query, found_out, err);
}

enum lwc_code lwc_lookup_foresee(struct lwc_stack *stack, const struct lwc_identity *query,
                                 const struct lwc_host *host, const struct lwc_lookup_watch *watch,
                                 struct lwc_found **found_out, struct lwc_error *err)
{
    struct lwc_survey survey = {0};
    const struct asking asking = {.stack = stack, .host = host, .watch = watch, .survey = &survey};

    return ask(&asking, query, found_out, err);
}
