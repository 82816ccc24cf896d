/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in keyring.h. */
#include "backends/secret-service/keyring.h"

#include <stdio.h>

#include "backends/secret-service/bus.h"
#include "backends/secret-service/marshal.h"
#include "backends/secret-service/messages.h"
#include "backends/secret-service/session.h"
#include "backends/secret-service/transfer.h"
#include "backends/secret-service/watchdog.h"
#include "base/clock.h"
#include "base/util.h"

#define ITEMS_MAX 4096
#define HUNG_MS 60000
#define NO_PROMPT "/"

struct lwc_keyring {
    struct lwc_keyring_options options;
    struct lwc_bus bus;            /* its @cancel from enter to leave, cancelled when time is up */
    struct lwc_transfer *transfer; /* NULL until a secret is on its way */
    char *collection;              /* path, from enter to leave                                  */
    bool is_locked;                /* as of the last enter or unlock                             */
    struct lwc_watchdog watch;     /* from enter to leave                                        */
    int64_t limit_ms;              /* of this visit                                              */
    int64_t hung_until_ms;         /* by the boot clock: it did not answer                       */
    const char *silence;           /* a window was needed and could not be shown                 */
    bool has_asked;                /* a window is or was shown in this visit                     */
};

static enum lwc_code fail_message(const struct lwc_keyring *keyring, enum lwc_wrong what,
                                  const char *why, struct lwc_error *err)
{
    const struct lwc_messages words = {
        .collection = keyring->options.collection, .why = why, .limit_ms = keyring->limit_ms};

    return lwc_messages_fail(what, &words, err);
}

enum lwc_code lwc_keyring_locked(const struct lwc_keyring *keyring, struct lwc_error *err)
{
    return fail_message(keyring, lwc_keyring_is_locked(keyring) ? LWC_WRONG_LOCKED : LWC_WRONG_ASKS,
                        lwc_session_silence(keyring->options.host), err);
}

/* Reports the library's error as @what, or as a cause that is known better.  Takes @error. */
static enum lwc_code fail_call(const struct lwc_keyring *keyring, enum lwc_wrong what,
                               GError *error, struct lwc_error *err)
{
    g_autoptr(GError) owned = error;
    const enum lwc_bus_wrong kind = lwc_bus_classify(error);

    if (g_cancellable_is_cancelled(keyring->bus.cancel)) {
        return fail_message(keyring, keyring->has_asked ? LWC_WRONG_UNANSWERED : LWC_WRONG_HUNG,
                            NULL, err);
    }
    if (keyring->silence != NULL || kind == LWC_BUS_LOCKED) {
        return lwc_keyring_locked(keyring, err);
    }
    if (owned != NULL) {
        (void)g_dbus_error_strip_remote_error(owned);
    }
    return fail_message(keyring, kind == LWC_BUS_DENIED ? LWC_WRONG_DENIED : what,
                        owned != NULL ? owned->message : NULL, err);
}

static enum lwc_code fail_gerror(const struct lwc_keyring *keyring, GError *error,
                                 struct lwc_error *err)
{
    return fail_call(keyring, LWC_WRONG_FAILED, error, err);
}

enum lwc_code lwc_keyring_new(const struct lwc_keyring_options *options,
                              struct lwc_keyring **keyring_out, struct lwc_error *err)
{
    struct lwc_keyring *keyring = calloc(1, sizeof *keyring);

    if (keyring != NULL) {
        keyring->options = *options;
        *keyring_out = keyring;
    }
    return keyring != NULL ? LWC_OK : lwc_fail_nomem(err);
}

void lwc_keyring_free(struct lwc_keyring **keyring)
{
    if (keyring == NULL || *keyring == NULL) {
        return;
    }
    lwc_bus_close(&(*keyring)->bus);
    free(*keyring);
    *keyring = NULL;
}

static enum lwc_code connect_bus(struct lwc_keyring *keyring, struct lwc_error *err)
{
    GError *error = NULL;
    enum lwc_code code = lwc_session_bus(keyring->options.host, err);

    if (code != LWC_OK || lwc_bus_connect(&keyring->bus, &error)) {
        return code;
    }
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED)) {
        return fail_call(keyring, LWC_WRONG_NOT_OURS, error, err);
    }
    return fail_call(keyring, LWC_WRONG_NO_BUS, error, err);
}

static enum lwc_code find_owner(struct lwc_keyring *keyring, struct lwc_error *err)
{
    GError *error = NULL;

