#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# import: keys in the files of other tools, and what becomes of those files.
. "$(dirname "$0")/../support/e2e.sh"
start_standin --proxy
export https_proxy=$PROXY_URL LW_DUMMY=1
make_store_keyfile
cache_in none
plant_key
id=$KEY_ID secret=$SECRET
F=$T/files
mkdir -m 700 "$F"

put() { # name: a file of ours, from stdin
    (umask 077 && cat >"$F/$1")
    chmod 600 "$F/$1"
}
clear_store() { rm -rf "$XDG_DATA_HOME/lwcred"; }
expect_key() { # profile account [secret]: a token comes of it
    run 0 "$HELPER" get -p "$1" --format token
    issued_token_matches "$(cat "$OUT")"
    run 0 "$HELPER" show "$1"
    expect_stdout_has "^account: $2\$"
}
quiet_about_secrets() {
    ! grep -qF -f <(needles "$secret") "$OUT" "$ERR" || fail "a secret is printed"
}

# --- the console's JSON and FortiCloud's TXT, each variant; all are detected
bom=$'\xef\xbb\xbf'
put new.json <<<'{"keyId":"'"$id"'","secret":"'"$secret"'","account":"acme.lacework.net"}'
put old.json <<<'{"keyId":"'"$id"'","secret":"'"$secret"'"}'
put case.json <<<'{"KEYID":"'"$id"'","Secret":"'"$secret"'","ACCOUNT":"ACME"}'
put bare.json <<<'{ "secret": "'"$secret"'", "keyId": "'"$id"'", "account": "acme", "other": [1, {"a": null}] }'
put bom.json <<<"$bom"$'{\r\n"keyId":"'"$id"$'",\r\n"secret":"'"$secret"$'",\r\n"account":"acme"\r\n}\r'
put escape.json <<<'{"keyId":"'"$id"'","secret":"\u005f'"${secret:1}"'","account":"acme"}'
put null.json <<<'{"keyId":"'"$id"'","secret":"'"$secret"'","account":null,"subAccount":""}'
put plain.txt <<<"clientId for FortiManager Cloud: something"$'\n'"apiId: $id"$'\n'"password: $secret"
put crlf.txt <<<"$bom"$'apiId : '"$id"$'\r\nPassword:'"$secret"$' \r\nclientId:x\r'
put plain.env <<<"# mine"$'\n'"LW_ACCOUNT=acme"$'\n'"LW_API_KEY=$id"$'\n'"LW_API_SECRET=$secret"
put other.env <<<$'export LW_KEYID="'"$id"$'" # a\r\nLW_SECRETKEY=\''"$secret"$'\'\r\nPATH=/x'
put camel.env <<<"lwKeyId=$id"$'\n'"lwSecretKey=$secret # b"$'\n'"lwAccount=https://acme.lacework.net/ui"
for file in new.json case.json bare.json bom.json escape.json plain.env camel.env; do
    clear_store
    run 0 "$HELPER" import "$F/$file" -p "p-$file"
    expect_stdout_empty
    expect_stderr_has "^lw-credential-helper: profile 'p-$file' \(acme\.lacework\.net, key id $id\) imported into backend 'file'\$"
    quiet_about_secrets
    expect_key "p-$file" acme.lacework.net
done
for file in old.json null.json plain.txt crlf.txt other.env; do
    clear_store
    run 2 "$HELPER" import "$F/$file"
    expect_stderr_has 'names no account'
    expect_stderr_has '^hint: .*--account'
    run 0 "$HELPER" import "$F/$file" -a acme
    expect_key default acme.lacework.net
done
run 2 "$HELPER" import "$F/new.json" -a other -p q
expect_stderr_has "is of account 'acme.lacework.net'"

# A sub-account, in lower case as the CLI sends it.
clear_store
put sub.json <<<'{"keyId":"'"$id"'","secret":"'"$secret"'","account":"acme","subAccount":"Prod-Business"}'
run 0 "$HELPER" import "$F/sub.json" --no-verify --json
expect_stdout '[{"profile":"default","account":"acme.lacework.net","keyId":"'"$id"'","backend":"file","result":"imported","status":0}]'
run 0 "$HELPER" show default
expect_stdout_has '^sub-account: prod-business$'

# Standard input and the environment.
clear_store
run 0 "$HELPER" import - --from json <"$F/new.json"
run 0 "$HELPER" import - --from json <"$F/new.json"
expect_stderr_has "already imported: in backend 'file'"
expect_exchanges "$(count_exchanges)" # the second proved nothing anew
LW_ACCOUNT=acme LW_KEYID=$id LW_SECRETKEY=$secret run 0 "$HELPER" import --from env -p fromenv
expect_key fromenv acme.lacework.net
run 2 "$HELPER" import --from env -p none
expect_stderr_has 'environment: key id and secret are missing'
LW_ACCOUNT=acme LW_API_KEY=$id LW_KEYID=OTHER_01 LW_API_SECRET=$secret run 2 "$HELPER" import --from env
expect_stderr_has 'the key id: given twice, and not the same'

