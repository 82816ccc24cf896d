/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_API_CALL_H
#define CORE_API_CALL_H

#include "api/load.h"
#include "net/http.h"

/*
 * Calls the API: one request of lwc_call() (lwcred.h), as lwc_api.call (load.h), over the transport
 * @http.
 *
 * MUST (call.c):
 *  1. The token goes to the authority of the identity, in one header, and nowhere else.
 *  2. No text holds the token, nor an agent token that stands in the path.
 *  3. A callback of the program sees nothing of a reply that may be asked for again.
 */
enum lwc_code lwc_call_send(const struct lwc_http *http, const struct lwc_api_call *call,
                            struct lwc_call_reply *reply_out, struct lwc_error *err) LWC_RESULT;

#endif
