/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/quota.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/util.h"

#define DIR "/proc/sys/kernel/keys/"
#define PARTS 4
#define DIGITS_MAX 24

/* The kernel's defaults of an ordinary user, used if /proc does not show them. */
#define USUAL_KEYS 200
#define USUAL_BYTES 20000

static long read_limit(const char *path, long usual)
{
    LWC_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    char text[DIGITS_MAX + 1];
    ssize_t len = fd >= 0 ? read(fd, text, DIGITS_MAX) : -1;
    long limit = 0;

    if (len <= 0) {
        return usual;
    }
    text[len] = '\0';
    limit = strtol(text, NULL, 10);
    return limit > 0 ? limit : usual;
}

struct lwc_quota lwc_quota_share(void)
{
    if (geteuid() == 0) {
        return (struct lwc_quota){.keys = read_limit(DIR "root_maxkeys", USUAL_KEYS) / PARTS,
                                  .bytes = read_limit(DIR "root_maxbytes", USUAL_BYTES) / PARTS};
    }
    return (struct lwc_quota){.keys = read_limit(DIR "maxkeys", USUAL_KEYS) / PARTS,
                              .bytes = read_limit(DIR "maxbytes", USUAL_BYTES) / PARTS};
}
