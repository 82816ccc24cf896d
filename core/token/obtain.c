/* SPDX-License-Identifier: Apache-2.0 */
#include "token/obtain.h"

#include <string.h>

#include "base/identity.h"
#include "cache/entry.h"
#include "cache/key.h"
#include "flight/failures.h"
#include "flight/flight.h"
#include "token/attempt.h"
#include "token/attempt_failure.h"
#include "token/renew.h"

/* The longest stay of a call in its flight; a question to a person is not counted. */
#define SEARCH_MS 60000

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
    return lwc_attempt_use_cached_answer(attempt, LWC_ANY_TIME, token_out, err);
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
        code =
            lwc_attempt_use_cached_answer(attempt, lwc_attempt_since_ms(attempt), token_out, err);
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
        code =
            lwc_attempt_use_cached_answer(attempt, lwc_attempt_since_ms(attempt), token_out, err);
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
