#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The token cache: what is answered from it, what is not, and what makes it forget.
. "$(dirname "$0")/../support/cache.sh"
export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 # strace and the leak checker do not go together
start_standin
plant_key
make_store_keyfile
STORE=$XDG_DATA_HOME/lwcred/keys.lwc
XDG_RUNTIME_DIR=$RUN
add() { # profile, more arguments
    run 0 "$HELPER" add -a cache30 --key-id "$KEY_ID" --secret-stdin --no-verify --api-url "$API_URL" -p "$@" <<<"$SECRET"
}
add default
HOST=(protocol=https host=cache30.lacework.net)
verb() { # verb, attribute...
    local name=$1
    shift
    run 0 "$HELPER" "$name" < <(printf '%s\n' "${HOST[@]}" "$@" '')
}

# --- a warm answer: no exchange, no module, no library but those it is linked with, no socket
warm_trace() { # where the token lies
    strace -f -e trace=execve,open,openat,socket,connect,sendto -o "$T/trace" \
        "$PLAIN" get --format token >"$OUT" 2>"$ERR"
    expect_stdout "$TOKEN"
    expect_stderr_empty
    grep -q 'libc\.so' "$T/trace" || fail "strace saw no program"
    ! grep -E 'net\.so|/backends/|libcurl|libglib|libsecret|keys\.lwc|store\.key' "$T/trace" ||
        fail "$1: a warm answer opens this"
    ! grep -E 'socket\(|connect\(|sendto\(' "$T/trace" || fail "$1: a warm answer opens a socket"
    [ "$(grep -c 'execve(' "$T/trace")" = 1 ] || fail "$1: a warm answer starts a program"
}
for place in keyring runtime; do
    cache_in "$place"
    exchanged
    cached
    cached
    before=$(count_exchanges)
    warm_trace "$place"
    expect_exchanges "$before"
    # Another question with the same answer makes no exchange either.
    verb get
    [ "$(field password)" = "$TOKEN" ] || fail "$place: git gets another token"
    cached -p default
    cached -a cache30
    expect_exchanges "$before"
    run 0 "$HELPER" get --format json
    python3 - "$OUT" "$KEY_ID" <<'PY'
import json, sys
answer = json.load(open(sys.argv[1]))
assert answer["profile"] == "default" and answer["keyId"] == sys.argv[2], answer
assert answer["source"] == "file" and 3500 < answer["expiresIn"] <= 3600, answer
PY
    run 0 "$HELPER" cache list
    expect_stdout_has "^default +cache30\.lacework\.net +3[0-9]{3} s +$place\$"
    expect_stdout_lacks "$TOKEN|$SECRET"
    run 0 "$HELPER" --json cache list
    expect_stdout_has "\"account\":\"cache30\.lacework\.net\",\"place\":\"$place\",\"expiresIn\":3"
    expect_stdout_lacks "$TOKEN|$SECRET"
    run 0 "$HELPER" list
    expect_stdout_has '^PROFILE .* TOKEN$'
    expect_stdout_has '^default .* file +(59|60) min$'
    expect_stdout_lacks "$TOKEN|$SECRET"
    verb erase
    run 0 "$HELPER" list
    expect_stdout_has '^default .* file +-$'
done

# --- the words of "set cache"
[ -z "$(my_keys)" ] || fail "keys in the keyring are left"
[ -z "$(find "$RUN" -type f)" ] || fail "entries in the runtime directory are left"
cache_in auto
exchanged
cached
[ -n "$(my_keys)" ] || fail "auto is not the keyring"
[ "$(find "$RUN" -type f | wc -l)" = 1 ] || fail "the answer is not in the runtime directory"
! grep -rqF "$TOKEN" "$RUN" || fail "auto keeps the token in the runtime directory"
verb erase
for word in none sealed; do # a key from a store is never at hand without asking it: not sealed
    cache_in "$word"
    exchanged
    exchanged
    expect_stderr_empty
done
[ -z "$(my_keys)" ] && [ -z "$(find "$RUN" "$XDG_CACHE_HOME" -type f 2>/dev/null)" ] || fail "none and sealed kept a token"
cache_in disk
run 2 "$HELPER" get --format token
expect_stdout_empty
expect_stderr_has 'stack\.disk:5:11: .*cache.*disk'
expect_stderr_has '^hint: .*runtime'

# --- fresh enough, renewed, not cached
cache_in runtime
exchanged
cached --min-valid 3000
exchanged --min-valid 1h
[ "$(last_call expiry)" -gt 3600 ] || fail "asked for $(last_call expiry) s"
cached --min-valid 1h
run 2 "$HELPER" get --format token --min-valid 25h
expect_stdout_empty
exchanged --ttl 10m
[ "$(last_call expiry)" = 600 ] || fail "asked for $(last_call expiry) s"
cached --ttl 10m
cached --ttl 600 --min-valid 500
quick exchanged --ttl 4
quick cached --ttl 4
sleep 2
quick exchanged --ttl 4 # by default half of its life must be left
quick exchanged --ttl 20
sleep 1.2
quick cached --ttl 20
quick cached --ttl 20 --min-valid 10
quick exchanged --ttl 20 --min-valid 19
exchanged --sub-account other
[ "$(last_call account-name)" = other ] || fail "asked for sub-account $(last_call account-name)"
cached --sub-account other
exchanged --sub-account other --org-access
verb erase
exchanged
OLD=$TOKEN
exchanged --refresh
[ "$TOKEN" != "$OLD" ] || fail "--refresh gave the old token"
cached
OLD=$TOKEN
exchanged --no-cache
TOKEN=$OLD
cached
verb erase
exchanged --no-cache
[ -z "$(find "$RUN" -type f)" ] || fail "--no-cache wrote to the cache"

