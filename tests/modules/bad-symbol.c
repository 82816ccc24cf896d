/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong in one way: it exports its descriptor under another name. */
#include "tests/modules/least.h"

extern const struct lwc_backend lwc_backends;

LEAST_EXPORT const struct lwc_backend lwc_backends = {
    .abi = LWC_BACKEND_ABI,
    .size = sizeof(struct lwc_backend),
    .name = "bad-symbol",
    .summary = "a module for tests",
    .caps = LWC_CAP_READ,
    .open = least_open,
    .close = least_close,
    .find = least_find,
};
