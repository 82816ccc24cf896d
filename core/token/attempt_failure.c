/* SPDX-License-Identifier: Apache-2.0 */
#include "token/attempt_failure.h"

#include "cache/key.h"
#include "flight/failure_name.h"
#include "flight/failures.h"

/* Names of a failure: for all calls, and only for calls with the same deadline and min_valid. */
#define FAILURE_NAMES 2

static struct lwc_failure_demand make_demand(const struct attempt *attempt, bool is_own)
{
    return (struct lwc_failure_demand){.granted_s = is_own ? attempt->granted_s : 0,
                                       .min_valid_s = is_own ? attempt->query->min_valid_s : 0};
}

/* Passes the names on as constants, a conversion that C does not make by itself. */
static enum lwc_code find_failure(const char *table, uint8_t (*names)[LWC_HASH_LEN], size_t count,
                                  const struct lwc_failures_rule *rule, struct lwc_error *err)
{
    return lwc_failures_find(table, (const uint8_t(*)[LWC_HASH_LEN])names, count, rule, err);
}

/* Sets the names of a failed exchange of this credential. */
static void name_exchange(const struct attempt *attempt,
                          uint8_t names_out[FAILURE_NAMES][LWC_HASH_LEN])
{
    for (size_t i = 0; i < FAILURE_NAMES; i++) {
        const struct lwc_failure_demand demand = make_demand(attempt, i > 0);

        lwc_failure_name_exchange(attempt->who, attempt->obtain->host, &demand, names_out[i]);
    }
}

/* Sets the names of a failure of the whole call. */
static void name_answer(const struct attempt *attempt,
                        uint8_t names_out[FAILURE_NAMES][LWC_HASH_LEN])
{
    for (size_t i = 0; i < FAILURE_NAMES; i++) {
        const struct lwc_failure_demand demand = make_demand(attempt, i > 0);

        lwc_failure_name_answer(attempt->answer_name, attempt->obtain->host,
                                attempt->obtain->can_ask, &demand, names_out[i]);
    }
}

enum lwc_code lwc_attempt_find_exchange_failure(const struct attempt *attempt,
                                                struct lwc_error *err)
{
    const struct lwc_failures_rule rule = {.counts_life = !attempt->query->refresh,
                                           .since_ms = attempt->started_boot_ms,
                                           .clock = attempt->obtain->clock};
    uint8_t names[FAILURE_NAMES + 1][LWC_HASH_LEN];
    char table[LWC_HASH_HEX_LEN];
    enum lwc_code code;

    name_exchange(attempt, names);
    lwc_failure_name_rate(&attempt->identity.id, names[FAILURE_NAMES]);
    lwc_key_of_failures(&attempt->identity.id, table);
    code = find_failure(table, names, FAILURE_NAMES + 1, &rule, err);
    if (code != LWC_OK) {
        lwc_attempt_trace(attempt, "flight: this failed a moment ago and is not tried again yet");
    }
    return code;
}

void lwc_attempt_save_exchange_failure(const struct attempt *attempt, const struct lwc_error *why)
{
    uint8_t names[FAILURE_NAMES + 1][LWC_HASH_LEN];
    char table[LWC_HASH_HEX_LEN];
    size_t which = attempt->has_own_failure ? 1 : 0;
    struct lwc_failure record;

    lwc_key_of_failures(&attempt->identity.id, table);
    name_exchange(attempt, names);
    if (why->code == LWC_OK) {
        lwc_failures_drop(table, (const uint8_t(*)[LWC_HASH_LEN])names, FAILURE_NAMES);
        return;
    }
    if (why->code == LWC_E_RATE_LIMITED) {
        which = FAILURE_NAMES;
        lwc_failure_name_rate(&attempt->identity.id, names[which]);
    }
    if ((why->code == LWC_E_NETWORK || why->code == LWC_E_REFUSED ||
         why->code == LWC_E_RATE_LIMITED) &&
        lwc_failure_make(names[which], attempt->exchange_boot_ms, why, attempt->obtain->clock,
                         &record)) {
        lwc_failures_put(table, &record);
    }
}

void lwc_attempt_save_no_place(const struct attempt *attempt, const struct lwc_error *why)
{
    char table[LWC_HASH_HEX_LEN];
    uint8_t name[LWC_HASH_LEN];
    struct lwc_failure record;
    struct lwc_error absence = *why;

    absence.code = LWC_E_UNAVAILABLE;
    lwc_key_of_failures(&attempt->identity.id, table);
    lwc_failure_name_place(attempt->cache.mode, attempt->cache.sealing != NULL,
                           attempt->obtain->host, name);
    if (lwc_failure_make(name, attempt->inside_boot_ms, &absence, attempt->obtain->clock,
                         &record)) {
        lwc_failures_put(table, &record);
    }
}

bool lwc_attempt_has_no_place(const struct attempt *attempt)
{
    const struct lwc_failures_rule rule = {
        .counts_life = true, .since_ms = INT64_MAX, .clock = attempt->obtain->clock};
    char table[LWC_HASH_HEX_LEN];
    uint8_t name[1][LWC_HASH_LEN];

    lwc_key_of_failures(&attempt->identity.id, table);
    lwc_failure_name_place(attempt->cache.mode, attempt->cache.sealing != NULL,
                           attempt->obtain->host, name[0]);
    return find_failure(table, name, 1, &rule, NULL) != LWC_OK;
}

void lwc_attempt_save_answer_failure(const struct attempt *attempt, const struct lwc_error *why)
{
    const struct lwc_host *host = attempt->obtain->host;
    bool is_own = attempt->has_own_failure || host->remaining_ms(host->data) < LWC_LATE_MS;
    uint8_t names[FAILURE_NAMES][LWC_HASH_LEN];
    struct lwc_failure record;

    name_answer(attempt, names);
    if (lwc_failure_make(names[is_own], attempt->inside_boot_ms, why, attempt->obtain->clock,
                         &record)) {
        lwc_failures_put(attempt->answer_name, &record);
    }
}

enum lwc_code lwc_attempt_find_answer_failure(const struct attempt *attempt, struct lwc_error *err)
{
    const struct lwc_failures_rule rule = {.since_ms = attempt->started_boot_ms,
                                           .clock = attempt->obtain->clock};
    uint8_t names[FAILURE_NAMES][LWC_HASH_LEN];
    enum lwc_code code;

    name_answer(attempt, names);
    code = find_failure(attempt->answer_name, names, FAILURE_NAMES, &rule, err);
    if (code != LWC_OK) {
        lwc_attempt_trace(attempt, "flight: the call that this one waited for failed");
    }
    return code;
}
