# SPDX-License-Identifier: Apache-2.0
"""The token endpoint: POST /api/v2/access/tokens."""

import copy
import secrets
import time

from .call import HOUR
from .forms import EXPIRES, TOKENS, utc
from .roles import is_sub_account_host
from .state import digest

MAX_TTL = 86400


def create(call):
    reply = call.reply
    secret = call.headers.get("X-LW-UAKS")
    reply.log["secret"] = "absent" if secret is None else "wrong"
    if call.method != "POST":
        return reply.error(405, "Method Not Allowed", Allow="POST")
    key_id, ttl = read_request(call)
    if not secret or not key_id:
        return reply.error(400, "Access Key is null.")
    key = call.state.key(key_id)
    right = key is not None and secrets.compare_digest(key.secret_digest, digest(secret))
    reply.log["secret"] = "right" if right else "wrong"
    if not call.within_rate(key.user if key else key_id, "POST access/tokens"):
        return None
    if not right or key.role_name == "disabled":
        refused = 403 if call.choice("refuse-403") is not None else 401
        return reply.error(refused, "Invalid access key or secret.")
    if is_sub_account_host(call, key):
        return reply.error(call.number("invalid-account", 400), "Invalid Account")
    if not key.role.tokens:
        return reply.error(403, "User is not allowed to create access tokens.")
    if not 1 <= ttl <= MAX_TTL:
        return reply.error(400, "expiryTime must be between 1 and 86400.")
    return grant(call, key, ttl)


def read_request(call):
    """(key id, lifetime) of a token call's body."""
    data = call.json()
    key_id, ttl = data.get("keyId", ""), data.get("expiryTime", HOUR)
    if not isinstance(key_id, str):
        raise ValueError("Request body is not valid.")
    call.reply.log["key"] = key_id
    call.reply.log["expiry"] = data.get("expiryTime", "")
    if isinstance(ttl, bool) or not isinstance(ttl, int):
        raise ValueError("expiryTime must be an integer.")
    if ttl > MAX_TTL and call.choice("clamp") is not None:
        ttl = MAX_TTL
    return key_id, ttl


def grant(call, key, ttl):
    reply = call.reply
    if call.choice("home-by-header") is not None and call.headers.get("Account-Name"):
        key = copy.copy(key)
        key.home = call.headers["Account-Name"].upper()
    token = call.state.issue(key, time.time() + ttl)
    when = utc(reply.now + ttl)
    reply.log["token"] = digest(token)
    reply.status = 201
    reply.body = {}
    if EXPIRES[reply.expires] is not None:
        reply.body["expiresAt"] = EXPIRES[reply.expires](when)
    form = TOKENS[reply.token_form] if reply.token_form else lambda t: t
    if form is not None:
        reply.body["token"] = form(token)
    if reply.token_form == "max":
        reply.log["token"] = digest(reply.body["token"])
    if reply.v1:
        old = {"expiresAt": EXPIRES["v1"](when), "token": token}
        reply.body = {"data": [old], "ok": True, "message": "SUCCESS"}
