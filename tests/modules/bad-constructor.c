/* SPDX-License-Identifier: Apache-2.0 */
/* Ends the process that loads it. */
#include "tests/modules/least.h"

static void __attribute__((constructor)) construct(void)
{
    abort();
}

LEAST_EXPORT const struct lwc_backend lwc_backend = {
    .abi = LWC_BACKEND_ABI,
    .size = sizeof(struct lwc_backend),
    .name = "bad-constructor",
    .summary = "a module for tests",
    .caps = LWC_CAP_READ,
    .open = least_open,
    .close = least_close,
    .find = least_find,
};
