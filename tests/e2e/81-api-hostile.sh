#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Calls of an API that lies, drips, breaks off or sends elsewhere, and bad input of the caller's.
. "$(dirname "$0")/../support/cache.sh"
start_standin --dir "$T/elsewhere"
ELSEWHERE=$STANDIN ELSEWHERE_URL=$API_URL ELSEWHERE_ORIGIN=$ORIGIN
start_standin --dir "$T/standin"
plant_key
make_store_keyfile
export XDG_RUNTIME_DIR=$RUN
cache_in runtime
run 0 "$HELPER" add -a acme --key-id "$KEY_ID" --secret-stdin --api-url "$API_URL" <<<"$SECRET"
run 0 "$HELPER" get --format token
TOKEN=$(cat "$OUT")
PROFILE=/api/v2/UserProfile
api() { # STATUS ARGS...
    run "$1" "$HELPER" api "${@:2}"
}
requests() {
    wc -l <"$STANDIN/log"
}

# --- what would leave the credential's origin, or break the request, is not sent
before=$(requests)
while IFS= read -r path; do
    api 2 GET "$path"
    expect_stdout_empty
    expect_stderr_has 'the path (does not begin|begins|holds)'
done <<PATHS
$ELSEWHERE_URL/api/v2/UserProfile
//$ELSEWHERE_ORIGIN/api/v2/UserProfile
@$ELSEWHERE_ORIGIN/x
api/v2/UserProfile
/api/../x
/api/v2/..
/api/v2/%2e%2E/x
/api/./v2
/api/v2/.?x
/a b
/a\\b
/a#b
/caf$(printf '\303\251')
/a$(printf '\t')b
PATHS
api 2 GET $'/a\r\nX-Injected: 1'
api 2 GET "/$(head -c 9000 /dev/zero | tr '\0' a)"
while IFS= read -r line; do
    api 2 "$PROFILE" -H "$line"
    expect_stdout_empty
    expect_stderr_lacks 'sEcReT'
done <<'HEADERS'
Authorization: Bearer sEcReT
host: sEcReT
ACCOUNT-NAME: sEcReT
Org-Access: true
Content-Length: 5
Transfer-Encoding: chunked
Connection: close
Proxy-Authorization: sEcReT
Cookie: sEcReT
Accept-Encoding: gzip
X-LW-UAKS: sEcReT
Expect: 100-continue
no colon sEcReT
X-Empty:
X Blank: sEcReT
: sEcReT
HEADERS
api 2 "$PROFILE" -H $'X-Test: a\r\nAuthorization: b'
api 2 "$PROFILE" -H $'X-Test: a\nb'
api 2 "$PROFILE" -H 'X-Test: a' -H 'x-test: b'
api 2 TRACE "$PROFILE"
api 2 CONNECT "$PROFILE"
api 2 GTE "$PROFILE"
api 2
api 2 GET "$PROFILE" more
api 2 --slurp "$PROFILE"
api 2 --slurp --paginate -i "$PROFILE"
api 2 --paginate DELETE "$PROFILE"
api 2 HEAD "$PROFILE" -d x
api 2 POST "$PROFILE" -d "@$T/missing"
api 2 POST "$PROFILE" -d "@$T"
[ "$(requests)" = "$before" ] || fail "a bad call was sent"
mkfifo "$T/fifo"
sleep 30 >"$T/fifo" 2>/dev/null &
writer=$!
run 2 "$HELPER" --timeout 1 api POST "$PROFILE" -d "@$T/fifo"
expect_stderr_has 'its end did not come in time'
kill "$writer"

# --- redirects of any status are not followed, and the host is named
for status in 301 302 303 307 308; do
    mode "data: redirect https://user:pass@$ELSEWHERE_ORIGIN/x?token=abc $status"
    api 10 "$PROFILE"
    expect_stdout_empty
    expect_stderr_has "redirects \(status $status\) to $ELSEWHERE_ORIGIN, which is not followed"
    expect_stderr_lacks 'pass|abc'
