/* SPDX-License-Identifier: Apache-2.0 */
#include "token/obtain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/identity.h"
#include "cache/entry.h"
#include "cache/key.h"
#include "cache/lifetime.h"
#include "flight/failures.h"
#include "flight/flight.h"
#include "stack/lookup.h"
#include "token/attempt.h"
#include "token/token.h"

/* Added to a margin that demands a longer life than the query's. */
#define MARGIN_EXTRA_S 60

/* Life of an answer behind an absent backend, which may be present at the next call. */
#define BEHIND_ABSENT_S 60

/* The longest stay of a call in its flight; a question to a person is not counted. */
#define SEARCH_MS 60000

void lwc_attempt_clear(struct attempt *attempt)
{
    lwc_found_free(&attempt->found);
    lwc_entry_free(&attempt->stale);
}

static enum lwc_code choose_lifetime(const struct lwc_query *query, int64_t *ttl_out,
                                     struct lwc_error *err)
{
    int64_t ttl_s = query->ttl_s > 0 ? query->ttl_s : LWC_TTL_DEFAULT;

    if (query->ttl_s < 0 || query->ttl_s > LWC_TTL_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "a token's lifetime is 1 to %d seconds", LWC_TTL_MAX);
    }
    if (query->min_valid_s < 0 || query->min_valid_s > LWC_TTL_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "no token is valid for more than %d seconds",
                        LWC_TTL_MAX);
    }
    if (query->min_valid_s >= ttl_s) {
        ttl_s = query->min_valid_s + MARGIN_EXTRA_S;
    }
    *ttl_out = ttl_s < LWC_TTL_MAX ? ttl_s : LWC_TTL_MAX;
    return LWC_OK;
}

bool lwc_attempt_is_fresh(const struct attempt *attempt, const struct lwc_entry *entry)
{
    int64_t left_s = lwc_lifetime_left_s(entry, attempt->boot_id, attempt->obtain->clock);

    return left_s > 0 &&
           left_s >= lwc_lifetime_margin_s(attempt->query->min_valid_s,
                                           attempt->obtain->conf->min_valid_s, entry->lifetime_s);
}

enum lwc_code lwc_attempt_make_token(const struct attempt *attempt, const struct lwc_entry *entry,
                                     const struct lwc_identity *identity, const char *source,
                                     struct lwc_token **token_out, struct lwc_error *err)
{
    int64_t left_ms = lwc_lifetime_left_ms(entry, attempt->boot_id, attempt->obtain->clock);
    enum lwc_code code;

    if (left_ms <= 0) {
        return lwc_fail(err, LWC_E_NETWORK, "the token had expired when it arrived");
    }
    code = lwc_token_new(identity, source, entry->text, left_ms < 1000 ? 1 : left_ms / 1000,
                         attempt->obtain->clock, token_out, err);
    if (code == LWC_OK) {
        lwc_token_align_end(*token_out, entry->sent_wall_s + entry->lifetime_s);
    }
    return code;
}

/* Keeps a token that still lives, for the case that no fresh token can be had. */
static void keep_stale(struct attempt *attempt, struct lwc_entry **entry, const char *name,
                       const struct lwc_identity *identity, const char *source)
{
    if (lwc_lifetime_left_s(*entry, attempt->boot_id, attempt->obtain->clock) > 0 &&
        lwc_identity_copy(identity, &attempt->stale_identity, NULL) == LWC_OK) {
        lwc_entry_free(&attempt->stale);
        attempt->stale = LWC_TAKE(*entry);
        memcpy(attempt->stale_name, name, sizeof attempt->stale_name);
        (void)snprintf(attempt->stale_source, sizeof attempt->stale_source, "%s", source);
    }
}

bool lwc_attempt_is_answer_valid(const struct attempt *attempt, const struct lwc_entry *answer)
{
    const struct lwc_obtain_ctx *obtain = attempt->obtain;

    return lwc_streq(answer->boot_id, attempt->boot_id) &&
           (answer->lifetime_s == 0 ||
            lwc_lifetime_left_ms(answer, attempt->boot_id, obtain->clock) > 0) &&
           lwc_dependencies_hold(&answer->dependencies, obtain->host);
}

/*
 * The warm path: returns the token of the cached answer to this very query, if it is fresh and was
 * requested after @since_boot_ms; else LWC_E_NOT_FOUND.
 */
