# SPDX-License-Identifier: Apache-2.0
"""CONNECT only, and wherever the client wants to go, it comes to the stand-in."""

import select
import socket
import socketserver


class Proxy(socketserver.StreamRequestHandler):
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
        self.server.state.log(
            {"method": method, "path": target, "status": "proxy", "secret": secret})
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