# --- erase forgets what it names
exchanged
verb erase username=x-lw-token password=_other-token
cached
verb erase username="$KEY_ID" password=_other
cached
verb erase username=x-lw-token password="$TOKEN"
exchanged
verb erase authtype=Bearer credential="$TOKEN"
exchanged
verb erase
exchanged
run 0 "$HELPER" erase < <(printf 'protocol=https\nhost=other30.lacework.net\n\n')
cached

# --- two profiles with one key, one token; each answers in its own name
add twin
cached -p default
cached -p twin
for profile in twin default; do
    run 0 "$HELPER" get --format json -p $profile
    expect_stdout_has "\"profile\": ?\"$profile\""
done

# --- a key replaced, removed or changed behind our back
remember() { # the answers of both profiles are cached
    exchanged --refresh -p default
    cached -p default
    cached -p twin
}
remember
cp -p "$STORE" "$T/first.lwc"
FIRST_ID=$KEY_ID
plant_key
add default --replace
exchanged -p default
[ "$(last_call key)" = "$KEY_ID" ] || fail "the old key's token answers"
run 0 "$HELPER" get --format json -p default
expect_stdout_has "$KEY_ID"
run 0 "$HELPER" get --format json -p twin
expect_stdout_has "$FIRST_ID"
cp -p "$STORE" "$T/second.lwc"
cached -p default
cp -p "$T/first.lwc" "$STORE" # as a backup tool does
run 0 "$HELPER" get --format json -p default
expect_stdout_has "$FIRST_ID"
cp -p "$T/second.lwc" "$STORE.other" && mv "$STORE.other" "$STORE"
run 0 "$HELPER" get --format json -p default
expect_stdout_has "$KEY_ID"
cached -p default
run 0 "$HELPER" remove -p default
run 3 "$HELPER" get --format token -p default
expect_stdout_empty
run 0 "$HELPER" get --format token -p twin
mv "$STORE" "$T/away.lwc"
run 3 "$HELPER" get --format token -p twin
expect_stdout_empty
mv "$T/away.lwc" "$STORE"
run 0 "$HELPER" get --format token -p twin
# A key that the store did not give away before is not needed while the token lives.
STORE_KEY=$LWCRED_KEY_FILE
unset LWCRED_KEY_FILE
run 0 setsid "$HELPER" get --format token -p twin
run 4 setsid "$HELPER" get --format token -p twin --refresh
expect_stdout_empty
export LWCRED_KEY_FILE=$STORE_KEY

# --- cache clear; with the keyring only if it is our own, for it spares no program's entries
own_keyring() {
    if [ -n "$OWN_KEYRING" ]; then
        "$@"
    else
        "$O/tests/seccomp-run" eperm "$@"
    fi
}
clear_all() { # place
    cache_in "$1"
    "$HELPER" get --format token -p twin --refresh >"$T/one"
    "$HELPER" get --format token -p twin >"$T/two"
    "$HELPER" cache list | grep -E "^twin .* $2\$" >/dev/null
    "$HELPER" cache clear
    "$HELPER" cache list
    "$HELPER" get --format token -p twin >"$T/three"
    "$HELPER" cache clear
    cmp -s "$T/one" "$T/two" && ! cmp -s "$T/two" "$T/three"
}
export -f clear_all cache_in
export HELPER T
run 0 own_keyring bash -euc 'clear_all runtime runtime'
expect_stdout_empty
expect_stderr_has '^lw-credential-helper: [0-9]+ cache entries forgotten$'
run 0 own_keyring bash -euc 'clear_all auto "(keyring|runtime)"'
[ -z "$(find "$RUN" -type f)" ] || fail "cache clear left entries"

# --- credentials from the environment
run 0 "$HELPER" remove -p twin
plant_key
cache_in runtime
export LW_ACCOUNT=cache30 LW_API_KEY=$KEY_ID LW_API_SECRET=$SECRET LW_API_SERVER_URL=$API_URL
exchanged
cached
run 0 "$HELPER" cache list
expect_stdout_has '^env +cache30'
LW_API_SECRET=_wrong run 11 "$HELPER" get --format token
expect_stdout_empty
cached
OLD_KEY=$KEY_ID OLD_SECRET=$SECRET OLD=$TOKEN
plant_key
LW_API_KEY=$KEY_ID LW_API_SECRET=$SECRET exchanged
TOKEN=$OLD
cached
unset LW_API_SECRET LW_API_KEY
export LW_API_SECRET_FILE=$T/home/secret LW_API_KEY_FILE=$T/home/key-id
printf '%s' "$OLD_SECRET" >"$LW_API_SECRET_FILE"
printf '%s' "$OLD_KEY" >"$LW_API_KEY_FILE"
cached # the same credential, from other places
printf '%s' "$SECRET" >"$LW_API_SECRET_FILE"
printf '%s' "$KEY_ID" >"$LW_API_KEY_FILE"
run 0 "$HELPER" get --format json
expect_stdout_has "$KEY_ID"
rm "$LW_API_SECRET_FILE"
run 2 "$HELPER" get --format token
expect_stdout_empty
unset LW_API_SECRET_FILE LW_API_KEY_FILE LW_API_SERVER_URL

# A ready token is neither cached nor asked for.
before=$(count_exchanges) entries=$(find "$RUN" -type f | sort)
export LW_API_TOKEN=_ready-token
run 0 "$HELPER" get --format token
expect_stdout _ready-token
LW_API_TOKEN=_other-token run 0 "$HELPER" get --format token
expect_stdout _other-token
expect_exchanges "$before"
[ "$(find "$RUN" -type f | sort)" = "$entries" ] || fail "a ready token is cached"
no_secret_left "$T" # the sealed store holds no secret in clear, nor does anything else
echo ok
