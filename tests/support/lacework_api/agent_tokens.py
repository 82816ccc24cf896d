# SPDX-License-Identifier: Apache-2.0
"""Agent access tokens: /api/v2/AgentAccessTokens.

They are kept in the file agent-tokens.json, {ACCOUNT: [{"accessToken", "tokenAlias", "enabled",
"created", "updated", "props"}, ...]}, which a test may write and read.  An account has one token
from the start, without an alias.
"""

import json
import secrets

from .forms import iso, utc
from .records import filtered
from .roles import ORGANIZATION

FILE = "agent-tokens.json"
PROPS = ("description", "os", "subscription")
VERSION = "0.1"


class Refused(Exception):
    """Ends a call with a status and a message."""


def tokens_of(table, call):
    if call.account not in table:
        table[call.account] = [] if call.account == ORGANIZATION else [new_token(call, "", {})]
    return table[call.account]


def new_token(call, alias, props):
    now = now_text(call)
    return {"accessToken": secrets.token_hex(28), "tokenAlias": alias, "enabled": True,
            "created": now, "updated": now, "props": props}


def now_text(call):
    when = utc(call.reply.now)
    return iso(when, fraction=".%03d" % (when.microsecond // 1000))


def shown(call, token):
    """A token as the API writes it."""
    props = {"createdTime": token["created"], **token["props"]}
    if call.choice("props-text") is not None:
        props = json.dumps({"CREATED_TIME": 1608136997915,
                            "DESCRIPTION": token["props"].get("description", "")})
    enabled = int(token["enabled"])
    answer = {
        "accessToken": token["accessToken"],
        "createdTime": token["updated"],
        "props": props,
        "tokenAlias": token["tokenAlias"],
        "tokenEnabled": str(enabled) if call.choice("enabled-text") is not None else enabled,
        "version": VERSION,
    }
    if not token["tokenAlias"]:
        del answer["tokenAlias"]
    return answer


def list_all(call):
    with call.state.table(FILE, {}) as table:
        tokens = tokens_of(table, call)
        if call.choice("hide-disabled") is not None:
            tokens = [token for token in tokens if token["enabled"]]
        call.reply.body = {"data": [shown(call, token) for token in tokens]}


def search(call):
    request = call.json()
    with call.state.table(FILE, {}) as table:
        rows = filtered([shown(call, token) for token in tokens_of(table, call)], request)
    if not rows and call.choice("empty-200") is None:
        call.reply.status = 204
    else:
        call.reply.body = {"data": rows}


def show(call, name):
    change_table(call, lambda tokens: find(tokens, name))


def create(call):
    request = call.json()
    check_request(request)
    if not request.get("tokenAlias"):
        raise ValueError("tokenAlias is required.")

    def add(tokens):
        check_alias(call, tokens, request["tokenAlias"])
        token = new_token(call, request["tokenAlias"], own_props(request))
        token["enabled"] = is_enabled(request, True)
        tokens.append(token)
        return token

    change_table(call, add, 201)


def change(call, name):
    request = call.json()
    check_request(request)

    def apply(tokens):
        token = find(tokens, name)
        alias = request.get("tokenAlias", token["tokenAlias"])
        if alias != token["tokenAlias"]:
            check_alias(call, tokens, alias)
        token["tokenAlias"] = alias
        # A request without tokenEnabled disables the token.
        token["enabled"] = is_enabled(request, False)
        token["updated"] = now_text(call)
        if "props" in request:
            kept = token["props"] if call.choice("merge-props") is not None else {}
            token["props"] = {**kept, **own_props(request)}
        return token

    change_table(call, apply, 201 if call.choice("created") is not None else 200)


def change_table(call, function, status=200):
    """Applies a function to the account's tokens and answers with the token that it returns."""
    try:
        with call.state.table(FILE, {}) as table:
            token = function(tokens_of(table, call))
            call.reply.body = {"data": shown(call, token)}
            call.reply.status = status
    except Refused as refused:
        call.reply.error(*refused.args)


def find(tokens, name):
    for token in tokens:
        if token["accessToken"] == name:
            return token
    raise Refused(404, "Not Found")


def check_alias(call, tokens, alias):
    """An alias is unique in its account, among disabled tokens as well."""
    if any(token["tokenAlias"] == alias for token in tokens):
        raise Refused(call.number("duplicate-alias", 409), "tokenAlias already exists.")


def check_request(request):
    if not isinstance(request.get("tokenAlias", ""), str):
        raise ValueError("tokenAlias is not valid.")
    if not isinstance(request.get("props", {}), dict):
        raise ValueError("props is not valid.")
    if str(request.get("tokenEnabled", 1)) not in ("0", "1"):
        raise ValueError("tokenEnabled is not valid.")
    if request.get("props", {}).get("os", "linux") not in ("linux", "windows"):
        raise ValueError("os is not valid.")


def own_props(request):
    """The props that the caller may set; createdTime, zero or not, is ignored."""
    return {name: value for name, value in request.get("props", {}).items() if name in PROPS}


def is_enabled(request, default):
    return str(request.get("tokenEnabled", int(default))) == "1"
