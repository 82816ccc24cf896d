/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MUST:
 *  1. A module is named, never given by path; the name has no character of a path.
 *  2. The directories on the way and the file are root's or ours, writable by nobody else
 *     (base/safefile.h), judged before dlopen(), which runs constructors.  dlopen() opens it
 *     again by its path: that is the file which was judged, for nobody but root and us could
 *     have put another one there.
 *  3. The file is regular, and an object for this machine with all of its segments (elf.h),
 *     before dlopen() sees it.
 *  4. dlopen() gets the canonical absolute path: RTLD_NOW, RTLD_LOCAL, RTLD_NODELETE.
 *  5. Nothing in the descriptor is called before all of it was judged: ABI, size, name,
 *     mandatory functions, capabilities and the functions that they promise.
 */
#include "stack/module.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/safefile.h"
#include "base/text.h"
#include "builtin.h"
#include "paths.h"
#include "stack/elf.h"

/* Up to the end of "summary" and "caps": what any version of the descriptor has. */
#define SIZE_MIN offsetof(struct lwc_backend, open)

bool lwc_module_name_ok(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool is_letter = name[i] >= 'a' && name[i] <= 'z';
        bool is_digit = name[i] >= '0' && name[i] <= '9';

        if (!is_letter && !is_digit && name[i] != '-') {
            return false;
        }
    }
    return len > 0 && len <= LWC_BACKEND_NAME_MAX;
}

static enum lwc_code name_check(const char *name, struct lwc_error *err)
{
    if (!lwc_module_name_ok(name, strlen(name))) {
        return lwc_fail(err, LWC_E_INVALID, "backend name: 1 to %d of a-z, 0-9 and '-' expected",
                        LWC_BACKEND_NAME_MAX);
    }
    return LWC_OK;
}

enum lwc_code lwc_module_path(const char *dir, const char *file, char **path_out,
                              struct lwc_error *err)
{
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    LWC_AUTO_FREE char *named = NULL;
    LWC_AUTO_FREE char *canonical = NULL;
    LWC_AUTO_CLOSE int fd = -1;
    enum lwc_code code;

    if (asprintf(&named, "%s/%s", dir, file) < 0) {
        named = NULL;
        return lwc_fail_nomem(err);
    }
    if ((code = lwc_path_resolve(named, &path, err)) != LWC_OK ||
        (code = lwc_file_open(&path, LWC_TRUST_CONTENT, &fd, NULL, err)) != LWC_OK) {
        return code;
    }
    if (asprintf(&canonical, "%s/%s", path.dir, path.name) < 0) {
        canonical = NULL;
        return lwc_fail_nomem(err);
    }
    code = lwc_elf_check(fd, canonical, err);
    if (code == LWC_OK) {
        *path_out = LWC_TAKE(canonical);
    }
    return code;
}

/* LWC_E_NOT_FOUND where the file is missing. */
static enum lwc_code object_open(const char *dir, const char *file, const char *symbol,
                                 const void **data_out, struct lwc_error *err)
{
    LWC_AUTO_FREE char *path = NULL;
    enum lwc_code code = lwc_module_path(dir, file, &path, err);
    const void *data = NULL;
    void *object = NULL;

    if (code != LWC_OK) {
        return code;
    }
    object = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (object == NULL) {
        return lwc_fail(err, LWC_E_INVALID, "cannot load '%s': %s", path, dlerror());
    }
    data = dlsym(object, symbol);
    if (data == NULL) {
        return lwc_fail(err, LWC_E_INVALID, "'%s' has no symbol '%s'", path, symbol);
    }
    *data_out = data;
    return LWC_OK;
}

enum lwc_code lwc_module_object(const char *dir, const char *file, const char *symbol,
                                const void **data_out, struct lwc_error *err)
{
    enum lwc_code code = object_open(dir, file, symbol, data_out, err);

    if (code == LWC_E_NOT_FOUND) {
        return lwc_fail(err, LWC_E_UNAVAILABLE, "'%s/%s' is not installed", dir, file);
    }
    return code;
}

