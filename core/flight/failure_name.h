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
 * another process would fail likewise.  Each includes the network and the mount namespace: a
 * sandbox without a network says nothing about the machine's network.
 */

/* Demands of this call that others may not share; all zero for a failure that concerns all. */
struct lwc_failure_demand {
    int64_t granted_s;
    int64_t min_valid_s;
};

/* Names a failed exchange of credential @who through these proxies and certificate authorities. */
void lwc_failure_name_exchange(const uint8_t who[static LWC_HASH_LEN], const struct lwc_host *host,
                               const struct lwc_failure_demand *demand,
                               uint8_t name_out[static LWC_HASH_LEN]);

/* Names a rate limit, by authority, account and key id alone: the API counts by user. */
void lwc_failure_name_rate(const struct lwc_identity *identity,
                           uint8_t name_out[static LWC_HASH_LEN]);

/*
 * Names a failed search for answer @answer, the exchange included: by all settings with which a
 * store is opened, too, and by the terminal at which a person can be asked.
 */
void lwc_failure_name_answer(const char *answer, const struct lwc_host *host, bool can_ask,
                             const struct lwc_failure_demand *demand,
                             uint8_t name_out[static LWC_HASH_LEN]);

/* Names the lack of a place for tokens that @mode allows, sealed places if @can_seal. */
void lwc_failure_name_place(enum lwc_cache_mode mode, bool can_seal, const struct lwc_host *host,
                            uint8_t name_out[static LWC_HASH_LEN]);

#endif
