/* SPDX-License-Identifier: Apache-2.0 */
#include "flight/failure.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"
#include "base/util.h"

#define MAGIC "LWCMEMO\n"
#define MAGIC_LEN 8
#define VERSION 2
#define AT_VERSION 8
#define AT_BOOT_ID 12
#define AT_COUNT 48
#define AT_RECORDS 52
#define AT_CODE 32
#define AT_SYS 36
#define AT_WAIT 40
#define AT_BEGAN 48
#define AT_MADE 56
#define AT_UNTIL 64
#define AT_MSG 72
#define TEXT_LEN_LEN 2
#define RECORD_LEN_MIN (AT_MSG + TEXT_LEN_LEN + TEXT_LEN_LEN)
#define RECORD_LEN_MAX (RECORD_LEN_MIN + LWC_ERROR_MSG_LEN + LWC_ERROR_HINT_LEN)
#define LEN_MIN (AT_RECORDS + RECORD_LEN_MIN + LWC_HASH_LEN)
#define SYS_MAX 4095
#define WAIT_MAX_S ((int64_t)10 * 366 * 24 * 3600)

static_assert(AT_RECORDS + LWC_FAILURE_RECORDS * RECORD_LEN_MAX + LWC_HASH_LEN <= LWC_FAILURE_MAX,
              "every table fits");
static_assert(LWC_HASH_LEN == AT_CODE, "layout");
static_assert(AT_BOOT_ID + LWC_BOOT_ID_LEN == AT_COUNT, "layout");

/* Callers for whom a failure counts beyond its life: waiters for its end, or for all of it. */
enum sharing { SHARED_WITH_NONE, SHARED_IF_WHOLE, SHARED_IF_ENDED };

static const struct {
    enum sharing sharing;
    int64_t life_ms;
} kinds[] = {
    [LWC_E_INVALID] = {SHARED_IF_WHOLE, 0},         [LWC_E_NOT_FOUND] = {SHARED_IF_WHOLE, 0},
    [LWC_E_LOCKED] = {SHARED_IF_ENDED, 0},          [LWC_E_DENIED] = {SHARED_IF_ENDED, 0},
    [LWC_E_CORRUPT] = {SHARED_IF_WHOLE, 0},         [LWC_E_TOO_NEW] = {SHARED_IF_WHOLE, 0},
    [LWC_E_UNAVAILABLE] = {SHARED_IF_WHOLE, 60000}, [LWC_E_NETWORK] = {SHARED_IF_ENDED, 3000},
    [LWC_E_REFUSED] = {SHARED_IF_WHOLE, 10000},     [LWC_E_RATE_LIMITED] = {SHARED_IF_ENDED, 0},
    [LWC_E_UNSAFE] = {SHARED_IF_WHOLE, 0},          [LWC_E_FAILED] = {SHARED_IF_ENDED, 0},
};

static enum sharing find_sharing(enum lwc_code code)
{
    return code > LWC_OK && (size_t)code < LWC_ARRAY_LEN(kinds) ? kinds[code].sharing
                                                                : SHARED_WITH_NONE;
}

static int64_t find_life_ms(enum lwc_code code, int64_t wait_s)
{
    if (code != LWC_E_RATE_LIMITED || wait_s <= 0) {
        return kinds[code].life_ms;
    }
    return wait_s < LWC_FAILURE_LIFE_MAX_MS / 1000 ? wait_s * 1000 : LWC_FAILURE_LIFE_MAX_MS;
}

static bool is_sound(const struct lwc_failure *record)
{
    return find_sharing(record->err.code) != SHARED_WITH_NONE && record->err.sys >= 0 &&
           record->err.sys <= SYS_MAX && record->err.wait_s >= 0 &&
           record->err.wait_s <= WAIT_MAX_S && record->err.msg[0] != '\0' &&
           record->began_ms >= 0 && record->began_ms <= record->made_ms &&
           record->made_ms <= INT64_MAX - LWC_FAILURE_LIFE_MAX_MS &&
           record->until_ms >= record->made_ms &&
           record->until_ms - record->made_ms == find_life_ms(record->err.code, record->err.wait_s);
}

/* Returns whether @sys is a lack in this process alone. */
static bool is_own_lack(int sys)
{
    return sys == ENOMEM || sys == EMFILE || sys == ENFILE || sys == EAGAIN;
}

bool lwc_failure_make(const uint8_t name[static LWC_HASH_LEN], int64_t began_ms,
                      const struct lwc_error *err, const struct lwc_clock *clock,
                      struct lwc_failure *record_out)
{
    struct lwc_failure record = {.began_ms = began_ms, .made_ms = lwc_clock_boot_ms(clock)};

    if (find_sharing(err->code) == SHARED_WITH_NONE || is_own_lack(err->sys)) {
        return false;
    }
    memcpy(record.name, name, LWC_HASH_LEN);
    record.err.code = err->code;
    record.err.sys = err->sys;
    record.err.wait_s = err->wait_s > 0 ? err->wait_s : 0;
    record.until_ms = record.made_ms + find_life_ms(err->code, record.err.wait_s);
    lwc_text_printable(record.err.msg, sizeof record.err.msg, err->msg,
                       strnlen(err->msg, sizeof err->msg));
    lwc_text_printable(record.err.hint, sizeof record.err.hint, err->hint,
                       strnlen(err->hint, sizeof err->hint));
    if (!is_sound(&record)) {
        return false;
    }
    *record_out = record;
    return true;
}

