#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A keyring that asks the user with a window of its own: answered, closed, ignored; and not shown
# if the program is not interactive.  A stand-in for the keyring shows it; GNOME Keyring itself, whose
# windows another program shows, survives a window that is never answered, or never shown.
. "$(dirname "$0")/../support/secret-service.sh"
start_standin
plant_key
start_bus
MOCK_PID=''

mock() { # mode
    stop_process "$MOCK_PID"
    "$KEYRING" absent 20
    printf %s "$SECRET" >"$T/secret"
    "$ROOT/tests/support/mock_keyring.py" "$1" default acme.lacework.net "$KEY_ID" "$ORIGIN" \
        <"$T/secret" >"$T/windows" 2>"$T/mock.said" &
    MOCK_PID=$!
    "$KEYRING" wait 20
}

windows() { # number: so many windows were shown
    [ "$(grep -c '^prompt$' "$T/windows")" = "$1" ] || fail "$(cat "$T/windows"): not $1 windows"
}
keyring_stack timeout=2
export DISPLAY=:77

mock accept
run 0 "$HELPER" get --no-cache --format token
issued_token_matches "$(cat "$OUT")"
windows 1
run 0 "$HELPER" get --no-cache --format token
windows 1
mock accept
run 0 env -u DISPLAY WAYLAND_DISPLAY=wayland-7 "$HELPER" get --no-cache --format token
windows 1

mock dismiss
run 4 "$HELPER" get --no-cache --format token
expect_stderr_has 'the keyring is locked, and its window was dismissed'
expect_stderr_has '^hint: '
windows 1
run 0 "$HELPER" list
expect_stdout_has '^default '
windows 1

# No window if not interactive, or without a display.
mock accept
for setting in LWCRED_NO_PROMPT=1 CI=true GIT_TERMINAL_PROMPT=0 DISPLAY=; do
    run 4 env "$setting" "$HELPER" get --no-cache --format token
    expect_stderr_has 'the keyring is locked: (cannot ask: not interactive|there is no display)'
done
run 4 "$HELPER" --no-prompt get --no-cache --format token
windows 0

# A keyring that does not name its keys while locked is unlocked for an answer, not for a list.
mock cold
run 4 "$HELPER" list
expect_stdout_empty
run 4 "$HELPER" explain
windows 0
run 0 "$HELPER" get --no-cache --format token
issued_token_matches "$(cat "$OUT")"
windows 1
run 0 "$HELPER" list
expect_stdout_has '^default '

# git asks every helper for every host: one that is no account's name opens no window, unless the keyring
# says that a key of ours has it as its origin.
foreign() { # host
    run 0 "$HELPER" get --no-cache -v < <(printf 'protocol=https\nhost=%s\n\n' "$1")
}
mock cold
foreign git.example
expect_stdout_empty
expect_stderr_has "no answer for host 'git.example': not asked for another host than an account's: .*the keyring is locked"
foreign "$ORIGIN"
expect_stdout_empty
windows 0
run 0 "$HELPER" get --no-cache <<<$'protocol=https\nhost=acme.lacework.net\n'
issued_token_matches "$(field password)"
windows 1
mock accept
foreign git.example
expect_stdout_empty
windows 0
foreign "$ORIGIN"
issued_token_matches "$(field password)"
windows 1

# A keyring known to be empty is not unlocked.
mock empty
run 3 "$HELPER" get --no-cache --format token
run 0 "$HELPER" list
expect_stdout_empty
windows 0

# No answer: the window ends at the caller's deadline, later than the keyring's own time limit, and
# the window is taken back.
mock never
run 4 timeout 60 "$HELPER" --timeout 4 get --no-cache --format token
expect_stderr_has 'the keyring is locked, and its window was not answered in time \([0-9.]+ s\)'
expect_stderr_has '^hint: '
windows 1
grep -qx dismissed "$T/windows" || fail "the window was left behind"
stop_process "$MOCK_PID"
"$KEYRING" absent 20

# GNOME Keyring, with a program for its windows that never gets ready, or whose window is ignored.
start_keyring
add_key
for prompter in mute unready shown; do
    "$ROOT/tests/support/mock_prompter.py" "$prompter" >"$T/prompter" 2>&1 &
    MOCK_PID=$!
    until grep -qx ready "$T/prompter"; do sleep 0.05; done
    "$KEYRING" lock
    run 4 timeout 60 "$HELPER" --timeout 4 get --no-cache --format token
    expect_stderr_has 'the keyring is locked, and its window was not answered in time'
    grep -qx BeginPrompting "$T/prompter" || fail "$prompter: no window was asked for"
    kill -0 "$KEYRING_PID" || fail "$prompter: GNOME Keyring ended: $(cat "$T/keyring.said")"
    "$KEYRING" unlock "$PASSWORD"
    run 0 "$HELPER" get --no-cache --format token
    issued_token_matches "$(cat "$OUT")"
    stop_process "$MOCK_PID"
    MOCK_PID=''
done
echo ok
