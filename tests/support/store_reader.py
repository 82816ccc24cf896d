#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second reader of lwcred-store(5), written from that page alone, which checks every rule on it:

    store_reader.py STORE KEY_FILE
    store_reader.py STORE --passphrase FILE

prints a line of JSON for each record, or says on stderr which rule the file breaks.  Python's
standard library alone, but for Argon2id, which is libsodium's.  Slow, and no example of how to handle
secrets."""

import ctypes
import hashlib
import hmac
import ipaddress
import json
import re
import struct
import sys

MAGIC = b"LWCREDS\n"
HEADER = 104
TRAILER = 64
FILE_MAX = 16777216
TEXT_MAX = 64 + 253 + 262 + 256 + 128 + 5
SEALED_MAX = 65616
COST_MAX = 4 * 1048576


class Refused(Exception):
    """A rule of the page is broken; the text names it."""


def require(true, rule):
    if not true:
        raise Refused(rule)


# --- cryptography


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


def tag_of(key, nonce, text, ad):
    lengths = struct.pack("<QQ", len(ad), len(text))
    return poly1305(chacha_block(key, 0, nonce)[:32], pad16(ad) + pad16(text) + lengths)


def stream(key, nonce, text):
    blocks = b"".join(chacha_block(key, 1 + i, nonce) for i in range((len(text) + 63) // 64))
    return bytes(a ^ b for a, b in zip(text, blocks))


def aead_seal(key, nonce, text, ad):
    """XChaCha20-Poly1305-IETF."""
    key, nonce = hchacha(key, nonce[:16]), bytes(4) + nonce[16:]
    sealed = stream(key, nonce, text)
    return sealed + tag_of(key, nonce, sealed, ad)


def aead_open(key, nonce, sealed, ad):
    """The text, or None if the tag does not fit."""
    key, nonce = hchacha(key, nonce[:16]), bytes(4) + nonce[16:]
    text, tag = sealed[:-16], sealed[-16:]
    return stream(key, nonce, text) if hmac.compare_digest(tag_of(key, nonce, text, ad), tag) else None


def subkey(master, number):
    salt = number.to_bytes(8, "little") + bytes(8)
    return blake2b(b"", 32, key=master, salt=salt, person=b"lwcstore" + bytes(8))


def stretch(passphrase, passes, memory_kib, salt):
    """Argon2id; 2 is libsodium's number for it."""
    out = ctypes.create_string_buffer(64)
    numbers = (ctypes.c_ulonglong(passes), ctypes.c_size_t(memory_kib * 1024), ctypes.c_int(2))
    length = ctypes.c_ulonglong(len(passphrase))
    sodium = ctypes.CDLL("libsodium.so.23")
    require(sodium.sodium_init() >= 0, "libsodium does not start")
    require(sodium.crypto_pwhash(out, ctypes.c_ulonglong(64), passphrase, length, salt, *numbers) == 0, "memory")
    return out.raw


def mac_of(data, master):
    """Of the file without its trailer."""
    return blake2b(blake2b(data, 32), 32, key=subkey(master, 1))


def digest_of(data, mac):
    return blake2b(blake2b(data, 32) + mac, 32)


# --- structure


class Header:
    def __init__(self, data):
        self.length = struct.unpack(">I", data[12:16])[0]
        self.store_id = data[16:32]
        self.generation, self.created = struct.unpack(">QQ", data[32:48])
        self.slots, self.records = struct.unpack(">II", data[56:64])
        self.epoch = struct.unpack(">Q", data[64:72])[0]
        self.previous = data[72:104]
        self.prefix = data[:9] + data[10:12] + data[16:32] + data[64:72]


def check_head(data):
    require(data[:8] == MAGIC, "magic")
    require(len(data) < 9 or data[8] <= 1, "newer: major version")
    require(HEADER + TRAILER <= len(data) <= FILE_MAX, "length of the file")
    require(data[8] == 1, "major version 0")
    require(data[10:12] == b"\0\1", "newer: suite")
    require(data[48:52] == bytes(4), "newer: required features")


def check_header(header, body_len):
    require(1 <= header.generation < 1 << 63, "generation")
    require(header.created < 1 << 63, "time of creation")
    require(1 <= header.epoch <= header.generation, "key epoch")
    require(header.generation > 1 or header.previous == bytes(32), "previous MAC of generation 1")
    require(HEADER <= header.length <= body_len, "header length")
    require(1 <= header.slots <= 16, "number of slots")
    require(header.records <= 16384, "number of records")


def split_slots(data, header):
    at, slots = HEADER, []
    for _ in range(header.slots):
        require(at + 4 <= header.length, "slot cut off")
        kind, length = struct.unpack(">HH", data[at : at + 4])
        require(at + 4 + length <= header.length, "slot cut off")
        require(length <= 8192, "length of a slot")
        slots.append((kind, data[at : at + 2], data[at + 4 : at + 4 + length]))
        at += 4 + length
    require(at == header.length, "bytes behind the slots")
    return slots


def check_slots(slots):
    total = 0
    require(sum(kind == 1 for kind, _, _ in slots) <= 8, "number of passphrase slots")
    for kind, _, body in slots:
        require(kind != 1 or len(body) == 128, "length of a passphrase slot")
        require(kind != 2 or len(body) == 104, "length of a key file slot")
        if kind == 1:
            passes, memory = struct.unpack(">II", body[:8])
            require(1 <= passes <= 16, "passes")
            require(19456 <= memory <= 1048576, "memory")
            total += passes * memory
    require(total <= COST_MAX, "cost of all passphrase slots")


