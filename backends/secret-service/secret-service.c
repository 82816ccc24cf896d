/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>

#include <lwcred/backend.h>

#include "backends/secret-service/encoding.h"
#include "backends/secret-service/item.h"
#include "backends/secret-service/keyring.h"
#include "backends/secret-service/session.h"
#include "base/arguments.h"
#include "base/error.h"
#include "base/hints.h"
#include "base/text.h"
#include "base/util.h"

/*
 * The backend "secret-service": which of the keyring's items answers, and which give way.
 *
 * Arguments: collection=NAME (alias, label or path), timeout=DURATION.
 */

#define TIMEOUT_S 10
#define TIMEOUT_MAX_S 600

struct service {
    const struct lwc_host *host;
    struct lwc_keyring *keyring;
    char *collection;
};

/* A visit to the keyring, which ends with the scope. */
struct visit {
    struct lwc_keyring *keyring;
    struct lwc_items items;
};

static void visit_end(struct visit *visit)
{
    lwc_keyring_clear(&visit->items);
    lwc_keyring_leave(visit->keyring);
}
#define AUTO_VISIT LWC_AUTO(struct visit, visit_end)

static enum lwc_code read_collection(void *member, const char *value, struct lwc_error *err)
{
    *(const char **)member = value;
    return value[0] != '\0' ? LWC_OK : lwc_fail(err, LWC_E_INVALID, "collection= is empty");
}

static enum lwc_code read_timeout(void *member, const char *value, struct lwc_error *err)
{
    int64_t seconds = 0;

    if (!lwc_text_parse_duration(value, &seconds) || seconds < 1 || seconds > TIMEOUT_MAX_S) {
        return lwc_fail(err, LWC_E_INVALID, "timeout=%s: 1 to %d seconds expected", value,
                        TIMEOUT_MAX_S);
    }
    *(int64_t *)member = seconds * 1000;
    return LWC_OK;
}

static const struct lwc_argument words[] = {
    {"collection=", offsetof(struct lwc_keyring_options, collection), read_collection, false},
    {"timeout=", offsetof(struct lwc_keyring_options, timeout_ms), read_timeout, false},
};
static const struct lwc_argument_table table = {words, LWC_ARRAY_LEN(words),
                                                "known are collection=NAME and timeout=DURATION"};

static void service_close(void *state)
{
    struct service *service = state;

    if (service != NULL) {
        lwc_keyring_free(&service->keyring);
        free(service->collection);
        free(service);
    }
}

static enum lwc_code service_open(const struct lwc_host *host, size_t argc, const char *const *argv,
                                  void **state_out, struct lwc_error *err)
{
    struct lwc_keyring_options options = {.host = host, .timeout_ms = TIMEOUT_S * INT64_C(1000)};
    struct service *service = NULL;
    enum lwc_code code = lwc_arguments_read(&table, argc, argv, &options, err);

    if (code != LWC_OK) {
        return code;
    }
    service = calloc(1, sizeof *service);
    if (service == NULL) {
        return lwc_fail_nomem(err);
    }
    service->host = host;
    if (options.collection != NULL) {
        service->collection = strdup(options.collection);
        options.collection = service->collection;
        code = service->collection == NULL ? lwc_fail_nomem(err) : LWC_OK;
    }
    if (code == LWC_OK) {
        code = lwc_keyring_new(&options, &service->keyring, err);
    }
    if (code != LWC_OK) {
        service_close(service);
        return code;
    }
    *state_out = service;
    return LWC_OK;
}

/* GLib's sockets ignore SIGPIPE for the whole process, and send without it: it is put back. */
static enum lwc_code enter_keyring(const struct service *service, struct visit *visit,
                                   struct lwc_error *err)
{
    struct sigaction before;
    enum lwc_code code;

    (void)sigaction(SIGPIPE, NULL, &before);
    code = lwc_keyring_enter(service->keyring, err);
    (void)sigaction(SIGPIPE, &before, NULL);
    visit->keyring = code == LWC_OK ? service->keyring : NULL;
    return code;
}

/* Enters the keyring and finds the items of @profile, or all of ours. */
static enum lwc_code find_items(const struct service *service, const char *profile,
                                struct visit *visit, struct lwc_error *err)
{
    enum lwc_code code = enter_keyring(service, visit, err);

    if (code == LWC_OK) {
        code = lwc_keyring_search(service->keyring, profile, &visit->items, err);
    }
    return code;
}

/* A keyring that is locked may not find an item by its profile: then all of ours are looked at. */
static enum lwc_code find_sealed_items(struct visit *visit, const char *profile,
                                       struct lwc_error *err)
{
    if (profile == NULL || visit->items.count + visit->items.sealed > 0) {
        return LWC_OK;
    }
    lwc_keyring_clear(&visit->items);
    return lwc_keyring_search(visit->keyring, NULL, &visit->items, err);
}

