/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One credential, asked for in several ways.
 *
 * MUST:
 *  1. A token is given for a credential that was foreseen, and not opened, only if an answer of
 *     the same scope led to that very identity in the same backend, and all that answer depended
 *     on is unchanged after the look: what was read then was authentic, so that what is read now
 *     is.  A store that only names its credentials proves nothing by itself.
 *  2. Where a line cannot tell what it holds without being opened, the backends are asked.
 *  3. A token is bound to a changed store only if its secret is still there: the store is asked.
 */
#include "token/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/identity.h"
#include "cache/key.h"
#include "token/attempt.h"

/* A search for an answer of the attempt's scope: to @identity of @source, or for NULL to any. */
struct lookout {
    const struct attempt *attempt;
    const struct lwc_identity *wanted;
    const struct lwc_identity *identity;
    const char *source;
    struct lwc_entry *token;
    char target[LWC_HASH_HEX_LEN];
    struct lwc_dependencies witnesses;
};

static void lookout_clear(struct lookout *lookout)
{
    lwc_entry_free(&lookout->token);
    lwc_dependencies_clear(&lookout->witnesses);
}
#define AUTO_LOOKOUT LWC_AUTO(struct lookout, lookout_clear)

static bool is_same(const struct lwc_identity *a, const struct lwc_identity *b)
{
    return lwc_streq(a->profile, b->profile) && lwc_streq(a->account, b->account) &&
           lwc_streq(a->origin, b->origin) && lwc_streq(a->key_id, b->key_id) &&
           lwc_streq(a->sub_account, b->sub_account) && a->kind == b->kind && a->flags == b->flags;
}

/* The key id of a query is a preference, and its origin holds the answer against the request. */
static bool can_answer(const struct lookout *lookout, const struct lwc_entry *entry)
{
    struct lwc_identity wanted = *lookout->wanted;

    wanted.key_id = "";
    wanted.origin = "";
    if (lookout->identity == NULL) {
        return lwc_identity_matches(&wanted, &entry->identity.id);
    }
    return is_same(lookout->identity, &entry->identity.id) &&
           lwc_streq(lookout->source, entry->source);
}

static bool look_at(void *data, const struct lwc_entry *entry, const char *place)
{
    struct lookout *lookout = data;
    const struct attempt *attempt = lookout->attempt;
    LWC_AUTO_ENTRY token = NULL;

    (void)place;
    if (lookout->token != NULL || entry->kind != LWC_ENTRY_ANSWER ||
        !lwc_streq(entry->scope, attempt->scope) || entry->ttl_s != attempt->ttl_s ||
        !can_answer(lookout, entry) || !lwc_attempt_is_good(attempt, entry) ||
        lwc_cache_read(&attempt->cache, entry->target, LWC_ENTRY_TOKEN, &token) != LWC_OK ||
        !lwc_attempt_is_fresh(attempt, token) ||
        !lwc_dependencies_copy(&entry->witnesses, &lookout->witnesses)) {
        return false;
    }
    memcpy(lookout->target, entry->target, sizeof lookout->target);
    lookout->token = LWC_TAKE(token);
    return false;
}

