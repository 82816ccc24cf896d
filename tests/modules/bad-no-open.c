/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong in one way: a mandatory function is missing. */
#include "tests/modules/least.h"

LEAST_EXPORT const struct lwc_backend lwc_backend = {
    .abi = LWC_BACKEND_ABI,
    .size = sizeof(struct lwc_backend),
    .name = "bad-no-open",
    .summary = "a module for tests",
    .caps = LWC_CAP_READ,
    .open = NULL,
    .close = least_close,
    .find = least_find,
};
