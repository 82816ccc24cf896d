#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stand-in for the Lacework API on loopback, for tests.  Standard library only.

    standin.py DIR --tls-cert PEM --tls-key KEY [--parent PID] [--port N] [--key ID:SHA256[:ROLE]]
               [--plain] [--old-tls] [--proxy] [--ipv6] [--rate N]

DIR holds what the server and its user exchange:
  port   (written)  the port, in one piece, once the server listens
  proxy-port        (written, with --proxy) a CONNECT proxy that leads every host to the server
  keys   (read)     the keys that it knows, with their roles: lacework_api/roles.py
  mode   (read at each request)  how to misbehave, and the choices where the facts about the API
                    are missing: lacework_api/modes.py.  No file: behave.
  agent-tokens.json (read and written)  agent access tokens: lacework_api/agent_tokens.py
  agents.json       (read)  agents, for AgentInfo: lacework_api/records.py
  log    (appended) one line per request, blank-separated name=value, percent-encoded.  Never a
                    secret or a token that was issued, only its SHA-256.  The path stands there as it
                    was asked for, so tests can see what a URL gives away; the paths of agent tokens
                    hold the token, as the API wants it.

It stops on SIGTERM and when the process PID is gone.
"""

import argparse
import os
import select
import signal
import socket
import socketserver
import ssl
import sys
import threading
import warnings

sys.dont_write_bytecode = True
from lacework_api.connection import Connection  # noqa: E402
from lacework_api.proxy import Proxy  # noqa: E402
from lacework_api.state import State  # noqa: E402


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
    parser.add_argument("--rate", type=int, default=480, help="calls per hour, user and functionality")
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
    server = Server(("127.0.0.1", args.port), Connection, state, tls)
    port = serve(server)
    if args.ipv6:
        serve(Server(("::1", port), Connection, state, tls))
    if args.proxy:
        proxy = Server(("127.0.0.1", 0), Proxy, state)
        proxy.target = port
        state.write("proxy-port", "%d\n" % serve(proxy))
    state.write("port", "%d\n" % port)
    wait_for_end(args.parent)
    os._exit(0)


if __name__ == "__main__":
    main()
