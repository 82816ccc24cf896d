/* SPDX-License-Identifier: Apache-2.0 */
#include <lwcred/types.h>

#include "api/call.h"
#include "api/exchange.h"

static enum lwc_code net_exchange(const struct lwc_exchange *exchange, const struct lwc_sink *token,
                                  struct lwc_grant *grant_out, struct lwc_error *err)
{
    return lwc_exchange_run(lwc_http_curl(), exchange, token, grant_out, err);
}

static enum lwc_code net_call(const struct lwc_api_call *call, struct lwc_call_reply *reply_out,
                              struct lwc_error *err)
{
    return lwc_call_send(lwc_http_curl(), call, reply_out, err);
}

/* The only symbol of net.so, found by its name. */
extern const struct lwc_api lwc_api __attribute__((visibility("default")));
const struct lwc_api lwc_api = {
    .abi = LWC_API_ABI,
    .size = sizeof lwc_api,
    .exchange = net_exchange,
    .call = net_call,
};
