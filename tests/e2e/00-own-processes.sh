#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Processes that a scenario leaves behind are found, also where they hide from others of their user.
. "$(dirname "$0")/../support/e2e.sh"

# Not dumpable, in a session of its own, without the environment of this scenario.
env -i setsid python3 -c 'import ctypes, time
ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
open("'"$T"'/hidden", "w")
time.sleep(100)' &
pid=$!
for ((tries = 0; tries < 300; tries++)); do
    [ ! -e "$T/hidden" ] || break
    sleep 0.1
done
[ "$(own_processes)" = "$pid" ] || fail "expected process $pid, found: $(own_processes)"
kill "$pid"
wait "$pid" || true
[ -z "$(own_processes)" ] || fail "found after its end: $(own_processes)"
echo ok
