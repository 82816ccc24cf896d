/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_FILE_UNLOCK_H
#define BACKENDS_FILE_UNLOCK_H

#include <lwcred/backend.h>

#include "backends/file/contents.h"
#include "base/buffer.h"
#include "base/error.h"

/*
 * The slots of a store: from a key file or a passphrase to the master key, and a new store's
 * first slot.
 *
 * An existing store is tried with the key file first; one that opens no slot is an error unless
 * a passphrase is given by file or descriptor as well.  A new store gets one slot: for the key
 * file if one is set, else for a passphrase.
 */

/* Where nonces, salts, ids and keys come from: lwc_random(), or a test's own. */
typedef void lwc_random_fn(void *bytes, size_t len);

struct lwc_unlock;

/*
 * Make an unlocker for the store at @path (for prompts and messages).  Reads nothing.
 *
 * @host, @path, @random  borrowed until lwc_unlock_free().
 * @unlock_out            owned by the caller.
 */
enum lwc_code lwc_unlock_new(const struct lwc_host *host, const char *path, lwc_random_fn *random,
                             struct lwc_unlock **unlock_out, struct lwc_error *err) LWC_RESULT;

/* Wipe and free; sets *unlock to NULL.  NULL and a pointer to NULL are allowed. */
void lwc_unlock_free(struct lwc_unlock **unlock);

/* Forget a passphrase that was read or typed. */
void lwc_unlock_forget(struct lwc_unlock *unlock);

/*
 * Get the master key of an existing store, which proves the store authentic: a slot whose master
 * key does not fit the MAC counts as not opened, so that a forged slot tells nothing about a
 * passphrase.
 *
 * @master_out  owned by the caller.
 * Returns LWC_OK; LWC_E_LOCKED (nothing set, not interactive); LWC_E_DENIED (wrong key file, or
 * wrong passphrase or changed store); LWC_E_CORRUPT (the key file opens a slot of a store that is
 * not authentic); LWC_E_INVALID (settings); LWC_E_TOO_NEW (no slot of a known type);
 * LWC_E_UNSAFE; LWC_E_IO; LWC_E_FAILED (no time left for the next slot).  May prompt.
 */
enum lwc_code lwc_unlock_open(struct lwc_unlock *unlock, const struct lwc_contents *contents,
                              struct lwc_buf **master_out, struct lwc_error *err) LWC_RESULT;

/*
 * Get ready for lwc_unlock_enrol(): ask for the new passphrase, twice, or look at the key file.
 * What was typed is kept until it is used or forgotten.
 */
enum lwc_code lwc_unlock_prepare(struct lwc_unlock *unlock, struct lwc_error *err) LWC_RESULT;

/* A slot and its body. */
struct lwc_unlock_slot {
    struct lwc_format_slot slot;
    uint8_t body[LWC_FORMAT_PASS_LEN];
};

/*
 * Make the slot of a new store.
 *
 * @cost      of the passphrase.
 * @store     id and key epoch of the store.
 * @slot_out  its slot.body points into itself: do not copy it.  Opened again for a test.
 * Returns LWC_OK or as lwc_unlock_open().  May prompt.
 */
enum lwc_code lwc_unlock_enrol(struct lwc_unlock *unlock, struct lwc_format_cost cost,
                               const struct lwc_store_format *store, const struct lwc_buf *master,
                               struct lwc_unlock_slot *slot_out, struct lwc_error *err) LWC_RESULT;

#endif
