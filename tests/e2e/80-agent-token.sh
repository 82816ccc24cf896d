#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Agent tokens of the API: created, listed, shown, changed; nothing is lost or disabled by omission,
# in each of the forms that the API has had; no token in anything but the answer to --reveal.
. "$(dirname "$0")/../support/e2e.sh"
. "$ROOT/tests/support/agent_tokens.sh"
start_agent_api

# Created, with what was said; shown masked; revealed alone.
run 0 agent create k8s-prod --description 'prod, "eu"' --os linux
expect_stdout_empty
expect_stderr_has "created agent token 'k8s-prod'"
expect_server k8s-prod enabled True
expect_server k8s-prod props.os linux
expect_server k8s-prod props.description 'prod, "eu"'
token=$(server_token k8s-prod accessToken)
run 0 agent show k8s-prod
expect_stdout_has "^token: ${token:0:4}\.\.\.$"
no_token_in "$OUT" "$ERR"
run 0 agent show k8s-prod --reveal
expect_stdout "$token"
expect_stderr_empty
run 0 agent show k8s-prod --json
[ "$(python3 -c 'import json, sys; print(sorted(json.load(sys.stdin).items()))' <"$OUT")" = \
    "$(python3 - "$token" "$(server_token k8s-prod created)" <<'PY'
import sys
token, created = sys.argv[1:]
print(sorted({"alias": "k8s-prod", "enabled": True, "os": "linux", "description": 'prod, "eu"', "createdTime": created,
              "updatedTime": created, "version": "0.1", "token": token[:4] + "..."}.items()))
PY
)" ] || fail "show --json: $(cat "$OUT")"
run 0 agent show k8s-prod --json --reveal
[ "$(python3 -c 'import json, sys; print(json.load(sys.stdin)["accessToken"])' <"$OUT")" = "$token" ] || fail "no accessToken"

# The list has a token without an alias, too.
run 0 agent list
expect_stdout_has '^ALIAS +STATE +OS +TOKEN +CREATED +DESCRIPTION$'
expect_stdout_has '^- +enabled +- '
expect_stdout_has '^k8s-prod +enabled +linux +'"${token:0:4}"'\.\.\. .* prod, "eu"$'
no_token_in "$OUT" "$ERR"
run 0 agent ls --json
[ "$(python3 -c 'import json, sys; print([t["alias"] for t in json.load(sys.stdin)])' <"$OUT")" = "[None, 'k8s-prod']" ] ||
    fail "list --json: $(cat "$OUT")"
no_token_in "$OUT" "$ERR"

# An alias that exists is refused, also that of a disabled token, also one that the list leaves out, also
# where another program takes it in between.
run 2 agent create k8s-prod
expect_stderr_has "the alias 'k8s-prod' exists already$"
run 0 agent disable k8s-prod
expect_server k8s-prod enabled False
for choices in '' 'data: hide-disabled'; do
    mode "$choices"
    run 2 agent create k8s-prod
    expect_stderr_has "the alias 'k8s-prod' exists already, as that of a disabled token"
    run 2 agent update k8s-prod --rename k8s-prod --rename x
done
for status in 409 400; do
    echo '{"data":[]}' >"$T/free.json"
    mode "data: duplicate-alias $status; GET /api/v2/AgentAccessTokens: body $T/free.json 200;
          /api/v2/AgentAccessTokens/search: early 204"
    run 2 agent create k8s-prod
    expect_stderr_has "the alias 'k8s-prod' exists already, perhaps as that of a disabled token"
done
mode
run 0 agent enable k8s-prod
expect_server k8s-prod enabled True

# A change keeps all that it does not name, whether the API merges props or replaces them, and in the old
# forms of props and tokenEnabled.
for choices in '' 'data: merge-props' 'data: enabled-text' 'data: created' 'data: unknown-fields' 'data: empty-200'; do
    mode "$choices"
    run 0 agent disable k8s-prod
    expect_server k8s-prod enabled False
    run 0 agent update k8s-prod --description second
    expect_server k8s-prod enabled False
    expect_server k8s-prod props.os linux
    run 0 agent enable k8s-prod
    expect_server k8s-prod props.description second
    expect_server k8s-prod props.os linux
    run 0 agent update k8s-prod --os windows
    expect_server k8s-prod props.description second
    expect_server k8s-prod enabled True
    run 0 agent update k8s-prod --rename k9s
    expect_server k9s props.os windows
    expect_server k9s enabled True
    run 0 agent update k9s --rename k8s-prod --os linux
    expect_server k8s-prod accessToken "$token"
done
mode 'data: props-text'
run 0 agent show k8s-prod
expect_stdout_has '^description: second$'
run 0 agent disable k8s-prod
expect_server k8s-prod props.description second
mode
run 0 agent update k8s-prod --os linux --json
expect_stdout_has '"enabled":false,"os":"linux","description":"second"'
run 2 agent update k8s-prod
expect_stderr_has 'nothing to change'
run 0 agent create other
run 2 agent update other --rename k8s-prod
expect_stderr_has 'exists already'

# Names: unknown, malformed, a token in place of its alias.
run 3 agent show nothing
expect_stderr_has "no agent token with the alias 'nothing'"
run 2 agent show "$token"
expect_stderr_has 'looks like a token itself'
no_token_in "$ERR"
run 2 agent show $'a\nb'
run 2 agent create a --os solaris
run 2 agent show
# Two of one alias, which the API does not allow, are no guess.
cp "$STANDIN/agent-tokens.json" "$T/tokens.json"
python3 - "$STANDIN/agent-tokens.json" <<'PY'
import json, sys
table = json.load(open(sys.argv[1]))
for tokens in table.values():
    tokens += [dict(token, accessToken="f" * 56) for token in tokens if token["tokenAlias"] == "other"]
json.dump(table, open(sys.argv[1], "w"))
PY
run 2 agent disable other
expect_stderr_has "two agent tokens have the alias 'other'"
cp "$T/tokens.json" "$STANDIN/agent-tokens.json"

# Replies that are not as promised: 10, and no token in the text.
for bad in swap-data in-array cut 'huge 20000000' deep duplicate 'body /dev/null 200' 204 'html 200' 'text 200 hello'; do
    mode "GET /api/v2/AgentAccessTokens: $bad"
    case $bad in
    204) run 0 agent list ;; # none
    *) run 10 agent list ;;
    esac
    expect_stdout_empty
    no_token_in "$ERR"
    mode "PATCH /api/v2/AgentAccessTokens: $bad"
    run 10 agent disable k8s-prod
    no_token_in "$ERR"
done
# A refusal that quotes URL and bearer token shows neither.
for verb in GET PATCH; do
    mode "$verb /api/v2/AgentAccessTokens: echo-token"
    run 11 agent -v enable k8s-prod
    no_token_in "$ERR"
    mode "$verb /api/v2/AgentAccessTokens: status 429 reset=7"
    run 12 agent -v enable k8s-prod
    no_token_in "$ERR"
    mode "$verb /api/v2/AgentAccessTokens: reset"
    run 10 agent -v enable k8s-prod
    no_token_in "$ERR"
done
mode
run 0 agent -v enable k8s-prod
expect_stderr_has 'call: PATCH https://.*/api/v2/AgentAccessTokens/\.\.\.: status 200'
no_token_in "$ERR"

# Not a byte of a token anywhere on the disk.
for token in $(all_tokens); do
    ! grep -rlaF -e "${token:0:30}" "$T/home" "$T/run" "$T/tmp" || fail "a token was left behind"
done
echo ok
