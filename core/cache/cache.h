/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CACHE_CACHE_H
#define CORE_CACHE_CACHE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "cache/entry.h"
#include "conf/conf.h"

/*
 * The token cache: entries by name, in the first place that works.  An unreadable, wrong or damaged
 * entry is a miss and is removed, never an error.
 */

/*
 * sealing  bytes with which an entry on a disk is sealed, known without asking a person: the secret
 *          of a credential from the environment.  NULL: nothing is sealed.  Borrowed.
 */
struct lwc_cache {
    enum lwc_cache_mode mode;
    const struct lwc_buf *sealing;
};

/*
 * Reads entry @name of kind @kind from the places that @cache allows, in their order: keyring,
 * runtime directory, sealed; answers from the runtime directory first.
 *
 * @entry_out  owned by the caller.
 * Returns LWC_OK or LWC_E_NOT_FOUND.
 */
enum lwc_code lwc_cache_read(const struct lwc_cache *cache, const char *name,
                             enum lwc_entry_kind kind, struct lwc_entry **entry_out) LWC_RESULT;

/*
 * Writes @entry under @name to the first place that takes it, for @life_s seconds; removes older
 * entries of that name from all other places.  Returns LWC_OK; LWC_E_UNAVAILABLE if no place is
 * allowed or usable; LWC_E_IO if a usable place failed.
 */
enum lwc_code lwc_cache_write(const struct lwc_cache *cache, const char *name,
                              const struct lwc_entry *entry, int64_t life_s, struct lwc_error *err)
    LWC_RESULT;

/* Removes entry @name from every place that @cache allows. */
void lwc_cache_forget(const struct lwc_cache *cache, const char *name);

/* Visits every readable entry; @place is the name of its place.  Returning true removes it. */
typedef bool lwc_cache_visit_fn(void *data, const struct lwc_entry *entry, const char *place);
void lwc_cache_each(const struct lwc_cache *cache, lwc_cache_visit_fn *visit, void *data);

/* Removes all entries, readable or not, from all places in any mode; returns their number. */
size_t lwc_cache_clear(void);

#endif
