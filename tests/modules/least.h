/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_MODULES_LEAST_H
#define TESTS_MODULES_LEAST_H

#include <stdlib.h>

#include <lwcred/backend.h>

/*
 * The least that a backend must have, for modules that are wrong in one way only.  It holds
 * nothing.
 */
static inline enum lwc_code least_open(const struct lwc_host *host, size_t argc,
                                       const char *const *argv, void **state_out,
                                       struct lwc_error *err)
{
    (void)host;
    (void)argc;
    (void)argv;
    (void)err;
    *state_out = NULL;
    return LWC_OK;
}

static inline void least_close(void *state)
{
    (void)state;
}

static inline enum lwc_code least_find(void *state, const struct lwc_identity *query,
                                       const struct lwc_sink *sink, struct lwc_error *err)
{
    (void)state;
    (void)query;
    (void)sink;
    (void)err;
    return LWC_E_NOT_FOUND;
}

#define LEAST_EXPORT __attribute__((visibility("default")))

#endif
