#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second reader of lwcred-store(5), written from that page alone and with Python's standard
library alone: store_reader.py STORE KEY_FILE prints a line of JSON for each record.  Opens key file
slots only; slow, and no example of how to handle secrets."""

import hashlib
import json
import struct
import sys

MAGIC = b"LWCREDS\n"
TRAILER = 64


def blake2b(message, length, **parameters):
    return hashlib.blake2b(message, digest_size=length, **parameters).digest()


def rotate(word, bits):
    return (word << bits | word >> (32 - bits)) & 0xFFFFFFFF


def quarter(s, a, b, c, d):
    for x, y, z, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        s[x] = (s[x] + s[y]) & 0xFFFFFFFF
        s[z] = rotate(s[z] ^ s[x], bits)


def rounds(state):
    for _ in range(10):
        for i in range(4):
            quarter(state, i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(state, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return state


def words(data):
    return list(struct.unpack(f"<{len(data) // 4}I", data))


def chacha_block(key, counter, nonce):
    start = words(b"expand 32-byte k" + key) + [counter] + words(nonce)
    mixed = rounds(list(start))
    return struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(start, mixed)))


def hchacha(key, nonce):
    state = rounds(words(b"expand 32-byte k" + key + nonce))
    return struct.pack("<8I", *state[:4], *state[12:])


def poly1305(key, message):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for at in range(0, len(message), 16):
        block = int.from_bytes(message[at : at + 16] + b"\1", "little")
        total = (total + block) * r % ((1 << 130) - 5)
    return (total + int.from_bytes(key[16:], "little") & (1 << 128) - 1).to_bytes(16, "little")


def pad16(data):
    return data + bytes(-len(data) % 16)


def aead_open(key, nonce, sealed, ad):
    """XChaCha20-Poly1305-IETF."""
    key, nonce = hchacha(key, nonce[:16]), bytes(4) + nonce[16:]
    text, tag = sealed[:-16], sealed[-16:]
    lengths = struct.pack("<QQ", len(ad), len(text))
    if poly1305(chacha_block(key, 0, nonce)[:32], pad16(ad) + pad16(text) + lengths) != tag:
        raise SystemExit("a tag does not fit")
    stream = b"".join(chacha_block(key, 1 + i, nonce) for i in range((len(text) + 63) // 64))
    return bytes(a ^ b for a, b in zip(text, stream))


def subkey(master, number):
    salt = number.to_bytes(8, "little") + bytes(8)
    return blake2b(b"", 32, key=master, salt=salt, person=b"lwcstore" + bytes(8))


def require(true, what):
    if not true:
        raise SystemExit(what)


def open_slots(data, header_len, count, prefix, key_file):
    store_id = data[16:32]
    hint = blake2b(key_file, 16, salt=store_id, person=b"lwcred-keyhint-1")
    wrap_key = blake2b(key_file, 32, salt=store_id, person=b"lwcred-keyfile-1")
    master, at = None, 64
    for _ in range(count):
        kind, length = struct.unpack(">HH", data[at : at + 4])
        body = data[at + 4 : at + 4 + length]
        if kind == 2 and body[:16] == hint:
            ad = prefix + data[at : at + 2] + body[:16]
            master = aead_open(wrap_key, body[16:40], body[40:], ad)
        at += 4 + length
    require(at == header_len, "the slots do not end where they must")
    require(master is not None, "the key file opens no slot")
    return master


def read_records(data, at, count, prefix, master):
    key = subkey(master, 2)
    for _ in range(count):
        generation, _created, _changed, kind, flags, text_len, sealed_len = struct.unpack(
            ">QQQIIII", data[at + 16 : at + 56]
        )
        begin, end = at + 80 + text_len, at + 80 + text_len + sealed_len
        secret = aead_open(key, data[at + 56 : at + 80], data[begin:end], prefix + data[at:begin])
        profile, account, origin, key_id, sub_account, rest = data[at + 80 : begin].split(b"\0")
        require(rest == b"", "an identity is not five strings")
        secret = secret.rstrip(b"\0")
        require(secret[-1:] == b"\x80", "padding")
        names = [s.decode() for s in (profile, account, origin, key_id, sub_account)]
        yield [*names, kind, flags, generation, secret[:-1].decode("latin-1")]
        at = end
    require(at == len(data) - TRAILER, "the records do not end where they must")


def main():
    with open(sys.argv[1], "rb") as store, open(sys.argv[2], "rb") as key:
        data, key_file = store.read(), key.read()
    require(data[:8] == MAGIC, "not an lwcred store")
    suite, header_len = struct.unpack(">HI", data[10:16])
    required, _optional, slots, records = struct.unpack(">IIII", data[48:64])
    require(data[8] == 1 and suite == 1 and required == 0, "made by a newer version")
    require(blake2b(data[:-32], 32) == data[-32:], "damaged")
    prefix = data[:9] + data[10:12] + data[16:32]
    master = open_slots(data, header_len, slots, prefix, key_file)
    require(blake2b(data[:-TRAILER], 32, key=subkey(master, 1)) == data[-TRAILER:-32], "not authentic")
    for record in read_records(data, header_len, records, prefix, master):
        print(json.dumps(record))


main()
