/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/file/format.h"

#include <inttypes.h>
#include <string.h>

#define FILE_MIN (LWC_FORMAT_AT_SLOTS + LWC_FORMAT_TRAILER_LEN)

struct cursor {
    const uint8_t *at;
    size_t left;
};

static const uint8_t *take_bytes(struct cursor *in, size_t len)
{
    const uint8_t *at = in->at;

    if (len > in->left) {
        return NULL;
    }
    in->at += len;
    in->left -= len;
    return at;
}

static bool get_time(const uint8_t *at, int64_t *time_out)
{
    uint64_t number = lwc_bytes_get64(at);

    if (number > INT64_MAX) {
        return false;
    }
    *time_out = (int64_t)number;
    return true;
}

void lwc_format_clear(struct lwc_store_format *format)
{
    free(format->records);
    memset(format, 0, sizeof *format);
}

static enum lwc_code check_features(const uint8_t *bytes, struct lwc_error *err)
{
    uint16_t suite = lwc_bytes_get16(bytes + LWC_FORMAT_AT_SUITE);
    uint32_t unknown = lwc_bytes_get32(bytes + LWC_FORMAT_AT_REQUIRED) & ~LWC_FORMAT_REQUIRED_KNOWN;

    if (suite != LWC_FORMAT_SUITE) {
        return lwc_fail(err, LWC_E_TOO_NEW, "made by a newer version: cipher suite %u",
                        (unsigned)suite);
    }
    if (unknown != 0) {
        return lwc_fail(err, LWC_E_TOO_NEW, "made by a newer version: needs feature 0x%" PRIx32,
                        unknown);
    }
    return LWC_OK;
}

enum lwc_code lwc_format_head(const uint8_t *bytes, size_t len, struct lwc_error *err)
{
    if (len < LWC_FORMAT_MAGIC_LEN || memcmp(bytes, LWC_FORMAT_MAGIC, LWC_FORMAT_MAGIC_LEN) != 0) {
        return lwc_fail(err, LWC_E_CORRUPT, "not an lwcred store");
    }
    if (len > LWC_FORMAT_AT_MAJOR && bytes[LWC_FORMAT_AT_MAJOR] > LWC_FORMAT_MAJOR) {
        return lwc_fail(err, LWC_E_TOO_NEW, "made by a newer version: format %u",
                        (unsigned)bytes[LWC_FORMAT_AT_MAJOR]);
    }
    if (len < FILE_MIN) {
        return lwc_fail(err, LWC_E_CORRUPT, "damaged: cut off after %zu bytes", len);
    }
    if (bytes[LWC_FORMAT_AT_MAJOR] != LWC_FORMAT_MAJOR) {
        return lwc_fail(err, LWC_E_CORRUPT, "damaged: format version 0");
    }
    return check_features(bytes, err);
}

struct lwc_format_cost lwc_format_cost_get(const uint8_t body[static LWC_FORMAT_PASS_LEN])
{
    return (struct lwc_format_cost){
        .passes = lwc_bytes_get32(body + LWC_FORMAT_PASS_AT_PASSES),
        .memory_kib = lwc_bytes_get32(body + LWC_FORMAT_PASS_AT_MEMORY),
    };
}

void lwc_format_cost_put(struct lwc_format_cost cost, uint8_t body_out[static LWC_FORMAT_PASS_LEN])
{
    lwc_bytes_put32(body_out + LWC_FORMAT_PASS_AT_PASSES, cost.passes);
    lwc_bytes_put32(body_out + LWC_FORMAT_PASS_AT_MEMORY, cost.memory_kib);
}

static bool cost_is_allowed(struct lwc_format_cost cost)
{
    return cost.passes >= 1 && cost.passes <= LWC_FORMAT_PASSES_MAX &&
           cost.memory_kib >= LWC_FORMAT_MEMORY_KIB_MIN &&
           cost.memory_kib <= LWC_FORMAT_MEMORY_KIB_MAX;
}

/* Checks a slot of a type that this version knows; other types are opaque. */
static enum lwc_code check_slot(const struct lwc_format_slot *slot, size_t index,
                                struct lwc_error *err)
{
    struct lwc_format_cost cost = {0};

