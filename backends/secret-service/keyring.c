/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in keyring.h. */
#include "backends/secret-service/keyring.h"

#include <stdio.h>

#include <libsecret/secret.h>

#include "backends/secret-service/item.h"
#include "backends/secret-service/session.h"
#include "backends/secret-service/watch.h"
#include "backends/secret-service/words.h"
#include "base/clock.h"
#include "base/util.h"

#define ITEMS_MAX 4096
#define HUNG_MS 60000

struct lwc_keyring {
    struct lwc_keyring_options options;
    SecretService *service;       /* NULL: not connected                           */
    SecretCollection *collection; /* from enter to leave                           */
    GCancellable *cancel;         /* from enter to leave; cancelled when time is up */
    struct lwc_watch watch;       /* as @cancel                                    */
    int64_t limit_ms;             /* of this visit                                 */
    int64_t hung_until_ms;        /* by the boot clock: it did not answer          */
    const char *silence;          /* a window was needed and could not be shown    */
    bool has_asked;               /* a window is or was shown in this visit        */
};

/* Only what differs from libsecret's own: whether a window is shown at all. */
typedef struct {
    SecretService parent;
    struct lwc_keyring *keyring;
} Service;
typedef SecretServiceClass ServiceClass;
static GType service_get_type(void);
G_DEFINE_TYPE(Service, service, SECRET_TYPE_SERVICE)

/* May the window be shown that the keyring needs?  If so, the user has until the caller's end. */
static gboolean ask_user(struct lwc_keyring *keyring, GError **error)
{
    const struct lwc_host *host = keyring->options.host;

    keyring->silence = lwc_session_silence(host);
    if (keyring->silence != NULL) {
        g_set_error(error, SECRET_ERROR, SECRET_ERROR_IS_LOCKED, "%s", keyring->silence);
        return FALSE;
    }
    keyring->has_asked = true;
    host->asking(host->data, "waiting for the keyring's own window to be answered");
    keyring->limit_ms = lwc_session_limit_ms(host, INT64_MAX);
    lwc_watch_extend(&keyring->watch, keyring->limit_ms);
    return TRUE;
}

static GVariant *service_prompt_sync(SecretService *self, SecretPrompt *prompt,
                                     GCancellable *cancel, const GVariantType *type, GError **error)
{
    if (!ask_user(((Service *)self)->keyring, error)) {
        return NULL;
    }
    return SECRET_SERVICE_CLASS(service_parent_class)
        ->prompt_sync(self, prompt, cancel, type, error);
}

static void service_prompt_async(SecretService *self, SecretPrompt *prompt,
                                 const GVariantType *type, GCancellable *cancel,
                                 GAsyncReadyCallback callback, gpointer data)
{
    GError *error = NULL;

    if (!ask_user(((Service *)self)->keyring, &error)) {
        g_autoptr(GTask) task = g_task_new(self, NULL, callback, data);

        g_task_set_source_tag(task, service_get_type);
        g_task_return_error(task, error);
        return;
    }
    SECRET_SERVICE_CLASS(service_parent_class)
        ->prompt_async(self, prompt, type, cancel, callback, data);
}

static GVariant *service_prompt_finish(SecretService *self, GAsyncResult *result, GError **error)
{
    if (g_async_result_is_tagged(result, service_get_type)) {
        return g_task_propagate_pointer(G_TASK(result), error);
    }
    return SECRET_SERVICE_CLASS(service_parent_class)->prompt_finish(self, result, error);
}

static void service_class_init(ServiceClass *klass)
{
    klass->prompt_sync = service_prompt_sync;
    klass->prompt_async = service_prompt_async;
    klass->prompt_finish = service_prompt_finish;
}

static void service_init(Service *self)
{
    self->keyring = NULL; /* set once it is open */
}

/* Nobody has the name of a keyring, and nobody could be started to have it. */
static bool is_no_provider(const GError *error)
{
    static const GDBusError codes[] = {G_DBUS_ERROR_SERVICE_UNKNOWN, G_DBUS_ERROR_NAME_HAS_NO_OWNER,
                                       G_DBUS_ERROR_SPAWN_EXEC_FAILED,
                                       G_DBUS_ERROR_SPAWN_CHILD_EXITED,
                                       G_DBUS_ERROR_SPAWN_CHILD_SIGNALED};
    size_t i = 0;

    while (i < LWC_ARRAY_LEN(codes) && !g_error_matches(error, G_DBUS_ERROR, (int)codes[i])) {
        i++;
    }
    return i < LWC_ARRAY_LEN(codes);
}