static enum lwc_code use_cached_answer(struct attempt *attempt, int64_t since_boot_ms,
                                       struct lwc_token **token_out, struct lwc_error *err)
{
    LWC_AUTO_ENTRY answer = NULL;
    LWC_AUTO_ENTRY token = NULL;

    if (lwc_cache_read(&attempt->cache, attempt->answer_name, LWC_ENTRY_ANSWER, &answer) !=
            LWC_OK ||
        !lwc_attempt_is_answer_valid(attempt, answer) ||
        lwc_cache_read(&attempt->cache, answer->target, LWC_ENTRY_TOKEN, &token) != LWC_OK ||
        token->sent_boot_ms <= since_boot_ms) {
        return LWC_E_NOT_FOUND;
    }
    if (!lwc_attempt_is_fresh(attempt, token)) {
        keep_stale(attempt, &token, answer->target, &answer->identity.id, answer->source);
        return LWC_E_NOT_FOUND;
    }
    lwc_attempt_trace(attempt, "cache: the answer is there and fresh");
    return lwc_attempt_make_token(attempt, token, &answer->identity.id, answer->source, token_out,
                                  err);
}

void lwc_attempt_save_answer(const struct attempt *attempt, int64_t life_s)
{
    LWC_AUTO_ENTRY answer = calloc(1, sizeof *answer);
    /* Not on a disk: an answer there needs the secret, which names the token by itself. */
    const struct lwc_cache cache = {.mode = attempt->cache.mode};
    struct lwc_error err = {0};

    if (answer == NULL || cache.mode == LWC_CACHE_SEALED ||
        !attempt->obtain->dependencies->is_complete ||
        lwc_identity_copy(&attempt->identity.id, &answer->identity, &err) != LWC_OK ||
        !lwc_dependencies_copy(attempt->obtain->dependencies, &answer->dependencies)) {
        return;
    }
    answer->kind = LWC_ENTRY_ANSWER;
    memcpy(answer->boot_id, attempt->boot_id, sizeof answer->boot_id);
    memcpy(answer->target, attempt->token_name, sizeof answer->target);
    memcpy(answer->scope, attempt->scope, sizeof answer->scope);
    (void)snprintf(answer->source, sizeof answer->source, "%s", attempt->found->backend);
    if (attempt->found->is_behind_absent) {
        life_s = life_s < BEHIND_ABSENT_S ? life_s : BEHIND_ABSENT_S;
        answer->lifetime_s = life_s;
    }
    answer->ttl_s = attempt->ttl_s;
    answer->sent_boot_ms = lwc_clock_boot_ms(attempt->obtain->clock);
    answer->sent_wall_s = lwc_clock_wall_s(attempt->obtain->clock);
    if (lwc_cache_write(&cache, attempt->answer_name, answer, life_s, &err) != LWC_OK) {
        lwc_attempt_trace(attempt, err.msg);
    }
}

enum lwc_code lwc_attempt_use_cached_token(struct attempt *attempt, int64_t since_boot_ms,
                                           struct lwc_token **token_out, struct lwc_error *err)
{
    LWC_AUTO_ENTRY token = NULL;

    if (lwc_cache_read(&attempt->cache, attempt->token_name, LWC_ENTRY_TOKEN, &token) != LWC_OK ||
        token->sent_boot_ms <= since_boot_ms) {
        return LWC_E_NOT_FOUND;
    }
    if (!lwc_attempt_is_fresh(attempt, token)) {
        keep_stale(attempt, &token, attempt->token_name, &attempt->identity.id,
                   attempt->found->backend);
        return LWC_E_NOT_FOUND;
    }
    lwc_attempt_trace(attempt, "cache: a fresh token of this credential is there");
    lwc_attempt_save_answer(attempt,
                            lwc_lifetime_left_s(token, attempt->boot_id, attempt->obtain->clock));
    return lwc_attempt_make_token(attempt, token, &attempt->identity.id, attempt->found->backend,
                                  token_out, err);
}

/*
 * Returns whether a store has changed since it was asked.  Its key may be removed, with all that
 * was cached of it.  Removing a key forgets its tokens after changing the store: so either the
 * remover sees our token, or we see the change.
 */
static bool is_overtaken(const struct attempt *attempt)
{
    return attempt->obtain->dependencies->is_complete &&
           !lwc_dependencies_hold(attempt->obtain->dependencies, attempt->obtain->host);
}

