#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which file may include which: an include never points up, files do not include one another in a
circle, each has one spelling, and each outside library is known to one file for each purpose."""

import pathlib
import re

import csource

PUBLIC = ("core/include/lwcred/",)
BASE = PUBLIC + ("core/base/",)
STACK = BASE + ("core/conf/", "core/module/", "core/remote/", "core/stack/")
TOKEN = STACK + ("core/net/", "core/api/", "core/cache/", "core/flight/", "core/token/")

# Folder -> the project's headers that its files may include, as prefixes; its own are among them
# always.  Longer names come first.
LAYERS = (
    ("core/include/lwcred/", PUBLIC),
    ("core/include/", PUBLIC),
    ("core/base/", BASE),
    ("core/conf/", BASE),
    ("core/module/", BASE + ("backends/",)),
    ("core/remote/", BASE),
    ("core/host/", BASE + ("core/module/", "core/remote/")),
    ("core/stack/", STACK),
    ("core/net/", BASE),
    ("core/api/", STACK + ("core/net/",)),
    ("core/cache/", STACK + ("core/net/",)),
    ("core/flight/", STACK + ("core/net/",)),
    ("core/token/", TOKEN),
    ("core/library/", TOKEN + ("core/include/",)),
    ("core/abi/", PUBLIC),
    ("backends/", BASE),
    ("plugins/", BASE + ("core/include/", "plugins/")),
    ("tests/", ("",)),
    ("contrib/", PUBLIC),
)

# Outside library: start of its headers -> the product files that may know it.
LIBRARIES = {
    "curl/": ("core/net/http.c", "core/net/http_failure.h"),
    "cjson/": ("core/net/json.c",),
    "cJSON": ("core/net/json.c",),
    "openssl/": ("core/net/ca_bundle.c",),
    "sodium": ("core/base/buffer.c", "core/base/crypto.c", "backends/file/seal.c"),
    "keyutils": ("core/cache/place_keyring.c",),
    "libsecret": ("backends/secret-service/transfer.c",),
    "toml++": ("backends/lacework-cli/toml.cpp",),
    "glib": (),
    "gio": ("backends/secret-service/bus.h", "backends/secret-service/marshal.h"),
    "cmocka": (),
}

# Roots of the text of an include; the first that holds the header gives its one spelling.
ROOTS = ("core/include/", "core/", "")

_INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def includes(path):
    """(line, kind, name) of each include of a file."""
    for number, line in enumerate(csource.read(path).splitlines(), 1):
        match = _INCLUDE.match(line)
        if match:
            yield number, match.group(1), match.group(2)


def resolve(path, kind, name):
    """The project's header that an include names, or None for one of the system."""
    own = [pathlib.PurePosixPath(path).parent.as_posix() + "/"] if kind == '"' else []
    for root in [*ROOTS, *own]:
        if pathlib.Path(root + name).is_file():
            return pathlib.PurePosixPath(root + name).as_posix()
    return None


def spelling(header):
    root = next(r for r in ROOTS if header.startswith(r))
    return header.removeprefix(root)


def allowed(path):
    own = pathlib.PurePosixPath(path).parent.as_posix() + "/"
    return next(rule for start, rule in LAYERS if path.startswith(start)) + (own,)


def check_library(path, number, name, report):
    for start, holders in LIBRARIES.items():
        if name.startswith(start) and not path.startswith("tests/") and path not in holders:
            report.add(path, number, f"<{name}> belongs in {' and '.join(holders) or 'tests'} only")


def check_include(path, number, kind, name, report):
    header = resolve(path, kind, name)
    if header is None and kind == '"':
        report.add(path, number, f'"{name}" is no file of the project')
    elif header is None:
        check_library(path, number, name, report)
    elif not header.startswith(allowed(path)):
        report.add(path, number, f"{header} is out of reach for this layer")
    elif spelling(header) != name and not path.startswith("contrib/"):
        report.add(path, number, f'"{name}" is spelled "{spelling(header)}" everywhere')


def unit(path):
    """A .c file and its header are one."""
    return path.rsplit(".", 1)[0]


def graph():
    edges = {}
    for path in csource.files(csource.PRODUCT):
        headers = (resolve(path, kind, name) for _, kind, name in includes(path))
        targets = {unit(h) for h in headers if h is not None} - {unit(path)}
        edges.setdefault(unit(path), set()).update(targets)
    return edges


def check_circles(edges, report):
    """Report each circle once, from the first unit that leads into it."""
    done, way = set(), []

    def visit(node):
        if node in way:
            circle = way[way.index(node) :] + [node]
            report.add(node + ".h", 1, "a circle of files: " + " -> ".join(circle))
            return
        if node in done:
            return
        way.append(node)
        for target in sorted(edges.get(node, ())):
            visit(target)
        done.add(way.pop())

    for node in sorted(edges):
        visit(node)


def main():
    report = csource.Report()
    for path in csource.files():
        for number, kind, name in includes(path):
            check_include(path, number, kind, name, report)
    check_circles(graph(), report)
    report.exit()


main()
