/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_MODULE_ELF_H
#define CORE_MODULE_ELF_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * A shared object as a file: what stands in it, without loading it, which would run its code.
 *
 * MUST:
 *  1. Nothing in the file is believed: each number is held against what is there, each walk ends.
 *  2. All is read through the descriptor that was judged, and not mapped: a file that is cut
 *     meanwhile is a read that fails, not a signal.
 *  3. What is looked at is what the loader looks at: segments and the dynamic section, never the
 *     headers of sections.
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
 * tables  what the dynamic section says of each, addresses and lengths; 0: it has none.
 */
struct lwc_elf {
    int fd;
    size_t segment_count;
    ElfW(Phdr) segments[LWC_ELF_SEGMENTS_MAX];
    uint64_t tables[LWC_ELF_TABLES];
};

/*
 * Could the file open at @fd be loaded into this process?  It is an ELF shared object for the
 * machine, word size and byte order of this one, and all of its segments are in the file: of a
 * half-written one the loader would touch pages that are not there, and the process would die.
 *
 * @path     for the messages.
 * @elf_out  for the functions below, as long as @fd is open.
 * Returns LWC_OK, LWC_E_INVALID with the one thing that is wrong, or LWC_E_IO.
 */
enum lwc_code lwc_elf_check(int fd, const char *path, struct lwc_elf *elf_out,
                            struct lwc_error *err) LWC_RESULT;

/*
 * Read what would be at @address, counted from where the object is loaded, before any relocation.
 * False if not all of it is in the file.
 */
bool lwc_elf_read(const struct lwc_elf *elf, uint64_t address, void *bytes_out, size_t len)
    LWC_RESULT;

/* The same for a text with its NUL.  False also if that takes more than @size bytes. */
bool lwc_elf_read_text(const struct lwc_elf *elf, uint64_t address, char *text_out, size_t size)
    LWC_RESULT;

/* Where is the exported symbol @name, shorter than LWC_ELF_NAME_LEN?  False if there is none. */
#define LWC_ELF_NAME_LEN 64
bool lwc_elf_find(const struct lwc_elf *elf, const char *name, uint64_t *address_out) LWC_RESULT;

/*
 * Relocate @words, the @count words read from @address, for an object that is loaded at 0: what
 * points into the object becomes the address of that; what points elsewhere, LWC_ELF_ELSEWHERE.
 * False if a table of relocations is not whole.
 */
#define LWC_ELF_ELSEWHERE UINTPTR_MAX
bool lwc_elf_relocate(const struct lwc_elf *elf, uint64_t address, uintptr_t *words, size_t count)
    LWC_RESULT;

#endif
