/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in elf.h. */
#include "module/elf.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/util.h"

#define DYNAMIC_MAX 256        /* entries of the dynamic section that are looked at   */
#define CHAIN_MAX 4096         /* symbols of one hash; good tables have a handful     */
#define RELOCATIONS_AT_ONCE 64 /* entries per read                                    */

/* The symbol of a relocation: ELF32_R_SYM() or ELF64_R_SYM(). */
#define SYMBOL_OF _ElfW(ELF, __ELF_NATIVE_CLASS, R_SYM)

/* The header of the object with this code; made by the linker. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

static enum lwc_code fail_cut_short(const char *path, struct lwc_error *err)
{
    return lwc_fail(err, LWC_E_INVALID, "'%s' is cut short", path);
}

static enum lwc_code kind_check(const ElfW(Ehdr) * header, const char *path, struct lwc_error *err)
{
    const ElfW(Ehdr) *own = &__ehdr_start;

    if (memcmp(header->e_ident, own->e_ident, EI_VERSION + 1) != 0 ||
        header->e_machine != own->e_machine) {
        return lwc_fail(err, LWC_E_INVALID,
                        "'%s' was built for another machine (%u-bit, ELF machine %u)", path,
                        header->e_ident[EI_CLASS] == ELFCLASS32 ? 32u : 64u, header->e_machine);
    }
    if (header->e_type != ET_DYN) {
        return lwc_fail(err, LWC_E_INVALID, "'%s' is an ELF file but not a shared object", path);
    }
    if (header->e_phentsize != sizeof(ElfW(Phdr)) || header->e_phnum > LWC_ELF_SEGMENTS_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "'%s' has %u program headers of %u bytes", path,
                        header->e_phnum, header->e_phentsize);
    }
    return LWC_OK;
}

static enum lwc_code segments_read(struct lwc_elf *elf, const ElfW(Ehdr) * header, uint64_t size,
                                   const char *path, struct lwc_error *err)
{
    const size_t len = header->e_phnum * sizeof elf->segments[0];

    if (header->e_phoff > size ||
        pread(elf->fd, elf->segments, len, (off_t)header->e_phoff) != (ssize_t)len) {
        return fail_cut_short(path, err);
    }
    elf->segment_count = header->e_phnum;
    for (size_t i = 0; i < elf->segment_count; i++) {
        const ElfW(Phdr) *segment = &elf->segments[i];

        if (segment->p_filesz > size || segment->p_offset > size - segment->p_filesz) {
            return fail_cut_short(path, err);
        }
    }
    return LWC_OK;
}

static void take_dynamic_entry(struct lwc_elf *elf, const ElfW(Dyn) * entry)
{
    static const int64_t tags[LWC_ELF_TABLES] = {
        [LWC_ELF_SYMBOLS] = DT_SYMTAB,    [LWC_ELF_STRINGS] = DT_STRTAB,
        [LWC_ELF_GNU_HASH] = DT_GNU_HASH, [LWC_ELF_HASH] = DT_HASH,
        [LWC_ELF_RELA] = DT_RELA,         [LWC_ELF_RELA_LEN] = DT_RELASZ,
        [LWC_ELF_REL] = DT_REL,           [LWC_ELF_REL_LEN] = DT_RELSZ,
    };

    for (size_t i = 0; i < LWC_ARRAY_LEN(tags); i++) {
        if (entry->d_tag == tags[i]) {
            elf->tables[i] = entry->d_un.d_val;
        }
    }
}

/* An object without a dynamic section, or with a broken one, exports nothing. */
static void dynamic_read(struct lwc_elf *elf)
{
    ElfW(Dyn) entries[DYNAMIC_MAX];
    const ElfW(Phdr) *segment = elf->segments;
    const ElfW(Phdr) *end = elf->segments + elf->segment_count;
    ssize_t len = 0;

    while (segment < end && segment->p_type != PT_DYNAMIC) {
        segment++;
    }
    if (segment < end) {
        len = pread(elf->fd, entries,
                    segment->p_filesz < sizeof entries ? segment->p_filesz : sizeof entries,
                    (off_t)segment->p_offset);
    }
    for (ssize_t i = 0; i < len / (ssize_t)sizeof entries[0] && entries[i].d_tag != DT_NULL; i++) {
        take_dynamic_entry(elf, &entries[i]);
    }
}

enum lwc_code lwc_elf_check(int fd, const char *path, struct lwc_elf *elf_out,
                            struct lwc_error *err)
{
    struct lwc_elf elf = {.fd = fd};
    ElfW(Ehdr) header = {0};
    ssize_t len = pread(fd, &header, sizeof header, 0);
    struct stat st;
    enum lwc_code code = LWC_OK;

