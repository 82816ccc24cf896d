/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/file/memlimit.h"

#include <fcntl.h>

#include "base/text.h"
#include "base/util.h"

#define NUMBER_MAX 32

static uint64_t machine_kib(void)
{
    long pages = sysconf(_SC_PHYS_PAGES);
    long page_len = sysconf(_SC_PAGESIZE);

    if (pages <= 0 || page_len <= 0) {
        return UINT64_MAX;
    }
    return (uint64_t)pages * (uint64_t)page_len / 1024;
}

uint64_t lwc_memlimit_limit_kib(const char *file)
{
    LWC_AUTO_CLOSE int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    char text[NUMBER_MAX];
    ssize_t len = fd >= 0 ? read(fd, text, sizeof text) : -1;
    int64_t limit = 0;

    if (len > 0 && text[len - 1] == '\n') {
        len--;
    }
    if (len <= 0 || !lwc_text_parse_number(text, (size_t)len, INT64_MAX, &limit)) {
        return UINT64_MAX;
    }
    return (uint64_t)limit / 1024;
}

uint64_t lwc_memlimit_spare_kib(void)
{
    /* As a container sees its own group, version 2 and 1. */
    static const char *const files[] = {"/sys/fs/cgroup/memory.max",
                                        "/sys/fs/cgroup/memory/memory.limit_in_bytes"};
    uint64_t least = machine_kib();

    for (size_t i = 0; i < LWC_ARRAY_LEN(files); i++) {
        uint64_t limit = lwc_memlimit_limit_kib(files[i]);

        least = limit < least ? limit : least;
    }
    return least / 2;
}
