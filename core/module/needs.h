/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_MODULE_NEEDS_H
#define CORE_MODULE_NEEDS_H

#include <stdbool.h>

#include <lwcred/backend.h>

#include "base/error.h"

/*
 * The needs of a backend (lwc_backend.needs in lwcred/backend.h), checked without the backend:
 * where they are not met, a getenv(3) and a stat(2) replace a process.
 */

/*
 * Returns whether @text is "WHAT: WORD ..." with words NAME or NAME/FILE, NAME of A-Z, 0-9 and '_'.
 */
bool lwc_needs_are_valid(const char *text);

/*
 * Returns LWC_OK if @backend needs nothing, or if one of its needs is met or cannot be examined;
 * else LWC_E_UNAVAILABLE.
 *
 * @backend  a checked descriptor.
 * @host     for the settings.
 */
enum lwc_code lwc_needs_check(const struct lwc_backend *backend, const struct lwc_host *host,
                              struct lwc_error *err) LWC_RESULT;

#endif
