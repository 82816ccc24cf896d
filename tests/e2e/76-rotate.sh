#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A new access key in place of an old one: proved, the old one kept aside, switched, and forgotten once the
# API refuses it; killed before any call that changes something, the next run finishes.
. "$(dirname "$0")/../support/e2e.sh"
HELPER=$O/bin/lw-credential-helper # strace and valgrind do not go together
export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
start_standin
make_store_keyfile
cache_in auto
plant_key
OLD_ID=$KEY_ID OLD_SECRET=$SECRET
run 0 "$HELPER" add -p prod -a acme --key-id "$OLD_ID" --secret-stdin --api-url "$API_URL" --sub-account sub1 <<<"$OLD_SECRET"
plant_key
NEW_ID=$KEY_ID NEW_SECRET=$SECRET
STORE=$XDG_DATA_HOME/lwcred/keys.lwc
JOURNALS=$XDG_STATE_HOME/lwcred
cp -p "$STORE" "$T/before.lwc"
rotate() { "$HELPER" rotate prod --key-id "$NEW_ID" --secret-stdin "$@" <<<"$NEW_SECRET"; }
key_of() { # profile
    run 0 "$HELPER" list --json
    python3 -c 'import json, sys
print(*[e["keyId"] + " " + e["kind"] for e in json.load(open(sys.argv[1])) if e["profile"] == sys.argv[2]])' "$OUT" "$1"
}
journals() { find "$JOURNALS" -name 'rotate*' -size +0 2>/dev/null | wc -l; }

# --- nothing changes for a key that the API refuses, that is in use, or that is nothing at all
cmp_store() { cmp -s "$STORE" "$T/before.lwc" || fail "$1: the store has changed"; }
run 11 "$HELPER" rotate prod --key-id "$NEW_ID" --secret-stdin <<<"_0123456789abcdef0123456789abcdef"
expect_stderr_has 'the new key is not used'
cmp_store refused
run 2 "$HELPER" rotate prod --key-id "$OLD_ID" --secret-stdin <<<"$OLD_SECRET"
expect_stderr_has 'has it already'
run 3 "$HELPER" rotate nobody --key-id "$NEW_ID" --secret-stdin <<<"$NEW_SECRET"
run 4 "$HELPER" rotate prod --no-prompt --key-id "$NEW_ID"
run 4 "$HELPER" rotate prod --no-prompt
run 3 "$HELPER" rotate prod --verify-disabled
expect_stderr_has 'has no old key'
run 2 "$HELPER" rotate "$(printf 'a%.0s' {1..61})" --no-prompt
run 2 "$HELPER" rotate prod prod
cmp_store 'wrong calls'
[ "$(journals)" = 0 ] || fail "a journal of nothing: $(ls -R "$JOURNALS")"

# --- the whole way
run 0 rotate --json
[ "$(json 'a["keyId"]')" = "$NEW_ID" ] || fail "keyId: $(cat "$OUT")"
[ "$(json 'a["oldKeyId"]')" = "$OLD_ID" ] || fail "oldKeyId: $(cat "$OUT")"
expect_stderr_has "disable key id $OLD_ID"
[ "$(key_of prod)" = "$NEW_ID access-key" ] || fail "prod: $(key_of prod)"
[ "$(key_of prod@old)" = "$OLD_ID retired-key" ] || fail "prod@old: $(key_of prod@old)"
[ "$(journals)" = 0 ] || fail "the journal stays"
run 0 "$HELPER" show prod --json
grep -q '"subAccount":"sub1"' "$OUT" || fail "the sub-account is lost: $(cat "$OUT")"
# the new key answers, also by the account: the old one is no second credential of it
forget_key "$OLD_ID"
run 0 "$HELPER" get -a acme --format json
grep -q "\"keyId\":\"$NEW_ID\"" "$OUT" || fail "another key answers: $(cat "$OUT")"
run 3 "$HELPER" get -p prod@old --format token
expect_stdout_empty

# --- a next rotation does not forget an old key that was not checked
plant_key
run 2 "$HELPER" rotate prod --key-id "$KEY_ID" --secret-stdin <<<"$SECRET"
expect_stderr_has 'verify-disabled'
printf '%s %s admin\n' "$OLD_ID" "$(sha256_of "$OLD_SECRET")" >>"$STANDIN/keys"
run 2 "$HELPER" rotate prod --verify-disabled
expect_stderr_has "still takes key id $OLD_ID"
[ "$(key_of prod@old)" = "$OLD_ID retired-key" ] || fail "the old key is gone too early"
mode status 500
run 10 "$HELPER" rotate prod --verify-disabled
mode
[ "$(key_of prod@old)" = "$OLD_ID retired-key" ] || fail "the old key is gone after a failure of the API"
# A proxy, or a wrong account, refuses every key: that says nothing of the old one.
for answer in 'status 403' 'status 404' 'html 403'; do
    mode "$answer"
    run 11 "$HELPER" rotate prod --verify-disabled
    expect_stderr_has "the old key is kept: the new one, key id $NEW_ID, gives no token either"
    mode
    [ "$(key_of prod@old)" = "$OLD_ID retired-key" ] || fail "$answer: the old key is gone"
