/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_HELPER_KEY_FORMAT_H
#define PLUGINS_HELPER_KEY_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * How access keys look, as far as is known.  Beyond the alphabet nothing is published, so an odd
 * shape earns a warning; only what is surely a slip of the hand is refused.
 */

/* "ACME_0123456789ABCDEF" (prefix, hexadecimal digits), or a UUID. */
bool lwc_key_id_is_usual(const char *key_id);

/* "_" and 32 more; keys whose id is a UUID have other secrets, of 30 bytes at least. */
bool lwc_key_secret_is_usual(const char *key_id, const void *secret, size_t len);

/*
 * Refuse (LWC_E_INVALID) a label pasted along ("keyId: ...") and a key id or a secret in the
 * other's place.  Either may be NULL: not known yet.
 */
enum lwc_code lwc_key_slip_check(const char *key_id, const char *secret, struct lwc_error *err)
    LWC_RESULT;

#endif
