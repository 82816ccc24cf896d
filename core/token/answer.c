/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens of a credential that several queries select.
 *
 * MUST:
 *  1. A token is returned for a credential that was named but not opened only if an answer of the
 *     same scope led to that very identity in the same backend, and all dependencies of that answer
 *     are unchanged after the lookup: the store was authentic then, so it is authentic now.  A
 *     store that only names its credentials proves nothing by itself.
 *  2. The backends are asked if a line must be opened to name its credentials.
 *  3. A token is bound to a changed store only if its secret is still there: the store is asked.
 */
#include "token/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/identity.h"
#include "cache/key.h"
#include "token/renew.h"

/* A search for an answer of the attempt's scope: to identity of source, or to any if NULL. */
struct answer_search {
    const struct attempt *attempt;
    const struct lwc_identity *wanted;
    const struct lwc_identity *identity;
    const char *source;
    struct lwc_entry *token;
    char target[LWC_HASH_HEX_LEN];
    struct lwc_dependencies dependencies;
};

static void answer_search_clear(struct answer_search *search)
{
    lwc_entry_free(&search->token);
    lwc_dependencies_clear(&search->dependencies);
}
#define AUTO_SEARCH LWC_AUTO(struct answer_search, answer_search_clear)

static bool is_same_identity(const struct lwc_identity *a, const struct lwc_identity *b)
{
    return lwc_streq(a->profile, b->profile) && lwc_streq(a->account, b->account) &&
           lwc_streq(a->origin, b->origin) && lwc_streq(a->key_id, b->key_id) &&
           lwc_streq(a->sub_account, b->sub_account) && a->kind == b->kind && a->flags == b->flags;
}

/* Ignores key id and origin of the query: a preference, and a check of the answer made later. */
static bool can_answer(const struct answer_search *search, const struct lwc_entry *entry)
{
    struct lwc_identity wanted = *search->wanted;

    wanted.key_id = "";
    wanted.origin = "";
    if (search->identity == NULL) {
        return lwc_identity_matches(&wanted, &entry->identity.id);
    }
    return is_same_identity(search->identity, &entry->identity.id) &&
           lwc_streq(search->source, entry->source);
}

static bool match_answer(void *data, const struct lwc_entry *entry, const char *place)
{
    struct answer_search *search = data;
    const struct attempt *attempt = search->attempt;
    LWC_AUTO_ENTRY token = NULL;

    (void)place;
    if (search->token != NULL || entry->kind != LWC_ENTRY_ANSWER ||
        !lwc_streq(entry->scope, attempt->scope) || entry->ttl_s != attempt->ttl_s ||
        !can_answer(search, entry) || !lwc_attempt_is_answer_valid(attempt, entry) ||
        lwc_cache_read(&attempt->cache, entry->target, LWC_ENTRY_TOKEN, &token) != LWC_OK ||
        !lwc_attempt_is_fresh(attempt, token) ||
        !lwc_dependencies_copy(&entry->dependencies, &search->dependencies)) {
        return false;
    }
    memcpy(search->target, entry->target, sizeof search->target);
    search->token = LWC_TAKE(token);
    return false;
}

/* Reads no sealed entries: the secret is not known here. */
static bool find_answer(struct answer_search *search)
{
    const struct lwc_cache cache = {.mode = search->attempt->cache.mode};

    lwc_cache_each(&cache, match_answer, search);
    return search->token != NULL;
}

static void note_begin(void *data, enum lwc_rule rule, const struct lwc_identity *wanted)
{
    (void)data;
    (void)rule;
    (void)wanted;
}

static void note_turn(void *data, const struct lwc_turn *turn, const struct lwc_identity *holds,
                      bool is_untold)
{
    bool *is_unsure = data;

    (void)turn;
    (void)holds;
    *is_unsure = *is_unsure || is_untold;
}

/* Finds the credential without its secret; returns false if it is not sure. */
static bool find_named(struct attempt *attempt)
{
    const struct lwc_obtain_ctx *obtain = attempt->obtain;
    const struct lwc_identity wanted = lwc_attempt_wanted(attempt);
    bool is_unsure = false;
    const struct lwc_lookup_watch watch = {
        .data = &is_unsure, .begin = note_begin, .turn = note_turn};

    lwc_dependencies_reset(obtain->dependencies);
    return lwc_lookup_dry_run(obtain->stack, &wanted, obtain->host, &watch, &attempt->found,
                              NULL) == LWC_OK &&
           !is_unsure && lwc_attempt_set_identity(attempt, NULL) == LWC_OK;
}

static enum lwc_code use_named(struct attempt *attempt, const struct lwc_identity *wanted,
                               struct lwc_token **token_out, struct lwc_error *err)
{
    AUTO_SEARCH search = {.attempt = attempt,
                          .wanted = wanted,
                          .identity = &attempt->identity.id,
                          .source = attempt->found->backend};

    if (!find_answer(&search) ||
        !lwc_dependencies_merge(attempt->obtain->dependencies, &search.dependencies)) {
        return LWC_E_NOT_FOUND;
    }
    lwc_attempt_trace(attempt, "cache: another query led to the same credential, and its token");
    memcpy(attempt->token_name, search.target, sizeof attempt->token_name);
    lwc_attempt_save_answer(attempt, search.token->lifetime_s);
    return lwc_attempt_make_token(attempt, search.token, &attempt->identity.id,
                                  attempt->found->backend, token_out, err);
}

