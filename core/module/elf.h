/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_MODULE_ELF_H
#define CORE_MODULE_ELF_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Reads a shared object as a file: loading it would run its code.
 *
 * MUST:
 *  1. No number in the file is trusted: each is checked against the file, and each loop ends.
 *  2. All is read through the checked file descriptor, never mapped: a file that is cut meanwhile
 *     is a failed read, not a signal.
 *  3. Only segments and the dynamic section are read, as by the loader, never section headers.
 */

#define LWC_ELF_SEGMENTS_MAX 64

enum lwc_elf_table {
    LWC_ELF_SYMBOLS,
    LWC_ELF_STRINGS,
    LWC_ELF_GNU_HASH,
    LWC_ELF_HASH,
    LWC_ELF_RELA,
    LWC_ELF_RELA_LEN,
    LWC_ELF_REL,
    LWC_ELF_REL_LEN,
    LWC_ELF_TABLES, /* how many there are */
};

/*
 * fd      borrowed.
 * tables  addresses and lengths from the dynamic section; 0: none.
 */
struct lwc_elf {
    int fd;
    size_t segment_count;
    ElfW(Phdr) segments[LWC_ELF_SEGMENTS_MAX];
    uint64_t tables[LWC_ELF_TABLES];
};

/*
 * Checks that the file open at @fd can be loaded into this process: an ELF shared object for its
 * machine, word size and byte order, with all segments in the file.  In a half-written file the
 * loader would touch missing pages, and the process would die.
 *
 * @path     for the messages.
 * @elf_out  for the functions below, as long as @fd is open.
 * Returns LWC_OK, LWC_E_INVALID with the fault, or LWC_E_IO.
 */
enum lwc_code lwc_elf_check(int fd, const char *path, struct lwc_elf *elf_out,
                            struct lwc_error *err) LWC_RESULT;

/*
 * Reads the bytes for @address, relative to the start of the loaded object, before any relocation.
 * Returns false if not all of them are in the file.
 */
bool lwc_elf_read(const struct lwc_elf *elf, uint64_t address, void *bytes_out, size_t len)
    LWC_RESULT;

/* As lwc_elf_read(), for a text with its NUL.  Returns false also for more than @size bytes. */
bool lwc_elf_read_text(const struct lwc_elf *elf, uint64_t address, char *text_out, size_t size)
    LWC_RESULT;

/*
 * Finds the exported symbol @name, shorter than LWC_ELF_NAME_LEN.  Returns false if it is missing.
 */
#define LWC_ELF_NAME_LEN 64
bool lwc_elf_find(const struct lwc_elf *elf, const char *name, uint64_t *address_out) LWC_RESULT;

/*
 * Relocates the @count @words read from @address, for an object that is loaded at 0: pointers into
 * the object become addresses in it, others LWC_ELF_ELSEWHERE.  Returns false if a table of
 * relocations is not whole.
 */
#define LWC_ELF_ELSEWHERE UINTPTR_MAX
bool lwc_elf_relocate(const struct lwc_elf *elf, uint64_t address, uintptr_t *words, size_t count)
    LWC_RESULT;

#endif
