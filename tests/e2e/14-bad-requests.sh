#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Malformed, foreign and look-alike requests: nothing on stdout, nothing sent, the right status.
. "$(dirname "$0")/../support/e2e.sh"
cache_in none
start_standin
plant_key
make_store_keyfile
run 0 "$HELPER" add -a acme --key-id "$KEY_ID" --secret-stdin --api-url "$API_URL" <<<"$SECRET"
STORE=$XDG_DATA_HOME/lwcred/keys.lwc
before=$(sha256sum <"$STORE")
sent=$(count_exchanges)

refused() { # name, request (a printf format)
    local verb
    for verb in get store erase; do
        # shellcheck disable=SC2059
        printf "$2" >"$T/request"
        run 2 "$HELPER" "$verb" <"$T/request"
        expect_stdout_empty
        [ "$(grep -c '^lw-credential-helper: ' "$ERR")" = 1 ] || fail "$1: not one error line"
        ! grep -qE '^(protocol|host|path|username|password|url)=|^::' "$ERR" || fail "$1: stderr speaks the protocol"
    done
}
H='protocol=https\nhost=acme.lacework.net\n'
refused 'no input' ''
refused 'no equals sign' "${H}junk\n\n"
refused 'empty key' "${H}=x\n\n"
refused 'NUL' "${H}username=a\\000b\n\n"
refused 'NUL in the host' 'protocol=https\nhost=acme.lacework.net\000.evil.example\n\n'
refused 'CR inside' "protocol=https\nhost=acme.lacework.net\rx\n\n"
refused 'two CR' "protocol=https\r\r\nhost=acme.lacework.net\n\n"
refused 'escape' "${H}username=\\033[2J\n\n"
refused 'repeated host' "${H}host=evil.example\n\n"
refused 'repeated protocol' "${H}protocol=http\n\n"
refused 'url and host' 'url=https://acme.lacework.net/\nhost=evil.example\n\n'
refused 'LF in url' 'url=https://acme.lacework.net%%0ahost=evil.example/\n\n'
refused 'CR in url' 'url=https://acme.lacework.net/%%0d\n\n'
refused 'NUL in url' 'url=https://acme.lacework.net%%00.evil.example/\n\n'
refused 'url without scheme' 'url=acme.lacework.net\n\n'
for verb in get store erase; do
    for bytes in 65535 70000 200000; do
        python3 -c 'import sys; sys.stdout.write("protocol=https\nhost=acme.lacework.net\nx=" + "a" * int(sys.argv[1]) + "\n\n")' "$bytes" >"$T/request"
        run 2 "$HELPER" "$verb" <"$T/request"
        expect_stdout_empty
    done
    run 2 "$HELPER" "$verb" < <(timeout 20 yes 'wwwauth[]=Basic realm=x' || true)
    expect_stdout_empty
    run 2 "$HELPER" "$verb" < <(timeout 20 head -c 100000000 /dev/zero || true)
    expect_stdout_empty
done

nothing() { # request (a printf format): not ours, so nothing, and no fault
    # shellcheck disable=SC2059
    printf "$1" >"$T/request"
    run 0 "$HELPER" get <"$T/request"
    expect_stdout_empty
    run 0 "$HELPER" erase <"$T/request"
    expect_stdout_empty
}
nothing 'protocol=https\n\n'
nothing 'protocol=https\nhost=\n\n'
nothing 'protocol=https\nhost=acme.lacework.net:8443\n\n'
nothing 'protocol=https\nhost=acme.lacework.net.\n\n'
nothing 'protocol=https\nhost=acme.lacework.net.evil.example\n\n'
nothing 'protocol=https\nhost=evil-acme.lacework.net\n\n'
nothing 'protocol=https\nhost=acme.lacework.net@evil.example\n\n'
nothing 'protocol=https\nhost=user@acme.lacework.net\n\n'
nothing 'protocol=https\nhost=acme%%2elacework.net\n\n'
nothing 'protocol=https\nhost=acm\xc3\xa9.lacework.net\n\n'
nothing 'protocol=https\nhost=github.com\n\n'
nothing 'protocol=http\nhost=acme.lacework.net\n\n'
nothing 'protocol=HTTPS\nhost=acme.lacework.net\n\n'
nothing 'protocol=ssh\nhost=acme.lacework.net\n\n'
nothing 'host=acme.lacework.net\n\n'
nothing 'url=http://acme.lacework.net/\n\n'
nothing 'url=https://evil.example/acme.lacework.net\n\n'
python3 -c 'print("protocol=https\nhost=" + "a" * 60000 + ".lacework.net\n")' >"$T/request"
run 0 "$HELPER" get <"$T/request"
expect_stdout_empty

