/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_HELPER_KEY_FORMAT_H
#define PLUGINS_HELPER_KEY_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * Known forms of access keys.  Only their alphabet is published: an unusual form is a warning, and
 * only obvious mistakes are refused.
 */

/* True for "ACME_0123456789ABCDEF" (prefix, hexadecimal digits) and for a UUID. */
bool lwc_key_id_is_usual(const char *key_id);

/* True for "_" and 32 more; with a UUID as key id, for 30 bytes or more. */
bool lwc_key_secret_is_usual(const char *key_id, const void *secret, size_t len);

/*
 * Refuses (LWC_E_INVALID) a label pasted along ("keyId: ...") and swapped key id and secret.
 * Either may be NULL: not known yet.
 */
enum lwc_code lwc_key_slip_check(const char *key_id, const char *secret, struct lwc_error *err)
    LWC_RESULT;

#endif
