#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Sub-account and organization, of a credential and of a call: in the answer, in the headers, and
# apart in the cache.
. "$(dirname "$0")/../support/cache.sh"
start_standin
plant_key org
make_store_keyfile
XDG_RUNTIME_DIR=$RUN
add() { # profile, more arguments
    run 0 "$HELPER" add -a acme --key-id "$KEY_ID" --secret-stdin --no-verify --api-url "$API_URL" -p "$@" <<<"$SECRET"
}
add plain
add sub --sub-account dev
add org --org-access
add both --sub-account dev --org-access
declare -A TOKENS=()

# answer SUB ORG ARGS...: get answers with that sub-account and flag, as the token call was told.
answer() {
    local sub=$1 org=$2 found
    shift 2
    run 0 "$HELPER" get --format json "$@"
    expect_stderr_empty
    found=$(json 'a["subAccount"] + "/" + str(a["orgAccess"]).lower() + " " + a["token"]')
    TOKEN=${found#* } found=${found% *}
    [ "$found" = "$sub/$org" ] || fail "expected $sub/$org, got $found: $*"
}
told() { # SUB ORG: what the last exchange said
    local org=''
    [ "$2" = false ] || org=true
    [ "$(last_call account-name)" = "${1:--}" ] || fail "Account-Name was $(last_call account-name)"
    [ "$(last_call org-access)" = "${org:--}" ] || fail "Org-Access was $(last_call org-access)"
}

# profile, what is answered without options, --sub-account prod, --org-access, and with both
while read -r profile none sub org both; do
    for place in none runtime; do
        cache_in "$place"
        answer "${none%/*}" "${none#*/}" -p "$profile"
        [ "$place" = runtime ] || told "${none%/*}" "${none#*/}"
        answer "${sub%/*}" "${sub#*/}" -p "$profile" --sub-account prod
        [ "$place" = runtime ] || told "${sub%/*}" "${sub#*/}"
        answer "${org%/*}" "${org#*/}" -p "$profile" --org-access
        [ "$place" = runtime ] || told "${org%/*}" "${org#*/}"
        answer "${both%/*}" "${both#*/}" -p "$profile" --sub-account prod --org-access
        [ "$place" = runtime ] || told "${both%/*}" "${both#*/}"
    done
done <<'TABLE'
plain /false    prod/false /true    prod/true
sub   dev/false prod/false dev/true prod/true
org   /true     prod/false /true    prod/true
both  dev/true  prod/false dev/true prod/true
TABLE

# From the cache, in another order: no exchange, the same answers, and a token for each of them.
cache_in runtime
before=$(count_exchanges)
while read -r expected arguments; do
    # shellcheck disable=SC2086 # several arguments
    answer "${expected%/*}" "${expected#*/}" $arguments
    [ "${TOKENS[$expected]:=$TOKEN}" = "$TOKEN" ] || fail "two tokens for $expected"
done <<'TABLE'
prod/true  -p both --sub-account prod --org-access
prod/false -p both --sub-account prod
dev/true   -p both
dev/true   -p both --org-access
prod/true  -p org --sub-account prod --org-access
/true      -p org --org-access
prod/false -p org --sub-account prod
/true      -p org
dev/true   -p sub --org-access
prod/false -p sub --sub-account prod
prod/true  -p sub --sub-account prod --org-access
dev/false  -p sub
prod/true  -p plain --sub-account prod --org-access
/true      -p plain --org-access
prod/false -p plain --sub-account prod
/false     -p plain
TABLE
expect_exchanges "$before"
[ "${#TOKENS[@]}" = 6 ] || fail "six different answers expected, not ${#TOKENS[@]}"
[ "$(printf '%s\n' "${TOKENS[@]}" | sort -u | wc -l)" = 6 ] || fail "a token serves two accounts"

# A change of one profile leaves the cached answers of the others what they are.
add plain --replace --sub-account lab
answer lab false -p plain
answer dev true -p both
answer prod false -p org --sub-account prod

# list says what is stored.
run 0 "$HELPER" list --json
[ "$(json '[[r["profile"], r["subAccount"], r["orgAccess"]] for r in sorted(a, key=lambda r: r["profile"])]')" = \
    "[['both', 'dev', True], ['org', '', True], ['plain', 'lab', False], ['sub', 'dev', False]]" ] ||
    fail "list says something else"
echo ok
