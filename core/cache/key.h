/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CACHE_KEY_H
#define CORE_CACHE_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include <lwcred/types.h>

#include "base/buffer.h"
#include "base/crypto.h"
#include "conf/conf.h"

/*
 * Names of cached answers and tokens, and of flights: hashes over everything that decides them.
 */

/*
 * Hashes the scope of an answer: the user, the stack in force, whether modules may come from
 * $LWCRED_BACKEND_DIR, and the settings that our own backends read.
 */
void lwc_key_of_scope(const struct lwc_conf *conf, bool external, const struct lwc_host *host,
                      char scope_out[static LWC_HASH_HEX_LEN]);

/*
 * Returns whether no answer depends on setting @name beyond its scope: for settings of the scope,
 * and for settings that decide only how a store is opened.
 */
bool lwc_key_of_covers(const char *name);

/* Names the answer to @query in @scope: by query, $LW_PROFILE and requested lifetime. */
void lwc_key_of_query(const char *scope, const struct lwc_query *query, int64_t ttl_s,
                      const struct lwc_host *host, char name_out[static LWC_HASH_HEX_LEN]);

/*
 * Names the token that this very credential, secret included, gets with these headers and lifetime.
 * Equal for all profiles, HOME directories and stacks that hold the credential.
 */
void lwc_key_of_credential(const struct lwc_identity *identity, const struct lwc_buf *secret,
                           int64_t ttl_s, uint8_t hash_out[static LWC_HASH_LEN]);

/*
 * Names the flight in which a token is made: as lwc_key_of_credential(), without the secret, so
 * that tokens that cannot be shared do not wait for each other.
 */
void lwc_key_of_flight(const struct lwc_identity *identity, int64_t ttl_s,
                       char name_out[static LWC_HASH_HEX_LEN]);

/* Names the table of a key's failures: by authority, account and key id. */
void lwc_key_of_failures(const struct lwc_identity *identity,
                         char name_out[static LWC_HASH_HEX_LEN]);

#endif
