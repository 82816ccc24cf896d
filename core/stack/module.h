/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_STACK_MODULE_H
#define CORE_STACK_MODULE_H

#include <stdbool.h>
#include <stddef.h>

#include <lwcred/backend.h>

#include "base/error.h"

/*
 * Load backend @name: one that is linked in, else from the compiled-in directory, then, if
 * @external, from $LWCRED_BACKEND_DIR.  Modules stay loaded until the process ends.
 *
 * @backend_out  filled with the descriptor, cut or zero-extended to this version's size.
 * Returns LWC_OK; LWC_E_UNAVAILABLE if there is no such module; LWC_E_UNSAFE if its file or a
 * directory above it could be written by others; LWC_E_INVALID if it is no backend of this ABI.
 * Any thread.
 */
enum lwc_code lwc_module_load(const char *name, bool external, struct lwc_backend *backend_out,
                              struct lwc_error *err) LWC_RESULT;

/* The same with the directory of external modules at hand; NULL or "": none. */
enum lwc_code lwc_module_load_from(const char *name, const char *external_dir,
                                   struct lwc_backend *backend_out, struct lwc_error *err)
    LWC_RESULT;

/* $LWCRED_BACKEND_DIR, or NULL. */
const char *lwc_module_external_dir(void);

/* Is the text of @len bytes the name of a backend: 1 to 32 of a-z, 0-9 and '-'? */
bool lwc_module_name_ok(const char *name, size_t len);

/*
 * The canonical path of @dir/@file, an object of ours that may be loaded or run.
 *
 * @path_out  owned by the caller, free().
 * Returns LWC_OK; LWC_E_NOT_FOUND; else codes as above.
 */
enum lwc_code lwc_module_path(const char *dir, const char *file, char **path_out,
                              struct lwc_error *err) LWC_RESULT;

/*
 * Load the object @dir/@file, after the checks of module.c, and look up data symbol @symbol in
 * it.  Codes as above.
 */
enum lwc_code lwc_module_object(const char *dir, const char *file, const char *symbol,
                                const void **data_out, struct lwc_error *err) LWC_RESULT;

/*
 * Judge a descriptor that was found under @name and copy what both sides know of it.  Separate
 * from loading, so that built-in descriptors pass the same checks.
 */
enum lwc_code lwc_module_judge(const struct lwc_backend *found, const char *name,
                               struct lwc_backend *backend_out, struct lwc_error *err) LWC_RESULT;

#endif
