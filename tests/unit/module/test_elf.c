/* SPDX-License-Identifier: Apache-2.0 */
#include "module/elf.h"

#include <fcntl.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/paths.h"
#include "tests/support/elf_fixture.h"
#include "tests/support/tmpdir.h"

#define HEAD_LEN 4096
#define MEMBER(name) offsetof(ElfW(Ehdr), name), sizeof(((ElfW(Ehdr) *)0)->name)
#define OTHER_ORDER (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB)

static int module_open(void)
{
    char path[TMPDIR_PATH_LEN];
    int fd = -1;

    snprintf(path, sizeof path, "%s/backends/file.so", lwc_lib_dir);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

/* The answer to a file of @len bytes. */
static enum lwc_code judge(const struct tmpdir *dir, const void *bytes, size_t len,
                           struct lwc_error *err)
{
    char path[TMPDIR_PATH_LEN];
    struct lwc_elf elf;
    enum lwc_code code;
    int fd = -1;

    tmpdir_write(dir, "object", bytes, len, 0600);
    fd = open(tmpdir_join(dir, "object", path), O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    code = lwc_elf_check(fd, "object", &elf, err);
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(path), 0);
    return code;
}

static void check_built_module_is_loadable(void **state)
{
    struct lwc_elf elf;
    int fd = module_open();

    (void)state;
    assert_int_equal(lwc_elf_check(fd, "file.so", &elf, NULL), LWC_OK);
    assert_int_equal(close(fd), 0);
}

static void check_changed_header_is_refused_with_its_reason(void **state)
{
    static const struct {
        size_t offset;
        size_t width;
        uint64_t value;
        const char *reason;
    } cases[] = {
        {0, 1, 'E', "is not a shared object"},
        {EI_CLASS, 1, ELFCLASS32, "built for another machine (32-bit"},
        {EI_DATA, 1, OTHER_ORDER, "built for another machine (64-bit"},
        {EI_VERSION, 1, 9, "built for another machine"},
        {MEMBER(e_machine), 0x7f00, "built for another machine"},
        {MEMBER(e_type), ET_REL, "not a shared object"},
        {MEMBER(e_type), ET_EXEC, "not a shared object"},
        {MEMBER(e_type), ET_CORE, "not a shared object"},
        {MEMBER(e_phentsize), 1, "program headers of 1 bytes"},
        {MEMBER(e_phnum), 200, "has 200 program headers of 56 bytes"},
        {MEMBER(e_phoff), UINT64_C(0xff) << 56, "is cut short"},
        {MEMBER(e_phoff), UINT64_C(1) << 32, "is cut short"},
    };
    const struct tmpdir *dir = *state;
    int fd = module_open();

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t bytes[HEAD_LEN];
        struct lwc_error err = {0};

        assert_int_equal(pread(fd, bytes, sizeof bytes, 0), sizeof bytes);
        elf_fixture_put(bytes + cases[i].offset, cases[i].width, cases[i].value);
        print_message("%zu: %s\n", i, cases[i].reason);
        assert_int_equal(judge(dir, bytes, sizeof bytes, &err), LWC_E_INVALID);
        assert_non_null(strstr(err.msg, cases[i].reason));
    }
    assert_int_equal(close(fd), 0);
}

/* Every length up to the end of the program headers, then some. */
static void check_file_cut_anywhere_is_refused(void **state)
{
    const struct tmpdir *dir = *state;
    uint8_t bytes[HEAD_LEN];
    int fd = module_open();

    assert_int_equal(pread(fd, bytes, sizeof bytes, 0), sizeof bytes);
    for (size_t len = 0; len <= sizeof bytes; len += len < 1024 ? 1 : 512) {
        struct lwc_error err = {0};
        const char *reason = len < SELFMAG ? "is not a shared object" : "is cut short";

        assert_int_equal(judge(dir, bytes, len, &err), LWC_E_INVALID);
        assert_non_null(strstr(err.msg, reason));
    }
    assert_int_equal(close(fd), 0);
}

static void check_descriptor_that_cannot_be_read_is_an_io_error(void **state)
{
    struct lwc_error err = {0};
    struct lwc_elf elf;

    (void)state;
    assert_int_equal(lwc_elf_check(-1, "object", &elf, &err), LWC_E_IO);
    assert_non_null(strstr(err.msg, "object"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_built_module_is_loadable),
        cmocka_unit_test_setup_teardown(check_changed_header_is_refused_with_its_reason,
                                        tmpdir_setup, tmpdir_teardown),
        cmocka_unit_test_setup_teardown(check_file_cut_anywhere_is_refused, tmpdir_setup,
                                        tmpdir_teardown),
        cmocka_unit_test(check_descriptor_that_cannot_be_read_is_an_io_error),
    };

    return cmocka_run_group_tests_name("elf", tests, NULL, NULL);
}
