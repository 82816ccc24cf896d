/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_DESCRIPTORS_H
#define CORE_BASE_DESCRIPTORS_H

#include <stdbool.h>

#include "base/util.h"

/*
 * Returns whether this process, or the system, has too few descriptors left for a connection.
 * Libraries do not report that cause, and it is no failure of the server.  Any thread.
 */
bool lwc_descriptors_are_exhausted(void);

/*
 * Returns @fd, or a copy above 2 if @fd took the place of a standard descriptor that the program
 * has closed: the program's input and output must not be a file or socket of ours.  Takes over @fd.
 * Returns -1 with errno on failure, or if @fd is -1.
 */
int lwc_fd_above_stdio(int fd) LWC_RESULT;

#endif
