/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in bus.h. */
#include "backends/secret-service/bus.h"

#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"

#define NAME "org.freedesktop.secrets"
#define GNOME_NAME "org.gnome.keyring"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define PROMPT "org.freedesktop.Secret.Prompt"
/* All errors with this prefix mean that the bus could not start a keyring. */
#define SPAWN "org.freedesktop.DBus.Error.Spawn."
#define NO_TIMEOUT G_MAXINT

/* So many calls are under way at most: a bus limits the replies that it owes to one client. */
#define BATCH 128

/* User whose process listens at the socket; (uid_t)-1: the kernel does not say. */
static uid_t read_peer(GDBusConnection *connection)
{
    GIOStream *stream = g_dbus_connection_get_stream(connection);
    g_autoptr(GCredentials) peer = NULL;

    if (!G_IS_SOCKET_CONNECTION(stream)) {
        return (uid_t)-1;
    }
    peer =
        g_socket_get_credentials(g_socket_connection_get_socket(G_SOCKET_CONNECTION(stream)), NULL);
    return peer != NULL ? g_credentials_get_unix_user(peer, NULL) : (uid_t)-1;
}

bool lwc_bus_connect(struct lwc_bus *bus, GError **error)
{
    g_autoptr(GDBusConnection) connection = g_bus_get_sync(G_BUS_TYPE_SESSION, bus->cancel, error);
    uid_t peer = (uid_t)-1;

    if (connection == NULL) {
        return false;
    }
    /* The library's default is to end the process with the bus. */
    g_dbus_connection_set_exit_on_close(connection, FALSE);
    peer = read_peer(connection);
    if (peer == (uid_t)-1) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                    "the kernel does not say who runs it");
        return false;
    }
    if (peer != geteuid()) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "uid %ju runs it",
                    (uintmax_t)peer);
        return false;
    }
    bus->connection = g_steal_pointer(&connection);
    return true;
}

void lwc_bus_close(struct lwc_bus *bus)
{
    g_clear_object(&bus->connection);
    g_clear_pointer(&bus->owner, g_free);
}

static GVariant *call_bus(const struct lwc_bus *bus, const char *method, GVariant *arguments,
                          const char *type, GError **error)
{
    return g_dbus_connection_call_sync(bus->connection, "org.freedesktop.DBus",
                                       "/org/freedesktop/DBus", "org.freedesktop.DBus", method,
                                       arguments, G_VARIANT_TYPE(type), G_DBUS_CALL_FLAGS_NONE,
                                       NO_TIMEOUT, bus->cancel, error);
}

bool lwc_bus_find_owner(struct lwc_bus *bus, GError **error)
{
    g_autoptr(GVariant) started = NULL;
    g_autoptr(GVariant) owner =
        call_bus(bus, "GetNameOwner", g_variant_new("(s)", NAME), "(s)", NULL);

    g_clear_pointer(&bus->owner, g_free);
    if (owner == NULL) {
        started = call_bus(bus, "StartServiceByName", g_variant_new("(su)", NAME, 0), "(u)", error);
        if (started == NULL) {
            return false;
        }
        owner = call_bus(bus, "GetNameOwner", g_variant_new("(s)", NAME), "(s)", error);
    }
    if (owner != NULL) {
        g_variant_get(owner, "(s)", &bus->owner);
    }
    return owner != NULL;
}

/* "INTERFACE.MEMBER" in two; @interface_out is to be freed. */
static const char *split_member(const char *text, char **interface_out)
{
    const char *dot = strrchr(text, '.');

    *interface_out = g_strndup(text, (gsize)(dot - text));
    return dot + 1;
}

GVariant *lwc_bus_call(const struct lwc_bus *bus, const char *path, const char *method,
                       GVariant *arguments, const GVariantType *type, GError **error)
{
    g_autofree char *interface = NULL;
    const char *member = split_member(method, &interface);

    return g_dbus_connection_call_sync(bus->connection, bus->owner, path, interface, member,
                                       arguments, type, G_DBUS_CALL_FLAGS_NO_AUTO_START, NO_TIMEOUT,
                                       bus->cancel, error);
}

GVariant *lwc_bus_get(const struct lwc_bus *bus, const char *path, const char *property,
                      const GVariantType *type, GError **error)
{
    g_autofree char *interface = NULL;
    const char *name = split_member(property, &interface);
    g_autoptr(GVariant) reply =
        lwc_bus_call(bus, path, PROPERTIES ".Get", g_variant_new("(ss)", interface, name),
                     G_VARIANT_TYPE("(v)"), error);
    g_autoptr(GVariant) value = NULL;

    if (reply == NULL) {
        return NULL;
    }
    g_variant_get(reply, "(v)", &value);
    if (!g_variant_is_of_type(value, type)) {
        g_set_error(error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_SIGNATURE,
                    "property '%s' has another type", name);
        return NULL;
    }
    return g_steal_pointer(&value);
}

