/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_HELPER_STATUS_H
#define PLUGINS_HELPER_STATUS_H

#include <lwcred.h>

#include "plugins/helper/report.h"
#include "plugins/helper/scope.h"
#include "plugins/helper/user_profile.h"

/*
 * The report of the command status.
 *
 * identity        the credential, with the sub-account and organization of the call; borrowed.
 * backend         that holds the credential; borrowed.
 * has_token       the token's life is known here.
 * expires_at, expires_in  of the token, in seconds; 0: unknown.
 * is_online       the API answered.
 * profile         the user, or NULL: unknown.
 * scope           where a call would act.
 * rate_limit, rate_remaining, rate_reset_s  as in struct lwc_call_reply; -1: unknown.
 */
struct lwc_status {
    const struct lwc_identity *identity;
    const char *backend;
    bool has_token;
    int64_t expires_at;
    int64_t expires_in;
    bool is_online;
    const struct lwc_user_profile *profile;
    struct lwc_scope scope;
    int64_t rate_limit;
    int64_t rate_remaining;
    int64_t rate_reset_s;
};

/* Appends lines for people, or one JSON object. */
void lwc_status_append(struct lwc_report *report, const struct lwc_status *status);

#endif
