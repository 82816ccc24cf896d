#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run a program at a terminal of its own and answer its questions.

    terminal.py [--stdin FILE] [--hold PATTERN=SIGNAL] [ANSWER...] -- PROGRAM ARG...

Each ANSWER is "PATTERN=TEXT": once what the terminal shows matches the regular expression, TEXT
and a newline are typed.  "PATTERN=" with nothing behind presses return; "PATTERN=^C" and "^D"
press those keys.  Prints what the terminal showed, then "[status N, echo on|off]": the program's
exit status (128+n for a signal) and whether the terminal echoes afterwards.  stdout and stderr of
the program are the terminal unless --out FILE says where stdout goes.
"""

import argparse
import os
import pty
import re
import select
import signal
import sys
import termios
import time

KEYS = {"^C": b"\x03", "^D": b"\x04", "^Z": b"\x1a"}


def main():
    split = sys.argv.index("--")
    parser = argparse.ArgumentParser()
    parser.add_argument("--stdin")
    parser.add_argument("--out")
    parser.add_argument("--signal", help="PATTERN=NAME: send the signal once PATTERN is shown")
    parser.add_argument("answers", nargs="*")
    args = parser.parse_args(sys.argv[1:split])
    command = sys.argv[split + 1:]
    steps = [answer.partition("=")[::2] + (None,) for answer in args.answers]
    if args.signal:
        pattern, _, name = args.signal.partition("=")
        steps.append((pattern, "", getattr(signal, "SIG" + name)))
    main_fd, side_fd = pty.openpty()
    pid = os.fork()
    if pid == 0:
        os.login_tty(side_fd) if hasattr(os, "login_tty") else login(side_fd)
        if args.stdin:
            os.dup2(os.open(args.stdin, os.O_RDONLY), 0)
        if args.out:
            os.dup2(os.open(args.out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 1)
        os.close(main_fd)
        os.execvp(command[0], command)
    shown, seen, deadline = b"", 0, time.monotonic() + 60
    status = None
    while time.monotonic() < deadline:
        ready, _, _ = select.select([main_fd], [], [], 0.05)
        if ready:
            try:
                shown += os.read(main_fd, 65536)
            except OSError:
                pass
        if steps and re.search(steps[0][0].encode(), shown[seen:]):
            _, text, number = steps.pop(0)
            seen = len(shown)
            if number:
                os.kill(pid, number)
            else:
                time.sleep(0.05)
                os.write(main_fd, KEYS.get(text, text.encode() + b"\n"))
        done, code = os.waitpid(pid, os.WNOHANG)
        if done:
            status = os.waitstatus_to_exitcode(code)
            break
    else:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        status = -signal.SIGKILL
    while select.select([main_fd], [], [], 0.1)[0]:
        try:
            more = os.read(main_fd, 65536)
        except OSError:
            break
        if not more:
            break
        shown += more
    echo = termios.tcgetattr(side_fd)[3] & termios.ECHO
    sys.stdout.buffer.write(shown.replace(b"\r\n", b"\n"))
    print("\n[status %d, echo %s, %d answers left]" % (
        status if status >= 0 else 128 - status, "on" if echo else "off", len(steps)))


def login(fd):
    os.setsid()
    import fcntl
    fcntl.ioctl(fd, termios.TIOCSCTTY, 0)
    for target in (0, 1, 2):
        os.dup2(fd, target)
    if fd > 2:
        os.close(fd)


main()
