# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
# Sourced first by the scenarios of the keyring, in place of e2e.sh (or after cache.sh): a session
# bus of the scenario's own, and a real GNOME Keyring on it, without a display.
#
#   BUS_PID, KEYRING_PID  of those that run, or empty
#   PASSWORD              of the keyring that start_keyring unlocks
#   BUS                   path of the bus's socket
#   KEYRING               tests/support/keyring.py
#   HELPER, CHECKED       the helper; under WRAPPER=valgrind only the second one runs there: what
#                         knows the keyring runs in a backend host of its own

if [ -z "${STANDIN+set}" ]; then
    # shellcheck source=tests/support/e2e.sh
    . "$(dirname "${BASH_SOURCE[0]}")/e2e.sh"
fi
BUS_PID='' KEYRING_PID=''
PASSWORD='correct horse'
BUS=$XDG_RUNTIME_DIR/bus
CHECKED=$HELPER HELPER=$O/bin/lw-credential-helper
KEYRING=$ROOT/tests/support/keyring.py

stop_process() { # pid: even one that is stopped
    [ -n "$1" ] || return 0
    kill "$1" 2>/dev/null || true
    kill -CONT "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

leave_session() {
    local status=$?
    stop_keyring
    stop_bus
    if declare -F leave >/dev/null; then
        (exit "$status") || leave
        leave
    fi
    (exit "$status") || finish
    finish
}
trap leave_session EXIT

# A bus that knows no program it could start.
start_bus() {
    local tries
    cat >"$T/bus.conf" <<END
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <keep_umask/>
  <listen>unix:path=$BUS</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
END
    dbus-daemon --config-file="$T/bus.conf" --nofork --nopidfile </dev/null >"$T/bus.said" 2>&1 &
    BUS_PID=$!
    for ((tries = 0; tries < 200; tries++)); do
        [ -S "$BUS" ] && break
        sleep 0.02
    done
    [ -S "$BUS" ] || { cat "$T/bus.said" >&2; fail "the bus did not start"; }
    export DBUS_SESSION_BUS_ADDRESS=unix:path=$BUS
}

stop_bus() {
    stop_process "$BUS_PID"
    BUS_PID=''
    rm -f "$BUS"
}

# start_keyring [locked]: with the collection "login", made if it is not there, unlocked by PASSWORD.
start_keyring() {
    if [ "${1:-}" = locked ]; then
        gnome-keyring-daemon --foreground --components=secrets </dev/null >"$T/keyring.said" 2>&1 &
    else
        printf %s "$PASSWORD" >"$T/password"
        gnome-keyring-daemon --foreground --components=secrets --unlock <"$T/password" >"$T/keyring.said" 2>&1 &
    fi
    KEYRING_PID=$!
    "$KEYRING" wait 20 || { cat "$T/keyring.said" >&2; fail "the keyring did not start"; }
}

stop_keyring() {
    stop_process "$KEYRING_PID"
    KEYRING_PID=''
}

# keyring_stack [ARGUMENT...]: a stack of the keyring alone, exported as LWCRED_CONFIG.
keyring_stack() {
    export LWCRED_CONFIG=$T/stack.keyring
    printf '%s\n' "lookup required secret-service $*" "store required secret-service $*" \
        "erase required secret-service $*" 'set cache none' >"$LWCRED_CONFIG"
}

# add_key [OPTION...]: the key of plant_key, into the stack that counts.
add_key() {
    printf %s "$SECRET" | run 0 "$HELPER" add --account acme --key-id "$KEY_ID" --secret-stdin \
        --api-url "$API_URL" "$@"
}
