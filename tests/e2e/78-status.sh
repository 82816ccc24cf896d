#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# status: who calls, where a call acts, and a warning where that is not expected; each role, each
# form of the API's reply, and no reply.
. "$(dirname "$0")/../support/cache.sh"
start_standin
make_store_keyfile
XDG_RUNTIME_DIR=$RUN
cache_in runtime
PROFILE=/api/v2/UserProfile

add() { # ROLE OPTIONS... -- arguments of add: a key of that role as profile "p"
    local role=()
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        role+=("$1")
        shift
    done
    plant_key "${role[@]}"
    run 0 "$HELPER" add -a acme --key-id "$KEY_ID" --secret-stdin --api-url "$API_URL" -p p --replace "${@:2}" <<<"$SECRET"
}
# acts EXPECTED ARGS...: status --json says KIND/ACCOUNT/CERTAIN, and warns of nothing
acts() {
    local expected=$1
    shift
    run 0 "$HELPER" status --json "$@"
    expect_stderr_empty
    expect_acts "$expected"
    [ "$(json 'a["warnings"]')" = '[]' ] || fail "warnings in JSON, and none on stderr"
}
# warns PATTERN EXPECTED ARGS...: the same with one warning
warns() {
    local pattern=$1 expected=$2
    shift 2
    run 0 "$HELPER" status --json "$@"
    expect_acts "$expected"
    expect_stderr_has "^lw-credential-helper: warning: .*$pattern"
    [ "$(wc -l <"$ERR")" = 1 ] || fail "more than one warning"
    [ "$(json 'len(a["warnings"])')" = 1 ] || fail "no warning in JSON"
    [ "$(json '"lw-credential-helper: warning: " + a["warnings"][0]')" = "$(cat "$ERR")" ] || fail "JSON warns of something else"
    run 0 "$HELPER" -q status "$@"
    expect_stderr_empty
}
expect_acts() {
    local found
    found=$(json '"/".join(str(a["actsOn"][n]) for n in ("kind", "account", "certain"))')
    [ "$found" = "$1" ] || fail "expected $1, got $found"
}

# --- what it says: to people, as JSON, by either name; one call of the API, none for a token
add org user=jane@example.com off=LAB --
before=$(count_exchanges)
: >"$STANDIN/log"
run 0 "$HELPER" status
expect_stderr_empty
for line in 'user: jane@example\.com' "acts on: account acme, by the key's name" \
    'organization: acme\.lacework\.net \(you are its admin\)' 'profile: p' \
    'account: acme\.lacework\.net' "API at: $ORIGIN" "key id: $KEY_ID" 'sub-account: -' \
    'org access: no' 'kind: access-key' 'backend: file' \
    'token: (59|60) min left, until 2[-0-9]{9}T[:0-9]{8}Z' \
    'rate limit: 479 of 480 calls like this one are left' 'accounts: 4' '  ACME  admin' \
    '  LAB   admin, disabled'; do
    expect_stdout_has "^$line\$"
done
[ "$(wc -l <"$STANDIN/log")" = 1 ] || fail "more than one call"
expect_calls 1 GET "$PROFILE" 'bearer=right .*account-name=- org-access=- '
run 0 "$HELPER" whoami --json
[ "$(wc -l <"$STANDIN/log")" = 2 ] || fail "more than one call"
python3 - "$OUT" "$KEY_ID" "$ORIGIN" <<'PY'
import json, sys
a = json.load(open(sys.argv[1]))
assert list(a) == ["online", "user", "orgAccount", "url", "orgAdmin", "orgUser", "accounts", "actsOn", "profile",
                   "account", "origin", "keyId", "subAccount", "kind", "backend", "orgAccess", "expiresAt",
                   "expiresIn", "rateLimit", "warnings"], list(a)
assert a["online"] is True and a["user"] == "jane@example.com" and a["url"] == "acme.lacework.net", a
assert (a["orgAccount"], a["orgAdmin"], a["orgUser"]) == (True, True, False), a
assert a["accounts"][3] == {"name": "LAB", "admin": True, "enabled": False}, a
assert a["keyId"] == sys.argv[2] and a["origin"] == sys.argv[3] and a["orgAccess"] is False, a
assert 3500 < a["expiresIn"] <= 3600 and a["rateLimit"] == {"limit": 480, "remaining": 478, "resetIn": 0}, a
PY
expect_exchanges 0
no_secret_left "$T/home" "$XDG_DATA_HOME/lwcred/keys.lwc"