    if (lwc_bus_find_owner(&keyring->bus, &error)) {
        return LWC_OK;
    }
    if (lwc_bus_classify(error) != LWC_BUS_NO_PROVIDER) {
        return fail_gerror(keyring, error, err);
    }
    g_clear_error(&error);
    return fail_call(keyring, LWC_WRONG_NO_PROVIDER, NULL, err);
}

/* Takes @path for the collection where that exists: an alias may lead to one that is gone. */
static enum lwc_code take_collection(struct lwc_keyring *keyring, const char *path,
                                     struct lwc_error *err)
{
    GError *error = NULL;
    g_autoptr(GVariant) locked = NULL;

    locked = lwc_bus_get(&keyring->bus, path, LWC_BUS_COLLECTION ".Locked", G_VARIANT_TYPE_BOOLEAN,
                         &error);
    if (locked != NULL) {
        char *taken = g_strdup(path);

        g_free(keyring->collection);
        keyring->collection = taken;
        keyring->is_locked = g_variant_get_boolean(locked);
        return LWC_OK;
    }
    if (lwc_bus_classify(error) == LWC_BUS_NO_OBJECT) {
        g_clear_error(&error);
        return LWC_OK;
    }
    return fail_gerror(keyring, error, err);
}

struct label_search {
    const char *label;
    char *path;
};

static bool compare_label(void *data, const char *path, GVariant *properties)
{
    struct label_search *search = data;
    const char *label = NULL;

    if (properties != NULL && g_variant_lookup(properties, "Label", "&s", &label) &&
        lwc_streq(label, search->label)) {
        search->path = g_strdup(path);
    }
    return search->path == NULL;
}

static enum lwc_code look_for_label(struct lwc_keyring *keyring, struct lwc_error *err)
{
    struct label_search search = {.label = keyring->options.collection};
    g_autofree const char **paths = NULL;
    g_autoptr(GVariant) all = NULL;
    GError *error = NULL;
    enum lwc_code code;

    all = lwc_bus_get(&keyring->bus, LWC_BUS_ROOT, LWC_BUS_SERVICE ".Collections",
                      G_VARIANT_TYPE_OBJECT_PATH_ARRAY, &error);
    if (all == NULL) {
        return fail_gerror(keyring, error, err);
    }
    paths = g_variant_get_objv(all, NULL);
    (void)lwc_bus_get_each(&keyring->bus, paths, LWC_BUS_COLLECTION, compare_label, &search,
                           &error);
    if (error != NULL) {
        return fail_gerror(keyring, error, err);
    }
    code = search.path != NULL ? take_collection(keyring, search.path, err) : LWC_OK;
    g_free(search.path);
    return code;
}

static enum lwc_code look_for_alias(struct lwc_keyring *keyring, struct lwc_error *err)
{
    const char *name = keyring->options.collection;
    const char *path = NO_PROMPT;
    GError *error = NULL;
    g_autoptr(GVariant) reply = NULL;

    reply = lwc_bus_call(&keyring->bus, LWC_BUS_ROOT, LWC_BUS_SERVICE ".ReadAlias",
                         g_variant_new("(s)", name != NULL ? name : "default"),
                         G_VARIANT_TYPE("(o)"), &error);
    if (reply == NULL) {
        return fail_gerror(keyring, error, err);
    }
    g_variant_get(reply, "(&o)", &path);
    return lwc_streq(path, NO_PROMPT) ? LWC_OK : take_collection(keyring, path, err);
}

static enum lwc_code choose_collection(struct lwc_keyring *keyring, struct lwc_error *err)
{
    const char *name = keyring->options.collection;
    const bool is_path = name != NULL && g_variant_is_object_path(name);
    enum lwc_code code =
        is_path ? take_collection(keyring, name, err) : look_for_alias(keyring, err);

    if (code == LWC_OK && keyring->collection == NULL && name != NULL && !is_path) {
        code = look_for_label(keyring, err);
    }
    if (code != LWC_OK || keyring->collection != NULL) {
        return code;
    }
    return fail_message(keyring, name != NULL ? LWC_WRONG_NO_NAMED : LWC_WRONG_NO_DEFAULT, NULL,
                        err);
}

static int64_t now_ms(void)
{
    return lwc_clock_boot_ms(lwc_clock_system());
}

static void time_is_up(void *cancel)
{
    g_cancellable_cancel(cancel);
}

