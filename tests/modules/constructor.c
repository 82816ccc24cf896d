/* SPDX-License-Identifier: Apache-2.0 */
/* Runs code when it is loaded, before anybody could judge its descriptor. */
#include "tests/modules/least.h"

static void __attribute__((constructor)) construct(void)
{
    setenv("LWC_TEST_CONSTRUCTED", "1", 1);
}

LEAST_EXPORT const struct lwc_backend lwc_backend = {
    .abi = LWC_BACKEND_ABI,
    .size = sizeof(struct lwc_backend),
    .name = "constructor",
    .summary = "a module for tests",
    .caps = LWC_CAP_READ,
    .open = least_open,
    .close = least_close,
    .find = least_find,
};