/* Looks, and unlocks if it has to be unlocked for what is there to be seen or, @always. */
static enum lwc_code look_inside(const struct service *service, const char *profile, bool always,
                                 struct visit *visit, struct lwc_error *err)
{
    enum lwc_code code = find_items(service, profile, visit, err);

    if (code != LWC_OK || !lwc_keyring_is_locked(visit->keyring)) {
        return code;
    }
    code = find_sealed_items(visit, profile, err);
    if (code != LWC_OK || (visit->items.sealed == 0 && !always)) {
        return code;
    }
    lwc_keyring_clear(&visit->items);
    code = lwc_keyring_unlock(visit->keyring, NULL, err);
    if (code == LWC_OK) {
        code = lwc_keyring_search(visit->keyring, profile, &visit->items, err);
    }
    if (code == LWC_OK && visit->items.sealed > 0) {
        return lwc_keyring_locked(visit->keyring, err);
    }
    return code;
}

/* A profile has its newest item only, so all items of the profile decide about one of them. */
static const char *profile_of(const struct lwc_identity *query)
{
    return query->profile[0] != '\0' ? query->profile : NULL;
}

static enum lwc_code service_list(void *state, const struct lwc_visitor *visitor,
                                  struct lwc_error *err)
{
    const struct service *service = state;
    AUTO_VISIT visit = {.keyring = NULL};
    enum lwc_code code;

    lwc_session_depend(service->host);
    code = find_items(service, NULL, &visit, err);
    if (code == LWC_OK && visit.items.sealed > 0) {
        return lwc_keyring_locked(visit.keyring, err);
    }
    for (size_t i = 0; code == LWC_OK && i < visit.items.count; i++) {
        if (!lwc_items_is_shadowed(&visit.items, i)) {
            code = visitor->visit(visitor->data, &visit.items.item[i]->identity.id, err);
        }
    }
    return code;
}

static enum lwc_code load_secret(struct visit *visit, struct lwc_item *item,
                                 struct lwc_buf **secret_out, struct lwc_error *err)
{
    LWC_AUTO_BUF line = NULL;
    enum lwc_code code = LWC_OK;

    if (item->is_locked) {
        code = lwc_keyring_unlock(visit->keyring, item, err);
    }
    if (code == LWC_OK) {
        code = lwc_keyring_load(visit->keyring, item, &line, err);
    }
    if (code == LWC_OK) {
        code = lwc_encoding_decode(lwc_buf_bytes(line), lwc_buf_len(line), secret_out, err);
    }
    return code;
}

/* The newest that agrees and holds a secret of ours; what is passed over is traced. */
static enum lwc_code find_newest(const struct service *service, struct visit *visit,
                                 const struct lwc_identity *query, const struct lwc_sink *sink,
                                 struct lwc_error *err)
{
    struct lwc_error why = {0};

    for (size_t i = 0; i < visit->items.count; i++) {
        struct lwc_item *item = visit->items.item[i];
        LWC_AUTO_BUF secret = NULL;
        enum lwc_code code;

        if (!lwc_identity_matches(query, &item->identity.id) ||
            lwc_items_is_shadowed(&visit->items, i)) {
            continue;
        }
        code = load_secret(visit, item, &secret, err);
        if (code == LWC_OK) {
            return sink->put(sink->data, &item->identity.id, lwc_buf_bytes(secret),
                             lwc_buf_len(secret), err);
        }
        if (code != LWC_E_CORRUPT) {
            return code;
        }
        item->is_unreadable = true;
        lwc_describe(&why, code, "%s: its secret is not one that lwcred wrote", item->path);
        service->host->log(service->host->data, LWC_LOG_TRACE, why.msg);
    }
    if (why.code == LWC_OK) {
        return lwc_fail(err, LWC_E_NOT_FOUND, "the keyring holds no such credential");
    }
    return lwc_hint(err, lwc_fail(err, why.code, "%s", why.msg), LWC_HINT_UNREADABLE);
}

static enum lwc_code service_find(void *state, const struct lwc_identity *query,
                                  const struct lwc_sink *sink, struct lwc_error *err)
{
    const struct service *service = state;
    AUTO_VISIT visit = {.keyring = NULL};
    enum lwc_code code;

    lwc_session_depend(service->host);
    code = look_inside(service, profile_of(query), false, &visit, err);
    return code == LWC_OK ? find_newest(service, &visit, query, sink, err) : code;
}

/* Oldest first, so that what is left when it is cut off is what answered before. */
static enum lwc_code delete_all(const struct visit *visit, const char *profile,
                                const struct lwc_item *spared, struct lwc_error *err)
{
    for (size_t i = visit->items.count; i > 0; i--) {
        const struct lwc_item *item = visit->items.item[i - 1];
        enum lwc_code code;

        if (item == spared || !lwc_streq(item->identity.id.profile, profile)) {
            continue;
        }
        code = lwc_keyring_delete(visit->keyring, item, err);
        if (code != LWC_OK) {
            return code;
        }
    }
    return LWC_OK;
}

