#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Messages of the library and its backends name neither the program nor its options: other programs
show them, too.  The program adds its own cure (plugins/helper/cure.c)."""

import re

import csource

# Literals that name other programs' options, by the word in front.
FOREIGN = ("gnome-keyring-daemon", "secret-tool", "lacework configure", "git --exec-path")
PROGRAM = re.compile(r"lw-credential-helper|(?<![A-Za-z0-9-])--[a-z]{3}")
LITERAL = re.compile(r'"(?:\\.|[^"\\\n])*"')
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
OWN = ("core/host/",)


def literals(text):
    """(line, text) of each literal; neighbours that the compiler joins are one."""
    bare = _COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)
    end, joined, line = None, "", 0
    for match in LITERAL.finditer(bare):
        if end is not None and bare[end : match.start()].strip() == "":
            joined += match.group()[1:-1]
        else:
            if end is not None:
                yield line, joined
            joined, line = match.group()[1:-1], bare.count("\n", 0, match.start()) + 1
        end = match.end()
    if end is not None:
        yield line, joined


def main():
    report = csource.Report()
    for path in csource.files(("core", "backends")):
        if path.startswith(OWN):
            continue
        for line, text in literals(csource.read(path)):
            if PROGRAM.search(text) and not any(word in text for word in FOREIGN):
                report.add(path, line, "a message in the program's language: see base/hints.h")
    report.exit()


main()
