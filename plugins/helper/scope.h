/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_HELPER_SCOPE_H
#define PLUGINS_HELPER_SCOPE_H

#include <stdbool.h>
#include <stddef.h>

#include <lwcred/backend.h>

#include "plugins/helper/user_profile.h"

/*
 * Where a call of the API acts: headers choose an account or the organization, and without headers
 * it is the account in which the key was made, which need not be the account of the URL.
 */

enum lwc_scope_kind {
    LWC_SCOPE_UNKNOWN = 0, /* the account in which the key was made, and that is unknown */
    LWC_SCOPE_ACCOUNT = 1,
    LWC_SCOPE_ORGANIZATION = 2,
};

#define LWC_SCOPE_WARNINGS_MAX 4
#define LWC_SCOPE_WARNING_LEN 512

/*
 * account     name of the account, in lower case and printable; "" unless kind is
 *             LWC_SCOPE_ACCOUNT.
 * is_certain  false: a guess from the name of the key, or no profile confirms it.
 * warning     reasons why calls would act in an unexpected place, or be refused; printable.
 */
struct lwc_scope {
    enum lwc_scope_kind kind;
    bool is_certain;
    char account[LWC_ACCOUNT_MAX + 1];
    char warning[LWC_SCOPE_WARNINGS_MAX][LWC_SCOPE_WARNING_LEN];
    size_t warnings;
};

/*
 * Judges where a call with @identity acts.
 *
 * @profile  the user, or NULL if the API was not asked or did not tell.
 */
void lwc_scope_judge(const struct lwc_identity *identity, const struct lwc_user_profile *profile,
                     struct lwc_scope *scope_out);

#endif
