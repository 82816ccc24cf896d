# SPDX-License-Identifier: Apache-2.0
"""A request, its reply, and the key and account behind them."""

import json
import time
import urllib.parse

from .forms import Reply

HOUR = 3600


class Call:
    def __init__(self, state, method, path, headers):
        self.state = state
        self.method = method
        self.path = path  # with the query, as it was sent
        self.parts = urllib.parse.urlsplit(path).path
        self.headers = headers
        self.endpoint = "token" if path == "/api/v2/access/tokens" else "data"
        self.modes = state.modes(self.endpoint, method, path)
        self.body = b""
        self.key = None
        self.account = None
        self.reply = Reply(time.time())

    def choice(self, name):
        """The arguments of a mode that is set, or None."""
        for mode in self.modes:
            if mode.name == name:
                return mode.args
        return None

    def number(self, name, default):
        """The number behind a mode that is set."""
        args = self.choice(name)
        return int(args[0]) if args else default

    def json(self):
        """The request's body.  ValueError if it is no JSON object."""
        if self.headers.get("Content-Type", "").partition(";")[0].strip() != "application/json":
            raise ValueError("Content-Type must be application/json.")
        try:
            data = json.loads(self.body)
        except ValueError:
            raise ValueError("Request body is not valid JSON.") from None
        if not isinstance(data, dict):
            raise ValueError("Request body is not valid.")
        return data

    def within_rate(self, user, functionality):
        """Draw from the user's bucket for that functionality; a 429 if it is empty."""
        args = self.choice("rate") or []
        capacity = int(args[0]) if args else self.state.rate
        window_s = int(args[1]) if len(args) > 1 else HOUR
        remaining, wait_s = self.state.draw((user, functionality), capacity, window_s)
        self.reply.headers["RateLimit-Limit"] = str(capacity)
        self.reply.headers["RateLimit-Remaining"] = str(max(0, remaining))
        self.reply.headers["RateLimit-Reset"] = str(wait_s)
        if remaining < 0:
            self.reply.error(429, "Too Many Requests")
            if self.choice("rate-retry-after") is not None:
                self.reply.headers["Retry-After"] = str(wait_s)
        return remaining >= 0
