/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong in one way: it needs what is no setting. */
#include "tests/modules/least.h"

LEAST_EXPORT const struct lwc_backend lwc_backend = {
    .abi = LWC_BACKEND_ABI,
    .size = sizeof(struct lwc_backend),
    .name = "bad-needs",
    .summary = "a module for tests",
    .caps = LWC_CAP_READ,
    .open = least_open,
    .close = least_close,
    .find = least_find,
    .needs = "a file: /etc/passwd",
};
