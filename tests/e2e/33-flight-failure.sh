#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A remembered failure is reported to callers only for whom the exchange would fail, too; and a
# server that does not answer is not asked by each caller.
. "$(dirname "$0")/../support/cache.sh"
MANY=30
if [ "${WRAPPER:-}" = valgrind ]; then
    MANY=4
fi
start_standin
plant_key
make_store_keyfile
XDG_RUNTIME_DIR=$RUN
run 0 "$HELPER" add -a cache33 --key-id "$KEY_ID" --secret-stdin --no-verify --api-url "$API_URL" <<<"$SECRET"
cache_in runtime
forget_all() {
    run 0 "$HELPER" erase < <(printf 'protocol=https\nhost=cache33.lacework.net\n')
}

# --- a proxy, certificates, a hurry of their own
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=nobody -keyout "$T/nobody.key" -out "$T/nobody.pem" 2>"$T/said"
HTTPS_PROXY=http://127.0.0.1:9 run 10 "$HELPER" get --format token
expect_stdout_empty
exchanged
forget_all
LWCRED_CA_BUNDLE=$T/nobody.pem run 10 "$HELPER" get --format token
expect_stderr_has CA
exchanged
forget_all
mode slow-headers 3
run 10 "$PLAIN" --timeout 1 get --format token
expect_stderr_has 'timed out'
mode
exchanged
forget_all

# --- no descriptors left: no failure of the network
lacking=0
for limit in 5 6 7 8 9 10 11 12; do
    status=0
    prlimit --nofile=$limit "$PLAIN" get --format token >"$OUT" 2>"$ERR" || status=$?
    if [ "$status" = 9 ]; then
        expect_stdout_empty
        expect_stderr_has 'Too many open files'
        lacking=$((lacking + 1))
    fi
    [ "$status" = 0 ] || exchanged
    forget_all
done
[ "$lacking" -ge 2 ] || fail "there were enough"

# --- a token that lives for a second, on a machine that may be busy for one
fresh=no
for ((i = 0; i < 10; i++)); do
    "$PLAIN" get --format token --ttl 1 --refresh >"$OUT" 2>"$ERR" && fresh=yes && break
done
[ "$fresh" = yes ] || fail "no token of one second: $(cat "$ERR")"
issued_token_matches "$(cat "$OUT")"
mode 'slow-headers 1.1'
run 10 "$PLAIN" get --format token --ttl 1 --refresh
expect_stdout_empty
expect_stderr_has 'expired when it arrived'
mode

# --- another network: what fails in a sandbox without one fails there alone, and the other way round
if unshare --net true 2>/dev/null; then
    forget_all
    run 10 unshare --net "$HELPER" get --format token
    expect_stdout_empty
    exchanged
    forget_all
fi

# --- two in turn with one key: neither makes the other forget what failed
in_turn() { # STATUS MODE...: ten calls that alternate between two sub-accounts
    local status=$1 i
    shift
    mode "$@"
    BEFORE=$(count_exchanges)
    for ((i = 0; i < 5; i++)); do
        run "$status" "$PLAIN" get --format token --sub-account one
        run "$status" "$PLAIN" get --format token --sub-account two
    done
}
# new_key: what is remembered of the one before does not count for it
new_key() {
    plant_key
    run 0 "$HELPER" add --replace -a cache33 --key-id "$KEY_ID" --secret-stdin --no-verify --api-url "$API_URL" <<<"$SECRET"
}
new_key
in_turn 11 status 401
[ $(($(count_exchanges) - BEFORE)) = 2 ] || fail "refused: $(($(count_exchanges) - BEFORE)) exchanges, not one for each"
new_key
in_turn 12 status 429 retry-after=100
[ $(($(count_exchanges) - BEFORE)) = 1 ] || fail "limited: $(($(count_exchanges) - BEFORE)) exchanges, not one for the key"
mode
run 12 "$PLAIN" get --format token --sub-account three
exchanged --sub-account two --refresh # a success of another is none of this one's
run 12 "$PLAIN" get --format token --sub-account one
new_key

