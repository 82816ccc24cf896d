/* SPDX-License-Identifier: Apache-2.0 */
#include "roll.h"

#include <stdio.h>
#include <string.h>

void lwc_roll_clear(struct lwc_roll *roll)
{
    struct lwc_roll_entry *entry = roll->first;

    while (entry != NULL) {
        struct lwc_roll_entry *next = entry->next;

        free(entry);
        entry = next;
    }
    *roll = (struct lwc_roll){0};
}

/* @entry, the next one, and the earlier one of the same profile, if there is one. */
static void mark_double(struct lwc_roll *roll, struct lwc_roll_entry *entry)
{
    struct lwc_roll_entry *other = roll->first;

    while (other != NULL && !lwc_streq(other->id.profile, entry->id.profile)) {
        other = other->next;
    }
    (void)snprintf(entry->place, sizeof entry->place, "%s%s", entry->backend,
                   other != NULL ? "*" : "");
    if (other != NULL) {
        (void)snprintf(other->place, sizeof other->place, "%s*", other->backend);
        entry->held_before = other;
    }
}

static enum lwc_code visit(void *data, const struct lwc_identity *identity, const char *backend,
                           struct lwc_error *err)
{
    struct lwc_roll *roll = data;
    const size_t backend_len = strlen(backend) + 1;
    struct lwc_roll_entry *entry = NULL;
    size_t text_len = 0;
    enum lwc_code code = lwc_identity_check(identity, err);

    if (code != LWC_OK) {
        return lwc_wrap(err, code, "backend '%s'", backend);
    }
    text_len = lwc_identity_text_len(identity);
    entry = calloc(1, sizeof *entry + text_len + backend_len);
    if (entry == NULL) {
        return lwc_fail_nomem(err);
    }
    lwc_identity_place(identity, entry->text, &entry->id);
    memcpy(entry->text + text_len, backend, backend_len);
    entry->backend = entry->text + text_len;
    mark_double(roll, entry);
    *roll->end = entry;
    roll->end = &entry->next;
    roll->count++;
    return LWC_OK;
}

/* The longest life of what is cached for a key, with whatever headers it was got. */
static void note_token(void *data, const struct lwc_identity *identity, int64_t expires_in,
                       const char *place)
{
    const struct lwc_roll *roll = data;
    const int64_t minutes = expires_in / 60;

    (void)place;
    for (struct lwc_roll_entry *entry = roll->first; entry != NULL; entry = entry->next) {
        if (lwc_streq(entry->id.key_id, identity->key_id) &&
            lwc_streq(entry->id.account, identity->account) && entry->life_s < expires_in) {
            entry->life_s = expires_in;
            (void)snprintf(entry->token, sizeof entry->token, "%jd %s",
                           (intmax_t)(minutes > 0 ? minutes : expires_in),
                           minutes > 0 ? "min" : "s");
        }
    }
}

enum lwc_code lwc_roll_load(struct lwc_app *app, struct lwc_roll *roll, struct lwc_error *err)
{
    const struct lwc_query query = lwc_app_query(app);
    enum lwc_code code = lwc_app_open(app, err);

    roll->end = &roll->first;
    if (code == LWC_OK) {
        code = lwc_list(app->ctx, &query, visit, roll, err);
        lwc_cached_list(app->ctx, note_token, roll);
    }
    return code;
}
