# SPDX-License-Identifier: Apache-2.0
"""A reply, and the forms in which times, tokens and errors can be written."""

import datetime


class Reply:
    """One reply: what to say, and how to say it badly."""

    def __init__(self, now):
        self.now = now  # the server's clock
        self.status = 200
        self.body = {}  # an object becomes JSON
        self.content_type = "application/json"
        self.headers = {}
        self.date = True
        self.expires = "ms"
        self.token_form = None
        self.v1 = False
        self.before = None  # in place of any reply: nothing, hang-up, reset
        self.early_hints = False
        self.header_delay = 0.0
        self.body_delay = 0.0
        self.drip = 0.0
        self.framing = "length"  # length, chunked, close, cut, cut-chunked, cut-headers
        self.gzip = False
        self.stream = None  # bytes of a made-up body
        self.log = {}

    def error(self, status, message, **headers):
        self.status = status
        self.body = {"message": message}
        self.headers.update(headers)

    def raw(self, status, body, content_type="application/json"):
        self.status = status
        self.body = body if isinstance(body, bytes) else body.encode()
        self.content_type = content_type


def iso(when, zone="Z", fraction=""):
    return when.strftime("%Y-%m-%dT%H:%M:%S") + fraction + zone


def shifted(when, **delta):
    return when + datetime.timedelta(**delta)


def utc(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)


# A reply's time; argument: aware datetime at which the lifetime ends.
EXPIRES = {
    "ms": lambda t: iso(t, fraction=".%03d" % (t.microsecond // 1000)),
    "sec": iso,
    "frac1": lambda t: iso(t, fraction=".5"),
    "frac9": lambda t: iso(t, fraction=".123456789"),
    "zero": lambda t: iso(t, "+00:00", ".000"),
    "zero-nocolon": lambda t: iso(t, "+0000", ".000"),
    "offset": lambda t: iso(shifted(t, hours=5, minutes=30), "+05:30"),
    "offset-nocolon": lambda t: iso(shifted(t, hours=-8), "-0800"),
    "far": lambda t: iso(t.replace(year=9999)),
    "past": lambda t: iso(shifted(t, days=-2)),
    "year2000": lambda t: "2000-01-01T00:00:00.000Z",
    "v1": lambda t: t.strftime("%b %d %Y %H:%M"),
    "no-zone": lambda t: iso(t, ""),
    "garbage": lambda t: "in an hour",
    "empty": lambda t: "",
    "number": lambda t: int(t.timestamp()),
    "null": lambda t: None,
    "missing": None,
}

TOKENS = {
    "crlf": lambda t: t[:8] + "\r\nX-Injected: 1",
    "nul": lambda t: t[:8] + "\0" + t[8:],
    "blank": lambda t: t[:8] + " " + t[8:],
    "quote": lambda t: t[:8] + "'" + t[8:],
    "utf8": lambda t: t + "\u00e9",
    "empty": lambda t: "",
    "number": lambda t: 12345,
    "null": lambda t: None,
    "list": lambda t: [t],
    "long": lambda t: t + "a" * 16384,
    "max": lambda t: (t + "a" * 16384)[:16384],
    "missing": None,
}

ERRORS = {
    "message": lambda m: {"message": m},
    "ErrorMsg": lambda m: {"data": {"ErrorMsg": m}},
    "data.message": lambda m: {"data": {"message": m}, "message": "SUCCESS"},
    "statusMessage": lambda m: {"data": {"statusMessage": m}, "ok": True, "message": "SUCCESS"},
    "success": lambda m: {"ok": True, "message": "SUCCESS"},
    "success-data": lambda m: {"ok": True, "message": "SUCCESS", "data": {}},
}
