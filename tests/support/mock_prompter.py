#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""mock_prompter.py MODE: in place of the program that shows the windows of GNOME Keyring.

  mute     takes the name and answers nothing
  unready  accepts each window and never shows one
  shown    shows the window, and the user does not answer it

Each call of the keyring is a line on stdout: "BeginPrompting", "PerformPrompt", "StopPrompting".
"""

import sys

from jeepney import DBusAddress, HeaderFields, MessageType, new_error, new_method_call, new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

CALLBACK = "org.gnome.keyring.internal.Prompter.Callback"


def main():
    mode = sys.argv[1]
    connection = open_dbus_connection("SESSION")
    connection.send_and_get_reply(message_bus.RequestName("org.gnome.keyring.SystemPrompter"))
    print("ready", flush=True)
    while True:
        message = connection.receive()
        if message.header.message_type != MessageType.method_call:
            continue
        fields = message.header.fields
        member = fields[HeaderFields.member]
        if member == "GetAll":
            connection.send(new_error(message, "org.freedesktop.DBus.Error.NotSupported", "s", ("mock",)))
            continue
        print(member, flush=True)
        if mode == "mute":
            continue
        connection.send(new_method_return(message))
        if member == "BeginPrompting" and mode == "shown":
            callback = DBusAddress(message.body[0], fields[HeaderFields.sender], CALLBACK)
            connection.send(new_method_call(callback, "PromptReady", "sa{sv}s", ("", {}, "")))


main()
