#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# explain says what get does, and opens, reveals and exchanges nothing on the way.
. "$(dirname "$0")/../support/cache.sh"
start_standin
plant_key
make_store_keyfile
export LWCRED_BACKEND_DIR=$O/tests/modules
STACK=$T/stack
XDG_RUNTIME_DIR=$RUN

json() { # python expression over the object d in $OUT
    python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); sys.exit(not (eval(sys.argv[2])))' "$OUT" "$1" ||
        fail "not so: $1"
}

stack() { # lines
    printf '%s\n' "$@" >"$STACK"
}

cache_in runtime
for profile in default prod; do
    run 0 "$HELPER" add --profile "$profile" --account "$profile" --key-id "$KEY_ID" --api-url "$API_URL" \
        --secret-stdin --no-verify <<<"$SECRET"
done
export LWCRED_CONFIG=$STACK

# Results of the lines, as text.
stack 'lookup sufficient answer hold=default:other.lacework.net:OTHER:s' 'lookup sufficient file' 'set cache none'
run 0 "$HELPER" explain --profile prod
expect_stdout_has '^the profile is named$'
expect_stdout_has '^looked for: profile prod$'
expect_stdout_has "^  $STACK:1: lookup \[success=done not_found=ignore unavailable=ignore default=die\] answer"
expect_stdout_has '^    said:    not_found'
expect_stdout_has '^    control: not_found=ignore: does not count, the next line is asked$'
expect_stdout_has "^    said:    holds profile prod, account prod.lacework.net, key $KEY_ID$"
expect_stdout_has '^    control: success=done: counts, and ends the walk$'
expect_stdout_has "^answer: profile prod, account prod.lacework.net, key $KEY_ID, from backend 'file'$"
expect_stdout_has '^why:    the profile is named$'
expect_stdout_has '^token:  by an exchange$'
expect_stderr_empty
run 0 "$HELPER" explain
expect_stdout_lacks 'complete LW_\* variables'
expect_stdout_has "^why:    nothing is named: the profile 'default'$"
expect_stdout_has "^answer: profile default, account other.lacework.net, key OTHER, from backend 'answer'$"

# Only the environment can hold its profile: no other line is shown for it.
stack 'lookup sufficient file' 'lookup sufficient env' 'set cache none'
run 0 "$HELPER" explain
expect_stdout_has '^nothing is named: complete LW_\* variables come first$'
[ "$(grep -c "^  $STACK:" "$OUT")" = 2 ] || fail "not one line of the stack for each walk"
expect_stdout_has "^  $STACK:2: lookup .* env$"

# A line passed over because its backend is absent is named, and shortens the life of the answer.
stack 'lookup sufficient answer list=8' 'lookup sufficient file' 'set cache none'
run 0 "$HELPER" explain --profile prod
expect_stdout_has '^    said:    unavailable: .*told to answer 8$'
expect_stdout_has '^    control: unavailable=ignore: does not count, the next line is asked$'
expect_stdout_has '^note:   a backend in front of it is absent: cached for one minute$'
run 0 "$HELPER" -v get --format token --profile prod
expect_stderr_has 'stack: answer: unavailable: '
stack 'lookup sufficient file' 'lookup sufficient answer list=8' 'set cache none'
run 0 "$HELPER" explain --profile prod
[ "$(grep -c '^note:' "$OUT")" = 0 ] || fail "an absent line behind the answer matters"

# And for programs: the same as get, whichever way it is asked.
agree() { # rule key-id words...
    local rule=$1 key=$2
    shift 2
    run 0 "$HELPER" explain --json "$@"
    json "d['answer']['keyId'] == '$key' and d['rule'] == '$rule' and d['certain']"
    json "d['walks'][-1]['rule'] == '$rule' and d['walks'][-1]['lines'][-1]['asked']"
    cp "$OUT" "$T/explained"
    run 0 "$HELPER" get --format json "$@"
    json "(d['keyId'], d['source'], d['profile']) == tuple(json.load(open('$T/explained'))['answer'][k] for k in ('keyId', 'backend', 'profile'))"
}
stack 'lookup sufficient file' 'set cache none'
agree profile "$KEY_ID" --profile prod
agree account "$KEY_ID" --account prod
agree default "$KEY_ID"
LW_PROFILE=prod agree LW_PROFILE "$KEY_ID"
LW_ACCOUNT=prod agree LW_ACCOUNT "$KEY_ID"
stack 'lookup sufficient env' 'lookup sufficient file' 'set cache none'
LW_ACCOUNT=prod LW_API_KEY=$KEY_ID LW_API_SECRET=$SECRET LW_API_SERVER_URL=$API_URL agree environment "$KEY_ID"