/* Calls under way: @waiting of them have no reply yet. */
struct batch {
    GVariant *reply[BATCH];
    GError *error[BATCH];
    size_t waiting;
};

struct slot {
    struct batch *batch;
    size_t index;
};

static void take_reply(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autofree struct slot *slot = data;
    struct batch *batch = slot->batch;

    batch->reply[slot->index] = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result,
                                                              &batch->error[slot->index]);
    batch->waiting--;
}

static void send_batch(const struct lwc_bus *bus, const char *const *paths, size_t count,
                       const char *interface, struct batch *batch)
{
    for (size_t i = 0; i < count; i++) {
        struct slot *slot = g_new(struct slot, 1);

        *slot = (struct slot){.batch = batch, .index = i};
        batch->waiting++;
        g_dbus_connection_call(bus->connection, bus->owner, paths[i], PROPERTIES, "GetAll",
                               g_variant_new("(s)", interface), G_VARIANT_TYPE("(a{sv})"),
                               G_DBUS_CALL_FLAGS_NO_AUTO_START, NO_TIMEOUT, bus->cancel, take_reply,
                               slot);
    }
}

/* Hands out the replies in their order; frees them all, also after a failure. */
static bool give_batch(struct batch *batch, const char *const *paths, size_t count,
                       lwc_bus_each *each, void *data, GError **error)
{
    bool goes_on = true;

    for (size_t i = 0; i < count; i++) {
        g_autoptr(GVariant) properties = NULL;
        const bool is_gone = lwc_bus_classify(batch->error[i]) == LWC_BUS_NO_OBJECT;

        if (batch->reply[i] != NULL) {
            properties = g_variant_get_child_value(batch->reply[i], 0);
        }
        if (goes_on && (properties != NULL || is_gone)) {
            goes_on = each(data, paths[i], properties);
        } else if (goes_on) {
            g_propagate_error(error, g_steal_pointer(&batch->error[i]));
            goes_on = false;
        }
        g_clear_pointer(&batch->reply[i], g_variant_unref);
        g_clear_error(&batch->error[i]);
    }
    return goes_on;
}

bool lwc_bus_get_each(const struct lwc_bus *bus, const char *const *paths, const char *interface,
                      lwc_bus_each *each, void *data, GError **error)
{
    GMainContext *context = g_main_context_new();
    size_t left = g_strv_length((char **)(uintptr_t)paths);
    bool goes_on = true;

    g_main_context_push_thread_default(context);
    while (goes_on && left > 0) {
        const size_t count = left < BATCH ? left : BATCH;
        struct batch batch = {.waiting = 0};

        send_batch(bus, paths, count, interface, &batch);
        while (batch.waiting > 0) {
            (void)g_main_context_iteration(context, TRUE);
        }
        goes_on = give_batch(&batch, paths, count, each, data, error);
        paths += count;
        left -= count;
    }
    g_main_context_pop_thread_default(context);
    g_main_context_unref(context);
    return goes_on;
}

/* A window of the keyring, until it is closed, its program ends, or the time is over. */
struct window {
    GMainContext *context;
    GVariant *result;
    bool is_closed;
    bool is_dismissed;
    bool is_gone;
};

static void take_end(GDBusConnection *connection, const char *sender, const char *path,
                     const char *interface, const char *signal, GVariant *parameters, gpointer data)
{
    struct window *window = data;
    gboolean is_dismissed = TRUE;

    (void)connection, (void)sender, (void)path, (void)interface, (void)signal;
    if (window->is_closed || !g_variant_is_of_type(parameters, G_VARIANT_TYPE("(bv)"))) {
        return;
    }
    g_variant_get(parameters, "(bv)", &is_dismissed, &window->result);
    window->is_closed = true;
    window->is_dismissed = is_dismissed;
}

static void take_loss(GDBusConnection *connection, const char *name, gpointer data)
{
    (void)connection, (void)name;
    ((struct window *)data)->is_gone = true;
}

static void wake_up(GCancellable *cancel, gpointer data)
{
    (void)cancel;
    g_main_context_wakeup(data);
}

