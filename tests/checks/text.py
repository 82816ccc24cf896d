#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every text file: licence tag, no trailing blanks, no tabs in C, a newline at the end; in headers
the guard that the path gives."""

import pathlib
import re

import csource

TAG = "SPDX-License-Identifier: Apache-2.0"
TAGGED = (".c", ".cpp", ".h", ".sh", ".py", ".bash")
SUFFIXES = TAGGED + (".md", ".map", ".in", ".1", ".5", ".7", ".yml")


def guard(path):
    """CORE_BASE_ERROR_H; public headers as they are included: LWCRED_BACKEND_H."""
    name = re.sub("^core/include/", "", path)
    return re.sub(r"[^A-Z0-9]", "_", name.upper())


def check_header(path, text, report):
    name = guard(path)
    if not re.search(rf"^#ifndef {name}\n#define {name}\n", text, re.MULTILINE):
        report.add(path, 2, f"the include guard is not {name}")


def check(path, report):
    text = csource.read(path)
    lines = text.split("\n")
    suffix = pathlib.PurePosixPath(path).suffix
    if suffix in (".c", ".cpp", ".h") and lines[0] != f"/* {TAG} */":
        report.add(path, 1, f"the first line is not /* {TAG} */")
    elif suffix in TAGGED and TAG not in "\n".join(lines[:3]):
        report.add(path, 1, f"no {TAG} in the first lines")
    if suffix == ".h":
        check_header(path, text, report)
    if text and not text.endswith("\n"):
        report.add(path, len(lines), "no newline at the end")
    for number, line in enumerate(lines, 1):
        if line != line.rstrip():
            report.add(path, number, "blanks at the end of the line")
        if "\t" in line and suffix in (".c", ".cpp", ".h"):
            report.add(path, number, "a tab")


def main():
    report = csource.Report()
    roots = csource.ROOTS + ("docs", ".ci")
    for path in csource.files(roots, SUFFIXES):
        if not path.startswith(("tests/data/", "tests/fuzz/corpus/")):
            check(path, report)
    report.exit()


main()
