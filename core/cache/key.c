/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/key.h"

#include <unistd.h>

#include "base/identity.h"
#include "base/util.h"

/*
 * Settings that decide answers of the usual backends.  Any other setting that a backend reads is a
 * dependency of its answer (dependency.h).
 */
static const char *const settings[] = {
    "LW_ACCOUNT",
    "LW_ACCOUNT_FILE",
    "LW_API_KEY",
    "LW_API_KEY_FILE",
    "LW_API_SECRET",
    "LW_API_SECRET_FILE",
    "LW_SUBACCOUNT",
    "LW_SUBACCOUNT_FILE",
    "LW_ORGANIZATION",
    "LW_ORGANIZATION_FILE",
    "LW_API_TOKEN",
    "LW_API_TOKEN_FILE",
    "LW_API_SERVER_URL",
    "LW_API_SERVER_URL_FILE",
    "CREDENTIALS_DIRECTORY",
    "LWCRED_STORE",
    "LWCRED_BACKEND_DIR",
    "HOME",
    "XDG_DATA_HOME",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_CACHE_HOME",
    "XDG_STATE_HOME",
    "GNUPGHOME",
    "DBUS_SESSION_BUS_ADDRESS",
};

/* Settings that decide only how a store is opened, and whether a person may be asked. */
static const char *const means[] = {
    "LWCRED_KEY_FILE",
    "LWCRED_PASSPHRASE_FILE",
    "LWCRED_PASSPHRASE_FD",
    "LWCRED_NO_PROMPT",
};

static void add_settings(struct lwc_hash *hash, const struct lwc_host *host,
                         const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        lwc_hash_add_text(hash, host->setting(host->data, names[i]));
    }
}

static void add_conf(struct lwc_hash *hash, const struct lwc_conf *conf)
{
    lwc_hash_add_number(hash, (int64_t)conf->count);
    for (size_t i = 0; i < conf->count; i++) {
        const struct lwc_conf_line *line = &conf->lines[i];

        lwc_hash_add_number(hash, line->op);
        lwc_hash_add(hash, line->actions, sizeof line->actions);
        lwc_hash_add_text(hash, line->backend);
        lwc_hash_add_number(hash, (int64_t)line->argc);
        for (size_t j = 0; j < line->argc; j++) {
            lwc_hash_add_text(hash, line->argv[j]);
        }
    }
}

static bool is_among(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (lwc_streq(names[i], name)) {
            return true;
        }
    }
    return false;
}

bool lwc_key_of_covers(const char *name)
{
    return is_among(name, settings, LWC_ARRAY_LEN(settings)) ||
           is_among(name, means, LWC_ARRAY_LEN(means));
}

void lwc_key_of_scope(const struct lwc_conf *conf, bool external, const struct lwc_host *host,
                      char scope_out[static LWC_HASH_HEX_LEN])
{
    struct lwc_hash hash;
    uint8_t bytes[LWC_HASH_LEN];

    lwc_hash_begin(&hash, "lwcred scope 1");
    lwc_hash_add_number(&hash, geteuid());
    lwc_hash_add_number(&hash, external);
    add_conf(&hash, conf);
    add_settings(&hash, host, settings, LWC_ARRAY_LEN(settings));
    lwc_hash_end(&hash, bytes);
    lwc_hash_hex(bytes, scope_out);
}

void lwc_key_of_query(const char *scope, const struct lwc_query *query, int64_t ttl_s,
                      const struct lwc_host *host, char name_out[static LWC_HASH_HEX_LEN])
{
    struct lwc_hash hash;
    uint8_t bytes[LWC_HASH_LEN];

    lwc_hash_begin(&hash, "lwcred query 2");
    lwc_hash_add_text(&hash, scope);
    lwc_hash_add_text(&hash, host->setting(host->data, "LW_PROFILE"));
    lwc_hash_add_text(&hash, query->profile);
    lwc_hash_add_text(&hash, query->account);
    lwc_hash_add_text(&hash, query->key_id);
    lwc_hash_add_text(&hash, query->origin);
    lwc_hash_add_text(&hash, query->sub_account);
    lwc_hash_add_number(&hash, query->org_access);
    lwc_hash_add_number(&hash, ttl_s);
    lwc_hash_end(&hash, bytes);
    lwc_hash_hex(bytes, name_out);
}

void lwc_key_of_credential(const struct lwc_identity *identity, const struct lwc_buf *secret,
                           int64_t ttl_s, uint8_t hash_out[static LWC_HASH_LEN])
{
    struct lwc_hash hash;

    lwc_hash_begin(&hash, "lwcred credential 1");
    lwc_hash_add_text(&hash, lwc_identity_authority(identity));
    lwc_hash_add_text(&hash, identity->account);
    lwc_hash_add_text(&hash, identity->key_id);
    lwc_hash_add(&hash, lwc_buf_bytes(secret), lwc_buf_len(secret));
    lwc_hash_add_text(&hash, identity->sub_account);
    lwc_hash_add_number(&hash, identity->flags & LWC_ID_ORG_ACCESS);
    lwc_hash_add_number(&hash, ttl_s);
    lwc_hash_end(&hash, hash_out);
}

void lwc_key_of_flight(const struct lwc_identity *identity, int64_t ttl_s,
                       char name_out[static LWC_HASH_HEX_LEN])
{
    struct lwc_hash hash;
    uint8_t bytes[LWC_HASH_LEN];

    lwc_hash_begin(&hash, "lwcred flight 2");
    lwc_hash_add_text(&hash, lwc_identity_authority(identity));
    lwc_hash_add_text(&hash, identity->account);
    lwc_hash_add_text(&hash, identity->key_id);
    lwc_hash_add_text(&hash, identity->sub_account);
    lwc_hash_add_number(&hash, identity->flags & LWC_ID_ORG_ACCESS);
    lwc_hash_add_number(&hash, ttl_s);
    lwc_hash_end(&hash, bytes);
    lwc_hash_hex(bytes, name_out);
}

void lwc_key_of_failures(const struct lwc_identity *identity,
                         char name_out[static LWC_HASH_HEX_LEN])
{
    struct lwc_hash hash;
    uint8_t bytes[LWC_HASH_LEN];

    lwc_hash_begin(&hash, "lwcred failures 2");
    lwc_hash_add_text(&hash, lwc_identity_authority(identity));
    lwc_hash_add_text(&hash, identity->account);
    lwc_hash_add_text(&hash, identity->key_id);
    lwc_hash_end(&hash, bytes);
    lwc_hash_hex(bytes, name_out);
}