/* Once the new secret is kept, it answers; what it replaces only lies about if this fails. */
static void remove_older_items(const struct service *service, const struct visit *visit,
                               const char *profile, const struct lwc_item *spared)
{
    struct lwc_error why = {0};

    if (delete_all(visit, profile, spared, &why) != LWC_OK) {
        (void)!lwc_wrap(&why, why.code, "an older item of profile '%s' stays in the keyring",
                        profile);
        service->host->log(service->host->data, LWC_LOG_WARNING, why.msg);
    }
}

static enum lwc_code put_item(const struct service *service, const struct visit *visit,
                              const struct lwc_identity *id, const struct lwc_buf *line,
                              struct lwc_error *err)
{
    const struct lwc_item *old = lwc_items_newest(&visit->items, id->profile);
    const bool is_same = old != NULL && lwc_item_is_same(&old->identity.id, id);
    enum lwc_code code = is_same ? lwc_keyring_update(visit->keyring, old, line, err)
                                 : lwc_keyring_create(visit->keyring, id, line, err);

    if (code == LWC_OK) {
        remove_older_items(service, visit, id->profile, is_same ? old : NULL);
    }
    return code;
}

static enum lwc_code service_store(void *state, const struct lwc_identity *identity,
                                   const void *secret, size_t len, uint32_t flags,
                                   struct lwc_error *err)
{
    const struct service *service = state;
    LWC_AUTO_BUF line = NULL;
    AUTO_VISIT visit = {.keyring = NULL};
    enum lwc_code code = lwc_identity_check(identity, err);

    if (code == LWC_OK && (len == 0 || len > LWC_SECRET_MAX)) {
        code = lwc_fail(err, LWC_E_INVALID, "a secret has 1 to %d bytes", LWC_SECRET_MAX);
    }
    if (code == LWC_OK) {
        code = lwc_encoding_encode(secret, len, &line, err);
    }
    if (code == LWC_OK) {
        code = look_inside(service, identity->profile, true, &visit, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    if ((flags & LWC_STORE_REPLACE) == 0 &&
        lwc_items_newest(&visit.items, identity->profile) != NULL) {
        return lwc_fail(err, LWC_E_INVALID, "profile '%s' is in the keyring already",
                        identity->profile);
    }
    return put_item(service, &visit, identity, line, err);
}

static enum lwc_code service_erase(void *state, const struct lwc_identity *query,
                                   struct lwc_error *err)
{
    const struct service *service = state;
    AUTO_VISIT visit = {.keyring = NULL};
    enum lwc_code code = look_inside(service, profile_of(query), false, &visit, err);

    for (size_t i = 0; code == LWC_OK && i < visit.items.count; i++) {
        const struct lwc_identity *id = &visit.items.item[i]->identity.id;

        if (!lwc_identity_matches(query, id) || lwc_items_is_shadowed(&visit.items, i)) {
            continue;
        }
        if (lwc_keyring_is_locked(visit.keyring)) {
            code = lwc_keyring_unlock(visit.keyring, NULL, err);
        }
        return code == LWC_OK ? delete_all(&visit, id->profile, NULL, err) : code;
    }
    return code == LWC_OK ? lwc_fail(err, LWC_E_NOT_FOUND, "the keyring holds no such credential")
                          : code;
}

static enum lwc_code service_probe(void *state, uint32_t cap, struct lwc_error *err)
{
    AUTO_VISIT visit = {.keyring = NULL};
    enum lwc_code code = enter_keyring(state, &visit, err);

    (void)cap; /* each needs an unlocked collection */
    if (code == LWC_OK && lwc_keyring_is_locked(visit.keyring)) {
        code = lwc_keyring_unlock(visit.keyring, NULL, err);
    }
    return code;
}

static enum lwc_code service_unlock(void *state, struct lwc_error *err)
{
    return service_probe(state, LWC_CAP_READ, err);
}

static enum lwc_code service_lock(void *state, struct lwc_error *err)
{
    const struct service *service = state;
    AUTO_VISIT visit = {.keyring = NULL};
    enum lwc_code code = enter_keyring(service, &visit, err);

    if (code == LWC_OK) {
        code = lwc_keyring_lock(visit.keyring, err);
    }
    return code;
}

__attribute__((visibility("default"))) const struct lwc_backend lwc_backend = {
    .abi = LWC_BACKEND_ABI,
    .size = sizeof(struct lwc_backend),
    .name = "secret-service",
    .summary = "the desktop's keyring: GNOME Keyring, KWallet, KeePassXC",
    .caps = LWC_CAP_READ | LWC_CAP_STORE | LWC_CAP_ERASE | LWC_CAP_LIST | LWC_CAP_UNLOCK |
            LWC_CAP_BLOCKING,
    .open = service_open,
    .close = service_close,
    .find = service_find,
    .list = service_list,
    .store = service_store,
    .erase = service_erase,
    .unlock = service_unlock,
    .lock = service_lock,
    .probe = service_probe,
    .needs = "session bus: DBUS_SESSION_BUS_ADDRESS XDG_RUNTIME_DIR/bus",
};
