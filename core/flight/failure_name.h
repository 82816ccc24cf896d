/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_FLIGHT_FAILURE_NAME_H
#define CORE_FLIGHT_FAILURE_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include <lwcred/types.h>

#include "base/crypto.h"
#include "base/identity.h"
#include "conf/conf.h"

/*
 * Names under which failures are remembered: hashes over everything that decides whether a call of
 * another process would fail likewise.  All of them are of this network and mount namespace: a
 * sandbox without a network says nothing about the machine's.
 */

/* A demand that only calls like this one make; all zero for a failure that concerns all. */
struct lwc_failure_demand {
    int64_t granted_s;
    int64_t min_valid_s;
};

/* Of an exchange of credential @who, by way of these proxies and certificate authorities. */
void lwc_failure_name_exchange(const uint8_t who[static LWC_HASH_LEN], const struct lwc_host *host,
                               const struct lwc_failure_demand *demand,
                               uint8_t name_out[static LWC_HASH_LEN]);

/* Of a rate limit: of the key's authority, account and key id alone, for the API counts by user. */
void lwc_failure_name_rate(const struct lwc_identity *identity,
                           uint8_t name_out[static LWC_HASH_LEN]);

/*
 * Of the search for answer @answer, the exchange included: also by everything with which a store is
 * opened, and by the terminal at which a person can be asked.
 */
void lwc_failure_name_answer(const char *answer, const struct lwc_host *host, bool can_ask,
                             const struct lwc_failure_demand *demand,
                             uint8_t name_out[static LWC_HASH_LEN]);

/* Of the lack of a place for tokens that @mode allows, sealed ones if @can_seal. */
void lwc_failure_name_place(enum lwc_cache_mode mode, bool can_seal, const struct lwc_host *host,
                            uint8_t name_out[static LWC_HASH_LEN]);

#endif
