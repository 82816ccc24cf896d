/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_ELF_FIXTURE_H
#define TESTS_SUPPORT_ELF_FIXTURE_H

#include <link.h>
#include <stdint.h>

#include <lwcred/backend.h>

#include "module/elf.h"

/*
 * The smallest module that can be described, as bytes that a test changes: one segment with
 * everything in it, loaded ELFBED_AT above the object's address.  Its descriptor says "elfbed",
 * READ and BLOCKING, with open(), close() and find(); as long as it is not loaded, no code is
 * needed.
 */
#define ELFBED_AT 0x10000
#define ELFBED_DYNAMIC 9

/* Where member @member of the bed is in the object. */
#define ELFBED_ADDRESS(member) (ELFBED_AT + offsetof(struct elfbed, member))

enum elfbed_segment { ELFBED_LOAD, ELFBED_DYN };

/* Entries of the dynamic section, which a test may change or void. */
enum elfbed_dynamic {
    ELFBED_SYMTAB,
    ELFBED_STRTAB,
    ELFBED_GNU_HASH,
    ELFBED_HASH,
    ELFBED_RELA,
    ELFBED_RELASZ,
    ELFBED_REL,
    ELFBED_RELSZ,
    ELFBED_NULL,
};

/*
 * relas      name, summary, open, close; each with its symbol's number 0.
 * rels       find, by way of symbol 2.
 * symbols    none, lwc_backend, function.
 */
struct elfbed {
    ElfW(Ehdr) header;
    ElfW(Phdr) segments[2];
    ElfW(Dyn) dynamic[ELFBED_DYNAMIC];
    ElfW(Sym) symbols[3];
    ElfW(Rela) relas[4];
    ElfW(Rel) rels[1];
    struct {
        uint32_t buckets, first, bloom_words, shift;
        uintptr_t bloom[1];
        uint32_t bucket[1];
        uint32_t chain[2];
    } gnu;
    struct {
        Elf_Symndx buckets, chains, bucket[1], chain[3];
    } hash;
    struct lwc_backend backend;
    char strings[32];
    char name[8];
    char summary[32];
    char code[16];
};

void elfbed_init(struct elfbed *bed);

/* Writes @value at @at as this machine has a number of @width bytes, 1 to 8. */
void elfbed_put(void *at, size_t width, uint64_t value);

/* A descriptor of a file that holds the @len bytes; the caller closes it. */
int elfbed_open(const void *bytes, size_t len);

#endif
