# SPDX-License-Identifier: Apache-2.0
"""What the checks share: the C and C++ files of the tree in the working directory, read as text."""

import pathlib
import re

ROOTS = ("core", "backends", "plugins", "tests", "contrib")
PRODUCT = ("core", "backends", "plugins")

_NOISE = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL
)


def files(roots=ROOTS, suffixes=(".c", ".cpp", ".h")):
    """Paths below the roots, sorted, as posix text."""
    found = (p for root in roots for p in pathlib.Path(root).rglob("*") if p.suffix in suffixes)
    return sorted(p.as_posix() for p in found if p.is_file())


def read(path):
    return pathlib.Path(path).read_text(encoding="utf-8")


def code(text):
    """The text with comments and literals blanked; line numbers stay."""

    def blank(match):
        return re.sub(r"[^\n]", " ", match.group())

    return _NOISE.sub(blank, text)


class Report:
    """Findings, printed as they come; the exit status at the end."""

    def __init__(self):
        self.count = 0

    def add(self, path, line, what):
        self.count += 1
        print(f"{path}:{line}: {what}")

    def exit(self):
        raise SystemExit(1 if self.count else 0)
