/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_LACEWORK_CLI_PROFILES_H
#define BACKENDS_LACEWORK_CLI_PROFILES_H

#include <stdbool.h>
#include <stddef.h>

#include <lwcred/backend.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/identity.h"

/*
 * The profiles of a ~/.lacework.toml, as the Lacework CLI reads it: a table is a profile, its name
 * that of the table ("a.b" for [a.b] and ["a.b"]), keys at the top are the profile "default", and
 * "organization" at the top holds for all.  Names of keys are the same in any case.
 *
 * MUST:
 *  1. Nothing is a guess: a profile, or a key of one, that is there twice is no answer.
 *  2. A secret goes to the account of its own table only.
 *  3. No message holds a value that may be a secret, in whichever key it stands.
 */

#define LWC_PROFILES_MAX 1000

struct lwc_profiles;

/*
 * Parse @text, a file that messages call @path.
 *
 * @profiles_out  owned by the caller, who frees it with lwc_profiles_free().
 * Returns LWC_OK; LWC_E_INVALID with @path, line and column; LWC_E_IO without memory.
 */
enum lwc_code lwc_profiles_parse(const char *path, const struct lwc_buf *text,
                                 struct lwc_profiles **profiles_out, struct lwc_error *err)
    LWC_RESULT;

/* Wipes and frees; sets *profiles to NULL.  NULL and a pointer to NULL are allowed. */
void lwc_profiles_free(struct lwc_profiles **profiles);
#define LWC_AUTO_PROFILES LWC_AUTO(struct lwc_profiles *, lwc_profiles_free)

size_t lwc_profiles_count(const struct lwc_profiles *profiles);

/* The name as it stands in the file, cut to fit: for comparison, not to be shown. */
const char *lwc_profiles_name(const struct lwc_profiles *profiles, size_t number);

/*
 * The identity of profile @number.  Returns LWC_OK; LWC_E_NOT_FOUND with the reason, which names
 * file and line, if the profile is no answer: incomplete, or not as it must be.
 */
enum lwc_code lwc_profiles_identity(const struct lwc_profiles *profiles, size_t number,
                                    struct lwc_identity_copy *identity_out, struct lwc_error *err)
    LWC_RESULT;

/*
 * Returns whether profile @number has an empty secret, as lwc_profiles_empty() leaves it: no fault,
 * for it is kept elsewhere.
 */
bool lwc_profiles_is_emptied(const struct lwc_profiles *profiles, size_t number);

/*
 * Gives the name @name to the one profile whose own name cannot be used here, of @account (a
 * canonical host) if that is not NULL.  Does nothing if there is none, or if there are several.
 */
void lwc_profiles_rename(struct lwc_profiles *profiles, const char *account, const char *name);

/*
 * Append @text, which @profiles was parsed from, to @edited, without the secrets of profile
 * @number; see edit.h.
 */
enum lwc_code lwc_profiles_empty(const struct lwc_profiles *profiles, size_t number,
                                 const struct lwc_buf *text, struct lwc_buf *edited,
                                 struct lwc_error *err) LWC_RESULT;

/*
 * Hand the secret of profile @number, of which @identity is the identity, over to @sink.  A secret
 * that cannot be one is LWC_E_INVALID.
 */
enum lwc_code lwc_profiles_secret(const struct lwc_profiles *profiles, size_t number,
                                  const struct lwc_identity *identity, const struct lwc_sink *sink,
                                  struct lwc_error *err) LWC_RESULT;

#endif