enum lwc_code lwc_keyring_enter(struct lwc_keyring *keyring, struct lwc_error *err)
{
    const struct lwc_host *host = keyring->options.host;
    enum lwc_code code;

    if (now_ms() < keyring->hung_until_ms) {
        return fail_message(keyring, LWC_WRONG_HUNG, NULL, err);
    }
    keyring->limit_ms = lwc_session_limit_ms(host, keyring->options.timeout_ms);
    keyring->silence = NULL;
    keyring->has_asked = false;
    keyring->bus.cancel = g_cancellable_new();
    code = lwc_watchdog_start(&keyring->watch, keyring->limit_ms, time_is_up, keyring->bus.cancel,
                              err);
    if (code != LWC_OK) {
        g_clear_object(&keyring->bus.cancel);
        return code;
    }
    code = keyring->bus.connection == NULL ? connect_bus(keyring, err) : LWC_OK;
    if (code == LWC_OK) {
        code = find_owner(keyring, err);
    }
    if (code == LWC_OK) {
        code = choose_collection(keyring, err);
    }
    if (code != LWC_OK) {
        lwc_keyring_leave(keyring);
    }
    return code;
}

void lwc_keyring_leave(struct lwc_keyring *keyring)
{
    if (keyring == NULL || keyring->bus.cancel == NULL) {
        return;
    }
    /* A stack asks for one thing in several lines: it waits for a hung keyring once. */
    if (lwc_watchdog_stop(&keyring->watch)) {
        keyring->hung_until_ms = keyring->has_asked ? 0 : now_ms() + HUNG_MS;
    }
    lwc_transfer_end(&keyring->transfer);
    g_clear_pointer(&keyring->collection, g_free);
    g_clear_object(&keyring->bus.cancel);
}

bool lwc_keyring_is_locked(const struct lwc_keyring *keyring)
{
    return keyring->collection == NULL || keyring->is_locked;
}

/*
 * Has the window at @path shown, if there is one to show and the user may be asked; the user has
 * until the caller's end.  *result_out stays NULL where there is no window.  LWC_E_LOCKED if it
 * was dismissed.
 */
static enum lwc_code ask_user(struct lwc_keyring *keyring, const char *path, GVariant **result_out,
                              struct lwc_error *err)
{
    const struct lwc_host *host = keyring->options.host;
    GError *error = NULL;

    if (lwc_streq(path, NO_PROMPT)) {
        return LWC_OK;
    }
    keyring->silence = lwc_session_silence(host);
    if (keyring->silence != NULL) {
        return lwc_keyring_locked(keyring, err);
    }
    keyring->has_asked = true;
    host->asking(host->data, "waiting for the keyring's own window to be answered");
    keyring->limit_ms = lwc_session_limit_ms(host, INT64_MAX);
    lwc_watchdog_extend(&keyring->watch, keyring->limit_ms);
    *result_out = lwc_bus_prompt(&keyring->bus, path, &error);
    if (error != NULL || g_cancellable_is_cancelled(keyring->bus.cancel)) {
        return fail_gerror(keyring, error, err);
    }
    return *result_out != NULL ? LWC_OK : fail_message(keyring, LWC_WRONG_DISMISSED, NULL, err);
}

/* Calls Lock or Unlock for one object, with the window that this may take. */
static enum lwc_code call_lock(struct lwc_keyring *keyring, const char *method, const char *path,
                               struct lwc_error *err)
{
    const char *const paths[] = {path, NULL};
    const char *window = NO_PROMPT;
    GError *error = NULL;
    g_autoptr(GVariant) result = NULL;
    g_autoptr(GVariant) reply = NULL;

    reply = lwc_bus_call(&keyring->bus, LWC_BUS_ROOT, method, g_variant_new("(^ao)", paths),
                         G_VARIANT_TYPE("(aoo)"), &error);
    if (reply == NULL) {
        return fail_gerror(keyring, error, err);
    }
    g_variant_get_child(reply, 1, "&o", &window);
    return ask_user(keyring, window, &result, err);
}

enum lwc_code lwc_keyring_unlock(struct lwc_keyring *keyring, const struct lwc_item *item,
                                 struct lwc_error *err)
{
    enum lwc_code code = call_lock(keyring, LWC_BUS_SERVICE ".Unlock",
                                   item != NULL ? item->path : keyring->collection, err);

