#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# store and erase as git calls them: no key is kept, changed or removed unless the stack file lets git.
. "$(dirname "$0")/../support/e2e.sh"
start_standin
make_store_keyfile
STORE=$XDG_DATA_HOME/lwcred/keys.lwc
verb() { # status, option..., verb, attribute...
    local expected=$1 words=()
    shift
    while [[ $1 != store && $1 != erase && $1 != get ]]; do
        words+=("$1")
        shift
    done
    words+=("$1")
    shift
    run "$expected" "$HELPER" "${words[@]}" < <([ $# = 0 ] || printf '%s\n' "$@" '')
    expect_stdout_empty
}
ACME=(protocol=https host=acme.lacework.net)
profiles() {
    run 0 "$HELPER" --json list
    python3 -c 'import json,sys; print(" ".join(sorted(r["profile"] + ":" + r["keyId"] for r in json.load(open(sys.argv[1])))))' "$OUT"
}
expect_profiles() {
    local is
    is=$(profiles)
    [ "$is" = "$1" ] || fail "profiles: $is; expected: $1"
}

add() { # profile, key id, secret
    run 0 "$HELPER" add -p "$1" -a acme --key-id "$2" --secret-stdin --no-verify <<<"$3"
}
add default ACME_01 _first
add acme ACME_02 _second
before=$(sha256sum <"$STORE")
unchanged() {
    [ "$(sha256sum <"$STORE")" = "$before" ] || fail "the store changed"
    expect_profiles 'acme:ACME_02 default:ACME_01'
}

# --- store: nothing is kept
stores_nothing() {
    verb 0 store "${ACME[@]}" username=x-lw-token password=_token
    verb 0 store "${ACME[@]}" capability[]=authtype authtype=Bearer credential=_token ephemeral=1
    verb 0 store "${ACME[@]}" username=ACME_01 password=_token ephemeral=1
    verb 0 store "${ACME[@]}" username=ACME_01
    verb 0 store "${ACME[@]}" password=_x
    verb 0 store protocol=https host=github.com username=alice password=hunter2
    verb 0 store protocol=https host=acme.lacework.net.evil.example username=alice password=hunter2
    verb 0 store protocol=http host=acme.lacework.net username=ACME_01 password=_plain
    verb 0 store protocol=https username=ACME_01 password=_nohost
    verb 2 store
    verb 2 store "${ACME[@]}" username=ACME_01 username=ACME_02 password=_x
    unchanged
}
stores_nothing
for name in ACME_01 ACME_02 ACME_03 'A B' alice; do
    verb 0 store "${ACME[@]}" "username=$name" password=_other
    expect_stderr_empty
    verb 0 --verbose store "${ACME[@]}" "username=$name" password=_other
    [ "$(wc -l <"$ERR")" = 1 ] || fail "not one trace line"
    expect_stderr_has "store: ignored, as 'set git-store proved' is not in the stack file"
done
verb 0 -p new store "${ACME[@]}" username=ACME_03 password=_third
unchanged

# --- erase: no key goes
erases_nothing() {
    verb 2 erase
    verb 0 erase "${ACME[@]}"
    verb 0 erase "${ACME[@]}" username=x-lw-token password=_token
    verb 0 erase "${ACME[@]}" authtype=Bearer credential=_token
    verb 0 erase "${ACME[@]}" username=ACME_01 password=_wrong
    verb 0 erase "${ACME[@]}" username=ACME_01 password=
    verb 0 erase "${ACME[@]}" username=ACME_01
    verb 0 erase "${ACME[@]}" username=ACME_99
    verb 0 erase "${ACME[@]}" password=_first
    verb 0 erase protocol=https host=evil.example username=ACME_01
    verb 0 erase protocol=https username=ACME_01 password=_first
    verb 0 erase protocol=http host=acme.lacework.net username=ACME_01 password=_first
    unchanged
}
erases_nothing
verb 0 erase "${ACME[@]}" username=ACME_01 password=_first
verb 0 -p default erase "${ACME[@]}" username=ACME_01 password=_first
unchanged

# --- the same with "set git-store proved": only a proved key, and only against its secret
printf '%s\n' 'lookup sufficient file' 'store required file' 'erase sufficient file' 'set git-store proved' \
    >"$T/proved"
export LWCRED_CONFIG=$T/proved
run 0 "$HELPER" config check
run 0 "$HELPER" config show
expect_stdout_has '^set git-store proved '
stores_nothing
verb 2 store "${ACME[@]}" 'username=A B' password=_x
verb 2 store "${ACME[@]}" username=ACME_03 'password=with blank'
verb 2 store "${ACME[@]}" username=ACME_03 "password='quoted'"
verb 0 store "${ACME[@]}" username=ACME_01 password=_other
verb 0 -p new store "${ACME[@]}" username=ACME_02 password=_other
erases_nothing
verb 0 erase "${ACME[@]}" username=ACME_01 password=_first
expect_profiles acme:ACME_02

# --- a locked store: what needs no secret works, what does says so
before=$(sha256sum <"$STORE")
KEEP_KEY_FILE=$LWCRED_KEY_FILE
unset LWCRED_KEY_FILE
verb 4 erase "${ACME[@]}" username=ACME_02 password=_second
verb 4 get "${ACME[@]}"
verb 0 get protocol=https host=other.lacework.net
verb 0 erase "${ACME[@]}" username=x-lw-token password=_token
[ "$(sha256sum <"$STORE")" = "$before" ] || fail "the store changed"
unset LWCRED_CONFIG
verb 0 erase "${ACME[@]}" username=ACME_02 password=_second
verb 0 store "${ACME[@]}" username=ACME_03 password=_third
[ "$(sha256sum <"$STORE")" = "$before" ] || fail "the store changed"
export LWCRED_KEY_FILE=$KEEP_KEY_FILE
run 0 "$HELPER" remove -p acme --backend file

# --- the plain git helper by its other name
ln -s "$O/bin/lw-credential-helper" "$T/git-credential-lacework"
PLAIN=$T/git-credential-lacework
run 0 "$PLAIN" capability
expect_stdout "version 0
capability authtype"
for word in list add frobnicate remove; do
    run 0 "$PLAIN" "$word" </dev/null
    expect_stdout_empty
    expect_stderr_empty
done
run 0 "$HELPER" capability
expect_stdout "version 0
capability authtype"
plant_key
run 0 "$HELPER" add -p default -a acme --key-id "$KEY_ID" --secret-stdin --api-url "$API_URL" <<<"$SECRET"
PATH=$T:$PATH
run 0 git -c credential.helper= -c credential.helper=lacework credential fill < <(printf '%s\n' "${ACME[@]}" '')
issued_token_matches "$(field password)"

# --- a key id alone forgets the tokens of that key and no others
FIRST=$KEY_ID
plant_key
run 0 "$HELPER" add -p second -a acme --key-id "$KEY_ID" --secret-stdin --api-url "$API_URL" <<<"$SECRET"
cached() {
    run 0 "$HELPER" cache list
    awk '{print $1}' "$OUT" | sort | tr '\n' ' '
}
run 0 "$HELPER" get -p default --format token
run 0 "$HELPER" get -p second --format token
[ "$(cached)" = 'default second ' ] || fail "cached: $(cached)"
verb 0 erase "${ACME[@]}" username=ACME_99
verb 0 erase "${ACME[@]}" "username=$FIRST" password=
verb 0 erase "${ACME[@]}" "username=$FIRST" password=_wrong
[ "$(cached)" = 'default second ' ] || fail "cached: $(cached)"
verb 0 erase "${ACME[@]}" "username=$FIRST"
[ "$(cached)" = 'second ' ] || fail "cached: $(cached)"
verb 0 erase "${ACME[@]}"
[ "$(cached)" = '' ] || fail "cached: $(cached)"
run 0 "$HELPER" remove -p second --backend file

# --- many at once
# Adders at once: all keys are there afterwards.
run 0 bash -c 'pids=(); for i in $(seq 10); do "$1" add -p "many$i" -a acme --key-id "ACME_$i" --secret-stdin --no-verify <<<"_$i" 2>>"$2/adds" & pids+=($!); done; for p in "${pids[@]}"; do wait "$p" || exit 1; done' _ "$HELPER" "$T"
run 0 "$HELPER" list
[ "$(grep -c '^many' "$OUT")" = 10 ] || fail "a key was lost"
no_secret_left ""
echo ok