# --- tokens that cannot be shared do not wait for each other
calls_in_progress() {
    local hex
    printf -v hex '%04X' "$PORT"
    awk -v port=":$hex" '$2 ~ port "$" && $4 == "01"' /proc/net/tcp /proc/net/tcp6 | wc -l
}
in_flight() { # NUMBER: so many calls are held at the stand-in
    local tries
    for ((tries = 0; tries < 600; tries++)); do
        [ "$(calls_in_progress)" -ge "$1" ] && return 0
        sleep 0.05
    done
    fail "$(calls_in_progress) calls at once, not $1"
}
ended() { # STATUS: all of pids ended with it
    local pid status
    for pid in "${pids[@]}"; do
        status=0
        wait "$pid" || status=$?
        [ "$status" = "$1" ] || fail "status $status: $(cat "$T"/held.*)"
    done
}
rm -f "$T/go"
mode hold "$T/go"
pids=()
for ((i = 0; i < 8; i++)); do
    "$PLAIN" get --format token --sub-account "sub$i" </dev/null >"$T/held.$i" 2>&1 &
    pids+=($!)
done
in_flight 8
: >"$T/go"
ended 0

# --- where no place takes a token, none is waited for: after the first all call at once
mode
cache_in sealed # with nothing at hand to seal with
run 0 "$PLAIN" get --format token --ttl 77
rm -f "$T/go"
mode hold "$T/go"
pids=()
for ((i = 0; i < 8; i++)); do
    "$PLAIN" get --format token --ttl 77 </dev/null >"$T/held.$i" 2>&1 &
    pids+=($!)
done
in_flight 8
: >"$T/go"
ended 0

# --- a key that is removed while its exchange is under way leaves no token behind
for place in keyring runtime; do
    cache_in "$place"
    new_key
    rm -f "$T/go"
    mode hold "$T/go"
    pids=()
    "$PLAIN" get --format token </dev/null >"$T/held.0" 2>&1 &
    pids+=($!)
    in_flight 1
    run 0 "$HELPER" remove -p default
    : >"$T/go"
    ended 0
    run 0 "$HELPER" cache list
    expect_stdout_lacks "$KEY_ID"
    [ -z "$OWN_KEYRING" ] || [ -z "$(my_keys)" ] || fail "a token of the removed key stays in the keyring"
done
mode
cache_in runtime
new_key

# --- many who insist on a new token, while the API refuses any
mode 'status 429 retry-after=3'
BEFORE=$(count_exchanges)
pids=()
for ((i = 0; i < MANY; i++)); do
    "$PLAIN" get --format token --refresh </dev/null >"$T/refresh.$i" 2>&1 &
    pids+=($!)
done
for pid in "${pids[@]}"; do
    status=0
    wait "$pid" || status=$?
    [ "$status" = 12 ] || fail "status $status"
done
# Callers that begin after the answer came ask themselves.
[ $(($(count_exchanges) - BEFORE)) -le 5 ] || fail "$(($(count_exchanges) - BEFORE)) exchanges for $MANY"
sleep 3.1

# --- a server that accepts and never answers: one or two wait for it, and the others for them.  The
# deadline is long beside the seconds that a busy machine may need to start them all.
most=0
mode nothing
pids=()
for ((i = 0; i < MANY; i++)); do
    "$PLAIN" --timeout 20 get --format token </dev/null >"$T/hung.$i.out" 2>"$T/hung.$i.err" &
    pids+=($!)
done
for ((tries = 0; tries < 100; tries++)); do
    now=$(calls_in_progress)
    [ "$now" -le "$most" ] || most=$now
    sleep 0.2
done
[ "$most" -ge 1 ] && [ "$most" -le 2 ] || fail "$most calls at once"
for pid in "${pids[@]}"; do
    status=0
    wait "$pid" || status=$?
    case $status in 10 | 13) ;; *) fail "status $status: $(cat "$T"/hung.*.err)" ;; esac
done
[ -z "$(cat "$T"/hung.*.out)" ] || fail "output"
grep -q 'held by another process' "$T"/hung.*.err || fail "nobody says why"
mode
sleep 3.1
exchanged
cached
echo ok
