/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_MODULE_BUILTIN_H
#define CORE_MODULE_BUILTIN_H

#include <lwcred/backend.h>

/*
 * Backends that are part of the library and no modules, up to a NULL: those that the warm path may
 * need, since loading a module costs more than all the rest of it.  They pass the same checks.
 */
extern const struct lwc_backend *const lwc_builtin_backends[];

#endif
