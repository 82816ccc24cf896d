#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Many at once, and trouble in the middle of it: one exchange, or a few, and everybody ends in time
# with the right answer.
. "$(dirname "$0")/../support/cache.sh"
MANY=200 WAITERS=50 TIMEOUT=60
if [ "${WRAPPER:-}" = valgrind ]; then
    MANY=5 WAITERS=4
fi
start_standin
plant_key
make_store_keyfile
XDG_RUNTIME_DIR=$RUN
run 0 "$HELPER" add -a cache32 --key-id "$KEY_ID" --secret-stdin --no-verify --api-url "$API_URL" <<<"$SECRET"
forget_all() {
    run 0 "$HELPER" erase < <(printf 'protocol=https\nhost=cache32.lacework.net\n')
}
PIDS=()
# start_many NUMBER NAME ARGS...: that many gets at once; output in $T/many/NAME.*, to be collected
start_many() {
    local number=$1 name=$2 i
    shift 2
    mkdir -p "$T/many"
    PIDS=()
    for ((i = 0; i < number; i++)); do
        "$HELPER" --timeout "$TIMEOUT" get --format token "$@" </dev/null \
            >"$T/many/$name.$i.out" 2>"$T/many/$name.$i.err" &
        PIDS+=($!)
    done
}
# collect STATUS: all of them ended with it; within TIMEOUT, for the program says so
collect() {
    local pid status
    for pid in "${PIDS[@]}"; do
        status=0
        wait "$pid" || status=$?
        [ "$status" = "$1" ] || { cat "$T"/many/*.err >"$ERR"; fail "status $status, not $1"; }
    done
}
expect_one_token() { # name: all printed the same token, the one that was issued last
    [ "$(cat "$T/many/$1".*.out | sort -u | wc -l)" = 1 ] || fail "$1: not one token"
    [ "$(cat "$T/many/$1".*.out | wc -l)" = "${#PIDS[@]}" ] || fail "$1: not every one has its token"
    issued_token_matches "$(cat "$T/many/$1.0.out")"
}
expect_no_output() { # name, pattern of each one's stderr
    [ -z "$(cat "$T/many/$1".*.out)" ] || fail "$1: output"
    [ "$(grep -lE -e "$2" "$T/many/$1".*.err | wc -l)" = "${#PIDS[@]}" ] ||
        { cat "$T/many/$1".*.err | sort | uniq -c >"$ERR"; fail "$1: not every one says: $2"; }
}
since() { echo $(($(count_exchanges) - BEFORE)); }
at_most() { # exchanges, name
    [ "$(since)" -ge 1 ] && [ "$(since)" -le "$1" ] || fail "$2: $(since) exchanges"
}
begin() { # the stand-in's mode
    forget_all
    mode "$@"
    BEFORE=$(count_exchanges)
}

# --- many at once, nothing cached: one exchange, in each place
for place in keyring runtime; do
    cache_in "$place"
    begin
    start_many "$MANY" "$place"
    collect 0
    expect_one_token "$place"
    [ "$(since)" = 1 ] || fail "$place: $(since) exchanges"
done

# --- the environment alone: one exchange, too, or one refusal, though the search for the key is in no flight
environment() { # words of a command
    LW_ACCOUNT=cache32 LW_API_KEY=$KEY_ID LW_API_SECRET=$SECRET LW_API_SERVER_URL=$API_URL "$@"
}
for place in keyring runtime sealed; do
    export LWCRED_CONFIG=$T/alone.$place
    printf '%s\n' 'lookup required env' "set cache $place" >"$LWCRED_CONFIG"
    environment run 0 "$HELPER" erase < <(printf 'protocol=https\nhost=cache32.lacework.net\n')
    mode
    BEFORE=$(count_exchanges)
    environment start_many "$MANY" "alone-$place"
    collect 0
    expect_one_token "alone-$place"
    [ "$(since)" = 1 ] || fail "alone, $place: $(since) exchanges"
    if [ -z "${WRAPPER:-}" ]; then # warm: it waits for nobody, and opens no socket
        environment env ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" strace -f -e trace=flock,socket,connect -o "$T/trace" \
            "$PLAIN" get --format token >"$OUT" </dev/null || fail "alone, $place: status $?"
        expect_stdout "$(cat "$T/many/alone-$place.0.out")"
        ! grep -qE 'flock|socket|connect' "$T/trace" || fail "alone, $place: a lock or a socket"
    fi
    BEFORE=$(count_exchanges)
    SECRET=_wrong$place environment start_many "$WAITERS" "wrong-$place"
    collect 11
    expect_no_output "wrong-$place" refused
    [ "$(since)" = 1 ] || fail "wrong, $place: $(since) exchanges"
done

# --- two HOMEs, the same key
cache_in keyring
begin hold "$T/go"
mkdir -m 700 "$T/home2"
cp -p "$LWCRED_KEY_FILE" "$T/home2/"
HOME=$T/home2 XDG_DATA_HOME=$T/home2/data XDG_CONFIG_HOME=$T/home2/config XDG_CACHE_HOME=$T/home2/cache XDG_RUNTIME_DIR=$T/run \
    run 0 "$HELPER" add -a cache32 -p other --key-id "$KEY_ID" --secret-stdin --no-verify --api-url "$API_URL" <<<"$SECRET"
start_many 5 homes
FIRST=("${PIDS[@]}")
HOME=$T/home2 XDG_DATA_HOME=$T/home2/data XDG_CONFIG_HOME=$T/home2/config XDG_CACHE_HOME=$T/home2/cache XDG_RUNTIME_DIR=$T/run \
    start_many 5 second-homes
PIDS+=("${FIRST[@]}")
sleep 0.3
: >"$T/go"
collect 0
PIDS=(1 2 3 4 5)
expect_one_token homes
expect_one_token second-homes
[ "$(since)" = 1 ] || fail "two HOMEs: $(since) exchanges"

# --- the leader is killed in mid-request
calls_in_progress() { # connections that the stand-in has accepted
    local hex
    printf -v hex '%04X' "$PORT"
    awk -v port=":$hex" '$2 ~ port "$" && $4 == "01"' /proc/net/tcp /proc/net/tcp6 | wc -l
}
lead() { # [NUMBER]: the leader's pid in LEADER, once so many requests are on their way
    local tries
    "$PLAIN" --timeout "$TIMEOUT" get --format token </dev/null >"$T/leader.out" 2>&1 &
    LEADER=$!
    for ((tries = 0; tries < 500; tries++)); do
        [ "$(calls_in_progress)" -ge "${1:-1}" ] && return 0
        sleep 0.02
    done
    fail "the leader does not call"
}
until_logged() { # NUMBER: returns once the stand-in has logged so many exchanges
    local tries
    for ((tries = 0; tries < 500; tries++)); do
        [ "$(since)" -ge "$1" ] && return 0
        sleep 0.02
    done
    fail "$(since) exchanges are logged, not $1"
}
cache_in runtime
rm -f "$T/go"
begin hold "$T/go"
lead
start_many "$WAITERS" killed
sleep 0.5
[ "$(calls_in_progress)" = 1 ] || fail "$(calls_in_progress) calls, and not the leader's alone"
mode
kill -KILL "$LEADER"
wait "$LEADER" 2>/dev/null && fail "the leader lives"
collect 0
[ "$(since)" = 1 ] || fail "leader killed: $(since) exchanges" # its own waits for the file
expect_one_token killed
: >"$T/go"
until_logged 2 # the killed leader's, too

# --- two leaders are stopped in mid-request: the others go on without them at once, one of them
# first.
rm -f "$T/go"
TIMEOUT=30
begin hold "$T/go"
lead
kill -STOP "$LEADER"
SLEEPER=$LEADER
lead 2
kill -STOP "$LEADER"
mode
start_many "$WAITERS" stopped
collect 0
at_most 3 'leader stopped'
[ "$(cat "$T"/many/stopped.*.out | grep -c .)" = "$WAITERS" ] || fail "not every one has its token"
[ "$(cat "$T"/many/stopped.*.out | sort -u | wc -l)" -le 3 ] || fail "too many tokens"
# A leader wakes up: it neither loses its answer nor spoils what is cached.
ANSWERED=$(since)
: >"$T/go"
kill -KILL "$SLEEPER"
kill -CONT "$LEADER"
wait "$LEADER" || fail "the leader that was stopped fails: $(cat "$T/leader.out")"
grep -qx '_[0-9a-f]*' "$T/leader.out" || fail "the leader that was stopped: $(cat "$T/leader.out")"
until_logged $((ANSWERED + 2)) # the killed leader's, too
BEFORE=$(count_exchanges)
run 0 "$HELPER" get --format token
[ "$(since)" = 0 ] || fail "nothing is cached after all"
TIMEOUT=60

# --- the server is in trouble: few exchanges, and everybody is told so
trouble() { # name, status, pattern, mode
    begin "$4"
    start_many "$MANY" "$1"
    collect "$2"
    expect_no_output "$1" "$3"
    at_most 3 "$1"
}
cache_in keyring
trouble answer-500 10 '500' 'status 500'
sleep 3.2 # as long as that is remembered
begin
exchanged
trouble answer-401 11 '401' 'status 401'
begin
run 11 "$HELPER" get --format token # remembered, and told as it was
expect_stdout_empty
expect_stderr_has 401
[ "$(since)" = 0 ] || fail "a refused key was tried again at once"
exchanged --refresh # who asks for it gets his exchange
cached
trouble answer-429 12 '[0-9]+ s' 'status 429 retry-after=7'
begin
run 12 "$HELPER" get --format token
expect_stderr_has '[1-7] s'
[ "$(since)" = 0 ] || fail "not waited as the API said"
sleep 7.2
exchanged
cached

# --- the renewal fails while the old token still lives: that one, and a warning
WARNING='^lw-credential-helper: warning: the token could not be renewed, the old one lives [0-9]+ s more: '
# later SECONDS CMD...: CMD when so much more time has gone by on the boot clock; fails where
# the kernel has no time namespaces, or for others than root.
later() {
    local seconds=$1
    shift
    unshare --time --fork --boottime "$seconds" "$@"
}
expect_stale() { # seconds left at most
    expect_stdout "$TOKEN"
    expect_stderr_has "$WARNING"
    [ "$(wc -l <"$ERR")" = 1 ] || fail "not one warning"
    local left
    left=$(sed -n 's/.*lives \([0-9]*\) s more.*/\1/p' "$ERR")
    [ "$left" -ge 1 ] && [ "$left" -le "$1" ] || fail "$left s more"
}
VALGRIND_HELPER=$HELPER
HELPER=$PLAIN # for tokens that live 16 s
cache_in runtime
forget_all
mode
exchanged
HOUR_TOKEN=$TOKEN
exchanged --ttl 16
mode 'status 503'
sleep 8.2
BEFORE=$(count_exchanges)
run 0 "$HELPER" get --format token --ttl 16
expect_stale 8
[ "$(since)" = 1 ] || fail "the renewal was not tried"
run 0 "$HELPER" get --format token --ttl 16
expect_stale 8
[ "$(since)" = 1 ] || fail "the renewal was tried again at once"
run 10 "$HELPER" get --format token --ttl 16 --min-valid 15 # who asks for more gets no less
expect_stdout_empty
run 10 "$HELPER" get --format token --ttl 16 --refresh
expect_stdout_empty
TOKEN=$HOUR_TOKEN
cached
if later 0 true 2>/dev/null; then
    run 0 later 3000 "$HELPER" get --format token # ten minutes left: enough
    expect_stdout "$TOKEN"
    expect_stderr_empty
    run 0 later 3400 "$HELPER" get --format token # three minutes left
    expect_stale 200
    mode 'status 429 retry-after=30'
    sleep 3.2
    run 0 later 3400 "$HELPER" get --format token
    expect_stale 200
    run 12 later 3601 "$HELPER" get --format token # nothing left
    expect_stdout_empty
fi

# --- the network is gone
HELPER=$VALGRIND_HELPER
mode
forget_all
plant_key # the old one has to wait now
run 0 "$HELPER" add --replace -a cache32 --key-id "$KEY_ID" --secret-stdin --no-verify --api-url "$API_URL" <<<"$SECRET"
quick exchanged --ttl 3
exchanged
stop_standins
cached
if [ -z "${WRAPPER:-}" ]; then
    ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 run 0 strace -f -e trace=socket,connect -o "$T/trace" "$PLAIN" get --format token
    expect_stdout "$TOKEN"
    ! grep -qE 'socket|connect' "$T/trace" || fail "a socket was opened"
fi
start_many "$WAITERS" offline
collect 0
[ "$(cat "$T"/many/offline.*.out | sort -u)" = "$TOKEN" ] || fail "not the cached token"
sleep 3
run 10 "$HELPER" get --format token --ttl 3 # expired, and nobody to ask
expect_stdout_empty
expect_stderr_has localhost
run 10 "$HELPER" get --ttl 3 < <(printf 'protocol=https\nhost=cache32.lacework.net\n\n')
expect_stdout_empty
start_many "$WAITERS" expired --ttl 3
collect 10
expect_no_output expired localhost
TOKEN=$(cat "$T/many/offline.0.out")
cached
echo ok