/* An alias may lead to a collection that was never made, or is gone. */
static bool is_no_object(const GError *error)
{
    return g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD) ||
           g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT) ||
           g_error_matches(error, SECRET_ERROR, SECRET_ERROR_NO_SUCH_OBJECT);
}

static enum lwc_code wrong(const struct lwc_keyring *keyring, enum lwc_wrong what, const char *why,
                           struct lwc_error *err)
{
    const struct lwc_words words = {
        .collection = keyring->options.collection, .why = why, .limit_ms = keyring->limit_ms};

    return lwc_words_fail(what, &words, err);
}

enum lwc_code lwc_keyring_locked(const struct lwc_keyring *keyring, struct lwc_error *err)
{
    return wrong(keyring, lwc_keyring_is_locked(keyring) ? LWC_WRONG_LOCKED : LWC_WRONG_ASKS,
                 lwc_session_silence(keyring->options.host), err);
}

/* What the library said, as @what or as something that is known better.  Takes @error. */
static enum lwc_code failed(const struct lwc_keyring *keyring, enum lwc_wrong what, GError *error,
                            struct lwc_error *err)
{
    g_autoptr(GError) owned = error;

    if (g_cancellable_is_cancelled(keyring->cancel)) {
        return wrong(keyring, keyring->has_asked ? LWC_WRONG_UNANSWERED : LWC_WRONG_HUNG, NULL,
                     err);
    }
    if (keyring->silence != NULL || g_error_matches(error, SECRET_ERROR, SECRET_ERROR_IS_LOCKED)) {
        return lwc_keyring_locked(keyring, err);
    }
    if (is_no_provider(error)) {
        return wrong(keyring, LWC_WRONG_NO_PROVIDER, NULL, err);
    }
    if (owned != NULL) {
        (void)g_dbus_error_strip_remote_error(owned);
    }
    return wrong(keyring, what, owned != NULL ? owned->message : NULL, err);
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
    g_clear_object(&(*keyring)->service);
    free(*keyring);
    *keyring = NULL;
}

static enum lwc_code connect_bus(struct lwc_keyring *keyring, struct lwc_error *err)
{
    GError *error = NULL;
    g_autoptr(GDBusConnection) bus = NULL;
    enum lwc_code code = lwc_session_bus(keyring->options.host, err);

    if (code != LWC_OK) {
        return code;
    }
    bus = g_bus_get_sync(G_BUS_TYPE_SESSION, keyring->cancel, &error);
    if (bus == NULL) {
        return failed(keyring, LWC_WRONG_NO_BUS, error, err);
    }
    /* The library's default is to end the process with the bus. */
    g_dbus_connection_set_exit_on_close(bus, FALSE);
    keyring->service = secret_service_open_sync(service_get_type(), NULL, SECRET_SERVICE_NONE,
                                                keyring->cancel, &error);
    if (keyring->service == NULL) {
        return failed(keyring, LWC_WRONG_FAILED, error, err);
    }
    ((Service *)keyring->service)->keyring = keyring;
    return LWC_OK;
}

/* By its path, or by its label where no alias has that name. */
static enum lwc_code look_for_named(struct lwc_keyring *keyring, struct lwc_error *err)
{
    const char *name = keyring->options.collection;
    GError *error = NULL;
    GList *all = NULL;

    if (!secret_service_load_collections_sync(keyring->service, keyring->cancel, &error)) {
        return failed(keyring, LWC_WRONG_FAILED, error, err);
    }
    all = secret_service_get_collections(keyring->service);
    for (GList *at = all; at != NULL && keyring->collection == NULL; at = at->next) {
        g_autofree char *label = secret_collection_get_label(at->data);

        if (lwc_streq(name, label) ||
            lwc_streq(name, g_dbus_proxy_get_object_path(G_DBUS_PROXY(at->data)))) {
            keyring->collection = g_object_ref(at->data);
        }
    }
    g_list_free_full(all, g_object_unref);
    return LWC_OK;
}

static enum lwc_code look_for_alias(struct lwc_keyring *keyring, struct lwc_error *err)
{
    const char *name = keyring->options.collection;
    GError *error = NULL;

    keyring->collection =
        secret_collection_for_alias_sync(keyring->service, name != NULL ? name : "default",
                                         SECRET_COLLECTION_NONE, keyring->cancel, &error);
    if (is_no_object(error)) {
        g_clear_error(&error);
    }
    return error != NULL ? failed(keyring, LWC_WRONG_FAILED, error, err) : LWC_OK;
}

static enum lwc_code choose_collection(struct lwc_keyring *keyring, struct lwc_error *err)
{
    const char *name = keyring->options.collection;
    enum lwc_code code = LWC_OK;

