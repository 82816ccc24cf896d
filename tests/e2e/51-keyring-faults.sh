#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A keyring that is absent, hangs, dies or is locked: the right status, in time, with the cause and
# the cure, and the file store answers beside it.
. "$(dirname "$0")/../support/secret-service.sh"
start_standin
plant_key
make_store_keyfile
add_key --profile filed --backend file

# ends STATUS CAUSE [ARGUMENT...]: get, long before anybody's patience ends, says CAUSE and a cure.
ends() {
    local expected=$1 cause=$2
    shift 2
    keyring_stack timeout=2
    run "$expected" timeout 60 "$HELPER" get --no-cache --format token "$@"
    expect_stdout_empty
    expect_stderr_has "^lw-credential-helper: .*$cause"
    expect_stderr_has '^hint: .'
    expect_stderr_lacks 'CRITICAL|WARNING|g_|(.)\1{200}'
}

# ignored: the built-in stack answers from the file, and says nothing.
ignored() {
    unset LWCRED_CONFIG
    run 0 timeout 60 "$HELPER" get --no-cache --format token --profile filed
    issued_token_matches "$(cat "$OUT")"
    expect_stderr_empty
}

# --- no bus
HELPER=$CHECKED
ends 8 'there is no session bus: DBUS_SESSION_BUS_ADDRESS is not set'
ignored
HELPER=$O/bin/lw-credential-helper
run=$XDG_RUNTIME_DIR
unset XDG_RUNTIME_DIR
ends 8 'there is no session bus: .* XDG_RUNTIME_DIR is not set'
export XDG_RUNTIME_DIR=$run
for address in autolaunch: 'unixexec:path=/bin/false' "unix:path=$T/none" "unix:path=$T" nonsense; do
    export DBUS_SESSION_BUS_ADDRESS=$address
    ends 8 'bus'
    ignored
done

# --- a socket whose owner is dead, and one that accepts and never answers
listen() { # path of a socket; $! listens there
    python3 -c '
import socket, sys, time
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen(50)
print("listens", flush=True)
time.sleep(600)' "$1" >"$T/listens" &
    until [ -s "$T/listens" ]; do sleep 0.02; done
}
listen "$T/silent"
SILENT=$!
export DBUS_SESSION_BUS_ADDRESS=unix:path=$T/silent
ends 15 'did not answer (in time|within)'
ignored
keyring_stack timeout=2
run 15 timeout 60 "$HELPER" add --account acme --key-id "$KEY_ID" --secret-stdin --no-verify --api-url "$API_URL" <<<"$SECRET"
expect_stderr_has 'did not answer'
unset LWCRED_CONFIG
stop_process "$SILENT"
ends 8 'the session bus does not answer'
ignored

# --- a bus without a keyring
start_bus
ends 8 'no program on the session bus keeps secrets'
ignored

# --- a keyring without a default collection: never made, or its file is gone
start_keyring locked
ends 8 'no default collection'
ignored
stop_keyring

# --- a keyring, or its bus, that is stopped
start_keyring
keyring_stack timeout=2
add_key
for pid in "$KEYRING_PID" "$BUS_PID"; do
    kill -STOP "$pid"
    ends 15 'did not answer (in time|within)'
    ignored
    keyring_stack timeout=2
    run 15 timeout 60 "$HELPER" remove --profile default
    kill -CONT "$pid"
    run 0 "$HELPER" get --no-cache --format token
done

# --- killed in the middle of a call, and between two
killed() { # pid
    kill -STOP "$1"
    (
        sleep 0.5
        kill -KILL "$1"
    ) &
    ends 15 'the keyring failed'
    wait $!
    stop_keyring 2>/dev/null
}
killed "$KEYRING_PID"
ends 8 'no program on the session bus keeps secrets'
start_keyring
run 0 "$HELPER" get --no-cache --format token
kill -STOP "$KEYRING_PID"
(
    sleep 0.5
    kill -KILL "$BUS_PID"
) &
ends 15 .
wait $!
kill -KILL "$KEYRING_PID"
stop_keyring 2>/dev/null
stop_bus 2>/dev/null
start_bus
start_keyring
run 0 "$HELPER" get --no-cache --format token

# --- locked since it was used, and locked from the start, when it does not even name its items
"$KEYRING" lock
ends 4 'the keyring is locked: there is no display to ask on'
run 0 "$HELPER" list
expect_stdout_has '^default '
run 4 "$HELPER" add --account acme --profile second --key-id "$KEY_ID" --secret-stdin --no-verify <<<"$SECRET"
stop_keyring
start_keyring locked
ends 4 'the keyring is locked: there is no display to ask on'
ends 4 'the keyring is locked' --profile no-such
for host in github.com "$ORIGIN"; do # git asks for any host: what cannot be known without unlocking is not ours
    run 0 "$HELPER" get --no-cache -v < <(printf 'protocol=https\nhost=%s\n\n' "$host")
    expect_stdout_empty
    expect_stderr_has "no answer for host '$host': not asked for another host than an account's: .*the keyring is locked"
done
run 4 "$HELPER" get --no-cache <<<$'protocol=https\nhost=acme.lacework.net\n'
run 4 "$HELPER" list
expect_stdout_empty
expect_stderr_has 'the keyring is locked'
run 4 "$HELPER" remove --profile default
ignored
"$KEYRING" unlock "$PASSWORD"
run 0 "$HELPER" get --no-cache --format token

# Nothing of ours in it: then what is asked for is absent, locked or not.
run 0 "$HELPER" remove --profile default
stop_keyring
start_keyring locked
keyring_stack timeout=2
run 3 "$HELPER" get --no-cache --format token
run 0 "$HELPER" list
no_secret_left "$T/keyring.said"
echo ok
