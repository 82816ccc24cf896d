/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong in one way: an unknown capability. */
#include "tests/modules/least.h"

LEAST_EXPORT const struct lwc_backend lwc_backend = {
    .abi = LWC_BACKEND_ABI,
    .size = sizeof(struct lwc_backend),
    .name = "bad-caps",
    .summary = "a module for tests",
    .caps = LWC_CAP_READ | 1u << 31,
    .open = least_open,
    .close = least_close,
    .find = least_find,
};
