# SPDX-License-Identifier: Apache-2.0
"""How the stand-in API misbehaves: one reply, and the table of modes that spoil it."""

import datetime
import email.utils
import http.client
import json
import os
import time
import urllib.parse

MAX_BODY = 1024 * 1024


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
        self.token = None
        self.token_form = None
        self.v1 = False
        self.before = None  # in place of any reply: nothing, hang-up, reset
        self.early_hints = False
        self.header_delay = 0.0
        self.body_delay = 0.0
        self.drip = 0.0
        self.framing = "length"  # length, chunked, close, cut, cut-chunked, cut-headers
        self.gzip = False
        self.log = {}

    def error(self, status, message, **headers):
        self.status = status
        self.body = {"message": message}
        self.headers.update(headers)

    def raw(self, status, body, content_type="application/json"):
        self.status = status
        self.body = body if isinstance(body, bytes) else body.encode()
        self.content_type = content_type


# How a reply's time can be written; arguments: aware datetime, lifetime ends there.
def iso(when, zone="Z", fraction=""):
    return when.strftime("%Y-%m-%dT%H:%M:%S") + fraction + zone


def shifted(when, **delta):
    return when + datetime.timedelta(**delta)


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

ERROR_FORMS = {
    "message": lambda m: {"message": m},
    "ErrorMsg": lambda m: {"data": {"ErrorMsg": m}},
    "data.message": lambda m: {"data": {"message": m}, "message": "SUCCESS"},
    "statusMessage": lambda m: {"data": {"statusMessage": m}, "ok": True, "message": "SUCCESS"},
    "success": lambda m: {"ok": True, "message": "SUCCESS"},
}


def mode_status(reply, args, request):
    """status N [reset=S] [retry-after=TEXT] [form=F] [message=TEXT to the end of the line]"""
    text = " ".join(args[1:])
    text, _, message = text.partition("message=")
    options = dict(word.partition("=")[::2] for word in text.split())
    reply.status = int(args[0])
    message = message or http.client.responses.get(reply.status, "Unknown")
    if "reset" in options:
        reply.headers["RateLimit-Remaining"] = "0"
        reply.headers["RateLimit-Reset"] = options["reset"]
    if "retry-after" in options:
        after = urllib.parse.unquote(options["retry-after"])
        if after.startswith("date+"):
            after = email.utils.formatdate(reply.now + int(after[5:]), usegmt=True)
        reply.headers["Retry-After"] = after
    reply.body = ERROR_FORMS[options.get("form", "message")](message)


def mode_html(reply, args, request):
    status = int(args[0]) if args else 502
    title = "%d %s" % (status, http.client.responses.get(status, "Error"))
    page = "<html>\r\n<head><title>%s</title></head>\r\n<body><h1>%s</h1><hr>nginx</body></html>\r\n"
    reply.raw(status, page % (title, title), "text/html")


def mode_text(reply, args, request):
    reply.raw(int(args[0]), " ".join(args[1:]), "text/plain")


def mode_body(reply, args, request):
    """body FILE [STATUS] [TYPE]"""
    with open(args[0], "rb") as file:
        reply.raw(int((args[1:] or ["201"])[0]), file.read(), (args[2:] or ["application/json"])[0])


def mode_redirect(reply, args, request):
    reply.status = int((args[1:] or ["307"])[0])
    reply.headers["Location"] = args[0]
    reply.body = {"message": "moved"}


def mode_echo_secret(reply, args, request):
    secret = request.headers.get("X-LW-UAKS", "")
    reply.error(int((args or ["401"])[0]), "no such key: %s (sorry)" % secret)


def mode_huge(reply, args, request):
    size = int((args or [str(MAX_BODY + 1)])[0])
    reply.raw(reply.status, b'{"a":"' + b"x" * max(0, size - 8) + b'"}')


def mode_deep(reply, args, request):
    depth = int((args or ["100000"])[0])
    reply.raw(reply.status, "[" * depth + "]" * depth)


def mode_duplicate(reply, args, request):
    token = json.dumps(reply.body)[1:-1]
    reply.raw(reply.status, "{%s,%s}" % (token, token))


def mode_hold(reply, args, request):
    """hold FILE: answer once FILE exists"""
    while not os.path.exists(args[0]):
        time.sleep(0.01)


def setter(name, *values):
    """A mode that sets attributes; its first argument, if any, replaces the last value."""

    def mode(reply, args, request):
        names = name.split()
        chosen = list(values)
        if args and values:
            chosen[-1] = type(values[-1])(args[0])
        for key, value in zip(names, chosen):
            setattr(reply, key, value)

    return mode


def header(name, value):
    def mode(reply, args, request):
        reply.headers[name] = " ".join(args) or value

    return mode


# Judged when the connection is made: "no-handshake" accepts and never speaks.
MODES = {
    "ok": setter("status", 201),
    "status": mode_status,
    "html": mode_html,
    "text": mode_text,
    "body": mode_body,
    "redirect": mode_redirect,
    "echo-secret": mode_echo_secret,
    "empty": lambda r, a, q: r.raw(int((a or ["503"])[0]), b""),
    "204": lambda r, a, q: r.raw(204, b""),
    "v1": setter("v1", True),
    "token": setter("token_form", ""),
    "no-token": setter("token_form", "missing"),
    "crlf-token": setter("token_form", "crlf"),
    "expires": setter("expires", ""),
    "clock": lambda r, a, q: setattr(r, "now", r.now + int(a[0])),
    "no-date": setter("date", False),
    "huge": mode_huge,
    "huge-headers": header("X-Padding", "x" * 70000),
    "deep": mode_deep,
    "duplicate": mode_duplicate,
    "nothing": setter("before", "nothing"),
    "hang-up": setter("before", "hang-up"),
    "reset": setter("before", "reset"),
    "early-hints": setter("early_hints", True),
    "slow-headers": setter("header_delay", 5.0),
    "slow-body": setter("body_delay", 5.0),
    "drip": setter("drip", 0.2),
    "cut": setter("framing", "cut"),
    "cut-chunked": setter("framing", "cut-chunked"),
    "cut-headers": setter("framing", "cut-headers"),
    "chunked": setter("framing", "chunked"),
    "until-close": setter("framing", "close"),
    "gzip": setter("gzip", True),
    "retry-after": header("Retry-After", "60"),
    "cookie": header("Set-Cookie", "session=1; Path=/"),
    "hold": mode_hold,
    "no-handshake": lambda r, a, q: None,
    # Choices where the facts are missing, read where they matter:
    "refuse-403": lambda r, a, q: None,
    "clamp": lambda r, a, q: None,
    "rate": lambda r, a, q: None,
}
# These shape the token reply before it is written; all the others come after.
SHAPES = ("clock", "expires", "token", "no-token", "crlf-token", "v1")


def parse_modes(text, endpoint):
    modes = []
    for line in text.replace(";", "\n").splitlines():
        words = line.split()
        target = "token"
        if words and words[0] == "data:":
            target, words = "data", words[1:]
        if not words or target != endpoint:
            continue
        if words[0] not in MODES:
            raise ValueError("unknown mode " + words[0])
        modes.append((words[0], words[1:]))
    return modes