/* Warns once if a place failed. */
void lwc_attempt_save_token(const struct attempt *attempt, struct lwc_entry *token)
{
    struct lwc_error err = {0};
    enum lwc_code code;

    if (attempt->cache.mode == LWC_CACHE_NONE) {
        return;
    }
    code = lwc_cache_write(&attempt->cache, attempt->token_name, token, token->lifetime_s, &err);
    if (code == LWC_OK && is_overtaken(attempt)) {
        lwc_attempt_trace(attempt, "cache: a store changed meanwhile, the token is not kept");
        lwc_cache_forget(&attempt->cache, attempt->token_name);
        return;
    }
    if (code == LWC_OK) {
        lwc_attempt_save_answer(attempt, token->lifetime_s);
        return;
    }
    lwc_attempt_save_no_place(attempt, &err);
    code = lwc_wrap(&err, code, "the token is not cached");
    attempt->obtain->host->log(attempt->obtain->host->data,
                               code == LWC_E_UNAVAILABLE ? LWC_LOG_INFO : LWC_LOG_WARNING, err.msg);
}

/* Returns the stale token after a failure without fault of the key, if the query allows it. */
static enum lwc_code use_stale(const struct attempt *attempt, enum lwc_code failure,
                               struct lwc_token **token_out, struct lwc_error *err)
{
    bool is_excused =
        failure == LWC_E_NETWORK || failure == LWC_E_RATE_LIMITED || failure == LWC_E_BUSY;
    struct lwc_error warning = {0};
    enum lwc_code code = failure;

    if (!is_excused || attempt->stale == NULL || attempt->query->min_valid_s > 0 ||
        attempt->query->refresh) {
        return failure;
    }
    if (err != NULL) {
        warning = *err;
    }
    code = lwc_attempt_make_token(attempt, attempt->stale, &attempt->stale_identity.id,
                                  attempt->stale_source, token_out, err);
    if (code == LWC_OK) {
        failure = lwc_wrap(&warning, failure,
                           "the token could not be renewed, the old one lives %jd s more",
                           (intmax_t)(*token_out)->expires_in);
        attempt->obtain->host->log(attempt->obtain->host->data, LWC_LOG_WARNING, warning.msg);
    }
    return code == LWC_OK ? LWC_OK : failure;
}

void lwc_obtain_clear_failures(const struct lwc_identity *identity)
{
    char table[LWC_HASH_HEX_LEN];

    lwc_key_of_failures(identity, table);
    lwc_failures_clear(table);
}

struct lwc_identity lwc_attempt_wanted(const struct attempt *attempt)
{
    const struct lwc_query *query = attempt->query;
    struct lwc_identity wanted = LWC_IDENTITY_ANY;

    wanted.profile = query->profile != NULL ? query->profile : "";
    wanted.account = query->account != NULL ? query->account : "";
    wanted.key_id = query->key_id != NULL ? query->key_id : "";
    wanted.origin = query->origin != NULL ? query->origin : "";
    return wanted;
}

struct lwc_identity lwc_obtain_identity(const struct lwc_query *query,
                                        const struct lwc_identity *stored)
{
    struct lwc_identity identity = *stored;

    if (lwc_is_set(query->sub_account)) {
        identity.sub_account = query->sub_account;
        identity.flags &= ~(uint32_t)LWC_ID_ORG_ACCESS;
    }
    if (query->org_access) {
        identity.flags |= LWC_ID_ORG_ACCESS;
    }
    return identity;
}

enum lwc_code lwc_attempt_set_identity(struct attempt *attempt, struct lwc_error *err)
{
    const struct lwc_identity identity =
        lwc_obtain_identity(attempt->query, &attempt->found->identity.id);

    return lwc_identity_copy(&identity, &attempt->identity, err);
}

enum lwc_code lwc_attempt_find(struct attempt *attempt, struct lwc_error *err)
{
    const struct lwc_identity wanted = lwc_attempt_wanted(attempt);
    enum lwc_code code;

    lwc_dependencies_reset(attempt->obtain->dependencies);
    code = lwc_lookup_find(attempt->obtain->stack, &wanted, attempt->obtain->host, &attempt->found,
                           err);
    return code == LWC_OK ? lwc_attempt_set_identity(attempt, err) : code;
}

/* Returns the ready token of the credential, or a cached token, or a new token. */
static enum lwc_code use_credential(struct attempt *attempt, struct lwc_token **token_out,
                                    struct lwc_error *err)
{
    const struct lwc_found *found = attempt->found;
    enum lwc_code code = LWC_E_NOT_FOUND;