enum lwc_code lwc_attempt_use_other_answer(struct attempt *attempt, struct lwc_token **token_out,
                                           struct lwc_error *err)
{
    const struct lwc_identity wanted = lwc_attempt_wanted(attempt);
    AUTO_SEARCH any = {.attempt = attempt, .wanted = &wanted};
    enum lwc_code code = LWC_E_NOT_FOUND;

    if (find_answer(&any) && find_named(attempt)) {
        code = use_named(attempt, &wanted, token_out, err);
    }
    if (code != LWC_OK) {
        lwc_found_free(&attempt->found);
    }
    return code;
}

/* Finds the access key that the query names, as its backend has it now; false without a key. */
static bool find_again(struct attempt *attempt)
{
    return lwc_attempt_begin(attempt, NULL) == LWC_OK && attempt->cache.mode != LWC_CACHE_NONE &&
           lwc_attempt_find(attempt, NULL) == LWC_OK &&
           attempt->identity.id.kind == LWC_KIND_ACCESS_KEY;
}

static void set_token_name(struct attempt *attempt)
{
    lwc_key_of_credential(&attempt->identity.id, attempt->found->secret, attempt->ttl_s,
                          attempt->who);
    lwc_hash_hex(attempt->who, attempt->token_name);
}

void lwc_answer_keep_proof(const struct lwc_obtain_ctx *obtain, const struct lwc_proof *proof,
                           const char *profile, const char *backend)
{
    const struct lwc_query query = {.profile = profile};
    LWC_AUTO_ATTEMPT attempt = {.obtain = obtain, .query = &query};

    if (proof->token == NULL || !find_again(&attempt) ||
        !lwc_streq(attempt.found->backend, backend)) {
        return;
    }
    set_token_name(&attempt);
    if (memcmp(attempt.who, proof->who, sizeof proof->who) != 0) {
        return;
    }
    memcpy(proof->token->boot_id, attempt.boot_id, sizeof proof->token->boot_id);
    (void)snprintf(proof->token->source, sizeof proof->token->source, "%s", backend);
    lwc_attempt_save_token(&attempt, proof->token);
}

/* Answers to be cached again once a store has changed. */
struct collect_ctx {
    const struct attempt *attempt;
    const char *profile;
    struct lwc_answers *answers;
};

static bool collect_answer(void *data, const struct lwc_entry *entry, const char *place)
{
    struct collect_ctx *ctx = data;
    struct lwc_answers *answers = ctx->answers;
    struct lwc_answer *answer = &answers->answer[answers->count];

    (void)place;
    if (answers->count == LWC_ANSWERS_MAX || entry->kind != LWC_ENTRY_ANSWER ||
        lwc_streq(entry->identity.profile, ctx->profile) ||
        !lwc_streq(entry->scope, ctx->attempt->scope) ||
        !lwc_attempt_is_answer_valid(ctx->attempt, entry) ||
        lwc_identity_copy(&entry->identity.id, &answer->identity, NULL) != LWC_OK) {
        return false;
    }
    answer->ttl_s = entry->ttl_s;
    memcpy(answer->source, entry->source, sizeof answer->source);
    memcpy(answer->target, entry->target, sizeof answer->target);
    answers->count++;
    return false;
}

void lwc_answers_collect(const struct lwc_obtain_ctx *obtain, const char *profile,
                         struct lwc_answers *answers_out)
{
    const struct lwc_query query = {.profile = NULL};
    LWC_AUTO_ATTEMPT attempt = {.obtain = obtain, .query = &query};
    struct collect_ctx ctx = {.attempt = &attempt, .profile = profile, .answers = answers_out};
    struct lwc_cache cache = {.mode = LWC_CACHE_NONE};

    answers_out->count = 0;
    if (lwc_attempt_begin(&attempt, NULL) == LWC_OK) {
        cache.mode = attempt.cache.mode;
        lwc_cache_each(&cache, collect_answer, &ctx);
    }
}

static void renew_answer(const struct lwc_obtain_ctx *obtain, const struct lwc_answer *answer)
{
    const struct lwc_query query = {
        .profile = answer->identity.profile,
        .sub_account = answer->identity.sub_account,
        .org_access = (answer->identity.id.flags & LWC_ID_ORG_ACCESS) != 0,
        .ttl_s = answer->ttl_s,
    };
    LWC_AUTO_ATTEMPT attempt = {.obtain = obtain, .query = &query};
    LWC_AUTO_ENTRY token = NULL;

    if (!find_again(&attempt) || !is_same_identity(&attempt.identity.id, &answer->identity.id) ||
        !lwc_streq(attempt.found->backend, answer->source)) {
        return;
    }
    set_token_name(&attempt);
    if (lwc_streq(attempt.token_name, answer->target) &&
        lwc_cache_read(&attempt.cache, attempt.token_name, LWC_ENTRY_TOKEN, &token) == LWC_OK &&
        lwc_attempt_is_fresh(&attempt, token)) {
        lwc_attempt_save_answer(&attempt, token->lifetime_s);
    }
}

void lwc_answers_renew(const struct lwc_obtain_ctx *obtain, const struct lwc_answers *answers)
{
    for (size_t i = 0; i < answers->count; i++) {
        renew_answer(obtain, &answers->answer[i]);
    }
}