    if (slot->type == LWC_FORMAT_SLOT_KEYFILE && slot->len != LWC_FORMAT_KEYFILE_LEN) {
        return lwc_fail(err, LWC_E_CORRUPT, "slot %zu: key file slot of %zu bytes", index,
                        slot->len);
    }
    if (slot->type != LWC_FORMAT_SLOT_PASSPHRASE) {
        return LWC_OK;
    }
    if (slot->len != LWC_FORMAT_PASS_LEN) {
        return lwc_fail(err, LWC_E_CORRUPT, "slot %zu: passphrase slot of %zu bytes", index,
                        slot->len);
    }
    cost = lwc_format_cost_get(slot->body);
    if (!cost_is_allowed(cost)) {
        return lwc_fail(err, LWC_E_CORRUPT,
                        "slot %zu: %" PRIu32 " passes over %" PRIu32
                        " KiB are out of bounds (1-%d, %d-%d)",
                        index, cost.passes, cost.memory_kib, LWC_FORMAT_PASSES_MAX,
                        LWC_FORMAT_MEMORY_KIB_MIN, LWC_FORMAT_MEMORY_KIB_MAX);
    }
    return LWC_OK;
}

static enum lwc_code parse_slot(struct cursor *in, struct lwc_store_format *format, size_t index,
                                struct lwc_error *err)
{
    const uint8_t *head = take_bytes(in, LWC_FORMAT_SLOT_AT_BODY);
    struct lwc_format_slot *slot = &format->slots[index];

    if (head == NULL) {
        return lwc_fail(err, LWC_E_CORRUPT, "slot %zu is cut off", index);
    }
    slot->type = lwc_bytes_get16(head + LWC_FORMAT_SLOT_AT_TYPE);
    slot->len = lwc_bytes_get16(head + LWC_FORMAT_SLOT_AT_LEN);
    slot->body = take_bytes(in, slot->len);
    if (slot->body == NULL) {
        return lwc_fail(err, LWC_E_CORRUPT, "slot %zu is cut off", index);
    }
    if (slot->len > LWC_FORMAT_SLOT_BODY_MAX) {
        return lwc_fail(err, LWC_E_CORRUPT, "slot %zu is longer than %d bytes", index,
                        LWC_FORMAT_SLOT_BODY_MAX);
    }
    return check_slot(slot, index, err);
}

/* Checks the sum over the slots, all of which a wrong passphrase tries; each term is bounded. */
static enum lwc_code check_total_cost(const struct lwc_store_format *format, struct lwc_error *err)
{
    uint64_t total = 0;

    for (size_t i = 0; i < format->slot_count; i++) {
        if (format->slots[i].type == LWC_FORMAT_SLOT_PASSPHRASE) {
            const struct lwc_format_cost cost = lwc_format_cost_get(format->slots[i].body);

            total += (uint64_t)cost.passes * cost.memory_kib;
        }
    }
    if (total > LWC_FORMAT_COST_MAX) {
        return lwc_fail(err, LWC_E_CORRUPT,
                        "the passphrase slots cost %" PRIu64 " MiB-passes, at most %d are allowed",
                        total / 1024, LWC_FORMAT_COST_MAX / 1024);
    }
    return LWC_OK;
}

static enum lwc_code parse_slots(struct cursor *in, uint32_t count, struct lwc_store_format *format,
                                 struct lwc_error *err)
{
    size_t passphrases = 0;
    enum lwc_code code = LWC_OK;

    if (count < 1 || count > LWC_FORMAT_SLOT_MAX) {
        return lwc_fail(err, LWC_E_CORRUPT, "%" PRIu32 " slots are out of bounds (1-%d)", count,
                        LWC_FORMAT_SLOT_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        code = parse_slot(in, format, i, err);
        if (code != LWC_OK) {
            return code;
        }
        passphrases += format->slots[i].type == LWC_FORMAT_SLOT_PASSPHRASE;
    }
    if (passphrases > LWC_FORMAT_PASS_SLOT_MAX) {
        return lwc_fail(err, LWC_E_CORRUPT, "%zu passphrase slots, at most %d are allowed",
                        passphrases, LWC_FORMAT_PASS_SLOT_MAX);
    }
    if (in->left != 0) {
        return lwc_fail(err, LWC_E_CORRUPT, "%zu bytes too many behind the slots", in->left);
    }
    format->slot_count = count;
    return check_total_cost(format, err);
}

/* Five strings, each with its NUL, and nothing behind them. */
static bool parse_text(struct cursor in, struct lwc_identity *id)
{
    const char **members[] = {&id->profile, &id->account, &id->origin, &id->key_id,
                              &id->sub_account};
    const uint8_t *end = NULL;

    for (size_t i = 0; i < LWC_ARRAY_LEN(members); i++) {
        end = memchr(in.at, '\0', in.left);
        if (end == NULL) {
            return false;
        }
        *members[i] = (const char *)in.at;
        (void)take_bytes(&in, (size_t)(end - in.at) + 1);
    }
    return in.left == 0;
}

/* Find the end of the record and cut it out of @in. */
static enum lwc_code frame_record(struct cursor *in, size_t index, struct lwc_format_record *record,
                                  struct lwc_error *err)
{
    size_t text_len = 0;
    size_t sealed_len = 0;

