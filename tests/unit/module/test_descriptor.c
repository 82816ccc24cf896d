/* SPDX-License-Identifier: Apache-2.0 */
#include "module/descriptor.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/paths.h"
#include "module/module.h"
#include "tests/support/elf_fixture.h"

#define WIDTH(member) sizeof(((struct elf_fixture *)0)->member)
#define CHANGE(member, value) offsetof(struct elf_fixture, member), WIDTH(member), (uint64_t)(value)
#define SYMBOL(number) ((uint64_t)(number) << (sizeof(uintptr_t) == 8 ? 32 : 8))
#define NOWHERE 0x7fffffff

static enum lwc_code read_bytes(const void *bytes, size_t len, struct lwc_descriptor *descriptor,
                                struct lwc_error *err)
{
    struct lwc_elf elf;
    int fd = elf_fixture_open(bytes, len);
    enum lwc_code code = lwc_elf_check(fd, "module", &elf, err);

    if (code == LWC_OK) {
        code = lwc_descriptor_read(&elf, "module", "elfmod", descriptor, err);
    }
    assert_int_equal(close(fd), 0);
    return code;
}

static enum lwc_code read_bed(const struct elf_fixture *fixture, struct lwc_descriptor *descriptor,
                              struct lwc_error *err)
{
    return read_bytes(fixture, sizeof *fixture, descriptor, err);
}

static void assert_whole(const struct lwc_descriptor *descriptor)
{
    const struct lwc_backend *backend = &descriptor->backend;

    assert_int_equal(backend->abi, LWC_BACKEND_ABI);
    assert_int_equal(backend->size, sizeof *backend);
    assert_int_equal(backend->caps, LWC_CAP_READ | LWC_CAP_BLOCKING);
    assert_string_equal(backend->name, "elfmod");
    assert_ptr_equal(backend->name, descriptor->name);
    assert_string_equal(backend->summary, "a module for tests");
    assert_ptr_equal(backend->summary, descriptor->summary);
    assert_true(backend->open != NULL && backend->close != NULL && backend->find != NULL);
    assert_true(backend->list == NULL && backend->store == NULL && backend->probe == NULL);
}

static void read_takes_all_that_stands_in_the_file(void **state)
{
    struct elf_fixture fixture;
    struct lwc_descriptor descriptor = {0};

    (void)state;
    elf_fixture_init(&fixture);
    assert_int_equal(read_bed(&fixture, &descriptor, NULL), LWC_OK);
    assert_whole(&descriptor);
}

/* Which tables there are, and where a pointer's target stands, is the linker's choice. */
static void read_understands_each_table_alone(void **state)
{
    static const struct {
        enum elf_fixture_dynamic voided;
        bool in_place;
    } cases[] = {
        {ELF_FIXTURE_HASH, false}, {ELF_FIXTURE_GNU_HASH, false}, {ELF_FIXTURE_RELA, true}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lwc_descriptor descriptor = {0};
        struct elf_fixture fixture;
        uintptr_t words[sizeof fixture.backend / sizeof(uintptr_t)];

        print_message("%zu\n", i);
        elf_fixture_init(&fixture);
        fixture.dynamic[cases[i].voided].d_tag = DT_DEBUG;
        if (cases[i].in_place) { /* as packed relocations have it */
            fixture.dynamic[ELF_FIXTURE_RELASZ].d_tag = DT_DEBUG;
            memcpy(words, &fixture.backend, sizeof words);
            for (size_t j = 0; j < sizeof fixture.relas / sizeof fixture.relas[0]; j++) {
                words[(fixture.relas[j].r_offset - ELF_FIXTURE_ADDRESS(backend)) /
                      sizeof words[0]] = (uintptr_t)fixture.relas[j].r_addend;
            }
            memcpy(&fixture.backend, words, sizeof words);
        }
        assert_int_equal(read_bed(&fixture, &descriptor, NULL), LWC_OK);
        assert_whole(&descriptor);
    }
}

