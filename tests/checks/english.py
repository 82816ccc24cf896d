#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plain English in comments and in texts for users: the subject comes first and is a noun; people
and things that are meant are named."""

import pathlib
import re

import csource

# A comment, or a paragraph of one, does not open with these.
OPENERS = re.compile(r"(?:What(?:ever)?|Who(?:ever|m|se)?|Such|One|That|Nobody|Somebody)\b")
# Words without a meaning of their own; "not interactive", "unknown", "another user" say it.
VAGUE = re.compile(r"\b(?:nobody|somebody|whoever|whatever|whomever)(?:'s)?\b", re.IGNORECASE)
COMMENT = re.compile(r"/\*(.*?)\*/", re.DOTALL)
LITERAL = re.compile(r'"((?:\\.|[^"\\\n])*)"')
SCRIPTS = (".sh", ".py", ".bash")
PAGES = (".md", ".1", ".3", ".5", ".7", ".8")


def paragraphs(text, first_line):
    """(line, text) of each paragraph of a comment; its stars and blanks are taken away."""
    start, words = None, []
    for number, line in enumerate(text.split("\n"), first_line):
        line = line.strip().removeprefix("*").strip()
        if line and start is None:
            start = number
        if line:
            words.append(line)
        elif start is not None:
            yield start, " ".join(words)
            start, words = None, []
    if start is not None:
        yield start, " ".join(words)


def check_words(path, number, text, report):
    found = VAGUE.search(text)
    if found:
        report.add(path, number, f"'{found.group()}': name the person or the thing")


def check_comment(path, number, text, report):
    for line, paragraph in paragraphs(text, number):
        opener = OPENERS.match(paragraph)
        if opener:
            report.add(path, line, f"a comment opens with '{opener.group()}': the subject first, a noun")
        check_words(path, line, paragraph, report)


def check_c(path, report):
    text = csource.read(path)
    for match in COMMENT.finditer(text):
        check_comment(path, text.count("\n", 0, match.start()) + 1, match.group(1), report)
    if path.startswith(csource.PRODUCT):
        code = COMMENT.sub(lambda m: "\n" * m.group().count("\n"), text)
        for match in LITERAL.finditer(code):
            check_words(path, code.count("\n", 0, match.start()) + 1, match.group(1), report)


def check_script(path, report):
    block, start = [], 0
    for number, line in enumerate(csource.read(path).split("\n") + [""], 1):
        is_comment = line.lstrip().startswith("#") and not line.startswith(("#!", "# SPDX"))
        if is_comment:
            start = start if block else number
            block.append(line.lstrip().lstrip("#!"))
        elif block:
            check_comment(path, start, "\n".join(block), report)
            block = []


def check_page(path, report):
    for number, line in enumerate(csource.read(path).split("\n"), 1):
        check_words(path, number, line, report)


def main():
    report = csource.Report()
    for path in csource.files():
        check_c(path, report)
    for path in csource.files(csource.ROOTS, SCRIPTS):
        check_script(path, report)
    for path in csource.files(("docs", "contrib"), PAGES) + [p for p in ("README.md", "CHANGELOG.md") if pathlib.Path(p).is_file()]:
        check_page(path, report)
    report.exit()


main()
