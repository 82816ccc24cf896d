#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stores made by the holder of the key, each of which breaks one rule of lwcred-store(5), or none:

    store_cases.py KEY_FILE DIRECTORY

writes NAME.lwc for each, and prints "NAME VERDICT WORDS": VERDICT is ok, corrupt, newer or denied, WORDS a
part of lwcred's message.  All are authentic: slots, seals, MAC and digest fit what they hold."""

import struct
import sys

from store_reader import MAGIC, aead_seal, blake2b, digest_of, mac_of, subkey

MASTER = bytes(range(0x80, 0xA0))
STORE_ID = bytes(range(0x40, 0x50))
HOST = "acme.lacework.net"


def number(length, value):
    return value.to_bytes(length, "big")


class Store:
    """Fields as they will stand in the file; slots and records are lists of functions that make bytes."""

    def __init__(self, key_file):
        self.key_file = key_file
        self.fields = {
            "magic": MAGIC,
            "major": number(1, 1),
            "minor": number(1, 0),
            "suite": number(2, 1),
            "header": None,
            "id": STORE_ID,
            "generation": number(8, 5),
            "created": number(8, 1000),
            "required": bytes(4),
            "optional": bytes(4),
            "slots": None,
            "records": None,
            "epoch": number(8, 1),
            "previous": bytes(range(32)),
        }
        self.slots = [self.key_slot()]
        self.records = [self.record()]
        self.behind_slots = self.behind_records = b""

    def prefix(self):
        f = self.fields
        return f["magic"] + f["major"] + f["suite"] + f["id"] + f["epoch"]

    def wrapped(self, kind, parameters, key):
        nonce = blake2b(parameters, 24)
        return nonce + aead_seal(key, nonce, MASTER, self.prefix() + number(2, kind) + parameters)

    def key_slot(self):
        def make():
            pair = blake2b(self.key_file, 64, salt=self.fields["id"], person=b"lwcred-keyfile-1")
            return number(2, 2), pair[32:] + self.wrapped(2, pair[32:], pair[:32])

        return make

    @staticmethod
    def opaque(kind, body):
        return lambda: (number(2, kind), body)

    def pass_slot(self, passes=1, memory=19456):
        return self.opaque(1, struct.pack(">II", passes, memory) + bytes(120))

    def record(self, profile="default", account=HOST, origin="", key_id="K_1", sub_account="", **other):
        def make():
            strings = other.get("text", "\0".join((profile, account, origin, key_id, sub_account)).encode("latin-1") + b"\0")
            secret = other.get("padded", b"secret\x80" + bytes(57))
            clear = STORE_ID + struct.pack(
                ">QQQIIII",
                other.get("generation", 5),
                other.get("created", 1000),
                other.get("changed", 2000),
                other.get("kind", 1),
                other.get("flags", 0),
                len(strings),
                len(secret) + 16,
            )
            nonce = blake2b(clear + strings, 24)
            clear += nonce + strings
            return clear + aead_seal(subkey(MASTER, 2), nonce, secret, self.prefix() + clear)

        return make

    def encode(self):
        f = dict(self.fields)
        slots = b"".join(kind + number(2, len(body)) + body for kind, body in (make() for make in self.slots))
        slots += self.behind_slots
        records = b"".join(make() for make in self.records) + self.behind_records
        f["header"] = f["header"] or number(4, 104 + len(slots))
        f["slots"] = f["slots"] or number(4, len(self.slots))
        f["records"] = f["records"] or number(4, len(self.records))
        data = b"".join(f.values()) + slots + records
        mac = mac_of(data, MASTER)
        return data + mac + digest_of(data, mac)


def field(name, length, value):
    return lambda s: s.fields.__setitem__(name, number(length, value))


def first(*generation):
    """Generation 1, whose previous MAC is zero unless another is given."""

    def change(s):
        s.fields.update(generation=number(8, 1), previous=generation[0] if generation else bytes(32))
        s.records = [s.record(generation=1)]

    return change


def records(*arguments):
    return lambda s: s.__setattr__("records", [s.record(**a) for a in arguments])


def record(**arguments):
    return records(arguments)


def more_slots(*make):
    return lambda s: s.slots.extend(m(s) for m in make)


def passes(count, number_of_passes=1, memory=19456):
    return more_slots(*[lambda s: s.pass_slot(number_of_passes, memory)] * count)


def opaque(count, length=40, kind=0x1234):
    return more_slots(*[lambda s: s.opaque(kind, bytes(length))] * count)


