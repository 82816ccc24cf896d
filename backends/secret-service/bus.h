/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_SECRET_SERVICE_BUS_H
#define BACKENDS_SECRET_SERVICE_BUS_H

#include <stdbool.h>

#include <gio/gio.h>

/*
 * Calls to the keyring over the session bus.
 *
 * MUST:
 *  1. A bus that another user runs gets no call: the kernel says who listens at its socket.
 *  2. Properties of many objects cost one round trip, however many objects there are.
 *  3. Every wait ends when @cancel is cancelled.
 */
#define LWC_BUS_ROOT "/org/freedesktop/secrets"
#define LWC_BUS_SERVICE "org.freedesktop.Secret.Service"
#define LWC_BUS_COLLECTION "org.freedesktop.Secret.Collection"
#define LWC_BUS_ITEM "org.freedesktop.Secret.Item"

/* @owner: unique name of the keyring; NULL until lwc_bus_find_owner(). @cancel is borrowed. */
struct lwc_bus {
    GDBusConnection *connection;
    char *owner;
    GCancellable *cancel;
};

enum lwc_bus_wrong {
    LWC_BUS_OTHER,       /* any other error                                          */
    LWC_BUS_NO_PROVIDER, /* no program has the name, and none could be started       */
    LWC_BUS_NO_OBJECT,   /* no object at this path                                   */
    LWC_BUS_LOCKED,      /* the object is locked                                     */
    LWC_BUS_DENIED,      /* the bus or the keyring refuses the call                  */
};

/* Connects to the session bus. False with @error; G_IO_ERROR_PERMISSION_DENIED: not our bus. */
bool lwc_bus_connect(struct lwc_bus *bus, GError **error);
void lwc_bus_close(struct lwc_bus *bus);

/* Starts the keyring if the bus can, and learns its unique name, to which further calls go. */
bool lwc_bus_find_owner(struct lwc_bus *bus, GError **error);

/* Calls a method of the keyring. Takes @arguments; NULL with @error. The result is a tuple. */
GVariant *lwc_bus_call(const struct lwc_bus *bus, const char *path, const char *method,
                       GVariant *arguments, const GVariantType *type, GError **error);

/* Reads one property, of the type @type. @interface and @name are one text "INTERFACE.NAME". */
GVariant *lwc_bus_get(const struct lwc_bus *bus, const char *path, const char *property,
                      const GVariantType *type, GError **error);

/*
 * Reads all properties of @interface of each of @paths (NULL-terminated).
 *
 * @each  gets a dictionary, or NULL for an object that is gone meanwhile; false ends the walk.
 */
typedef bool lwc_bus_each(void *data, const char *path, GVariant *properties);
bool lwc_bus_get_each(const struct lwc_bus *bus, const char *const *paths, const char *interface,
                      lwc_bus_each *each, void *data, GError **error);

/*
 * Has the prompt at @path shown and waits for its end. NULL without @error: dismissed. When the
 * time is over the window is taken back, but for that of GNOME Keyring, which does not survive it.
 */
GVariant *lwc_bus_prompt(const struct lwc_bus *bus, const char *path, GError **error);

enum lwc_bus_wrong lwc_bus_classify(const GError *error);

#endif