/* Has the window shown and waits for its end.  False: it was not shown, or is gone. */
static bool show_window(const struct lwc_bus *bus, const char *path, struct window *window,
                        GError **error)
{
    g_autoptr(GVariant) shown = lwc_bus_call(bus, path, PROMPT ".Prompt", g_variant_new("(s)", ""),
                                             G_VARIANT_TYPE("()"), error);
    gulong handler = 0;

    if (shown == NULL) {
        return false;
    }
    handler = g_cancellable_connect(bus->cancel, G_CALLBACK(wake_up), window->context, NULL);
    while (!window->is_closed && !window->is_gone && !g_cancellable_is_cancelled(bus->cancel)) {
        (void)g_main_context_iteration(window->context, TRUE);
    }
    g_cancellable_disconnect(bus->cancel, handler);
    if (window->is_gone && !window->is_closed) {
        g_set_error(error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY,
                    "its program ended while its window was waited for");
    }
    if (!window->is_gone && !window->is_closed) {
        (void)g_cancellable_set_error_if_cancelled(bus->cancel, error);
    }
    return !window->is_gone;
}

/* GNOME Keyring 42 ends itself (SIGABRT) when a question about unlocking is dismissed. */
static bool survives_dismissal(const struct lwc_bus *bus)
{
    const char *owner = NULL;
    g_autoptr(GVariant) reply =
        call_bus(bus, "GetNameOwner", g_variant_new("(s)", GNOME_NAME), "(s)", NULL);

    if (reply != NULL) {
        g_variant_get(reply, "(&s)", &owner);
    }
    return owner == NULL || strcmp(owner, bus->owner) != 0;
}

/* Sends without waiting for a reply: the time is over. */
static void dismiss_window(const struct lwc_bus *bus, const char *path)
{
    g_dbus_connection_call(bus->connection, bus->owner, path, PROMPT, "Dismiss", NULL, NULL,
                           G_DBUS_CALL_FLAGS_NO_AUTO_START, NO_TIMEOUT, NULL, NULL, NULL);
    (void)g_dbus_connection_flush_sync(bus->connection, NULL, NULL);
}

GVariant *lwc_bus_prompt(const struct lwc_bus *bus, const char *path, GError **error)
{
    struct window window = {.context = g_main_context_new()};
    const bool can_dismiss = survives_dismissal(bus);
    guint signal = 0;
    guint watch = 0;

    g_main_context_push_thread_default(window.context);
    signal =
        g_dbus_connection_signal_subscribe(bus->connection, bus->owner, PROMPT, "Completed", path,
                                           NULL, G_DBUS_SIGNAL_FLAGS_NONE, take_end, &window, NULL);
    watch = g_bus_watch_name_on_connection(
        bus->connection, bus->owner, G_BUS_NAME_WATCHER_FLAGS_NONE, NULL, take_loss, &window, NULL);
    if (show_window(bus, path, &window, error) && !window.is_closed && can_dismiss) {
        dismiss_window(bus, path);
    }
    g_bus_unwatch_name(watch);
    g_dbus_connection_signal_unsubscribe(bus->connection, signal);
    /* Callbacks that are under way still name this window. */
    while (g_main_context_iteration(window.context, FALSE)) {
        continue;
    }
    g_main_context_pop_thread_default(window.context);
    g_main_context_unref(window.context);
    if (window.is_dismissed) {
        g_clear_pointer(&window.result, g_variant_unref);
    }
    return window.result;
}

enum lwc_bus_wrong lwc_bus_classify(const GError *error)
{
    static const struct {
        const char *name;
        enum lwc_bus_wrong wrong;
    } known[] = {
        {"org.freedesktop.DBus.Error.ServiceUnknown", LWC_BUS_NO_PROVIDER},
        {"org.freedesktop.DBus.Error.NameHasNoOwner", LWC_BUS_NO_PROVIDER},
        {"org.freedesktop.systemd1.NoSuchUnit", LWC_BUS_NO_PROVIDER},
        {"org.freedesktop.DBus.Error.UnknownMethod", LWC_BUS_NO_OBJECT},
        {"org.freedesktop.DBus.Error.UnknownObject", LWC_BUS_NO_OBJECT},
        {"org.freedesktop.Secret.Error.NoSuchObject", LWC_BUS_NO_OBJECT},
        {"org.freedesktop.Secret.Error.IsLocked", LWC_BUS_LOCKED},
        {"org.freedesktop.DBus.Error.AccessDenied", LWC_BUS_DENIED},
        {"org.freedesktop.DBus.Error.AuthFailed", LWC_BUS_DENIED},
    };
    g_autofree char *name = error != NULL ? g_dbus_error_get_remote_error(error) : NULL;

    for (size_t i = 0; name != NULL && i < LWC_ARRAY_LEN(known); i++) {
        if (strcmp(name, known[i].name) == 0) {
            return known[i].wrong;
        }
    }
    return name != NULL && g_str_has_prefix(name, SPAWN) ? LWC_BUS_NO_PROVIDER : LWC_BUS_OTHER;
}
