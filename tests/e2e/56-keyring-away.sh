#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A keyring that is out of reach, as over ssh, or that hangs, is never taken for an empty one: add, list,
# show, get and remove name it, and a key that was removed does not come back to life with it.
. "$(dirname "$0")/../support/secret-service.sh"
start_standin
plant_key
make_store_keyfile
start_bus
start_keyring
session=$DBUS_SESSION_BUS_ADDRESS runtime=$XDG_RUNTIME_DIR
mkdir -m 700 "$T/empty"

go_away() { # as a shell over ssh sees it
    unset DBUS_SESSION_BUS_ADDRESS
    export XDG_RUNTIME_DIR=$T/empty
}

come_back() {
    export DBUS_SESSION_BUS_ADDRESS=$session XDG_RUNTIME_DIR=$runtime
}

add_secret() { # secret, option...
    local secret=$1
    shift
    printf %s "$secret" | run 0 "$HELPER" add --account acme --key-id "$KEY_ID" --secret-stdin --no-verify \
        --api-url "$API_URL" "$@"
}

# --- a profile in the keyring; over ssh the same name is stored a second time, with a warning
add_secret _old0123456789abcdef0123456789abcdef --profile prod
expect_stderr_has "in backend 'secret-service'"
go_away
add_secret "$SECRET" --profile prod
expect_stderr_has "^lw-credential-helper: warning: backend 'secret-service' cannot be asked, and may hold profile 'prod': there is no session bus"
[ "$(grep -c "may hold profile" "$ERR")" = 1 ] || fail "not warned once"
expect_stderr_has "in backend 'file'"

# Present credentials are shown, and the keyring is named.
run 0 "$HELPER" list
expect_stdout_has '^prod .* file '
expect_stderr_has 'warning: absent here, and not asked: secret-service \(there is no session bus: DBUS_SESSION_BUS_ADDRESS is not set, XDG_RUNTIME_DIR holds no bus\)$'
run 3 "$HELPER" show --profile other
expect_stderr_has 'absent here, and not asked: secret-service'
run 3 "$HELPER" get --format token --profile other
expect_stderr_has "^hint: .*absent here, and not asked: secret-service"

# --- at the desk both are seen, and marked
come_back
run 0 "$HELPER" list
expect_stdout_has '^prod .* file\* '
expect_stdout_has '^prod .* secret-service\* '
expect_stderr_has "backends 'file' and 'secret-service' both hold profile 'prod'"

# --- removed over ssh: from the file, and the keyring may hold it still
go_away
run 8 "$HELPER" remove --profile prod
expect_stderr_has "removed profile 'prod' from backend 'file'"
expect_stderr_has "profile 'prod': backend 'secret-service' may hold it still: there is no session bus"
run 8 "$HELPER" remove --profile prod
expect_stderr_lacks "removed profile"
run 3 "$HELPER" remove --profile prod --backend file

# --- removed at the desk: from both
add_secret "$SECRET" --profile prod
come_back
run 0 "$HELPER" remove --profile prod
expect_stderr_has "removed profile 'prod' from backend 'file'"
expect_stderr_has "removed profile 'prod' from backend 'secret-service'"
run 3 "$HELPER" explain --profile prod
run 0 "$HELPER" list
expect_stdout_empty

# --- the keyring alone, and not there: no list is empty, no key is unknown
keyring_stack
go_away
run 8 "$HELPER" list
expect_stdout_empty
expect_stderr_has 'there is no session bus'
expect_stderr_lacks 'no credential is stored'
run 8 "$HELPER" list --json
[ "$(cat "$OUT")" = '[]' ] || fail "no empty array"
for command in 'show --profile prod' 'get --format token --profile prod' 'get --format token' \
    'remove --profile prod' 'explain --profile prod'; do
    # shellcheck disable=SC2086
    run 8 "$HELPER" $command
    expect_stderr_has 'there is no session bus'
done
unset LWCRED_CONFIG
come_back

# --- a keyring that hangs has failed, and nothing answers in its place
add_secret "$SECRET" --profile prod
add_secret "$SECRET" --profile filed --backend file
cat >"$T/short" <<END
lookup sufficient env
lookup sufficient secret-service timeout=1
lookup sufficient file
erase  sufficient secret-service timeout=1
erase  sufficient file
set cache none
END
export LWCRED_CONFIG=$T/short
kill -STOP "$KEYRING_PID"
run 15 "$HELPER" list
expect_stdout_has '^filed .* file '
expect_stderr_has "did not answer"
for command in 'show --profile prod' 'get --format token --profile filed' 'get --format token'; do
    # shellcheck disable=SC2086
    run 15 "$HELPER" $command
    expect_stderr_has 'did not answer'
done
run 15 "$HELPER" remove --profile filed
expect_stderr_has "removed profile 'filed' from backend 'file'"
expect_stderr_has "backend 'secret-service' may hold it still: .*did not answer"
kill -CONT "$KEYRING_PID"
echo ok
