# SPDX-License-Identifier: Apache-2.0
"""Paging and rate limits."""

import secrets
import time

from .client import AGENT_TOKENS, ALERTS, PORT, PROFILE, Case, User


class Pages(Case):
    def setUp(self):
        super().setUp()
        self.user = User("org")

    def next_of(self, reply):
        url = reply.json["paging"]["urls"]["nextPage"]
        here = "https://localhost:%d" % PORT
        self.assertTrue(url.startswith(here + "/api/v2/"), url)
        return url[len(here) :]

    def test_walk(self):
        self.mode("data: alerts 5; data: page-rows 2")
        found = []
        reply = self.user.call("GET", ALERTS)
        while True:
            paging = reply.json["paging"]
            self.assertEqual((paging["rows"], paging["totalRows"]), (len(reply.data), 5))
            found += [row["alertId"] for row in reply.data]
            if paging["urls"]["nextPage"] is None:
                break
            reply = self.user.call("GET", self.next_of(reply))
        self.assertEqual(found, [1, 2, 3, 4, 5])

    def test_limits(self):
        self.mode("data: alerts 500001")
        paging = self.user.call("GET", ALERTS).json["paging"]
        self.assertEqual((paging["rows"], paging["totalRows"]), (5000, 500000))

    def test_ends(self):
        for end, urls in (("null", {"nextPage": None}), ("empty", {"nextPage": ""}),
                          ("missing", {})):
            self.mode("data: last-page " + end)
            self.assertEqual(self.user.call("GET", ALERTS).json["paging"]["urls"], urls)
        self.mode("data: last-page 204")
        last = self.user.call("GET", self.next_of(self.user.call("GET", ALERTS)))
        self.assertEqual((last.status, last.body), (204, b""))

    def test_refused(self):
        self.mode("data: alerts 5; data: page-rows 2")
        path = self.next_of(self.user.call("GET", ALERTS))
        self.assertEqual(self.user.call("GET", path, account="dev").status, 403)
        self.assertEqual(User("org").call("GET", path).status, 403)
        self.assertEqual(self.user.call("GET", path.replace("Alerts", "AgentInfo")).status, 404)
        self.assertEqual(self.user.call("GET", path).status, 200)
        self.mode("data: alerts 5; data: page-rows 2; data: page-life 0")
        path = self.next_of(self.user.call("GET", ALERTS))
        self.assertEqual(self.user.call("GET", path).status, 404)

    def test_elsewhere(self):
        for url in ("https://evil.example/{path}", "{self}", "http://localhost/x"):
            self.mode("data: next-page " + url)
            seen = self.user.call("GET", ALERTS).json["paging"]["urls"]["nextPage"]
            self.assertEqual(seen.startswith("https://evil.example/"), "evil" in url)
            self.assertEqual(seen == "https://localhost:%d%s" % (PORT, ALERTS), url == "{self}")


class Rates(Case):
    def test_default(self):
        reply = User().call("GET", PROFILE)
        self.assertEqual((reply.headers["RateLimit-Limit"], reply.headers["RateLimit-Remaining"]),
                         ("480", "479"))

    def test_empty(self):
        user = User("org")
        self.mode("data: rate 2")
        for left in ("1", "0"):
            reply = user.call("GET", AGENT_TOKENS)
            self.assertEqual((reply.status, reply.headers["RateLimit-Remaining"]), (200, left))
        reply = user.call("GET", AGENT_TOKENS + "/0123")
        self.refused(reply, 429, "Too Many")
        self.assertEqual(reply.headers["RateLimit-Remaining"], "0")
        self.assertTrue(3500 < int(reply.headers["RateLimit-Reset"]) <= 3600)
        self.assertNotIn("Retry-After", reply.headers)
        # Other functionalities, and other users, have buckets of their own.
        self.assertEqual(user.call("PATCH", AGENT_TOKENS + "/0123", {}).status, 404)
        self.assertEqual(user.call("POST", AGENT_TOKENS + "/search", {}).status, 200)
        self.assertEqual(User("org").call("GET", AGENT_TOKENS).status, 200)
        self.mode("data: rate 2; data: rate-retry-after")
        reply = user.call("GET", AGENT_TOKENS)
        self.assertEqual(reply.headers["Retry-After"], reply.headers["RateLimit-Reset"])

    def test_user_of_two_keys(self):
        self.mode("data: rate 1")
        name = "user=%s@example.com" % secrets.token_hex(8)
        self.assertEqual(User("org", name).call("GET", PROFILE).status, 200)
        self.assertEqual(User("org", name).call("GET", PROFILE).status, 429)

    def test_window(self):
        user = User()
        self.mode("data: rate 1")
        self.assertEqual([user.call("GET", PROFILE).status for _ in range(2)], [200, 429])
        self.mode("data: rate 1 1")
        time.sleep(1.1)
        self.assertEqual(user.call("GET", PROFILE).status, 200)

    def test_token_endpoint(self):
        user = User(token=False)
        self.mode("rate 1")
        self.assertEqual([user.ask().status for _ in range(2)], [201, 429])
