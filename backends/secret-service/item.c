/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/secret-service/item.h"

#include <stdio.h>

#include "base/util.h"

#define ORG_ACCESS "org-access"

static const struct {
    const char *word;
    const char *title;
} kinds[] = {
    [LWC_KIND_ACCESS_KEY] = {"access-key", "access key"},
    [LWC_KIND_TOKEN] = {"token", "token"},
    [LWC_KIND_AGENT_TOKEN] = {"agent-token", "agent token"},
    [LWC_KIND_SCANNER_TOKEN] = {"scanner-token", "scanner token"},
    [LWC_KIND_RETIRED_KEY] = {"retired-key", "retired key"},
};

/* A member that is text, and where it stands in an identity. */
static const struct {
    const char *name;
    size_t offset;
    bool is_needed;
} members[] = {
    {LWC_ITEM_PROFILE_ATTRIBUTE, offsetof(struct lwc_identity, profile), true},
    {"account", offsetof(struct lwc_identity, account), true},
    {"origin", offsetof(struct lwc_identity, origin), false},
    {"key-id", offsetof(struct lwc_identity, key_id), false},
    {"sub-account", offsetof(struct lwc_identity, sub_account), false},
};

static const char *get_member(const struct lwc_identity *id, size_t i)
{
    const char *value = NULL;

    memcpy(&value, (const char *)id + members[i].offset, sizeof value);
    return value;
}

void lwc_item_attributes(const struct lwc_identity *id,
                         struct lwc_item_attribute attributes_out[static LWC_ITEM_ATTRIBUTES])
{
    size_t count = 0;

    for (; count < LWC_ARRAY_LEN(members); count++) {
        attributes_out[count].name = members[count].name;
        attributes_out[count].value = get_member(id, count);
    }
    attributes_out[count++] = (struct lwc_item_attribute){
        "kind", id->kind < LWC_ARRAY_LEN(kinds) && id->kind != 0 ? kinds[id->kind].word : ""};
    attributes_out[count++] = (struct lwc_item_attribute){
        "flags", (id->flags & LWC_ID_ORG_ACCESS) != 0 ? ORG_ACCESS : ""};
    attributes_out[count++] =
        (struct lwc_item_attribute){LWC_ITEM_FORMAT_ATTRIBUTE, LWC_ITEM_FORMAT};
    attributes_out[count] = (struct lwc_item_attribute){LWC_ITEM_SCHEMA_ATTRIBUTE, LWC_ITEM_SCHEMA};
}

static bool attribute_is(lwc_item_get *get, void *data, const char *name, const char *value)
{
    const char *found = get(data, name);

    return found != NULL && lwc_streq(found, value);
}

static enum lwc_code read_kind(lwc_item_get *get, void *data, struct lwc_identity *id,
                               struct lwc_error *err)
{
    for (uint32_t kind = LWC_KIND_ACCESS_KEY; kind < LWC_ARRAY_LEN(kinds); kind++) {
        if (attribute_is(get, data, "kind", kinds[kind].word)) {
            id->kind = kind;
            return LWC_OK;
        }
    }
    return lwc_fail(err, LWC_E_INVALID, "its attribute 'kind' is missing or unknown");
}

static enum lwc_code read_flags(lwc_item_get *get, void *data, struct lwc_identity *id,
                                struct lwc_error *err)
{
    if (attribute_is(get, data, "flags", ORG_ACCESS)) {
        id->flags = LWC_ID_ORG_ACCESS;
        return LWC_OK;
    }
    if (get(data, "flags") == NULL || attribute_is(get, data, "flags", "")) {
        return LWC_OK;
    }
    return lwc_fail(err, LWC_E_INVALID, "its attribute 'flags' is unknown");
}

enum lwc_code lwc_item_identity(lwc_item_get *get, void *data,
                                struct lwc_identity_copy *identity_out, struct lwc_error *err)
{
    struct lwc_identity id = {0};
    enum lwc_code code;

    if (!attribute_is(get, data, LWC_ITEM_SCHEMA_ATTRIBUTE, LWC_ITEM_SCHEMA)) {
        return lwc_fail(err, LWC_E_INVALID, "it is of another schema");
    }
    if (!attribute_is(get, data, LWC_ITEM_FORMAT_ATTRIBUTE, LWC_ITEM_FORMAT)) {
        return lwc_fail(err, LWC_E_INVALID, "its attribute '%s' is not %s",
                        LWC_ITEM_FORMAT_ATTRIBUTE, LWC_ITEM_FORMAT);
    }
    for (size_t i = 0; i < LWC_ARRAY_LEN(members); i++) {
        const char *value = get(data, members[i].name);

        if (value == NULL && members[i].is_needed) {
            return lwc_fail(err, LWC_E_INVALID, "its attribute '%s' is missing", members[i].name);
        }
        value = value != NULL ? value : "";
        memcpy((char *)&id + members[i].offset, &value, sizeof value);
    }
    if ((code = read_kind(get, data, &id, err)) != LWC_OK ||
        (code = read_flags(get, data, &id, err)) != LWC_OK) {
        return code;
    }
    return lwc_identity_copy(&id, identity_out, err);
}

void lwc_item_label(const struct lwc_identity *id, char label_out[static LWC_ITEM_LABEL_LEN])
{
    const bool is_key = id->key_id[0] != '\0';
    const char *title =
        id->kind < LWC_ARRAY_LEN(kinds) && id->kind != 0 ? kinds[id->kind].title : "credential";

    (void)snprintf(label_out, LWC_ITEM_LABEL_LEN, "Lacework %s %s%s(profile %s, %s)", title,
                   id->key_id, is_key ? " " : "", id->profile, id->account);
}

bool lwc_item_is_same(const struct lwc_identity *a, const struct lwc_identity *b)
{
    for (size_t i = 0; i < LWC_ARRAY_LEN(members); i++) {
        if (!lwc_streq(get_member(a, i), get_member(b, i))) {
            return false;
        }
    }
    return a->kind == b->kind && a->flags == b->flags;
}
