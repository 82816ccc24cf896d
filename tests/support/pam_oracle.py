#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""pam_oracle.py HELPER DIR COUNT: COUNT random stacks, judged by libpam itself and by HELPER.

libpam gets them as a service file in DIR with pam_debug.so, which answers what its arguments say,
and HELPER as a stack file with the test module "answer".  "sufficient" is written out, since it
means something else here.  Prints each difference; fails if there is one.
"""

import ctypes
import pathlib
import random
import subprocess
import sys

# Our return word: PAM's, its number, what the module "answer" is told, our exit status.
OUTCOMES = {
    "success": ("success", 0, "hold=p:acme.lacework.net:ACME_0:s", 0),
    "not_found": ("user_unknown", 10, "", 3),
    "locked": ("maxtries", 11, "list=4", 4),
    "denied": ("auth_err", 7, "list=5", 5),
    "invalid": ("acct_expired", 13, "list=2", 2),
    "unavailable": ("authinfo_unavail", 9, "list=8", 8),
    "error": ("system_err", 4, "list=9", 9),
}
NOBODY_DECIDED = 6  # PAM_PERM_DENIED
STATUS = {pam: status for _, pam, _, status in OUTCOMES.values()} | {NOBODY_DECIDED: 3}
ACTIONS = ("ok", "done", "bad", "die", "ignore")
CONV_ERR = 19

CONVERSE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


class Conversation(ctypes.Structure):
    _fields_ = [("converse", CONVERSE), ("data", ctypes.c_void_p)]


def random_control(lines_behind):
    """A control as {return word: action}, which skips no more lines than there are."""
    actions = ACTIONS + tuple(str(count) for count in range(1, lines_behind + 1))
    words = random.sample(list(OUTCOMES), random.randrange(len(OUTCOMES)))
    control = {word: random.choice(actions) for word in words + ["default"]}
    if random.random() < 0.2:
        del control["default"]
    return control or {"success": "ok"}


def write_control(control, name):
    return "[%s]" % " ".join("%s=%s" % (name(word), action) for word, action in control.items())


def ask_pam(pam, directory, stack):
    """What pam_authenticate() returns."""
    text = "".join("auth %s pam_debug.so auth=%s\n"
                   % (write_control(control, lambda word: OUTCOMES[word][0] if word in OUTCOMES else word),
                      OUTCOMES[outcome][0]) for control, outcome in stack)
    (directory / "oracle").write_text(text, encoding="ascii")
    conversation = Conversation(CONVERSE(lambda *_: CONV_ERR), None)
    handle = ctypes.c_void_p()
    result = pam.pam_start_confdir(b"oracle", b"root", ctypes.byref(conversation),
                                   str(directory).encode(), ctypes.byref(handle))
    if result != 0:
        raise SystemExit("pam_start_confdir: %d" % result)
    result = pam.pam_authenticate(handle, 0)
    pam.pam_end(handle, result)
    return result, text


def ask_helper(helper, directory, stack):
    """The exit status of explain."""
    path = directory / "stack"
    path.write_text("set cache none\n" + "".join(
        "lookup %s answer line=%d %s\n" % (write_control(control, str), number, OUTCOMES[outcome][2])
        for number, (control, outcome) in enumerate(stack)), encoding="ascii")
    return subprocess.run([helper, "--config", path, "explain", "--profile", "p"], check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode


def expected_status(result, stack):
    """What explain must end with where libpam ends with @result.

    Where no line decides, pam_authenticate() does not tell absent from unknown.  explain does: it is
    "unavailable" if every line that was asked is, and these are the lines that no number skips.
    """
    if result != NOBODY_DECIDED:
        return STATUS[result]
    asked = set()
    at = 0
    while at < len(stack):
        control, outcome = stack[at]
        action = control.get(outcome, control.get("default", "bad"))
        asked.add(outcome)
        at += 1 + (int(action) if action.isdigit() else 0)
    return 8 if asked == {"unavailable"} else STATUS[result]


def main():
    helper, directory, count = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
    pam = ctypes.CDLL("libpam.so.0")
    random.seed("pam.conf(5)")
    wrong = 0
    seen = set()
    for _ in range(count):
        length = random.randint(1, 5)
        stack = [(random_control(length - 1 - i), random.choice(list(OUTCOMES))) for i in range(length)]
        result, text = ask_pam(pam, directory, stack)
        status = ask_helper(helper, directory, stack)
        seen.add(status)
        expected = expected_status(result, stack)
        if expected != status:
            wrong += 1
            print("%spam_authenticate: %d, explain: %d instead of %d\n" % (text, result, status, expected))
    print("%d stacks, %d judged otherwise, statuses %s" % (count, wrong, " ".join(map(str, sorted(seen)))))
    return 1 if wrong or len(seen) < len(OUTCOMES) else 0


sys.exit(main())
