#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An agent token in place of an old one: created, installed, pushed, named, and the old one disabled once
# no agent uses it.
. "$(dirname "$0")/../support/e2e.sh"
. "$ROOT/tests/support/agent_tokens.sh"
start_agent_api
DATE=$(date -u +%Y%m%d)
config=$T/config.json
json() { # expression over d
    python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$OUT" "$1"
}

run 0 agent create web --description 'all web servers' --os linux
old=$(server_token web accessToken)
run 0 agent install web --config "$config"
agents "web-1=$old" "web-2=$old" db-1=ffffffffffffffffffffffffffffffffffffffff
journals() { find "$XDG_STATE_HOME" -name "*.journal" | wc -l; }

# --- the first run makes, installs, pushes and names, and says who uses the old one
push="[ \"\$(ls /proc/self/fd | wc -l)\" -le 4 ] || exit 9; tee '$T/pushed' '$T/pushed-too'; tr '\\0' ' ' </proc/\$\$/cmdline >'$T/command'; tr '\\0' ' ' </proc/\$\$/environ >>'$T/command'"
mode 'data: page-rows 1'
run 0 agent -v rotate web --config "$config" --push "$push" 8<"$0"
new=$(server_token web accessToken)
[ "$new" != "$old" ] || fail "the token is the old one"
expect_stdout_has "^new token: web$"
expect_stdout_has "^old token: web-old-$DATE, enabled$"
expect_stdout_has '^agents that use the old token: 2$'
expect_stdout_has '^    web-1$'
expect_stdout_has '^    web-2$'
expect_stdout_lacks 'db-1'
expect_stdout_has '^agents that do not say which they use: 0$'
no_token_in "$OUT" "$T/command"
# The program itself says nothing of it; what the command prints (tee here) goes to standard error.
[ "$(grep -c -F "$new" "$ERR")" = 1 ] && sed -i "/^$new\$/d" "$ERR"
no_token_in "$ERR"
[ "$(cat "$T/pushed")" = "$new" ] || fail "pushed: $(cat "$T/pushed")"
[ "$(config_token "$config")" = "$new" ] || fail "installed: $(cat "$config")"
expect_server "web-old-$DATE" accessToken "$old"
expect_server "web-old-$DATE" enabled True
expect_server "web-old-$DATE" props.os linux
for field in 'props.description all web servers' 'props.os linux' 'enabled True'; do
    expect_server web "${field%% *}" "${field#* }"
done
[ "$(journals)" = 1 ] || fail "no journal waits"
find "$XDG_STATE_HOME" -type f >"$T/files"
mapfile -t files <"$T/files"
no_token_in "${files[@]}"
mode

# --- the next runs go on: no further token; disabled only when no agent uses it
count=$(all_tokens | wc -l)
run 0 agent rotate web --json
[ "$(json 'sorted(d.items())')" = "[('alias', 'web'), ('oldAlias', 'web-old-$DATE'), ('oldEnabled', True), ('unknown', []), ('usingOld', ['web-1', 'web-2'])]" ] ||
    fail "report: $(cat "$OUT")"
agents "web-1=$new" "web-2=$old"
run 13 agent rotate web --disable-old
expect_stdout_has '^    web-2$'
expect_stderr_has "the old token 'web-old-$DATE' is not disabled: 1 agents used it"
expect_server "web-old-$DATE" enabled True
# An agent that does not say counts; so does an API that cannot say.
agents "web-1=$new" "web-2="
run 13 agent rotate web --disable-old
expect_stdout_has '^agents that do not say which they use: 1$'
mode '/api/v2/AgentInfo: status 403 message=Unauthorized Access'
run 11 agent rotate web --disable-old
mode '/api/v2/AgentInfo: swap-data'
run 10 agent rotate web --disable-old
mode '/api/v2/AgentInfo: next-page https://evil.example/api/v2/AgentInfo/x'
agents "web-1=$old" "web-2=$old"
run 10 agent rotate web --disable-old
expect_stderr_has 'the next page is at another host'
mode "/api/v2/AgentInfo: next-page https://$ORIGIN.evil.example/x"
run 10 agent rotate web --disable-old
mode 'data: page-rows 1; GET /api/v2/AgentInfo: next-page {self}'
run 10 agent rotate web --disable-old --timeout 600
expect_stderr_has 'it never ends'
mode
[ "$(all_tokens | wc -l)" = "$count" ] || fail "another token was made"
expect_server "web-old-$DATE" enabled True
run 2 agent rotate web --force
# Asked to cut them off.
run 0 agent rotate web --disable-old --force
expect_stdout_has "^old token: web-old-$DATE, disabled$"
expect_server "web-old-$DATE" enabled False
expect_server "web-old-$DATE" props.description 'all web servers'
expect_server web enabled True
[ "$(journals)" = 0 ] || fail "a journal is left"

# --- the next rotation, on the same day, has aliases of its own; all in one run where no agent is left
agents
run 0 agent rotate web --disable-old
third=$(server_token web accessToken)
expect_server "web-old-$DATE-2" accessToken "$new"
expect_server "web-old-$DATE-2" enabled False
[ "$(journals)" = 0 ] || fail "a journal is left"

