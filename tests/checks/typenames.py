#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A type name has one meaning in the whole tree: struct, union, enum and typedef names are defined
once among the product's files, and a file of the tests takes none of the product's."""

import collections
import re

import csource

DEFINED = re.compile(r"^(?:typedef\s+)?(?:struct|union|enum)\s+(\w+)\s*(?=\{)", re.MULTILINE)
ALIAS = re.compile(r"^typedef\b[^;{]*?\b(\w+)(?:\([^;]*\))?;", re.MULTILINE)


def names(path):
    """(line, name) of each type that the file defines."""
    text = csource.code(csource.read(path))
    for pattern in (DEFINED, ALIAS):
        for match in pattern.finditer(text):
            yield text.count("\n", 0, match.start(1)) + 1, match.group(1)


def main():
    report = csource.Report()
    places = collections.defaultdict(list)
    for path in csource.files(csource.PRODUCT):
        for line, name in names(path):
            places[name].append((path, line))
    for path in csource.files(("tests",)):
        for line, name in names(path):
            if name in places or name.startswith("lwc_"):
                places[name].append((path, line))
    for name, found in sorted(places.items()):
        for path, line in found[1:]:
            report.add(path, line, f"{name} has another meaning in {found[0][0]}:{found[0][1]}")
    report.exit()


main()
