/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_SECRET_SERVICE_MARSHAL_H
#define BACKENDS_SECRET_SERVICE_MARSHAL_H

#include <stdbool.h>

#include <gio/gio.h>

#include "backends/secret-service/items.h"
#include "base/error.h"

/* Items as values on the bus. */

/* Arguments of SearchItems: our items of @profile, or all where it is NULL; floating. */
GVariant *lwc_marshal_search(bool is_locked, const char *profile);

/* Properties of a new item, a{sv}; floating. */
GVariant *lwc_marshal_item(const struct lwc_identity *id);

/*
 * Reads an item out of its properties.  LWC_E_LOCKED: it does not show its attributes while it is
 * locked.  LWC_E_INVALID, with the reason: it is no item of ours.
 */
enum lwc_code lwc_marshal_read(const char *path, GVariant *properties, struct lwc_item *item_out,
                               struct lwc_error *err) LWC_RESULT;

#endif
