/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/file/format.h"

#include <string.h>

static void encode_header(const struct lwc_store_format *format, size_t header_len, uint8_t *out)
{
    memcpy(out, LWC_FORMAT_MAGIC, LWC_FORMAT_MAGIC_LEN);
    out[LWC_FORMAT_AT_MAJOR] = LWC_FORMAT_MAJOR;
    out[LWC_FORMAT_AT_MINOR] = format->minor;
    lwc_bytes_put16(out + LWC_FORMAT_AT_SUITE, LWC_FORMAT_SUITE);
    lwc_bytes_put32(out + LWC_FORMAT_AT_HEADER_LEN, (uint32_t)header_len);
    memcpy(out + LWC_FORMAT_AT_STORE_ID, format->store_id, LWC_FORMAT_ID_LEN);
    lwc_bytes_put64(out + LWC_FORMAT_AT_GENERATION, format->generation);
    lwc_bytes_put64(out + LWC_FORMAT_AT_CREATED, (uint64_t)format->created_at);
    lwc_bytes_put32(out + LWC_FORMAT_AT_REQUIRED, 0);
    lwc_bytes_put32(out + LWC_FORMAT_AT_OPTIONAL, format->optional);
    lwc_bytes_put32(out + LWC_FORMAT_AT_SLOT_COUNT, (uint32_t)format->slot_count);
    lwc_bytes_put32(out + LWC_FORMAT_AT_RECORD_COUNT, (uint32_t)format->record_count);
    lwc_bytes_put64(out + LWC_FORMAT_AT_KEY_EPOCH, format->key_epoch);
    memcpy(out + LWC_FORMAT_AT_PREVIOUS_MAC, format->previous_mac, LWC_FORMAT_DIGEST_LEN);
}

static void encode_body(const struct lwc_store_format *format, uint8_t *out)
{
    for (size_t i = 0; i < format->slot_count; i++) {
        lwc_bytes_put16(out + LWC_FORMAT_SLOT_AT_TYPE, format->slots[i].type);
        lwc_bytes_put16(out + LWC_FORMAT_SLOT_AT_LEN, (uint16_t)format->slots[i].len);
        out += LWC_FORMAT_SLOT_AT_BODY;
        memcpy(out, format->slots[i].body, format->slots[i].len);
        out += format->slots[i].len;
    }
    for (size_t i = 0; i < format->record_count; i++) {
        memcpy(out, format->records[i].bytes, format->records[i].len);
        out += format->records[i].len;
    }
    memcpy(out, format->mac, LWC_FORMAT_DIGEST_LEN);
    memcpy(out + LWC_FORMAT_DIGEST_LEN, format->digest, LWC_FORMAT_DIGEST_LEN);
}

/* Both counts are bounded, so that the sums cannot overflow. */
static bool measure_store(const struct lwc_store_format *format, size_t *header_len, size_t *len)
{
    *header_len = LWC_FORMAT_AT_SLOTS;
    if (format->slot_count < 1 || format->slot_count > LWC_FORMAT_SLOT_MAX ||
        format->record_count > LWC_FORMAT_RECORD_MAX) {
        return false;
    }
    for (size_t i = 0; i < format->slot_count; i++) {
        *header_len += LWC_FORMAT_SLOT_AT_BODY + format->slots[i].len;
    }
    *len = *header_len + LWC_FORMAT_TRAILER_LEN;
    for (size_t i = 0; i < format->record_count; i++) {
        *len += format->records[i].len;
    }
    return *len <= LWC_FORMAT_FILE_MAX;
}

enum lwc_code lwc_format_encode(const struct lwc_store_format *format, uint8_t **bytes_out,
                                size_t *len_out, struct lwc_error *err)
{
    size_t header_len = 0;
    size_t len = 0;
    uint8_t *bytes = NULL;

    if (!measure_store(format, &header_len, &len)) {
        return lwc_fail(err, LWC_E_INVALID, "the store is full (%d records, %d bytes)",
                        LWC_FORMAT_RECORD_MAX, LWC_FORMAT_FILE_MAX);
    }
    bytes = malloc(len);
    if (bytes == NULL) {
        return lwc_fail_nomem(err);
    }
    encode_header(format, header_len, bytes);
    encode_body(format, bytes + LWC_FORMAT_AT_SLOTS);
    *bytes_out = bytes;
    *len_out = len;
    return LWC_OK;
}