/* Sealed entries are not read: the secret is not at hand. */
static bool look_for(struct lookout *lookout)
{
    const struct lwc_cache cache = {.mode = lookout->attempt->cache.mode};

    lwc_cache_each(&cache, look_at, lookout);
    return lookout->token != NULL;
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

/* Which credential would it be?  Found, and no secret; false if that is not sure. */
static bool foresee(struct attempt *attempt)
{
    const struct lwc_obtain *obtain = attempt->obtain;
    const struct lwc_identity wanted = lwc_attempt_wanted(attempt);
    bool is_unsure = false;
    const struct lwc_lookup_watch watch = {
        .data = &is_unsure, .begin = note_begin, .turn = note_turn};

    lwc_dependencies_reset(obtain->witnesses);
    return lwc_lookup_dry_run(obtain->stack, &wanted, obtain->host, &watch, &attempt->found,
                              NULL) == LWC_OK &&
           !is_unsure && lwc_attempt_take_found(attempt, NULL) == LWC_OK;
}

static enum lwc_code use_foreseen(struct attempt *attempt, const struct lwc_identity *wanted,
                                  struct lwc_token **token_out, struct lwc_error *err)
{
    AUTO_LOOKOUT lookout = {.attempt = attempt,
                            .wanted = wanted,
                            .identity = &attempt->identity.id,
                            .source = attempt->found->backend};

    if (!look_for(&lookout) ||
        !lwc_dependencies_merge(attempt->obtain->witnesses, &lookout.witnesses)) {
        return LWC_E_NOT_FOUND;
    }
    lwc_attempt_trace(attempt, "cache: another query led to the same credential, and its token");
    memcpy(attempt->token_name, lookout.target, sizeof attempt->token_name);
    lwc_attempt_keep_answer(attempt, lookout.token->lifetime_s);
    return lwc_attempt_hand_out(attempt, lookout.token, &attempt->identity.id,
                                attempt->found->backend, token_out, err);
}

enum lwc_code lwc_attempt_use_other(struct attempt *attempt, struct lwc_token **token_out,
                                    struct lwc_error *err)
{
    const struct lwc_identity wanted = lwc_attempt_wanted(attempt);
    AUTO_LOOKOUT any = {.attempt = attempt, .wanted = &wanted};
    enum lwc_code code = LWC_E_NOT_FOUND;

    if (look_for(&any) && foresee(attempt)) {
        code = use_foreseen(attempt, &wanted, token_out, err);
    }
    if (code != LWC_OK) {
        lwc_found_free(&attempt->found);
    }
    return code;
}

/* The credential that profile @query names, as its backend has it now; false if there is none. */
static bool find_again(struct attempt *attempt)
{
    return lwc_attempt_begin(attempt, NULL) == LWC_OK && attempt->cache.mode != LWC_CACHE_NONE &&
           lwc_attempt_find(attempt, NULL) == LWC_OK &&
           attempt->identity.id.kind == LWC_KIND_ACCESS_KEY;
}

static void name_token(struct attempt *attempt)
{
    lwc_key_of_credential(&attempt->identity.id, attempt->found->secret, attempt->ttl_s,
                          attempt->who);
    lwc_hash_hex(attempt->who, attempt->token_name);
}

void lwc_answer_keep_proof(const struct lwc_obtain *obtain, const struct lwc_proof *proof,
                           const char *profile, const char *backend)
{
    const struct lwc_query query = {.profile = profile};
    LWC_AUTO_ATTEMPT attempt = {.obtain = obtain, .query = &query};

    if (proof->token == NULL || !find_again(&attempt) ||
        !lwc_streq(attempt.found->backend, backend)) {
        return;
    }
    name_token(&attempt);
    if (memcmp(attempt.who, proof->who, sizeof proof->who) != 0) {
        return;
    }
    memcpy(proof->token->boot_id, attempt.boot_id, sizeof proof->token->boot_id);
    (void)snprintf(proof->token->source, sizeof proof->token->source, "%s", backend);
    lwc_attempt_remember_token(&attempt, proof->token);
}

/* Answers to be given again once a store has changed. */
struct collecting {
    const struct attempt *attempt;
    const char *profile;
    struct lwc_answers *answers;
};

static bool collect(void *data, const struct lwc_entry *entry, const char *place)
{
    struct collecting *collecting = data;
    struct lwc_answers *answers = collecting->answers;
    struct lwc_answer *answer = &answers->answer[answers->count];

    (void)place;
    if (answers->count == LWC_ANSWERS_MAX || entry->kind != LWC_ENTRY_ANSWER ||
        lwc_streq(entry->identity.profile, collecting->profile) ||
        !lwc_streq(entry->scope, collecting->attempt->scope) ||
        !lwc_attempt_is_good(collecting->attempt, entry) ||
        lwc_identity_copy(&entry->identity.id, &answer->identity, NULL) != LWC_OK) {
        return false;
    }
    answer->ttl_s = entry->ttl_s;
    memcpy(answer->source, entry->source, sizeof answer->source);
    memcpy(answer->target, entry->target, sizeof answer->target);
    answers->count++;
    return false;
}

void lwc_answers_collect(const struct lwc_obtain *obtain, const char *profile,
                         struct lwc_answers *answers_out)
{
    const struct lwc_query query = {.profile = NULL};
    LWC_AUTO_ATTEMPT attempt = {.obtain = obtain, .query = &query};
    struct collecting collecting = {
        .attempt = &attempt, .profile = profile, .answers = answers_out};
    struct lwc_cache cache = {.mode = LWC_CACHE_NONE};

    answers_out->count = 0;
    if (lwc_attempt_begin(&attempt, NULL) == LWC_OK) {
        cache.mode = attempt.cache.mode;
        lwc_cache_each(&cache, collect, &collecting);
    }
}

static void renew(const struct lwc_obtain *obtain, const struct lwc_answer *answer)
{
    const struct lwc_query query = {
        .profile = answer->identity.profile,
        .sub_account = answer->identity.sub_account,
        .org_access = (answer->identity.id.flags & LWC_ID_ORG_ACCESS) != 0,
        .ttl_s = answer->ttl_s,
    };
    LWC_AUTO_ATTEMPT attempt = {.obtain = obtain, .query = &query};
    LWC_AUTO_ENTRY token = NULL;

    if (!find_again(&attempt) || !is_same(&attempt.identity.id, &answer->identity.id) ||
        !lwc_streq(attempt.found->backend, answer->source)) {
        return;
    }
    name_token(&attempt);
    if (lwc_streq(attempt.token_name, answer->target) &&
        lwc_cache_read(&attempt.cache, attempt.token_name, LWC_ENTRY_TOKEN, &token) == LWC_OK &&
        lwc_attempt_is_fresh(&attempt, token)) {
        lwc_attempt_keep_answer(&attempt, token->lifetime_s);
    }
}

void lwc_answers_renew(const struct lwc_obtain *obtain, const struct lwc_answers *answers)
{
    for (size_t i = 0; i < answers->count; i++) {
        renew(obtain, &answers->answer[i]);
    }
}
