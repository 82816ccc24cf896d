/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/credentials.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

void lwc_credentials_clear(struct lwc_credentials *credentials)
{
    struct lwc_credentials_entry *entry = credentials->first;

    while (entry != NULL) {
        struct lwc_credentials_entry *next = entry->next;

        free(entry);
        entry = next;
    }
    *credentials = (struct lwc_credentials){0};
}

/* FNV-1a. */
static size_t choose_bucket(const char *profile)
{
    uint32_t hash = 2166136261u;

    for (; *profile != '\0'; profile++) {
        hash = (hash ^ (uint8_t)*profile) * 16777619u;
    }
    return hash % LWC_CREDENTIALS_BUCKETS;
}

/* Puts @entry behind the others of its bucket; returns the first of the same profile, or NULL. */
static struct lwc_credentials_entry *join_bucket(struct lwc_credentials *credentials,
                                                 struct lwc_credentials_entry *entry)
{
    struct lwc_credentials_entry **at = &credentials->buckets[choose_bucket(entry->id.profile)];
    struct lwc_credentials_entry *same = NULL;

    for (; *at != NULL; at = &(*at)->next_in_bucket) {
        if (same == NULL && lwc_streq((*at)->id.profile, entry->id.profile)) {
            same = *at;
        }
    }
    *at = entry;
    return same;
}

static void write_place(struct lwc_credentials_entry *entry, bool is_double)
{
    const size_t len = strnlen(entry->backend, LWC_BACKEND_NAME_MAX);

    memcpy(entry->place, entry->backend, len);
    memcpy(entry->place + len, is_double ? "*" : "", is_double ? 2 : 1);
}

/* Marks @entry, the next one, and the earlier one of the same profile, if there is one. */
static void mark_double(struct lwc_credentials *credentials, struct lwc_credentials_entry *entry)
{
    struct lwc_credentials_entry *other = join_bucket(credentials, entry);

    write_place(entry, other != NULL);
    if (other != NULL) {
        write_place(other, true);
        entry->held_before = other;
    }
}

static enum lwc_code add_credential(void *data, const struct lwc_identity *identity,
                                    const char *backend, struct lwc_error *err)
{
    struct lwc_credentials *credentials = data;
    const size_t backend_len = strlen(backend) + 1;
    struct lwc_credentials_entry *entry = NULL;
    const size_t text_len = lwc_identity_text_len(identity); /* checked by the library   */

    entry = calloc(1, sizeof *entry + text_len + backend_len);
    if (entry == NULL) {
        return lwc_fail_nomem(err);
    }
    lwc_identity_place(identity, entry->text, &entry->id);
    memcpy(entry->text + text_len, backend, backend_len);
    entry->backend = entry->text + text_len;
    mark_double(credentials, entry);
    *credentials->end = entry;
    credentials->end = &entry->next;
    credentials->count++;
    return LWC_OK;
}

/* Keeps the longest life of a key's cached tokens, of all sub-accounts. */
static void note_token(void *data, const struct lwc_identity *identity, int64_t expires_in,
                       const char *place)
{
    const struct lwc_credentials *credentials = data;
    const int64_t minutes = expires_in / 60;

    (void)place;
    for (struct lwc_credentials_entry *entry = credentials->first; entry != NULL;
         entry = entry->next) {
        if (lwc_streq(entry->id.key_id, identity->key_id) &&
            lwc_streq(entry->id.account, identity->account) &&
            lwc_streq(lwc_identity_authority(&entry->id), lwc_identity_authority(identity)) &&
            entry->life_s < expires_in) {
            entry->life_s = expires_in;
            (void)snprintf(entry->token, sizeof entry->token, "%jd %s",
                           (intmax_t)(minutes > 0 ? minutes : expires_in),
                           minutes > 0 ? "min" : "s");
        }
    }
}

enum lwc_code lwc_credentials_load(struct lwc_app *app, struct lwc_credentials *credentials,
                                   struct lwc_error *err)
{
    const struct lwc_query query = lwc_app_query(app);
    enum lwc_code code = lwc_app_open(app, err);

    credentials->end = &credentials->first;
    if (code == LWC_OK) {
        code = lwc_list(app->ctx, &query, add_credential, credentials, err);
        lwc_cached_list(app->ctx, note_token, credentials);
    }
    return code;
}