    /* Its path may be another now: KeePassXC makes a collection anew when it is unlocked. */
    if (code == LWC_OK) {
        g_clear_pointer(&keyring->collection, g_free);
        code = choose_collection(keyring, err);
    }
    if (code == LWC_OK && item == NULL && keyring->is_locked) {
        return fail_message(keyring, LWC_WRONG_DISMISSED, NULL, err);
    }
    return code;
}

enum lwc_code lwc_keyring_lock(struct lwc_keyring *keyring, struct lwc_error *err)
{
    return call_lock(keyring, LWC_BUS_SERVICE ".Lock", keyring->collection, err);
}

static void item_free(struct lwc_item **item)
{
    free(*item);
    *item = NULL;
}

/* A search on its way through the properties of what was found. */
struct search {
    const struct lwc_keyring *keyring;
    struct lwc_items *items;
    enum lwc_code code;
    struct lwc_error *err;
};

static void trace_left_out(const struct search *search, const char *path, struct lwc_error *why)
{
    const struct lwc_host *host = search->keyring->options.host;

    (void)!lwc_wrap(why, why->code, "%s is left out", path);
    host->log(host->data, LWC_LOG_TRACE, why->msg);
}

/* Counts an item as ours or as sealed, or leaves it out. */
static enum lwc_code add_item(struct search *search, const char *path, GVariant *properties)
{
    struct lwc_items *items = search->items;
    LWC_AUTO(struct lwc_item *, item_free) item = calloc(1, sizeof *item);
    struct lwc_error why = {0};
    enum lwc_code code;

    if (item == NULL || items->count == ITEMS_MAX) {
        return lwc_fail(search->err, LWC_E_IO, "out of memory, or more than %d keys", ITEMS_MAX);
    }
    code = lwc_marshal_read(path, properties, item, &why);
    if (code == LWC_OK) {
        items->item[items->count++] = LWC_TAKE(item);
    } else if (code == LWC_E_LOCKED) {
        items->sealed++;
    } else {
        trace_left_out(search, path, &why);
    }
    return LWC_OK;
}

static bool take_item(void *data, const char *path, GVariant *properties)
{
    struct search *search = data;

    /* Gone since it was found. */
    if (properties != NULL) {
        search->code = add_item(search, path, properties);
    }
    return search->code == LWC_OK;
}

/* Locked, KeePassXC knows nothing of a database, not even a date: it may hold anything. */
static enum lwc_code count_unknown(struct lwc_keyring *keyring, struct lwc_items *items,
                                   struct lwc_error *err)
{
    static const char *const dates[] = {LWC_BUS_COLLECTION ".Created",
                                        LWC_BUS_COLLECTION ".Modified"};
    bool is_known = false;

    for (size_t i = 0; i < LWC_ARRAY_LEN(dates); i++) {
        GError *error = NULL;
        g_autoptr(GVariant) date = NULL;

        date = lwc_bus_get(&keyring->bus, keyring->collection, dates[i], G_VARIANT_TYPE_UINT64,
                           &error);
        if (date == NULL) {
            return fail_gerror(keyring, error, err);
        }
        is_known = is_known || g_variant_get_uint64(date) != 0;
    }
    items->sealed = is_known ? 0 : 1;
    return LWC_OK;
}

static enum lwc_code read_items(struct lwc_keyring *keyring, const char *const *paths,
                                struct lwc_items *items, struct lwc_error *err)
{
    struct search search = {.keyring = keyring, .items = items, .err = err};
    GError *error = NULL;

    items->item = calloc(g_strv_length((char **)(uintptr_t)paths) + 1, sizeof(struct lwc_item *));
    if (items->item == NULL) {
        return lwc_fail_nomem(err);
    }
    (void)lwc_bus_get_each(&keyring->bus, paths, LWC_BUS_ITEM, take_item, &search, &error);
    return error != NULL ? fail_gerror(keyring, error, err) : search.code;
}

enum lwc_code lwc_keyring_search(struct lwc_keyring *keyring, const char *profile,
                                 struct lwc_items *items_out, struct lwc_error *err)
{
    LWC_AUTO(struct lwc_items, lwc_keyring_clear) items = {0};
    g_autofree const char **paths = NULL;
    g_autoptr(GVariant) found = NULL;
    g_autoptr(GVariant) array = NULL;
    GError *error = NULL;
    enum lwc_code code;

