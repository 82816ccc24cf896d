#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What failed for one is held against those alone for whom it would fail, too; and a server that
# answers nobody is not asked by everybody.
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

# --- no descriptors left: nobody's network is to blame
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
# Who begins after the answer came asks himself.
[ $(($(count_exchanges) - BEFORE)) -le 5 ] || fail "$(($(count_exchanges) - BEFORE)) exchanges for $MANY"
sleep 3.1

# --- a server that accepts and never answers: two wait for it, and the others for them.  The
# deadline is long beside the seconds that a busy machine may need to start them all.
most=0
calls_in_progress() {
    local hex
    printf -v hex '%04X' "$PORT"
    awk -v port=":$hex" '$2 ~ port "$" && $4 == "01"' /proc/net/tcp /proc/net/tcp6 | wc -l
}
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
