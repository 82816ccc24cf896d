/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_ELF_FIXTURE_H
#define TESTS_SUPPORT_ELF_FIXTURE_H

#include <link.h>
#include <stdint.h>

#include <lwcred/backend.h>

#include "module/elf.h"

/*
 * The smallest module that can be described, as bytes that a test changes: one segment with
 * everything in it, loaded ELF_FIXTURE_AT above the object's address.  Its descriptor says "elfmod",
 * READ and BLOCKING, with open(), close() and find(); as long as it is not loaded, no code is
 * needed.
 */
#define ELF_FIXTURE_AT 0x10000
#define ELF_FIXTURE_DYNAMIC 9

/* Where member @member of the fixture is in the object. */
#define ELF_FIXTURE_ADDRESS(member) (ELF_FIXTURE_AT + offsetof(struct elf_fixture, member))

enum elf_fixture_segment { ELF_FIXTURE_LOAD, ELF_FIXTURE_DYN };

/* Entries of the dynamic section, which a test may change or void. */
enum elf_fixture_dynamic {
    ELF_FIXTURE_SYMTAB,
    ELF_FIXTURE_STRTAB,
    ELF_FIXTURE_GNU_HASH,
    ELF_FIXTURE_HASH,
    ELF_FIXTURE_RELA,
    ELF_FIXTURE_RELASZ,
    ELF_FIXTURE_REL,
    ELF_FIXTURE_RELSZ,
    ELF_FIXTURE_NULL,
};

/*
 * relas      name, summary, open, close; each with its symbol's number 0.
 * rels       find, by way of symbol 2.
 * symbols    none, lwc_backend, function.
 */
struct elf_fixture {
    ElfW(Ehdr) header;
    ElfW(Phdr) segments[2];
    ElfW(Dyn) dynamic[ELF_FIXTURE_DYNAMIC];
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

void elf_fixture_init(struct elf_fixture *fixture);

/* Writes @value at @at as this machine has a number of @width bytes, 1 to 8. */
void elf_fixture_put(void *at, size_t width, uint64_t value);

/* A descriptor of a file that holds the @len bytes; the caller closes it. */
int elf_fixture_open(const void *bytes, size_t len);

#endif