    if (name == NULL || name[0] != '/') {
        code = look_for_alias(keyring, err);
    }
    if (code == LWC_OK && keyring->collection == NULL && name != NULL) {
        code = look_for_named(keyring, err);
    }
    if (code != LWC_OK || keyring->collection != NULL) {
        return code;
    }
    return wrong(keyring, name != NULL ? LWC_WRONG_NO_NAMED : LWC_WRONG_NO_DEFAULT, NULL, err);
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
        return wrong(keyring, LWC_WRONG_HUNG, NULL, err);
    }
    keyring->limit_ms = lwc_session_limit_ms(host, keyring->options.timeout_ms);
    keyring->silence = NULL;
    keyring->has_asked = false;
    keyring->cancel = g_cancellable_new();
    code = lwc_watch_start(&keyring->watch, keyring->limit_ms, time_is_up, keyring->cancel, err);
    if (code != LWC_OK) {
        g_clear_object(&keyring->cancel);
        return code;
    }
    code = keyring->service == NULL ? connect_bus(keyring, err) : LWC_OK;
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
    if (keyring == NULL || keyring->cancel == NULL) {
        return;
    }
    /* A stack asks for one thing in several lines: it waits for a hung keyring once. */
    if (lwc_watch_stop(&keyring->watch)) {
        g_clear_object(&keyring->service);
        keyring->hung_until_ms = keyring->has_asked ? 0 : now_ms() + HUNG_MS;
    }
    g_clear_object(&keyring->collection);
    g_clear_object(&keyring->cancel);
}

bool lwc_keyring_is_locked(const struct lwc_keyring *keyring)
{
    return keyring->collection == NULL || secret_collection_get_locked(keyring->collection);
}

enum lwc_code lwc_keyring_unlock(struct lwc_keyring *keyring, const struct lwc_item *item,
                                 struct lwc_error *err)
{
    GList what = {.data = item != NULL ? item->handle : keyring->collection};
    GError *error = NULL;
    int count = secret_service_unlock_sync(keyring->service, &what, keyring->cancel, NULL, &error);

    if (error != NULL || g_cancellable_is_cancelled(keyring->cancel)) {
        return failed(keyring, LWC_WRONG_FAILED, error, err);
    }
    if (count <= 0) {
        return wrong(keyring, LWC_WRONG_DISMISSED, NULL, err);
    }
    /* What the library remembers of it is from before. */
    g_clear_object(&keyring->collection);
    return choose_collection(keyring, err);
}

enum lwc_code lwc_keyring_lock(struct lwc_keyring *keyring, struct lwc_error *err)
{
    GList what = {.data = keyring->collection};
    GError *error = NULL;

    (void)secret_service_lock_sync(keyring->service, &what, keyring->cancel, NULL, &error);
    return error != NULL ? failed(keyring, LWC_WRONG_FAILED, error, err) : LWC_OK;
}

/* A table of borrowed text that is never written to. */
static void insert(GHashTable *table, const char *name, const char *value)
{
    (void)g_hash_table_insert(table, (gpointer)(uintptr_t)name, (gpointer)(uintptr_t)value);
}

static const char *attribute(void *data, const char *name)
{
    return g_hash_table_lookup(data, name);
}

static void item_free(struct lwc_item **item)
{
    if (*item != NULL) {
        g_clear_object((GObject **)&(*item)->handle);
        free(*item);
        *item = NULL;
    }
}

/* Ours, sealed, or another's. */
static enum lwc_code take_item(const struct lwc_keyring *keyring, SecretItem *handle,
                               struct lwc_items *items, struct lwc_error *err)
{
    const struct lwc_host *host = keyring->options.host;
    g_autoptr(GHashTable) attributes = secret_item_get_attributes(handle);
    LWC_AUTO(struct lwc_item *, item_free) item = calloc(1, sizeof *item);
    struct lwc_error why = {0};

    if (item == NULL || items->count == ITEMS_MAX) {
        return lwc_fail(err, LWC_E_IO, "out of memory, or more than %d keys", ITEMS_MAX);
    }
    item->is_locked = secret_item_get_locked(handle);
    if (item->is_locked && attribute(attributes, LWC_ITEM_FORMAT_ATTRIBUTE) == NULL) {
        items->sealed++;
        return LWC_OK;
    }
    (void)snprintf(item->path, sizeof item->path, "%s",
                   g_dbus_proxy_get_object_path(G_DBUS_PROXY(handle)));
    if (lwc_item_identity(attribute, attributes, &item->identity, &why) != LWC_OK) {
        (void)!lwc_wrap(&why, why.code, "%s is left out", item->path);
        host->log(host->data, LWC_LOG_TRACE, why.msg);
        return LWC_OK;
    }
    item->modified = secret_item_get_modified(handle);
    item->handle = g_object_ref(handle);
    items->item[items->count++] = LWC_TAKE(item);
    return LWC_OK;
}