    if (in->left < LWC_FORMAT_RECORD_AT_TEXT) {
        return lwc_fail(err, LWC_E_CORRUPT, "record %zu is cut off", index);
    }
    text_len = lwc_bytes_get32(in->at + LWC_FORMAT_RECORD_AT_TEXT_LEN);
    sealed_len = lwc_bytes_get32(in->at + LWC_FORMAT_RECORD_AT_SEALED_LEN);
    if (text_len > LWC_FORMAT_TEXT_MAX || !lwc_format_sealed_len_allowed(sealed_len)) {
        return lwc_fail(err, LWC_E_CORRUPT, "record %zu: lengths %zu and %zu are out of bounds",
                        index, text_len, sealed_len);
    }
    record->ad_len = (uint32_t)(LWC_FORMAT_RECORD_AT_TEXT + text_len);
    record->len = (uint32_t)(record->ad_len + sealed_len);
    record->bytes = take_bytes(in, record->len);
    if (record->bytes == NULL) {
        return lwc_fail(err, LWC_E_CORRUPT, "record %zu is cut off", index);
    }
    return LWC_OK;
}

static enum lwc_code parse_identity(size_t index, struct lwc_format_record *record,
                                    struct lwc_error *err)
{
    struct lwc_error why = {0};
    struct cursor text = {record->bytes + LWC_FORMAT_RECORD_AT_TEXT,
                          record->ad_len - LWC_FORMAT_RECORD_AT_TEXT};

    record->id.kind = lwc_bytes_get32(record->bytes + LWC_FORMAT_RECORD_AT_KIND);
    record->id.flags = lwc_bytes_get32(record->bytes + LWC_FORMAT_RECORD_AT_FLAGS);
    if (!parse_text(text, &record->id)) {
        return lwc_fail(err, LWC_E_CORRUPT, "record %zu: identity is not five strings", index);
    }
    if (lwc_identity_check(&record->id, &why) != LWC_OK) {
        return lwc_fail(err, LWC_E_CORRUPT, "record %zu: %s", index, why.msg);
    }
    return LWC_OK;
}

static enum lwc_code parse_record(struct cursor *in, const struct lwc_store_format *format,
                                  size_t index, struct lwc_error *err)
{
    struct lwc_format_record *record = &format->records[index];
    uint64_t generation = 0;
    int64_t time = 0;
    enum lwc_code code = frame_record(in, index, record, err);

    if (code != LWC_OK) {
        return code;
    }
    generation = lwc_format_record_generation(record);
    if (generation < 1 || generation > format->generation) {
        return lwc_fail(err, LWC_E_CORRUPT, "record %zu is of generation %" PRIu64, index,
                        generation);
    }
    if (!get_time(record->bytes + LWC_FORMAT_RECORD_AT_CREATED, &time) ||
        !get_time(record->bytes + LWC_FORMAT_RECORD_AT_CHANGED, &time)) {
        return lwc_fail(err, LWC_E_CORRUPT, "record %zu: time out of bounds", index);
    }
    code = parse_identity(index, record, err);
    if (code != LWC_OK) {
        return code;
    }
    if (index > 0 && strcmp(format->records[index - 1].id.profile, record->id.profile) >= 0) {
        return lwc_fail(err, LWC_E_CORRUPT, "record %zu is out of order", index);
    }
    return LWC_OK;
}

static enum lwc_code parse_records(struct cursor *in, uint32_t count,
                                   struct lwc_store_format *format, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    if (count > LWC_FORMAT_RECORD_MAX || count > in->left / LWC_FORMAT_RECORD_AT_TEXT) {
        return lwc_fail(err, LWC_E_CORRUPT, "%" PRIu32 " records are too many", count);
    }
    format->records = calloc(count > 0 ? count : 1, sizeof *format->records);
    if (format->records == NULL) {
        return lwc_fail_nomem(err);
    }
    for (size_t i = 0; i < count; i++) {
        code = parse_record(in, format, i, err);
        if (code != LWC_OK) {
            return code;
        }
    }
    if (in->left != 0) {
        return lwc_fail(err, LWC_E_CORRUPT, "%zu bytes too many behind the records", in->left);
    }
    format->record_count = count;
    return LWC_OK;
}

/* A new store has no generation before it; a new master key makes a new generation. */
static enum lwc_code parse_history(const uint8_t *bytes, struct lwc_store_format *format,
                                   struct lwc_error *err)
{
    static const uint8_t none[LWC_FORMAT_DIGEST_LEN];

