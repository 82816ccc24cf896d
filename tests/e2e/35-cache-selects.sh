#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A token is found by its credential, however that is asked for: the store is opened once in a
# token's life, and no change of another profile opens it again.  But only unchanged stores are
# believed without being opened.
. "$(dirname "$0")/../support/cache.sh"
start_standin
make_store_keyfile
STORE=$XDG_DATA_HOME/lwcred/keys.lwc
XDG_RUNTIME_DIR=$RUN
KEY_FILE=$LWCRED_KEY_FILE
HOST=(protocol=https host=cache35.lacework.net)
add() { # profile, more arguments
    run 0 "$HELPER" add -a cache35 --key-id "$KEY_ID" --secret-stdin --api-url "$API_URL" -p "$@" <<<"$SECRET"
}
# closed CMD...: without what opens the store, and without a terminal
closed() {
    (
        unset LWCRED_KEY_FILE
        "$@"
    )
}
gives() { # token, arguments of get
    local before
    before=$(count_exchanges)
    run 0 setsid "$HELPER" get --format token "${@:2}"
    expect_stdout "$1"
    expect_exchanges "$before"
}
gives_git() { # token, more attributes
    run 0 setsid "$HELPER" get < <(printf '%s\n' "${HOST[@]}" "${@:2}" '')
    [ "$(field password)" = "$1" ] || fail "git gets another token"
}
is_locked() { # arguments of get
    run 4 setsid "$HELPER" get --format token "$@"
    expect_stdout_empty
}

for place in keyring runtime auto; do
    rm -rf "$STORE"*
    cache_in $place
    # The exchange that proves a key leaves its token behind, as an answer.
    plant_key
    add default
    before=$(count_exchanges)
    run 0 closed setsid "$HELPER" get --format token
    issued_token_matches "$(cat "$OUT")"
    expect_exchanges "$before"
    DEFAULT=$(cat "$OUT")
    closed gives "$DEFAULT" -p default
    closed gives "$DEFAULT" -a cache35
    closed gives_git "$DEFAULT"
    closed gives_git "$DEFAULT" "username=$KEY_ID"
    LW_PROFILE=default closed gives "$DEFAULT"
    run 0 closed "$HELPER" get --format json -a cache35
    expect_stdout_has '"profile":"default"'
    # Another token needs the secret.
    closed is_locked --ttl 10m
    closed is_locked --sub-account other
    closed is_locked --org-access
    closed is_locked --refresh
    closed is_locked --no-cache

    # Another profile comes, changes and goes.
    DEFAULT_ID=$KEY_ID
    plant_key
    add twin
    closed gives "$DEFAULT" -p default
    closed gives "$DEFAULT"
    run 0 closed "$HELPER" get --format token -p twin
    TWIN=$(cat "$OUT")
    [ "$TWIN" != "$DEFAULT" ] || fail "two keys have one token"
    closed gives_git "$TWIN" "username=$KEY_ID"
    closed gives_git "$DEFAULT" "username=$DEFAULT_ID"
    plant_key
    add twin --replace
    closed gives "$DEFAULT" -p default
    run 0 closed "$HELPER" get --format token -p twin
    [ "$(cat "$OUT")" != "$TWIN" ] || fail "the old key's token answers"
    run 0 "$HELPER" remove -p twin
    closed gives "$DEFAULT" -p default
    run 3 closed setsid "$HELPER" get --format token -p twin
    expect_stdout_empty

    # A key that was not proved has no token.
    plant_key
    add other --no-verify
    closed is_locked -p other
    closed gives "$DEFAULT" -p default

    # Changes by another program are not believed before the store was opened.
    for change in touch append copy; do
        run 0 "$HELPER" get --format token -p default
        closed gives "$(cat "$OUT")" -a cache35 -p default
        case $change in
        touch) touch "$STORE" ;;
        append) printf x >>"$STORE" ;;
        copy) cp -p "$STORE" "$STORE.new" && mv "$STORE.new" "$STORE" ;;
        esac
        run "$([ $change = append ] && echo 6 || echo 4)" closed setsid "$HELPER" get --format token
        expect_stdout_empty
        [ $change != append ] || truncate -s -1 "$STORE"
    done
    run 0 "$HELPER" remove -p default
    run 0 "$HELPER" remove -p other
    run 0 "$HELPER" cache clear
done

# A backend before the store that cannot tell what it holds without giving it is asked each time.
printf '#!/bin/sh\nexit 0\n' >"$T/holds-nothing"
chmod 700 "$T/holds-nothing"
export LWCRED_CONFIG=$T/stack.untold
printf '%s\n' "lookup sufficient exec command=$T/holds-nothing profile=work account=cache35" \
    'lookup required file' 'store required file' 'erase required file' 'set cache runtime' >"$LWCRED_CONFIG"
plant_key
add default
run 0 closed setsid "$HELPER" get --format token -p default
issued_token_matches "$(cat "$OUT")"
closed is_locked -a cache35
closed is_locked
run 0 "$HELPER" remove -p default
run 0 "$HELPER" cache clear

# A key that was proved and then stored otherwise, or not at all, leaves nothing.
cache_in runtime
plant_key
chmod 500 "$XDG_DATA_HOME/lwcred"
if [ "$(id -u)" != 0 ]; then
    ! "$HELPER" add -a cache35 --key-id "$KEY_ID" --secret-stdin --api-url "$API_URL" <<<"$SECRET" 2>"$ERR" ||
        fail "it was stored"
    [ -z "$(find "$RUN" -type f)" ] || fail "a token of a key that is not stored is kept"
fi
chmod 700 "$XDG_DATA_HOME/lwcred"
[ -f "$KEY_FILE" ]
echo ok