# Failures: the status and the message of get; the lines are told all the same.
fails() { # status words...
    local status=$1
    shift
    run "$status" "$HELPER" --json explain "$@"
    json "d['answer'] is None and len(d['walks']) > 0"
    run "$status" "$HELPER" explain "$@"
    expect_stdout_has '^answer: none$'
    cp "$ERR" "$T/explained"
    run "$status" "$HELPER" get --format token "$@"
    expect_stdout_empty
    cmp -s "$ERR" "$T/explained" || fail "get says: $(cat "$ERR"), explain: $(cat "$T/explained")"
}
fails 3 --profile nobody
fails 3 --account nobody
stack 'lookup sufficient answer list=4' 'lookup sufficient file' 'set cache none'
fails 4 --profile prod
stack 'lookup [locked=2 default=die] answer list=4' 'lookup sufficient file' 'lookup required answer' 'set cache none'
fails 3 --profile prod
expect_stdout_lacks .
run 3 "$HELPER" explain --profile prod
expect_stdout_has '^    skipped$'
expect_stdout_has '^    control: locked=2: does not count, and skips so many lines$'
stack 'lookup required nowhere' 'lookup sufficient file' 'set cache none'
fails 8 --profile prod
stack 'set cache none'
run 3 "$HELPER" explain --profile prod
expect_stdout 'answer: none'
run 3 "$HELPER" --json explain --profile prod
json "d == {'walks': [], 'answer': None}"

# A locked store is neither opened nor asked for; its names are known.
stack 'lookup sufficient file' 'set cache none'
before=$(count_exchanges)
LWCRED_KEY_FILE='' run 0 "$HELPER" explain --profile prod
expect_stdout_has "^answer: profile prod"
expect_stdout_has '^ *locked=die, if it cannot be opened$'
LWCRED_KEY_FILE='' run 0 "$HELPER" explain --profile prod --json
json "d['walks'][0]['lines'][0]['ifLocked'] == 'die'"
LWCRED_KEY_FILE='' run 4 "$HELPER" get --profile prod --format token

# The cache: not there, there, and there for the same key.
stack 'lookup sufficient file' 'set cache runtime'
run 0 "$HELPER" explain --profile prod --json
json "d['token'] == 'exchange'"
expect_exchanges "$before"
run 0 "$HELPER" get --profile prod --format token
run 0 "$HELPER" explain --profile prod --json
json "d['token'] == 'cache' and d['answer']['profile'] == 'prod'"
run 0 "$HELPER" explain --profile prod
expect_stdout_has '^token:  from the cache: no backend is asked while it lives$'
stack 'lookup sufficient file' 'lookup optional answer' 'set cache runtime'
run 0 "$HELPER" explain --profile prod --json
json "d['token'] == 'cache-if-same-key'"
expect_exchanges $((before + 1))

# A backend that cannot list is not asked for its secret.
stack 'lookup sufficient untold' 'lookup sufficient file' 'set cache none'
run 0 "$HELPER" explain --profile prod
expect_stdout_has '^    said:    not_found: it cannot tell without giving the secret$'
expect_stdout_has '^note:   a backend that cannot tell what it holds could answer before$'
run 0 "$HELPER" explain --profile prod --json
json "not d['certain'] and d['walks'][0]['lines'][0]['untold']"

run 2 "$HELPER" explain prod
run 2 "$HELPER" explain --format json
no_secret_left "" "$LWCRED_KEY_FILE"
echo ok
