/* SPDX-License-Identifier: Apache-2.0 */
/* Cache entries: any bytes are refused, or sound and the one encoding of what they say. */
#include <stdlib.h>

#include "base/text.h"
#include "cache/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check_canonical(const struct lwc_entry *entry, const uint8_t *data, size_t len)
{
    LWC_AUTO_BUF out = NULL;

    if (lwc_buf_new(len, &out, NULL) != LWC_OK) {
        return;
    }
    require(lwc_entry_encode(entry, out, NULL) == LWC_OK);
    require(lwc_buf_equal(out, data, len));
}

static void check_members(const struct lwc_entry *entry)
{
    bool is_token = entry->kind == LWC_ENTRY_TOKEN;

    require(is_token || entry->kind == LWC_ENTRY_ANSWER);
    require(lwc_identity_check(&entry->identity.id, NULL) == LWC_OK);
    require(entry->identity.id.key_id == entry->identity.key_id);
    require(is_token == (entry->text != NULL));
    require(strlen(entry->boot_id) == LWC_BOOT_ID_LEN);
    require(strlen(entry->target) == (is_token ? 0 : LWC_HASH_HEX_LEN - 1));
    require(entry->dependencies.is_complete);
    require(entry->dependencies.count <= (is_token ? 0 : LWC_DEPENDENCIES_MAX));
    require(strlen(entry->scope) == strlen(entry->target));
    require(entry->dependencies.variable_count <= (is_token ? 0 : LWC_VARIABLES_MAX));
    require(entry->sent_boot_ms >= 0 && entry->sent_wall_s >= 0);
    require(entry->lifetime_s >= (is_token ? 1 : 0) && entry->lifetime_s <= LWC_TTL_MAX);
    if (is_token) {
        require(lwc_buf_len(entry->text) <= LWC_TOKEN_MAX);
        require(lwc_text_is_b64token(lwc_buf_text(entry->text), lwc_buf_len(entry->text)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    LWC_AUTO_ENTRY entry = NULL;
    struct lwc_error err = {0};
    enum lwc_code code = lwc_entry_decode(data, len, &entry, &err);

    if (code == LWC_OK) {
        check_members(entry);
        check_canonical(entry, data, len);
    } else {
        require(entry == NULL && err.code == code && err.msg[0] != '\0');
    }
    return 0;
}