    if (attempt->identity.id.kind == LWC_KIND_TOKEN) {
        if (attempt->query->min_valid_s > 0) {
            return lwc_fail(err, LWC_E_INVALID,
                            "it is unknown how long the ready token in '%s' lives", found->backend);
        }
        return lwc_token_new(&attempt->identity.id, found->backend, found->secret, 0,
                             attempt->obtain->clock, token_out, err);
    }
    lwc_key_of_credential(&attempt->identity.id, found->secret, attempt->ttl_s, attempt->who);
    lwc_hash_hex(attempt->who, attempt->token_name);
    if (!lwc_streq(attempt->stale_name, attempt->token_name)) {
        lwc_entry_free(&attempt->stale); /* of another credential */
    }
    if (lwc_streq(found->identity.id.profile, LWC_ENVIRONMENT)) {
        attempt->cache.sealing = found->secret;
    }
    if (!attempt->query->refresh) {
        code = lwc_attempt_use_cached_token(attempt, LWC_ANY_TIME, token_out, err);
    }
    return code == LWC_E_NOT_FOUND ? lwc_attempt_renew(attempt, token_out, err) : code;
}

enum lwc_code lwc_attempt_begin(struct attempt *attempt, struct lwc_error *err)
{
    const struct lwc_obtain_ctx *obtain = attempt->obtain;
    const struct lwc_query *query = attempt->query;
    enum lwc_code code = choose_lifetime(query, &attempt->ttl_s, err);

    if (code != LWC_OK) {
        return code;
    }
    attempt->started_boot_ms = lwc_clock_boot_ms(obtain->clock);
    attempt->cache.mode = query->no_cache ? LWC_CACHE_NONE : obtain->mode;
    if (attempt->cache.mode != LWC_CACHE_NONE && !lwc_clock_boot_id(attempt->boot_id)) {
        attempt->cache.mode = LWC_CACHE_NONE;
    }
    lwc_key_of_scope(obtain->conf, obtain->external, obtain->host, attempt->scope);
    lwc_key_of_query(attempt->scope, query, attempt->ttl_s, obtain->host, attempt->answer_name);
    return LWC_OK;
}

/* Begins @attempt and looks for a cached answer.  LWC_E_NOT_FOUND: a backend must be asked. */
static enum lwc_code begin_cached(struct attempt *attempt, struct lwc_token **token_out,
                                  struct lwc_error *err)
{
    enum lwc_code code = lwc_attempt_begin(attempt, err);

    if (code != LWC_OK) {
        return code;
    }
    if (attempt->cache.mode == LWC_CACHE_NONE || attempt->query->refresh) {
        return LWC_E_NOT_FOUND;
    }
    return use_cached_answer(attempt, LWC_ANY_TIME, token_out, err);
}

/* Asks the backends; the host tells waiting processes of a question to a person. */
static enum lwc_code find_inside(struct attempt *attempt, struct lwc_flight *flight,
                                 struct lwc_error *err)
{
    struct lwc_flight **shown = attempt->obtain->flight;
    enum lwc_code code;

    if (shown != NULL) {
        *shown = flight;
    }
    code = lwc_attempt_find(attempt, err);
    if (shown != NULL) {
        *shown = NULL;
    }
    return code;
}

/* Does the work inside the flight; leaves it early if other processes cannot use the token. */
static enum lwc_code obtain_inside(struct attempt *attempt, struct lwc_flight **flight,
                                   struct lwc_token **token_out, struct lwc_error *err)
{
    bool is_shared = attempt->cache.mode != LWC_CACHE_NONE;
    enum lwc_code code = LWC_OK;

    if (is_shared) {
        code = use_cached_answer(attempt, lwc_attempt_since_ms(attempt), token_out, err);
        if (code != LWC_E_NOT_FOUND) {
            return code;
        }
        code = lwc_attempt_find_answer_failure(attempt, err);
    }
    if (code == LWC_OK && is_shared && !attempt->query->refresh) {
        code = lwc_attempt_use_other_answer(attempt, token_out, err);
        if (code != LWC_E_NOT_FOUND) {
            return code;
        }
        code = LWC_OK;
    }
    if (code != LWC_OK) {
        return code;
    }
    attempt->inside_boot_ms = lwc_clock_boot_ms(attempt->obtain->clock);
    code = find_inside(attempt, *flight, err);
    if (code == LWC_OK && (!is_shared || attempt->identity.id.kind == LWC_KIND_TOKEN ||
                           lwc_attempt_has_no_place(attempt))) {
        lwc_flight_leave(flight);
    } else if (code == LWC_OK) {
        lwc_attempt_stay(attempt, *flight, SEARCH_MS);
    }
    if (code == LWC_OK) {
        code = use_credential(attempt, token_out, err);
    }
    return code;
}

