/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/secret-service/items.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

static int compare_age(const void *left, const void *right)
{
    const struct lwc_item *a = *(struct lwc_item *const *)left;
    const struct lwc_item *b = *(struct lwc_item *const *)right;

    if (a->modified != b->modified) {
        return a->modified > b->modified ? -1 : 1;
    }
    if (strlen(a->path) != strlen(b->path)) {
        return strlen(a->path) > strlen(b->path) ? -1 : 1;
    }
    return strcmp(b->path, a->path);
}

void lwc_items_sort(struct lwc_items *items)
{
    if (items->count > 0) {
        qsort(items->item, items->count, sizeof(struct lwc_item *), compare_age);
    }
}

struct lwc_item *lwc_items_newest(const struct lwc_items *items, const char *profile)
{
    for (size_t i = 0; i < items->count; i++) {
        if (lwc_streq(items->item[i]->identity.id.profile, profile)) {
            return items->item[i];
        }
    }
    return NULL;
}

bool lwc_items_is_shadowed(const struct lwc_items *items, size_t index)
{
    const char *profile = items->item[index]->identity.id.profile;

    for (size_t i = 0; i < index; i++) {
        if (!items->item[i]->is_unreadable &&
            lwc_streq(items->item[i]->identity.id.profile, profile)) {
            return true;
        }
    }
    return false;
}
