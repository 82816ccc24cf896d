# SPDX-License-Identifier: Apache-2.0
"""How the stand-in misbehaves, and what its log holds."""

import gzip
import hashlib
import http.client
import time

from .client import AGENT_TOKENS, AGENTS, ALERTS, PORT, PROFILE, TLS, Case, User, call, log_lines


class Faults(Case):
    def setUp(self):
        super().setUp()
        self.user = User("org")

    def test_shapes(self):
        path = AGENT_TOKENS + "/" + self.user.call("GET", AGENT_TOKENS).data[0]["accessToken"]
        self.mode("data: swap-data")
        self.assertIsInstance(self.user.call("GET", path).data, list)
        self.assertIsInstance(self.user.call("GET", PROFILE).data, dict)
        self.mode("data: in-array")
        self.assertIsInstance(self.user.call("GET", PROFILE).json, list)
        self.mode("data: unknown-fields")
        reply = self.user.call("GET", PROFILE)
        self.assertIn("newToUs", reply.json)
        self.assertIn("newToUs", reply.data[0]["accounts"][0])
        self.assertEqual(reply.data[0]["url"], "acme.lacework.net")

    def test_errors(self):
        self.mode("data: status 500 form=success-data")
        self.assertEqual(self.user.call("GET", PROFILE).json,
                         {"ok": True, "message": "SUCCESS", "data": {}})
        self.mode("data: html 502")
        reply = self.user.call("GET", PROFILE)
        self.assertEqual((reply.status, reply.headers["Content-Type"]), (502, "text/html"))
        self.mode("data: redirect https://evil.example/ 307")
        reply = self.user.call("GET", PROFILE)
        self.assertEqual((reply.status, reply.headers["Location"]), (307, "https://evil.example/"))
        self.mode("data: echo-token")
        self.assertIn(self.user.token, self.user.call("GET", PROFILE).message)
        self.mode("data: empty 503")
        self.assertEqual(self.user.call("GET", PROFILE).body, b"")

    def test_framing(self):
        whole = self.user.call("GET", PROFILE).body
        self.mode("data: gzip")
        reply = self.user.call("GET", PROFILE)
        self.assertEqual(reply.headers["Content-Encoding"], "gzip")
        self.assertEqual(gzip.decompress(reply.body), whole)
        self.mode("data: chunked")
        reply = self.user.call("GET", PROFILE)
        self.assertEqual((reply.headers["Transfer-Encoding"], reply.body), ("chunked", whole))
        for mode in ("cut", "cut-chunked"):
            self.mode("data: " + mode)
            with self.assertRaises(http.client.IncompleteRead) as caught:
                self.user.call("GET", PROFILE)
            self.assertTrue(whole.startswith(caught.exception.partial))
        for mode in ("hang-up", "reset"):
            self.mode("data: " + mode)
            with self.assertRaises((OSError, http.client.HTTPException)):
                self.user.call("GET", PROFILE)

    def test_slow(self):
        for mode in ("slow-headers 0.3", "slow-body 0.3", "drip 0.001"):
            self.mode("data: " + mode)
            began = time.monotonic()
            self.assertEqual(self.user.call("GET", PROFILE).status, 200)
            self.assertGreater(time.monotonic() - began, 0.3)

    def test_stream(self):
        for length in (20, 1019, 1020, 70000, 3000000):
            for framing in ("", "; data: chunked"):
                self.mode("data: stream %d%s" % (length, framing))
                reply = self.user.call("GET", ALERTS)
                self.assertEqual(len(reply.body), length)
                self.assertIsInstance(reply.data, list)
        self.mode("data: stream 1000000; data: cut")
        with self.assertRaises(http.client.IncompleteRead) as caught:
            self.user.call("GET", ALERTS)
        self.assertEqual(len(caught.exception.partial), 500000)

    def test_stream_200_mb(self):
        self.mode("data: stream")
        connection = http.client.HTTPSConnection("localhost", PORT, context=TLS, timeout=60)
        connection.request("GET", ALERTS, headers={"Authorization": "Bearer " + self.user.token})
        response = connection.getresponse()
        total = 0
        while part := response.read(1 << 20):
            total += len(part)
        connection.close()
        self.assertEqual(total, 200 * 1000 * 1000)

    def test_targets(self):
        self.mode("/api/v2/UserProfile: status 503", "POST /api/v2/Agent: status 502")
        self.assertEqual(self.user.call("GET", PROFILE).status, 503)
        self.assertEqual(self.user.call("GET", ALERTS).status, 200)
        self.assertEqual(self.user.call("POST", AGENTS, {}).status, 502)
        self.assertEqual(self.user.call("GET", AGENT_TOKENS).status, 200)
        self.assertEqual(self.user.ask().status, 201)

    def test_times(self):
        self.mode("data: times 2 status 401")
        seen = [self.user.call("GET", PROFILE).status for _ in range(3)]
        self.assertEqual(seen, [401, 401, 200])
        self.mode("data: times 2 status 401")
        self.assertEqual(self.user.call("GET", PROFILE).status, 401)

    def test_effect(self):
        for early, count in (("", 2), ("early ", 2)):
            self.mode("POST data: %shang-up" % early)
            with self.assertRaises((OSError, http.client.HTTPException)):
                self.user.call("POST", AGENT_TOKENS, {"tokenAlias": "a" + early, "tokenEnabled": 1})
            self.assertEqual(len(self.user.call("GET", AGENT_TOKENS).data), count)

    def test_unknown_mode(self):
        self.mode("data: no-such-mode")
        with self.assertRaises((OSError, http.client.HTTPException)):
            self.user.call("GET", PROFILE)

    def test_request_bodies(self):
        parts = [b'{"tokenAlias":', b'"chunks","tokenEnabled":1}']
        headers = {"Authorization": "Bearer " + self.user.token, "Content-Type": "application/json"}
        self.assertEqual(call("POST", AGENT_TOKENS, iter(parts), headers).status, 201)
        self.assertIn("body-len=%d " % len(b"".join(parts)), log_lines()[-1])
        large = b"[" * (3 * 1024 * 1024)
        self.refused(self.user.call("POST", AGENT_TOKENS, large), 400, "too large")


class Log(Case):
    def test_lines(self):
        user = User("org")
        headers = {"Authorization": "Bearer " + user.token, "Account-Name": "dev",
                   "X-Test-A": "b c"}
        call("GET", ALERTS + "?x=" + user.token, headers=headers)
        line = log_lines()[-1]
        fields = dict(word.split("=", 1) for word in line.split())
        self.assertEqual(fields["path"], ALERTS + "?x=" + user.token)
        self.assertEqual(fields["authorization"], "present")
        self.assertEqual((fields["account"], fields["account-name"]), ("DEV", "dev"))
        self.assertEqual(fields["x-test-a"], "b%20c")
        self.assertEqual(fields["bearer"], "right")
        self.assertEqual(fields["body"], hashlib.sha256(b"").hexdigest())
        self.assertNotIn(user.secret, "".join(log_lines()))
