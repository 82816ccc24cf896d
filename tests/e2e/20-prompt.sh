#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Questions at a real terminal: asked there and nowhere else, without echo, and not at all where
# the program is not interactive.
. "$(dirname "$0")/../support/e2e.sh"
start_standin
plant_key
printf 'lookup required file\nstore required file kdf=interactive\nset cache none\n' >"$T/stack"
export LWCRED_CONFIG=$T/stack
STORE=$XDG_DATA_HOME/lwcred/keys.lwc
PASS=correct-horse-battery
at_tty() { # expected last line (extended regular expression), arguments of terminal.py
    local expected=$1
    shift
    run 0 python3 tests/support/terminal.py "$@"
    tail -n 1 "$OUT" | grep -qE -e "$expected" || fail "the terminal ended otherwise: $(tail -n 1 "$OUT")"
    ! grep -qF -f <(printf '%s\n' "$PASS" "$SECRET") "$OUT" || fail "the terminal shows a secret"
}
OK='^\[status 0, echo on, 0 answers left\]$'

# --- everything is asked for; stdin is not touched, output to a file stays clean
at_tty "$OK" --out "$T/stdout" "New passphrase for .*lwc: =$PASS" 'again.: =other' \
    "New passphrase for .*lwc: =$PASS" "again.: =$PASS" 'account.*: =acme' "[Kk]ey.*: =$KEY_ID" \
    "[Ss]ecret.*: =$SECRET" -- "$HELPER" add --api-url "$API_URL"
[ ! -s "$T/stdout" ] || fail "the dialogue is on stdout"
grep -q "stored profile 'default'" "$OUT" || fail "no word where it went"

# --- get: the request comes from a pipe, the question goes to the terminal, the answer to stdout
printf 'protocol=https\nhost=acme.lacework.net\n\n' >"$T/request"
at_tty "$OK" --stdin "$T/request" --out "$T/stdout" "assphrase=$PASS" -- "$HELPER" get
cp "$T/stdout" "$OUT"
issued_token_matches "$(field password)"
at_tty "$OK" --stdin "$T/request" --out "$T/stdout" 'assphrase=wrong' "assphrase=$PASS" -- "$HELPER" get
[ -s "$T/stdout" ] || fail "no answer"
at_tty '^\[status 5, echo on, 0 answers left\]$' --out "$T/stdout" 'assphrase=wrong' 'assphrase=wrong' 'assphrase=wrong' \
    -- "$HELPER" get --format token
[ ! -s "$T/stdout" ] || fail "output after a wrong passphrase"

# --- declined and interrupted: locked, or the signal; the echo comes back
at_tty '^\[status 4, echo on' --out "$T/stdout" 'assphrase=^D' -- "$HELPER" get --format token
at_tty '^\[status 4, echo on' --out "$T/stdout" 'assphrase=' -- "$HELPER" get --format token
at_tty '^\[status 130, echo on' --out "$T/stdout" 'assphrase=^C' -- "$HELPER" get --format token
for name in TERM HUP INT; do
    at_tty "^\[status $((128 + $(kill -l $name))), echo on" --out "$T/stdout" --signal "assphrase=$name" -- "$HELPER" get --format token
done
[ ! -s "$T/stdout" ] || fail "output after an interruption"

# --- what needs no passphrase asks nothing
at_tty "$OK" -- "$HELPER" list
at_tty "$OK" -- "$HELPER" show -p default
at_tty "$OK" --stdin <(printf 'protocol=https\nhost=github.com\n\n') -- "$HELPER" get
at_tty '^\[status 3, echo on' -- "$HELPER" get -p other --format token
at_tty '^\[status 2, echo on' -- "$HELPER" add --profile default -a acme --key-id "$KEY_ID"

# --- a secret is not read where it would be shown
printf '%s\n' "$PASS" >"$T/passphrase"
LWCRED_PASSPHRASE_FILE=$T/passphrase at_tty '^\[status 2, echo on' -- "$HELPER" add -p new -a acme --key-id "$KEY_ID" --secret-stdin --no-verify
grep -q 'standard input is a terminal' "$OUT" || fail "the secret was read from the terminal"

# --- not interactive
before=$(sha256sum <"$STORE")
LOCKED='^\[status 4, echo on'
at_tty "$LOCKED" -- "$HELPER" --no-prompt get --format token
LWCRED_NO_PROMPT=1 at_tty "$LOCKED" -- "$HELPER" get --format token
CI=true at_tty "$LOCKED" -- "$HELPER" get --format token
GIT_TERMINAL_PROMPT=0 at_tty "$LOCKED" -- "$HELPER" get --format token
at_tty "$LOCKED" -- "$HELPER" --no-prompt add -p new -a acme --key-id "$KEY_ID"
run 4 setsid "$HELPER" get --format token </dev/null
expect_stderr_has '^hint: '
expect_stdout_empty
run 4 setsid "$HELPER" get <"$T/request"
expect_stdout_empty
[ "$(sha256sum <"$STORE")" = "$before" ] || fail "the store changed"

# --- the passphrase from a file or descriptor instead; time spent at a prompt is not counted
printf '%s\n' "$PASS" >"$T/passphrase"
LWCRED_PASSPHRASE_FILE=$T/passphrase run 0 setsid "$HELPER" get --format token
issued_token_matches "$(cat "$OUT")"
no_secret_left ""
echo ok
