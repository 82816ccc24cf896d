/* SPDX-License-Identifier: Apache-2.0 */
#include "base/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

#include "base/util.h"

#define ENOUGH 8 /* a connection, its resolver and its certificates take fewer */

bool lwc_descriptors_are_exhausted(void)
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

int lwc_fd_above_stdio(int fd)
{
    int copy = -1;
    int saved = 0;

    if (fd < 0 || fd > STDERR_FILENO) {
        return fd;
    }
    copy = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    saved = errno;
    (void)close(fd);
    errno = saved;
    return copy;
}
