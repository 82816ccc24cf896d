#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# store and erase as git calls them: a key is kept, a token never is; only its owner removes a key.
. "$(dirname "$0")/../support/e2e.sh"
start_standin
make_store_keyfile
STORE=$XDG_DATA_HOME/lwcred/keys.lwc
verb() { # status, verb, attribute...
    local expected=$1 name=$2
    shift 2
    run "$expected" "$HELPER" "$name" < <(printf '%s\n' "$@" '')
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

# --- store
verb 0 store "${ACME[@]}" username=ACME_01 password=_first
expect_profiles default:ACME_01
verb 0 store "${ACME[@]}" username=ACME_02 password=_second
expect_profiles 'acme:ACME_02 default:ACME_01'
verb 2 store "${ACME[@]}" username=ACME_03 password=_third
verb 0 store "${ACME[@]}" username=ACME_02 password=_second-again
expect_profiles 'acme:ACME_02 default:ACME_01'
before=$(sha256sum <"$STORE")
unchanged() {
    [ "$(sha256sum <"$STORE")" = "$before" ] || fail "the store changed"
}
verb 0 store "${ACME[@]}" username=x-lw-token password=_token
verb 0 store "${ACME[@]}" capability[]=authtype authtype=Bearer credential=_token ephemeral=1
verb 0 store "${ACME[@]}" username=ACME_01 password=_token ephemeral=1
verb 0 store "${ACME[@]}" username=ACME_01
verb 0 store "${ACME[@]}" password=_x
verb 0 store protocol=https host=github.com username=alice password=hunter2
verb 0 store protocol=https host=acme.lacework.net.evil.example username=alice password=hunter2
verb 0 store protocol=http host=acme.lacework.net username=ACME_01 password=_plain
verb 0 store protocol=https username=ACME_01 password=_nohost
verb 2 store "${ACME[@]}" 'username=A B' password=_x
verb 2 store "${ACME[@]}" username=ACME_01 'password=with blank'
verb 2 store "${ACME[@]}" username=ACME_01 "password='quoted'"
unchanged

# --- erase
verb 2 erase
verb 0 erase "${ACME[@]}"
verb 0 erase "${ACME[@]}" username=x-lw-token password=_token
verb 0 erase "${ACME[@]}" authtype=Bearer credential=_token
verb 0 erase "${ACME[@]}" username=ACME_01 password=_wrong
verb 0 erase "${ACME[@]}" username=ACME_99
verb 0 erase "${ACME[@]}" password=_first
verb 0 erase protocol=https host=evil.example username=ACME_01
verb 0 erase protocol=https username=ACME_01 password=_first
verb 0 erase protocol=http host=acme.lacework.net username=ACME_01 password=_first
unchanged
verb 0 erase "${ACME[@]}" username=ACME_01 password=_first
expect_profiles acme:ACME_02
verb 0 erase "${ACME[@]}" username=ACME_02
expect_profiles ''

# --- a locked store: what needs no secret works, what does says so
verb 0 store "${ACME[@]}" username=ACME_01 password=_first
before=$(sha256sum <"$STORE")
KEEP_KEY_FILE=$LWCRED_KEY_FILE
unset LWCRED_KEY_FILE
verb 4 erase "${ACME[@]}" username=ACME_01 password=_first
verb 4 store "${ACME[@]}" username=ACME_02 password=_second
verb 4 get "${ACME[@]}"
verb 0 get protocol=https host=other.lacework.net
verb 0 erase "${ACME[@]}" username=x-lw-token password=_token
unchanged
export LWCRED_KEY_FILE=$KEEP_KEY_FILE

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
run 0 "$HELPER" add -p default --replace -a acme --key-id "$KEY_ID" --secret-stdin --api-url "$API_URL" <<<"$SECRET"
PATH=$T:$PATH
run 0 git -c credential.helper= -c credential.helper=lacework credential fill < <(printf '%s\n' "${ACME[@]}" '')
issued_token_matches "$(field password)"

# --- many at once
# Adders at once: all keys are there afterwards.
run 0 bash -c 'pids=(); for i in $(seq 10); do "$1" add -p "many$i" -a acme --key-id "ACME_$i" --secret-stdin --no-verify <<<"_$i" 2>>"$2/adds" & pids+=($!); done; for p in "${pids[@]}"; do wait "$p" || exit 1; done' _ "$HELPER" "$T"
run 0 "$HELPER" list
[ "$(grep -c '^many' "$OUT")" = 10 ] || fail "a key was lost"
no_secret_left ""
echo ok
