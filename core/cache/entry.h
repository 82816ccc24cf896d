/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CACHE_ENTRY_H
#define CORE_CACHE_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lwcred/types.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/identity.h"
#include "cache/dependency.h"

/*
 * A cache entry, as a value and as bytes.  Two kinds:
 *
 *   LWC_ENTRY_TOKEN   a token and its life, named by the credential that it was made with;
 *   LWC_ENTRY_ANSWER  the answer to a query, named by all that decided it: the credential
 *                     (identity, source), the token entry, and the files and settings that must
 *                     not have changed since.  Holds nothing secret.
 *
 * No byte of an entry counts before lwc_entry_decode() has checked all of them: magic, version,
 * every length, names, b64token, exact end.
 */

#define LWC_ENTRY_MAX ((size_t)32 * 1024)

enum lwc_entry_kind { LWC_ENTRY_TOKEN = 1, LWC_ENTRY_ANSWER = 2 };

/*
 * boot_id       of the boot in which the entry was made.
 * identity      of the credential; source: backend that held the credential.
 * text          the token; NULL in an answer.  Owned.
 * lifetime_s    of the token at sent_boot_ms on the boot clock; ttl_s was requested.  Of an
 *               answer: its life, or 0: as long as its token.
 * sent_wall_s   the wall clock at sent_boot_ms.
 * target        of an answer: name of the token entry.
 * scope         of an answer: hash of all that decided it beside the query, as hex.
 * dependencies     of an answer.  Owned.
 */
struct lwc_entry {
    enum lwc_entry_kind kind;
    char boot_id[LWC_BOOT_ID_LEN + 1];
    struct lwc_identity_copy identity;
    char source[LWC_BACKEND_NAME_MAX + 1];
    struct lwc_buf *text;
    int64_t lifetime_s;
    int64_t ttl_s;
    int64_t sent_boot_ms;
    int64_t sent_wall_s;
    char target[LWC_HASH_HEX_LEN];
    char scope[LWC_HASH_HEX_LEN];
    struct lwc_dependencies dependencies;
};

#define LWC_AUTO_ENTRY LWC_AUTO(struct lwc_entry *, lwc_entry_free)

/* Wipes and frees the entry, sets *entry to NULL.  NULL is allowed. */
void lwc_entry_free(struct lwc_entry **entry);

/* Writes the bytes of @entry to @out, which is reset first. */
enum lwc_code lwc_entry_encode(const struct lwc_entry *entry, struct lwc_buf *out,
                               struct lwc_error *err) LWC_RESULT;

/* @entry_out  owned by the caller, lwc_entry_free().  LWC_E_CORRUPT for bytes of no entry. */
enum lwc_code lwc_entry_decode(const void *bytes, size_t len, struct lwc_entry **entry_out,
                               struct lwc_error *err) LWC_RESULT;

#endif
