/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MUST:
 *  1. A module is named, never given by path; the name has no character of a path.
 *  2. The directories on the way and the file are root's or ours, writable by no other user
 *     (base/safefile.h), checked before dlopen(), which runs constructors.  dlopen() opens the file
 *     again by its path: only root and we could have put another file there.
 *  3. The file is regular, and an object for this machine with all of its segments (elf.h),
 *     before dlopen() sees it.
 *  4. A backend's descriptor is read from that file and checked (descriptor.h) before dlopen() sees
 *     it, too.  A backend that may block is not loaded for a caller: its constructors, and those of
 *     its libraries, run in its host only.
 *  5. dlopen() gets the canonical absolute path: RTLD_NOW, RTLD_LOCAL, RTLD_NODELETE.  An object
 *     of this build is linked with -z now: RTLD_LAZY leaves its own calls bound at once, and those
 *     of the system's libraries behind it as they are in any other program.
 *  6. No function of a loaded descriptor is called before it was checked as well, and found to be
 *     the one in the file.
 */
#include "module/module.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/identity.h"
#include "base/paths.h"
#include "base/safefile.h"
#include "base/text.h"
#include "module/builtin.h"
#include "module/elf.h"

static enum lwc_code name_check(const char *name, struct lwc_error *err)
{
    if (!lwc_backend_name_is_valid(name, strlen(name))) {
        return lwc_fail(err, LWC_E_INVALID, "backend name: 1 to %d of a-z, 0-9 and '-' expected",
                        LWC_BACKEND_NAME_MAX);
    }
    return LWC_OK;
}

/* An object of ours, found and checked, not loaded. */
struct object {
    int fd;
    char *path; /* canonical */
    struct lwc_elf elf;
};

#define OBJECT_NONE \
    {               \
        .fd = -1    \
    }

static void object_close(struct object *object)
{
    lwc_auto_close_(&object->fd);
    free(object->path);
}
#define AUTO_OBJECT LWC_AUTO(struct object, object_close)

/* Fills @object, in part also on failure.  Returns LWC_E_NOT_FOUND if the file is missing. */
static enum lwc_code object_open(const char *dir, const char *file, struct object *object,
                                 struct lwc_error *err)
{
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    LWC_AUTO_FREE char *named = NULL;
    enum lwc_code code;

    if (asprintf(&named, "%s/%s", dir, file) < 0) {
        named = NULL;
        return lwc_fail_nomem(err);
    }
    if ((code = lwc_path_resolve(named, &path, err)) != LWC_OK ||
        (code = lwc_path_unshared_check(&path, err)) != LWC_OK ||
        (code = lwc_file_open(&path, LWC_TRUST_CONTENT, &object->fd, NULL, err)) != LWC_OK) {
        return code;
    }
    if (asprintf(&object->path, "%s/%s", path.dir, path.name) < 0) {
        object->path = NULL;
        return lwc_fail_nomem(err);
    }
    return lwc_elf_check(object->fd, object->path, &object->elf, err);
}

/*
 * Fails with the loader's text, which ends in its strerror().  Lack of memory or descriptors is no
 * fault of the object.
 */
static enum lwc_code fail_load(const char *path, const char *why, struct lwc_error *err)
{
    static const int passing[] = {EMFILE, ENFILE, ENOMEM, EIO};
    const size_t len = strlen(why);
    int sys = strcasestr(why, "out of memory") != NULL ? ENOMEM : 0;

    for (size_t i = 0; i < LWC_ARRAY_LEN(passing); i++) {
        char text[128];
        const char *end = strerror_r(passing[i], text, sizeof text);
        const size_t end_len = strlen(end);

        if (end_len > 0 && end_len <= len && lwc_streq(why + len - end_len, end)) {
            sys = passing[i];
        }
    }
    lwc_describe(err, sys != 0 ? LWC_E_IO : LWC_E_INVALID, "cannot load '%s': %s", path, why);
    if (err != NULL) {
        err->sys = sys;
    }
    return sys != 0 ? LWC_E_IO : LWC_E_INVALID;
}

static enum lwc_code object_load(const struct object *object, int binding, const char *symbol,
                                 const void **data_out, struct lwc_error *err)
{
    void *loaded = dlopen(object->path, binding | RTLD_LOCAL | RTLD_NODELETE);
    const void *data = NULL;

    if (loaded == NULL) {
        return fail_load(object->path, dlerror(), err);
    }
    data = dlsym(loaded, symbol);
    if (data == NULL) {
        return lwc_fail(err, LWC_E_INVALID, "'%s' has no symbol '%s'", object->path, symbol);
    }
    *data_out = data;
    return LWC_OK;
}

enum lwc_code lwc_module_path(const char *dir, const char *file, char **path_out,
                              struct lwc_error *err)
{
    AUTO_OBJECT object = OBJECT_NONE;
    enum lwc_code code = object_open(dir, file, &object, err);

    if (code == LWC_OK) {
        *path_out = LWC_TAKE(object.path);
    }
    return code;
}