done
forget_key "$OLD_ID"
run 0 "$HELPER" rotate prod --verify-disabled
expect_stderr_has "refuses key id $OLD_ID"
[ -z "$(key_of prod@old)" ] || fail "the old key stays"
run 0 "$HELPER" rotate prod --key-id "$KEY_ID" --secret-stdin <<<"$SECRET"

# --- a profile that is taken, a backend that cannot store
plant_key
run 0 "$HELPER" add -p taken -a acme --key-id "$NEW_ID" --secret-stdin --no-verify --api-url "$API_URL" <<<"$NEW_SECRET"
run 0 "$HELPER" add -p taken@old -a acme --key-id "$NEW_ID" --secret-stdin --no-verify --api-url "$API_URL" <<<"$NEW_SECRET"
run 2 "$HELPER" rotate taken --key-id "$KEY_ID" --secret-stdin <<<"$SECRET"
expect_stderr_has "'taken@old' is taken"
run 0 "$HELPER" remove taken
run 0 "$HELPER" remove taken@old

# --- two at once: one after the other, the second finds that there is nothing left to do
printf '%s %s admin\n' "$OLD_ID" "$(sha256_of "$OLD_SECRET")" >>"$STANDIN/keys"
cp -p "$T/before.lwc" "$STORE"
rotate >"$T/one" 2>&1 &
one=$!
rotate >"$T/two" 2>&1 &
two=$!
statuses=
for pid in "$one" "$two"; do
    status=0
    wait "$pid" || status=$?
    statuses="$statuses $status"
done
case $statuses in " 0 2" | " 2 0") ;; *) fail "two at once: $statuses: $(cat "$T/one" "$T/two")" ;; esac
[ "$(key_of prod)" = "$NEW_ID access-key" ] && [ "$(key_of prod@old)" = "$OLD_ID retired-key" ] || fail "two at once"

# --- killed before each call that changes something
restore() {
    rm -rf "$JOURNALS"/rotate*
    cp -p "$T/before.lwc" "$STORE"
}
restore
run 0 strace -f -o "$T/trace" "$HELPER" rotate prod --key-id "$NEW_ID" --secret-stdin <<<"$NEW_SECRET"
awk 'NR == 1 { pid = $1 }
     { call = $2; sub(/\(.*/, "", call) }
     $1 == pid && call ~ /^[a-z0-9_]+$/ { print call, ++nth[call] }' "$T/trace" |
    grep -E '^(write|pwrite64|fsync|fdatasync|rename|renameat|renameat2|link|linkat|unlink|unlinkat|ftruncate|fallocate|fchmod|mkdir|mkdirat|flock|connect|sendto|sendmsg|add_key|keyctl) ' >"$T/calls"
mapfile -t CALLS <"$T/calls"
[ "${#CALLS[@]}" -gt 20 ] || fail "the trace is too short: ${#CALLS[@]} calls"
killed=0 with_old=0 with_new=0
for at in "${CALLS[@]}"; do
    restore
    status=0
    timeout 60 strace -f -o /dev/null -e "trace=${at% *}" -e "inject=${at% *}:signal=KILL:when=${at#* }" \
        "$HELPER" rotate prod --key-id "$NEW_ID" --secret-stdin <<<"$NEW_SECRET" >"$OUT" 2>"$ERR" || status=$?
    [ "$status" = 137 ] || [ "$status" = 0 ] || fail "killed at $at: status $status"
    [ "$status" = 0 ] || killed=$((killed + 1))
    case $(key_of prod) in
    "$OLD_ID access-key") with_old=$((with_old + 1)) ;;
    "$NEW_ID access-key")
        with_new=$((with_new + 1))
        [ "$(key_of prod@old)" = "$OLD_ID retired-key" ] || fail "killed at $at: the old key is lost"
        ;;
    *) fail "killed at $at: $(key_of prod)" ;;
    esac
    status=0
    rotate >"$OUT" 2>"$ERR" || status=$?
    [ "$status" = 0 ] || [ "$status" = 2 ] || fail "after the kill at $at: status $status" # 2: it was done
    [ "$(key_of prod)" = "$NEW_ID access-key" ] || fail "killed at $at: not finished"
    [ "$(key_of prod@old)" = "$OLD_ID retired-key" ] || fail "killed at $at: the old key is not kept"
    run 0 "$HELPER" get -p prod --format token --no-cache
    issued_token_matches "$(cat "$OUT")"
done
[ "$killed" -gt 20 ] && [ "$with_old" -gt 0 ] && [ "$with_new" -gt 0 ] || fail "$killed killed, $with_old old, $with_new new"
printf 'rotate: %s killed, %s old, %s new\n' "$killed" "$with_old" "$with_new"

# --- no secret outside of the store, and none in a journal
SECRET=$NEW_SECRET
no_secret_left "$T/home" "$LWCRED_KEY_FILE"
SECRET=$OLD_SECRET
no_secret_left "$T/home" "$LWCRED_KEY_FILE"
echo ok
