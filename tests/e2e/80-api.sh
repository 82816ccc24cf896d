#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An authenticated call: from the cached token to the reply's body, with bodies, headers, status.
. "$(dirname "$0")/../support/cache.sh"
start_standin
plant_key
make_store_keyfile
export XDG_RUNTIME_DIR=$RUN
cache_in runtime
run 0 "$HELPER" add -a acme --key-id "$KEY_ID" --secret-stdin --api-url "$API_URL" <<<"$SECRET"
exchanges=$(count_exchanges)
PROFILE=/api/v2/UserProfile
TOKENS=/api/v2/AgentAccessTokens
api() { # STATUS ARGS...
    run "$1" "$HELPER" api "${@:2}"
}

# --- one request with the cached token, and the reply's body to the byte
api 0 GET "$PROFILE"
expect_stderr_empty
[ "$(json 'a["data"][0]["username"]')" = user@example.com ] || fail "another reply"
expect_calls 1 GET "$PROFILE" bearer=right
expect_exchanges "$exchanges"
[ "$(last_call accept)" = application/json ] || fail "Accept was $(last_call accept)"
printf '{"a": 1}\n\n' >"$T/body"
mode "data: body $T/body 200"
api 0 "$PROFILE"
cmp "$T/body" "$OUT" || fail "the body was changed"
mode 'data: 204'
api 0 get "$PROFILE"
expect_stdout_empty
mode 'data: gzip'
api 10 "$PROFILE"
expect_stderr_has 'its encoding is "gzip", which was not asked for'
expect_stdout_empty
mode

# --- methods and bodies
create() { # ARGS...: makes a token with the body given, and checks what arrived
    local expected=$1
    shift
    api 0 POST "$TOKENS" "$@"
    [ "$(last_call body)" = "$(sha256sum <"$expected" | cut -d ' ' -f 1)" ] || fail "another body arrived: $*"
}
body() { # ALIAS
    printf '{"tokenAlias":"%s","tokenEnabled":1,"props":{}}' "$1" >"$T/data"
}
body text
create "$T/data" -d "$(cat "$T/data")"
[ "$(last_call content-type)" = application/json ] || fail "Content-Type was $(last_call content-type)"
body file
create "$T/data" --data "@$T/data"
[ "$(last_call body-len)" = "$(wc -c <"$T/data")" ] || fail "another length"
body stdin
cp "$T/data" "$T/same"
create "$T/data" -d @- <"$T/same"
body pipe
create "$T/data" -d @- < <(cat "$T/data")
body fifo
mkfifo "$T/fifo"
cat "$T/data" >"$T/fifo" &
writer=$!
create "$T/data" -d "@$T/fifo"
wait "$writer"
body offset
{ printf 'skipped'; cat "$T/data"; } >"$T/longer"
{
    head -c 7 >/dev/null
    create "$T/data" -d @-
} < <(cat "$T/longer")
body default-post
api 0 "$TOKENS" -d "@$T/data"
[ "$(last_call method)" = POST ] || fail "the method was $(last_call method)"
TOKEN=$(json 'a["data"]["accessToken"]')
api 0 patch "$TOKENS/$TOKEN" -d '{"tokenEnabled":0}'
[ "$(json 'a["data"]["tokenEnabled"]')" = 0 ] || fail "the token was not changed"
api 0 -v GET "$TOKENS/$TOKEN"
expect_stderr_has 'call: GET https://localhost:[0-9]+/api/v2/AgentAccessTokens/\.\.\.: status 200'
expect_stderr_lacks "$TOKEN"
mode 'data: empty 200'
api 0 HEAD "$PROFILE"
expect_stdout_empty
mode

# --- further headers, and the reply's with -i
api 0 "$PROFILE" -H 'X-Test: a b' --header 'x-test-two:c'
[ "$(last_call x-test)/$(last_call x-test-two)" = a%20b/c ] || fail "the headers did not arrive"
api 0 -i "$PROFILE"
[ "$(head -n 1 "$OUT")" = 'HTTP/1.1 200' ] || fail "no status line"
expect_stdout_has '^RateLimit-Remaining: [0-9]+$'
sed '1,/^$/d' "$OUT" >"$T/rest"
python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$T/rest" || fail "no body behind the headers"

