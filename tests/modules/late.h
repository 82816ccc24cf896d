/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_MODULES_LATE_H
#define TESTS_MODULES_LATE_H

#include "tests/modules/least.h"

extern struct lwc_backend late_backend __asm__("lwc_backend");

/* A descriptor that has the capabilities @in_file until a constructor makes them @loaded. */
#define LATE_BACKEND(called, in_file, loaded)                     \
    LEAST_EXPORT struct lwc_backend late_backend = {              \
        .abi = LWC_BACKEND_ABI,                                   \
        .size = sizeof(struct lwc_backend),                       \
        .name = (called),                                         \
        .summary = "a module for tests",                          \
        .caps = (in_file),                                        \
        .open = least_open,                                       \
        .close = least_close,                                     \
        .find = least_find,                                       \
    };                                                            \
                                                                  \
    static void __attribute__((constructor)) late_construct(void) \
    {                                                             \
        /* volatile: or a compiler does it in advance */          \
        *(volatile uint32_t *)&late_backend.caps = (loaded);      \
    }

#endif
