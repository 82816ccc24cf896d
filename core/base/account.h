/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_ACCOUNT_H
#define CORE_BASE_ACCOUNT_H

#include <lwcred/backend.h>

#include "base/error.h"

/*
 * Account names and origins as users write them, made canonical.  lwcred.h has the contracts, at
 * lwc_account_parse() and lwc_origin_parse().
 *
 * An account is 1 to 3 DNS labels below lacework.net: ACCOUNT[.CLUSTER[.corp]].  A host of the
 * service itself (login, api, agent, ...) is not an account.
 */
enum lwc_code lwc_account_canonical(const char *text, char host_out[LWC_ACCOUNT_MAX + 1],
                                    struct lwc_error *err) LWC_RESULT;

enum lwc_code lwc_origin_canonical(const char *url, char origin_out[LWC_ORIGIN_MAX + 1],
                                   struct lwc_error *err) LWC_RESULT;

#endif
