#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""mock_keyring.py MODE PROFILE ACCOUNT KEY-ID ORIGIN: a keyring on the session bus that holds one
locked key and has a window, which no real one shows here.  The secret is read from stdin.

  never    nobody ever answers the window; it closes when the client takes it back
  deaf     nor then
  dismiss  somebody closes it
  accept   somebody types the password
  cold     the same; until then the item does not show its attributes, as GNOME Keyring's do not
           that were not unlocked since it started
  empty    holds nothing, and knows when it was changed, but not when it was made, as GNOME Keyring
           sometimes does not

Each use of the window is a line on stdout: "prompt", and "dismissed" when the client takes it back.
"""

import sys

from jeepney import DBusAddress, HeaderFields, MessageType, new_error, new_method_return, new_signal
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

ROOT = "/org/freedesktop/secrets"
COLLECTION = ROOT + "/collection/login"
ITEM = COLLECTION + "/1"
SESSION = ROOT + "/session/1"
PROMPT = ROOT + "/prompt/1"
SECRET = "org.freedesktop.Secret."


class Keyring:
    def __init__(self, mode, profile, account, key_id, origin):
        self.mode = mode
        self.locked = True
        self.items = [] if mode == "empty" else [ITEM]
        self.secret = sys.stdin.buffer.read()
        self.attributes = {
            "xdg:schema": "net.lacework.AccessKey",
            "lwcred-format": "1",
            "profile": profile,
            "account": account,
            "key-id": key_id,
            "origin": origin,
            "kind": "access-key",
        }
        self.connection = open_dbus_connection("SESSION")
        self.connection.send_and_get_reply(message_bus.RequestName("org.freedesktop.secrets"))

    def properties(self, path):
        common = {"Label": ("s", "x"), "Locked": ("b", self.locked), "Created": ("t", 0), "Modified": ("t", 1)}
        if path == ITEM:
            hidden = self.mode == "cold" and self.locked
            shown = {"gkr:compat:hashed:profile": "0123"} if hidden else self.attributes
            return {**common, "Attributes": ("a{ss}", shown), "Type": ("s", "")}
        if path == COLLECTION:
            return {**common, "Items": ("ao", self.items)}
        return {"Collections": ("ao", [COLLECTION])}

    def unlock(self, paths):
        if not self.locked:
            return "aoo", (paths, "/")
        return "aoo", ([], PROMPT)

    def prompt(self):
        print("prompt", flush=True)
        if self.mode in ("dismiss", "accept", "cold"):
            self.complete()

    def complete(self):
        self.locked = self.mode not in ("accept", "cold")
        emitter = DBusAddress(PROMPT, interface=SECRET + "Prompt")
        paths = [] if self.locked else [ITEM, COLLECTION]
        self.connection.send(new_signal(emitter, "Completed", "bv", (self.locked, ("ao", paths))))

    def answer(self, path, member, body):
        """Signature and body of the reply, or None for what is not known."""
        if member == "GetAll":
            return "a{sv}", (self.properties(path),)
        if member == "Get":
            return "v", (self.properties(path)[body[1]],)
        if member == "OpenSession" and body[0] == "plain":
            return "vo", (("s", ""), SESSION)
        if member == "ReadAlias":
            return "o", (COLLECTION if body[0] == "default" else "/",)
        if member == "SearchItems":
            return "ao", (self.items,)
        if member == "Unlock":
            return self.unlock(body[0])
        if member == "GetSecret" and not self.locked:
            return "(oayays)", ((SESSION, b"", self.secret, "text/plain"),)
        if member == "Prompt":
            self.prompt()
            return None, ()
        if member == "Dismiss":
            print("dismissed", flush=True)
            if self.mode == "never":
                self.complete()
            return None, ()
        return None

    def serve(self):
        while True:
            message = self.connection.receive()
            if message.header.message_type != MessageType.method_call:
                continue
            fields = message.header.fields
            reply = self.answer(fields[HeaderFields.path], fields[HeaderFields.member], message.body)
            if reply is None:
                name = "org.freedesktop.DBus.Error.NotSupported"
                self.connection.send(new_error(message, name, "s", ("not in this mock",)))
            else:
                self.connection.send(new_method_return(message, *reply))


Keyring(*sys.argv[1:]).serve()
