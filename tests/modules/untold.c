/* SPDX-License-Identifier: Apache-2.0 */
/* A backend that cannot list: it holds a credential for each profile asked for. */
#include <lwcred/backend.h>

#include "tests/modules/least.h"

static enum lwc_code find(void *state, const struct lwc_identity *query,
                          const struct lwc_sink *sink, struct lwc_error *err)
{
    const struct lwc_identity identity = {.profile = query->profile,
                                          .account = "untold.lacework.net",
                                          .origin = "",
                                          .key_id = "UNTOLD_0",
                                          .sub_account = "",
                                          .kind = LWC_KIND_ACCESS_KEY};

    (void)state;
    return sink->put(sink->data, &identity, "s", 1, err);
}

LEAST_EXPORT const struct lwc_backend lwc_backend = {
    .abi = LWC_BACKEND_ABI,
    .size = sizeof(struct lwc_backend),
    .name = "untold",
    .summary = "a module for tests that cannot tell what it holds",
    .caps = LWC_CAP_READ,
    .open = least_open,
    .close = least_close,
    .find = find,
};
