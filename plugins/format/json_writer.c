/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/format/json_writer.h"

#include <string.h>

#include "base/append.h"
#include "base/util.h"

static const char *const kind_names[] = {
    [LWC_KIND_ACCESS_KEY] = "access-key",   [LWC_KIND_TOKEN] = "token",
    [LWC_KIND_AGENT_TOKEN] = "agent-token", [LWC_KIND_SCANNER_TOKEN] = "scanner-token",
    [LWC_KIND_RETIRED_KEY] = "retired-key",
};

const char *lwc_kind_name(uint32_t kind)
{
    if (kind >= LWC_ARRAY_LEN(kind_names) || kind_names[kind] == NULL) {
        return "unknown";
    }
    return kind_names[kind];
}

/* Appends without printf: a list has tens of thousands of members. */
static enum lwc_code append_text(struct lwc_buf *out, const char *text, struct lwc_error *err)
{
    return lwc_buf_append(out, text, strlen(text), err);
}

static enum lwc_code append_member(struct lwc_buf *out, const struct lwc_member *member, bool first,
                                   struct lwc_error *err)
{
    const char *const head[] = {first ? "{\"" : ",\"", member->name, "\":"};

    for (size_t i = 0; i < LWC_ARRAY_LEN(head); i++) {
        enum lwc_code code = append_text(out, head[i], err);

        if (code != LWC_OK) {
            return code;
        }
    }
    return member->text != NULL ? lwc_text_append_json(out, member->text, err)
                                : append_text(out, member->literal, err);
}

enum lwc_code lwc_json_append(struct lwc_buf *out, const struct lwc_member *members, size_t count,
                              struct lwc_error *err)
{
    for (size_t i = 0; i < count; i++) {
        enum lwc_code code = append_member(out, &members[i], i == 0, err);

        if (code != LWC_OK) {
            return code;
        }
    }
    return append_text(out, count == 0 ? "{}" : "}", err);
}

enum lwc_code lwc_json_append_identity(struct lwc_buf *out, const struct lwc_identity *id,
                                       const char *backend, struct lwc_error *err)
{
    return lwc_json_append_stored(out, id, backend, NULL, err);
}

enum lwc_code lwc_json_append_stored(struct lwc_buf *out, const struct lwc_identity *id,
                                     const char *backend, const char *expires_in,
                                     struct lwc_error *err)
{
    const struct lwc_member members[] = {
        {.name = "profile", .text = id->profile},
        {.name = "account", .text = id->account},
        {.name = "keyId", .text = id->key_id},
        {.name = "subAccount", .text = id->sub_account},
        {.name = "orgAccess", .literal = LWC_TRUTH(id->flags & LWC_ID_ORG_ACCESS)},
        {.name = "backend", .text = backend},
        {.name = "kind", .text = lwc_kind_name(id->kind)},
        {.name = "tokenExpiresIn", .literal = expires_in},
    };

    return lwc_json_append(out, members, LWC_ARRAY_LEN(members) - (expires_in == NULL), err);
}