def is_host(text, with_port):
    host, colon, port = text.rpartition(":") if with_port and re.search(r"(^[^:]*|\]):[0-9]*$", text) else (text, "", "")
    if colon and not (re.fullmatch("[1-9][0-9]{0,4}", port) and int(port) <= 65535 and port != "443"):
        return False
    if len(host) > 253:
        return False
    if host.startswith("["):
        try:
            return host.endswith("]") and bool(re.fullmatch(r"[0-9a-f:.]+", host[1:-1])) and bool(ipaddress.IPv6Address(host[1:-1]))
        except ValueError:
            return False
    labels = host.split(".")
    if not all(re.fullmatch("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", label) for label in labels):
        return False
    if re.fullmatch("[0-9]+|0x.*", labels[-1]):
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            return False
    return True


def is_plain(text, longest):
    return len(text) <= longest and re.fullmatch(r"[!#-&(-\[\]-~]*", text) is not None


def check_identity(text, kind):
    strings = text.split(b"\0")
    require(len(strings) == 6 and strings[5] == b"", "five strings")
    profile, account, origin, key_id, sub_account = (s.decode("latin-1") for s in strings[:5])
    require(re.fullmatch("[A-Za-z0-9][A-Za-z0-9._@-]{0,63}", profile), "profile")
    require(is_host(account, False), "account")
    require(origin == "" or (len(origin) <= 262 and is_host(origin, True)), "origin")
    require(is_plain(key_id, 256) and (key_id or kind not in (1, 5)), "key id")
    require(is_plain(sub_account, 128), "sub-account")
    return [profile, account, origin, key_id, sub_account]


def split_records(data, header, end):
    at, records = header.length, []
    for _ in range(header.records):
        require(at + 80 <= end, "record cut off")
        generation, created, changed, kind, flags, text_len, sealed_len = struct.unpack(">QQQIIII", data[at + 16 : at + 56])
        require(text_len <= TEXT_MAX, "length of an identity")
        require(80 <= sealed_len <= SEALED_MAX and (sealed_len - 16) % 64 == 0, "length of a sealed secret")
        begin, behind = at + 80 + text_len, at + 80 + text_len + sealed_len
        require(behind <= end, "record cut off")
        require(1 <= generation <= header.generation, "record generation")
        require(created < 1 << 63 and changed < 1 << 63, "time of a record")
        require(1 <= kind <= 5, "kind")
        require(flags <= 1, "flags")
        names = check_identity(data[at + 80 : begin], kind)
        require(not records or records[-1][0][0] < names[0], "order of records")
        records.append((names, [kind, flags, generation], data[at:begin], data[begin:behind]))
        at = behind
    require(at == end, "bytes behind the records")
    return records


# --- keys


def by_key_file(content, header, body):
    pair = blake2b(content, 64, salt=header.store_id, person=b"lwcred-keyfile-1")
    return pair[:32], pair[32:], 32, body[:32]


def by_passphrase(passphrase, _header, body):
    passes, memory = struct.unpack(">II", body[:8])
    pair = stretch(passphrase, passes, memory, body[8:24])
    return pair[:32], pair[32:], 56, body[24:56]


def open_slots(data, header, slots, wanted, derive, key):
    """A slot whose master key does not fit the MAC counts as not opened."""
    for kind, type_bytes, body in slots:
        if kind != wanted:
            continue
        wrap_key, commitment, at, stored = derive(key, header, body)
        if commitment != stored:
            continue
        ad = header.prefix + type_bytes + body[:at]
        master = aead_open(wrap_key, body[at : at + 24], body[at + 24 :], ad)
        if master is not None and hmac.compare_digest(mac_of(data[:-TRAILER], master), data[-TRAILER:-32]):
            return master
    raise Refused("wrong key, or the store was changed")


def open_record(header, key, record):
    names, numbers, clear, sealed = record
    padded = aead_open(key, clear[56:80], sealed, header.prefix + clear)
    require(padded is not None, "tag of a record")
    secret = padded.rstrip(b"\0")
    require(secret[-1:] == b"\x80" and len(padded) - len(secret) < 64, "padding")
    require(1 <= len(secret) - 1 <= 65536, "length of a secret")
    return [*names, *numbers, secret[:-1].decode("latin-1")]


def read(data, wanted, derive, key):
    """The records of a store, in the order of belief that the page gives."""
    check_head(data)
    require(digest_of(data[:-TRAILER], data[-TRAILER:-32]) == data[-32:], "digest")
    header = Header(data)
    check_header(header, len(data) - TRAILER)
    slots = split_slots(data, header)
    check_slots(slots)
    records = split_records(data, header, len(data) - TRAILER)
    master = open_slots(data, header, slots, wanted, derive, key)
    record_key = subkey(master, 2)
    return [open_record(header, record_key, record) for record in records]


def main():
    with open(sys.argv[1], "rb") as store, open(sys.argv[-1], "rb") as key:
        data, content = store.read(), key.read()
    try:
        if sys.argv[2] == "--passphrase":
            content = re.sub(rb"\r?\n\Z", b"", content)
            require(1 <= len(content) <= 4096, "length of the passphrase")
            records = read(data, 1, by_passphrase, content)
        else:
            require(32 <= len(content) <= 65536, "length of the key file")
            records = read(data, 2, by_key_file, content)
    except Refused as rule:
        raise SystemExit(f"refused: {rule}") from None
    for record in records:
        print(json.dumps(record))


if __name__ == "__main__":
    main()
