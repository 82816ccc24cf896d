/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_TOKEN_ATTEMPT_H
#define CORE_TOKEN_ATTEMPT_H

#include "cache/cache.h"
#include "cache/entry.h"
#include "flight/flight.h"
#include "stack/lookup.h"
#include "token/obtain.h"

/* One call for a token on its way, as the files behind obtain.h share it. */

/* A token of any age counts. */
#define LWC_ANY_TIME (-1)

/* A reply that is not there when less than this is left was not waited for long enough. */
#define LWC_LATE_MS 100

/*
 * One request on its way.  cache.mode is NONE where the caller, or the lack of a boot id, forbids
 * caching.  stale is the best token seen that still lives but not long enough.
 */
struct attempt {
    const struct lwc_obtain *obtain;
    const struct lwc_query *query;
    int64_t ttl_s;
    int64_t started_boot_ms;
    int64_t inside_boot_ms;   /* when its turn came, and it began to search */
    int64_t exchange_boot_ms; /* when it began its exchange */
    int64_t granted_s;        /* how much time the call had when it began */
    bool has_own_failure;     /* another call could have succeeded where this one failed */
    struct lwc_cache cache;
    char boot_id[LWC_BOOT_ID_LEN + 1];
    char scope[LWC_HASH_HEX_LEN];
    char answer_name[LWC_HASH_HEX_LEN];
    char token_name[LWC_HASH_HEX_LEN];
    uint8_t who[LWC_HASH_LEN];
    struct lwc_found *found;
    struct lwc_identity_copy identity; /* of found, with the query's headers */
    struct lwc_entry *stale;
    char stale_name[LWC_HASH_HEX_LEN];
    struct lwc_identity_copy stale_identity;
    char stale_source[LWC_BACKEND_NAME_MAX + 1];
};

void lwc_attempt_clear(struct attempt *attempt);
#define LWC_AUTO_ATTEMPT LWC_AUTO(struct attempt, lwc_attempt_clear)

/* Fills in lifetime, cache and names of an attempt that has its obtain and query. */
enum lwc_code lwc_attempt_begin(struct attempt *attempt, struct lwc_error *err) LWC_RESULT;

/* The part of the query that selects a credential; borrows from it. */
struct lwc_identity lwc_attempt_wanted(const struct attempt *attempt);

/* Asks the backends for the credential: found and identity are set. */
enum lwc_code lwc_attempt_find(struct attempt *attempt, struct lwc_error *err) LWC_RESULT;

/* Makes the identity of found, with the query's headers. */
enum lwc_code lwc_attempt_take_found(struct attempt *attempt, struct lwc_error *err) LWC_RESULT;

/* Does token @entry live as long as the query wants it? */
bool lwc_attempt_is_fresh(const struct attempt *attempt, const struct lwc_entry *entry);

/* May @answer still be given without asking a backend?  It may have an end before its token's. */
bool lwc_attempt_is_good(const struct attempt *attempt, const struct lwc_entry *answer);

/* Caches the answer that led to identity and token_name, for @life_s.  Best effort. */
void lwc_attempt_keep_answer(const struct attempt *attempt, int64_t life_s);

/*
 * A fresh token that another query of the same scope led to, if this one selects the same
 * credential of stores that are unchanged (answer.c).  No store is opened, and no person asked.
 * LWC_E_NOT_FOUND: there is none, or the backends must be asked.
 */
enum lwc_code lwc_attempt_use_other(struct attempt *attempt, struct lwc_token **token_out,
                                    struct lwc_error *err) LWC_RESULT;

void lwc_attempt_trace(const struct attempt *attempt, const char *text);

/* With --refresh, nothing counts that was there before the call; else LWC_ANY_TIME. */
int64_t lwc_attempt_since_ms(const struct attempt *attempt);

/* Enters flight @name (flight.h), to stay for @stay_ms at most; waits for two thirds of its time.
 */
enum lwc_code lwc_attempt_enter(const struct attempt *attempt, const char *name, int64_t stay_ms,
                                struct lwc_flight **flight_out, struct lwc_error *err) LWC_RESULT;

/* Stays for @stay_ms more at most; NULL is allowed. */
void lwc_attempt_stay(const struct attempt *attempt, struct lwc_flight *flight, int64_t stay_ms);

/* The failure of a call that waited in vain, as lwc_flight_enter() said in @why. */
enum lwc_code lwc_attempt_fail_busy(const struct lwc_error *why, struct lwc_error *err) LWC_RESULT;

/*
 * Failures that calls leave for each other (failures.h).
 *
 * answer    of the whole call, for calls that wait for it.
 * exchange  of the exchange: refused, limited and unreachable keys are not tried again at once.  A
 *           success (@why is LWC_OK) forgets its own.
 * no_place  no place takes a token of this key: for a minute no call need wait for one.
 *
 * Recalling returns the code, or LWC_OK if there is no such failure.
 */
enum lwc_code lwc_attempt_recall_answer(const struct attempt *attempt, struct lwc_error *err)
    LWC_RESULT;
void lwc_attempt_remember_answer(const struct attempt *attempt, const struct lwc_error *why);
enum lwc_code lwc_attempt_recall_exchange(const struct attempt *attempt, struct lwc_error *err)
    LWC_RESULT;
void lwc_attempt_remember_exchange(const struct attempt *attempt, const struct lwc_error *why);
bool lwc_attempt_has_no_place(const struct attempt *attempt);
void lwc_attempt_remember_no_place(const struct attempt *attempt, const struct lwc_error *why);

/* Hands @entry out as the token of @identity. */
enum lwc_code lwc_attempt_hand_out(const struct attempt *attempt, const struct lwc_entry *entry,
                                   const struct lwc_identity *identity, const char *source,
                                   struct lwc_token **token_out, struct lwc_error *err) LWC_RESULT;

/*
 * A fresh token that this very credential got before, asked for after @since_boot_ms.
 * LWC_E_NOT_FOUND: there is none.
 */
enum lwc_code lwc_attempt_use_token(struct attempt *attempt, int64_t since_boot_ms,
                                    struct lwc_token **token_out, struct lwc_error *err) LWC_RESULT;

/* Caches @token and its answer.  A failed write never costs the caller the token. */
void lwc_attempt_remember_token(const struct attempt *attempt, struct lwc_entry *token);

/* A new token of the credential at hand, one process at a time (renew.c). */
enum lwc_code lwc_attempt_renew(struct attempt *attempt, struct lwc_token **token_out,
                                struct lwc_error *err) LWC_RESULT;

#endif