/*
 * Obtains the token where the search costs less than to wait for another process's: only the exchange
 * is made in a flight, that of the token.
 */
static enum lwc_code obtain_directly(struct attempt *attempt, struct lwc_token **token_out,
                                     struct lwc_error *err)
{
    enum lwc_code code;

    attempt->inside_boot_ms = lwc_clock_boot_ms(attempt->obtain->clock);
    code = lwc_attempt_find(attempt, err);
    return code == LWC_OK ? use_credential(attempt, token_out, err) : code;
}

static enum lwc_code obtain_in_flight(struct attempt *attempt, struct lwc_token **token_out,
                                      struct lwc_error *err)
{
    LWC_AUTO_FLIGHT flight = NULL;
    struct lwc_error why = {0};
    enum lwc_code code = lwc_attempt_enter(attempt, attempt->answer_name, SEARCH_MS, &flight, &why);

    if (code == LWC_E_BUSY) {
        code = use_cached_answer(attempt, lwc_attempt_since_ms(attempt), token_out, err);
        return code == LWC_E_NOT_FOUND ? lwc_attempt_fail_busy(&why, err) : code;
    }
    code = obtain_inside(attempt, &flight, token_out, err);
    if (code != LWC_OK && lwc_flight_has_lock(flight)) {
        lwc_attempt_save_answer_failure(attempt, err);
    }
    return code;
}

enum lwc_code lwc_obtain_cached(const struct lwc_obtain_ctx *obtain, const struct lwc_query *query,
                                struct lwc_token **token_out, struct lwc_error *err)
{
    LWC_AUTO_ATTEMPT attempt = {.obtain = obtain, .query = query};

    return begin_cached(&attempt, token_out, err);
}

/* A search for a cached token. */
struct token_search {
    const struct attempt *attempt;
    const struct lwc_identity *identity;
    bool is_found;
};

static bool match_token(void *data, const struct lwc_entry *entry, const char *place)
{
    struct token_search *search = data;
    const struct lwc_identity *cached = &entry->identity.id;

    (void)place;
    search->is_found =
        search->is_found ||
        (entry->kind == LWC_ENTRY_TOKEN && lwc_attempt_is_fresh(search->attempt, entry) &&
         lwc_streq(cached->account, search->identity->account) &&
         lwc_streq(lwc_identity_authority(cached), lwc_identity_authority(search->identity)) &&
         lwc_streq(cached->key_id, search->identity->key_id) &&
         lwc_streq(cached->sub_account, search->identity->sub_account) &&
         cached->flags == search->identity->flags);
    return false;
}

bool lwc_obtain_has_token(const struct lwc_obtain_ctx *obtain, const struct lwc_query *query,
                          const struct lwc_identity *identity)
{
    struct attempt attempt = {.obtain = obtain, .query = query};
    const struct lwc_cache cache = {.mode = query->no_cache ? LWC_CACHE_NONE : obtain->mode};
    struct token_search search = {.attempt = &attempt, .identity = identity};

    if (!query->refresh && lwc_clock_boot_id(attempt.boot_id)) {
        lwc_cache_each(&cache, match_token, &search);
    }
    return search.is_found;
}

enum lwc_code lwc_obtain_token(const struct lwc_obtain_ctx *obtain, const struct lwc_query *query,
                               struct lwc_token **token_out, struct lwc_error *err)
{
    LWC_AUTO_ATTEMPT attempt = {.obtain = obtain, .query = query};
    struct lwc_error why = {0};
    enum lwc_code code = begin_cached(&attempt, token_out, err);

    if (code != LWC_E_NOT_FOUND) {
        return code;
    }
    attempt.granted_s = (obtain->host->remaining_ms(obtain->host->data) + 999) / 1000;
    code = lwc_stack_is_builtin(obtain->stack, LWC_OP_LOOKUP)
               ? obtain_directly(&attempt, token_out, &why)
               : obtain_in_flight(&attempt, token_out, &why);
    code = code == LWC_OK ? code : use_stale(&attempt, code, token_out, &why);
    return lwc_error_pass(err, code, &why);
}
