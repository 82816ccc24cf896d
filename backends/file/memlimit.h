/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_FILE_MEMLIMIT_H
#define BACKENDS_FILE_MEMLIMIT_H

#include <stdint.h>

/*
 * How much memory a single step may take without the kernel killing us for it.
 */

/* Half of the machine's memory or of our control group's, whichever is less, in KiB. */
uint64_t lwc_memlimit_spare_kib(void);

/*
 * The limit in a control group's file, a number of bytes, in KiB; UINT64_MAX if there is none:
 * no such file, or not a number ("max").
 */
uint64_t lwc_memlimit_limit_kib(const char *file);

#endif
