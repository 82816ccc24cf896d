/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_IDENTITY_H
#define CORE_BASE_IDENTITY_H

#include <stdbool.h>

#include <lwcred/backend.h>

#include "base/error.h"

/*
 * Identities (lwcred/backend.h) as values: checked, copied, compared.
 */

/* An identity with its text inside; copy it only with lwc_identity_copy(). */
struct lwc_identity_copy {
    struct lwc_identity id;
    char profile[LWC_PROFILE_MAX + 1];
    char account[LWC_ACCOUNT_MAX + 1];
    char origin[LWC_ORIGIN_MAX + 1];
    char key_id[LWC_KEY_ID_MAX + 1];
    char sub_account[LWC_SUB_ACCOUNT_MAX + 1];
};

/* An empty query; set members, leave no NULL. */
#define LWC_IDENTITY_ANY                                                            \
    {                                                                               \
        .profile = "", .account = "", .origin = "", .key_id = "", .sub_account = "" \
    }

/*
 * Checks @id: limits and alphabets of lwcred/backend.h, account and origin canonical, kind and
 * flags known, a key id for an access key.  LWC_E_INVALID names the member, never the value of a
 * secret.
 */
enum lwc_code lwc_identity_check(const struct lwc_identity *id, struct lwc_error *err) LWC_RESULT;

/* Checks a single member.  A sub-account may be ""; a profile and a key id may not. */
enum lwc_code lwc_profile_check(const char *profile, struct lwc_error *err) LWC_RESULT;
enum lwc_code lwc_key_id_check(const char *key_id, struct lwc_error *err) LWC_RESULT;
enum lwc_code lwc_sub_account_check(const char *sub_account, struct lwc_error *err) LWC_RESULT;

/*
 * Checks the secret of an access key: 1 to LWC_SECRET_MAX bytes of printable ASCII without blank,
 * quote and backslash.  LWC_E_INVALID names the flaw (a pasted newline, quotes, ...), never the
 * bytes.
 */
enum lwc_code lwc_key_secret_check(const void *secret, size_t len, struct lwc_error *err)
    LWC_RESULT;

/*
 * Returns whether @host is a canonical name, an IPv4 address or "[IPv6]", with ":port" if allowed.
 */
bool lwc_host_is_canonical(const char *host, bool port_allowed);

/* Checks and copies an identity.  LWC_E_INVALID as lwc_identity_check(). */
enum lwc_code lwc_identity_copy(const struct lwc_identity *id, struct lwc_identity_copy *copy_out,
                                struct lwc_error *err) LWC_RESULT;

/* Returns how many bytes the five strings of @id take, each with its NUL. */
size_t lwc_identity_text_len(const struct lwc_identity *id);

/*
 * Writes the strings of @id, each with its NUL, into @room, in the order of lwcred/backend.h.
 * *placed_out is @id with its text in @room.
 */
void lwc_identity_place(const struct lwc_identity *id, char *room, struct lwc_identity *placed_out);

/*
 * Returns whether @id agrees with every set member of @query.  @query->account equals the account
 * or the origin.  sub_account and flags of a query do not select.
 */
bool lwc_identity_matches(const struct lwc_identity *query, const struct lwc_identity *id);

/* Returns whether credentials of @kind are tokens that are kept and given back as they are. */
bool lwc_kind_is_kept(uint32_t kind);

/* Returns whether credentials of @kind answer requests for bearer tokens. */
bool lwc_kind_makes_tokens(uint32_t kind);

/* Returns host[:port] to which the secret may be sent: the origin if set, else the account. */
const char *lwc_identity_authority(const struct lwc_identity *id);

/* The environment: its profile, which no other backend may hold, and the backend itself. */
#define LWC_ENVIRONMENT "env"

/* Returns whether @len bytes are a backend's name: 1 to 32 of a-z, 0-9 and '-'. */
bool lwc_backend_name_is_valid(const char *name, size_t len);

#endif