bool lwc_failure_is_live(const struct lwc_failure *record, const struct lwc_clock *clock)
{
    int64_t now_ms = lwc_clock_boot_ms(clock);

    return record->made_ms <= now_ms && now_ms < record->until_ms;
}

bool lwc_failure_is_since(const struct lwc_failure *record, int64_t since_ms,
                          const struct lwc_clock *clock)
{
    bool must_be_whole = find_sharing(record->err.code) == SHARED_IF_WHOLE;

    return record->made_ms <= lwc_clock_boot_ms(clock) &&
           (must_be_whole ? record->began_ms : record->made_ms) > since_ms;
}

/* Replaces the old number in the message, if it is there. */
static void replace_wait(struct lwc_error *err, int64_t old_s, int64_t new_s)
{
    char old[64];
    char msg[LWC_ERROR_MSG_LEN];
    const char *found = NULL;

    (void)snprintf(old, sizeof old, "try again in %" PRId64 " s", old_s);
    found = strstr(err->msg, old);
    if (found != NULL) {
        (void)snprintf(msg, sizeof msg, "%.*stry again in %" PRId64 " s%s", (int)(found - err->msg),
                       err->msg, new_s, found + strlen(old));
        memcpy(err->msg, msg, strlen(msg) + 1);
    }
}

void lwc_failure_report(const struct lwc_failure *record, const struct lwc_clock *clock,
                        struct lwc_error *err_out)
{
    int64_t age_ms = lwc_clock_boot_ms(clock) - record->made_ms;
    int64_t old_s = record->err.wait_s;

    *err_out = record->err;
    if (old_s > 0 && age_ms >= 1000) {
        err_out->wait_s = old_s > age_ms / 1000 ? old_s - age_ms / 1000 : 1;
        replace_wait(err_out, old_s, err_out->wait_s);
    }
}

static uint8_t *put_text(uint8_t *at, const char *text)
{
    size_t len = strlen(text);

    lwc_bytes_put(at, TEXT_LEN_LEN, len);
    memcpy(at + TEXT_LEN_LEN, text, len);
    return at + TEXT_LEN_LEN + len;
}

/* Reads a text of less than @cap bytes at *at, and moves on; refuses unprintable bytes. */
static bool get_text(const uint8_t **at, size_t *left, char *text_out, size_t cap)
{
    char shown[LWC_ERROR_MSG_LEN];
    size_t len = 0;

    if (*left < TEXT_LEN_LEN) {
        return false;
    }
    len = (size_t)lwc_bytes_get(*at, TEXT_LEN_LEN);
    if (len > *left - TEXT_LEN_LEN || len >= cap) {
        return false;
    }
    lwc_text_printable(shown, cap, *at + TEXT_LEN_LEN, len);
    if (strlen(shown) != len || memcmp(shown, *at + TEXT_LEN_LEN, len) != 0) {
        return false;
    }
    memcpy(text_out, shown, len + 1);
    *at += TEXT_LEN_LEN + len;
    *left -= TEXT_LEN_LEN + len;
    return true;
}

bool lwc_failure_table_init(struct lwc_failure_table *table)
{
    table->count = 0;
    return lwc_clock_boot_id(table->boot_id);
}

static size_t find_index(const struct lwc_failure_table *table, const uint8_t *name)
{
    size_t i = 0;

    while (i < table->count && memcmp(table->records[i].name, name, LWC_HASH_LEN) != 0) {
        i++;
    }
    return i;
}

const struct lwc_failure *lwc_failure_table_find(const struct lwc_failure_table *table,
                                                 const uint8_t name[static LWC_HASH_LEN])
{
    size_t i = find_index(table, name);

    return i < table->count ? &table->records[i] : NULL;
}

static size_t find_oldest(const struct lwc_failure_table *table)
{
    size_t oldest = 0;

    for (size_t i = 1; i < table->count; i++) {
        oldest = table->records[i].made_ms < table->records[oldest].made_ms ? i : oldest;
    }
    return oldest;
}

void lwc_failure_table_put(struct lwc_failure_table *table, const struct lwc_failure *record)
{
    size_t i = find_index(table, record->name);

    if (i == LWC_FAILURE_RECORDS) {
        i = find_oldest(table);
    }
    table->records[i] = *record;
    table->count += i == table->count ? 1 : 0;
}

bool lwc_failure_table_drop(struct lwc_failure_table *table,
                            const uint8_t name[static LWC_HASH_LEN])
{
    size_t i = find_index(table, name);

    if (i == table->count) {
        return false;
    }
    table->records[i] = table->records[--table->count];
    return true;
}