done
mode 'data: redirect /elsewhere'
api 10 "$PROFILE"
expect_stderr_has 'redirects .* to itself'
[ ! -s "$ELSEWHERE/log" ] || fail "a redirect was followed"

# --- replies that break off: what was printed is the beginning of the body
python3 -c 'print("{\"a\":\"" + "x" * 300000 + "\"}", end="")' >"$T/body"
for how in cut cut-chunked; do
    mode "data: body $T/body 200; data: $how"
    api 10 "$PROFILE"
    [ -s "$OUT" ] || fail "$how: nothing was printed"
    cmp -n "$(wc -c <"$OUT")" "$OUT" "$T/body" || fail "$how: not the beginning of the body"
    [ "$(wc -c <"$OUT")" -lt "$(wc -c <"$T/body")" ] || fail "$how: the whole body came"
done
for how in cut-headers nothing hang-up reset; do
    mode "data: $how"
    run 10 "$HELPER" --timeout 2 api "$PROFILE"
    expect_stdout_empty
done
mode 'data: huge-headers'
api 10 "$PROFILE"
expect_stdout_empty
mode 'data: early-hints'
api 0 -i "$PROFILE"
[ "$(head -n 1 "$OUT")" = 'HTTP/1.1 200' ] || fail "the interim reply was shown"

# --- errors: a body of any size, of any form; the token and agent tokens are not repeated
mode 'data: status 500; data: huge 3000000'
api 10 "$PROFILE"
expect_stdout_empty
mode 'data: echo-token 403'
api 11 "/api/v2/AgentAccessTokens/0123456789abcdef0123456789abcdef"
expect_stderr_lacks "${TOKEN:1:8}"
expect_stderr_lacks '0123456789'
expect_stderr_has 'repeats the secret and is not shown'
mode 'data: html 502'
api 10 "$PROFILE"
expect_stderr_has 'status 502.*Bad Gateway'
mode

# --- output that cannot be written
api_to() { # STATUS FILE
    local status=0
    "$HELPER" api "$PROFILE" >"$2" 2>"$ERR" || status=$?
    [ "$status" = "$1" ] || fail "expected $1, got $status, where stdout is $2"
}
api_to 9 /dev/full
expect_stderr_has 'standard output: .*No space left'
mode "data: body $T/body 200"
api_to 9 /dev/full
status=0
"$HELPER" api "$PROFILE" >&- 2>"$ERR" || status=$?
[ "$status" = 9 ] || fail "expected 9 where stdout is closed, got $status"
set +o pipefail
{ "$HELPER" api "$PROFILE" 2>"$ERR" || printf '%s' "$?" >"$T/status"; } | head -c 1 >/dev/null
set -o pipefail
[ "$(cat "$T/status" 2>/dev/null || echo 9)" = 9 ] || fail "expected 9 for a broken pipe, got $(cat "$T/status")"
mode

# --- 200 MB pass in constant memory
peak() { # ARGS...: peak memory in KiB of a call, and the bytes that it printed
    python3 -ISc 'import resource, subprocess, sys
call = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)
size = 0
while True:
    part = call.stdout.read(1 << 20)
    if not part:
        break
    size += len(part)
assert call.wait() == 0
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, size)' "$O/bin/lw-credential-helper" api "$@"
}
if [ "${WRAPPER:-}" != valgrind ]; then
    # The address sanitizer keeps 256 MB of what was freed, unless it is told otherwise.
    export ASAN_OPTIONS=$ASAN_OPTIONS:quarantine_size_mb=1:thread_local_quarantine_size_kb=64
    read -r small _ <<<"$(peak "$PROFILE")"
    mode 'data: stream 200000000'
    read -r large size <<<"$(peak --timeout 10m "$PROFILE")"
    [ "$size" = 200000000 ] || fail "200000000 bytes expected, not $size"
    [ $((large - small)) -le 4096 ] || fail "200 MB took $((large - small)) KiB more"
fi
echo ok
