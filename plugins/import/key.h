/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_IMPORT_KEY_H
#define PLUGINS_IMPORT_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include <lwcred/backend.h>

#include "base/buffer.h"
#include "base/error.h"

/* An access key as other tools write it down, collected member by member. */

#define LWC_IMPORT_CAP ((size_t)256 * 1024) /* of a file with one key */

enum lwc_import_member {
    LWC_IMPORT_ACCOUNT,
    LWC_IMPORT_KEY_ID,
    LWC_IMPORT_SECRET,
    LWC_IMPORT_SUB_ACCOUNT,
    LWC_IMPORT_ORGANIZATION,
    LWC_IMPORT_MEMBERS,
};

/* Zeroed at first.  "" and NULL: not there. */
struct lwc_import_key {
    char account[LWC_ACCOUNT_MAX + 1]; /* canonical */
    char key_id[LWC_KEY_ID_MAX + 1];
    char sub_account[LWC_SUB_ACCOUNT_MAX + 1]; /* in lower case, as the CLI sends it */
    bool is_org;
    bool is_set[LWC_IMPORT_MEMBERS];
    struct lwc_buf *secret;
};

/* Wipes and frees what @key owns. */
void lwc_import_key_clear(struct lwc_import_key *key);
#define LWC_AUTO_IMPORT_KEY LWC_AUTO(struct lwc_import_key, lwc_import_key_clear)

/* A name that a source gives to a member; in any case. */
struct lwc_import_name {
    const char *name;
    enum lwc_import_member member;
};

/* Returns the member that @name, of @len bytes, is in @names; LWC_IMPORT_MEMBERS: none. */
enum lwc_import_member lwc_import_find(const struct lwc_import_name *names, size_t count,
                                       const char *name, size_t len);

/*
 * Sets a member to @len bytes of @value, which is checked.  An empty value is none.
 *
 * @what  name of the member in messages, which never quote a value.
 * Returns LWC_OK; LWC_E_INVALID for a malformed value, or another one than is set already.
 */
enum lwc_code lwc_import_set(struct lwc_import_key *key, enum lwc_import_member member,
                             const char *what, const char *value, size_t len, struct lwc_error *err)
    LWC_RESULT;

/* Checks that key id and secret are there, and not each in the other's place. */
enum lwc_code lwc_import_check(const struct lwc_import_key *key, struct lwc_error *err) LWC_RESULT;

#endif
