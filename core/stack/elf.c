/* SPDX-License-Identifier: Apache-2.0 */
#include "stack/elf.h"

#include <errno.h>
#include <link.h>
#include <stdint.h>
#include <sys/stat.h>

/* Made by the linker: the header of the object that this very code is part of. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

static enum lwc_code cut_short(const char *path, struct lwc_error *err)
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
    return LWC_OK;
}

static enum lwc_code segments_check(int fd, const ElfW(Ehdr) * header, uint64_t size,
                                    const char *path, struct lwc_error *err)
{
    for (unsigned i = 0; i < header->e_phnum; i++) {
        ElfW(Phdr) segment;
        uint64_t at = (uint64_t)header->e_phoff + i * sizeof segment;

        if (at > size ||
            pread(fd, &segment, sizeof segment, (off_t)at) != (ssize_t)sizeof segment ||
            segment.p_filesz > size || segment.p_offset > size - segment.p_filesz) {
            return cut_short(path, err);
        }
    }
    return LWC_OK;
}

enum lwc_code lwc_elf_check(int fd, const char *path, struct lwc_error *err)
{
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
        return cut_short(path, err);
    }
    code = kind_check(&header, path, err);
    if (code == LWC_OK && header.e_phentsize != sizeof(ElfW(Phdr))) {
        code = lwc_fail(err, LWC_E_INVALID, "'%s' has program headers of %u bytes", path,
                        header.e_phentsize);
    }
    return code == LWC_OK ? segments_check(fd, &header, (uint64_t)st.st_size, path, err) : code;
}
