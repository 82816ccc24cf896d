/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/util.h"
#include "flight/failure.h"

/*
 * Any bytes as a table of failures, as they are and with a right hash.  An accepted table encodes
 * to itself, and all that its records tell is printable.
 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int64_t fake(void *data)
{
    return *(int64_t *)data;
}

static void check_text(const char *text, size_t cap)
{
    char shown[LWC_ERROR_MSG_LEN];

    if (memchr(text, '\0', cap) == NULL ||
        !lwc_streq(lwc_text_printable(shown, cap, text, strlen(text)), text)) {
        abort();
    }
}

static void check_record(const struct lwc_failure *record)
{
    int64_t now_ms = record->until_ms;
    const struct lwc_clock clock = {.data = &now_ms, .wall_s = fake, .boot_ms = fake};
    struct lwc_error err = {0};

    lwc_failure_report(record, &clock, &err);
    if (err.code == LWC_OK || err.wait_s < 0 || err.msg[0] == '\0' ||
        lwc_failure_is_live(record, &clock) || record->began_ms > record->made_ms) {
        abort();
    }
    check_text(err.msg, sizeof err.msg);
    check_text(err.hint, sizeof err.hint);
}

static void check_table(const struct lwc_failure_table *table, const uint8_t *data, size_t len)
{
    uint8_t again[LWC_FAILURE_MAX];

    if (table->count < 1 || table->count > LWC_FAILURE_RECORDS ||
        lwc_failure_encode(table, again) != len || memcmp(again, data, len) != 0) {
        abort();
    }
    for (size_t i = 0; i < table->count; i++) {
        check_record(&table->records[i]);
        if (lwc_failure_table_find(table, table->records[i].name) != &table->records[i]) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    LWC_AUTO_FREE uint8_t *sealed = malloc(len + 1);
    struct lwc_failure_table table;
    struct lwc_hash hash;

    if (lwc_failure_decode(data, len, &table)) {
        check_table(&table, data, len);
    }
    if (sealed == NULL || len < LWC_HASH_LEN) {
        return 0;
    }
    memcpy(sealed, data, len);
    lwc_hash_begin(&hash, LWC_FAILURE_LABEL);
    lwc_hash_add(&hash, sealed, len - LWC_HASH_LEN);
    lwc_hash_end(&hash, sealed + len - LWC_HASH_LEN);
    if (lwc_failure_decode(sealed, len, &table)) {
        check_table(&table, sealed, len);
    }
    return 0;
}
