# SPDX-License-Identifier: Apache-2.0
"""Paging: at most 5,000 rows a page, 500,000 in all; the URL of the next page is absolute and
good for 24 hours, for the same user and account."""

import collections
import secrets
import time

PAGE_ROWS = 5000
ALL_ROWS = 500000
PAGE_LIFE_S = 24 * 3600

Page = collections.namedtuple("Page", "resource rows start user account expires")

# Forms of "urls" behind the last rows.
ENDS = {
    "null": {"nextPage": None},
    "empty": {"nextPage": ""},
    "missing": {},
}


def first_page(call, resource, rows, is_search=False):
    rows = rows[:ALL_ROWS]
    if not rows and is_search and call.choice("empty-200") is None:
        call.reply.status = 204
        return
    write_page(call, Page(resource, rows, 0, call.key.user, call.account, 0))


def write_page(call, page):
    stop = page.start + call.number("page-rows", PAGE_ROWS)
    rows = page.rows[page.start : stop]
    end = (call.choice("last-page") or ["null"])[0]
    urls = {"nextPage": url_of(call, page, stop)}
    if stop >= len(page.rows) and end != "204":
        urls = dict(ENDS[end])
    paging = {"rows": len(rows), "totalRows": len(page.rows), "urls": urls}
    call.reply.body = {"paging": paging, "data": rows}


def url_of(call, page, start):
    name = secrets.token_hex(16)
    expires = time.monotonic() + call.number("page-life", PAGE_LIFE_S)
    with call.state.lock:
        call.state.pages[name] = page._replace(start=start, expires=expires)
    return "https://%s/api/v2/%s/%s" % (call.headers.get("Host", ""), page.resource, name)


def more(call, name):
    with call.state.lock:
        page = call.state.pages.get(name)
    if page is None or not call.parts.startswith("/api/v2/%s/" % page.resource):
        return call.reply.error(404, "Not Found")
    if (page.user, page.account) != (call.key.user, call.account):
        return call.reply.error(403, "Unauthorized Access")
    if page.expires <= time.monotonic():
        return call.reply.error(404, "Not Found: the page has expired.")
    if page.start >= len(page.rows):
        call.reply.status = 204
        return None
    return write_page(call, page)
