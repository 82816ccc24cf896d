/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LWCRED_TYPES_H
#define LWCRED_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include <lwcred/error.h>

/* Types and limits of lwcred.h without functions: a query, and the rules that answer it. */

#define LWC_VERSION "0.1.0"

/* A token's longest text in bytes, and its lifetimes in seconds.  Since 0.1. */
#define LWC_TOKEN_MAX 16384
#define LWC_TTL_MAX 86400
#define LWC_TTL_DEFAULT 3600

/*
 * A request for a token.  Zero or NULL means "not set".  @size is sizeof(struct lwc_query).  Since
 * 0.1.
 *
 * profile      exactly that profile.
 * account      host of the account or of its origin, as lwc_account_parse() makes it.
 * origin       the origin stored with the credential, exactly; narrows @account.
 * key_id       breaks a tie between several credentials of @account.
 * sub_account  value of the Account-Name header in place of the stored one; without @org_access the
 *              credential's own organization flag does not hold, for with it the API ignores the
 *              sub-account.
 * org_access   act on the organization.
 * ttl_s        lifetime to ask for, 1 to 86400 seconds; 0 means 3600.
 * min_valid_s  seconds that the token must still live, honoured exactly; a longer lifetime is
 *              asked for if need be.  0 means 300, or half of the lifetime if that is less.
 * refresh      exchange even if the cache could answer, and cache the new token.
 * no_cache     neither read nor write the cache.
 *
 * With an account: its credential with @key_id, else the one that $LW_PROFILE names, else the
 * profile "default", else the only one.  With neither profile nor account: $LW_PROFILE, else
 * complete LW_* variables, else the profile "default", else the only profile there is.
 */
struct lwc_query {
    uint32_t size;
    bool org_access;
    bool refresh;
    bool no_cache;
    const char *profile;
    const char *account;
    const char *key_id;
    const char *sub_account;
    int64_t ttl_s;
    int64_t min_valid_s;
    const char *origin;
    /* 0.1 ends here */
};

/* The rule by which a credential is looked for.  Since 0.1. */
enum lwc_rule {
    LWC_RULE_PROFILE = 0,         /* the query names the profile                      */
    LWC_RULE_KEY_ID = 1,          /* the query names account and key id               */
    LWC_RULE_ACCOUNT = 2,         /* the query names the account                      */
    LWC_RULE_PROFILE_SETTING = 3, /* LW_PROFILE                                       */
    LWC_RULE_ENVIRONMENT = 4,     /* nothing is said: complete LW_* variables         */
    LWC_RULE_ACCOUNT_SETTING = 5, /* LW_ACCOUNT selects among the stored ones         */
    LWC_RULE_DEFAULT = 6,         /* the profile "default"                            */
    LWC_RULE_ONLY = 7,            /* the only one there is                            */
};

/*
 * Receives each backend that held a credential to be removed, or may still hold it: @why is NULL if
 * it was removed there.  Borrowed for the call.  Since 0.1.
 */
typedef void lwc_removed_fn(void *data, const char *backend, const struct lwc_error *why);

#endif
