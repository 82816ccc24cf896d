/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_FILE_STORE_H
#define BACKENDS_FILE_STORE_H

#include <stddef.h>
#include <stdint.h>

#include <lwcred/backend.h>

#include "backends/file/format.h"
#include "backends/file/unlock.h"
#include "base/clock.h"
#include "base/error.h"

/*
 * An encrypted store file: credentials found, put, removed.
 *
 * MUST:
 *  1. Reading takes no lock, writes nothing beside the store and works on a read-only file
 *     system.
 *  2. Order of belief: magic, version, digest, structure, (unlock), MAC, records.
 *  3. Nothing is written to a store that was not authenticated under the lock, or that has
 *     features which this version does not know.
 *  4. Writing: lock, read again, build, replace atomically after the new file was read back and
 *     proved; the generation grows by one; the file before stays as NAME.prev.
 *  5. The master key is kept in locked memory until lwc_store_lock(), and is dropped when the
 *     file turns out to be another store.
 *  6. LWC_E_NOT_FOUND means that the store, as far as it is readable, holds no such identity;
 *     never that it could not be read.
 */
struct lwc_store;

/*
 * host    services; borrowed until lwc_store_free().
 * path    of the file; copied.
 * cost    of the passphrase of a store that is made.
 * clock   NULL: the system's.
 * random  NULL: lwc_random().
 */
struct lwc_store_options {
    const struct lwc_host *host;
    const char *path;
    struct lwc_format_cost cost;
    const struct lwc_clock *clock;
    lwc_random_fn *random;
};

/* Reads nothing.  @store_out is owned by the caller, lwc_store_free(). */
enum lwc_code lwc_store_new(const struct lwc_store_options *options, struct lwc_store **store_out,
                            struct lwc_error *err) LWC_RESULT;

/* Wipe and free; sets *store to NULL.  NULL and a pointer to NULL are allowed. */
void lwc_store_free(struct lwc_store **store);

/* The rest is as the functions of the same name in lwcred/backend.h say. */
enum lwc_code lwc_store_list(struct lwc_store *store, const struct lwc_visitor *visitor,
                             struct lwc_error *err) LWC_RESULT;
enum lwc_code lwc_store_find(struct lwc_store *store, const struct lwc_identity *query,
                             const struct lwc_sink *sink, struct lwc_error *err) LWC_RESULT;
enum lwc_code lwc_store_put(struct lwc_store *store, const struct lwc_identity *identity,
                            const void *secret, size_t len, uint32_t flags, struct lwc_error *err)
    LWC_RESULT;

/* An empty query is LWC_E_INVALID: nothing is removed by default. */
enum lwc_code lwc_store_remove(struct lwc_store *store, const struct lwc_identity *query,
                               struct lwc_error *err) LWC_RESULT;

/* LWC_E_NOT_FOUND if there is no store. */
enum lwc_code lwc_store_unlock(struct lwc_store *store, struct lwc_error *err) LWC_RESULT;

/* Forget the master key and any passphrase. */
void lwc_store_lock(struct lwc_store *store);

/*
 * Would reading (LWC_CAP_READ), or writing (LWC_CAP_STORE, LWC_CAP_ERASE), work now?  Unlocks,
 * or gets the passphrase of a store that is still to be made.  Makes nothing.
 */
enum lwc_code lwc_store_probe(struct lwc_store *store, uint32_t cap, struct lwc_error *err)
    LWC_RESULT;

/* Reports the state of the store, see check.h.  Neither unlocks nor writes. */
enum lwc_code lwc_store_report(struct lwc_store *store, const struct lwc_reporter *reporter,
                               struct lwc_error *err) LWC_RESULT;

#endif