/* A changed member of the fixture, and the reason of the refusal. */
static const struct {
    size_t offset;
    size_t width;
    uint64_t value;
    const char *reason;
} faults[] = {
    {CHANGE(dynamic[0].d_tag, DT_NULL), "has no symbol 'lwc_backend'"},
    {CHANGE(segments[ELF_FIXTURE_DYN].p_type, PT_NULL), "has no symbol"},
    {CHANGE(segments[ELF_FIXTURE_DYN].p_filesz, 0), "has no symbol"},
    {CHANGE(segments[ELF_FIXTURE_LOAD].p_type, PT_NOTE), "has no symbol"},
    {CHANGE(segments[ELF_FIXTURE_LOAD].p_vaddr, UINT64_MAX - 8), "has no symbol"},
    {CHANGE(strings[10], 'L'), "has no symbol"},
    {CHANGE(symbols[1].st_shndx, SHN_UNDEF), "has no symbol"},
    {CHANGE(symbols[1].st_name, UINT32_MAX), "has no symbol"},
    {CHANGE(dynamic[ELF_FIXTURE_STRTAB].d_un, UINT64_MAX), "has no symbol"},
    {CHANGE(dynamic[ELF_FIXTURE_SYMTAB].d_un, NOWHERE), "has no symbol"},
    {CHANGE(dynamic[ELF_FIXTURE_GNU_HASH].d_un, NOWHERE), "has no symbol"},
    {CHANGE(gnu.buckets, 0), "has no symbol"},
    {CHANGE(gnu.buckets, UINT32_MAX), "has no symbol"},
    {CHANGE(gnu.first, 2), "has no symbol"},
    {CHANGE(gnu.bloom_words, UINT32_MAX), "has no symbol"},
    {CHANGE(gnu.bucket[0], UINT32_MAX), "has no symbol"},
    {CHANGE(gnu.chain[0], 7), "has no symbol"},
    {CHANGE(symbols[1].st_value, ELF_FIXTURE_AT + sizeof(struct elf_fixture)), "has no constant"},
    {CHANGE(symbols[1].st_value, NOWHERE), "has no constant"},
    {CHANGE(symbols[1].st_value, UINT64_MAX), "has no constant"},
    {CHANGE(symbols[1].st_value, ELF_FIXTURE_AT + sizeof(struct elf_fixture) - 7),
     "has no constant"},
    {CHANGE(backend.abi, LWC_ABI(2, 0)), "was built for ABI 2, this version speaks 1"},
    {CHANGE(backend.size, 16), "descriptor of 16 bytes is too short"},
    {CHANGE(segments[ELF_FIXTURE_LOAD].p_filesz, offsetof(struct elf_fixture, backend.probe)),
     "has no symbol"},
    {CHANGE(dynamic[ELF_FIXTURE_RELASZ].d_un, UINT32_MAX), "descriptor in 'module' is not whole"},
    {CHANGE(dynamic[ELF_FIXTURE_RELSZ].d_un, UINT32_MAX), "is not whole"},
    {CHANGE(dynamic[ELF_FIXTURE_RELA].d_un, NOWHERE), "is not whole"},
    {CHANGE(relas[0].r_addend, NOWHERE), "the name in 'module' is no text of at most 32"},
    {CHANGE(relas[0].r_info, SYMBOL(9)), "the name in 'module' is no text"},
    {CHANGE(relas[0].r_addend, 0), "calls itself ''"},
    {CHANGE(relas[0].r_offset, 0), "calls itself ''"},
    {CHANGE(name[0], 'x'), "calls itself 'xlfmod'"},
    {CHANGE(backend.caps, 1u << 31 | LWC_CAP_READ), "unknown capabilities 0x80000000"},
    {CHANGE(backend.reserved, 7), "uses a member that this version does not know"},
    {CHANGE(relas[1].r_addend, UINT64_MAX), "the summary in 'module' is no text of at most 255"},
    {CHANGE(relas[1].r_addend, 0), "has no summary"},
    {CHANGE(relas[2].r_addend, 0), "lacks the function open()"},
    {CHANGE(relas[3].r_offset, ELF_FIXTURE_ADDRESS(code)), "lacks the function close()"},
    {CHANGE(rels[0].r_info, 0), "lacks the function find()"},
    {CHANGE(backend.caps, LWC_CAP_READ | LWC_CAP_LIST), "lacks the function list()"},
};