    if (len < 0 || fstat(fd, &st) != 0) {
        return lwc_fail_sys(err, LWC_E_IO, errno, "%s", path);
    }
    if (len < SELFMAG || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
        return lwc_fail(err, LWC_E_INVALID, "'%s' is not a shared object", path);
    }
    if (len < (ssize_t)sizeof header) {
        return fail_cut_short(path, err);
    }
    code = kind_check(&header, path, err);
    if (code == LWC_OK) {
        code = segments_read(&elf, &header, (uint64_t)st.st_size, path, err);
    }
    if (code == LWC_OK) {
        dynamic_read(&elf);
        *elf_out = elf;
    }
    return code;
}

/* Finds the offset of @address in the file.  Returns how many bytes follow there; 0: none. */
static uint64_t find_offset(const struct lwc_elf *elf, uint64_t address, off_t *offset_out)
{
    for (size_t i = 0; i < elf->segment_count; i++) {
        const ElfW(Phdr) *segment = &elf->segments[i];
        uint64_t into = address - segment->p_vaddr;

        if (segment->p_type == PT_LOAD && address >= segment->p_vaddr && into < segment->p_filesz) {
            *offset_out = (off_t)(segment->p_offset + into);
            return segment->p_filesz - into;
        }
    }
    return 0;
}

bool lwc_elf_read(const struct lwc_elf *elf, uint64_t address, void *bytes_out, size_t len)
{
    off_t offset = 0;

    return len <= find_offset(elf, address, &offset) &&
           pread(elf->fd, bytes_out, len, offset) == (ssize_t)len;
}

bool lwc_elf_read_text(const struct lwc_elf *elf, uint64_t address, char *text_out, size_t size)
{
    off_t offset = 0;
    uint64_t there = find_offset(elf, address, &offset);
    ssize_t len = pread(elf->fd, text_out, there < size ? there : size, offset);

    return len > 0 && memchr(text_out, '\0', (size_t)len) != NULL;
}

static bool symbol_read(const struct lwc_elf *elf, uint32_t index, ElfW(Sym) * symbol_out)
{
    uint64_t address = elf->tables[LWC_ELF_SYMBOLS] + (uint64_t)index * sizeof *symbol_out;

    return lwc_elf_read(elf, address, symbol_out, sizeof *symbol_out);
}

static bool symbol_is(const struct lwc_elf *elf, uint32_t index, const char *name,
                      uint64_t *address_out)
{
    char text[LWC_ELF_NAME_LEN];
    ElfW(Sym) symbol;

    if (!symbol_read(elf, index, &symbol) || symbol.st_shndx == SHN_UNDEF ||
        !lwc_elf_read_text(elf, elf->tables[LWC_ELF_STRINGS] + symbol.st_name, text, sizeof text) ||
        !lwc_streq(text, name)) {
        return false;
    }
    *address_out = symbol.st_value;
    return true;
}

static bool read_u32(const struct lwc_elf *elf, uint64_t table, uint64_t index,
                     uint32_t *number_out)
{
    return lwc_elf_read(elf, table + index * sizeof *number_out, number_out, sizeof *number_out);
}

/* Head: buckets, first symbol, words of a filter, its shift; filter; buckets; chains. */
static bool find_by_gnu_hash(const struct lwc_elf *elf, const char *name, uint64_t *address_out)
{
    uint64_t buckets = 0;
    uint64_t chains = 0;
    uint32_t hash = 5381;
    uint32_t head[4] = {0};
    uint32_t index = 0;
    uint32_t seen = 0;

    for (const char *at = name; *at != '\0'; at++) {
        hash = hash * 33 + (unsigned char)*at;
    }
    if (!lwc_elf_read(elf, elf->tables[LWC_ELF_GNU_HASH], head, sizeof head) || head[0] == 0) {
        return false;
    }
    buckets = elf->tables[LWC_ELF_GNU_HASH] + sizeof head + head[2] * (uint64_t)sizeof(uintptr_t);
    chains = buckets + head[0] * (uint64_t)sizeof(uint32_t);
    if (!read_u32(elf, buckets, hash % head[0], &index) || index < head[1]) {
        return false;
    }
    for (unsigned i = 0; i < CHAIN_MAX && (seen & 1) == 0; i++, index++) {
        if (!read_u32(elf, chains, index - head[1], &seen)) {
            return false;
        }
        if ((seen | 1) == (hash | 1) && symbol_is(elf, index, name, address_out)) {
            return true;
        }
    }
    return false;
}

