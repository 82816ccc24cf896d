/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_DESCRIPTORS_H
#define CORE_BASE_DESCRIPTORS_H

#include <stdbool.h>

#include "base/util.h"

/*
 * Has this process, or the system, no descriptors left for as much as a connection?  Libraries that
 * fail for it do not tell, and it is no failure of what they tried to reach.  Any thread.
 */
bool lwc_descriptors_lack(void);

/*
 * Returns @fd, or, where a program has closed its standard descriptors and @fd took the place of
 * one, a copy above them: that program's output or input must not be a file or socket of ours.
 * Takes over @fd; -1 with errno if that fails or @fd is -1.
 */
int lwc_fd_above_stdio(int fd) LWC_RESULT;

#endif