[ "$(count_exchanges)" = "$sent" ] || fail "a request was sent"
[ "$(sha256sum <"$STORE")" = "$before" ] || fail "the store changed"

# Unknown keys, lists, odd but well-formed requests are answered.
answered() {
    # shellcheck disable=SC2059
    printf "$1" >"$T/request"
    run 0 "$HELPER" get <"$T/request"
    issued_token_matches "$(field password)$(field credential)"
}
answered "${H}"
answered "${H}\n"
answered "foo=bar\nwwwauth[]=Basic realm=\"x\"\nwwwauth[]=Bearer\nstate[]=x\n${H}path=a/b=c?d#e\nusername=alice\n\n"
answered 'url=https://acme.lacework.net/some/path\n\n'
answered 'url=https://alice@ACME.lacework.net:443/\n\n'
answered "capability[]=authtype\ncapability[]=state\n${H}\n"

# --- words on the command line
usage() { # args
    run 2 "$HELPER" "$@" </dev/null
    expect_stdout_empty
    [ -s "$ERR" ] || fail "no word about it"
}
usage
usage gett
expect_stderr_has "'get'"
usage get --formt token
expect_stderr_has 'format'
usage get --format xml
usage get --format token --format token
usage get --ttl 0 --format token
usage get --ttl 86401 --format token
usage get --ttl 2x --format token
usage get --refresh --no-cache --format token
usage get -a evil.example.com --format token
usage get -a 'https://acme.lacework.net@evil.example/' --format token
usage list --ttl 60
usage get --format
usage remove
LWCRED_CONFIG="" usage --service ../x list
usage --config "$T/none" list
usage add --secret "$SECRET"
expect_stderr_lacks "$SECRET"
for name in ../x a/b .hidden '' 'a b' "$(printf 'a\033[2J')" "$(printf 'a\nb')" -x "$(printf 'a%.0s' {1..65})" "$(head -c 4096 /dev/zero | tr '\0' a)" env; do
    run 2 "$HELPER" add --profile="$name" -a acme --key-id "$KEY_ID" --secret-stdin --api-url "$API_URL" <<<"$SECRET"
    expect_stdout_empty
    ! grep -q "$(printf '\033')" "$ERR" || fail "an escape sequence on stderr"
    [ "$(wc -c <"$ERR")" -lt 2000 ] || fail "a long name floods stderr"
done
run 2 "$HELPER" get -p ../x --format token
run 3 "$HELPER" show -a other
expect_stderr_has "no credential of account 'other.lacework.net'"
[ "$(sha256sum <"$STORE")" = "$before" ] || fail "the store changed"

# --- malformed keys are refused, odd ones warned about
add_key() { # status, key id, secret
    run "$1" "$HELPER" add -p new -a acme --key-id "$2" --secret-stdin --api-url "$API_URL" --no-verify < <(printf %s "$3")
    expect_stderr_lacks "$SECRET"
}
add_key 2 "A B" "$SECRET"
add_key 2 "\"$KEY_ID\"" "$SECRET"
add_key 2 "$(printf 'A\nB')" "$SECRET"
add_key 2 "keyId: $KEY_ID" "$SECRET"
add_key 2 "$KEY_ID" " $SECRET"
add_key 2 "$KEY_ID" "'$SECRET'"
add_key 2 "$KEY_ID" "\"$SECRET\""
add_key 2 "$KEY_ID" "$(printf '%s\nx' "$SECRET")"
add_key 2 "$KEY_ID" "$(printf '%s\r\nx' "$SECRET")"
add_key 2 "$KEY_ID" ''
add_key 2 "$KEY_ID" "$(head -c 70000 /dev/zero | tr '\0' a)"
run 2 "$HELPER" add -p new -a acme --key-id "$KEY_ID" --secret-stdin --no-verify < <(printf 'a\0b')
[ "$(sha256sum <"$STORE")" = "$before" ] || fail "a malformed key was stored"
add_key 2 "$SECRET" "$KEY_ID"
expect_stderr_has swapped
[ "$(sha256sum <"$STORE")" = "$before" ] || fail "swapped key id and secret were stored"
add_key 0 "$KEY_ID" "Forti!Cloud-Secret-Of-Another-Shape"
expect_stderr_has warning
no_secret_left "" "$STORE"
run 0 "$HELPER" remove -p new
echo ok
