/* SPDX-License-Identifier: Apache-2.0 */
#include "descriptors.h"

#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

#include "util.h"

#define ENOUGH 8 /* a connection, its resolver and its certificates take fewer */

bool lwc_descriptors_lack(void)
{
    int fds[ENOUGH];
    size_t count = 0;

    while (count < ENOUGH && (fds[count] = open("/", O_PATH | O_CLOEXEC)) >= 0) {
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        (void)close(fds[i]);
    }
    return count < ENOUGH;
}
