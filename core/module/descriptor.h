/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_MODULE_DESCRIPTOR_H
#define CORE_MODULE_DESCRIPTOR_H

#include <lwcred/backend.h>

#include "base/crypto.h"
#include "base/error.h"
#include "module/elf.h"

/*
 * The descriptor of a backend: read out of a file, and judged, wherever it was found.
 *
 * MUST:
 *  1. No code of the module runs for it.
 *  2. It is judged in this order: ABI and size, before anything behind them is looked at; name,
 *     capabilities, summary; the mandatory functions and those that the capabilities promise.
 *  3. What the loader makes of it must be the same: LWC_E_INVALID otherwise.
 */

/*
 * @backend of a module that is not loaded: its texts lie beside it, so that it must not be copied;
 * its functions cannot be called, but for those that the module lacks they are NULL.
 */
struct lwc_descriptor {
    struct lwc_backend backend;
    char name[LWC_BACKEND_NAME_MAX + 1];
    char summary[LWC_BACKEND_SUMMARY_MAX + 1];
    char needs[LWC_BACKEND_NEEDS_MAX + 1];
};

/*
 * Read the descriptor of backend @name, a valid name, out of @elf, a file at @path, and judge it.
 *
 * @descriptor  filled, and of use only if LWC_OK is returned.
 * Returns LWC_OK; LWC_E_INVALID if there is none, or none that a host of this ABI can use.
 */
enum lwc_code lwc_descriptor_read(const struct lwc_elf *elf, const char *path, const char *name,
                                  struct lwc_descriptor *descriptor, struct lwc_error *err)
    LWC_RESULT;

/*
 * Judge a descriptor in memory that was found under @name.
 *
 * @backend_out  what both sides know of it: cut or zero-extended to this version's size.
 */
enum lwc_code lwc_descriptor_judge(const struct lwc_backend *found, const char *name,
                                   struct lwc_backend *backend_out, struct lwc_error *err)
    LWC_RESULT;

/* Is the judged descriptor @loaded the one that was read out of the file? */
enum lwc_code lwc_descriptor_agree(const struct lwc_descriptor *read,
                                   const struct lwc_backend *loaded, struct lwc_error *err)
    LWC_RESULT;

/* The print of a judged descriptor: the same for the same numbers, texts and set of functions. */
void lwc_descriptor_print(const struct lwc_backend *backend,
                          char print_out[static LWC_HASH_HEX_LEN]);

#endif