static void hash_table(const uint8_t *bytes, size_t len, uint8_t digest_out[static LWC_HASH_LEN])
{
    struct lwc_hash hash;

    lwc_hash_begin(&hash, LWC_FAILURE_LABEL);
    lwc_hash_add(&hash, bytes, len);
    lwc_hash_end(&hash, digest_out);
}

static uint8_t *put_record(uint8_t *at, const struct lwc_failure *record)
{
    memcpy(at, record->name, LWC_HASH_LEN);
    lwc_bytes_put(at + AT_CODE, 4, (uint64_t)record->err.code);
    lwc_bytes_put(at + AT_SYS, 4, (uint64_t)record->err.sys);
    lwc_bytes_put(at + AT_WAIT, 8, (uint64_t)record->err.wait_s);
    lwc_bytes_put(at + AT_BEGAN, 8, (uint64_t)record->began_ms);
    lwc_bytes_put(at + AT_MADE, 8, (uint64_t)record->made_ms);
    lwc_bytes_put(at + AT_UNTIL, 8, (uint64_t)record->until_ms);
    return put_text(put_text(at + AT_MSG, record->err.msg), record->err.hint);
}

size_t lwc_failure_encode(const struct lwc_failure_table *table,
                          uint8_t bytes_out[static LWC_FAILURE_MAX])
{
    uint8_t *at = bytes_out + AT_RECORDS;

    memcpy(bytes_out, MAGIC, MAGIC_LEN);
    lwc_bytes_put(bytes_out + AT_VERSION, 4, VERSION);
    memcpy(bytes_out + AT_BOOT_ID, table->boot_id, LWC_BOOT_ID_LEN);
    lwc_bytes_put(bytes_out + AT_COUNT, 4, table->count);
    for (size_t i = 0; i < table->count; i++) {
        at = put_record(at, &table->records[i]);
    }
    hash_table(bytes_out, (size_t)(at - bytes_out), at);
    return (size_t)(at - bytes_out) + LWC_HASH_LEN;
}

static bool check_frame(const uint8_t *bytes, size_t len)
{
    uint8_t found[LWC_HASH_LEN];

    if (len < LEN_MIN || len > LWC_FAILURE_MAX || memcmp(bytes, MAGIC, MAGIC_LEN) != 0 ||
        lwc_bytes_get(bytes + AT_VERSION, 4) != VERSION) {
        return false;
    }
    hash_table(bytes, len - LWC_HASH_LEN, found);
    return memcmp(found, bytes + len - LWC_HASH_LEN, LWC_HASH_LEN) == 0;
}

/* Returns the number, or -1 if it is negative as an int64_t. */
static int64_t get_time(const uint8_t *at)
{
    uint64_t number = lwc_bytes_get(at, 8);

    return number <= INT64_MAX ? (int64_t)number : -1;
}

/* Reads a record at *at, and moves on. */
static bool get_record(const uint8_t **at, size_t *left, struct lwc_failure *record_out)
{
    const uint8_t *from = *at;
    uint64_t code = 0;
    uint64_t sys = 0;

    if (*left < RECORD_LEN_MIN) {
        return false;
    }
    code = lwc_bytes_get(from + AT_CODE, 4);
    sys = lwc_bytes_get(from + AT_SYS, 4);
    if (code >= LWC_ARRAY_LEN(kinds) || sys > SYS_MAX) {
        return false;
    }
    memcpy(record_out->name, from, LWC_HASH_LEN);
    record_out->err.code = (enum lwc_code)code;
    record_out->err.sys = (int)sys;
    record_out->err.wait_s = get_time(from + AT_WAIT);
    record_out->began_ms = get_time(from + AT_BEGAN);
    record_out->made_ms = get_time(from + AT_MADE);
    record_out->until_ms = get_time(from + AT_UNTIL);
    *at += AT_MSG;
    *left -= AT_MSG;
    return get_text(at, left, record_out->err.msg, sizeof record_out->err.msg) &&
           get_text(at, left, record_out->err.hint, sizeof record_out->err.hint) &&
           is_sound(record_out);
}

static bool get_table(const uint8_t *bytes, size_t len, struct lwc_failure_table *table)
{
    uint64_t count = lwc_bytes_get(bytes + AT_COUNT, 4);
    const uint8_t *at = bytes + AT_RECORDS;
    size_t left = len - AT_RECORDS - LWC_HASH_LEN;

    memcpy(table->boot_id, bytes + AT_BOOT_ID, LWC_BOOT_ID_LEN);
    if (!lwc_text_is_graph(table->boot_id, LWC_BOOT_ID_LEN) || count < 1 ||
        count > LWC_FAILURE_RECORDS) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!get_record(&at, &left, &table->records[i]) ||
            find_index(table, table->records[i].name) < table->count) {
            return false;
        }
        table->count++;
    }
    return left == 0;
}

bool lwc_failure_decode(const uint8_t *bytes, size_t len, struct lwc_failure_table *table_out)
{
    struct lwc_failure_table table = {0};

    if (!check_frame(bytes, len) || !get_table(bytes, len, &table)) {
        return false;
    }
    *table_out = table;
    return true;
}
