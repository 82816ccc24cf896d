/* SPDX-License-Identifier: Apache-2.0 */
#include <lwcred/types.h>

#include "api/exchange.h"

static enum lwc_code net_exchange(const struct lwc_exchange *exchange, const struct lwc_sink *token,
                                  struct lwc_grant *grant_out, struct lwc_error *err)
{
    return lwc_exchange_run(lwc_http_curl(), exchange, token, grant_out, err);
}

/* The one symbol of net.so, found by its name. */
extern const struct lwc_net lwc_net __attribute__((visibility("default")));
const struct lwc_net lwc_net = {
    .abi = LWC_NET_ABI,
    .size = sizeof lwc_net,
    .exchange = net_exchange,
};
