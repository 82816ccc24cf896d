/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_STACK_ELF_H
#define CORE_STACK_ELF_H

#include "base/error.h"

/*
 * Could the file open at @fd be loaded into this process?  It is an ELF shared object for the
 * machine, word size and byte order of this one, and all of its segments are in the file: of a
 * half-written one the loader would touch pages that are not there, and the process would die.
 *
 * @path  for the messages.
 * Returns LWC_OK, LWC_E_INVALID with the one thing that is wrong, or LWC_E_IO.
 */
enum lwc_code lwc_elf_check(int fd, const char *path, struct lwc_error *err) LWC_RESULT;

#endif
