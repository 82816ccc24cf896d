/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_MODULE_NEEDS_H
#define CORE_MODULE_NEEDS_H

#include <stdbool.h>

#include <lwcred/backend.h>

#include "base/error.h"

/*
 * The needs of a backend (lwc_backend.needs in lwcred/backend.h), checked without the backend: an
 * absent one costs a look at the environment and a stat(2) in place of a process.
 */

/* Is @text "WHAT: WORD ..." with words NAME or NAME/FILE?  NAME is made of A-Z, 0-9 and '_'. */
bool lwc_needs_are_valid(const char *text);

/*
 * Returns LWC_OK where @backend needs nothing, or one of its needs is there or cannot be looked at;
 * else LWC_E_UNAVAILABLE.
 *
 * @backend  a judged descriptor.
 * @host     for the settings.
 */
enum lwc_code lwc_needs_check(const struct lwc_backend *backend, const struct lwc_host *host,
                              struct lwc_error *err) LWC_RESULT;

#endif
