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

static void fill_head(struct elf_fixture *fixture)
{
    extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

    memcpy(fixture->header.e_ident, __ehdr_start.e_ident, EI_NIDENT);
    fixture->header.e_type = ET_DYN;
    fixture->header.e_machine = __ehdr_start.e_machine;
    fixture->header.e_version = EV_CURRENT;
    fixture->header.e_ehsize = sizeof fixture->header;
    fixture->header.e_phoff = offsetof(struct elf_fixture, segments);
    fixture->header.e_phentsize = sizeof fixture->segments[0];
    fixture->header.e_phnum = 2;
    fixture->segments[ELF_FIXTURE_LOAD] = (ElfW(Phdr)){.p_type = PT_LOAD,
                                                       .p_flags = PF_R,
                                                       .p_vaddr = ELF_FIXTURE_AT,
                                                       .p_filesz = sizeof *fixture,
                                                       .p_memsz = sizeof *fixture + 4096,
                                                       .p_align = 1};
    fixture->segments[ELF_FIXTURE_DYN] =
        (ElfW(Phdr)){.p_type = PT_DYNAMIC,
                     .p_flags = PF_R,
                     .p_offset = offsetof(struct elf_fixture, dynamic),
                     .p_vaddr = ELF_FIXTURE_ADDRESS(dynamic),
                     .p_filesz = sizeof fixture->dynamic,
                     .p_memsz = sizeof fixture->dynamic,
                     .p_align = 8};
}

static void fill_dynamic(struct elf_fixture *fixture)
{
    static const struct {
        int64_t tag;
        uint64_t value;
    } entries[ELF_FIXTURE_DYNAMIC] = {
        [ELF_FIXTURE_SYMTAB] = {DT_SYMTAB, ELF_FIXTURE_ADDRESS(symbols)},
        [ELF_FIXTURE_STRTAB] = {DT_STRTAB, ELF_FIXTURE_ADDRESS(strings)},
        [ELF_FIXTURE_GNU_HASH] = {DT_GNU_HASH, ELF_FIXTURE_ADDRESS(gnu)},
        [ELF_FIXTURE_HASH] = {DT_HASH, ELF_FIXTURE_ADDRESS(hash)},
        [ELF_FIXTURE_RELA] = {DT_RELA, ELF_FIXTURE_ADDRESS(relas)},
        [ELF_FIXTURE_RELASZ] = {DT_RELASZ, sizeof fixture->relas},
        [ELF_FIXTURE_REL] = {DT_REL, ELF_FIXTURE_ADDRESS(rels)},
        [ELF_FIXTURE_RELSZ] = {DT_RELSZ, sizeof fixture->rels},
        [ELF_FIXTURE_NULL] = {DT_NULL, 0},
    };

    for (size_t i = 0; i < ELF_FIXTURE_DYNAMIC; i++) {
        fixture->dynamic[i].d_tag = entries[i].tag;
        fixture->dynamic[i].d_un.d_val = entries[i].value;
    }
}

static void fill_symbols(struct elf_fixture *fixture)
{
    (void)strcpy(fixture->strings + FUNCTION_AT, "function");
    (void)strcpy(fixture->strings + BACKEND_AT, "lwc_backend");
    fixture->symbols[1] = (ElfW(Sym)){.st_name = BACKEND_AT,
                                      .st_shndx = 1,
                                      .st_value = ELF_FIXTURE_ADDRESS(backend),
                                      .st_size = sizeof fixture->backend};
    fixture->symbols[2] =
        (ElfW(Sym)){.st_name = FUNCTION_AT, .st_shndx = 1, .st_value = ELF_FIXTURE_ADDRESS(code)};
    fixture->gnu.buckets = 1;
    fixture->gnu.first = 1;
    fixture->gnu.bloom_words = 1;
    fixture->gnu.bloom[0] = UINTPTR_MAX;
    fixture->gnu.bucket[0] = 1;
    fixture->gnu.chain[0] = gnu_hash("lwc_backend") & ~1u;
    fixture->gnu.chain[1] = gnu_hash("function") | 1;
    fixture->hash.buckets = 1;
    fixture->hash.chains = 3;
    fixture->hash.bucket[0] = 2;
    fixture->hash.chain[2] = 1;
}

void elf_fixture_init(struct elf_fixture *fixture)
{
    *fixture = (struct elf_fixture){.backend = {.abi = LWC_BACKEND_ABI,
                                                .size = sizeof fixture->backend,
                                                .caps = LWC_CAP_READ | LWC_CAP_BLOCKING},
                                    .name = "elfmod",
                                    .summary = "a module for tests"};
    fill_head(fixture);
    fill_dynamic(fixture);
    fill_symbols(fixture);
    fixture->relas[0] = (ElfW(Rela)){.r_offset = ELF_FIXTURE_ADDRESS(backend.name),
                                     .r_addend = ELF_FIXTURE_ADDRESS(name)};
    fixture->relas[1] = (ElfW(Rela)){.r_offset = ELF_FIXTURE_ADDRESS(backend.summary),
                                     .r_addend = ELF_FIXTURE_ADDRESS(summary)};
    fixture->relas[2] = (ElfW(Rela)){.r_offset = ELF_FIXTURE_ADDRESS(backend.open),
                                     .r_addend = ELF_FIXTURE_ADDRESS(code)};
    fixture->relas[3] = (ElfW(Rela)){.r_offset = ELF_FIXTURE_ADDRESS(backend.close),
                                     .r_addend = ELF_FIXTURE_ADDRESS(code)};
    fixture->rels[0] = (ElfW(Rel)){.r_offset = ELF_FIXTURE_ADDRESS(backend.find),
                                   .r_info = (uintptr_t)2 << SYMBOL_SHIFT};
}

void elf_fixture_put(void *at, size_t width, uint64_t value)
{
    const uint8_t *bytes = (const uint8_t *)&value;

    assert_in_range(width, 1, sizeof value);
    memcpy(at, bytes + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? sizeof value - width : 0), width);
}

int elf_fixture_open(const void *bytes, size_t len)
{
    int fd = memfd_create("elfmod", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), len);
    return fd;
}
