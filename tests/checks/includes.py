#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which file may include which: an include never points up, and each outside library is known to
one file."""

import pathlib
import re

import csource

# First prefix that fits a file -> the project's headers that it may include, as prefixes.
# "OWN" is the folder of the file itself.  The last rule of each layer is its own folder.
LAYERS = (
    ("core/include/", ("core/include/lwcred/",)),
    ("core/base/", ("core/include/lwcred/", "core/base/")),
    ("core/stack/", ("core/include/", "core/base/", "core/stack/", "core/builtin.h", "core/paths.h")),
    ("core/host/", ("core/include/lwcred/", "core/base/", "core/stack/", "core/host/")),
    ("core/token/", ("core/include/", "core/base/", "core/stack/", "core/token/", "core/paths.h")),
    ("core/builtin.c", ("core/builtin.h", "backends/env/env.h")),
    ("core/", ("core/",)),
    ("backends/", ("core/include/lwcred/", "core/base/", "OWN")),
    ("plugins/", ("core/include/", "core/base/", "core/paths.h", "plugins/")),
    ("tests/", ("",)),
    ("contrib/", ("core/include/lwcred/", "OWN")),
)

# What is linked into net.so knows nothing of the stack; the makefile says what that is.
NET_ONLY = ("core/base/", "core/include/", "core/token/", "core/paths.h")
NET_NAMES = re.search(r"^NET_NAMES := (.*)$", csource.read("Makefile"), re.MULTILINE).group(1)
NET_FILES = tuple(f"core/token/{name}.{kind}" for name in NET_NAMES.split() for kind in "ch")

# Outside library: start of its headers -> the product files that may know it.
LIBRARIES = {
    "curl/": ("core/token/http.c",),
    "openssl/": ("core/token/ca_bundle.c",),
    "cjson/": ("core/token/json.c",),
    "cJSON": ("core/token/json.c",),
    "sodium": ("core/base/secret.c", "core/base/crypto.c", "backends/file/seal.c"),
    "keyutils": ("core/token/place_keyring.c",),
    "libsecret": ("backends/secret-service/transfer.c",),
    "glib": (),
    "gio": ("backends/secret-service/bus.h", "backends/secret-service/marshal.h"),
    "cmocka": (),
}

_INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def resolve(path, kind, name):
    """The project's header that an include names, or None for one of the system."""
    own = pathlib.PurePosixPath(path).parent / name if kind == '"' else None
    for candidate in (own, pathlib.PurePosixPath("core/include", name), pathlib.PurePosixPath("core", name), pathlib.PurePosixPath(name)):
        if candidate is not None and pathlib.Path(candidate).is_file():
            return pathlib.Path(candidate).resolve().relative_to(pathlib.Path.cwd().resolve()).as_posix()
    return None


def allowed(path):
    prefixes = next(rule for start, rule in LAYERS if path.startswith(start))
    if path in NET_FILES:
        prefixes = NET_ONLY
    own = pathlib.PurePosixPath(path).parent.as_posix() + "/"
    return tuple(own if p == "OWN" else p for p in prefixes)


def check_line(path, number, kind, name, report):
    header = resolve(path, kind, name)
    if header is None and kind == '"':
        report.add(path, number, f'"{name}" is no file of the project')
    elif header is None:
        for start, holders in LIBRARIES.items():
            if name.startswith(start) and not path.startswith("tests/") and path not in holders:
                report.add(path, number, f"<{name}> belongs in {' and '.join(holders) or 'tests'} only")
    elif not header.startswith(allowed(path)):
        report.add(path, number, f"{header} is out of reach for this layer")


def main():
    report = csource.Report()
    for path in csource.files():
        for number, line in enumerate(csource.read(path).splitlines(), 1):
            match = _INCLUDE.match(line)
            if match:
                check_line(path, number, match.group(1), match.group(2), report)
    report.exit()


main()
