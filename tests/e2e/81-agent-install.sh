#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An agent token on its way to agents: the configuration file, the script, Secret and Helm values.
. "$(dirname "$0")/../support/e2e.sh"
. "$ROOT/tests/support/agent_tokens.sh"
start_agent_api
run 0 agent create web --os linux
token=$(server_token web accessToken)
mkdir -m 750 "$T/agent"
config=$T/agent/config.json

# Made, then left alone, then changed in place: unknown keys, spelling, order, numbers, blanks and mode stay.
(umask 022 && run 0 agent install web --config "$config")
[ "$(cat "$config")" = "{\"tokens\":{\"AccessToken\":\"$token\"}}" ] || fail "a new file: $(cat "$config")"
[ "$(stat -c %a "$config")" = 640 ] || fail "mode of a new file: $(stat -c %a "$config")"
run 0 agent install web --config "$config"
expect_stderr_has 'holds this agent token already'
printf '{ "tags" : {"n": 1.50e3},\r\n  "Tokens":{"accesstoken" :"0a1b2c"}, "ServerUrl":"https://api.lacework.net","proxyurl":"http://10.0.0.1:3128"}\n' >"$config"
chmod 604 "$config"
run 0 agent install web --config "$config" --server-url eu
printf '{ "tags" : {"n": 1.50e3},\r\n  "Tokens":{"accesstoken" :"%s"}, "ServerUrl":"https://api.fra.lacework.net","proxyurl":"http://10.0.0.1:3128"}\n' "$token" | cmp - "$config"
[ "$(stat -c %a "$config")" = 604 ] || fail "mode of a changed file: $(stat -c %a "$config")"
no_token_in "$OUT" "$ERR"

# By another user, without a key, a stack, a home or any variable.
cp "$config" "$T/before.json"
run 0 agent show web --reveal
cp "$OUT" "$T/token"
rm "$config"
run 0 env -i "$HELPER" agent-token install --token-stdin --config "$config" --server-url us-02 <"$T/token"
[ "$(cat "$config")" = "{\"tokens\":{\"AccessToken\":\"$token\"},\"serverurl\":\"https://aprodus2.agent.lacework.net\"}" ] ||
    fail "from stdin: $(cat "$config")"
for bad in '' x -abc abc- 'a b' 'a"b' "$(printf 'a%.0s' {1..58})" $'abc\ndef'; do
    cp "$config" "$T/kept"
    run 2 agent install --token-stdin --config "$config" <<<"$bad"
    cmp "$config" "$T/kept"
done

# Files that are refused stay as they are, and nothing is left beside them.
refuse() { # status words
    cp -pL --remove-destination "$config" "$T/kept"
    run "$1" agent install --token-stdin --config "$config" <<<"0a1b2c3d4e"
    expect_stderr_has "$2"
    [ "$(stat -c %i:%a "$config")" = "$inode" ] || fail "$2: another file"
    cmp "$config" "$T/kept"
    [ "$(find "$T/agent" -mindepth 1 | wc -l)" = "$entries" ] || fail "$2: something is left beside it"
}
entries=1
for text in '{' '[]' '{"tokens":[]}' '{"tokens":{"AccessToken":1}}' '{"tokens":{"AccessToken":"a1","accesstoken":"b2"}}' '{"a":1,}' ''; do
    printf %s "$text" >"$config"
    inode=$(stat -c %i:%a "$config")
    refuse 2 'config.json'
done
echo '{}' >"$config"
chmod 444 "$config"
inode=$(stat -c %i:%a "$config")
refuse 9 'read-only'
chmod 666 "$config"
inode=$(stat -c %i:%a "$config")
refuse 14 'written by others'
chmod 640 "$config"
entries=2
mv "$config" "$T/agent/real" && ln -s real "$config"
inode=$(stat -c %i:%a "$config")
refuse 14 'symbolic link'
rm "$config" && ln "$T/agent/real" "$config"
inode=$(stat -c %i:%a "$config")
refuse 14 'hard link'
rm "$T/agent/real"
entries=1
run 2 agent install web --config "$T/nowhere/config.json"
expect_stderr_has 'no directory for the file'
if [ "$(id -u)" = 0 ]; then
    chown 65534:65534 "$config"
    inode=$(stat -c %i:%a "$config")
    refuse 14 'belongs to uid 65534'
    chown 0:65534 "$config" # a group of its own stays
    run 0 agent install web --config "$config"
    [ "$(stat -c %u:%g "$config")" = 0:65534 ] || fail "the owner changed"
    chattr +i "$config" 2>/dev/null && {
        inode=$(stat -c %i:%a "$config")
        refuse 9 'config.json'
        chattr -i "$config"
    }
