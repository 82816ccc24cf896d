/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/file/check.h"

#include <limits.h>
#include <stdio.h>

#include "base/text.h"
#include "base/util.h"

#define NUMBER_LEN 24

/* The record under construction. */
struct check_record {
    struct lwc_field fields[LWC_FIELDS_MAX];
    size_t count;
    char path[LWC_FIELD_VALUE_MAX + 1];
    char id[2 * LWC_FORMAT_ID_LEN + 1];
    char numbers[LWC_FIELDS_MAX][NUMBER_LEN];
};

static void add_text(struct check_record *record, const char *name, const char *value)
{
    record->fields[record->count++] = (struct lwc_field){.name = name, .value = value};
}

static void add_number(struct check_record *record, const char *name, const char *prefix,
                       uint64_t number)
{
    char *text = record->numbers[record->count];

    (void)snprintf(text, NUMBER_LEN, "%s%llu", prefix, (unsigned long long)number);
    add_text(record, name, text);
}

static void add_contents(struct check_record *record, const struct lwc_store_session *session)
{
    const struct lwc_store_format *format = &session->contents.format;

    add_number(record, "format", "1.", format->minor);
    for (size_t i = 0; i < LWC_FORMAT_ID_LEN; i++) {
        (void)snprintf(record->id + 2 * i, 3, "%02x", format->store_id[i]);
    }
    add_text(record, "id", record->id);
    add_number(record, "generation", "", format->generation);
    add_number(record, "key-epoch", "", format->key_epoch);
    add_number(record, "slots", "", format->slot_count);
    add_number(record, "records", "", format->record_count);
    add_text(record, "digest", "intact");
    add_text(record, "authentic", session->master != NULL ? "yes" : "unknown");
    add_text(record, "writable",
             (format->optional & ~LWC_FORMAT_OPTIONAL_KNOWN) == 0 ? "yes" : "no");
}

enum lwc_code lwc_store_check(struct lwc_store_session *session,
                              const struct lwc_reporter *reporter, struct lwc_error *err)
{
    struct check_record record = {.count = 0};
    enum lwc_code code = lwc_store_session_load(session, err);

    if (code == LWC_OK && session->loaded && session->master != NULL) {
        code = lwc_contents_authenticate(&session->contents, session->master, err);
        code = code == LWC_OK ? code : lwc_store_session_wrap(session, code, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    add_text(
        &record, "path",
        lwc_text_printable(record.path, sizeof record.path, session->path, strlen(session->path)));
    add_text(&record, "present", session->loaded ? "yes" : "no");
    if (session->loaded) {
        add_contents(&record, session);
    }
    return reporter->report(reporter->data, record.fields, record.count, err);
}
