# SPDX-License-Identifier: Apache-2.0
"""The state that all threads share: the files of the stand-in's directory, tokens, rate limits, pages."""

import collections
import contextlib
import hashlib
import json
import os
import secrets
import threading
import time
import urllib.parse

from .modes import parse_modes
from .roles import Key

Token = collections.namedtuple("Token", "key expires made_ns")


def digest(data):
    return hashlib.sha256(data if isinstance(data, bytes) else data.encode("latin-1")).hexdigest()


class State:
    def __init__(self, args):
        self.dir = args.dir
        self.rate = args.rate
        self.fixed_keys = [key.split(":") for key in args.key]
        self.lock = threading.RLock()
        self.tokens = {}  # SHA-256 -> Token
        self.pages = {}  # id -> pages.Page
        self.buckets = collections.defaultdict(collections.deque)
        self.met = collections.Counter()  # calls that a mode with "times" has met
        self.mode_file = None  # which mode file it is, and since when the server has known it
        self.mode_since_ns = 0
        self.log_fd = os.open(self.path("log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    # Files

    def path(self, name):
        return os.path.join(self.dir, name)

    def read(self, name):
        try:
            with open(self.path(name), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def write(self, name, text):
        with open(self.path(name + ".new"), "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(self.path(name + ".new"), self.path(name))

    @contextlib.contextmanager
    def table(self, name, default):
        """A JSON file of the directory, to be read and changed by one call at a time."""
        with self.lock:
            before = self.read(name)
            value = json.loads(before) if before else default
            yield value
            after = json.dumps(value, indent=1) + "\n"
            if after != before:
                self.write(name, after)

    def log(self, fields):
        quote = lambda value: urllib.parse.quote(str(value), safe="/:[]?=&,") or "-"
        line = " ".join("%s=%s" % (name, quote(value)) for name, value in fields.items())
        with self.lock:
            os.write(self.log_fd, (line + "\n").encode())

    # Modes

    def modes(self, endpoint, method, path):
        """The modes that this call meets; one with "times" is used up by it."""
        self.note_mode_file()
        found = parse_modes(self.read("mode"))
        found = [mode for mode in found if mode.meets(endpoint, method, path)]
        return [mode for mode in found if mode.times is None or self.meet(mode)]

    def note_mode_file(self):
        try:
            status = os.stat(self.path("mode"))
            seen = (status.st_ino, status.st_mtime_ns)
        except FileNotFoundError:
            seen = None
        with self.lock:
            if seen != self.mode_file:
                self.mode_file, self.mode_since_ns = seen, time.monotonic_ns()

    def meet(self, mode):
        with self.lock:
            name = (mode.text, self.mode_since_ns)
            self.met[name] += 1
            return self.met[name] <= mode.times

    # Keys and tokens

    def key(self, key_id):
        """The key of that name, or None."""
        lines = [line.split() for line in self.read("keys").splitlines()]
        for words in self.fixed_keys + lines:
            if len(words) >= 2 and words[0] == key_id:
                return Key(words)
        return None

    def issue(self, key, expires):
        token = "_" + secrets.token_hex(16)
        with self.lock:
            self.tokens[digest(token)] = Token(key, expires, time.monotonic_ns())
        return token

    def token(self, text):
        with self.lock:
            return self.tokens.get(digest(text))

    # Rate limits

    def draw(self, bucket, capacity, window_s):
        """Take one call out of the bucket: (remaining, seconds to wait); remaining -1 if empty."""
        now = time.monotonic()
        with self.lock:
            calls = self.buckets[bucket]
            while calls and calls[0] <= now - window_s:
                calls.popleft()
            if len(calls) >= capacity:
                return -1, int(calls[0] + window_s - now) + 1 if calls else window_s
            calls.append(now)
            return capacity - len(calls), 0