static void encode_record(const struct lwc_format_draft *draft, size_t text_len, uint8_t *out)
{
    memcpy(out + LWC_FORMAT_RECORD_AT_ID, draft->id, LWC_FORMAT_ID_LEN);
    lwc_bytes_put64(out + LWC_FORMAT_RECORD_AT_GENERATION, draft->generation);
    lwc_bytes_put64(out + LWC_FORMAT_RECORD_AT_CREATED, (uint64_t)draft->created_at);
    lwc_bytes_put64(out + LWC_FORMAT_RECORD_AT_CHANGED, (uint64_t)draft->changed_at);
    lwc_bytes_put32(out + LWC_FORMAT_RECORD_AT_KIND, draft->identity->kind);
    lwc_bytes_put32(out + LWC_FORMAT_RECORD_AT_FLAGS, draft->identity->flags);
    lwc_bytes_put32(out + LWC_FORMAT_RECORD_AT_TEXT_LEN, (uint32_t)text_len);
    lwc_bytes_put32(out + LWC_FORMAT_RECORD_AT_SEALED_LEN, (uint32_t)draft->sealed_len);
    memcpy(out + LWC_FORMAT_RECORD_AT_NONCE, draft->nonce, LWC_FORMAT_NONCE_LEN);
}

enum lwc_code lwc_format_record_make(const struct lwc_format_draft *draft, uint8_t **bytes_out,
                                     struct lwc_format_record *record_out, struct lwc_error *err)
{
    size_t text_len = 0;
    uint8_t *bytes = NULL;
    enum lwc_code code = lwc_identity_check(draft->identity, err);

    if (code != LWC_OK) {
        return code;
    }
    if (!lwc_format_sealed_len_allowed(draft->sealed_len)) {
        return lwc_fail(err, LWC_E_INVALID, "a secret has 1 to %d bytes", LWC_SECRET_MAX);
    }
    text_len = lwc_identity_text_len(draft->identity);
    bytes = calloc(1, LWC_FORMAT_RECORD_AT_TEXT + text_len + draft->sealed_len);
    if (bytes == NULL) {
        return lwc_fail_nomem(err);
    }
    encode_record(draft, text_len, bytes);
    lwc_identity_place(draft->identity, (char *)bytes + LWC_FORMAT_RECORD_AT_TEXT, &record_out->id);
    record_out->bytes = bytes;
    record_out->ad_len = (uint32_t)(LWC_FORMAT_RECORD_AT_TEXT + text_len);
    record_out->len = (uint32_t)(record_out->ad_len + draft->sealed_len);
    *bytes_out = bytes;
    return LWC_OK;
}

static size_t put_prefix(const struct lwc_store_format *store, uint8_t *out)
{
    memcpy(out, LWC_FORMAT_MAGIC, LWC_FORMAT_MAGIC_LEN);
    out[LWC_FORMAT_MAGIC_LEN] = LWC_FORMAT_MAJOR;
    lwc_bytes_put16(out + LWC_FORMAT_MAGIC_LEN + 1, LWC_FORMAT_SUITE);
    memcpy(out + LWC_FORMAT_MAGIC_LEN + 3, store->store_id, LWC_FORMAT_ID_LEN);
    lwc_bytes_put64(out + LWC_FORMAT_MAGIC_LEN + 3 + LWC_FORMAT_ID_LEN, store->key_epoch);
    return LWC_FORMAT_AD_PREFIX_LEN;
}

size_t lwc_format_record_ad(const struct lwc_store_format *store,
                            const struct lwc_format_record *record,
                            uint8_t ad_out[static LWC_FORMAT_RECORD_AD_MAX])
{
    size_t len = put_prefix(store, ad_out);

    memcpy(ad_out + len, record->bytes, record->ad_len);
    return len + record->ad_len;
}

size_t lwc_format_slot_ad(const struct lwc_store_format *store, uint16_t type,
                          const uint8_t *params, size_t params_len,
                          uint8_t ad_out[static LWC_FORMAT_SLOT_AD_MAX])
{
    size_t len = put_prefix(store, ad_out);

    lwc_bytes_put16(ad_out + len, type);
    memcpy(ad_out + len + 2, params, params_len);
    return len + 2 + params_len;
}
