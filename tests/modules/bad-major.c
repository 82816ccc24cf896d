/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong in one way: built for another major ABI version. */
#include "tests/modules/least.h"

LEAST_EXPORT const struct lwc_backend lwc_backend = {
    .abi = LWC_ABI(2, 0),
    .size = sizeof(struct lwc_backend),
    .name = "bad-major",
    .summary = "a module for tests",
    .caps = LWC_CAP_READ,
    .open = least_open,
    .close = least_close,
    .find = least_find,
};
