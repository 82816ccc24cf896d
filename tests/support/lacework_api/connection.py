# SPDX-License-Identifier: Apache-2.0
"""A connection: TLS, one request, its reply written well or badly."""

import email.utils
import gzip
import hashlib
import http.client
import http.server
import json
import os
import select
import socket
import struct
import time

from . import endpoints
from .call import Call
from .modes import MAX_BODY, SHAPES

DRAIN_MAX = 1 << 30  # bytes of a request that is too large are read, and forgotten
PART = 65536


class Connection(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "standin"
    sys_version = ""
    timeout = 60
    disable_nagle_algorithm = True  # else a reply in two writes waits 40 ms for an ACK

    def setup(self):
        self.request.settimeout(self.timeout)
        if self.server.tls is not None:
            modes = self.server.state.modes("token", None, "")
            if any(mode.name == "no-handshake" for mode in modes):
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
        call = Call(self.server.state, self.command, self.path, self.headers)
        for mode in call.modes:
            if mode.name in SHAPES:
                mode.apply(call.reply, call)
        try:
            call.body = self.read_body()
            if not any(mode.early for mode in call.modes):
                endpoints.answer(call)
        except ValueError as error:
            call.reply.error(400, str(error))
        for mode in call.modes:
            if mode.name not in SHAPES:
                mode.apply(call.reply, call)
        self.record(call)
        self.send(call.reply)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = answer

    def read_body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts = self.read_chunks()
        else:
            length = self.headers.get("Content-Length", "0")
            if not length.isdigit():
                raise ValueError("Content-Length is not valid.")
            parts = self.read_parts(int(length))
        body, total = [], 0
        for part in parts:
            total += len(part)
            if total <= MAX_BODY:
                body.append(part)
            elif total > DRAIN_MAX:
                break
        if total > MAX_BODY:
            raise ValueError("Request body is too large.")
        return b"".join(body)

    def read_parts(self, length):
        while length > 0:
            part = self.rfile.read(min(PART, length))
            if not part:
                raise ValueError("Request body is incomplete.")
            length -= len(part)
            yield part

    def read_chunks(self):
        while True:
            size = int(self.rfile.readline(1024).partition(b";")[0], 16)
            yield from self.read_parts(size)
            self.rfile.readline(1024)
            if size == 0:
                return

    def record(self, call):
        reply = call.reply
        fields = {"method": self.command, "path": self.path, "status": reply.before or reply.status,
                  "key": "", "secret": "", "expiry": "", "token": "", "bearer": ""}
        fields.update((name, value) for name, value in reply.log.items() if name != "account")
        for name in ("Account-Name", "Org-Access", "Host", "User-Agent", "Accept"):
            fields[name.lower()] = self.headers.get(name, "")
        for name in ("Authorization", "Cookie"):
            fields[name.lower()] = "present" if name in self.headers else ""
        fields["account"] = reply.log.get("account", "")
        fields["content-type"] = self.headers.get("Content-Type", "")
        fields["body-len"] = len(call.body)
        fields["body"] = hashlib.sha256(call.body).hexdigest()
        for name, value in self.headers.items():
            if name.lower().startswith("x-test"):
                fields[name.lower()] = value
        call.state.log(fields)

    # Replies

    def send(self, reply):
        try:
            self.send_unguarded(reply)
        except OSError:
            pass  # the client has gone, as some modes want it to

    def send_unguarded(self, reply):
        if reply.before is not None:
            return self.misbehave(reply.before)
        length, parts = self.body_of(reply)
        time.sleep(reply.header_delay)
        head = self.head(reply, length)
        if reply.framing == "cut-headers":
            return self.wfile.write(head[: len(head) // 2])
        self.wfile.write(head)
        time.sleep(reply.body_delay)
        if self.command == "HEAD" or reply.status == 204:
            return None
        if reply.framing in ("chunked", "cut-chunked"):
            return self.send_chunks(length, parts, reply.framing == "chunked")
        if reply.framing == "cut":
            parts = cut(parts, length // 2)
        for part in parts:
            self.send_part(part, reply.drip)
        return None

    def send_part(self, part, drip):
        if not drip:
            self.wfile.write(part)
            return
        for i in range(len(part)):
            self.wfile.write(part[i : i + 1])
            time.sleep(drip)

    @staticmethod
    def body_of(reply):
        """(length, parts) of the reply's body."""
        if reply.stream is not None:
            return reply.stream, made_up(reply.stream)
        body = reply.body
        if not isinstance(body, bytes):
            body = json.dumps(body, separators=(",", ":")).encode()
        if reply.gzip:
            body = gzip.compress(body)
            reply.headers["Content-Encoding"] = "gzip"
        return len(body), [body]

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

    def send_chunks(self, length, parts, whole):
        size = max(1, min(length // 3, PART))
        kept = parts if whole else cut(parts, length - size)
        for part in kept:
            for i in range(0, len(part), size):
                chunk = part[i : i + size]
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


def cut(parts, length):
    """The first bytes of the parts."""
    for part in parts:
        yield part[:length]
        length -= len(part)
        if length <= 0:
            return


def made_up(length):
    """JSON of that length, of rows, without holding it in memory."""
    row = b'{"row":"' + b"x" * 1000 + b'"},'
    head, tail = b'{"data":[', b"{}]}"
    yield head
    rows, left = divmod(length - len(head) - len(tail), len(row))
    part = row * (PART // len(row))
    for _ in range(rows // (PART // len(row))):
        yield part
    yield row * (rows % (PART // len(row))) + b" " * left + tail
