/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_MODULE_DESCRIPTOR_H
#define CORE_MODULE_DESCRIPTOR_H

#include <lwcred/backend.h>

#include "base/crypto.h"
#include "base/error.h"
#include "module/elf.h"

/*
 * The descriptor of a backend, read from a file, and checked there and in memory.
 *
 * MUST:
 *  1. No code of the module runs.
 *  2. Checks come in this order: ABI and size, before any member behind them is read; name,
 *     capabilities, summary; the mandatory functions and those that the capabilities promise.
 *  3. The loaded descriptor must be the same: LWC_E_INVALID otherwise.
 */

/*
 * The @backend of a module that is not loaded.  Its texts lie beside it, so that it must not be
 * copied.  Its functions must not be called; those that the module lacks are NULL.
 */
struct lwc_descriptor {
    struct lwc_backend backend;
    char name[LWC_BACKEND_NAME_MAX + 1];
    char summary[LWC_BACKEND_SUMMARY_MAX + 1];
    char needs[LWC_BACKEND_NEEDS_MAX + 1];
};

/*
 * Reads the descriptor of backend @name, a valid name, from @elf, the file at @path, and checks it.
 *
 * @descriptor  filled, and of use only if LWC_OK is returned.
 * Returns LWC_OK; LWC_E_INVALID if there is none for a host of this ABI.
 */
enum lwc_code lwc_descriptor_read(const struct lwc_elf *elf, const char *path, const char *name,
                                  struct lwc_descriptor *descriptor, struct lwc_error *err)
    LWC_RESULT;

/*
 * Checks a descriptor in memory that was found under @name.
 *
 * @backend_out  the descriptor, cut or zero-extended to this version's size.
 */
enum lwc_code lwc_descriptor_check(const struct lwc_backend *found, const char *name,
                                   struct lwc_backend *backend_out, struct lwc_error *err)
    LWC_RESULT;

/*
 * Refuses, with LWC_E_INVALID, a checked descriptor @loaded other than the one @read from the file.
 */
enum lwc_code lwc_descriptor_agree(const struct lwc_descriptor *read,
                                   const struct lwc_backend *loaded, struct lwc_error *err)
    LWC_RESULT;

/* Writes the hash of a checked descriptor: its numbers, texts and set of functions. */
void lwc_descriptor_hash(const struct lwc_backend *backend,
                         char print_out[static LWC_HASH_HEX_LEN]);

#endif
