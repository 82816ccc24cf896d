#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A store that is not the one last seen: put back, gone on from in two places, or another one altogether.
# It is used, with a warning each time; what the user changes from there on is the new line.
. "$(dirname "$0")/../support/e2e.sh"
install -m 600 tests/data/store.key "$T/key"
export LWCRED_KEY_FILE=$T/key LWCRED_STORE=$T/keys.lwc
printf '_0123456789abcdef0123456789abcdef' >"$T/secret"
add() { # profile [option...]
    run 0 "$HELPER" add -p "$1" -a acme --key-id "ACME_$1" --secret-file "$T/secret" --backend file --no-verify "${@:2}"
}
look() { # [warning]: reads a secret
    run 0 "$O/tests/keep" find one file
    if [ $# -eq 0 ]; then
        expect_stderr_empty
    else
        expect_stderr_has "$1"
    fi
}

add one
add two
look
cp "$LWCRED_STORE" "$T/second"
add three
cp "$LWCRED_STORE" "$T/third"
look

# --- put back as a whole
cp "$T/second" "$LWCRED_STORE"
look 'older than last seen \(generation 2, last seen 3\)'
look 'older than last seen'

# --- gone on from the older state elsewhere: the same generation, with another MAC
XDG_STATE_HOME=$T/elsewhere add four
cp "$LWCRED_STORE" "$T/fork"
look 'has diverged from what was last seen \(generation 3\)'
# The next generation of that line names another MAC before it.
XDG_STATE_HOME=$T/elsewhere add five
look 'has diverged'
cp "$T/third" "$LWCRED_STORE"
look

# --- changed here: the line goes on from there
cp "$T/fork" "$LWCRED_STORE"
add six
expect_stderr_has 'has diverged'
look

# --- made anew with the same key file, then the one of before put back
mv "$LWCRED_STORE" "$T/before"
add one
look
cp -p "$T/before" "$LWCRED_STORE"
look 'is another store than last time: was it replaced\?'
file=$(sed -n 's/.*If by you, remove //p' "$ERR")
[ -f "$file" ] || fail "no file to remove: $file"
rm "$file"
look
look

# --- a state directory that cannot be written is a warning, no more
run 0 env XDG_STATE_HOME=/dev/null/x "$O/tests/keep" find one file
expect_stderr_has 'cannot remember'
