/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_API_REQUEST_H
#define CORE_API_REQUEST_H

#include <lwcred/backend.h>

#include "base/error.h"
#include "net/ca.h"
#include "net/message.h"

/* Parts of requests that exchanges and calls share. */

/* Returns LWC_E_INVALID unless @authority is a canonical host[:port]. */
enum lwc_code lwc_request_check_authority(const char *authority, struct lwc_error *err) LWC_RESULT;

/*
 * Sets the certificate authorities, the deadline and the presence of a proxy from the settings of
 * @host; other members stay.  @request then borrows from @ca.
 */
enum lwc_code lwc_request_begin(const struct lwc_host *host, struct lwc_ca *ca,
                                struct lwc_http_request *request, struct lwc_error *err) LWC_RESULT;

/* Warns a person, who can initialise libcurl later or build with CURL=. */
void lwc_request_warn_unwiped(const struct lwc_host *host);

#endif