fi
chmod 640 "$config"
inode=$(stat -c %i:%a "$config")
# A full disk, as far as a process can be told so.
status=0
said=$({ ulimit -f 0 && agent install --token-stdin --config "$config"; } 2>&1 <<<"0a1b2c3d4e") || status=$?
[ "$status" = 9 ] || fail "a full disk: $status, $said"
[ "$(find "$T/agent" -mindepth 1 | wc -l)" = 1 ] || fail "a full disk: something is left beside the file"
[ "$(stat -c %i:%a "$config")" = "$inode" ] || fail "a full disk changed the file"

# Where the agents of an account need a server, it is asked for, unless the file or an option names it.
run 0 "$HELPER" add -p eu -a acme.fra --key-id "$KEY_ID" --secret-stdin --api-url "$API_URL" --no-verify <<<"$SECRET"
rm "$config"
run 4 agent install web -p eu --config "$config" --no-prompt
expect_stderr_has 'agents of acme.fra.lacework.net need it'
expect_stderr_has '^hint: give --server-url eu$'
[ ! -e "$config" ] || fail "a file was made"
run 0 agent install web -p eu --config "$config" --server-url https://api.fra.lacework.net
run 0 agent install web -p eu --config "$config" --no-prompt
for url in http://api.lacework.net https://evil.example https://evillacework.net mars 'https://a.lacework.net:8443'; do
    run 2 agent install web --config "$config" --server-url "$url"
done

# A disabled token is not handed out; wrong use is said to be.
run 0 agent disable web
run 2 agent install web --config "$config"
expect_stderr_has "the agent token 'web' is disabled"
run 0 agent enable web
for words in '' 'web' '--config x' 'web --script --helm-values' 'web --token-stdin --config x' '--token-stdin --script' \
    'web --k8s-secret --secret-name Bad_Name'; do
    # shellcheck disable=SC2086
    run 2 agent install $words </dev/null
done

# Manifests are YAML with what they should hold.
parse() { # expression over d
    python3 -c 'import sys, yaml; d = yaml.safe_load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$OUT" "$1"
}
run 0 agent install web --k8s-secret --namespace lacework
[ "$(parse '[d["kind"], d["metadata"], d["stringData"]]')" = \
    "['Secret', {'name': 'lacework-agent-access-token', 'namespace': 'lacework'}, {'agent-access-token': '$token'}]" ] ||
    fail "Secret: $(cat "$OUT")"
# Digits and an e, which YAML would take for a number.
run 0 agent install --token-stdin --k8s-secret --secret-name a.b <<<12e4
[ "$(parse '[d["metadata"], d["stringData"]]')" = "[{'name': 'a.b'}, {'agent-access-token': '12e4'}]" ] || fail "Secret: $(cat "$OUT")"
run 0 agent install web -p eu --helm-values --server-url eu --secret-name s
[ "$(parse d)" = "{'laceworkConfig': {'serverUrl': 'https://api.fra.lacework.net', 'accessToken': {'existingSecret': {'name': 's', 'key': 'agent-access-token'}}}}" ] ||
    fail "values: $(cat "$OUT")"
no_token_in "$OUT" "$ERR"

# The script: a shell script without the token, which hands it to the installer, and to no command line.
run 0 agent install web --script --server-url anz
no_token_in "$OUT" "$ERR"
sed "s#^config=.*#config=$T/no-config#" "$OUT" >"$T/install.sh"
sh -n "$T/install.sh"
shellcheck -s sh "$T/install.sh"
mkdir "$T/fake"
cat >"$T/fake/curl" <<'FAKE'
#!/bin/sh
# In the place of the vendor's installer: notes what it got, and which processes could be seen meanwhile.
cat <<'INSTALLER'
#!/bin/bash
printf '%s\n' "$@" >"$NOTES/arguments"
cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' ' >"$NOTES/processes"
INSTALLER
FAKE
chmod +x "$T/fake/curl"
export NOTES=$T
printf '%s\n' -U https://auprodn1.agent.lacework.net "$token" >"$T/expected"
run 0 env PATH="$T/fake:$PATH" sh "$T/install.sh" "$T/token"
cmp "$T/arguments" "$T/expected"
no_token_in "$T/processes"
rm "$T/arguments"
run 0 env PATH="$T/fake:$PATH" sh "$T/install.sh" <"$T/token"
cmp "$T/arguments" "$T/expected"
for bad in '' x -ab 'ab;id' "\$(id)" "$(printf 'a%.0s' {1..58})"; do
    rm -f "$T/arguments"
    run 1 env PATH="$T/fake:$PATH" sh "$T/install.sh" <<<"$bad"
    [ ! -e "$T/arguments" ] || fail "the installer ran with: $bad"
done
: >"$T/no-config"
run 1 env PATH="$T/fake:$PATH" sh "$T/install.sh" <"$T/token"
expect_stderr_has 'is there'
printf '#!/bin/sh\nexit 22\n' >"$T/fake/curl"
rm "$T/no-config"
run 22 env PATH="$T/fake:$PATH" sh "$T/install.sh" <"$T/token"
[ ! -e "$T/arguments" ] || fail "something ran without an installer"
echo ok
