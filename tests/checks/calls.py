#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Calls that product code does without, each with what to do in its place."""

import re

import csource

PRODUCT = ("core/", "backends/", "plugins/")
LIBRARY = ("core/", "backends/")
MAY_READ_ENVIRONMENT = (
    "plugins/helper/",
    "core/library/context.c",
    "core/conf/",
    "core/module/",
    "core/remote/",
    "core/base/path.c",
    "core/base/safefile.c",
    "core/cache/place_dir.c",
)
# In a child that tries what may be fatal, or in a program of its own.
HAS_CHILD = ("core/cache/place_keyring.c", "core/host/")
PROGRAM = ("core/host/main.c",)
# GLib changes what happens at SIGPIPE; it is put back.
PUTS_BACK = ("backends/secret-service/secret-service.c",)

# Where, where not (prefixes of paths), which words, what to do.
RULES = (
    (("",), (), r"goto\b", "use the LWC_AUTO_ macros"),
    (PRODUCT, (), r"str(?:n?cpy|n?cat)\s*\(", "use snprintf or memcpy with a length"),
    (PRODUCT, (), r"v?sprintf\s*\(", "use snprintf"),
    (PRODUCT, (), r"gets\s*\(", "use lwc_fd_read"),
    (PRODUCT, (), r"strtok(?:_r)?\s*\(", "use strcspn"),
    (PRODUCT, (), r"ato[ilf]l?\s*\(", "use lwc_text_parse_number"),
    (PRODUCT, (), r"(?:system|popen)\s*\(", "there is no shell"),
    (PRODUCT, (), r"(?:mktemp|tmpnam|tempnam|tmpfile)\s*\(", "use lwc_file_replace"),
    (PRODUCT, (), r"alloca\s*\(", "use a fixed buffer or the heap"),
    (PRODUCT, MAY_READ_ENVIRONMENT, r"(?:secure_)?getenv\s*\(", "ask lwc_host.setting"),
    (LIBRARY, PROGRAM, r"(?:v?d?printf|puts|putchar|perror|v?warnx?)\s*\(", "a library does not print"),
    (LIBRARY, PROGRAM, r"(?:stdout|stderr)\b", "a library does not print"),
    (LIBRARY, HAS_CHILD, r"(?:_?exit|_Exit|quick_exit|abort|v?errx?)\s*\(", "a library does not exit"),
    (LIBRARY, HAS_CHILD + PUTS_BACK, r"(?:setlocale|umask|signal|sigaction)\s*\(", "the process is the caller's"),
)


def applies(where, where_not, path):
    return path.startswith(where) and not (where_not and path.startswith(where_not))


def check(path, report):
    lines = csource.code(csource.read(path)).splitlines()
    for where, where_not, words, cure in RULES:
        pattern = re.compile(rf"(?<![\w.>])(?:{words})")
        if not applies(where, where_not, path):
            continue
        for number, line in enumerate(lines, 1):
            match = pattern.search(line)
            if match:
                report.add(path, number, f"{match.group().rstrip(' (')}: {cure}")


def main():
    report = csource.Report()
    for path in csource.files():
        check(path, report)
    report.exit()


main()