static void read_refuses_what_is_wrong_with_its_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct lwc_descriptor descriptor = {0};
        struct lwc_error err = {0};
        struct elf_fixture fixture;

        print_message("%zu: %s\n", i, faults[i].reason);
        elf_fixture_init(&fixture);
        elf_fixture_put((char *)&fixture + faults[i].offset, faults[i].width, faults[i].value);
        assert_int_equal(read_bed(&fixture, &descriptor, &err), LWC_E_INVALID);
        assert_non_null(strstr(err.msg, faults[i].reason));
    }
}

static void read_of_a_chain_without_end_ends(void **state)
{
    struct elf_fixture fixture;
    struct lwc_descriptor descriptor = {0};
    struct lwc_error err = {0};

    (void)state;
    elf_fixture_init(&fixture);
    fixture.dynamic[ELF_FIXTURE_GNU_HASH].d_tag = DT_DEBUG;
    fixture.hash.chain[2] = 2;
    assert_int_equal(read_bed(&fixture, &descriptor, &err), LWC_E_INVALID);
    assert_non_null(strstr(err.msg, "has no symbol"));
}

/* An imported function exists, though the address of its code is unknown. */
static void read_takes_an_imported_function_for_present(void **state)
{
    struct elf_fixture fixture;
    struct lwc_descriptor descriptor = {0};

    (void)state;
    elf_fixture_init(&fixture);
    fixture.symbols[2].st_shndx = SHN_UNDEF;
    assert_int_equal(read_bed(&fixture, &descriptor, NULL), LWC_OK);
    assert_true(descriptor.backend.find != NULL);
}

static void read_of_every_cut_and_every_byte_changed_ends_well(void **state)
{
    struct elf_fixture whole;

    (void)state;
    elf_fixture_init(&whole);
    for (size_t len = 0; len < sizeof whole; len++) {
        struct lwc_descriptor descriptor = {0};

        assert_int_equal(read_bytes(&whole, len, &descriptor, NULL), LWC_E_INVALID);
    }
    for (size_t i = 0; i < sizeof whole; i++) {
        struct lwc_descriptor descriptor = {0};
        struct elf_fixture fixture = whole;
        enum lwc_code code;

        ((uint8_t *)&fixture)[i] ^= 0xff;
        code = read_bed(&fixture, &descriptor, NULL);
        assert_true(code == LWC_E_INVALID ||
                    (code == LWC_OK && strcmp(descriptor.backend.name, "elfmod") == 0));
    }
}

static void read_and_loaded_descriptors_agree(void **state)
{
    static const char *const modules[] = {
        "lib/lwcred/backends/exec", "lib/lwcred/backends/file", "tests/modules/answer",
        "tests/modules/blocking",   "tests/modules/breaks",     "tests/modules/untold",
    };

    (void)state;
    for (size_t i = 0; i < sizeof modules / sizeof modules[0]; i++) {
        const char *name = strrchr(modules[i], '/') + 1;
        struct lwc_descriptor descriptor = {0};
        struct lwc_backend loaded = {0};
        struct lwc_elf elf;
        char path[4096];
        void *object = NULL;
        int fd = -1;

        print_message("%s\n", name);
        snprintf(path, sizeof path, "%s/../../%s.so", lwc_lib_dir, modules[i]);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        assert_int_equal(lwc_elf_check(fd, path, &elf, NULL), LWC_OK);
        assert_int_equal(lwc_descriptor_read(&elf, path, name, &descriptor, NULL), LWC_OK);
        assert_int_equal(close(fd), 0);
        object = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
        assert_non_null(object);
        assert_int_equal(lwc_descriptor_check(dlsym(object, "lwc_backend"), name, &loaded, NULL),
                         LWC_OK);
        assert_int_equal(lwc_descriptor_agree(&descriptor, &loaded, NULL), LWC_OK);
        assert_string_equal(descriptor.backend.summary, loaded.summary);
    }
}

