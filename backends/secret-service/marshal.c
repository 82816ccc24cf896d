/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/secret-service/marshal.h"

#include "backends/secret-service/bus.h"
#include "backends/secret-service/item.h"
#include "base/util.h"

/* Locked, GNOME Keyring finds nothing by a schema, and by other attributes all there is. */
GVariant *lwc_marshal_search(bool is_locked, const char *profile)
{
    GVariantBuilder wanted;

    g_variant_builder_init(&wanted, G_VARIANT_TYPE("a{ss}"));
    if (is_locked) {
        g_variant_builder_add(&wanted, "{ss}", LWC_ITEM_FORMAT_ATTRIBUTE, LWC_ITEM_FORMAT);
    } else {
        g_variant_builder_add(&wanted, "{ss}", LWC_ITEM_SCHEMA_ATTRIBUTE, LWC_ITEM_SCHEMA);
    }
    if (profile != NULL) {
        g_variant_builder_add(&wanted, "{ss}", LWC_ITEM_PROFILE_ATTRIBUTE, profile);
    }
    return g_variant_new("(a{ss})", &wanted);
}

GVariant *lwc_marshal_item(const struct lwc_identity *id)
{
    struct lwc_item_attribute list[LWC_ITEM_ATTRIBUTES];
    char label[LWC_ITEM_LABEL_LEN];
    GVariantBuilder attributes;
    GVariantBuilder properties;

    lwc_item_attributes(id, list);
    lwc_item_label(id, label);
    g_variant_builder_init(&attributes, G_VARIANT_TYPE("a{ss}"));
    for (size_t i = 0; i < LWC_ARRAY_LEN(list); i++) {
        g_variant_builder_add(&attributes, "{ss}", list[i].name, list[i].value);
    }
    g_variant_builder_init(&properties, G_VARIANT_TYPE("a{sv}"));
    g_variant_builder_add(&properties, "{sv}", LWC_BUS_ITEM ".Label", g_variant_new_string(label));
    g_variant_builder_add(&properties, "{sv}", LWC_BUS_ITEM ".Attributes",
                          g_variant_builder_end(&attributes));
    return g_variant_builder_end(&properties);
}

static const char *get_attribute(void *data, const char *name)
{
    const char *value = NULL;

    return data != NULL && g_variant_lookup(data, name, "&s", &value) ? value : NULL;
}

enum lwc_code lwc_marshal_read(const char *path, GVariant *properties, struct lwc_item *item_out,
                               struct lwc_error *err)
{
    g_autoptr(GVariant) attributes =
        g_variant_lookup_value(properties, "Attributes", G_VARIANT_TYPE("a{ss}"));
    gboolean is_locked = FALSE;
    guint64 modified = 0;

    (void)g_variant_lookup(properties, "Locked", "b", &is_locked);
    (void)g_variant_lookup(properties, "Modified", "t", &modified);
    if (is_locked && get_attribute(attributes, LWC_ITEM_FORMAT_ATTRIBUTE) == NULL) {
        return LWC_E_LOCKED;
    }
    if (strlen(path) >= sizeof item_out->path) {
        return lwc_fail(err, LWC_E_INVALID, "its path is too long");
    }
    memcpy(item_out->path, path, strlen(path) + 1);
    item_out->is_locked = is_locked;
    item_out->modified = modified;
    return lwc_item_identity(get_attribute, attributes, &item_out->identity, err);
}