    found = lwc_bus_call(&keyring->bus, keyring->collection, LWC_BUS_COLLECTION ".SearchItems",
                         lwc_marshal_search(keyring->is_locked, profile), G_VARIANT_TYPE("(ao)"),
                         &error);
    if (found == NULL) {
        return fail_gerror(keyring, error, err);
    }
    array = g_variant_get_child_value(found, 0);
    paths = g_variant_get_objv(array, NULL);
    code = keyring->is_locked && paths[0] == NULL ? count_unknown(keyring, &items, err)
                                                  : read_items(keyring, paths, &items, err);
    if (code == LWC_OK) {
        lwc_items_sort(&items);
        *items_out = items;
        items = (struct lwc_items){0};
    }
    return code;
}

void lwc_keyring_clear(struct lwc_items *items)
{
    for (size_t i = 0; i < items->count; i++) {
        item_free(&items->item[i]);
    }
    free(items->item);
    *items = (struct lwc_items){0};
}

static enum lwc_code open_session(struct lwc_keyring *keyring, struct lwc_error *err)
{
    GError *error = NULL;

    if (keyring->transfer == NULL) {
        keyring->transfer = lwc_transfer_begin(&keyring->bus, &error);
    }
    return keyring->transfer != NULL ? LWC_OK : fail_gerror(keyring, error, err);
}

enum lwc_code lwc_keyring_load(struct lwc_keyring *keyring, const struct lwc_item *item,
                               struct lwc_buf **line_out, struct lwc_error *err)
{
    g_autoptr(GVariant) reply = NULL;
    g_autoptr(GVariant) sealed = NULL;
    GError *error = NULL;
    enum lwc_code code = open_session(keyring, err);

    if (code != LWC_OK) {
        return code;
    }
    reply = lwc_bus_call(&keyring->bus, item->path, LWC_BUS_ITEM ".GetSecret",
                         g_variant_new("(o)", lwc_transfer_session(keyring->transfer)),
                         G_VARIANT_TYPE("((oayays))"), &error);
    if (reply == NULL) {
        return fail_gerror(keyring, error, err);
    }
    sealed = g_variant_get_child_value(reply, 0);
    return lwc_transfer_unseal(keyring->transfer, sealed, line_out, err);
}

enum lwc_code lwc_keyring_create(struct lwc_keyring *keyring, const struct lwc_identity *id,
                                 const struct lwc_buf *line, struct lwc_error *err)
{
    g_autoptr(GVariant) result = NULL;
    g_autoptr(GVariant) reply = NULL;
    const char *window = NO_PROMPT;
    GError *error = NULL;
    enum lwc_code code = open_session(keyring, err);

    if (code != LWC_OK) {
        return code;
    }
    reply = lwc_bus_call(&keyring->bus, keyring->collection, LWC_BUS_COLLECTION ".CreateItem",
                         g_variant_new("(@a{sv}@(oayays)b)", lwc_marshal_item(id),
                                       lwc_transfer_seal(keyring->transfer, line), FALSE),
                         G_VARIANT_TYPE("(oo)"), &error);
    if (reply == NULL) {
        return fail_gerror(keyring, error, err);
    }
    g_variant_get_child(reply, 1, "&o", &window);
    return ask_user(keyring, window, &result, err);
}

enum lwc_code lwc_keyring_update(struct lwc_keyring *keyring, const struct lwc_item *item,
                                 const struct lwc_buf *line, struct lwc_error *err)
{
    g_autoptr(GVariant) reply = NULL;
    GError *error = NULL;
    enum lwc_code code = open_session(keyring, err);

    if (code != LWC_OK) {
        return code;
    }
    reply = lwc_bus_call(&keyring->bus, item->path, LWC_BUS_ITEM ".SetSecret",
                         g_variant_new("(@(oayays))", lwc_transfer_seal(keyring->transfer, line)),
                         G_VARIANT_TYPE("()"), &error);
    return reply != NULL ? LWC_OK : fail_gerror(keyring, error, err);
}

enum lwc_code lwc_keyring_delete(struct lwc_keyring *keyring, const struct lwc_item *item,
                                 struct lwc_error *err)
{
    g_autoptr(GVariant) result = NULL;
    g_autoptr(GVariant) reply = NULL;
    const char *window = NO_PROMPT;
    GError *error = NULL;

    reply = lwc_bus_call(&keyring->bus, item->path, LWC_BUS_ITEM ".Delete", NULL,
                         G_VARIANT_TYPE("(o)"), &error);
    if (reply == NULL) {
        return fail_gerror(keyring, error, err);
    }
    g_variant_get(reply, "(&o)", &window);
    return ask_user(keyring, window, &result, err);
}
