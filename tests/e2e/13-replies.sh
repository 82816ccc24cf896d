#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every reply of the token endpoint ends in the right outcome; nothing on stdout but a token.
. "$(dirname "$0")/../support/e2e.sh"
cache_in none
start_standin
plant_key
export LW_ACCOUNT=acme LW_API_KEY=$KEY_ID LW_API_SECRET=$SECRET LW_API_SERVER_URL=$API_URL

good() { # mode
    mode "$1"
    run 0 "$HELPER" get --format token
    issued_token_matches "$(cat "$OUT")"
    expect_stderr_lacks "$SECRET"
}
bad() { # status pattern mode
    mode "$3"
    run "$1" "$HELPER" get --format token
    expect_stdout_empty
    expect_stderr_has "$2"
    expect_stderr_lacks "$SECRET"
    [ "$(grep -cv '^hint: ' "$ERR")" -le 2 ] || fail "more than an error line"
    [ -z "${WRAPPER:-}" ] || return 0 # the same way through the program again, and slow there
    run "$1" "$HELPER" get < <(printf 'capability[]=authtype\nprotocol=https\nhost=acme.lacework.net\n')
    expect_stdout_empty
}

# --- good ones
good ok
good 'ok 200'
for form in ms sec frac1 frac9 zero zero-nocolon offset offset-nocolon; do good "expires $form"; done
good chunked
good until-close
good cookie
good early-hints
good 'token max'
good no-date
good 'expires far'
run 0 "$HELPER" get --format json
python3 -c 'import json,sys; a = json.load(open(sys.argv[1])); assert a["expiresIn"] <= 3600, a' "$OUT"

# The server's clock decides; ours is a day off either way, and that is said.
for offset in 86400 -86400; do
    good "clock $offset"
    expect_stderr_has clock
    run 0 "$HELPER" -q get --format json
    python3 -c 'import json,sys,time,datetime
a = json.load(open(sys.argv[1]))
assert 3500 < a["expiresIn"] <= 3600, a
at = datetime.datetime.fromisoformat(a["expiresAt"].replace("Z", "+00:00")).timestamp()
assert abs(at - time.time() - a["expiresIn"]) < 5, a' "$OUT"
done

# --- unusable ones
bad 10 'unusable' 204
for form in blank quote nul utf8 empty number null list long missing crlf; do bad 10 'unusable|token' "token $form"; done
bad 10 'token' no-token
bad 10 'v1' v1
bad 10 'unusable' 'html 200'
bad 10 'unusable' 'text 201 hello'
bad 10 'unusable' 'empty 201'
bad 10 'unusable' duplicate
bad 10 'unusable' deep
bad 10 'large|1 MiB|too big|exceed' huge
bad 10 'header|large' huge-headers
for framing in cut cut-chunked cut-headers hang-up reset; do bad 10 'connection|reply|closed|cut' "$framing"; done
bad 10 'unusable|encoding|gzip' gzip
for form in past year2000 v1 no-zone garbage empty number null missing; do bad 10 'expiresAt|expire' "expires $form"; done

# --- refusals: the server's own words reach the user
for form in message ErrorMsg data.message statusMessage; do
    bad 11 'no rights at all' "status 403 form=$form message=no rights at all"
done
bad 11 '401' 'status 401 form=success'
bad 11 '401' 'empty 401'
bad 11 '403' 'html 403'
bad 11 '404' 'status 404'
bad 11 'bad request' 'status 400 message=bad request'
bad 11 '' 'echo-secret 401'
mode "$(printf 'status 401 message=a\033[31mred\\')"
run 11 "$HELPER" get --format token
! grep -q "$(printf '\033')" "$ERR" || fail "an escape sequence reached the terminal"
mode 'status 401 message=##[error]x ##vso[task.setvariable variable=a]b'
run 11 "$HELPER" get --format token
! grep -qF -e '##[' -e '##vso[' "$ERR" || fail "a CI command reached the log"

# --- wait
bad 12 '37 s' 'status 429 reset=37'
bad 12 '41 s' 'status 429 retry-after=41'
bad 12 '41 s' 'status 429 reset=37 retry-after=41'
mode 'status 429 retry-after=date+90'
run 12 "$HELPER" get --format token
expect_stderr_has '(8[5-9]|9[0-1]) s'
bad 12 ' s' 'status 429'
mode 'status 429 reset=37'
run 12 "$HELPER" --json get --format token
python3 - "$ERR" <<'PY'
import json, sys
lines = [l for l in open(sys.argv[1]) if l.startswith("{")]
assert len(lines) == 1, lines
e = json.loads(lines[0])
assert e["error"] == "rate-limited" and e["status"] == 12 and e["waitSeconds"] == 37, e
PY

# --- the server's trouble
for status in 500 502 503 504; do bad 10 "$status" "status $status"; done
bad 10 '502' 'html 502'
bad 10 '503' 'empty 503'

# --- deadlines; nothing hangs
for slow in nothing no-handshake 'slow-headers 30' 'slow-body 30' drip; do
    mode "$slow"
    run 10 timeout 20 "$HELPER" --timeout 1 get --format token
    expect_stdout_empty
    expect_stderr_has 'time'
done
mode

# --- no server
LW_API_SERVER_URL=https://127.0.0.1:1 run 10 "$HELPER" get --format token
expect_stderr_has '127.0.0.1'
LW_API_SERVER_URL=https://no-such-host.invalid run 10 timeout 60 "$HELPER" --timeout 5 get --format token
expect_stdout_empty

# --- a refused key is not stored, unless the user says so; a key of a plain user neither
unset LW_ACCOUNT LW_API_KEY LW_API_SECRET LW_API_SERVER_URL
make_store_keyfile
plant_key disabled
run 11 "$HELPER" add -a acme --key-id "$KEY_ID" --secret-stdin --api-url "$API_URL" <<<"$SECRET"
plant_key user
run 11 "$HELPER" add -a acme --key-id "$KEY_ID" --secret-stdin --api-url "$API_URL" <<<"$SECRET"
run 0 "$HELPER" --json list
expect_stdout '[]'
run 0 "$HELPER" add -a acme --key-id "$KEY_ID" --secret-stdin --api-url "$API_URL" --no-verify <<<"$SECRET"
run 11 "$HELPER" get --format token
no_secret_left ""
echo ok