static void agree_notices_each_difference(void **state)
{
    struct elf_fixture fixture;
    struct lwc_descriptor descriptor = {0};
    struct lwc_error err = {0};
    struct lwc_backend others[5];

    (void)state;
    elf_fixture_init(&fixture);
    assert_int_equal(read_bed(&fixture, &descriptor, NULL), LWC_OK);
    assert_int_equal(lwc_descriptor_agree(&descriptor, &descriptor.backend, NULL), LWC_OK);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        others[i] = descriptor.backend;
    }
    others[0].abi++;
    others[1].size--;
    others[2].caps &= ~(uint32_t)LWC_CAP_BLOCKING;
    others[3].find = NULL;
    others[4].lock = others[4].unlock = (enum lwc_code(*)(void *, struct lwc_error *))1;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        print_message("%zu\n", i);
        assert_int_equal(lwc_descriptor_agree(&descriptor, &others[i], &err), LWC_E_INVALID);
        assert_non_null(strstr(err.msg, "another one when it is loaded than in its file"));
    }
}

static void judge_longer_descriptor_of_a_later_minor_is_cut(void **state)
{
    struct {
        struct lwc_backend backend;
        void (*later)(void);
    } newer;
    struct lwc_backend known = {0};
    struct lwc_backend judged = {0};

    (void)state;
    assert_int_equal(lwc_module_load("env", NULL, &known, NULL), LWC_OK);
    newer.backend = known;
    newer.backend.abi = LWC_ABI(1, 7);
    newer.backend.size = sizeof newer;
    newer.later = NULL;
    assert_int_equal(lwc_descriptor_check(&newer.backend, "env", &judged, NULL), LWC_OK);
    assert_ptr_equal(judged.find, known.find);
}

static void judge_shorter_descriptor_has_null_for_what_is_missing(void **state)
{
    struct lwc_backend known = {0};
    struct lwc_backend judged = {0};

    (void)state;
    assert_int_equal(lwc_module_load("env", NULL, &known, NULL), LWC_OK);
    known.control = (enum lwc_code(*)(void *, const char *, size_t, const char *const *,
                                      const struct lwc_reporter *, struct lwc_error *))1;
    known.size = offsetof(struct lwc_backend, control);
    assert_int_equal(lwc_descriptor_check(&known, known.name, &judged, NULL), LWC_OK);
    assert_null(judged.control);
    known.size = offsetof(struct lwc_backend, probe);
    known.probe = (enum lwc_code(*)(void *, uint32_t, struct lwc_error *))1;
    assert_int_equal(lwc_descriptor_check(&known, "env", &judged, NULL), LWC_OK);
    assert_null(judged.probe);
}

static void read_longer_and_shorter_descriptors_as_judged_in_memory(void **state)
{
    struct lwc_descriptor descriptor = {0};
    struct elf_fixture fixture;

    (void)state;
    elf_fixture_init(&fixture);
    fixture.backend.abi = LWC_ABI(1, 7);
    fixture.backend.size = sizeof fixture.backend + 8;
    assert_int_equal(read_bed(&fixture, &descriptor, NULL), LWC_OK);
    assert_int_equal(descriptor.backend.size, sizeof fixture.backend + 8);
    elf_fixture_init(&fixture);
    fixture.backend.size = offsetof(struct lwc_backend, probe);
    fixture.rels[0].r_offset = ELF_FIXTURE_ADDRESS(backend.probe);
    fixture.backend.caps = LWC_CAP_BLOCKING;
    assert_int_equal(read_bed(&fixture, &descriptor, NULL), LWC_OK);
    assert_true(descriptor.backend.probe == NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_takes_all_that_stands_in_the_file),
        cmocka_unit_test(read_understands_each_table_alone),
        cmocka_unit_test(read_refuses_what_is_wrong_with_its_reason),
        cmocka_unit_test(read_of_a_chain_without_end_ends),
        cmocka_unit_test(read_takes_an_imported_function_for_present),
        cmocka_unit_test(read_of_every_cut_and_every_byte_changed_ends_well),
        cmocka_unit_test(read_and_loaded_descriptors_agree),
        cmocka_unit_test(agree_notices_each_difference),
        cmocka_unit_test(judge_longer_descriptor_of_a_later_minor_is_cut),
        cmocka_unit_test(judge_shorter_descriptor_has_null_for_what_is_missing),
        cmocka_unit_test(read_longer_and_shorter_descriptors_as_judged_in_memory),
    };

    return cmocka_run_group_tests_name("descriptor", tests, NULL, NULL);
}