enum lwc_code lwc_module_object(const char *dir, const char *file, const char *symbol,
                                const void **data_out, struct lwc_error *err)
{
    AUTO_OBJECT object = OBJECT_NONE;
    enum lwc_code code = object_open(dir, file, &object, err);

    if (code == LWC_E_NOT_FOUND) {
        return lwc_fail(err, LWC_E_UNAVAILABLE, "'%s/%s' is not installed", dir, file);
    }
    return code == LWC_OK ? object_load(&object, RTLD_LAZY, symbol, data_out, err) : code;
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

/* Reads the descriptor from the file and loads nothing.  LWC_E_NOT_FOUND if the file is missing. */
static enum lwc_code backend_open(const char *dir, const char *name, struct object *object,
                                  struct lwc_descriptor *descriptor, struct lwc_error *err)
{
    char file[LWC_BACKEND_NAME_MAX + sizeof ".so"];
    enum lwc_code code;

    (void)snprintf(file, sizeof file, "%s.so", name);
    code = object_open(dir, file, object, err);
    if (code == LWC_OK) {
        code = lwc_descriptor_read(&object->elf, object->path, name, descriptor, err);
    }
    return code;
}

/* Searches the compiled-in directory first.  LWC_E_UNAVAILABLE if the module is in neither. */
static enum lwc_code backend_find(const char *name, const char *external_dir, struct object *object,
                                  struct lwc_descriptor *descriptor, struct lwc_error *err)
{
    LWC_AUTO_FREE char *own_dir = NULL;
    struct lwc_error why = {0};
    enum lwc_code code;

    if (asprintf(&own_dir, "%s/backends", lwc_lib_dir) < 0) {
        own_dir = NULL;
        return lwc_fail_nomem(err);
    }
    code = backend_open(own_dir, name, object, descriptor, &why);
    if (code == LWC_E_NOT_FOUND && lwc_is_set(external_dir)) {
        if (external_dir[0] != '/') { /* a backend host has another current directory */
            return lwc_fail(err, LWC_E_INVALID, "LWCRED_BACKEND_DIR: '%s' is no absolute path",
                            external_dir);
        }
        code = backend_open(external_dir, name, object, descriptor, &why);
    }
    if (code == LWC_E_NOT_FOUND) {
        return lwc_fail(err, LWC_E_UNAVAILABLE, "backend '%s' is not installed", name);
    }
    return lwc_error_pass(err, code, &why);
}

/* Loads a module, and refuses one whose descriptor is not the one in its file. */
static enum lwc_code backend_load(const struct object *object,
                                  const struct lwc_descriptor *descriptor,
                                  struct lwc_backend *backend_out, struct lwc_error *err)
{
    struct lwc_backend backend = {0};
    const void *found = NULL;
    enum lwc_code code = object_load(object, RTLD_NOW, "lwc_backend", &found, err);

    if (code == LWC_OK) {
        code = lwc_descriptor_check(found, descriptor->name, &backend, err);
    }
    if (code == LWC_OK) {
        code = lwc_descriptor_agree(descriptor, &backend, err);
    }
    if (code == LWC_OK) {
        *backend_out = backend;
    }
    return code;
}

bool lwc_module_is_builtin(const char *name)
{
    return find_builtin(name) != NULL;
}

const char *lwc_module_external_dir(void)
{
    return secure_getenv("LWCRED_BACKEND_DIR");
}

/* Reads a backend, and loads it unless it has one of the capabilities @unloaded. */
static enum lwc_code backend_take(const char *name, const char *external_dir, uint32_t unloaded,
                                  struct lwc_descriptor *descriptor, struct lwc_error *err)
{
    AUTO_OBJECT object = OBJECT_NONE;
    const struct lwc_backend *builtin = NULL;
    enum lwc_code code = name_check(name, err);

    if (code != LWC_OK) {
        return code;
    }
    builtin = find_builtin(name);
    if (builtin != NULL) {
        return lwc_descriptor_check(builtin, name, &descriptor->backend, err);
    }
    code = backend_find(name, external_dir, &object, descriptor, err);
    if (code != LWC_OK || (descriptor->backend.caps & unloaded) != 0) {
        return code;
    }
    return backend_load(&object, descriptor, &descriptor->backend, err);
}

enum lwc_code lwc_module_use(const char *name, bool external, struct lwc_descriptor *descriptor,
                             struct lwc_error *err)
{
    return backend_take(name, external ? lwc_module_external_dir() : NULL, LWC_CAP_BLOCKING,
                        descriptor, err);
}

enum lwc_code lwc_module_load(const char *name, const char *external_dir,
                              struct lwc_backend *backend_out, struct lwc_error *err)
{
    struct lwc_descriptor descriptor = {0};
    enum lwc_code code = backend_take(name, external_dir, 0, &descriptor, err);

    if (code == LWC_OK) {
        *backend_out = descriptor.backend;
    }
    return code;
}

enum lwc_code lwc_module_load_at(const char *dir, const char *name, struct lwc_backend *backend_out,
                                 struct lwc_error *err)
{
    AUTO_OBJECT object = OBJECT_NONE;
    struct lwc_descriptor descriptor = {0};
    enum lwc_code code = name_check(name, err);

    if (code == LWC_OK) {
        code = backend_open(dir, name, &object, &descriptor, err);
    }
    return code == LWC_OK ? backend_load(&object, &descriptor, backend_out, err) : code;
}
