#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# git's request is compared with its answer, with any options in the helper's line: a
# server that asks for a password gets none unless the key is stored for that very host.
. "$(dirname "$0")/../support/e2e.sh"
start_standin
make_store_keyfile
cache_in none
plant_key
PROD=$KEY_ID
run 0 "$HELPER" add -p prod -a acme --key-id "$PROD" --secret-stdin --api-url "$API_URL" <<<"$SECRET"
plant_key
DEV=$KEY_ID
run 0 "$HELPER" add -p dev -a acme --key-id "$DEV" --secret-stdin --api-url "$API_URL" <<<"$SECRET"
plant_key
run 0 "$HELPER" add -p other -a other --key-id "$KEY_ID" --secret-stdin --api-url "$API_URL" <<<"$SECRET"

ln -s "$O/bin/lw-credential-helper" "$T/git-credential-lacework"
PATH=$T:$PATH
export GIT_TERMINAL_PROMPT=0 GIT_ASKPASS=/bin/false

# --- real git, and a server on loopback that asks for Basic
mkdir "$T/basic"
python3 tests/support/basic_server.py "$T/basic" --parent $$ </dev/null >"$T/basic.said" 2>&1 &
STANDIN_PIDS+=($!)
for ((tries = 0; tries < 300; tries++)); do
    [ ! -e "$T/basic/port" ] || break
    sleep 0.05
done
PLAIN=http://127.0.0.1:$(cat "$T/basic/port")
sent_nothing() {
    grep -q '^GET /x.git/info/refs' "$T/basic/log" || fail "git asked for nothing"
    [ "$(awk '{print $3, $4}' "$T/basic/log" | sort -u)" = '- -' ] || fail "sent: $(cat "$T/basic/log")"
    rm "$T/basic/log"
}
for options in '' --profile=prod '--profile prod' '--account acme' '--account acme --profile prod' '--no-cache -p other'; do
    for name in lacework "$O/bin/lw-credential-helper"; do
        run 128 git -c credential.helper= -c credential.helper="$name${options:+ $options}" ls-remote "$PLAIN/x.git"
        sent_nothing
    done
done
LW_PROFILE=prod run 128 git -c credential.helper= -c credential.helper=lacework ls-remote "$PLAIN/x.git"
sent_nothing
expect_exchanges 3

# --- the same by hand: other hosts, other protocols, look-alikes
for request in 'protocol=http host=acme.lacework.net' 'host=acme.lacework.net' 'protocol=https' \
    'protocol=https host=github.com' 'protocol=https host=acme.lacework.net.' \
    'protocol=https host=acme.lacework.net:8443' "protocol=http host=$ORIGIN" \
    'protocol=https host=other.example' "url=https://acme.lacework.net@evil.example/"; do
    for options in '-p prod' '-a acme' '-p prod -a acme' '-p other'; do
        # shellcheck disable=SC2086
        run 0 "$HELPER" get $options < <(printf '%s\n' $request '')
        expect_stdout_empty
        expect_stderr_empty
    done
done
run 0 "$HELPER" get -p other < <(printf '%s\n' protocol=https host=acme.lacework.net '')
expect_stdout_empty
run 0 "$HELPER" get -a other < <(printf '%s\n' protocol=https host=acme.lacework.net '')
expect_stdout_empty
expect_exchanges 3

# --- and what is to answer answers: options and LW_PROFILE select among several
answered_by() { # key id, options...
    local key=$1
    shift
    run 0 "$HELPER" get "$@" < <(printf '%s\n' protocol=https "host=$ASKED" '')
    issued_token_matches "$(field password)"
    grep -q "^method=POST .* key=$key " "$STANDIN/log" || fail "the log names no key"
    [ "$(last_call key)" = "$key" ] || fail "answered by $(last_call key), not $key"
}
for ASKED in acme.lacework.net "$ORIGIN"; do
    answered_by "$PROD" -p prod
    answered_by "$DEV" -p dev
    answered_by "$DEV" -p dev -a acme
    LW_PROFILE=dev answered_by "$DEV"
    LW_PROFILE=prod answered_by "$PROD"
    LW_PROFILE=dev answered_by "$DEV" -a acme
    LW_PROFILE=dev answered_by "$PROD" -p prod
    run 2 "$HELPER" get < <(printf '%s\n' protocol=https "host=$ASKED" '')
    expect_stderr_has '^hint: choose one with --profile or LW_PROFILE'
done
ASKED=$ORIGIN answered_by "$KEY_ID" -a other
ASKED=other.lacework.net LW_PROFILE=prod answered_by "$KEY_ID"

# --- no request at all
run 0 "$HELPER" get -p prod </dev/null
expect_stdout_has '^host=acme.lacework.net$'
run 0 "$HELPER" get -a other </dev/null
expect_stdout_has '^host=other.lacework.net$'
run 2 "$HELPER" get </dev/null
LW_PROFILE=prod run 2 "$HELPER" get </dev/null
run 2 "$HELPER" get -p prod <<<"rubbish"
run 0 "$HELPER" get -p prod --format token <<<"rubbish"

# --- input that never ends is not waited for without end
mkfifo "$T/open"
exec 9<>"$T/open"
for words in 'get' 'get -p prod' 'store' 'erase' "add -p late -a acme --key-id $PROD --secret-stdin --no-verify"; do
    printf 'protocol=https\nhost=acme.lacework.net\n' >&9
    # shellcheck disable=SC2086
    run 2 "$HELPER" --timeout 1 $words <"$T/open"
    expect_stdout_empty
    expect_stderr_has 'in time'
done
unset LWCRED_KEY_FILE
printf 'open sesame\n' >&9
LWCRED_STORE=$T/home/late.lwc LWCRED_PASSPHRASE_FD=3 run 2 "$HELPER" --timeout 1 add -p late -a acme \
    --key-id "$PROD" --secret-stdin --no-verify 3<"$T/open" <<<"$SECRET"
expect_stderr_has 'LWCRED_PASSPHRASE_FD: the input did not end in time'
no_secret_left ""
echo ok
