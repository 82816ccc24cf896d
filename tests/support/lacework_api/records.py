# SPDX-License-Identifier: Apache-2.0
"""Users, organizations, agents and alerts, as the API tells of them."""

import datetime
import hashlib
import json
import time

from .forms import iso, utc
from .pages import first_page
from .roles import PRIMARY, reachable

WINDOW = datetime.timedelta(days=7)  # a search reaches back so far at most


def guid(*parts):
    return "%s_%s" % (parts[0], hashlib.sha256("/".join(parts).encode()).hexdigest()[:32].upper())


def url_of(key):
    """The host of the organization, or of the one account."""
    return (PRIMARY if key.role.in_organization else key.home).lower() + ".lacework.net"


def user_profile(call):
    key = call.key
    if call.choice("profile-500") is not None and not key.role.in_organization:
        return call.reply.error(500, "Internal Server Error")
    accounts = [profile_account(call, name) for name in (*reachable(call, key), *key.off)]
    if call.choice("profile-no-primary") is not None:
        accounts = [account for account in accounts if account["accountName"] != PRIMARY]
    profile = {
        "username": key.user if "@" in key.user else "user@example.com",
        "orgAccount": key.role.in_organization,
        "url": url_of(key),
        "orgAdmin": key.role_name == "org",
        "orgUser": key.role_name == "org-user",
        "accounts": accounts,
    }
    call.reply.body = {"data": [profile]}
    return None


def profile_account(call, name):
    key = call.key
    return {
        "admin": key.may_write() and key.access == "admin",
        "accountName": name,
        "custGuid": guid(name),
        "userGuid": guid(name, key.user),
        "userEnabled": 0 if name in key.off else 1,
    }


def organization_info(call):
    info = {"orgAccount": call.key.role.in_organization}
    if call.key.role.in_organization:
        info["orgAccountUrl"] = url_of(call.key)
    call.reply.body = {"data": [info]}


def check_window(request):
    """The limits of a search's timeFilter.  ValueError where they are not kept."""
    window = request.get("timeFilter")
    if window is None:
        return
    try:
        start, end = (parse_time(window[name]) for name in ("startTime", "endTime"))
    except (KeyError, TypeError, AttributeError, ValueError):
        raise ValueError("timeFilter is not valid.") from None
    if start > end or end - start > WINDOW:
        raise ValueError("timeFilter must be at most 7 days.")


def parse_time(text):
    if text.endswith("Z"):
        text = text[:-1] + "+00:00"
    when = datetime.datetime.fromisoformat(text)
    return when if when.tzinfo else when.replace(tzinfo=datetime.timezone.utc)


def at(row, field):
    """The value of a field, "tags.LwTokenShort" of a field in a field."""
    for name in field.split("."):
        row = row.get(name) if isinstance(row, dict) else None
    return row


MATCHES = {
    "eq": lambda found, wanted: str(found) == str(wanted["value"]),
    "ne": lambda found, wanted: str(found) != str(wanted["value"]),
    "in": lambda found, wanted: str(found) in [str(value) for value in wanted["values"]],
}


def filtered(rows, request):
    """The rows that meet every filter of a search, cut to the fields that it returns."""
    for wanted in request.get("filters") or []:
        matches = MATCHES.get(wanted.get("expression"))
        if matches is None or "field" not in wanted:
            raise ValueError("filters are not valid.")
        rows = [row for row in rows if matches(at(row, wanted["field"]), wanted)]
    returns = request.get("returns")
    if not returns:
        return rows
    return [{name: row[name] for name in returns if name in row} for row in rows]


def agent_info(call):
    """The file agents.json: [{"hostname", "account", "token", "status"?, "os"?}, ...]."""
    request = call.json()
    check_window(request)
    agents = json.loads(call.state.read("agents.json") or "[]")
    rows = [agent(call, i, known) for i, known in enumerate(agents)
            if known.get("account", PRIMARY).upper() == call.account]
    first_page(call, "AgentInfo", filtered(rows, request), is_search=True)


def agent(call, number, known):
    now = iso(utc(call.reply.now), fraction=".000")
    return {
        "agentVersion": "6.7.0",
        "createdTime": now,
        "hostname": known["hostname"],
        "ipAddr": "10.0.0.%d" % (number % 250 + 1),
        "lastUpdate": now,
        "mid": 1000 + number,
        "mode": "ebpf",
        "os": known.get("os", "linux"),
        "status": known.get("status", "ACTIVE"),
        "tags": {"Hostname": known["hostname"], "LwTokenShort": known["token"][:30],
                 "os": known.get("os", "linux"), "arch": "amd64"},
    }


def alerts(call):
    args = call.choice("alerts") or ["12"]
    request = call.json() if call.method == "POST" else {}
    check_window(request)
    text = "x" * int((args[1:] or ["0"])[0])
    when = iso(utc(time.time()), fraction=".000")
    rows = [{"alertId": i, "alertName": "alert %d %s" % (i, text), "severity": "High",
             "account": call.account, "startTime": when} for i in range(1, int(args[0]) + 1)]
    first_page(call, "Alerts", filtered(rows, request), is_search=call.method == "POST")
