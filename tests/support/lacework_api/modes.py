# SPDX-License-Identifier: Apache-2.0
"""How the stand-in misbehaves, and the choices where the facts about the API are missing.

The file "mode" holds modes, one per line or separated by ";", each

    [[METHOD] TARGET:] [times N] [early] NAME [ARGUMENT...]

TARGET   token (the token endpoint, also without a target), data (all others), or the start of a
         path, "/api/v2/UserProfile:"; METHOD limits it to that method.
times N  for the first N calls that it meets after the file was written.
early    the call has no effect: without it a reply is spoiled after the call has done its work, so
         "POST /api/v2/AgentAccessTokens: hang-up" makes a token whose reply is lost.
"""

import email.utils
import http.client
import json
import os
import time
import urllib.parse

from .forms import ERRORS

MAX_BODY = 1024 * 1024


def mode_status(reply, args, call):
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
    reply.body = ERRORS[options.get("form", "message")](message)


def mode_html(reply, args, call):
    status = int(args[0]) if args else 502
    title = "%d %s" % (status, http.client.responses.get(status, "Error"))
    head = "<html>\r\n<head><title>%s</title></head>\r\n" % title
    page = head + "<body><h1>%s</h1><hr>nginx</body></html>\r\n" % title
    reply.raw(status, page, "text/html")


def mode_text(reply, args, call):
    reply.raw(int(args[0]), " ".join(args[1:]), "text/plain")


def mode_body(reply, args, call):
    """body FILE [STATUS] [TYPE]"""
    with open(args[0], "rb") as file:
        reply.raw(int((args[1:] or ["201"])[0]), file.read(), (args[2:] or ["application/json"])[0])


def mode_redirect(reply, args, call):
    reply.status = int((args[1:] or ["307"])[0])
    reply.headers["Location"] = args[0]
    reply.body = {"message": "moved"}


def mode_echo_secret(reply, args, call):
    secret = call.headers.get("X-LW-UAKS", "")
    reply.error(int((args or ["401"])[0]), "no such key: %s (sorry)" % secret)


def mode_echo_token(reply, args, call):
    """echo-token [STATUS]: the message repeats the Authorization header and the path"""
    said = "%s %s" % (call.headers.get("Authorization", ""), call.path)
    reply.error(int((args or ["403"])[0]), "refused: %s (sorry)" % said)


def mode_huge(reply, args, call):
    size = int((args or [str(MAX_BODY + 1)])[0])
    reply.raw(reply.status, b'{"a":"' + b"x" * max(0, size - 8) + b'"}')


def mode_deep(reply, args, call):
    depth = int((args or ["100000"])[0])
    reply.raw(reply.status, "[" * depth + "]" * depth)


def mode_duplicate(reply, args, call):
    members = json.dumps(reply.body)[1:-1]
    reply.raw(reply.status, "{%s,%s}" % (members, members))


def mode_hold(reply, args, call):
    """hold FILE: answer once FILE exists"""
    while not os.path.exists(args[0]):
        time.sleep(0.01)


def mode_swap_data(reply, args, call):
    """"data" is an array where an object was promised, and the other way round"""
    data = reply.body.get("data") if isinstance(reply.body, dict) else None
    if isinstance(data, list):
        reply.body["data"] = data[0] if data else {}
    elif data is not None:
        reply.body["data"] = [data]


def with_unknown(value):
    if isinstance(value, list):
        return [with_unknown(item) for item in value]
    if not isinstance(value, dict):
        return value
    known = {name: with_unknown(item) for name, item in value.items()}
    return {"newToUs": {"deep": [1, None, {"x": True}]}, **known}


def mode_unknown_fields(reply, args, call):
    reply.body = with_unknown(reply.body)


def mode_in_array(reply, args, call):
    """the whole reply in an array"""
    reply.body = [reply.body]


def mode_next_page(reply, args, call):
    """next-page URL: where the reply says the next page is; "{path}" stands for the right path,
    "{self}" for this call's own"""
    urls = (reply.body.get("paging") or {}).get("urls") if isinstance(reply.body, dict) else None
    if urls is not None:
        right = urllib.parse.urlsplit(urls.get("nextPage") or "").path
        here = "https://%s%s" % (call.headers.get("Host", ""), call.path)
        urls["nextPage"] = args[0].replace("{path}", right).replace("{self}", here)


def setter(name, *values):
    """A mode that sets attributes; its first argument, if any, replaces the last value."""

    def mode(reply, args, call):
        names = name.split()
        chosen = list(values)
        if args and values:
            chosen[-1] = type(values[-1])(args[0])
        for key, value in zip(names, chosen):
            setattr(reply, key, value)

    return mode