/* Words of the older table are 64 bits wide on some machines, s390x among them. */
static bool read_hash_word(const struct lwc_elf *elf, uint64_t table, uint64_t index,
                           uint64_t *number_out)
{
    Elf_Symndx word = 0;

    if (!lwc_elf_read(elf, table + index * sizeof word, &word, sizeof word)) {
        return false;
    }
    *number_out = word;
    return true;
}

/* Head: buckets, chains; buckets; chains.  Symbol 0 ends a chain. */
static bool find_by_hash(const struct lwc_elf *elf, const char *name, uint64_t *address_out)
{
    const uint64_t table = elf->tables[LWC_ELF_HASH];
    uint32_t hash = 0;
    Elf_Symndx head[2] = {0};
    uint64_t index = 0;

    for (const char *at = name; *at != '\0'; at++) {
        hash = (hash << 4) + (unsigned char)*at;
        hash = (hash ^ (hash >> 24 & 0xf0)) & 0x0fffffff;
    }
    if (!lwc_elf_read(elf, table, head, sizeof head) || head[0] == 0 ||
        !read_hash_word(elf, table + sizeof head, hash % head[0], &index)) {
        return false;
    }
    for (unsigned i = 0; i < CHAIN_MAX && index != 0 && index <= UINT32_MAX; i++) {
        if (symbol_is(elf, (uint32_t)index, name, address_out)) {
            return true;
        }
        if (!read_hash_word(elf, table + sizeof head, head[0] + index, &index)) {
            return false;
        }
    }
    return false;
}

bool lwc_elf_find(const struct lwc_elf *elf, const char *name, uint64_t *address_out)
{
    if (elf->tables[LWC_ELF_GNU_HASH] != 0) {
        return find_by_gnu_hash(elf, name, address_out);
    }
    return elf->tables[LWC_ELF_HASH] != 0 && find_by_hash(elf, name, address_out);
}

/*
 * Relocates a word of data by the address of the object or of a symbol, and an addend in @entry or
 * in the word.  The kind of the relocation, which each machine numbers in its own way, is ignored.
 */
static void word_relocate(const struct lwc_elf *elf, const ElfW(Rela) * entry, bool has_addend,
                          uintptr_t *word)
{
    const uint32_t index = (uint32_t)SYMBOL_OF(entry->r_info);
    ElfW(Sym) symbol = {0};

    if (has_addend) {
        *word = (uintptr_t)entry->r_addend;
    }
    if (index == 0) {
        return;
    }
    *word += symbol_read(elf, index, &symbol) ? (uintptr_t)symbol.st_value : 0;
    if (symbol.st_shndx == SHN_UNDEF) {
        *word = LWC_ELF_ELSEWHERE;
    }
}

/* Relocates by a table of @len bytes at @table: of ElfW(Rela), or of the shorter ElfW(Rel). */
static bool relocate_by(const struct lwc_elf *elf, uint64_t table, uint64_t len, bool has_addend,
                        uint64_t address, uintptr_t *words, size_t count)
{
    const size_t entry_len = has_addend ? sizeof(ElfW(Rela)) : sizeof(ElfW(Rel));
    uint8_t bytes[RELOCATIONS_AT_ONCE * sizeof(ElfW(Rela))];

    while (len >= entry_len) {
        size_t part = RELOCATIONS_AT_ONCE * entry_len;

        part = len < part ? (size_t)len : part;
        if (!lwc_elf_read(elf, table, bytes, part)) {
            return false;
        }
        for (size_t at = 0; at + entry_len <= part; at += entry_len) {
            ElfW(Rela) entry = {0};
            uint64_t into = 0;

            memcpy(&entry, bytes + at, entry_len);
            into = entry.r_offset - address;
            if (into % sizeof *words == 0 && into / sizeof *words < count) {
                word_relocate(elf, &entry, has_addend, &words[into / sizeof *words]);
            }
        }
        table += part;
        len -= part;
    }
    return true;
}

/* Packed relocations (DT_RELR) only add the object's address to what stands in the word. */
bool lwc_elf_relocate(const struct lwc_elf *elf, uint64_t address, uintptr_t *words, size_t count)
{
    const uint64_t *tables = elf->tables;

    return relocate_by(elf, tables[LWC_ELF_RELA], tables[LWC_ELF_RELA_LEN], true, address, words,
                       count) &&
           relocate_by(elf, tables[LWC_ELF_REL], tables[LWC_ELF_REL_LEN], false, address, words,
                       count);
}
