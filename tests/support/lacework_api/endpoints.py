# SPDX-License-Identifier: Apache-2.0
"""Which function answers which path, and who may call it."""

import copy
import functools
import time

from . import access_tokens, agent_tokens, pages, records
from .roles import account_of, is_sub_account_host

V2 = "/api/v2/"

# (method, resource, what follows) -> function.  "*" stands for one segment of any name.  The rate
# limit counts by method and resource: listing and getting by id draw from one bucket.
CALLS = {
    ("GET", "UserProfile", None): records.user_profile,
    ("GET", "OrganizationInfo", None): records.organization_info,
    ("POST", "AgentInfo", "search"): records.agent_info,
    ("GET", "Alerts", None): records.alerts,
    ("POST", "Alerts", "search"): records.alerts,
    ("GET", "AgentAccessTokens", None): agent_tokens.list_all,
    ("GET", "AgentAccessTokens", "*"): agent_tokens.show,
    ("POST", "AgentAccessTokens", None): agent_tokens.create,
    ("POST", "AgentAccessTokens", "search"): agent_tokens.search,
    ("PATCH", "AgentAccessTokens", "*"): agent_tokens.change,
    ("GET", "AgentInfo", "*"): pages.more,
    ("GET", "Alerts", "*"): pages.more,
}
# The user's own data: no account has to be reachable for them.
ANY_ACCOUNT = ("UserProfile", "OrganizationInfo")


def answer(call):
    if call.endpoint == "token":
        return access_tokens.create(call)
    if not call.parts.startswith(V2):
        old = call.parts.startswith("/api/v1/")
        return call.reply.error(404, "API v1 is no longer supported." if old else "Not Found")
    resource, _, rest = call.parts[len(V2) :].partition("/")
    found = find(call.method, resource, rest or None)
    if found is None:
        return refuse_path(call, resource, rest or None)
    if not authorize(call, resource, rest):
        return None
    return found(call)


def find(method, resource, rest):
    exact = CALLS.get((method, resource, rest))
    if exact is not None or rest is None or "/" in rest:
        return exact
    named = CALLS.get((method, resource, "*"))
    return named and functools.partial(named, name=rest)


def refuse_path(call, resource, rest):
    methods = ("GET", "POST", "PUT", "PATCH", "DELETE")
    allowed = [method for method in methods if find(method, resource, rest)]
    if not allowed:
        return call.reply.error(404, "Not Found")
    return call.reply.error(405, "Method Not Allowed", Allow=", ".join(allowed))


def bearer(call):
    """The key behind the token in the request, or None.  "Bearer" may be left out."""
    text = call.headers.get("Authorization", "")
    scheme, _, token = text.partition(" ")
    found = call.state.token(token if scheme.lower() == "bearer" else text)
    if found is None or found.expires <= time.time():
        return None
    if call.choice("revoked") is not None and found.made_ns < call.state.mode_since_ns:
        return None
    now = call.state.key(found.key.key_id)
    if now is None or now.role_name == "disabled":
        return found.key if call.choice("tokens-die-with-key") is None else None
    key = copy.copy(now)
    key.home = found.key.home
    return key


def authorize(call, resource, rest):
    """Sets call.key and call.account; False where the reply is an error already."""
    reply = call.reply
    call.key = bearer(call)
    reply.log["bearer"] = "right" if call.key else "wrong"
    if call.key is None:
        refused = 403 if call.choice("refuse-403") is not None else 401
        reply.error(refused, "Unauthorized: token is expired or unknown.")
        return False
    searches = rest == "search"
    functionality = "%s %s%s" % (call.method, resource, "/search" if searches else "")
    if not call.within_rate(call.key.user, functionality):
        return False
    if is_sub_account_host(call, call.key):
        reply.error(call.number("invalid-account", 400), "Invalid Account")
        return False
    call.account = account_of(call, call.key)
    reply.log["account"] = call.account or ""
    reads = call.method == "GET" or searches
    if call.key.role.reach == "none" or (call.account is None and not is_own(call, resource)):
        reply.error(403, "Unauthorized Access")
    elif not reads and not call.key.may_write():
        reply.error(403, "Forbidden - User not authorized")
    return reply.status == 200


def is_own(call, resource):
    """A call for the user's own data that names no account and no organization."""
    named = call.headers.get("Account-Name") or call.headers.get("Org-Access")
    named = named and call.choice("profile-any-account") is None
    return resource in ANY_ACCOUNT and not named
