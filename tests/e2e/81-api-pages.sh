#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Pages of results: followed on the same origin only, printed one after the other or in one array;
# and the table of roles, as calls meet it.
. "$(dirname "$0")/../support/cache.sh"
start_standin --dir "$T/elsewhere"
ELSEWHERE=$STANDIN ELSEWHERE_ORIGIN=$ORIGIN
start_standin --dir "$T/standin"
plant_key
make_store_keyfile
export XDG_RUNTIME_DIR=$RUN
cache_in runtime
run 0 "$HELPER" add -a acme --key-id "$KEY_ID" --secret-stdin --api-url "$API_URL" <<<"$SECRET"
ALERTS=/api/v2/Alerts
api() { # STATUS ARGS...
    run "$1" "$HELPER" api "${@:2}"
}

# --- pages, by each form of their end
for end in null missing empty 204; do
    mode "data: alerts 7; data: page-rows 3; data: last-page $end"
    api 0 --paginate "$ALERTS"
    expect_stderr_empty
    [ "$(wc -l <"$OUT")" = 3 ] || fail "$end: three pages expected, a line each"
    [ "$(python3 -c 'import json, sys
print(sum(len(json.loads(line)["data"]) for line in sys.stdin))' <"$OUT")" = 7 ] || fail "$end: other rows"
    api 0 --paginate --slurp "$ALERTS"
    [ "$(json 'len(a)')" = 7 ] || fail "$end: other rows"
    api 0 "$ALERTS/search" -d '{}' --paginate --slurp
    [ "$(json 'len(a)')" = 7 ] || fail "$end: other rows of a search"
    [ "$(last_call method)" = GET ] || fail "the last page was not got"
done
mode 'data: alerts 0'
api 0 "$ALERTS/search" -d '{}' --paginate --slurp
expect_stdout '[]'
api 0 "$ALERTS/search" -d '{}' --paginate
expect_stdout_empty
mode 'data: alerts 7; data: page-rows 3'
api 0 "$ALERTS"
[ "$(json 'len(a["data"])')" = 3 ] || fail "without --paginate one page is printed"

# --- a page elsewhere gets no token
while IFS= read -r url; do
    before=$(wc -l <"$STANDIN/log")
    mode "data: alerts 7; data: page-rows 3; data: next-page $url"
    api 10 --paginate "$ALERTS"
    expect_stderr_has 'the next page is on another host|unusable page'
    [ "$(wc -l <"$STANDIN/log")" = $((before + 1)) ] || fail "a second request for $url"
    [ -s "$OUT" ] || fail "the first page was not printed"
done <<URLS
https://$ELSEWHERE_ORIGIN{path}
https://$ORIGIN@$ELSEWHERE_ORIGIN{path}
https://$ORIGIN.example.com{path}
https://${ORIGIN}0{path}
https://evil\\\\@$ORIGIN{path}
http://$ORIGIN{path}
//$ORIGIN{path}
{path}
https://$ORIGIN
{self}
URLS
[ ! -s "$ELSEWHERE/log" ] || fail "another host was called"
mode "data: alerts 7; data: page-rows 3; data: next-page https://$ORIGIN/api/v2/../{path}"
api 2 --paginate "$ALERTS"

# --- pages in other forms
mode 'data: alerts 7; data: unknown-fields; data: page-rows 3'
api 0 --paginate --slurp "$ALERTS"
[ "$(json 'len(a)')" = 7 ] || fail "unknown fields disturb"
mode 'data: alerts 7; data: swap-data'
api 10 --paginate --slurp "$ALERTS"
expect_stderr_has '"data" is no array'
mode 'data: alerts 7; data: in-array'
api 10 --paginate --slurp "$ALERTS"
expect_stderr_has 'it has no "data"'
api 0 --paginate "$ALERTS"
while IFS=$'\t' read -r text why; do
    printf '%s' "$text" >"$T/body"
    mode "data: body $T/body 200"
    api 10 --paginate --slurp "$ALERTS"
    expect_stderr_has "$why"
done <<'BODIES'
{"data":[1]	ends too early
{"data":[1,]}	no value
{"data":[1]} x	more than one value
{"data":[1],"paging":{"urls":{"nextPage":5}}}	is no text
{"data":[1],"paging":{"urls":{"nextPage":"a","nextPage":"b"}}}	there twice
{"data":[1],"data":[2]}	there twice
<html>	no value
BODIES
for how in cut cut-chunked; do
    mode "data: alerts 7 1000; data: page-rows 3; data: $how"
    api 10 --paginate --slurp "$ALERTS"
done

# --- roles: of the key, arguments of the call, and the account that it acts on, or 403
mode
for role in org 'sub-admin accounts=DEV,PROD' service; do
    # shellcheck disable=SC2086 # role and options
    plant_key $role
    run 0 "$HELPER" add -p "${role%% *}" -a acme --key-id "$KEY_ID" --secret-stdin --no-verify \
        --api-url "$API_URL" <<<"$SECRET"
done
while read -r role expected arguments; do
    status=0
    [ "$expected" != 403 ] || status=11
    # shellcheck disable=SC2086 # several arguments
    api "$status" -p "$role" /api/v2/AgentAccessTokens $arguments
    if [ "$status" = 0 ]; then
        [ "$(last_call account)" = "$expected" ] ||
            fail "expected $expected, not $(last_call account): $role $arguments"
    else
        expect_stderr_has 'status 403 Forbidden.*Unauthorized Access'
        expect_stdout_empty
    fi
done <<'ROLES'
org       ACME
org       ACME         --sub-account acme
org       DEV          --sub-account dev
org       PROD         --sub-account PROD
org       ORGANIZATION --org-access
org       ORGANIZATION --org-access --sub-account dev
sub-admin DEV          --sub-account dev
sub-admin PROD         --sub-account prod
sub-admin 403          --sub-account acme
sub-admin 403          --sub-account lab
sub-admin 403          --org-access
sub-admin DEV          --org-access --sub-account dev
service   ACME
service   403          --sub-account dev
service   403          --org-access
ROLES
echo ok
