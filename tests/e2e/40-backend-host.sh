#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A backend that hangs, crashes, floods or lies costs its caller seconds: the stack goes on as its
# controls say, and no process is left behind.
. "$(dirname "$0")/../support/e2e.sh"
export LWCRED_BACKEND_DIR=$O/tests/modules LWCRED_CONFIG=$T/stack

# Every process of a backend host of this scenario, stopped ones too.
hosts() {
    local pid
    for pid in $(own_processes); do
        if grep -qsx 'lwcred-backend-' "/proc/$pid/comm"; then
            printf '%s\n' "$pid"
        fi
    done
}

expect_no_host() {
    local tries
    for ((tries = 0; tries < 100; tries++)); do
        [ -n "$(hosts)" ] || return 0
        sleep 0.1
    done
    fail "a backend host is left behind: $(hosts | tr '\n' ' ')"
}

stack() { # argument of the blocking backend, control of it, lines behind it...
    printf 'lookup %s blocking dir=%s timeout=1 %s\n' "$2" "$T/kept" "$1" >"$LWCRED_CONFIG"
    shift 2
    printf '%s\n' 'set cache none' "$@" >>"$LWCRED_CONFIG"
}

get() { # status
    run "$1" timeout 30 "$HELPER" get --format token --profile p
    expect_no_host
}

mkdir -m 700 "$T/kept"
start_standin
plant_key
make_store_keyfile
printf '%s' "$SECRET" >"$T/secret"
chmod 600 "$T/secret"
add() {
    run 0 "$HELPER" add --profile p --account acme --key-id "$KEY_ID" --secret-file "$T/secret" \
        --api-url "$API_URL" --backend "$1"
    expect_no_host
}

# Stored, listed, found, and removed, through the host.
stack '' sufficient "store required blocking dir=$T/kept" "erase sufficient blocking dir=$T/kept"
add blocking
[ -f "$T/kept/p" ] || fail "the backend stored nothing"
get 0
issued_token_matches "$(cat "$OUT")"
run 0 "$HELPER" list
expect_stdout_has "$KEY_ID"
run 0 "$HELPER" remove -p p
[ ! -e "$T/kept/p" ] || fail "the backend still holds it"
expect_no_host

# The same key in the file store, behind a backend with a fault.  tests/unit/remote/test_client.c has them all.
stack '' optional 'lookup sufficient file' 'store required file'
add file
for fault in stop-group crash half flood-log drip child-and-leave child-and-sleep; do
    stack "at=find fault=$fault" '[success=done not_found=ignore error=ignore default=die]' 'lookup sufficient file'
    get 0
    issued_token_matches "$(cat "$OUT")"
done
stack "at=close fault=sleep" sufficient 'lookup sufficient file'
get 0

# "sufficient" passes over what is absent, not over what is there and failed.
for fault in crash half sleep flood-log; do
    stack "at=find fault=$fault" sufficient 'lookup sufficient file'
    get 15
    expect_stdout_empty
done
stack "at=open fault=sleep" '[success=done unavailable=ignore default=die]' 'lookup sufficient file'
get 15
expect_stdout_empty

# A hanging backend leaves half of the time to the lines behind it, and to the exchange.
printf '%s\n' "lookup [error=ignore default=die] blocking dir=$T/kept timeout=1h at=find fault=sleep" \
    'lookup sufficient file' 'set cache none' >"$LWCRED_CONFIG"
run 0 timeout 60 "$HELPER" get --format token --profile p --timeout 16
expect_stderr_has "warning: backend 'blocking' is passed over: .* did not answer within .* s, half of the time that was left"
expect_no_host

# Nothing else answers, or nothing else may: failed, with the cause.
stack 'at=find fault=sleep' required
get 15
expect_stderr_has "backend 'blocking' did not answer within 1 s"
expect_stdout_empty
stack 'at=open fault=crash' required 'lookup sufficient file'
get 15
expect_stderr_has "backend 'blocking' crashed \(SIGSEGV\)"
expect_stdout_empty

# A backend that holds the key fails in find().
stack '' sufficient "store required blocking dir=$T/kept"
add blocking
for fault in sleep crash; do
    stack "at=find fault=$fault" required
    get 15
done
stack 'at=store fault=sleep' sufficient "store required blocking dir=$T/kept timeout=1 at=store fault=sleep"
run 15 timeout 30 "$HELPER" add --profile q --account acme --key-id "$KEY_ID" --secret-file "$T/secret" \
    --api-url "$API_URL" --backend blocking
expect_no_host

# A program that is killed in mid-call takes the host with it, even a stopped one.
for fault in sleep stop-group child-and-sleep; do
    printf 'lookup sufficient blocking dir=%s timeout=1h at=find fault=%s\nset cache none\n' "$T/kept" "$fault" >"$LWCRED_CONFIG"
    "$O/bin/lw-credential-helper" get --profile p </dev/null >/dev/null 2>&1 &
    caller=$!
    for ((tries = 0; tries < 100; tries++)); do
        [ "$(hosts | wc -l)" -lt 2 ] || break
        sleep 0.05
    done
    [ "$(hosts | wc -l)" -ge 2 ] || fail "no host was started"
    kill -KILL "$caller"
    wait "$caller" 2>/dev/null || true
    expect_no_host
done

# By hand it does nothing.
run 2 "$O/libexec/lwcred/lwcred-backend-host"
expect_stderr_has 'does nothing by hand'
run 2 "$O/libexec/lwcred/lwcred-backend-host" --help
rm "$LWCRED_CONFIG" # what comes last is not to wait for an hour
unset LWCRED_CONFIG
echo ok
