# SPDX-License-Identifier: Apache-2.0
"""Agent access tokens and agents."""

import json

from .client import AGENT_TOKENS, AGENTS, ZERO_TIME, Case, User, write


class AgentTokens(Case):
    def setUp(self):
        super().setUp()
        self.user = User("org")

    def create(self, alias, **members):
        body = {"tokenAlias": alias, "tokenEnabled": 1, **members}
        reply = self.user.call("POST", AGENT_TOKENS, body)
        self.assertEqual(reply.status, 201, reply.body)
        return reply.data

    def change(self, token, status=200, **members):
        reply = self.user.call("PATCH", AGENT_TOKENS + "/" + token["accessToken"], members)
        self.assertEqual(reply.status, status, reply.body)
        return reply.data

    def listed(self):
        return self.user.call("GET", AGENT_TOKENS).data

    def test_create(self):
        token = self.create("k8s", props={"description": "prod", "os": "linux",
                                          "createdTime": ZERO_TIME})
        self.assertEqual(sorted(token), ["accessToken", "createdTime", "props", "tokenAlias",
                                         "tokenEnabled", "version"])
        self.assertRegex(token["accessToken"], "^[0-9a-f]{56}$")
        self.assertEqual(token["version"], "0.1")
        self.assertEqual(token["props"]["description"], "prod")
        self.assertFalse(token["props"]["createdTime"].startswith("0001"))
        shown = self.user.call("GET", AGENT_TOKENS + "/" + token["accessToken"])
        self.assertEqual((shown.status, shown.data), (200, token))
        for enabled, seen in ((1, 1), ("1", 1), (0, 0), ("0", 0)):
            token = self.create("e%r" % enabled, tokenEnabled=enabled)
            self.assertEqual(token["tokenEnabled"], seen)

    def test_refused(self):
        for body in ({}, {"tokenAlias": ""}, {"tokenAlias": 1}, {"tokenAlias": "a", "props": "{}"},
                     {"tokenAlias": "a", "tokenEnabled": 2},
                     {"tokenAlias": "a", "props": {"os": "plan9"}}):
            self.assertEqual(self.user.call("POST", AGENT_TOKENS, body).status, 400, body)
        self.refused(self.user.call("GET", AGENT_TOKENS + "/0123"), 404, "Not Found")
        self.assertEqual(self.user.call("PATCH", AGENT_TOKENS + "/0123", {}).status, 404)
        token = self.create("a")
        gone = self.user.call("DELETE", AGENT_TOKENS + "/" + token["accessToken"])
        self.assertEqual(gone.status, 405)
        self.assertIn("PATCH", gone.headers["Allow"])

    def test_duplicate_alias(self):
        first = self.create("a")
        self.change(first, tokenEnabled=0)
        again = {"tokenAlias": "a", "tokenEnabled": 1}
        self.refused(self.user.call("POST", AGENT_TOKENS, again), 409, "already exists")
        self.mode("data: duplicate-alias 400")
        self.refused(self.user.call("POST", AGENT_TOKENS, again), 400, "already exists")
        other = self.create("b")
        path = AGENT_TOKENS + "/" + other["accessToken"]
        self.assertEqual(self.user.call("PATCH", path, again).status, 400)
        self.change(first, tokenAlias="a-x-deleted", tokenEnabled=0)
        self.create("a")
        self.assertEqual(self.user.call("POST", AGENT_TOKENS, again, account="dev").status, 201)

    def test_change(self):
        token = self.create("a", props={"description": "d", "os": "linux"})
        changed = self.change(token, tokenAlias="b")
        self.assertEqual((changed["tokenAlias"], changed["tokenEnabled"]), ("b", 0))
        self.assertEqual(changed["props"]["description"], "d")
        self.assertEqual(changed["props"]["createdTime"], token["props"]["createdTime"])
        self.assertEqual(self.change(token, tokenEnabled="1")["tokenEnabled"], 1)
        self.mode("data: created")
        self.change(token, 201, tokenEnabled=1)

    def test_props_of_change(self):
        token = self.create("a", props={"description": "d", "os": "linux"})
        merged = {"description": "new", "os": "linux"}
        for mode, expected in (("data: merge-props", merged), ("", {"description": "new"})):
            self.mode(mode)
            props = self.change(token, tokenEnabled=1, props={"description": "new"})["props"]
            del props["createdTime"]
            self.assertEqual(props, expected)

    def test_forms(self):
        self.create("a", props={"description": "d"})
        self.mode("data: props-text; data: enabled-text")
        token = self.listed()[-1]
        self.assertEqual(json.loads(token["props"])["DESCRIPTION"], "d")
        self.assertIsInstance(json.loads(token["props"])["CREATED_TIME"], int)
        self.assertEqual(token["tokenEnabled"], "1")

    def test_list(self):
        self.assertEqual(["tokenAlias" in token for token in self.listed()], [False])
        self.change(self.create("off"), tokenEnabled=0)
        self.assertEqual(len(self.listed()), 2)
        self.mode("data: hide-disabled")
        self.assertEqual(len(self.listed()), 1)
        self.mode("")
        self.assertEqual(len(self.user.call("GET", AGENT_TOKENS, account="dev").data), 1)
        self.assertEqual(self.user.call("GET", AGENT_TOKENS, org="true").data, [])

    def test_search(self):
        token = self.create("a")
        wanted = {"filters": [{"field": "tokenAlias", "expression": "eq", "value": "a"}],
                  "returns": ["accessToken", "tokenAlias"]}
        reply = self.user.call("POST", AGENT_TOKENS + "/search", wanted)
        self.assertEqual(reply.data, [{"accessToken": token["accessToken"], "tokenAlias": "a"}])
        wanted["filters"][0]["value"] = "b"
        empty = self.user.call("POST", AGENT_TOKENS + "/search", wanted)
        self.assertEqual((empty.status, empty.body), (204, b""))
        self.mode("data: empty-200")
        self.assertEqual(self.user.call("POST", AGENT_TOKENS + "/search", wanted).data, [])
        wanted["filters"][0]["expression"] = "sounds-like"
        self.assertEqual(self.user.call("POST", AGENT_TOKENS + "/search", wanted).status, 400)

    def test_agents(self):
        token = self.create("a")
        write("agents.json", json.dumps([
            {"hostname": "web-1", "token": token["accessToken"]},
            {"hostname": "web-2", "token": "f" * 56},
            {"hostname": "dev-1", "account": "DEV", "token": "f" * 56}]))
        rows = self.user.call("POST", AGENTS, {}).data
        self.assertEqual([row["hostname"] for row in rows], ["web-1", "web-2"])
        self.assertEqual(rows[0]["tags"]["LwTokenShort"], token["accessToken"][:30])
        short = {"field": "tags.LwTokenShort", "expression": "eq", "value": "f" * 30}
        wanted = {"filters": [short]}
        rows = self.user.call("POST", AGENTS, wanted).data
        self.assertEqual([row["hostname"] for row in rows], ["web-2"])
        self.assertEqual(self.user.call("POST", AGENTS, {}, account="lab").status, 204)

    def test_window(self):
        write("agents.json", json.dumps([{"hostname": "web-1", "token": "f" * 56}]))
        for start, end, status in (("2026-01-01", "2026-01-08T00:00:00.000Z", 200),
                                   ("2026-01-01T00:00:00Z", "2026-01-08T00:00:01Z", 400),
                                   ("2026-01-02", "2026-01-01", 400), ("yesterday", "now", 400)):
            window = {"timeFilter": {"startTime": start, "endTime": end}}
            self.assertEqual(self.user.call("POST", AGENTS, window).status, status, start)
