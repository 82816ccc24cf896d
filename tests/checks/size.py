#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Size budgets: functions, files, depth of nesting.  Relies on clang-format: a function's body
begins and ends with a brace alone in the first column."""

import re

import csource

FUNCTION_MAX = 60
FILE_MAX = 600
NESTING_MAX = 3

_TOKEN = re.compile(r"\b(?:if|for|while|switch|do|else)\b|[{}();]")


def functions(lines):
    """(name, first line, last line) of each function; lines count from 0."""
    for start, line in enumerate(lines):
        if line != "{":
            continue
        head = start - 1
        while head > 0 and lines[head][:1] in (" ", "\t"):
            head -= 1
        end = lines.index("}", start)
        name = re.search(r"(\w+)\(", " ".join(lines[head:start]))
        yield (name.group(1) if name else "?"), head, end


def depth(body):
    """Deepest nesting of control statements, those without braces included."""
    stack, parens, pending, deepest = [], 0, False, 0
    for token in _TOKEN.findall(body):
        if token == "(":
            parens += 1
        elif token == ")":
            parens -= 1
        elif token == "{":
            stack.append(pending and parens == 0)
            pending = pending and parens > 0
        elif token == "}":
            stack.pop()
            pending = False
        elif token == ";":
            pending = pending and parens > 0
        else:
            pending = True
            deepest = max(deepest, sum(stack) + 1)
    return deepest


def check(path, report):
    lines = csource.code(csource.read(path)).splitlines()
    if len(lines) > FILE_MAX:
        report.add(path, 1, f"{len(lines)} lines, at most {FILE_MAX}")
    for name, start, end in functions(lines):
        length = end - start + 1
        if length > FUNCTION_MAX:
            report.add(path, start + 1, f"{name} has {length} lines, at most {FUNCTION_MAX}")
        deep = depth("\n".join(lines[start : end + 1]))
        if deep > NESTING_MAX:
            report.add(path, start + 1, f"{name} is nested {deep} deep, at most {NESTING_MAX}")


def main():
    report = csource.Report()
    for path in csource.files():
        check(path, report)
    report.exit()


main()
