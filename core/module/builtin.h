/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_MODULE_BUILTIN_H
#define CORE_MODULE_BUILTIN_H

#include <lwcred/backend.h>

/*
 * Backends linked into the library, up to a NULL: the ones that a cached answer may need, where
 * loading a module would cost more than all the rest.  They pass the same checks as modules.
 */
extern const struct lwc_backend *const lwc_builtin_backends[];

#endif
