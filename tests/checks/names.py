#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Names of functions: a static function of the product is a verb and a noun.  A name of one word
("load", "find", "put") says nothing in a debugger, where the file does not stand beside it."""

import re

import csource

# A definition begins in the first column; its parameters may go on for several lines.
STATIC = re.compile(r"^static\b[^;={}()]*?\b(\w+)\([^;{}]*\)\s*\{", re.MULTILINE)


def main():
    report = csource.Report()
    for path in csource.files(csource.PRODUCT):
        text = csource.code(csource.read(path))
        for match in STATIC.finditer(text):
            if "_" not in match.group(1):
                line = text.count("\n", 0, match.start(1)) + 1
                report.add(path, line, f"'{match.group(1)}': a static function is verb + noun")
    report.exit()


main()
