#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A person stores an access key, git asks for a credential, a fresh token comes out over TLS.
. "$(dirname "$0")/../support/e2e.sh"
start_standin
plant_key
make_store_keyfile

git config --global credential.helper ''
git config --global credential.https://acme.lacework.net.helper "$HELPER"
ask_git() { # verb, attributes...
    local verb=$1
    shift
    run 0 git credential "$verb" < <(printf '%s\n' protocol=https host=acme.lacework.net "$@" '')
}

# --- from the encrypted file
printf '%s\n' "$SECRET" >"$T/home/download"
run 0 "$HELPER" add --account ACME --key-id "$KEY_ID" --secret-file "$T/home/download" --api-url "$API_URL"
rm "$T/home/download"
expect_stdout_empty
expect_stderr_has "stored profile 'default' .*acme\.lacework\.net.* in backend 'file'"
expect_exchanges 1 status=201
STORE=$XDG_DATA_HOME/lwcred/keys.lwc
[ "$(stat -c %a "$STORE")" = 600 ] || fail "the store's mode is $(stat -c %a "$STORE")"

ask_git fill
issued_token_matches "$(field password)"
TOKEN=$(field password)
[ "$(field username)" = x-lw-token ] || fail "username is $(field username)"
[ "$(field host)" = acme.lacework.net ] || fail "host is $(field host)"
EXPIRY=$(field password_expiry_utc) 2>/dev/null
if [ -n "$EXPIRY" ]; then
    [ "$EXPIRY" -gt "$(date +%s)" ] || fail "already expired: $EXPIRY"
fi

before=$(sha256sum <"$STORE")
ask_git approve "username=x-lw-token" "password=$TOKEN"
ask_git reject "username=x-lw-token" "password=$TOKEN"
ask_git reject
ask_git reject "username=$KEY_ID" "password=$TOKEN"
[ "$(sha256sum <"$STORE")" = "$before" ] || fail "approve or reject changed the store"
ask_git fill
issued_token_matches "$(field password)"
[ "$(field password)" != "$TOKEN" ] || fail "the second token is the first"

# The helper alone: bearer form where the caller announced it, basic form otherwise.
run 0 "$HELPER" get < <(printf 'capability[]=authtype\nprotocol=https\nhost=ACME.lacework.net:443\n')
[ "$(field authtype)" = Bearer ] || fail "no authtype"
issued_token_matches "$(field credential)"
[ "$(head -n 1 "$OUT")" = 'capability[]=authtype' ] || fail "capability[] is not first"
[ "$(field ephemeral)" = 1 ] || fail "not ephemeral"
[ -z "$(field password)" ] || fail "both forms"
run 0 "$HELPER" get < <(printf 'protocol=https\r\nhost=ACME.lacework.net:443\r\n\r\nleft over\n')
[ "$(field host)" = ACME.lacework.net:443 ] || fail "host not as asked: $(field host)"
issued_token_matches "$(field password)"
run 0 "$HELPER" get < <(printf 'protocol=https\nhost=%s\n' "$ORIGIN")
issued_token_matches "$(field password)"

# Other formats; they read no request.
run 0 "$HELPER" get --format token
issued_token_matches "$(cat "$OUT")"
run 0 "$HELPER" get --format json -p default --ttl 2h --sub-account other --org-access
python3 - "$OUT" "$KEY_ID" <<'PY'
import json, sys, time, datetime
answer = json.load(open(sys.argv[1]))
assert list(answer) == ["token", "expiresAt", "expiresIn", "account", "profile", "keyId",
                        "subAccount", "orgAccess", "source"], list(answer)
assert answer["account"] == "acme.lacework.net" and answer["profile"] == "default", answer
assert answer["keyId"] == sys.argv[2] and answer["source"] == "file", answer
assert answer["subAccount"] == "other" and answer["orgAccess"] is True, answer
assert 7100 < answer["expiresIn"] <= 7200, answer
at = datetime.datetime.fromisoformat(answer["expiresAt"].replace("Z", "+00:00")).timestamp()
assert abs(at - time.time() - answer["expiresIn"]) < 5, answer
PY
[ "$(last_call expiry)" = 7200 ] || fail "asked for $(last_call expiry) s"
run 0 "$HELPER" -a acme get --refresh
issued_token_matches "$(field password)"
run 0 "$HELPER" list
expect_stdout_has "^default +acme\.lacework\.net +$KEY_ID .* file"
run 0 "$HELPER" show -p default
expect_stdout_has "$KEY_ID"
run 0 "$HELPER" --json list
python3 -c '
import json, sys
rows = json.load(open(sys.argv[1]))
assert rows == [{"profile": "default", "account": "acme.lacework.net", "keyId": sys.argv[2],
    "subAccount": None, "orgAccess": False, "backend": "file", "kind": "access-key"}] or \
    rows[0]["subAccount"] in ("", None), rows' "$OUT" "$KEY_ID"

# --- from the environment, which comes first
cache_in none
FILE_KEY=$KEY_ID FILE_SECRET=$SECRET
plant_key
export LW_ACCOUNT=acme LW_API_KEY=$KEY_ID LW_API_SECRET=$SECRET LW_API_SERVER_URL=$API_URL
ask_git fill
issued_token_matches "$(field password)"
[ "$(last_call key)" = "$KEY_ID" ] || fail "the file's key answered"
run 0 "$HELPER" --json get --format json
expect_stdout_has '"source": ?"env"'
unset LW_API_SECRET
LW_API_SECRET_FILE=$T/home/secret
export LW_API_SECRET_FILE
printf '%s' "$SECRET" >"$LW_API_SECRET_FILE"
ask_git fill
[ "$(last_call key)" = "$KEY_ID" ] || fail "LW_API_SECRET_FILE was not used"
rm "$LW_API_SECRET_FILE"
unset LW_API_SECRET_FILE LW_API_KEY LW_API_SERVER_URL
ask_git fill
[ "$(last_call key)" = "$FILE_KEY" ] || fail "the file's key did not answer"

# A ready token alone.
export LW_API_TOKEN=_ready-token
ask_git fill
[ "$(field password)" = _ready-token ] || fail "the ready token did not come out"
[ -z "$(field password_expiry_utc)" ] || fail "an expiry was invented"
unset LW_API_TOKEN LW_ACCOUNT

# --- gone
run 3 "$HELPER" remove -p other
run 0 "$HELPER" remove -p default
run 3 "$HELPER" get --format token
expect_stdout_empty
run 0 "$HELPER" get < <(printf 'protocol=https\nhost=acme.lacework.net\n\n')
expect_stdout_empty

no_secret_left ""
SECRET=$FILE_SECRET
no_secret_left ""
echo ok
