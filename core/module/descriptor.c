/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in descriptor.h. */
#include "module/descriptor.h"

#include <string.h>

#include "base/util.h"
#include "module/needs.h"

/* The members up to "caps", which every version of the descriptor has. */
#define SIZE_MIN offsetof(struct lwc_backend, open)

#define WORDS (sizeof(struct lwc_backend) / sizeof(uintptr_t))
_Static_assert(sizeof(struct lwc_backend) % sizeof(uintptr_t) == 0, "it is made of whole words");

static enum lwc_code version_check(uint32_t abi, uint32_t size, const char *name,
                                   struct lwc_error *err)
{
    if (LWC_ABI_MAJOR(abi) != LWC_ABI_MAJOR(LWC_BACKEND_ABI)) {
        return lwc_fail(err, LWC_E_INVALID,
                        "backend '%s' was built for ABI %u, this version speaks %u", name,
                        LWC_ABI_MAJOR(abi), LWC_ABI_MAJOR(LWC_BACKEND_ABI));
    }
    if (size < SIZE_MIN) {
        return lwc_fail(err, LWC_E_INVALID, "backend '%s': descriptor of %u bytes is too short",
                        name, size);
    }
    return LWC_OK;
}

static enum lwc_code functions_check(const struct lwc_backend *backend, struct lwc_error *err)
{
    const struct {
        const char *name;
        uint32_t cap; /* 0: mandatory */
        bool present;
    } functions[] = {
        {"open", 0, backend->open != NULL},
        {"close", 0, backend->close != NULL},
        {"find", LWC_CAP_READ, backend->find != NULL},
        {"list", LWC_CAP_LIST, backend->list != NULL},
        {"store", LWC_CAP_STORE, backend->store != NULL},
        {"erase", LWC_CAP_ERASE, backend->erase != NULL},
        {"unlock", LWC_CAP_UNLOCK, backend->unlock != NULL},
        {"lock", LWC_CAP_UNLOCK, backend->lock != NULL},
    };

    for (size_t i = 0; i < LWC_ARRAY_LEN(functions); i++) {
        bool needed = functions[i].cap == 0 || (backend->caps & functions[i].cap) != 0;

        if (needed && !functions[i].present) {
            return lwc_fail(err, LWC_E_INVALID, "backend '%s' lacks the function %s()",
                            backend->name, functions[i].name);
        }
    }
    return LWC_OK;
}

/* Checks the members behind the version; @backend has this version's size. */
static enum lwc_code members_check(const struct lwc_backend *backend, const char *name,
                                   struct lwc_error *err)
{
    if (backend->name == NULL || !lwc_streq(backend->name, name)) {
        return lwc_fail(err, LWC_E_INVALID, "backend '%s' calls itself '%s'", name,
                        backend->name != NULL ? backend->name : "");
    }
    if ((backend->caps & ~LWC_CAPS_KNOWN) != 0) {
        return lwc_fail(err, LWC_E_INVALID, "backend '%s' has unknown capabilities 0x%x", name,
                        backend->caps & ~LWC_CAPS_KNOWN);
    }
    if (backend->reserved != 0) {
        return lwc_fail(err, LWC_E_INVALID,
                        "backend '%s' uses a member that this version does not know", name);
    }
    if (backend->summary == NULL) {
        return lwc_fail(err, LWC_E_INVALID, "backend '%s' has no summary", name);
    }
    if (backend->needs != NULL && !lwc_needs_are_valid(backend->needs)) {
        return lwc_fail(err, LWC_E_INVALID, "backend '%s' needs what no host understands", name);
    }
    return functions_check(backend, err);
}

enum lwc_code lwc_descriptor_check(const struct lwc_backend *found, const char *name,
                                   struct lwc_backend *backend_out, struct lwc_error *err)
{
    struct lwc_backend backend = {0};
    enum lwc_code code = version_check(found->abi, found->size, name, err);

    if (code == LWC_OK) {
        memcpy(&backend, found, found->size < sizeof backend ? found->size : sizeof backend);
        code = members_check(&backend, name, err);
    }
    if (code == LWC_OK) {
        *backend_out = backend;
    }
    return code;
}

static enum lwc_code fail_not_constant(const char *path, struct lwc_error *err)
{
    return lwc_hint(err, lwc_fail(err, LWC_E_INVALID, "'%s' has no constant 'lwc_backend'", path),
                    "it is read before the module is loaded: no code may make it; in C++, let it "
                    "be constexpr");
}

