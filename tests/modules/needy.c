/* SPDX-License-Identifier: Apache-2.0 */
/* A backend for the backend host that is of no use without a setting or a file. */
#include "tests/modules/least.h"

static enum lwc_code needy_list(void *state, const struct lwc_visitor *visitor,
                                struct lwc_error *err)
{
    (void)state;
    (void)visitor;
    (void)err;
    return LWC_OK;
}

LEAST_EXPORT const struct lwc_backend lwc_backend = {
    .abi = LWC_BACKEND_ABI,
    .size = sizeof(struct lwc_backend),
    .name = "needy",
    .summary = "a module for tests of a backend's needs",
    .caps = LWC_CAP_READ | LWC_CAP_LIST | LWC_CAP_BLOCKING,
    .open = least_open,
    .close = least_close,
    .find = least_find,
    .list = needy_list,
    .needs = "toy: NEEDY_TOY NEEDY_BOX/toy",
};
