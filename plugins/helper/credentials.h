/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_HELPER_CREDENTIALS_H
#define PLUGINS_HELPER_CREDENTIALS_H

#include <stddef.h>

#include "base/identity.h"
#include "plugins/helper/app.h"

/* List of the stored credentials that --profile and --account select. */

#define LWC_CREDENTIALS_BUCKETS 512

struct lwc_credentials_entry {
    struct lwc_credentials_entry *next;
    struct lwc_credentials_entry *next_in_bucket;
    const struct lwc_credentials_entry
        *held_before; /* the same profile in an earlier backend, or NULL */
    char place[LWC_BACKEND_NAME_MAX +
               2]; /* backend, and "*" if another one holds the profile, too */
    struct lwc_identity id;
    const char *backend;
    int64_t life_s; /* of its cached token, or 0 */
    char token[32]; /* life_s as text: "57 min", or "" */
    char text[];    /* of id and backend */
};

struct lwc_credentials {
    struct lwc_credentials_entry *first;
    struct lwc_credentials_entry **end;
    size_t count;
    struct lwc_credentials_entry
        *buckets[LWC_CREDENTIALS_BUCKETS]; /* by profile                      */
};

void lwc_credentials_clear(struct lwc_credentials *credentials);
#define LWC_AUTO_CREDENTIALS LWC_AUTO(struct lwc_credentials, lwc_credentials_clear)

/*
 * Collects the credentials that --profile and --account select, in the order of lookups.  Returns
 * the failure of a backend; *roll holds what the others have.
 *
 * @roll  zeroed by the caller, lwc_credentials_clear().
 */
enum lwc_code lwc_credentials_load(struct lwc_app *app, struct lwc_credentials *credentials,
                                   struct lwc_error *err) LWC_RESULT;

#endif