# --- failures by their cause: nothing on stdout, unless asked for
while read -r status code text; do
    mode "data: status $code message=because of \x1b[2J that"
    api "$status" "$PROFILE"
    expect_stdout_empty
    expect_stderr_has "$text"
    expect_stderr_has "status $code"
    expect_stderr_has 'because of \\x1b\[2J that|rate limit'
    api "$status" -i "$PROFILE"
    [ "$(head -n 1 "$OUT")" = "HTTP/1.1 $code" ] || fail "no status line"
    expect_stdout_has 'because of'
done <<'TABLE'
11 400 refused the call
11 403 does not allow this call
11 404 knows nothing there
11 409 refused the call
12 429 rate limit is reached
10 500 the server failed
10 503 the server failed
TABLE
mode 'data: status 429 reset=17'
api 12 --json "$PROFILE"
expect_stderr_has '"waitSeconds":17'
mode

# --- a token that is not accepted is replaced once, the body sent again
exchanges=$(count_exchanges)
body again
mode "POST $TOKENS: times 1 early status 401 message=expired"
create "$T/data" -d "@$T/data"
expect_exchanges $((exchanges + 1))
mode "data: status 401 message=never"
api 11 "$PROFILE"
expect_stdout_empty
expect_stderr_has 'does not accept the token .*never'
expect_stderr_has 'hint: a new token was not accepted either'
expect_exchanges $((exchanges + 2))
api 11 -i "$PROFILE"
[ "$(grep -c HTTP/1.1 "$OUT")" = 1 ] || fail "the first refusal was shown, too"
exchanges=$(count_exchanges)
body not-again
mode "POST $TOKENS: times 1 early status 401 message=expired"
api 11 POST "$TOKENS" -d @- < <(cat "$T/data")
expect_stderr_has 'the body cannot be read again'
api 0 POST "$TOKENS" -d @- < <(cat "$T/data")
expect_exchanges $((exchanges + 1))
mode 'revoked'
api 0 "$PROFILE"
mode

# --- a ready token is used as it is
(
    run 0 "$HELPER" get --format token
    LW_API_TOKEN=$(cat "$OUT") LW_ACCOUNT=acme LW_API_SERVER_URL=$API_URL
    export LW_API_TOKEN LW_ACCOUNT LW_API_SERVER_URL
    api 0 "$PROFILE"
    mode 'data: status 401 message=old'
    before=$(count_exchanges)
    api 11 "$PROFILE"
    expect_exchanges "$before"
)
mode

# --- waiting for the rate limit
mode 'data: times 1 status 429 reset=1'
api 0 --wait "$PROFILE"
expect_stderr_empty
mode 'data: status 429 reset=3000'
api 12 --wait "$PROFILE"
expect_stderr_has 'longer than --timeout'
mode

# --- on a terminal: lines, colours, and nothing that the terminal would obey
printf '{"b":[1,{"c":"x\302\233y"},[]],"d":null}' >"$T/body"
mode "data: body $T/body 200"
export TERM=xterm
run 0 python3 tests/support/terminal.py -- "$HELPER" api "$PROFILE"
expect_stdout_has $'\x1b\\[34m"b"\x1b\\[0m: \\['
expect_stdout_has 'x\\u009by'
NO_COLOR=1 run 0 python3 tests/support/terminal.py -- "$HELPER" api "$PROFILE"
tr -d '\r' <"$OUT" | sed '/^\[status/d; /^$/d' >"$T/shown"
diff -u - "$T/shown" <<'SHOWN' || fail "another form"
{
  "b": [
    1,
    {
      "c": "x\u009by"
    },
    []
  ],
  "d": null
}
SHOWN
api 0 "$PROFILE"
cmp "$T/body" "$OUT" || fail "the body was changed where stdout is no terminal"
mode 'data: text 200 plain '$'\x1b''[2J text'
run 0 python3 tests/support/terminal.py -- "$HELPER" api "$PROFILE"
expect_stdout_has 'plain \\u001b\[2J text'
mode
echo ok
