/* SPDX-License-Identifier: Apache-2.0 */
#include "token/attempt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/identity.h"
#include "cache/key.h"
#include "cache/lifetime.h"

/* Added to a margin that demands a longer life than the query's. */
#define MARGIN_EXTRA_S 60

/* Life of an answer behind an absent backend, which may be present at the next call. */
#define BEHIND_ABSENT_S 60

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

struct lwc_identity lwc_attempt_identity(const struct lwc_query *query,
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

enum lwc_code lwc_attempt_set_identity(struct attempt *attempt, struct lwc_error *err)
{
    const struct lwc_identity identity =
        lwc_attempt_identity(attempt->query, &attempt->found->identity.id);

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

bool lwc_attempt_is_fresh(const struct attempt *attempt, const struct lwc_entry *entry)
{
    int64_t left_s = lwc_lifetime_left_s(entry, attempt->boot_id, attempt->obtain->clock);

    return left_s > 0 &&
           left_s >= lwc_lifetime_margin_s(attempt->query->min_valid_s,
                                           attempt->obtain->conf->min_valid_s, entry->lifetime_s);
}

bool lwc_attempt_is_answer_valid(const struct attempt *attempt, const struct lwc_entry *answer)
{
    const struct lwc_obtain_ctx *obtain = attempt->obtain;

    return lwc_streq(answer->boot_id, attempt->boot_id) &&
           (answer->lifetime_s == 0 ||
            lwc_lifetime_left_ms(answer, attempt->boot_id, obtain->clock) > 0) &&
           lwc_dependencies_hold(&answer->dependencies, obtain->host);
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

/*
 * The warm path: returns the token of the cached answer to this very query, if it is fresh and was
 * requested after @since_boot_ms; else LWC_E_NOT_FOUND.
 */
enum lwc_code lwc_attempt_use_cached_answer(struct attempt *attempt, int64_t since_boot_ms,
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

void lwc_attempt_trace(const struct attempt *attempt, const char *text)
{
    attempt->obtain->host->log(attempt->obtain->host->data, LWC_LOG_TRACE, text);
}

int64_t lwc_attempt_since_ms(const struct attempt *attempt)
{
    return attempt->query->refresh ? attempt->started_boot_ms : LWC_ANY_TIME;
}

enum lwc_code lwc_attempt_fail_busy(const struct lwc_error *why, struct lwc_error *err)
{
    return lwc_hint(
        err, lwc_error_pass(err, LWC_E_BUSY, why),
        "other processes ask for this token and get no answer; is one of them stopped?");
}

static int64_t left_at_most(const struct attempt *attempt, int64_t ms)
{
    const struct lwc_host *host = attempt->obtain->host;
    int64_t left_ms = host->remaining_ms(host->data);

    return left_ms < ms ? left_ms : ms;
}

/* With the usual time-out, a failing exchange ends before the wait for it ends. */
enum lwc_code lwc_attempt_enter(const struct attempt *attempt, const char *name, int64_t stay_ms,
                                struct lwc_flight **flight_out, struct lwc_error *err)
{
    int64_t left_ms = left_at_most(attempt, INT64_MAX);
    struct lwc_flight_times times = {.stay_ms = left_at_most(attempt, stay_ms)};
    enum lwc_code code = lwc_flight_enter(name, &times, flight_out, err);

    if (code == LWC_E_BUSY) {
        lwc_attempt_trace(attempt, "flight: another process is at it; this one waits");
        times.wait_ms = left_ms / 3 * 2;
        times.asked_ms = left_ms;
        code = lwc_flight_enter(name, &times, flight_out, err);
    }
    if (code != LWC_OK && err != NULL) {
        lwc_attempt_trace(attempt, err->msg);
    }
    return code;
}

void lwc_attempt_stay(const struct attempt *attempt, struct lwc_flight *flight, int64_t stay_ms)
{
    lwc_flight_stay(flight, left_at_most(attempt, stay_ms));
}