# An old token that is disabled by other means ends a rotation, too.
run 0 agent rotate web
run 0 agent disable "web-old-$DATE-3"
run 0 agent rotate web
expect_stderr_has "the rotation before is over: 'web-old-$DATE-3' is disabled"
expect_server "web-old-$DATE-4" enabled True
run 0 agent rotate web --disable-old

# --- failures on the way: the old token keeps its name until all have the new one
third=$(server_token web accessToken)
run 15 agent rotate web --config "$config" --push 'exit 7'
expect_stderr_has 'option --push: the command ended with status 7'
expect_server web accessToken "$third"
fourth=$(server_token "web-new-$DATE" accessToken)
[ "$(config_token "$config")" = "$fourth" ] || fail "installed"
run 15 agent rotate web --config "$config" --push 'kill -9 $$'
expect_stderr_has 'signal 9'
count=$(all_tokens | wc -l)
run 0 agent rotate web --config "$config" --push "cat >'$T/pushed'"
expect_stderr_has "going on with the rotation of 'web' behind step 'created'"
[ "$(cat "$T/pushed")" = "$fourth" ] || fail "pushed: $(cat "$T/pushed")"
expect_server web accessToken "$fourth"
[ "$(all_tokens | wc -l)" = "$count" ] || fail "another token was made"
run 0 agent rotate web --disable-old
# A command that reads nothing; a file that cannot be written is said before a token is made.
run 0 agent rotate web --push true
run 0 agent rotate web --disable-old
# The command has the caller's variables, but none that holds, or leads to, a secret of ours.
[ -n "${LWCRED_KEY_FILE:-}" ] || fail "the store's key file is not in the environment"
run 0 env LW_API_KEY="$KEY_ID" LW_API_SECRET=_other LW_ACCOUNT=acme VAULT_ADDR=https://vault.example \
    "$HELPER" --profile default agent-token rotate web --push "env >'$T/environment'"
mapfile -t withheld < <(sed -n 's/^\(LW_API_[A-Z_]*\|LWCRED_\(KEY\|PASSPHRASE\)_[A-Z]*\)=.*/\1/p' "$T/environment")
[ "${#withheld[@]}" = 0 ] || fail "the command of --push has ${withheld[*]}"
grep -qx 'VAULT_ADDR=https://vault.example' "$T/environment" || fail "the command lacks the caller's variables"
run 0 agent rotate web --disable-old
count=$(all_tokens | wc -l)
echo '[]' >"$T/bad.json"
run 2 agent rotate web --config "$T/bad.json"
run 2 agent rotate web --config "$T/nowhere/config.json"
run 3 agent rotate nothing
[ "$(all_tokens | wc -l)" = "$count" ] || fail "a token was made for nothing"
run 0 agent disable web
run 2 agent rotate web
expect_stderr_has "the agent token 'web' is disabled"
run 0 agent enable web
# Replies that are lost, each in turn: the next run finds what was done.
for call in 'POST /api/v2/AgentAccessTokens' 'PATCH /api/v2/AgentAccessTokens'; do
    for nth in 1 2; do
        current=$(server_token web accessToken)
        mode "$call: times $nth hang-up"
        for ((try = 0; try < 8; try++)); do
            agent rotate web --config "$config" --disable-old >"$OUT" 2>"$ERR" && break
        done
        mode
        [ "$try" -gt 0 ] && [ "$try" -lt 8 ] || fail "$call: $try tries"
        [ "$(server_token web accessToken)" != "$current" ] || fail "$call: not rotated"
        [ "$(config_token "$config")" = "$(server_token web accessToken)" ] || fail "$call: not installed"
        [ "$(journals)" = 0 ] || fail "$call: a journal is left"
    done
done
python3 - "$STANDIN/agent-tokens.json" <<'PY'
import json, sys
tokens = [t for table in json.load(open(sys.argv[1])).values() for t in table if t["tokenAlias"].startswith("web")]
enabled = [t["tokenAlias"] for t in tokens if t["enabled"]]
assert enabled == ["web"], enabled
assert not [t for t in tokens if "-new-" in t["tokenAlias"]], tokens
assert all(t["props"]["description"] == "all web servers" for t in tokens), tokens
PY

# --- two at once: one rotates, the other waits for it and reports
count=$(all_tokens | wc -l)
before=$(server_token web accessToken)
agent rotate web --config "$config" >"$T/one" 2>"$T/one.err" &
one=$!
agent rotate web --config "$config" >"$T/two" 2>"$T/two.err" || fail "the second: $(cat "$T/two.err")"
wait "$one" || fail "the first: $(cat "$T/one.err")"
[ "$(all_tokens | wc -l)" = $((count + 1)) ] || fail "two tokens were made"
[ "$(server_token web accessToken)" != "$before" ] || fail "not rotated"
cmp "$T/one" "$T/two"

# Not a byte of a token anywhere but where it belongs.
for token in $(all_tokens); do
    ! grep -rlaF -e "${token:0:30}" "$T/home" "$T/run" "$T/tmp" || fail "a token was left behind"
done
echo ok