# --- no token in a trace, in a URL, or in an error that a server makes of it
run 0 "$HELPER" get --format token
TOKEN=$(cat "$OUT")
run 0 "$HELPER" -v status
expect_stderr_lacks "$TOKEN|$SECRET"
expect_stdout_lacks "$TOKEN|$SECRET"
mode 'data: echo-token'
run 11 "$HELPER" -v status --json
expect_stderr_lacks "$TOKEN|$SECRET"
expect_stdout_lacks "$TOKEN|$SECRET"
mode ''
! grep -qF -e "$TOKEN" -e "$SECRET" "$STANDIN/log" || fail "a token or the secret is in a URL"

# --- an organization's admin
acts account/dev/True --sub-account DEV
acts account/acme/True --sub-account acme
acts organization/None/True --org-access
[ "$(last_call org-access)" = true ] || fail "Org-Access was not sent"
warns "sub-account 'dev' has no effect" organization/None/True --org-access --sub-account dev
mode 'data: profile-any-account'
warns "'stranger' is none of this user's accounts" account/stranger/True --sub-account stranger
warns "disabled in account 'lab'" account/lab/True --sub-account lab
mode 'data: profile-no-primary'
acts account/acme/True --sub-account acme
acts account/acme/False
mode ''
run 11 "$HELPER" status --sub-account stranger
expect_stderr_has 'status 403.*Unauthorized Access'
expect_stderr_has '^hint: .*--sub-account'
expect_stdout_has '^acts on: account stranger, not checked$'

# --- the key of another account than the one in the URL: made in a sub-account, used without it
sed -i "s/^ACME_/DEV_/" "$STANDIN/keys"
run 0 "$HELPER" add -a acme --key-id "DEV_${KEY_ID#ACME_}" --secret-stdin --api-url "$API_URL" -p p --replace --no-verify <<<"$SECRET"
warns "the key was made: 'dev', not 'acme'" account/dev/False
acts account/prod/True --sub-account prod
sed -i "s/^DEV_/ODD_/" "$STANDIN/keys"
run 0 "$HELPER" add -a acme --key-id "ODD_${KEY_ID#ACME_}" --secret-stdin --api-url "$API_URL" -p p --replace --no-verify <<<"$SECRET"
warns 'which the API does not tell' unknown/None/False
run 0 "$HELPER" add -a other --key-id "ODD_${KEY_ID#ACME_}" --secret-stdin --api-url "$API_URL" -p p --replace --no-verify <<<"$SECRET"
warns "for account 'other', and the API calls it 'acme\.lacework\.net'" account/dev/True --sub-account dev
run 0 "$HELPER" add -a dev --key-id "ODD_${KEY_ID#ACME_}" --secret-stdin --api-url "$API_URL" -p p --replace --no-verify <<<"$SECRET"
warns "'dev' is a sub-account of the organization 'acme'" account/prod/True --sub-account prod

# --- the other roles
add org-user --
acts organization/None/True --org-access
run 0 "$HELPER" status
expect_stdout_has '^organization: acme\.lacework\.net \(you may read all of it\)$'
add sub-admin accounts=DEV,PROD --
acts account/prod/True --sub-account prod
run 0 "$HELPER" status --sub-account dev
expect_stdout_has '^organization: acme\.lacework\.net \(you are no admin of it\)$'
mode 'data: profile-any-account'
warns "'acme' is none of this user's accounts" account/acme/True --sub-account acme
warns 'no admin of one' account/dev/True --org-access --sub-account dev
mode ''
run 11 "$HELPER" status --org-access
expect_stdout_has '^acts on: the organization, if this user is its admin$'
add sub-admin accounts=LAB --
warns "'lab', not 'acme'" account/lab/True
add service home=ACME access=read-only --
acts account/acme/True
run 0 "$HELPER" status
expect_stdout_has '^organization: none$'
expect_stdout_has '^  ACME  user$'
add admin -- --org-access
run 11 "$HELPER" status
add demoted -- --no-verify
run 11 "$HELPER" status # no token is given: what is known here
expect_stdout_has '^user: unknown: the API gave no answer$'
expect_stdout_has "^key id: $KEY_ID\$"
expect_stdout_has '^token: none$'

# --- outside of an organization UserProfile may fail: what is known, and that
add admin --
mode 'data: profile-500'
: >"$STANDIN/log"
run 0 "$HELPER" status
expect_stderr_empty
expect_stdout_has '^user: unknown: the API tells it to members of an organization alone$'
expect_stdout_has '^acts on: account acme$'
expect_stdout_has '^organization: none$'
expect_calls 1 GET "$PROFILE"
expect_calls 1 GET /api/v2/OrganizationInfo
run 0 "$HELPER" status --json
[ "$(json 'a["online"], a["user"], a["accounts"], a["orgAccount"]')" = '(True, None, None, False)' ] || fail "JSON says something else"

