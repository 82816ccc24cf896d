/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_SECRET_SERVICE_ITEMS_H
#define BACKENDS_SECRET_SERVICE_ITEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/identity.h"

/*
 * The items that a search found.  Of several items of a profile the newest counts.  Older items,
 * copies or leftovers of an interrupted replacement, neither answer nor are listed.
 */

#define LWC_ITEM_PATH_LEN 512

/* An item of ours. */
struct lwc_item {
    char path[LWC_ITEM_PATH_LEN];
    struct lwc_identity_copy identity;
    uint64_t modified; /* seconds since the epoch */
    bool is_locked;
    bool is_unreadable; /* its secret is not one of ours: it counts as if it were not there */
};

/*
 * @item    newest first, once they are sorted.
 * @sealed  number of further items that hide even their attributes while locked; 1 if the number is
 *          unknown.
 */
struct lwc_items {
    struct lwc_item **item;
    size_t count;
    size_t sealed;
};

/* Newest first; of the same second, the one that was numbered last. */
void lwc_items_sort(struct lwc_items *items);

/* The newest item of @profile, readable or not; NULL if there is none.  Borrowed. */
struct lwc_item *lwc_items_newest(const struct lwc_items *items, const char *profile);

/* Does a newer item of the same profile answer for the one at @index? */
bool lwc_items_is_shadowed(const struct lwc_items *items, size_t index);

#endif
