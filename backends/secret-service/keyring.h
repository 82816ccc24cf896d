/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_SECRET_SERVICE_KEYRING_H
#define BACKENDS_SECRET_SERVICE_KEYRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lwcred/backend.h>

#include "backends/secret-service/items.h"
#include "base/buffer.h"
#include "base/error.h"

/*
 * A collection of the user's keyring, over the Secret Service API.
 *
 * MUST:
 *  1. Nothing waits longer than the time limit, nor than the caller; a question on the screen,
 *     not longer than the caller.
 *  2. No bus is started, and the bus of another user is not used.
 *  3. Nothing is unlocked but by lwc_keyring_unlock(); no window is shown where the user may not
 *     be asked or cannot see it.
 *  4. Secrets travel encrypted where the keyring offers it, and lie in memory that is wiped.
 *  5. What is locked is never reported as absent.
 *  6. The number of calls does not grow with items of other profiles than the one searched for;
 *     the number of round trips grows with no item.
 *
 * All calls stand between lwc_keyring_enter() and lwc_keyring_leave().
 */
struct lwc_keyring;

/* Options of lwc_keyring_new(); @host and @collection are borrowed until the free. */
struct lwc_keyring_options {
    const struct lwc_host *host;
    const char *collection; /* alias, path or label; NULL: that of alias "default" */
    int64_t timeout_ms;
};

#define LWC_AUTO_KEYRING LWC_AUTO(struct lwc_keyring *, lwc_keyring_free)

/* Connects to nothing. */
enum lwc_code lwc_keyring_new(const struct lwc_keyring_options *options,
                              struct lwc_keyring **keyring_out, struct lwc_error *err) LWC_RESULT;
void lwc_keyring_free(struct lwc_keyring **keyring);

/*
 * Start the clock, connect if need be, and look up the collection.  LWC_E_UNAVAILABLE: no bus, no
 * keyring on it, no such collection.  LWC_E_FAILED: it ended, answered with an error or not in
 * time.  LWC_E_DENIED: bus or keyring refuse the call.  LWC_E_UNSAFE: the bus is another user's.
 */
enum lwc_code lwc_keyring_enter(struct lwc_keyring *keyring, struct lwc_error *err) LWC_RESULT;
/* Does nothing outside, or where @keyring is NULL. */
void lwc_keyring_leave(struct lwc_keyring *keyring);

/* Is the collection locked, as of the last enter or unlock?  So is one that is not known yet. */
bool lwc_keyring_is_locked(const struct lwc_keyring *keyring);

/*
 * Unlocks the collection, or an item of it; the keyring asks the user if it must and may.
 * LWC_E_LOCKED: not interactive, no answer, or the user declined.
 */
enum lwc_code lwc_keyring_unlock(struct lwc_keyring *keyring, const struct lwc_item *item,
                                 struct lwc_error *err) LWC_RESULT;
enum lwc_code lwc_keyring_lock(struct lwc_keyring *keyring, struct lwc_error *err) LWC_RESULT;

/* Fails with LWC_E_LOCKED; the text names the collection and why no person is asked. */
enum lwc_code lwc_keyring_locked(const struct lwc_keyring *keyring, struct lwc_error *err)
    LWC_RESULT;

/*
 * Finds the items of ours of @profile, or all of ours where it is NULL; others with our attributes
 * are traced and left out.
 */
enum lwc_code lwc_keyring_search(struct lwc_keyring *keyring, const char *profile,
                                 struct lwc_items *items_out, struct lwc_error *err) LWC_RESULT;
void lwc_keyring_clear(struct lwc_items *items);

/* The line that is kept in an item. */
enum lwc_code lwc_keyring_load(struct lwc_keyring *keyring, const struct lwc_item *item,
                               struct lwc_buf **line_out, struct lwc_error *err) LWC_RESULT;

/* A new item; or another line for an item.  All or nothing. */
enum lwc_code lwc_keyring_create(struct lwc_keyring *keyring, const struct lwc_identity *id,
                                 const struct lwc_buf *line, struct lwc_error *err) LWC_RESULT;
enum lwc_code lwc_keyring_update(struct lwc_keyring *keyring, const struct lwc_item *item,
                                 const struct lwc_buf *line, struct lwc_error *err) LWC_RESULT;
enum lwc_code lwc_keyring_delete(struct lwc_keyring *keyring, const struct lwc_item *item,
                                 struct lwc_error *err) LWC_RESULT;

#endif
