# SPDX-License-Identifier: Apache-2.0
"""Tokens, roles, accounts, profiles."""

import datetime
import time

from .client import AGENT_TOKENS, ALERTS, PROFILE, TOKENS, Case, User, call, write


class AccessTokens(Case):
    def test_good(self):
        reply = User(token=False).ask(expiryTime=60)
        self.assertEqual(reply.status, 201)
        self.assertEqual(reply.headers["Content-Type"], "application/json")
        self.assertEqual(sorted(reply.json), ["expiresAt", "token"])
        self.assertRegex(reply.json["expiresAt"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertTrue(reply.json["token"].startswith("_"))
        for name in ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"):
            self.assertIn(name, reply.headers)

    def test_lifetime(self):
        user = User(token=False)
        for asked, lives in ((None, 3600), (1, 1), (86400, 86400)):
            reply = user.ask(**({} if asked is None else {"expiryTime": asked}))
            ends = datetime.datetime.fromisoformat(reply.json["expiresAt"].replace("Z", "+00:00"))
            self.assertLess(abs(ends.timestamp() - time.time() - lives), 30)
        for asked in (0, -1, 86401, "3600", 1.5, True, None):
            self.refused(user.ask(expiryTime=asked), 400, "expiryTime")
        self.mode("clamp")
        self.assertEqual(user.ask(expiryTime=90000).status, 201)

    def test_refused(self):
        user = User(token=False)
        no_key = call("POST", TOKENS, {}, {"X-LW-UAKS": user.secret})
        self.refused(no_key, 400, "Access Key is null.")
        no_secret = call("POST", TOKENS, {"keyId": user.key_id})
        self.refused(no_secret, 400, "Access Key is null.")
        user.secret += "x"
        self.refused(user.ask(), 401, "Invalid")
        self.mode("refuse-403")
        self.refused(user.ask(), 403, "Invalid")
        self.mode("")
        for role, status in (("user", 403), ("demoted", 403), ("disabled", 401), (None, 401)):
            user = User(token=False)
            user.become(role)
            self.assertEqual(user.ask().status, status, role)
        for role in ("admin", "org", "org-user", "sub-admin", "service"):
            self.assertEqual(User(role, token=False).ask().status, 201, role)

    def test_form(self):
        user = User(token=False)
        wrong = {"X-LW-UAKS": user.secret, "Content-Type": "text/plain"}
        self.refused(call("POST", TOKENS, {"keyId": user.key_id}, wrong), 400, "Content-Type")
        for body in ("{", "[]", '{"keyId":1}', b"x" * (1024 * 1024 + 1)):
            reply = call("POST", TOKENS, body, {"X-LW-UAKS": user.secret})
            self.assertEqual(reply.status, 400)
        self.assertEqual(call("GET", TOKENS).status, 405)
        self.refused(call("POST", "/api/v1/access/tokens", {}), 404, "v1")
        self.assertEqual(call("GET", "/").status, 404)

    def test_tolerated_headers(self):
        headers = {"Authorization": "Bearer _expired", "Method": "POST", "Account-Name": "dev",
                   "Org-Access": "true"}
        user = User("org", token=False)
        user.token = user.ask(headers).json["token"]
        self.assertEqual(user.acts_on(), "ACME")
        self.mode("home-by-header")
        user.token = user.ask(headers).json["token"]
        self.assertEqual(user.acts_on(), "DEV")

    def test_sub_account_host(self):
        user = User("org")
        self.refused(user.ask(host="dev.lacework.net"), 400, "Invalid Account")
        self.refused(user.call("GET", ALERTS, host="dev.lacework.net"), 400, "Invalid Account")
        self.mode("invalid-account 401", "data: invalid-account 403")
        self.refused(user.ask(host="dev.lacework.net"), 401, "Invalid Account")
        self.refused(user.call("GET", ALERTS, host="dev.lacework.net"), 403, "Invalid Account")
        self.assertEqual(User("admin", token=False).ask(host="dev.lacework.net").status, 201)


class Roles(Case):
    # role and options, Account-Name, Org-Access, where the call acts or what refuses it
    TABLE = (
        (("org",), None, None, "ACME"),
        (("org", "home=DEV"), None, None, "DEV"),
        (("org",), "ACME", None, "ACME"),
        (("org",), "prod", None, "PROD"),
        (("org",), "stranger", None, 403),
        (("org",), None, "true", "ORGANIZATION"),
        (("org",), "prod", "TRUE", "ORGANIZATION"),
        (("org",), "stranger", "true", "ORGANIZATION"),
        (("org",), "prod", "false", "PROD"),
        (("org", "off=LAB"), "LAB", None, 403),
        (("org-user",), "lab", None, "LAB"),
        (("org-user",), None, "true", "ORGANIZATION"),
        (("sub-admin", "accounts=DEV,PROD"), None, None, "DEV"),
        (("sub-admin", "accounts=DEV,PROD"), "Prod", None, "PROD"),
        (("sub-admin", "accounts=DEV,PROD"), "lab", None, 403),
        (("sub-admin", "accounts=DEV,PROD"), "acme", None, 403),
        (("sub-admin", "accounts=DEV,PROD"), None, "true", 403),
        (("sub-admin", "accounts=DEV,PROD"), "prod", "true", "PROD"),
        (("sub-admin", "accounts=DEV,PROD"), "lab", "true", 403),
        (("service", "home=PROD"), None, None, "PROD"),
        (("service", "home=PROD"), "prod", None, "PROD"),
        (("service", "home=PROD"), "dev", None, 403),
        (("service", "home=PROD"), None, "true", 403),
        (("service", "home=PROD"), "dev", "true", 403),
        (("admin",), None, None, "ACME"),
        (("admin",), "acme", None, "ACME"),
        (("admin",), "dev", None, 403),
        (("admin",), None, "true", 403),
    )

    def test_table(self):
        for words, account, org, expected in self.TABLE:
            with self.subTest(words=words, account=account, org=org):
                self.assertEqual(User(*words).acts_on(account, org), expected)

    def test_choices(self):
        user = User("org", "home=DEV")
        self.mode("data: keys-per-account")
        self.assertEqual((user.acts_on(), user.acts_on("prod")), ("DEV", 403))
        self.mode("data: ignore-org-access")
        self.assertEqual(User("sub-admin").acts_on(org="true"), "DEV")
        self.assertEqual(User("service").acts_on(org="true"), "ACME")
        self.assertEqual(User("org").acts_on(org="true"), "ORGANIZATION")
        self.mode("data: sub-accounts NORTH,SOUTH")
        self.assertEqual((user.acts_on("south"), user.acts_on("prod")), ("SOUTH", 403))

    def test_writing(self):
        body = {"tokenAlias": "a", "tokenEnabled": 1}
        for words, status in ((("org-user",), 403), (("service", "access=read-only"), 403),
                              (("service", "access=power"), 201), (("org",), 201)):
            user = User(*words)
            write("agent-tokens.json", "{}")
            self.assertEqual(user.call("POST", AGENT_TOKENS, body).status, status, words)
            self.assertEqual(user.call("GET", AGENT_TOKENS).status, 200, words)
            searched = user.call("POST", AGENT_TOKENS + "/search", {})
            self.assertEqual(searched.status, 200, words)

    def test_bearer(self):
        user = User()
        self.assertEqual(call("GET", PROFILE, headers={"Authorization": user.token}).status, 200)
        self.assertEqual(call("GET", PROFILE).status, 401)
        user.token += "x"
        self.refused(user.call("GET", PROFILE), 401, "expired")
        self.mode("data: refuse-403")
        self.assertEqual(user.call("GET", PROFILE).status, 403)

    def test_end_of_token(self):
        user = User(ttl=1)
        time.sleep(1.1)
        self.assertEqual(user.call("GET", PROFILE).status, 401)
        user = User()
        user.become("demoted")
        self.refused(user.call("GET", PROFILE), 403, "Unauthorized Access")
        for role in ("disabled", None):
            user = User()
            user.become(role)
            self.assertEqual(user.call("GET", PROFILE).status, 200)
            self.mode("data: tokens-die-with-key")
            self.assertEqual(user.call("GET", PROFILE).status, 401)
            self.mode("")
        user = User()
        self.mode("data: revoked")
        self.assertEqual(user.call("GET", PROFILE).status, 401)
        user.token = user.ask().json["token"]
        self.assertEqual(user.call("GET", PROFILE).status, 200)


class Profiles(Case):
    def profile(self, *words):
        reply = User(*words).call("GET", PROFILE)
        self.assertEqual(reply.status, 200)
        self.assertEqual(len(reply.data), 1)
        return reply.data[0]

    def test_org_admin(self):
        profile = self.profile("org", "user=jane@example.com", "off=LAB")
        self.assertEqual(profile["username"], "jane@example.com")
        self.assertEqual(profile["url"], "acme.lacework.net")
        self.assertEqual([profile[name] for name in ("orgAccount", "orgAdmin", "orgUser")],
                         [True, True, False])
        known = {a["accountName"]: (a["admin"], a["userEnabled"]) for a in profile["accounts"]}
        self.assertEqual(known, {"ACME": (True, 1), "DEV": (True, 1), "PROD": (True, 1),
                                 "LAB": (True, 0)})
        self.assertIn("custGuid", profile["accounts"][0])
        self.assertIn("userGuid", profile["accounts"][0])

    def test_others(self):
        self.assertTrue(self.profile("org-user")["orgUser"])
        self.assertFalse(self.profile("org-user")["accounts"][0]["admin"])
        names = [a["accountName"] for a in self.profile("sub-admin", "accounts=LAB")["accounts"]]
        self.assertEqual(names, ["LAB"])
        self.assertFalse(self.profile("admin")["orgAccount"])
        self.assertFalse(self.profile("service", "access=power")["accounts"][0]["admin"])

    def test_choices(self):
        self.mode("data: profile-no-primary; data: sub-accounts 1000")
        self.assertEqual(len(self.profile("org")["accounts"]), 1000)
        self.mode("data: profile-500")
        self.assertEqual(User("admin").call("GET", PROFILE).status, 500)
        self.assertEqual(User("org").call("GET", PROFILE).status, 200)

    def test_account_of_the_call(self):
        self.assertEqual(User("admin").call("GET", PROFILE, account="dev").status, 403)
        self.assertEqual(User("org").call("GET", PROFILE, account="dev").status, 200)
        self.assertEqual(User("org").call("GET", PROFILE, account="stranger").status, 403)
        self.mode("data: profile-any-account")
        self.assertEqual(User("org").call("GET", PROFILE, account="stranger").status, 200)
        self.assertEqual(User("admin").call("GET", PROFILE, org="true").status, 200)

    def test_organization(self):
        path = "/api/v2/OrganizationInfo"
        self.assertEqual(User("org").call("GET", path).data,
                         [{"orgAccount": True, "orgAccountUrl": "acme.lacework.net"}])
        self.assertEqual(User("admin").call("GET", path).data, [{"orgAccount": False}])
        self.assertEqual(User("admin").call("POST", path, {}).status, 405)
