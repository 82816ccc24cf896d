#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Agent and scanner tokens that are kept in a backend: given back as they are, and never taken for a
# credential that makes tokens.
. "$(dirname "$0")/../support/e2e.sh"
. "$ROOT/tests/support/agent_tokens.sh"
start_agent_api

# With --store the token is kept beside the API's own; a taken profile is said before one is made.
run 0 agent create web --os linux --store
expect_stderr_has "stored agent token 'web' in backend 'file'"
first=$(server_token web accessToken)
run 0 "$HELPER" show web
expect_stdout_has '^kind: agent-token$'
no_token_in "$OUT" "$ERR"
run 0 "$HELPER" show web --reveal
expect_stdout "$first"
run 0 "$HELPER" list --json
expect_stdout_has '"profile":"web".*"kind":"agent-token"'
no_token_in "$OUT"
run 0 "$HELPER" add -p taken -a acme --key-id ACME_01 --secret-stdin --no-verify <<<_taken
count=$(all_tokens | wc -l)
run 2 agent create taken --store
run 2 agent create 'not a profile' --store
run 2 agent create other --store --backend nothing
[ "$(all_tokens | wc -l)" = "$count" ] || fail "a token was made that cannot be kept"

# A rotation replaces it.
run 0 agent rotate web --store --disable-old
second=$(server_token web accessToken)
[ "$second" != "$first" ] || fail "not rotated"
run 0 "$HELPER" show web --reveal
expect_stdout "$second"

# The inline scanner's token: from a file or standard input, without an exchange.
exchanges=$(count_exchanges)
SCANNER=_scanner0123456789abcdef
run 0 "$HELPER" add -p scanner -a acme --kind scanner-token --secret-stdin <<<"$SCANNER"
expect_stderr_has "stored profile 'scanner' \(acme.lacework.net, scanner token\)"
expect_exchanges "$exchanges"
run 0 "$HELPER" show scanner --json
expect_stdout_has '"kind":"scanner-token"'
run 0 "$HELPER" show scanner --reveal
expect_stdout "$SCANNER"
run 2 "$HELPER" add -p s2 -a acme --kind scanner-token --key-id ACME_01 --secret-stdin <<<"$SCANNER"
run 2 "$HELPER" add -p s2 -a acme --kind other --secret-stdin <<<"$SCANNER"

# Neither makes a token, and neither makes another credential ambiguous; an access key is not revealed.
for profile in web scanner; do
    run 3 "$HELPER" get -p "$profile" --format token
    expect_stdout_empty
done
expect_exchanges "$exchanges"
run 0 "$HELPER" get --format token
run 2 "$HELPER" show default --reveal
expect_stderr_has "profile 'default' is no agent or scanner token"
run 2 "$HELPER" show taken --reveal
expect_stdout_empty

# Sealed on the disk, and gone when removed.
for secret in "$second" "$SCANNER"; do
    ! grep -rlaF -e "$secret" "$T/home" "$T/run" "$T/tmp" || fail "it lies in clear"
done
for profile in web scanner; do
    run 0 "$HELPER" remove "$profile"
    run 3 "$HELPER" show "$profile" --reveal
done
echo ok
