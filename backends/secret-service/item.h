/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_SECRET_SERVICE_ITEM_H
#define BACKENDS_SECRET_SERVICE_ITEM_H

#include <lwcred/backend.h>

#include "base/error.h"
#include "base/identity.h"

/*
 * An identity as the attributes of an item, and back.
 *
 *   attribute      value
 *   xdg:schema     net.lacework.AccessKey
 *   lwcred-format  1
 *   profile        as it is
 *   account        as it is
 *   origin         host[:port], or empty: the account itself
 *   key-id         as it is, or empty
 *   sub-account    as it is, or empty
 *   kind           access-key, token or agent-token
 *   flags          org-access, or empty
 *
 * All of them are written; profile, account, kind and lwcred-format must be there to be read.
 * The format has a name that no other program uses: while GNOME Keyring is locked, it finds items
 * by their own attributes alone, not by their schema.
 */

#define LWC_ITEM_SCHEMA "net.lacework.AccessKey"
#define LWC_ITEM_SCHEMA_ATTRIBUTE "xdg:schema"
#define LWC_ITEM_PROFILE_ATTRIBUTE "profile"
#define LWC_ITEM_FORMAT_ATTRIBUTE "lwcred-format"
#define LWC_ITEM_FORMAT "1"
#define LWC_ITEM_ATTRIBUTES 9
#define LWC_ITEM_LABEL_LEN 768

struct lwc_item_attribute {
    const char *name;
    const char *value;
};

/* The attributes for @id; values are borrowed from @id. */
void lwc_item_attributes(const struct lwc_identity *id,
                         struct lwc_item_attribute attributes_out[static LWC_ITEM_ATTRIBUTES]);

/* The value of the attribute @name, or NULL. */
typedef const char *lwc_item_get(void *data, const char *name);

/*
 * Read an identity out of attributes, the schema included.  LWC_E_INVALID, with the reason: the
 * item is not ours, of another format, or has values outside the limits.
 */
enum lwc_code lwc_item_identity(lwc_item_get *get, void *data,
                                struct lwc_identity_copy *identity_out, struct lwc_error *err)
    LWC_RESULT;

/* Makes the label that a person sees in a list of keys.  Printable ASCII. */
void lwc_item_label(const struct lwc_identity *id, char label_out[static LWC_ITEM_LABEL_LEN]);

/* Returns whether all members are equal. */
bool lwc_item_is_same(const struct lwc_identity *a, const struct lwc_identity *b);

#endif
