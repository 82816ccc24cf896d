#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SIGKILL before each system call by which 'agent-token install' and 'rotate' change anything, and on the
# way through the network: the token is in at least one place, and the next run finishes.
. "$(dirname "$0")/../support/e2e.sh"
. "$ROOT/tests/support/agent_tokens.sh"
HELPER=$O/bin/lw-credential-helper # strace and valgrind do not go together
export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
start_agent_api --rate 100000
mkdir -m 700 "$T/agent"
config=$T/agent/config.json
run 0 agent create web --description d --os linux
old=$(server_token web accessToken)
run 0 agent install web --config "$config"

# calls TRACE: "name how-manieth-of-its-name" for each call of the program itself; strace counts so.
calls() {
    awk 'NR == 1 { pid = $1 }
         { call = $2; sub(/\(.*/, "", call) }
         $1 == pid && call ~ /^[a-z0-9_]+$/ { print call, ++nth[call] }' "$1"
}
# kill_at "NAME NTH" CMD...: runs CMD and kills it before that call; 137, or 0 if it did not get there.
kill_at() {
    local name=${1% *} nth=${1#* } status=0
    shift
    timeout 60 strace -f -o /dev/null -e "trace=$name" -e "inject=$name:signal=KILL:when=$nth" "$@" >"$OUT" 2>"$ERR" || status=$?
    [ "$status" = 137 ] || [ "$status" = 0 ] || fail "killed at $name $nth: status $status"
    [ "$status" = 0 ] || killed=$((killed + 1))
}

# --- install: each call from the lock on
new=$(printf 'ab%.0s' {1..28})
reset_config() {
    rm -rf "$T/agent"
    mkdir -m 700 "$T/agent"
    printf '{"tokens":{"AccessToken":"%s"},"n":1.0}' "$old" >"$config"
    chmod 640 "$config"
}
install_new() { "$@" "$HELPER" agent-token install --token-stdin --config "$config" <<<"$new"; }
reset_config
run 0 install_new strace -f -o "$T/trace"
calls "$T/trace" | awk '{ line[++total] = $0 } $1 == "flock" && !first { first = total - 10 }
    END { for (i = first; i <= total; i++) print line[i] }' | grep -vE '^(exit|exit_group|execve) ' >"$T/calls"
mapfile -t CALLS <"$T/calls"
[ "${#CALLS[@]}" -gt 40 ] || fail "the trace is too short: ${#CALLS[@]} calls"
killed=0 kept_old=0 got_new=0
for at in "${CALLS[@]}"; do
    reset_config
    kill_at "$at" "$HELPER" agent-token install --token-stdin --config "$config" <<<"$new"
    case $(cat "$config") in
    "{\"tokens\":{\"AccessToken\":\"$old\"},\"n\":1.0}") kept_old=$((kept_old + 1)) ;;
    "{\"tokens\":{\"AccessToken\":\"$new\"},\"n\":1.0}") got_new=$((got_new + 1)) ;;
    *) fail "killed at $at: $(cat "$config")" ;;
    esac
    [ "$(stat -c %a "$config")" = 640 ] || fail "killed at $at: mode $(stat -c %a "$config")"
    run 0 install_new
    [ "$(config_token "$config")" = "$new" ] || fail "killed at $at: not finished"
    [ "$(find "$T/agent" -mindepth 1 | wc -l)" = 1 ] || fail "killed at $at: a temporary file stays"
done
[ "$kept_old" -gt 0 ] && [ "$got_new" -gt 0 ] && [ "$killed" -gt 40 ] || fail "install: $killed killed, $kept_old old, $got_new new"
printf 'install: %s killed, %s old, %s new\n' "$killed" "$kept_old" "$got_new"

# --- rotate
cp "$STANDIN/agent-tokens.json" "$T/before.json"
reset_rotation() {
    reset_config
    rm -rf "$XDG_STATE_HOME/lwcred"/agent-rotate-* "$T/pushed"
    cp "$T/before.json" "$STANDIN/agent-tokens.new"
    mv "$STANDIN/agent-tokens.new" "$STANDIN/agent-tokens.json"
}
ROTATE=("$HELPER" agent-token rotate web --config "$config" --push "cat >'$T/pushed'" --disable-old)
reset_rotation
run 0 strace -f -o "$T/trace" "${ROTATE[@]}"
# Calls that change files, the journal or other processes, and each sixth piece that is sent.
calls "$T/trace" | grep -E '^(write|fsync|fchmod|fchown|rename[a-z0-9]*|unlink[a-z]*|fallocate|flock|mkdir[a-z]*|pipe2|clone3?|vfork|wait4) ' >"$T/calls"
calls "$T/trace" | awk '$1 == "sendto" && $2 % 6 == 0' >>"$T/calls"
mapfile -t CALLS <"$T/calls"
[ "${#CALLS[@]}" -gt 50 ] || fail "the trace is too short: ${#CALLS[@]} calls"
grep -qE '^rename' "$T/calls" || fail "no rename in the trace"
killed=0
for at in "${CALLS[@]}"; do
    reset_rotation
    kill_at "$at" "${ROTATE[@]}"
    # Some place has what each agent needs: the file holds a token that is enabled.
    token=$(config_token "$config")
    python3 - "$STANDIN/agent-tokens.json" "$token" <<'PY' || fail "killed at $at: the agent is cut off"
import json, sys
tokens = [t for table in json.load(open(sys.argv[1])).values() for t in table if t["accessToken"] == sys.argv[2]]
sys.exit(0 if len(tokens) == 1 and tokens[0]["enabled"] else 1)
PY
    mapfile -t files < <(find "$XDG_STATE_HOME" -type f)
    no_token_in "$ERR" "${files[@]}"
    run 0 "${ROTATE[@]}"
    [ "$(config_token "$config")" = "$(server_token web accessToken)" ] || fail "killed at $at: not installed"
    [ "$(cat "$T/pushed")" = "$(server_token web accessToken)" ] || fail "killed at $at: not pushed"
    python3 - "$STANDIN/agent-tokens.json" <<'PY' || fail "killed at $at: not finished"
import json, sys
tokens = [t for table in json.load(open(sys.argv[1])).values() for t in table if t["tokenAlias"].startswith("web")]
print([(t["tokenAlias"], t["enabled"]) for t in tokens])
sys.exit(0 if [t["tokenAlias"] for t in tokens if t["enabled"]] == ["web"] and 2 <= len(tokens) <= 3 and
         all(t["props"] == {"description": "d", "os": "linux"} for t in tokens) else 1)
PY
    [ -z "$(find "$XDG_STATE_HOME" -name '*.journal')" ] || fail "killed at $at: a journal stays"
    [ "$(find "$T/agent" -mindepth 1 | wc -l)" = 1 ] || fail "killed at $at: a temporary file stays"
done >"$T/states"
[ "$killed" -gt 40 ] || fail "rotate: only $killed of ${#CALLS[@]} were killed"
printf 'rotate: %s killed of %s\n' "$killed" "${#CALLS[@]}"
echo ok