    format->key_epoch = lwc_bytes_get64(bytes + LWC_FORMAT_AT_KEY_EPOCH);
    memcpy(format->previous_mac, bytes + LWC_FORMAT_AT_PREVIOUS_MAC, LWC_FORMAT_DIGEST_LEN);
    if (format->key_epoch < 1 || format->key_epoch > format->generation) {
        return lwc_fail(err, LWC_E_CORRUPT, "key epoch %" PRIu64, format->key_epoch);
    }
    if (format->generation == 1 && memcmp(format->previous_mac, none, sizeof none) != 0) {
        return lwc_fail(err, LWC_E_CORRUPT, "generation 1 names a generation before it");
    }
    return LWC_OK;
}

static enum lwc_code parse_header(const uint8_t *bytes, struct lwc_store_format *format,
                                  struct lwc_error *err)
{
    format->minor = bytes[LWC_FORMAT_AT_MINOR];
    memcpy(format->store_id, bytes + LWC_FORMAT_AT_STORE_ID, LWC_FORMAT_ID_LEN);
    format->generation = lwc_bytes_get64(bytes + LWC_FORMAT_AT_GENERATION);
    format->optional = lwc_bytes_get32(bytes + LWC_FORMAT_AT_OPTIONAL);
    if (format->generation < 1 || format->generation > INT64_MAX) {
        return lwc_fail(err, LWC_E_CORRUPT, "generation %" PRIu64, format->generation);
    }
    if (!get_time(bytes + LWC_FORMAT_AT_CREATED, &format->created_at)) {
        return lwc_fail(err, LWC_E_CORRUPT, "time of creation out of bounds");
    }
    return parse_history(bytes, format, err);
}

static enum lwc_code parse_parts(const uint8_t *bytes, size_t len, struct lwc_store_format *format,
                                 struct lwc_error *err)
{
    size_t body_len = len - LWC_FORMAT_TRAILER_LEN;
    size_t header_len = lwc_bytes_get32(bytes + LWC_FORMAT_AT_HEADER_LEN);
    struct cursor slots = {0};
    struct cursor records = {0};
    enum lwc_code code = LWC_OK;

    if (header_len < LWC_FORMAT_AT_SLOTS || header_len > body_len) {
        return lwc_fail(err, LWC_E_CORRUPT, "header of %zu bytes", header_len);
    }
    slots = (struct cursor){bytes + LWC_FORMAT_AT_SLOTS, header_len - LWC_FORMAT_AT_SLOTS};
    records = (struct cursor){bytes + header_len, body_len - header_len};
    code = parse_slots(&slots, lwc_bytes_get32(bytes + LWC_FORMAT_AT_SLOT_COUNT), format, err);
    if (code != LWC_OK) {
        return code;
    }
    memcpy(format->mac, bytes + body_len, LWC_FORMAT_DIGEST_LEN);
    memcpy(format->digest, bytes + body_len + LWC_FORMAT_DIGEST_LEN, LWC_FORMAT_DIGEST_LEN);
    return parse_records(&records, lwc_bytes_get32(bytes + LWC_FORMAT_AT_RECORD_COUNT), format,
                         err);
}

enum lwc_code lwc_format_parse(const uint8_t *bytes, size_t len,
                               struct lwc_store_format *format_out, struct lwc_error *err)
{
    LWC_AUTO_FORMAT format = {0};
    enum lwc_code code = LWC_OK;

    if (len > LWC_FORMAT_FILE_MAX) {
        return lwc_fail(err, LWC_E_CORRUPT, "larger than %d bytes", LWC_FORMAT_FILE_MAX);
    }
    code = lwc_format_head(bytes, len, err);
    if (code != LWC_OK) {
        return code;
    }
    code = parse_header(bytes, &format, err);
    if (code == LWC_OK) {
        code = parse_parts(bytes, len, &format, err);
    }
    if (code != LWC_OK) {
        return code == LWC_E_CORRUPT ? lwc_wrap(err, code, "damaged") : code;
    }
    *format_out = format;
    format.records = NULL;
    return LWC_OK;
}
