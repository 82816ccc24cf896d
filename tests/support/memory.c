/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/util.h"

#define CHUNK 65536
#define REGION_MAX ((uintptr_t)256 * 1024 * 1024) /* larger ones are the sanitizers' own */

/* Reads by way of the kernel: neither valgrind nor a sanitizer has a say in it. */
static size_t count_in_region(int memory, uintptr_t start, uintptr_t end, const char *text)
{
    const size_t overlap = strlen(text) - 1;
    size_t count = 0;
    char chunk[CHUNK];

    for (uintptr_t at = start; at < end; at += CHUNK - overlap) {
        const size_t left = (size_t)(end - at);
        const ssize_t got =
            pread(memory, chunk, left < sizeof chunk ? left : sizeof chunk, (off_t)at);
        const char *found = chunk;

        while (got > 0 &&
               (found = memmem(found, (size_t)(chunk + got - found), text, strlen(text))) != NULL) {
            count++;
            found++;
        }
    }
    lwc_wipe(chunk, sizeof chunk);
    return count;
}

size_t memory_count(const char *text)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    LWC_AUTO_CLOSE int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    char line[512];
    size_t count = 0;

    assert_non_null(maps);
    assert_true(memory >= 0);
    while (fgets(line, sizeof line, maps) != NULL) {
        uintptr_t start = 0;
        uintptr_t end = 0;
        unsigned long inode = 1;

        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " rw%*s %*s %*s %lu", &start, &end, &inode) ==
                3 &&
            inode == 0 && strstr(line, "[stack]") == NULL && end - start < REGION_MAX) {
            count += count_in_region(memory, start, end, text);
        }
    }
    assert_int_equal(fclose(maps), 0);
    return count;
}