# --- replies that are none: known here, the cause, and nothing of the reply's own on the terminal
bad() { # STATUS PATTERN MODE
    mode "$3"
    run "$1" "$HELPER" status
    expect_stdout_has '^user: unknown: the API gave no answer$'
    expect_stdout_has "^key id: $KEY_ID\$"
    expect_stdout_has '^token: (59|60) min left'
    expect_stderr_has "$2"
    expect_stderr_lacks "$SECRET"
    run "$1" "$HELPER" status --json
    [ "$(json 'a["online"], a["user"]')" = '(False, None)' ] || fail "JSON says something else"
}
bad 10 'status 500' 'data: status 500'
bad 10 'status 500' 'data: status 500 form=success-data'
bad 10 'unusable reply: no JSON object' 'data: in-array'
bad 10 'unusable reply' 'data: html 200'
bad 10 'status 502' 'data: html 502'
bad 10 'unusable reply' 'data: text 200 hello'
bad 10 '1 MiB' 'data: stream'
bad 10 '1 MiB' 'data: stream; data: chunked'
bad 10 'unusable reply|nested' 'data: deep'
bad 10 'unusable reply' 'data: duplicate'
bad 10 'unusable reply|empty|204' 'data: 204'
bad 10 '' 'data: cut'
bad 10 '' 'data: hang-up'
bad 10 'redirect' 'data: redirect https://evil.example/api/v2/UserProfile'
bad 12 'rate' 'data: rate 0'
mode 'data: slow-headers 30'
run 10 "$HELPER" --timeout 1 status
expect_stdout_has '^token: (59|60) min left'
expect_stderr_has 'time|out'
printf '{"data":[{"username":"\\u001b[31mred","url":"acme.lacework.net\\r\\nx","orgAccount":true,"orgAdmin":true,"accounts":[{"accountName":"A\\u001b]0;x","admin":1,"userEnabled":true}]}]}' >"$T/escapes"
mode "data: body $T/escapes 200"
run 0 "$HELPER" status --sub-account A
! grep -q $'[\r\033]' "$OUT" "$ERR" || fail "control bytes reach the terminal"
run 0 "$HELPER" status --json --sub-account A
[ "$(json 'a["user"][0] == "\x1b"')" = True ] || fail "JSON changed the name"

# --- replies in other forms that are good, and a token that is not accepted any more
for form in ok swap-data unknown-fields chunked until-close slow-body\ 0.1; do
    mode "data: $form"
    acts account/acme/True
done
mode 'data: sub-accounts 4000'
add org --
run 0 "$HELPER" status
expect_stdout_has '^accounts: 4001$'
mode 'data: revoked'
before=$(count_exchanges)
run 0 "$HELPER" status
expect_exchanges $((before + 1))
expect_stdout_has '^token: (59|60) min left'
mode ''

# --- without a cache one exchange is all it takes
cache_in none
before=$(count_exchanges)
run 0 "$HELPER" status
expect_exchanges $((before + 1))
cache_in runtime

# --- offline, with a token and without; nothing stored; a ready token
run 0 "$HELPER" status
stop_standins
run 10 "$HELPER" status
expect_stdout_has '^user: unknown: the API gave no answer$'
expect_stdout_has '^acts on: the account in which the key was made, unknown here$'
expect_stdout_has '^organization: unknown$'
expect_stdout_has '^token: (59|60) min left'
expect_stdout_has '^rate limit: unknown$'
expect_stderr_has 'cannot connect'
run 10 "$HELPER" status --sub-account dev
expect_stdout_has '^acts on: account dev, not checked$'
run 0 "$HELPER" cache clear
run 10 "$HELPER" status
expect_stdout_has "^key id: $KEY_ID\$"
expect_stdout_has '^backend: file$'
expect_stdout_has '^token: none$'
run 0 "$HELPER" remove p
run 3 "$HELPER" status
expect_stdout_empty
LW_ACCOUNT=acme LW_API_TOKEN=_ready LW_API_SERVER_URL=$API_URL run 10 "$HELPER" status
expect_stdout_has '^kind: token$'
expect_stdout_has '^token: its end is unknown$'
no_secret_left "$T/home"
echo ok
