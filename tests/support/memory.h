/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_MEMORY_H
#define TESTS_SUPPORT_MEMORY_H

#include <stddef.h>

/*
 * Counts @text in the memory of this process that can be written and belongs to no file and no
 * stack: the heap, and the arenas of threads.  Keep @text itself in a constant.
 */
size_t memory_count(const char *text);

#endif
