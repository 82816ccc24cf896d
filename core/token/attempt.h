/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_TOKEN_ATTEMPT_H
#define CORE_TOKEN_ATTEMPT_H

#include "cache/cache.h"
#include "cache/entry.h"
#include "flight/flight.h"
#include "stack/lookup.h"
#include "token/obtain_ctx.h"
#include "token/token.h"

/* A token of any age counts. */
#define LWC_ANY_TIME (-1)

/* With less time than this left, the call gave a missing reply too little time. */
#define LWC_LATE_MS 100

/*
 * A call for a token under way, shared by the files behind obtain.h.
 *
 * cache.mode  NONE if the caller, or the lack of a boot id, forbids caching.
 * stale       the best token seen that still lives, but not long enough.
 */
struct attempt {
    const struct lwc_obtain_ctx *obtain;
    const struct lwc_query *query;
    int64_t ttl_s;
    int64_t started_boot_ms;
    int64_t inside_boot_ms;   /* begin of the search inside the flight */
    int64_t exchange_boot_ms; /* begin of the exchange */
    int64_t granted_s;        /* time that the call had when it began */
    bool has_own_failure;     /* other calls might not fail like this one */
    struct lwc_cache cache;
    char boot_id[LWC_BOOT_ID_LEN + 1];
    char scope[LWC_HASH_HEX_LEN];
    char answer_name[LWC_HASH_HEX_LEN];
    char token_name[LWC_HASH_HEX_LEN];
    uint8_t who[LWC_HASH_LEN];
    struct lwc_found *found;
    struct lwc_identity_copy identity; /* found's, with the query's headers */
    struct lwc_entry *stale;
    char stale_name[LWC_HASH_HEX_LEN];
    struct lwc_identity_copy stale_identity;
    char stale_source[LWC_BACKEND_NAME_MAX + 1];
};

void lwc_attempt_clear(struct attempt *attempt);
#define LWC_AUTO_ATTEMPT LWC_AUTO(struct attempt, lwc_attempt_clear)

/* Sets lifetime, cache and names of an attempt whose obtain and query are set. */
enum lwc_code lwc_attempt_begin(struct attempt *attempt, struct lwc_error *err) LWC_RESULT;

/* Returns the part of the query that selects a credential; borrows from the query. */
struct lwc_identity lwc_attempt_wanted(const struct attempt *attempt);

/* Asks the backends for the credential; sets found and identity. */
enum lwc_code lwc_attempt_find(struct attempt *attempt, struct lwc_error *err) LWC_RESULT;

/*
 * Returns @stored, a credential's identity, with the sub-account and the organization of @query in
 * their place.  A sub-account in @query without org_access means that account: the organization
 * flag of @stored, with which the API ignores the sub-account, does not hold then.  Borrows from
 * both.
 */
struct lwc_identity lwc_attempt_identity(const struct lwc_query *query,
                                         const struct lwc_identity *stored);

/* Sets identity to that of found, with the query's headers. */
enum lwc_code lwc_attempt_set_identity(struct attempt *attempt, struct lwc_error *err) LWC_RESULT;

/* Returns whether token @entry lives as long as the query demands. */
bool lwc_attempt_is_fresh(const struct attempt *attempt, const struct lwc_entry *entry);

/* Returns whether @answer holds without asking a backend; it may end before its token does. */
bool lwc_attempt_is_answer_valid(const struct attempt *attempt, const struct lwc_entry *answer);

/* Caches the answer that led to identity and token_name for @life_s seconds.  Best effort. */
void lwc_attempt_save_answer(const struct attempt *attempt, int64_t life_s);

/*
 * Returns a fresh token that another query of the same scope led to, if this query selects the same
 * credential of unchanged stores (answer.c).  Opens no store, asks no person.  LWC_E_NOT_FOUND
 * without such a token, or if the backends must be asked.
 */
enum lwc_code lwc_attempt_use_other_answer(struct attempt *attempt, struct lwc_token **token_out,
                                           struct lwc_error *err) LWC_RESULT;

void lwc_attempt_trace(const struct attempt *attempt, const char *text);

/* Accept only tokens and failures newer than this.  With --refresh: newer than this call. */
int64_t lwc_attempt_since_ms(const struct attempt *attempt);

/* Enters flight @name (flight.h) for at most @stay_ms; waits for two thirds of the time left. */
enum lwc_code lwc_attempt_enter(const struct attempt *attempt, const char *name, int64_t stay_ms,
                                struct lwc_flight **flight_out, struct lwc_error *err) LWC_RESULT;

/* Extends the stay by at most @stay_ms.  A flight that is NULL is allowed. */
void lwc_attempt_stay(const struct attempt *attempt, struct lwc_flight *flight, int64_t stay_ms);

/* Reports @why of lwc_flight_enter(), for a call that waited in vain. */
enum lwc_code lwc_attempt_fail_busy(const struct lwc_error *why, struct lwc_error *err) LWC_RESULT;

/* Makes the token of @identity, for the caller, from @entry. */
enum lwc_code lwc_attempt_make_token(const struct attempt *attempt, const struct lwc_entry *entry,
                                     const struct lwc_identity *identity, const char *source,
                                     struct lwc_token **token_out, struct lwc_error *err)
    LWC_RESULT;

/*
 * Returns the fresh token that the cached answer to this query names, if it was requested after
 * @since_boot_ms; else LWC_E_NOT_FOUND.
 */
enum lwc_code lwc_attempt_use_cached_answer(struct attempt *attempt, int64_t since_boot_ms,
                                            struct lwc_token **token_out, struct lwc_error *err)
    LWC_RESULT;

/*
 * Returns the cached token of this very credential, if it is fresh and was requested after
 * @since_boot_ms; else LWC_E_NOT_FOUND.
 */
enum lwc_code lwc_attempt_use_cached_token(struct attempt *attempt, int64_t since_boot_ms,
                                           struct lwc_token **token_out, struct lwc_error *err)
    LWC_RESULT;

#endif
