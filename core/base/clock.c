/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"

static struct timespec read_clock(clockid_t id)
{
    struct timespec at = {0};

    /* Fails only for an unknown clock, and both are older than the system calls in use. */
    (void)clock_gettime(id, &at);
    return at;
}

static int64_t system_wall_s(void *data)
{
    (void)data;
    return read_clock(CLOCK_REALTIME).tv_sec;
}

static int64_t system_boot_ms(void *data)
{
    struct timespec at = read_clock(CLOCK_BOOTTIME);

    (void)data;
    return (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

const struct lwc_clock *lwc_clock_system(void)
{
    static const struct lwc_clock clock = {.wall_s = system_wall_s, .boot_ms = system_boot_ms};

    return &clock;
}

static pthread_once_t boot_id_once = PTHREAD_ONCE_INIT;
static bool is_boot_id_known;
static char boot_id_known[LWC_BOOT_ID_LEN + 1];

static bool boot_id_read(char id_out[static LWC_BOOT_ID_LEN + 1])
{
    LWC_AUTO_CLOSE int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    char id[LWC_BOOT_ID_LEN];

    if (fd < 0 || read(fd, id, sizeof id) != (ssize_t)sizeof id) {
        return false;
    }
    memcpy(id_out, id, sizeof id);
    id_out[LWC_BOOT_ID_LEN] = '\0';
    return true;
}

static void boot_id_learn(void)
{
    is_boot_id_known = boot_id_read(boot_id_known);
}

/* Remembers the id, which stays the same while this process lives: reading it is slow. */
bool lwc_clock_boot_id(char id_out[static LWC_BOOT_ID_LEN + 1])
{
    (void)pthread_once(&boot_id_once, boot_id_learn);
    if (!is_boot_id_known) {
        return boot_id_read(id_out);
    }
    memcpy(id_out, boot_id_known, sizeof boot_id_known);
    return true;
}
