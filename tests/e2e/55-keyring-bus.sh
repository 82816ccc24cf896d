#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The bus of another user is not used, even if its policy allows that; and what is asked of the user's
# own does not grow with the items of others.
. "$(dirname "$0")/../support/secret-service.sh"
start_standin
plant_key
MOCK_PID=''

# foreign_bus TRANSPORT COMMAND...: a bus that lets everyone in, run through COMMAND and spoken to
# over TRANSPORT; a keyring on it holds a key for the profile "default" with an origin of its own.
foreign_bus() {
    local transport=$1 tries addresses
    shift
    # Readable by the other user, who may not enter this scenario's directory.
    conf=$(mktemp -p /tmp lwcred-bus.XXXXXXXX)
    rm -f "$T/bus.address"
    chmod 644 "$conf"
    cat >"$conf" <<END
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:abstract=$T/theirs</listen>
  <listen>tcp:host=127.0.0.1</listen>
  <auth>EXTERNAL</auth>
  <auth>ANONYMOUS</auth>
  <allow_anonymous/>
  <policy context="default">
    <allow user="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
END
    (cd / && exec "$@" dbus-daemon --config-file="$conf" --nofork --nopidfile --print-address) </dev/null >"$T/bus.address" 2>"$T/bus.said" &
    BUS_PID=$!
    for ((tries = 0; tries < 300; tries++)); do
        [ -s "$T/bus.address" ] && break
        sleep 0.02
    done
    rm -f "$conf"
    [ -s "$T/bus.address" ] || fail "no bus: $(cat "$T/bus.said")"
    addresses=$(tr ';' '\n' <"$T/bus.address")
    DBUS_SESSION_BUS_ADDRESS=$(grep ^unix <<<"$addresses")
    export DBUS_SESSION_BUS_ADDRESS
    printf planted | "$ROOT/tests/support/mock_keyring.py" accept default acme.lacework.net "$KEY_ID" \
        attacker.example:8443 >"$T/windows" 2>"$T/mock.said" &
    MOCK_PID=$!
    "$KEYRING" wait 20
    DBUS_SESSION_BUS_ADDRESS=$(grep "^$transport" <<<"$addresses")
}

# refused PATTERN: neither asked nor given anything.
refused() {
    keyring_stack timeout=5
    for command in 'get --no-cache --format token' list explain 'remove --profile default' \
        "add --account acme --profile prod --key-id $KEY_ID --secret-stdin --no-verify"; do
        # shellcheck disable=SC2086
        run 14 "$HELPER" $command <<<"$SECRET"
        expect_stdout_lacks 'attacker\.example'
        expect_stderr_has "the session bus is not yours: $1"
        expect_stderr_has "^hint: .*'su -'"
    done
    [ ! -s "$T/windows" ] || fail 'a window was shown'
    stop_process "$MOCK_PID"
    stop_bus
}

# Over TCP the kernel does not say who runs it.
foreign_bus tcp
refused 'the kernel does not say who runs it'
# The bus that "su" without "-" leaves to root.
if [ "$(id -u)" = 0 ]; then
    foreign_bus unix setpriv --reuid=65534 --regid=65534 --clear-groups
    refused 'uid 65534 runs it'
fi
unset DBUS_SESSION_BUS_ADDRESS

# count_calls COMMAND...: sets CALLS to how many method calls it makes on the bus.
count_calls() {
    rm -f "$T/calls" # the marks of the last time would be taken for those of this one
    : >"$T/calls"
    dbus-monitor --address "$DBUS_SESSION_BUS_ADDRESS" --profile "type='method_call'" >>"$T/calls" 2>&1 &
    local monitor=$! mark tries
    for mark in Begin End; do
        for ((tries = 0; tries < 200; tries++)); do
            grep -q "Mark.$mark" "$T/calls" && break
            dbus-send --type=method_call --dest=org.freedesktop.DBus / "net.lacework.Mark.$mark"
            sleep 0.05
        done
        [ "$mark" = End ] || run 0 "$@"
    done
    stop_process "$monitor"
    # All but the marks, and what their senders do to get on the bus.
    grep '^mc' "$T/calls" | sed '0,/Mark.Begin/d; /Mark.End/,$d' | grep -v 'Mark\|Hello' >"$T/counted" || true
    CALLS=$(wc -l <"$T/counted")
}

start_bus
start_keyring
keyring_stack timeout=10
add_key
count_calls "$HELPER" get --no-cache --format token --profile default
one=$CALLS
count_calls "$HELPER" list
listed=$CALLS
[ "$one" -gt 5 ] || fail "only $one calls were seen: $(cat "$T/calls")"
"$KEYRING" fill 199 lwcred-format=1 kind=access-key account=acme.lacework.net "key-id=$KEY_ID" "origin=$ORIGIN"
count_calls "$HELPER" get --no-cache --format token --profile default
[ "$CALLS" = "$one" ] || fail "$one calls with one item, $CALLS with 200: $(cut -f 6- "$T/counted" | sort | uniq -c | sort -n)"
count_calls "$HELPER" list
[ "$CALLS" = $((listed + 199)) ] || fail "a list of one item takes $listed calls, of 200 $CALLS"
[ "$(grep -c acme.lacework.net "$OUT")" = 200 ] || fail 'the list is not whole'
# Unlocked for the answer, and by an item's own search where it is locked from the start.
stop_keyring
start_keyring locked
run 4 "$HELPER" get --no-cache --format token --profile filler-7
"$KEYRING" unlock "$PASSWORD"
run 11 "$HELPER" get --no-cache --format token --profile filler-7
echo ok
