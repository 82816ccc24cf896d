#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run a program many times at once, and say what each run cost.

    crowd.py NUMBER DIR PROGRAM ARG...

stdout and stderr of run I go to DIR/I.out and DIR/I.err, stdin is empty; "{}" in an argument is
replaced by I.  Prints one line for each run: its number, exit status (128+n for a signal), CPU time
in ms, peak memory in KiB.  DIR/peak holds the most that all of them had at one time, in KiB.
"""

import os
import sys
import threading

PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024


def start(folder, number, command):
    pid = os.fork()
    if pid == 0:
        streams = (("/dev/null", os.O_RDONLY),
                   (f"{folder}/{number}.out", os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
                   (f"{folder}/{number}.err", os.O_WRONLY | os.O_CREAT | os.O_TRUNC))
        for target, (path, flags) in enumerate(streams):
            os.dup2(os.open(path, flags, 0o600), target)
        command = [word.replace("{}", str(number)) for word in command]
        os.execvp(command[0], command)
    return pid


def read_kib(pid):
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * PAGE_KIB
    except (OSError, IndexError):
        return 0


def watch(pids, ended, peak):
    while not ended.wait(0.005):
        peak[0] = max(peak[0], sum(read_kib(pid) for pid in pids))


def main():
    count, folder, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    os.makedirs(folder, exist_ok=True)
    runs = {start(folder, number, command): number for number in range(count)}
    ended, peak = threading.Event(), [0]
    watcher = threading.Thread(target=watch, args=(list(runs), ended, peak))
    watcher.start()
    while runs:
        pid, status, usage = os.wait4(-1, 0)
        code = os.waitstatus_to_exitcode(status)
        print(runs.pop(pid), code if code >= 0 else 128 - code,
              round((usage.ru_utime + usage.ru_stime) * 1000), usage.ru_maxrss)
    ended.set()
    watcher.join()
    with open(f"{folder}/peak", "w", encoding="ascii") as file:
        print(peak[0], file=file)


main()
