#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stand-in for the Lacework API on loopback, for tests.  Standard library only.

    standin.py DIR --tls-cert PEM --tls-key KEY [--parent PID] [--port N] [--key ID:SHA256[:ROLE]]
               [--plain] [--old-tls] [--proxy] [--ipv6] [--rate N]

DIR holds what the server and its user exchange:
  port   (written)  the port, in one piece, once the server listens
  proxy-port        (written, with --proxy) a CONNECT proxy that leads every host to the server
  keys   (read)     lines "KEYID SHA256-OF-SECRET ROLE": admin, org, service get tokens; user does
                    not (403); disabled is refused (401)
  mode   (read at each request)  how to misbehave; see MODES in standin_modes.py.  Several, one per line or
                    separated by ";".  "data:" in front applies a mode to the data endpoints,
                    otherwise it applies to the token endpoint.  No file: behave.
  log    (appended) one line per request, blank-separated name=value, percent-encoded.  Never a
                    secret or a token, only the SHA-256 of what was issued.

It stops on SIGTERM and when the process PID is gone.
"""

import argparse
import collections
import datetime
import email.utils
import gzip
import hashlib
import http.client
import http.server
import json
import os
import secrets
import select
import signal
import socket
import socketserver
import ssl
import struct
import sys
import threading
import time
import urllib.parse
import warnings

sys.dont_write_bytecode = True
from standin_modes import EXPIRES, MAX_BODY, MODES, SHAPES, TOKENS, Reply, parse_modes  # noqa: E402

TOKEN_PATH = "/api/v2/access/tokens"
MAX_TTL = 86400
HOUR = 3600


def digest(data):
    return hashlib.sha256(data if isinstance(data, bytes) else data.encode("latin-1")).hexdigest()


class State:
    """What all threads share."""

    def __init__(self, args):
        self.dir = args.dir
        self.rate = args.rate
        self.fixed_keys = [key.split(":") for key in args.key]
        self.lock = threading.Lock()
        self.tokens = {}  # SHA-256 -> (role, expires)
        self.buckets = collections.defaultdict(collections.deque)
        self.log_fd = os.open(self.path("log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

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

    def log(self, fields):
        quote = lambda value: urllib.parse.quote(str(value), safe="/:[]?=&") or "-"
        line = " ".join("%s=%s" % (name, quote(value)) for name, value in fields.items())
        with self.lock:
            os.write(self.log_fd, (line + "\n").encode())

    def key(self, key_id):
        """(SHA-256 of the secret, role), or None"""
        lines = [line.split() for line in self.read("keys").splitlines()]
        for words in self.fixed_keys + lines:
            if len(words) >= 2 and words[0] == key_id:
                return words[1], (words[2:] or ["admin"])[0]
        return None

    def draw(self, who, capacity):
        """Take one call out of the bucket: (remaining, seconds to wait); remaining -1 if empty."""
        now = time.monotonic()
        with self.lock:
            calls = self.buckets[who]
            while calls and calls[0] <= now - HOUR:
                calls.popleft()
            if len(calls) >= capacity:
                return -1, int(calls[0] + HOUR - now) + 1 if calls else HOUR
            calls.append(now)
            return capacity - len(calls), 0

    def issue(self, role, expires):
        token = "_" + secrets.token_hex(16)
        with self.lock:
            self.tokens[digest(token)] = (role, expires)
        return token


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "standin"
    sys_version = ""
    timeout = 60
    disable_nagle_algorithm = True  # else a reply in two writes waits 40 ms for an ACK

    def setup(self):
        self.request.settimeout(self.timeout)
        if self.server.tls is not None:
            if any(name == "no-handshake" for name, _ in self.modes("token")):
                self.wait_for_end(self.request)
                raise ConnectionAbortedError
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self):
        super().finish()
        try:
            if self.server.tls is not None:
                self.request.settimeout(2)
                self.request.unwrap()
        except (OSError, ValueError):
            pass
        self.request.close()

    def log_message(self, *args):
        pass

    def modes(self, endpoint):
        return parse_modes(self.server.state.read("mode"), endpoint)

    def mode_args(self, endpoint, name):
        for found, args in self.modes(endpoint):
            if found == name:
                return args
        return None

    def wait_for_end(self, sock):
        """Say nothing until the client goes away."""
        end = time.monotonic() + self.timeout
        while time.monotonic() < end:
            readable, _, _ = select.select([sock], [], [], 1)
            if readable:
                try:
                    if not sock.recv(4096):
                        return
                except OSError:
                    return

    # Requests

    def answer(self):
        self.close_connection = True
        endpoint = "token" if self.path == TOKEN_PATH else "data"
        reply = Reply(time.time())
        modes = self.modes(endpoint)
        for name, args in modes:
            if name in SHAPES:
                MODES[name](reply, args, self)
        try:
            body = self.read_body()
            if endpoint == "token":
                self.token_call(reply, body)
            else:
                self.data_call(reply)
        except ValueError as error:
            reply.error(400, str(error))
        for name, args in modes:
            if name not in SHAPES:
                MODES[name](reply, args, self)
        self.record(reply)
        self.send(reply)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = answer

    def read_body(self):
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > MAX_BODY:
            raise ValueError("Request body is too large.")
        return self.rfile.read(int(length))

    def token_call(self, reply, body):
        secret = self.headers.get("X-LW-UAKS")
        reply.log["secret"] = "absent" if secret is None else "wrong"
        if self.command != "POST":
            return reply.error(405, "Method Not Allowed", Allow="POST")
        key_id, ttl = self.token_request(reply, body)
        if not secret or not key_id:
            return reply.error(400, "Access Key is null.")
        key = self.server.state.key(key_id)
        right = key is not None and secrets.compare_digest(key[0], digest(secret))
        reply.log["secret"] = "right" if right else "wrong"
        if not self.within_rate(reply, (key_id, "token")):
            return None
        if not right or key[1] == "disabled":
            refused = 403 if self.mode_args("token", "refuse-403") is not None else 401
            return reply.error(refused, "Invalid access key or secret.")
        if key[1] == "user":
            return reply.error(403, "User is not allowed to create access tokens.")
        if not 1 <= ttl <= MAX_TTL:
            return reply.error(400, "expiryTime must be between 1 and 86400.")
        return self.grant(reply, key[1], ttl)

    def token_request(self, reply, body):
        """(key id, lifetime) of a token call's body."""
        if self.headers.get("Content-Type", "").partition(";")[0].strip() != "application/json":
            raise ValueError("Content-Type must be application/json.")
        try:
            data = json.loads(body)
        except ValueError:
            raise ValueError("Request body is not valid JSON.") from None
        if not isinstance(data, dict) or not isinstance(data.get("keyId", ""), str):
            raise ValueError("Request body is not valid.")
        ttl = data.get("expiryTime", HOUR)
        reply.log["key"] = data.get("keyId", "")
        reply.log["expiry"] = data.get("expiryTime", "")
        if isinstance(ttl, bool) or not isinstance(ttl, int):
            raise ValueError("expiryTime must be an integer.")
        if ttl > MAX_TTL and self.mode_args("token", "clamp") is not None:
            ttl = MAX_TTL
        return data.get("keyId", ""), ttl

    def within_rate(self, reply, who):
        args = self.mode_args("token", "rate")
        capacity = int(args[0]) if args else self.server.state.rate
        remaining, wait = self.server.state.draw(who, capacity)
        reply.headers["RateLimit-Limit"] = str(capacity)
        reply.headers["RateLimit-Remaining"] = str(max(0, remaining))
        reply.headers["RateLimit-Reset"] = str(wait)
        if remaining < 0:
            reply.error(429, "Too Many Requests")
        return remaining >= 0

    def grant(self, reply, role, ttl):
        when = datetime.datetime.fromtimestamp(reply.now + ttl, datetime.timezone.utc)
        token = self.server.state.issue(role, time.time() + ttl)
        reply.log["token"] = digest(token)
        reply.status = 201
        reply.body = {}
        if EXPIRES[reply.expires] is not None:
            reply.body["expiresAt"] = EXPIRES[reply.expires](when)
        form = TOKENS[reply.token_form] if reply.token_form else lambda t: t
        if form is not None:
            reply.body["token"] = form(token)
        if reply.token_form == "max":
            reply.log["token"] = digest(reply.body["token"])
        if reply.v1:
            old = {"expiresAt": EXPIRES["v1"](when), "token": token}
            reply.body = {"data": [old], "ok": True, "message": "SUCCESS"}

    def data_call(self, reply):
        path = self.path.partition("?")[0]
        if path.startswith("/api/v1/"):
            return reply.error(404, "API v1 is no longer supported.")
        if path != "/api/v2/UserProfile":
            return reply.error(404, "Not Found")
        if self.command != "GET":
            return reply.error(405, "Method Not Allowed", Allow="GET")
        role = self.bearer()
        reply.log["bearer"] = "right" if role else "wrong"
        if not role:
            return reply.error(401, "Unauthorized: token is expired or unknown.")
        organization = self.headers.get("Org-Access", "").lower() == "true"
        if role == "service" and (organization or self.headers.get("Account-Name")):
            return reply.error(403, "Unauthorized Access")
        account = "ORG" if organization else self.headers.get("Account-Name", "ACME").upper()
        profile = {"username": "user@example.com", "orgAccount": role == "org", "orgUser": False,
                   "orgAdmin": role == "org", "url": "acme.lacework.net",
                   "accounts": [{"admin": True, "accountName": account, "userEnabled": 1}]}
        reply.body = {"data": [profile]}
        return None

    def bearer(self):
        """The role of the token in the request, or None.  "Bearer" may be left out."""
        text = self.headers.get("Authorization", "")
        scheme, _, token = text.partition(" ")
        token = token if scheme.lower() == "bearer" else text
        with self.server.state.lock:
            role, expires = self.server.state.tokens.get(digest(token), (None, 0))
        return role if expires > time.time() else None

    def record(self, reply):
        fields = {"method": self.command, "path": self.path, "status": reply.before or reply.status,
                  "key": "", "secret": "", "expiry": "", "token": "", "bearer": ""}
        fields.update(reply.log)
        for name in ("Account-Name", "Org-Access", "Host", "User-Agent", "Accept"):
            fields[name.lower()] = self.headers.get(name, "")
        for name in ("Authorization", "Cookie"):
            fields[name.lower()] = "present" if name in self.headers else ""
        self.server.state.log(fields)

    # Replies

    def send(self, reply):
        try:
            self.send_unguarded(reply)
        except OSError:
            pass  # the client has gone, as some modes want it to

    def send_unguarded(self, reply):
        if reply.before is not None:
            return self.misbehave(reply.before)
        body = reply.body if isinstance(reply.body, bytes) else self.encode(reply.body)
        if reply.gzip:
            body = gzip.compress(body)
            reply.headers["Content-Encoding"] = "gzip"
        time.sleep(reply.header_delay)
        head = self.head(reply, len(body))
        if reply.framing == "cut-headers":
            return self.wfile.write(head[: len(head) // 2])
        self.wfile.write(head)
        time.sleep(reply.body_delay)
        if self.command == "HEAD" or reply.status == 204:
            return None
        if reply.framing in ("chunked", "cut-chunked"):
            return self.send_chunks(body, reply.framing == "chunked")
        if reply.framing == "cut":
            body = body[: len(body) // 2]
        if not reply.drip:
            return self.wfile.write(body)
        for i in range(len(body)):
            self.wfile.write(body[i : i + 1])
            time.sleep(reply.drip)
        return None

    @staticmethod
    def encode(body):
        return json.dumps(body, separators=(",", ":")).encode()

    def head(self, reply, length):
        reason = http.client.responses.get(reply.status, "Unknown")
        lines = ["HTTP/1.1 103 Early Hints", "Link: </>", ""] if reply.early_hints else []
        lines.append("HTTP/1.1 %d %s" % (reply.status, reason))
        if reply.date:
            lines.append("Date: " + email.utils.formatdate(int(reply.now), usegmt=True))
        lines.append("Content-Type: " + reply.content_type)
        lines += ["%s: %s" % item for item in reply.headers.items()]
        if reply.framing in ("chunked", "cut-chunked"):
            lines.append("Transfer-Encoding: chunked")
        elif reply.framing != "close" and reply.status != 204:
            lines.append("Content-Length: %d" % length)
        lines += ["Connection: close", "", ""]
        return "\r\n".join(lines).encode("latin-1")

    def send_chunks(self, body, whole):
        size = max(1, len(body) // 3)
        chunks = [body[i : i + size] for i in range(0, len(body), size)]
        for chunk in chunks if whole else chunks[:-1]:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        if whole:
            self.wfile.write(b"0\r\n\r\n")

    def misbehave(self, how):
        if how == "nothing":
            self.wait_for_end(self.request)
        elif how == "reset":
            linger = struct.pack("ii", 1, 0)
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            os.close(self.request.detach())


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 512

    def __init__(self, address, handler, state, tls=None):
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.state = state
        self.tls = tls
        super().__init__(address, handler)

    def handle_error(self, request, client_address):
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handle_error(request, client_address)


class Proxy(socketserver.StreamRequestHandler):
    """CONNECT only, and wherever the client wants to go, it comes to the stand-in."""

    timeout = 60

    def handle(self):
        line = self.rfile.readline(4096).decode("latin-1").split()
        names = set()
        for header in iter(self.rfile.readline, b""):
            if not header.strip():
                break
            names.add(header.partition(b":")[0].strip().lower())
        method, target = (line + ["", ""])[:2]
        secret = "present" if b"x-lw-uaks" in names else "absent"
        self.server.state.log({"method": method, "path": target, "status": "proxy", "secret": secret})
        if method != "CONNECT":
            self.wfile.write(b"HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", self.server.target)) as upstream:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self.splice(self.connection, upstream)

    def splice(self, a, b):
        while True:
            readable, _, _ = select.select([a, b], [], [], self.timeout)
            if not readable:
                return
            for source in readable:
                data = source.recv(65536)
                if not data:
                    return
                (b if source is a else a).sendall(data)


def serve(server):
    threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    return server.server_address[1]


def wait_for_end(parent):
    """Sleep until SIGTERM, or until the parent is gone."""
    if parent is None:
        while True:
            signal.pause()
    try:
        descriptor = os.pidfd_open(parent)
    except ProcessLookupError:
        return
    select.select([descriptor], [], [])


def parse_arguments():
    parser = argparse.ArgumentParser(description="Stand-in for the Lacework API, for tests.")
    parser.add_argument("dir")
    parser.add_argument("--tls-cert")
    parser.add_argument("--tls-key")
    parser.add_argument("--plain", action="store_true", help="http instead of https")
    parser.add_argument("--old-tls", action="store_true", help="TLS 1.1 at most")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--parent", type=int, help="stop when this process is gone")
    parser.add_argument("--key", action="append", default=[], metavar="ID:SHA256[:ROLE]")
    parser.add_argument("--proxy", action="store_true", help="run a CONNECT proxy too")
    parser.add_argument("--ipv6", action="store_true", help="listen on ::1 too")
    parser.add_argument("--rate", type=int, default=480, help="calls per hour and key")
    args = parser.parse_args()
    if not args.plain and not (args.tls_cert and args.tls_key):
        parser.error("--tls-cert and --tls-key, or --plain")
    return args


def main():
    args = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    os.umask(0o077)
    os.makedirs(args.dir, exist_ok=True)
    tls = None
    if not args.plain:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(args.tls_cert, args.tls_key)
        if args.old_tls:
            warnings.simplefilter("ignore", DeprecationWarning)
            tls.set_ciphers("DEFAULT@SECLEVEL=0")
            tls.minimum_version = ssl.TLSVersion.TLSv1
            tls.maximum_version = ssl.TLSVersion.TLSv1_1
    state = State(args)
    server = Server(("127.0.0.1", args.port), Handler, state, tls)
    port = serve(server)
    if args.ipv6:
        serve(Server(("::1", port), Handler, state, tls))
    if args.proxy:
        proxy = Server(("127.0.0.1", 0), Proxy, state)
        proxy.target = port
        state.write("proxy-port", "%d\n" % serve(proxy))
    state.write("port", "%d\n" % port)
    wait_for_end(args.parent)
    os._exit(0)


if __name__ == "__main__":
    main()
