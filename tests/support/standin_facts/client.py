# SPDX-License-Identifier: Apache-2.0
"""A client of the running stand-in: calls, keys and tokens, its files."""

import hashlib
import http.client
import json
import os
import secrets
import ssl
import sys
import unittest

DIR, PORT, CA = sys.argv[1], int(sys.argv[2]), sys.argv[3]
TLS = ssl.create_default_context(cafile=CA)
TOKENS = "/api/v2/access/tokens"
PROFILE = "/api/v2/UserProfile"
AGENT_TOKENS = "/api/v2/AgentAccessTokens"
ALERTS = "/api/v2/Alerts"
AGENTS = "/api/v2/AgentInfo/search"
ZERO_TIME = "0001-01-01T00:00:00Z"


class Reply:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def data(self):
        return self.json["data"]

    @property
    def message(self):
        return self.json["message"]


def call(method, path, body=None, headers=None, host=None):
    connection = http.client.HTTPSConnection("localhost", PORT, context=TLS, timeout=60)
    headers = dict(headers or {})
    if host:
        headers["Host"] = host
    if isinstance(body, (dict, list)):
        body = json.dumps(body)
    if body is not None:
        headers.setdefault("Content-Type", "application/json")
    try:
        connection.request(method, path, body, headers)
        return Reply(connection.getresponse())
    finally:
        connection.close()


def write(name, text):
    with open(os.path.join(DIR, name + ".tmp"), "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(os.path.join(DIR, name + ".tmp"), os.path.join(DIR, name))


def read(name):
    try:
        with open(os.path.join(DIR, name), encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def log_lines():
    return read("log").splitlines()


class User:
    """A key of its own, and a token of it."""

    def __init__(self, role="admin", *options, ttl=3600, token=True):
        self.key_id = "ACME_" + secrets.token_hex(25).upper()
        self.secret = "_" + secrets.token_hex(16)
        self.become(role, *options)
        self.token = self.ask(expiryTime=ttl).json["token"] if token else None

    def become(self, role, *options):
        lines = [line for line in read("keys").splitlines() if not line.startswith(self.key_id)]
        known = hashlib.sha256(self.secret.encode()).hexdigest()
        if role is not None:
            lines.append(" ".join((self.key_id, known, role) + options))
        write("keys", "".join(line + "\n" for line in lines))

    def ask(self, headers=None, host=None, **members):
        members = {"keyId": self.key_id, **members}
        return call("POST", TOKENS, members, {"X-LW-UAKS": self.secret, **(headers or {})}, host)

    def call(self, method, path, body=None, account=None, org=None, host=None):
        headers = {"Authorization": "Bearer " + self.token}
        if account is not None:
            headers["Account-Name"] = account
        if org is not None:
            headers["Org-Access"] = org
        return call(method, path, body, headers, host)

    def acts_on(self, account=None, org=None):
        """The account on which a call acts, or the status that refuses it."""
        reply = self.call("GET", ALERTS, None, account, org)
        return reply.data[0]["account"] if reply.status == 200 else reply.status


class Case(unittest.TestCase):
    def setUp(self):
        for name in ("mode", "keys", "agent-tokens.json", "agents.json"):
            if os.path.exists(os.path.join(DIR, name)):
                os.unlink(os.path.join(DIR, name))

    def mode(self, *lines):
        write("mode", "\n".join(lines) + "\n")

    def refused(self, reply, status, message):
        self.assertEqual(reply.status, status, reply.body)
        self.assertIn(message, reply.message)
