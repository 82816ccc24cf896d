# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
# Sourced behind e2e.sh by the scenarios of agent-token.

# The key of an account's admin, stored as profile default.
# @... options of the stand-in.
start_agent_api() {
    start_standin "$@"
    plant_key
    make_store_keyfile
    cache_in auto
    run 0 "$HELPER" add --account acme --key-id "$KEY_ID" --secret-stdin --api-url "$API_URL" <<<"$SECRET"
}

agent() { "$HELPER" agent-token "$@"; }

# server_token ALIAS FIELD: accessToken, enabled, props.os ... as the server has it.
server_token() {
    python3 - "$STANDIN/agent-tokens.json" "$@" <<'PY'
import json, sys
file, alias, field = sys.argv[1:]
for tokens in json.load(open(file)).values():
    for token in tokens:
        if token["tokenAlias"] == alias:
            for name in field.split("."):
                token = token.get(name) if isinstance(token, dict) else None
            print(token if token is not None else "-")
PY
}

expect_server() { # alias field value
    local found
    found=$(server_token "$1" "$2")
    [ "$found" = "$3" ] || fail "the server has '$found' as $2 of $1, not '$3'"
}

# all_tokens: every agent token of the server, one a line.
all_tokens() {
    python3 -c 'import json, sys
for tokens in json.load(open(sys.argv[1])).values():
    print("\n".join(token["accessToken"] for token in tokens))' "$STANDIN/agent-tokens.json"
}

# no_token_in FILE...: none of the server's tokens, nor the 30 characters that agents report.
no_token_in() {
    local token
    for token in $(all_tokens); do
        ! grep -lF -e "${token:0:30}" -- "$@" >&2 || fail "a token is in one of: $*"
    done
}

# config_token FILE: the token in an agent's file.
config_token() {
    python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["tokens"]["AccessToken"])' "$1"
}

# agents NAME=TOKEN...: these hosts report to the server.
agents() {
    python3 - "$@" >"$STANDIN/agents.new" <<'PY'
import json, sys
print(json.dumps([{"hostname": name, "token": token} for name, token in (arg.split("=") for arg in sys.argv[1:])]))
PY
    mv "$STANDIN/agents.new" "$STANDIN/agents.json"
}
