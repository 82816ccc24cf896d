/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_TOKEN_INPUTS_H
#define CORE_TOKEN_INPUTS_H

#include <stdint.h>

#include <lwcred.h>

#include "base/crypto.h"
#include "base/secret.h"
#include "stack/conf.h"

/*
 * Names under which answers and tokens are cached, and flights flown: hashes over everything that
 * decides them.
 */

/*
 * Of the answer to @query: the query and the lifetime asked for, the stack in force, and every
 * variable of the environment that a backend may look at.
 */
void lwc_inputs_query(const struct lwc_conf *conf, const struct lwc_query *query, int64_t ttl_s,
                      const struct lwc_host *host, char name_out[static LWC_HASH_HEX_LEN]);

/*
 * Of the token that this very credential, secret included, gets with these headers and lifetime.
 * The same for every profile, HOME and stack in which it stands.
 */
void lwc_inputs_credential(const struct lwc_identity *identity, const struct lwc_secret *secret,
                           int64_t ttl_s, uint8_t hash_out[static LWC_HASH_LEN]);

/*
 * Of a failure of credential @who: what fails by way of one proxy, or for one set of certificate
 * authorities, need not fail by another.  A failure that concerns only calls with as much time, or
 * with the same demand, is named by those, too; 0 for one that concerns all.
 */
void lwc_inputs_failure(const uint8_t who[static LWC_HASH_LEN], const struct lwc_host *host,
                        int64_t granted_s, int64_t min_valid_s,
                        uint8_t hash_out[static LWC_HASH_LEN]);

/* Of the flight: authority, account and key id. */
void lwc_inputs_flight(const struct lwc_identity *identity, char name_out[static LWC_HASH_HEX_LEN]);

#endif