def header(name, value):
    def mode(reply, args, call):
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
    "echo-token": mode_echo_token,
    "empty": lambda r, a, c: r.raw(int((a or ["503"])[0]), b""),
    "204": lambda r, a, c: r.raw(204, b""),
    "v1": setter("v1", True),
    "token": setter("token_form", ""),
    "no-token": setter("token_form", "missing"),
    "crlf-token": setter("token_form", "crlf"),
    "expires": setter("expires", ""),
    "clock": lambda r, a, c: setattr(r, "now", r.now + int(a[0])),
    "no-date": setter("date", False),
    "huge": mode_huge,
    "stream": setter("stream", 200 * 1000 * 1000),
    "huge-headers": header("X-Padding", "x" * 70000),
    "deep": mode_deep,
    "duplicate": mode_duplicate,
    "swap-data": mode_swap_data,
    "in-array": mode_in_array,
    "unknown-fields": mode_unknown_fields,
    "next-page": mode_next_page,
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
    "no-handshake": lambda r, a, c: None,
}

# Choices, read where they matter.  Each says what it changes.
CHOICES = {
    # every endpoint
    "refuse-403": "403 in place of 401",
    "rate": "rate N [SECONDS]: calls in a window, in place of 480 an hour",
    "rate-retry-after": "a 429 carries Retry-After, too",
    "invalid-account": "invalid-account STATUS: what a sub-account's host answers, in place of 400",
    # the token endpoint
    "clamp": "an expiryTime above the maximum means the maximum",
    "home-by-header": "Account-Name of the token call is the account in which the token is made",
    # roles
    "keys-per-account": "an organization admin's key reaches the account of its making alone",
    "ignore-org-access": "Org-Access outside of the role has no effect, in place of 403",
    "tokens-die-with-key": "a token of a disabled or deleted key is refused",
    "revoked": "tokens made before the mode file was written are refused",
    # UserProfile
    "profile-500": "UserProfile fails for users outside of an organization",
    "profile-any-account": "Account-Name and Org-Access have no effect on UserProfile",
    "profile-no-primary": "the list of accounts leaves out the organization's own",
    "sub-accounts": "sub-accounts NAME,NAME...: other sub-accounts; a number: that many",
    # agent tokens
    "duplicate-alias": "duplicate-alias STATUS: 400 in place of 409",
    "hide-disabled": "the list leaves out disabled tokens",
    "merge-props": "PATCH merges props, in place of replacing them",
    "props-text": "props is a JSON text with CREATED_TIME and DESCRIPTION",
    "enabled-text": "tokenEnabled is a text",
    "created": "PATCH answers 201",
    "empty-200": "an empty search is 200 and an empty array, in place of 204",
    # paging
    "alerts": "alerts N [BYTES]: how many alerts there are, and the length of each one's text",
    "page-rows": "page-rows N: rows of a page, in place of 5000",
    "page-life": "page-life SECONDS, in place of 24 hours",
    "last-page": "last-page null|missing|empty|204: what is behind the last rows",
}
# These shape the reply of the token endpoint before it is written; all others come after.
SHAPES = ("clock", "expires", "token", "no-token", "crlf-token", "v1")


class Mode:
    """One entry of the mode file."""

    def __init__(self, text):
        words = text.split()
        self.text = " ".join(words)
        self.method, self.target = None, "token"
        if len(words) > 1 and words[0].isupper() and words[1].endswith(":"):
            self.method = words.pop(0)
        if words[0].endswith(":"):
            self.target = words.pop(0)[:-1]
        self.times = None
        if words[:1] == ["times"]:
            self.times, words = int(words[1]), words[2:]
        self.early = words[:1] == ["early"]
        words = words[1:] if self.early else words
        self.name, self.args = (words or [""])[0], words[1:]
        if self.name not in MODES and self.name not in CHOICES:
            raise ValueError("unknown mode %r" % text)
        if self.target not in ("token", "data") and not self.target.startswith("/"):
            raise ValueError("unknown target %r" % text)

    def meets(self, endpoint, method, path):
        if self.method not in (None, method):
            return False
        return path.startswith(self.target) if self.target[0] == "/" else self.target == endpoint

    def apply(self, reply, call):
        if self.name in MODES:
            MODES[self.name](reply, self.args, call)


def parse_modes(text):
    return [Mode(line) for line in text.replace(";", "\n").splitlines() if line.strip()]
