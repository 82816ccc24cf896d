/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <time.h>

static struct timespec now(clockid_t id)
{
    struct timespec at = {0};

    /* Fails only for a clock that the kernel does not have; both are older than the syscalls used.
     */
    (void)clock_gettime(id, &at);
    return at;
}

static int64_t system_wall_s(void *data)
{
    (void)data;
    return now(CLOCK_REALTIME).tv_sec;
}

static int64_t system_boot_ms(void *data)
{
    struct timespec at = now(CLOCK_BOOTTIME);

    (void)data;
    return (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

const struct lwc_clock *lwc_clock_system(void)
{
    static const struct lwc_clock clock = {.wall_s = system_wall_s, .boot_ms = system_boot_ms};

    return &clock;
}
