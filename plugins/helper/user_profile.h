/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_HELPER_USER_PROFILE_H
#define PLUGINS_HELPER_USER_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

#include <lwcred/backend.h>

#include "base/error.h"
#include "base/util.h"

/*
 * The API's replies about the user of a token: GET /api/v2/UserProfile, and, for users who get no
 * profile, GET /api/v2/OrganizationInfo.
 */

#define LWC_USER_REPLY_MAX ((size_t)1024 * 1024)
#define LWC_USER_TEXT_MAX 320

/* An account of the user's organization, or the user's only one. */
struct lwc_user_account {
    char name[LWC_SUB_ACCOUNT_MAX + 1]; /* as the API spells it, often in upper case */
    bool is_admin;
    bool is_enabled;
};

/*
 * A user.  Texts are as the API sent them: not fit for a terminal.
 *
 * has_accounts      false: the API tells of the organization alone.
 * name              e-mail address, or "".
 * url               host of the organization, or of the only account, or "".
 * is_organization   the account belongs to an organization.
 * is_org_admin      reaches all accounts and the data of the organization.
 * is_org_user       the same, for reading.
 */
struct lwc_user_profile {
    bool has_accounts;
    bool is_organization;
    bool is_org_admin;
    bool is_org_user;
    char name[LWC_USER_TEXT_MAX + 1];
    char url[LWC_USER_TEXT_MAX + 1];
    struct lwc_user_account *accounts;
    size_t count;
};

void lwc_user_profile_clear(struct lwc_user_profile *profile);
#define LWC_AUTO_USER_PROFILE LWC_AUTO(struct lwc_user_profile, lwc_user_profile_clear)

/*
 * Reads the body of a reply: "data" is an array of one object, or that object.  Unknown members are
 * ignored, missing ones are false, empty, or no accounts; flags are true, false, 1 or 0.
 * LWC_E_NETWORK for another body, one longer than LWC_USER_REPLY_MAX, and one without a profile.
 *
 * @profile_out  owned by the caller, lwc_user_profile_clear(); unchanged after a failure.
 */
enum lwc_code lwc_user_profile_parse(const void *bytes, size_t len,
                                     struct lwc_user_profile *profile_out, struct lwc_error *err)
    LWC_RESULT;

/* Reads a reply of OrganizationInfo in the same way; has_accounts is false then. */
enum lwc_code lwc_user_organization_parse(const void *bytes, size_t len,
                                          struct lwc_user_profile *profile_out,
                                          struct lwc_error *err) LWC_RESULT;

/* Finds an account by its name, in upper or lower case; NULL if the user has none of that name. */
const struct lwc_user_account *lwc_user_profile_find(const struct lwc_user_profile *profile,
                                                     const char *name);

#endif