enum lwc_code lwc_keyring_search(struct lwc_keyring *keyring, struct lwc_items *items_out,
                                 struct lwc_error *err)
{
    const bool is_locked = lwc_keyring_is_locked(keyring);
    g_autoptr(GHashTable) wanted = g_hash_table_new(g_str_hash, g_str_equal);
    LWC_AUTO(struct lwc_items, lwc_keyring_clear) items = {0};
    GError *error = NULL;
    GList *found = NULL;
    enum lwc_code code;

    /* Locked, GNOME Keyring finds nothing by a schema, and by other attributes what is there. */
    insert(wanted, is_locked ? LWC_ITEM_FORMAT_ATTRIBUTE : LWC_ITEM_SCHEMA_ATTRIBUTE,
           is_locked ? LWC_ITEM_FORMAT : LWC_ITEM_SCHEMA);
    found = secret_collection_search_sync(keyring->collection, NULL, wanted, SECRET_SEARCH_ALL,
                                          keyring->cancel, &error);
    if (error != NULL) {
        return failed(keyring, LWC_WRONG_FAILED, error, err);
    }
    /* Locked, KeePassXC knows nothing of a database, not even a date: it may hold anything. */
    items.sealed = is_locked && found == NULL &&
                   secret_collection_get_created(keyring->collection) == 0 &&
                   secret_collection_get_modified(keyring->collection) == 0;
    items.item = calloc(g_list_length(found) + 1, sizeof *items.item);
    code = items.item == NULL ? lwc_fail_nomem(err) : LWC_OK;
    for (GList *at = found; code == LWC_OK && at != NULL; at = at->next) {
        code = take_item(keyring, at->data, &items, err);
    }
    g_list_free_full(found, g_object_unref);
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

enum lwc_code lwc_keyring_load(struct lwc_keyring *keyring, const struct lwc_item *item,
                               struct lwc_secret **line_out, struct lwc_error *err)
{
    g_autoptr(SecretValue) value = NULL;
    GError *error = NULL;
    const char *line = NULL;
    gsize len = 0;

    if (!secret_item_load_secret_sync(item->handle, keyring->cancel, &error)) {
        return failed(keyring, LWC_WRONG_FAILED, error, err);
    }
    value = secret_item_get_secret(item->handle);
    line = value != NULL ? secret_value_get(value, &len) : NULL;
    return lwc_secret_copy(line != NULL ? line : "", len, line_out, err);
}

static SecretValue *value_of(const struct lwc_secret *line)
{
    return secret_value_new(lwc_secret_text(line), (gssize)lwc_secret_len(line), "text/plain");
}

enum lwc_code lwc_keyring_create(struct lwc_keyring *keyring, const struct lwc_identity *id,
                                 const struct lwc_secret *line, struct lwc_error *err)
{
    g_autoptr(GHashTable) attributes = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(SecretValue) value = value_of(line);
    g_autoptr(SecretItem) item = NULL;
    struct lwc_item_attribute list[LWC_ITEM_ATTRIBUTES];
    char label[LWC_ITEM_LABEL_LEN];
    GError *error = NULL;

    lwc_item_attributes(id, list);
    for (size_t i = 0; i < LWC_ARRAY_LEN(list); i++) {
        insert(attributes, list[i].name, list[i].value);
    }
    lwc_item_label(id, label);
    item = secret_item_create_sync(keyring->collection, NULL, attributes, label, value,
                                   SECRET_ITEM_CREATE_NONE, keyring->cancel, &error);
    return item == NULL ? failed(keyring, LWC_WRONG_FAILED, error, err) : LWC_OK;
}

enum lwc_code lwc_keyring_update(struct lwc_keyring *keyring, const struct lwc_item *item,
                                 const struct lwc_secret *line, struct lwc_error *err)
{
    g_autoptr(SecretValue) value = value_of(line);
    GError *error = NULL;
    bool is_done = secret_item_set_secret_sync(item->handle, value, keyring->cancel, &error);

    return is_done ? LWC_OK : failed(keyring, LWC_WRONG_FAILED, error, err);
}

enum lwc_code lwc_keyring_delete(struct lwc_keyring *keyring, const struct lwc_item *item,
                                 struct lwc_error *err)
{
    GError *error = NULL;
    bool is_done = secret_item_delete_sync(item->handle, keyring->cancel, &error);

    return is_done ? LWC_OK : failed(keyring, LWC_WRONG_FAILED, error, err);
}
