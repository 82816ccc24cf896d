/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_FILE_KEYSOURCE_H
#define BACKENDS_FILE_KEYSOURCE_H

#include <stdbool.h>

#include <lwcred/backend.h>

#include "base/buffer.h"
#include "base/error.h"

/*
 * Where a key file or a passphrase comes from.
 *
 * Settings: LWCRED_KEY_FILE names a key file; LWCRED_PASSPHRASE_FILE or LWCRED_PASSPHRASE_FD
 * gives the passphrase, less one LF or CRLF at its end; without these two the host's prompt is
 * asked.
 *
 * A file of ours that others can read, on a disk, is used with a warning; a mounted secret is not
 * ours, or lies in memory.
 *
 * MUST:
 *  1. A missing key file or passphrase file is never LWC_E_NOT_FOUND: the store may hold what is
 *     asked for, and a weaker one must not answer in its place.
 *  2. A key file is never made silently.
 *  3. A passphrase is never empty.
 *  4. A descriptor is read once, and what was read is kept until forgotten.
 */

#define LWC_PASSPHRASE_MAX 4096
#define LWC_KEY_FILE_MIN 32
#define LWC_KEY_FILE_MAX 65536

/*
 * host, path  borrowed; path names the store in questions.
 * passphrase  NULL, or what was read, or chosen for a new store.  lwc_keysource_forget().
 */
struct lwc_keysource {
    const struct lwc_host *host;
    const char *path;
    struct lwc_buf *passphrase;
    bool warned; /* of a file that others can read                                       */
};

void lwc_keysource_forget(struct lwc_keysource *source);

/* LWC_E_INVALID if passphrase file and descriptor are both set. */
enum lwc_code lwc_keysource_check(const struct lwc_keysource *source, struct lwc_error *err)
    LWC_RESULT;

/* The key file's path as set, or NULL.  Borrowed. */
const char *lwc_keysource_key_file_path(const struct lwc_keysource *source);

/* Read the key file, which must be set.  LWC_E_INVALID: missing, too short or too long. */
enum lwc_code lwc_keysource_key_file(struct lwc_keysource *source, struct lwc_buf **content_out,
                                     struct lwc_error *err) LWC_RESULT;

/* Returns whether a passphrase is given by file or descriptor, so that no person is asked. */
bool lwc_keysource_is_given(const struct lwc_keysource *source);

/* Reads the given passphrase into source->passphrase, unless that is set. */
enum lwc_code lwc_keysource_read(struct lwc_keysource *source, struct lwc_error *err) LWC_RESULT;

/*
 * Ask "@words PATH".
 *
 * @flags       enum lwc_prompt_flag.
 * @answer_out  owned by the caller; stays NULL if the answer was empty.
 * Returns LWC_OK, LWC_E_LOCKED with a hint if not interactive or the user declined, or another
 * failure of the host.
 */
enum lwc_code lwc_keysource_ask(const struct lwc_keysource *source, const char *words,
                                uint32_t flags, struct lwc_buf **answer_out, struct lwc_error *err)
    LWC_RESULT;

/*
 * Put the passphrase of a new store into source->passphrase, unless something is there: the
 * given one, else one that is asked for twice.  A short one is taken with a warning.
 */
enum lwc_code lwc_keysource_choose(struct lwc_keysource *source, struct lwc_error *err) LWC_RESULT;

#endif
