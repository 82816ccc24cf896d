#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A server that asks for Basic authorization and accepts any: what a hostile repository points git
at.

Usage: basic_server.py DIR [--tls-cert FILE --tls-key FILE] --parent PID

  DIR/port   where it listens on 127.0.0.1, in plain HTTP; with a certificate as a proxy, too: it
             answers CONNECT to whatever host and is that host
  DIR/log    one line for each request: METHOD PATH USER PASSWORD, "-" where nothing was sent
"""

import argparse
import base64
import http.server
import os
import ssl
import threading
import time


def given(header):
    """The user and password of an Authorization header, or the header as it is."""
    if not header:
        return "- -"
    kind, _, rest = header.partition(" ")
    if kind.lower() != "basic":
        return header
    user, _, password = base64.b64decode(rest).decode().partition(":")
    return f"{user} {password}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_CONNECT(self):
        self.wfile.write(b"HTTP/1.1 200 here you are\r\n\r\n")
        self.wfile.flush()
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb")
        self.close_connection = False

    def do_GET(self):
        header = self.headers.get("Authorization")
        with open(os.path.join(self.server.dir, "log"), "a", encoding="ascii") as log:
            log.write(f"{self.command} {self.path} {given(header)}\n")
        body = b"<html>a page of an application</html>"
        self.send_response(200 if header else 401)
        if not header:
            self.send_header("WWW-Authenticate", 'Basic realm="here"')
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    do_POST = do_GET

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("dir")
    parser.add_argument("--tls-cert")
    parser.add_argument("--tls-key")
    parser.add_argument("--parent", type=int, required=True)
    args = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.dir = args.dir
    if args.tls_cert:
        server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.tls.load_cert_chain(args.tls_cert, args.tls_key)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    name = os.path.join(args.dir, "port")
    with open(name + ".new", "w", encoding="ascii") as file:
        file.write(f"{server.server_address[1]}\n")
    os.rename(name + ".new", name)
    while os.path.exists(f"/proc/{args.parent}"):
        time.sleep(0.5)


main()
