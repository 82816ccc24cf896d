/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_TOKEN_ANSWER_H
#define CORE_TOKEN_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "base/crypto.h"
#include "base/identity.h"
#include "cache/entry.h"
#include "token/obtain.h"

/*
 * Cached answers beyond the query that made them: for the exchange that verified a key, and across
 * changes of other credentials in the same store.  Best effort.  The caller makes sure that no
 * person can be asked.
 */

/* A token that verified a key, and the hash of that credential (key.h).  Owned; NULL: none. */
struct lwc_proof {
    struct lwc_entry *token;
    uint8_t who[LWC_HASH_LEN];
};

/*
 * Caches the token of @proof, and the answer for @profile, if @backend gives that very credential
 * for @profile: then it was stored as verified, and no other process has changed it since.
 */
void lwc_answer_keep_proof(const struct lwc_obtain_ctx *obtain, const struct lwc_proof *proof,
                           const char *profile, const char *backend);

#define LWC_ANSWERS_MAX 16

struct lwc_answers {
    struct lwc_answer {
        struct lwc_identity_copy identity;
        char source[LWC_BACKEND_NAME_MAX + 1];
        char target[LWC_HASH_HEX_LEN];
        int64_t ttl_s;
    } answer[LWC_ANSWERS_MAX];
    size_t count;
};

/*
 * Collects the valid answers of other profiles than @profile, before a store is changed.  At most
 * LWC_ANSWERS_MAX: further answers make the store be opened again.
 */
void lwc_answers_collect(const struct lwc_obtain_ctx *obtain, const char *profile,
                         struct lwc_answers *answers_out);

/* Caches each answer again for the changed store if its credential, secret included, is there. */
void lwc_answers_renew(const struct lwc_obtain_ctx *obtain, const struct lwc_answers *answers);

#endif
