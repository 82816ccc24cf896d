#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""keyring.py COMMAND...: the keyring on the session bus, seen by another program than ours
(SecretStorage), and what only GNOME Keyring's own interface can do without a window.

  wait SECONDS                   until a keyring is on the bus
  absent SECONDS                 until none is
  plain LABEL [ALIAS]            a collection without a password: GNOME Keyring keeps it as text
  create LABEL ALIAS PASSWORD    a collection with one
  alias ALIAS PATH               what ALIAS means; "/" for nothing
  state                          of the default collection: locked or unlocked
  lock                           lock the default collection
  unlock PASSWORD                unlock it without a window
  put LABEL NAME=VALUE...        an item with the secret on stdin, in the default collection
  fill NUMBER [NAME=VALUE...]    so many items of ours with profiles of their own
  show                           every item of ours there: attributes, label, content type, secret
"""

import sys
import time

import secretstorage
from jeepney.bus_messages import message_bus
from secretstorage.util import DBusAddressWrapper, exec_prompt, format_secret, open_session

NAME = "org.freedesktop.secrets"
ROOT = "/org/freedesktop/secrets"
GUILT = "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface"
SCHEMA = {"xdg:schema": "net.lacework.AccessKey"}


def owned(connection):
    reply = connection.send_and_get_reply(message_bus.NameHasOwner(NAME), timeout=5)
    return reply.body[0]


def wait_for(connection, seconds, state):
    end = time.monotonic() + float(seconds)
    while owned(connection) != state:
        if time.monotonic() > end:
            sys.exit("keyring.py: the keyring did not come or go in time")
        time.sleep(0.02)


def create(connection, label, alias, password):
    session = open_session(connection)
    guilt = DBusAddressWrapper(ROOT, GUILT, connection)
    properties = {"org.freedesktop.Secret.Collection.Label": ("s", label)}
    secret = format_secret(session, password.encode(), "text/plain")
    (path,) = guilt.call("CreateWithMasterPassword", "a{sv}(oayays)", properties, secret)
    if alias:
        set_alias(connection, alias, path)
    print(path)


def set_alias(connection, alias, path):
    service = DBusAddressWrapper(ROOT, "org.freedesktop.Secret.Service", connection)
    service.call("SetAlias", "so", alias, path)


def unlock(connection, password):
    session = open_session(connection)
    guilt = DBusAddressWrapper(ROOT, GUILT, connection)
    path = secretstorage.get_default_collection(connection).collection_path
    secret = format_secret(session, password.encode(), "text/plain")
    guilt.call("UnlockWithMasterPassword", "o(oayays)", path, secret)


def state(connection):
    print("locked" if secretstorage.get_default_collection(connection).is_locked() else "unlocked")


def lock(connection):
    service = DBusAddressWrapper(ROOT, "org.freedesktop.Secret.Service", connection)
    path = secretstorage.get_default_collection(connection).collection_path
    _, prompt = service.call("Lock", "ao", [path])
    if prompt != "/":
        exec_prompt(connection, prompt)


def put(connection, label, *pairs):
    attributes = dict(pair.split("=", 1) for pair in pairs)
    secret = sys.stdin.buffer.read()
    secretstorage.get_default_collection(connection).create_item(label, attributes, secret)


def fill(connection, number, *pairs):
    collection = secretstorage.get_default_collection(connection)
    attributes = dict(pair.split("=", 1) for pair in pairs)
    for index in range(int(number)):
        collection.create_item(f"filler {index}", {**SCHEMA, **attributes, "profile": f"filler-{index}"}, b"x")


def show(connection):
    for item in secretstorage.get_default_collection(connection).search_items(SCHEMA):
        for name, value in sorted(item.get_attributes().items()):
            print(f"{name}={value}")
        print(f"label={item.get_label()}")
        print(f"type={item.get_secret_content_type()}")
        print(f"secret={item.get_secret().decode()}")


COMMANDS = {
    "wait": lambda connection, seconds: wait_for(connection, seconds, True),
    "absent": lambda connection, seconds: wait_for(connection, seconds, False),
    "plain": lambda connection, label, alias="": create(connection, label, alias, ""),
    "create": create,
    "alias": set_alias,
    "state": state,
    "lock": lock,
    "unlock": unlock,
    "put": put,
    "fill": fill,
    "show": show,
}


def main():
    connection = secretstorage.dbus_init()
    COMMANDS[sys.argv[1]](connection, *sys.argv[2:])


main()
