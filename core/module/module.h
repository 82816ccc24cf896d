/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_MODULE_MODULE_H
#define CORE_MODULE_MODULE_H

#include <stdbool.h>
#include <stddef.h>

#include <lwcred/backend.h>

#include "base/error.h"
#include "module/descriptor.h"

/*
 * Finds the backend @name for a process that will use it: linked in, else in the compiled-in
 * directory, then, if @external, in $LWCRED_BACKEND_DIR.
 *
 * A backend with LWC_CAP_BLOCKING is read, not loaded: remote/client.h runs it.  Any other is
 * loaded until the process ends.
 *
 * @descriptor  filled, and of use only if LWC_OK is returned; not to be copied.
 * Returns LWC_OK; LWC_E_UNAVAILABLE if there is no such module; LWC_E_UNSAFE if
 * other users can write its file or a directory above it; LWC_E_INVALID if it is no backend of this
 * ABI.
 * Any thread.
 */
enum lwc_code lwc_module_use(const char *name, bool external, struct lwc_descriptor *descriptor,
                             struct lwc_error *err) LWC_RESULT;

/*
 * Loads the backend @name into this process, even with LWC_CAP_BLOCKING: for backend hosts and
 * tests.
 *
 * @external_dir  searched after the compiled-in directory; NULL or "": none.
 * @backend_out   its descriptor, cut or zero-extended to this version's size.
 */
enum lwc_code lwc_module_load(const char *name, const char *external_dir,
                              struct lwc_backend *backend_out, struct lwc_error *err) LWC_RESULT;

/* As lwc_module_load(), from the directory @dir only.  LWC_E_NOT_FOUND if it is missing. */
enum lwc_code lwc_module_load_at(const char *dir, const char *name, struct lwc_backend *backend_out,
                                 struct lwc_error *err) LWC_RESULT;

/* Returns $LWCRED_BACKEND_DIR, or NULL. */
const char *lwc_module_external_dir(void);

/* Returns whether backend @name is linked in: a module of that name is never looked for. */
bool lwc_module_is_builtin(const char *name);

/*
 * Finds the canonical path of @dir/@file, an object of ours that may be loaded or run.
 *
 * @path_out  owned by the caller, free().
 * Returns LWC_OK; LWC_E_NOT_FOUND; else as lwc_module_use().
 */
enum lwc_code lwc_module_path(const char *dir, const char *file, char **path_out,
                              struct lwc_error *err) LWC_RESULT;

/*
 * Loads the object @dir/@file, after the checks of module.c, and finds the data symbol @symbol in
 * it.  Returns codes as lwc_module_use().
 */
enum lwc_code lwc_module_object(const char *dir, const char *file, const char *symbol,
                                const void **data_out, struct lwc_error *err) LWC_RESULT;

#endif
