/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/elf_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define FUNCTION_AT 1 /* "function" among the strings */
#define BACKEND_AT 10 /* "lwc_backend" */
#define SYMBOL_SHIFT (sizeof(uintptr_t) == 8 ? 32 : 8)

static uint32_t gnu_hash(const char *name)
{
    uint32_t hash = 5381;

    for (const char *at = name; *at != '\0'; at++) {
        hash = hash * 33 + (unsigned char)*at;
    }
    return hash;
}

static void fill_head(struct elfbed *bed)
{
    extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

    memcpy(bed->header.e_ident, __ehdr_start.e_ident, EI_NIDENT);
    bed->header.e_type = ET_DYN;
    bed->header.e_machine = __ehdr_start.e_machine;
    bed->header.e_version = EV_CURRENT;
    bed->header.e_ehsize = sizeof bed->header;
    bed->header.e_phoff = offsetof(struct elfbed, segments);
    bed->header.e_phentsize = sizeof bed->segments[0];
    bed->header.e_phnum = 2;
    bed->segments[ELFBED_LOAD] = (ElfW(Phdr)){.p_type = PT_LOAD,
                                              .p_flags = PF_R,
                                              .p_vaddr = ELFBED_AT,
                                              .p_filesz = sizeof *bed,
                                              .p_memsz = sizeof *bed + 4096,
                                              .p_align = 1};
    bed->segments[ELFBED_DYN] = (ElfW(Phdr)){.p_type = PT_DYNAMIC,
                                             .p_flags = PF_R,
                                             .p_offset = offsetof(struct elfbed, dynamic),
                                             .p_vaddr = ELFBED_ADDRESS(dynamic),
                                             .p_filesz = sizeof bed->dynamic,
                                             .p_memsz = sizeof bed->dynamic,
                                             .p_align = 8};
}

static void fill_dynamic(struct elfbed *bed)
{
    static const struct {
        int64_t tag;
        uint64_t value;
    } entries[ELFBED_DYNAMIC] = {
        [ELFBED_SYMTAB] = {DT_SYMTAB, ELFBED_ADDRESS(symbols)},
        [ELFBED_STRTAB] = {DT_STRTAB, ELFBED_ADDRESS(strings)},
        [ELFBED_GNU_HASH] = {DT_GNU_HASH, ELFBED_ADDRESS(gnu)},
        [ELFBED_HASH] = {DT_HASH, ELFBED_ADDRESS(hash)},
        [ELFBED_RELA] = {DT_RELA, ELFBED_ADDRESS(relas)},
        [ELFBED_RELASZ] = {DT_RELASZ, sizeof bed->relas},
        [ELFBED_REL] = {DT_REL, ELFBED_ADDRESS(rels)},
        [ELFBED_RELSZ] = {DT_RELSZ, sizeof bed->rels},
        [ELFBED_NULL] = {DT_NULL, 0},
    };

    for (size_t i = 0; i < ELFBED_DYNAMIC; i++) {
        bed->dynamic[i].d_tag = entries[i].tag;
        bed->dynamic[i].d_un.d_val = entries[i].value;
    }
}

static void fill_symbols(struct elfbed *bed)
{
    (void)strcpy(bed->strings + FUNCTION_AT, "function");
    (void)strcpy(bed->strings + BACKEND_AT, "lwc_backend");
    bed->symbols[1] = (ElfW(Sym)){.st_name = BACKEND_AT,
                                  .st_shndx = 1,
                                  .st_value = ELFBED_ADDRESS(backend),
                                  .st_size = sizeof bed->backend};
    bed->symbols[2] =
        (ElfW(Sym)){.st_name = FUNCTION_AT, .st_shndx = 1, .st_value = ELFBED_ADDRESS(code)};
    bed->gnu.buckets = 1;
    bed->gnu.first = 1;
    bed->gnu.bloom_words = 1;
    bed->gnu.bloom[0] = UINTPTR_MAX;
    bed->gnu.bucket[0] = 1;
    bed->gnu.chain[0] = gnu_hash("lwc_backend") & ~1u;
    bed->gnu.chain[1] = gnu_hash("function") | 1;
    bed->hash.buckets = 1;
    bed->hash.chains = 3;
    bed->hash.bucket[0] = 2;
    bed->hash.chain[2] = 1;
}

void elfbed_init(struct elfbed *bed)
{
    *bed = (struct elfbed){.backend = {.abi = LWC_BACKEND_ABI,
                                       .size = sizeof bed->backend,
                                       .caps = LWC_CAP_READ | LWC_CAP_BLOCKING},
                           .name = "elfbed",
                           .summary = "a module for tests"};
    fill_head(bed);
    fill_dynamic(bed);
    fill_symbols(bed);
    bed->relas[0] =
        (ElfW(Rela)){.r_offset = ELFBED_ADDRESS(backend.name), .r_addend = ELFBED_ADDRESS(name)};
    bed->relas[1] = (ElfW(Rela)){.r_offset = ELFBED_ADDRESS(backend.summary),
                                 .r_addend = ELFBED_ADDRESS(summary)};
    bed->relas[2] =
        (ElfW(Rela)){.r_offset = ELFBED_ADDRESS(backend.open), .r_addend = ELFBED_ADDRESS(code)};
    bed->relas[3] =
        (ElfW(Rela)){.r_offset = ELFBED_ADDRESS(backend.close), .r_addend = ELFBED_ADDRESS(code)};
    bed->rels[0] = (ElfW(Rel)){.r_offset = ELFBED_ADDRESS(backend.find),
                               .r_info = (uintptr_t)2 << SYMBOL_SHIFT};
}

void elfbed_put(void *at, size_t width, uint64_t value)
{
    const uint8_t *bytes = (const uint8_t *)&value;

    assert_in_range(width, 1, sizeof value);
    memcpy(at, bytes + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? sizeof value - width : 0), width);
}

int elfbed_open(const void *bytes, size_t len)
{
    int fd = memfd_create("elfbed", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), len);
    return fd;
}