static enum lwc_code version_check(const struct lwc_backend *found, const char *name,
                                   struct lwc_error *err)
{
    if (LWC_ABI_MAJOR(found->abi) != LWC_ABI_MAJOR(LWC_BACKEND_ABI)) {
        return lwc_fail(err, LWC_E_INVALID,
                        "backend '%s' was built for ABI %u, this version speaks %u", name,
                        LWC_ABI_MAJOR(found->abi), LWC_ABI_MAJOR(LWC_BACKEND_ABI));
    }
    if (found->size < SIZE_MIN) {
        return lwc_fail(err, LWC_E_INVALID, "backend '%s': descriptor of %u bytes is too short",
                        name, found->size);
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

enum lwc_code lwc_module_judge(const struct lwc_backend *found, const char *name,
                               struct lwc_backend *backend_out, struct lwc_error *err)
{
    struct lwc_backend backend = {0};
    enum lwc_code code = version_check(found, name, err);

    if (code != LWC_OK) {
        return code;
    }
    memcpy(&backend, found, found->size < sizeof backend ? found->size : sizeof backend);
    if (backend.name == NULL || !lwc_streq(backend.name, name)) {
        return lwc_fail(err, LWC_E_INVALID, "backend '%s' calls itself '%s'", name,
                        backend.name != NULL ? backend.name : "");
    }
    if ((backend.caps & ~LWC_CAPS_KNOWN) != 0) {
        return lwc_fail(err, LWC_E_INVALID, "backend '%s' has unknown capabilities 0x%x", name,
                        backend.caps & ~LWC_CAPS_KNOWN);
    }
    if (backend.summary == NULL) {
        return lwc_fail(err, LWC_E_INVALID, "backend '%s' has no summary", name);
    }
    code = functions_check(&backend, err);
    if (code == LWC_OK) {
        *backend_out = backend;
    }
    return code;
}

static const struct lwc_backend *find_builtin(const char *name)
{
    for (size_t i = 0; lwc_builtin_backends[i] != NULL; i++) {
        if (lwc_streq(lwc_builtin_backends[i]->name, name)) {
            return lwc_builtin_backends[i];
        }
    }
    return NULL;
}

/* Compiled-in directory first; LWC_E_NOT_FOUND only if it is in neither. */
static enum lwc_code find_object(const char *name, const char *external_dir, const void **data_out,
                                 struct lwc_error *err)
{
    LWC_AUTO_FREE char *own_dir = NULL;
    char file[LWC_BACKEND_NAME_MAX + sizeof ".so"];
    enum lwc_code code;

    (void)snprintf(file, sizeof file, "%s.so", name);
    if (asprintf(&own_dir, "%s/backends", lwc_lib_dir) < 0) {
        own_dir = NULL;
        return lwc_fail_nomem(err);
    }
    code = object_open(own_dir, file, "lwc_backend", data_out, err);
    if (code == LWC_E_NOT_FOUND && lwc_is_set(external_dir)) {
        code = object_open(external_dir, file, "lwc_backend", data_out, err);
    }
    return code;
}

const char *lwc_module_external_dir(void)
{
    return secure_getenv("LWCRED_BACKEND_DIR");
}

enum lwc_code lwc_module_load(const char *name, bool external, struct lwc_backend *backend_out,
                              struct lwc_error *err)
{
    return lwc_module_load_from(name, external ? lwc_module_external_dir() : NULL, backend_out,
                                err);
}

enum lwc_code lwc_module_load_from(const char *name, const char *external_dir,
                                   struct lwc_backend *backend_out, struct lwc_error *err)
{
    struct lwc_error why = {0};
    const void *found = NULL;
    enum lwc_code code = name_check(name, &why);

    if (code == LWC_OK) {
        found = find_builtin(name);
    }
    if (code == LWC_OK && found == NULL) {
        code = find_object(name, external_dir, &found, &why);
    }
    if (code == LWC_E_NOT_FOUND) {
        code = lwc_fail(&why, LWC_E_UNAVAILABLE, "backend '%s' is not installed", name);
    }
    if (code == LWC_OK) {
        code = lwc_module_judge(found, name, backend_out, &why);
    }
    if (code != LWC_OK && err != NULL) {
        *err = why;
    }
    return code;
}