# --- malformed: the line, no value, nothing changed
n=0
refused() { # status pattern arguments...; the file "bad" from stdin
    put bad
    run "$1" "$HELPER" import "$F/bad" -p bad "${@:3}"
    expect_stderr_has "$2"
    quiet_about_secrets
    n=$((n + 1))
}
clear_store
refused 2 'cannot tell what it is' <<<"nonsense"
refused 2 'cannot tell what it is' </dev/null
refused 2 'bad: byte|bad: .*byte' <<<'{"keyId":"'"$id"'","secret":"'"$secret"'"'
refused 2 'line 1: an object expected' --from json <<<'["'"$secret"'"]'
refused 2 'line 2: secret: text expected' <<<'{"keyId":"'"$id"$'",\n"secret":12}'
refused 2 'twice' <<<'{"keyId":"'"$id"'","KeyID":"x","secret":"'"$secret"'"}'
refused 2 'the secret is missing' <<<'{"keyId":"'"$id"'"}'
refused 2 'the key id is missing' <<<'{"secret":"'"$secret"'"}'
refused 2 'account: not the name of an account' <<<'{"keyId":"'"$id"'","secret":"'"$secret"'","account":"evil.com/"}'
refused 2 'a NUL in a string' <<<'{"keyId":"'"$id"'","secret":"'"$secret"'","account":"a\u0000b"}'
refused 2 "line 2: 'name: value' expected" <<<"apiId: $id"$'\n'"$secret"
refused 2 'line 2: a quote without its end' <<<"LW_ACCOUNT=acme"$'\n'"LW_API_SECRET=\"$secret"
refused 2 'swapped|looks like' <<<'{"keyId":"'"$secret"'","secret":"'"$id"'","account":"acme"}'
head -c 300000 /dev/zero | tr '\0' ' ' | refused 2 'more than 262144 bytes' --from json
printf '[default]\naccount = "acme"\napi_key = "%s"\napi_secret = "%s\n' "$id" "$secret" | refused 2 'bad:4:'
refused 3 "has no profile 'bad'" --from lacework-cli <<<"# nothing"
chmod 666 "$F/bad"
run 14 "$HELPER" import "$F/bad" --from json
run 2 "$HELPER" import "$F/none.json"
run 2 "$HELPER" import "$F" --from json
run 0 "$HELPER" list
expect_stdout_empty
[ "$n" -gt 10 ] || fail "too few cases"

# A refused key is not stored.
forget_key "$id"
run 11 "$HELPER" import "$F/new.json"
run 0 "$HELPER" list
expect_stdout_empty
printf '%s %s admin\n' "$id" "$(sha256_of "$secret")" >>"$STANDIN/keys"

# --- usage
run 2 "$HELPER" import "$F/new.json" --delete-source --no-verify
run 2 "$HELPER" import - --from json --delete-source <"$F/new.json"
run 2 "$HELPER" import --from env --delete-source
run 2 "$HELPER" import "$F/new.json" --delete-source=all
run 2 "$HELPER" import "$F/new.json" --delete-source=some
run 2 "$HELPER" import "$F/new.json" --from xml
run 2 "$HELPER" import --from json
run 2 "$HELPER" import -
run 2 "$HELPER" import "$F/new.json" -p env

# --- the source: tried only, then removed
clear_store
cp -p "$F/new.json" "$F/copy.json"
run 0 "$HELPER" import "$F/copy.json" --delete-source --dry-run
expect_stderr_has 'would be imported'
[ -e "$F/copy.json" ] || fail "--dry-run removed the file"
run 0 "$HELPER" list
expect_stdout_empty
run 0 "$HELPER" import "$F/copy.json" --delete-source
expect_stderr_has 'imported into .* and removed where it was'
[ ! -e "$F/copy.json" ] || fail "the file is still there"
expect_key default acme.lacework.net
# A file of variables keeps all else, its mode, and the link to it.
clear_store
ln -s plain.env "$F/link.env"
chmod 640 "$F/plain.env"
run 0 "$HELPER" import "$F/link.env" --delete-source
printf '# mine\nLW_ACCOUNT=acme\nLW_API_KEY=%s\nLW_API_SECRET=\n' "$id" | cmp - "$F/plain.env" || fail "the file changed otherwise"
[ "$(stat -c %a "$F/plain.env")" = 640 ] && [ -L "$F/link.env" ] || fail "mode or link are gone"
# Another name of the file would keep the secret.
ln "$F/new.json" "$F/second.json"
run 2 "$HELPER" import "$F/new.json" --delete-source
expect_stderr_has 'is imported, but not removed there: .*hard links'
rm "$F/second.json"
# A secret that is there already is proved before it is removed.
forget_key "$id"
run 11 "$HELPER" import "$F/new.json" --delete-source
[ -e "$F/new.json" ] || fail "an unproved key is gone"
printf '%s %s admin\n' "$id" "$(sha256_of "$secret")" >>"$STANDIN/keys"

# --- another key of that profile
plant_key
put two.json <<<'{"keyId":"'"$KEY_ID"'","secret":"'"$SECRET"'","account":"acme"}'
run 2 "$HELPER" import "$F/two.json" --delete-source
expect_stderr_has "exists in backend 'file' with another key"
expect_stderr_has '^hint: .*--replace'
[ -e "$F/two.json" ] || fail "the only copy of the key is gone"
run 0 "$HELPER" import "$F/two.json" --replace --delete-source
expect_key default acme.lacework.net

# --- rename
run 0 "$HELPER" rename default prod
expect_stderr_has "renamed profile 'default' to 'prod'"
run 3 "$HELPER" show default
expect_key prod acme.lacework.net
run 0 "$HELPER" rename -p prod back --json
expect_stdout '{"profile":"back","oldProfile":"prod"}'
run 3 "$HELPER" rename none other
run 0 "$HELPER" import "$F/new.json" -p taken
run 2 "$HELPER" rename back taken
expect_stderr_has "rename: profile 'taken' exists in backend 'file' with another key"
run 2 "$HELPER" rename back back
run 2 "$HELPER" rename back env
run 2 "$HELPER" rename back 'a b'
run 2 "$HELPER" rename back
expect_key back acme.lacework.net
[ -z "$(find "$XDG_STATE_HOME/lwcred" -name '*.journal')" ] || fail "a journal is left"
no_secret_left "$XDG_STATE_HOME"
echo ok