def forged_slot(s):
    """A slot that opens, but gives another master key."""
    make = s.key_slot()

    def forge():
        kind, body = make()
        return kind, body[:32] + body[32:-1] + bytes([body[-1] ^ 1])

    s.slots = [forge, make]


OK, BAD, NEWER, DENIED = "ok", "corrupt", "newer", "denied"
LONG = "a" * 63
CASES = [
    ("sound", OK, "", lambda s: None),
    ("first-generation", OK, "", first()),
    ("first-with-previous", BAD, "names a generation before it", first(bytes(31) + b"\1")),
    ("major-0", BAD, "format version 0", field("major", 1, 0)),
    ("major-2", NEWER, "format 2", field("major", 1, 2)),
    ("minor-9", OK, "", field("minor", 1, 9)),
    ("suite-2", NEWER, "cipher suite 2", field("suite", 2, 2)),
    ("required", NEWER, "needs feature", field("required", 4, 1)),
    ("optional", OK, "", field("optional", 4, 1)),
    ("generation-0", BAD, "generation 0", field("generation", 8, 0)),
    ("generation-2-63", BAD, "generation 9223372036854775808", field("generation", 8, 1 << 63)),
    ("generation-top", OK, "", field("generation", 8, (1 << 63) - 1)),
    ("created-2-63", BAD, "time of creation", field("created", 8, 1 << 63)),
    ("epoch-0", BAD, "key epoch 0", field("epoch", 8, 0)),
    ("epoch-5", OK, "", field("epoch", 8, 5)),
    ("epoch-6", BAD, "key epoch 6", field("epoch", 8, 6)),
    ("header-103", BAD, "header of 103", field("header", 4, 103)),
    ("no-slot", BAD, "0 slots", field("slots", 4, 0)),
    ("slots-16", OK, "", opaque(15)),
    ("slots-17", BAD, "17 slots", opaque(16)),
    ("slots-one-less", BAD, "behind the slots", lambda s: (opaque(1)(s), field("slots", 4, 1)(s))),
    ("behind-slots", BAD, "behind the slots", lambda s: s.__setattr__("behind_slots", b"\0")),
    ("pass-slots-8", OK, "", passes(8)),
    ("pass-slots-9", BAD, "9 passphrase slots", passes(9)),
    ("slot-8192", OK, "", opaque(1, 8192)),
    ("slot-8193", BAD, "longer than 8192", opaque(1, 8193)),
    ("pass-slot-127", BAD, "passphrase slot of 127", opaque(1, 127, 1)),
    ("key-slot-105", BAD, "key file slot of 105", opaque(1, 105, 2)),
    ("passes-0", BAD, "out of bounds", passes(1, 0)),
    ("passes-17", BAD, "out of bounds", passes(1, 17)),
    ("memory-below", BAD, "out of bounds", passes(1, 1, 19455)),
    ("memory-above", BAD, "out of bounds", passes(1, 1, 1048577)),
    ("cost-top", OK, "", passes(1, 4, 1048576)),
    ("cost-above", BAD, "MiB-passes", lambda s: (passes(1, 4, 1048576)(s), passes(1)(s))),
    ("slot-forged-first", OK, "", forged_slot),
    ("no-known-slot", DENIED, "does not open this store", lambda s: (s.slots.clear(), opaque(1)(s))),
    ("no-record", OK, "", records()),
    ("records-one-less", BAD, "behind the records", lambda s: (records({}, {"profile": "e"})(s), field("records", 4, 1)(s))),
    ("records-one-more", BAD, "cut off", field("records", 4, 2)),
    ("behind-records", BAD, "behind the records", lambda s: s.__setattr__("behind_records", b"\0")),
    ("record-generation-0", BAD, "of generation 0", record(generation=0)),
    ("record-of-later", BAD, "of generation 6", record(generation=6)),
    ("record-created", BAD, "time out of bounds", record(created=1 << 63)),
    ("record-changed", BAD, "time out of bounds", record(changed=1 << 63)),
    ("kind-0", BAD, "kind", record(kind=0)),
    ("kind-3", OK, "", record(kind=3)),
    ("kind-4", OK, "", record(kind=4)),
    ("kind-5", OK, "", record(kind=5)),
    ("kind-5-without-key-id", BAD, "key id", record(kind=5, key_id="")),
    ("kind-6", BAD, "kind", record(kind=6)),
    ("flags-1", OK, "", record(flags=1)),
    ("flags-2", BAD, "flags", record(flags=2)),
    ("four-strings", BAD, "five strings", record(text=b"default\0" + HOST.encode() + b"\0\0K_1\0")),
    ("six-strings", BAD, "five strings", record(text=b"default\0" + HOST.encode() + b"\0\0K_1\0\0x\0")),
    ("no-last-nul", BAD, "five strings", record(text=b"default\0" + HOST.encode() + b"\0\0K_1\0sub")),
    ("profile-empty", BAD, "profile name", record(profile="")),
    ("profile-dot", BAD, "profile name", record(profile=".x")),
    ("profile-blank", BAD, "profile name", record(profile="a b")),
    ("profile-65", BAD, "profile name", record(profile="p" * 65)),
    ("profile-utf8", BAD, "profile name", record(profile="\xe9")),
    ("account-empty", BAD, "account", record(account="")),
    ("account-upper", BAD, "account", record(account="Acme.lacework.net")),
    ("account-port", BAD, "account", record(account=HOST + ":8443")),
    ("account-hyphen", BAD, "account", record(account="-acme.lacework.net")),
    ("account-dot", BAD, "account", record(account=HOST + ".")),
    ("label-63", OK, "", record(account=LONG + ".net")),
    ("label-64", BAD, "account", record(account=LONG + "a.net")),
    ("account-number", BAD, "account", record(account="1.2.3")),
    ("account-0x", BAD, "account", record(account="acme.0x7f")),
    ("account-ipv4", OK, "", record(account="192.0.2.1")),
    ("origin-port", OK, "", record(origin="[2001:db8::1]:8443")),
    ("origin-443", BAD, "origin", record(origin=HOST + ":443")),
    ("origin-port-0", BAD, "origin", record(origin=HOST + ":0")),
    ("origin-port-08", BAD, "origin", record(origin=HOST + ":08")),
    ("origin-port-high", BAD, "origin", record(origin=HOST + ":65536")),
    ("origin-scheme", BAD, "origin", record(origin="https://" + HOST)),
    ("origin-ipv6-bare", BAD, "origin", record(origin="2001:db8::1")),
    ("key-id-empty", BAD, "key id", record(key_id="")),
    ("key-id-empty-token", OK, "", record(key_id="", kind=2)),
    ("key-id-quote", BAD, "key id", record(key_id='K"1')),
    ("key-id-257", BAD, "key id", record(key_id="K" * 257)),
    ("sub-account-blank", BAD, "sub-account", record(sub_account="a b")),
    ("sub-account-129", BAD, "sub-account", record(sub_account="s" * 129)),
    ("order", BAD, "out of order", records({}, {"profile": "a"})),
    ("order-bytes", OK, "", records({"profile": "B"}, {"profile": "a"}, {})),
    ("duplicate", BAD, "out of order", records({}, {})),
    ("secret-empty", BAD, "secret of 0 bytes", record(padded=b"\x80" + bytes(63))),
    ("secret-63", OK, "", record(padded=b"s" * 63 + b"\x80")),
    ("secret-64", OK, "", record(padded=b"s" * 64 + b"\x80" + bytes(63))),
    ("secret-65536", OK, "", record(padded=b"s" * 65536 + b"\x80" + bytes(63))),
    ("secret-65537", BAD, "secret of 65537 bytes", record(padded=b"s" * 65537 + b"\x80" + bytes(62))),
    ("padding-65", BAD, "does not open", record(padded=b"s" * 63 + b"\x80" + bytes(64))),
    ("padding-none", BAD, "does not open", record(padded=b"s" * 64)),
    ("padding-81", BAD, "does not open", record(padded=b"secret\x81" + bytes(57))),
    ("sealed-no-pad", BAD, "lengths", record(padded=b"")),
    ("sealed-odd", BAD, "lengths", record(padded=b"secret\x80" + bytes(58))),
    ("sealed-huge", BAD, "lengths", record(padded=b"s" * 65600 + b"\x80" + bytes(63))),
    ("another-key", DENIED, "does not open this store", lambda s: s.__setattr__("key_file", bytes(32))),
]


def main():
    with open(sys.argv[1], "rb") as file:
        key_file = file.read()
    for name, verdict, words, change in CASES:
        store = Store(key_file)
        change(store)
        with open(f"{sys.argv[2]}/{name}.lwc", "wb") as file:
            file.write(store.encode())
        print(name, verdict, words)


main()
