#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Items of others beside ours, copies, and what is no item of ours; many readers; no leak; a cached
# answer follows the keyring and asks no bus.
. "$(dirname "$0")/../support/cache.sh"
. "$(dirname "$0")/../support/secret-service.sh"
start_standin
start_bus
start_keyring
keyring_stack timeout=10

# put PROFILE SECRET [NAME=VALUE...]: another program writes an item; a name said again is changed.
put() {
    local profile=$1 secret=$2
    shift 2
    printf %s "$secret" | run 0 "$KEYRING" put "by somebody" xdg:schema=net.lacework.AccessKey lwcred-format=1 \
        "profile=$profile" account=acme.lacework.net "key-id=$KEY_ID" "origin=$ORIGIN" kind=access-key "$@"
}

# --- two items with equal attributes: the newest answers, and replacing or removing takes both
plant_key
OLD=$SECRET
put twice "$OLD"
sleep 1.1 # the keyring counts seconds
plant_key
put twice "$SECRET"
count_items() { "$KEYRING" show | grep -c '^secret=' || true; }
[ "$(count_items)" = 2 ] || fail "there are no two items"
run 0 "$HELPER" get --format token --profile twice
issued_token_matches "$(cat "$OUT")"
[ "$(count_exchanges "key=$KEY_ID")" = 1 ] || fail "it was not the newest that answered: $(cat "$STANDIN/log")"
run 0 "$HELPER" list
[ "$(grep -c '^twice ' "$OUT")" = 1 ] || fail "a profile is listed twice"
add_key --profile twice --replace --no-verify
[ "$(count_items)" = 1 ] || fail "a replaced key left a copy behind"
put twice "$OLD"
run 0 "$HELPER" remove --profile twice
[ "$(count_items)" = 0 ] || fail "a removed key left a copy behind"
run 3 "$HELPER" get --format token --profile twice

# --- what is not ours is neither given out nor listed, and does not hide what is ours
plant_key
add_key --no-verify
foreign() { # what; more arguments are those of put
    local what=$1
    shift
    put "$@"
    run 0 "$HELPER" -v list
    expect_stderr_has "/org/freedesktop/secrets/collection/login/[0-9]+ is left out: .*$what"
    [ "$(grep -c acme.lacework.net "$OUT")" = 1 ] || fail "a foreign item is listed"
    run 0 "$HELPER" get --format token
    issued_token_matches "$(cat "$OUT")"
}
printf 'a stranger' | run 0 "$KEYRING" put stranger profile=default lwcred-format=1 account=acme.lacework.net
run 0 "$HELPER" get --format token
issued_token_matches "$(cat "$OUT")"
foreign 'lwcred-format' default newer lwcred-format=2
foreign 'kind' default odd kind=password
foreign 'profile' '../default' odd
foreign 'account' default odd account=ACME.lacework.net
foreign 'key id' default odd "key-id=two words"
foreign 'flags' default odd flags=root
foreign 'origin' default odd origin=evil.example/x

# --- equal attributes, and no secret of ours in it: passed over for the older one that has
sleep 1.1
put default 'not one line
of ours'
run 0 "$HELPER" -v get --format token
issued_token_matches "$(cat "$OUT")"
expect_stderr_has '/[0-9]+: its secret is not one that lwcred wrote'
put lonely 'base64:***'
run 6 "$HELPER" get --format token --profile lonely
expect_stdout_empty
expect_stderr_has 'its secret is not one that lwcred wrote'
expect_stderr_has '^hint: '
expect_stderr_lacks '\*\*\*'
add_key --profile lonely --replace --no-verify
run 0 "$HELPER" get --format token --profile lonely
run 0 "$HELPER" remove --profile lonely

# --- a long secret through the program, and no secret where it does not belong
plant_key
SECRET=_$(head -c 48000 /dev/urandom | base64 -w 0 | tr -d '+/=')
add_key --profile long --no-verify
run 0 secret-tool lookup xdg:schema net.lacework.AccessKey profile long
[ "$(cat "$OUT")" = "$SECRET" ] || fail "a long secret was cut"
run 0 "$HELPER" remove --profile long
plant_key
export G_MESSAGES_DEBUG=all G_DBUS_DEBUG=all
for command in "add --account acme --profile quiet --key-id $KEY_ID --secret-stdin --api-url $API_URL" \
    'get --profile quiet --format json' 'list' 'remove --profile quiet'; do
    # shellcheck disable=SC2086
    run 0 "$HELPER" -v $command <<<"$SECRET"
    ! grep -qF -f <(needles "$SECRET") "$OUT" "$ERR" || fail "the secret was printed: $command"
done
unset G_MESSAGES_DEBUG G_DBUS_DEBUG
rm -f "$T/password"
no_secret_left

# --- fifty readers at once
readers() {
    local i pids=()
    for ((i = 0; i < 50; i++)); do
        "$PLAIN" get --format token >"$T/reader.$i" 2>&1 &
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i" || fail "a reader failed: $(cat "$T"/reader.*)"; done
}
readers
for ((i = 0; i < 50; i++)); do
    grep -qxE '_[0-9a-f]{32}' "$T/reader.$i" || fail "reader $i: $(cat "$T/reader.$i")"
done

# --- a cached answer asks no bus, and follows what another program changes in the keyring
export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 # strace and the leak checker do not go together
keyring_stack timeout=10
sed -i 's/^set cache none$/set cache runtime/' "$LWCRED_CONFIG"
export XDG_RUNTIME_DIR=$RUN # the bus has an address
exchanged
cached
strace -f -e trace=execve,open,openat,socket,connect -o "$T/trace" "$PLAIN" get --format token >"$OUT" 2>"$ERR"
expect_stdout "$TOKEN"
grep -q 'libc\.so' "$T/trace" || fail "strace saw no program"
! grep -E 'socket\(|connect\(|libsecret|libgio|secret-service\.so' "$T/trace" || fail "a cached answer asks the keyring"
[ "$(grep -c 'execve(' "$T/trace")" = 1 ] || fail "a cached answer starts a program"
sleep 1.1
plant_key
put default "$SECRET"
exchanged
cached
kill -STOP "$KEYRING_PID"
cached
kill -CONT "$KEYRING_PID"
echo ok