/* Reads the text at *text, an address in the file, into @bytes.  NULL stays NULL. */
static enum lwc_code read_member_text(const struct lwc_elf *elf, const char *path, const char *what,
                                      const char **text, char *bytes, size_t size,
                                      struct lwc_error *err)
{
    if (*text == NULL) {
        return LWC_OK;
    }
    if (!lwc_elf_read_text(elf, (uintptr_t)*text, bytes, size)) {
        return lwc_fail(err, LWC_E_INVALID, "the %s in '%s' is no text of at most %zu bytes", what,
                        path, size - 1);
    }
    *text = bytes;
    return LWC_OK;
}

enum lwc_code lwc_descriptor_read(const struct lwc_elf *elf, const char *path, const char *name,
                                  struct lwc_descriptor *descriptor, struct lwc_error *err)
{
    struct lwc_backend *backend = &descriptor->backend;
    uintptr_t words[WORDS] = {0};
    uint64_t address = 0;
    size_t len = 0;
    uint32_t head[2] = {0}; /* abi, size */
    enum lwc_code code = LWC_OK;

    if (!lwc_elf_find(elf, "lwc_backend", &address)) {
        return lwc_fail(err, LWC_E_INVALID, "'%s' has no symbol 'lwc_backend'", path);
    }
    if (!lwc_elf_read(elf, address, head, sizeof head)) {
        return fail_not_constant(path, err);
    }
    if ((code = version_check(head[0], head[1], name, err)) != LWC_OK) {
        return code;
    }
    len = head[1] < sizeof words ? head[1] : sizeof words;
    if (!lwc_elf_read(elf, address, words, len) ||
        !lwc_elf_relocate(elf, address, words, len / sizeof words[0])) {
        return lwc_fail(err, LWC_E_INVALID, "the descriptor in '%s' is not whole", path);
    }
    if (memcmp(words, head, sizeof head) != 0) { /* a relocation would change the checked version */
        return fail_not_constant(path, err);
    }
    memcpy(backend, words, sizeof *backend);
    code = read_member_text(elf, path, "name", &backend->name, descriptor->name,
                            sizeof descriptor->name, err);
    if (code == LWC_OK) {
        code = read_member_text(elf, path, "summary", &backend->summary, descriptor->summary,
                                sizeof descriptor->summary, err);
    }
    if (code == LWC_OK) {
        code = read_member_text(elf, path, "text of its needs", &backend->needs, descriptor->needs,
                                sizeof descriptor->needs, err);
    }
    return code == LWC_OK ? members_check(backend, name, err) : code;
}

enum lwc_code lwc_descriptor_agree(const struct lwc_descriptor *read,
                                   const struct lwc_backend *loaded, struct lwc_error *err)
{
    uintptr_t words[2][WORDS];
    bool agrees = read->backend.abi == loaded->abi && read->backend.size == loaded->size &&
                  read->backend.caps == loaded->caps;

    memcpy(words[0], &read->backend, sizeof words[0]);
    memcpy(words[1], loaded, sizeof words[1]);
    for (size_t i = 0; i < WORDS; i++) {
        agrees = agrees && (words[0][i] == 0) == (words[1][i] == 0);
    }
    if (!agrees) {
        return lwc_fail(err, LWC_E_INVALID,
                        "backend '%s' is another one when it is loaded than in its file",
                        loaded->name);
    }
    return LWC_OK;
}

void lwc_descriptor_hash(const struct lwc_backend *backend, char print_out[static LWC_HASH_HEX_LEN])
{
    uintptr_t words[WORDS];
    struct lwc_hash hash;
    uint8_t bytes[LWC_HASH_LEN];

    lwc_hash_begin(&hash, "lwcred descriptor 1");
    lwc_hash_add_number(&hash, backend->abi);
    lwc_hash_add_number(&hash, backend->size);
    lwc_hash_add_number(&hash, backend->caps);
    lwc_hash_add_text(&hash, backend->name);
    lwc_hash_add_text(&hash, backend->summary);
    lwc_hash_add_text(&hash, backend->needs);
    memcpy(words, backend, sizeof words);
    for (size_t i = 0; i < WORDS; i++) { /* addresses differ in each process */
        lwc_hash_add_number(&hash, words[i] != 0);
    }
    lwc_hash_end(&hash, bytes);
    lwc_hash_hex(bytes, print_out);
}
