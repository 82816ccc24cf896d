#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A URL with a name and password in it, which any repository can make git follow, neither replaces
# a stored key nor plants one: real git over TLS, with the git settings that are shipped.
. "$(dirname "$0")/../support/e2e.sh"
start_standin --proxy
make_store_keyfile
ln -s "$O/bin/lw-credential-helper" "$T/git-credential-lacework"
PATH=$T:$PATH
export GIT_TERMINAL_PROMPT=0 GIT_ASKPASS=/bin/false

# A server as acme.lacework.net may be: status 200 for each path.
mkdir "$T/basic"
python3 tests/support/basic_server.py "$T/basic" --tls-cert "$CA/server.pem" --tls-key "$CA/server.key" \
    --parent $$ </dev/null >"$T/basic.said" 2>&1 &
STANDIN_PIDS+=($!)
for ((tries = 0; tries < 300; tries++)); do
    [ ! -e "$T/basic/port" ] || break
    sleep 0.05
done
{
    printf '[include]\n\tpath = %s\n' "$ROOT/contrib/git/lacework.gitconfig"
    printf '[http]\n\tproxy = http://127.0.0.1:%s\n\tsslCAInfo = %s\n' "$(cat "$T/basic/port")" "$CA/ca.pem"
} >"$HOME/.gitconfig"
# The program's own exchange goes to the stand-in, under the account's name.
export https_proxy=$PROXY_URL

follow() { # user, password: git follows such a URL, is let in, and calls "store"
    : >"$T/basic/log"
    GIT_TRACE=$T/trace run 0 git ls-remote "https://$1:$2@acme.lacework.net/x.git"
    grep -q "^GET /x.git/info/refs.* $1 $2\$" "$T/basic/log" || fail "git was not let in: $(cat "$T/basic/log")"
    grep -q "credential-lacework store" "$T/trace" || fail "git did not call store"
    rm "$T/trace"
}
reject() { # user, password: as git does after a 401
    run 0 git credential reject < <(printf '%s\n' protocol=https host=acme.lacework.net "username=$1" "password=$2" '')
}
secret_is() { # profile, secret: is that what is stored?
    run 0 "$HELPER" --config "$T/proved" -p "$1" erase < <(
        printf '%s\n' protocol=https host=acme.lacework.net "username=$KEY_ID" password=_not ''
    )
    expect_stderr_lacks 'removed'
    run 0 "$HELPER" get -p "$1" --no-cache --format token
    tail -n 1 "$STANDIN/log" | grep -q ' secret=right ' || fail "another secret is stored"
}
count() {
    run 0 "$HELPER" --json list
    python3 -c 'import json,sys; print(*sorted(r["profile"] for r in json.load(open(sys.argv[1]))))' "$OUT"
}
JUNK=_ffffffffffffffffffffffffffffffff
EVIL=EVIL_0123456789ABCDEF
printf '%s\n' 'lookup sufficient file' 'store required file' 'erase sufficient file' >"$T/plain"
{ cat "$T/plain"; echo 'set git-store proved'; } >"$T/proved"

# --- as it is shipped: nothing is stored at all
follow "$EVIL" "$JUNK"
[ "$(count)" = '' ] || fail "planted: $(count)"
[ ! -e "$XDG_DATA_HOME/lwcred/keys.lwc" ] || fail "a store was made"

# --- as it is shipped: the stored key stays as it is
plant_key
run 0 "$HELPER" add -p prod -a acme --key-id "$KEY_ID" --secret-stdin <<<"$SECRET"
before=$(sha256sum <"$XDG_DATA_HOME/lwcred/keys.lwc")
same() {
    [ "$(sha256sum <"$XDG_DATA_HOME/lwcred/keys.lwc")" = "$before" ] || fail "the store changed"
}
exchanges=$(count_exchanges)
for user in "$KEY_ID" "$EVIL"; do
    follow "$user" "$JUNK"
    follow "$user" "$JUNK"
done
follow "$KEY_ID" "$SECRET"
reject "$KEY_ID" "$SECRET"
reject "$KEY_ID" "$JUNK"
same
expect_exchanges "$exchanges"
secret_is prod "$SECRET"
same

# --- "set git-store proved": what an exchange does not prove is not kept
export LWCRED_CONFIG=$T/proved
follow "$KEY_ID" "$JUNK"
same
follow "$EVIL" "$JUNK"
expect_stderr_has 'store: the key is not kept'
same
secret_is prod "$SECRET"
PROD=$KEY_ID PROD_SECRET=$SECRET

# A proved one is, under a free name; a second one of the same account beside it.
plant_key
follow "$KEY_ID" "$SECRET"
[ "$(count)" = 'acme prod' ] || fail "profiles: $(count)"
secret_is acme "$SECRET"
before=$(sha256sum <"$XDG_DATA_HOME/lwcred/keys.lwc")
follow "$KEY_ID" "$SECRET"
follow "$PROD" "$PROD_SECRET"
same
FIRST=$KEY_ID FIRST_SECRET=$SECRET
plant_key
follow "$KEY_ID" "$SECRET"
[ "$(count)" = 'acme acme-2 prod' ] || fail "profiles: $(count)"

# reject with the stored secret removes, with another it does not.
reject "$FIRST" "$SECRET"
reject "$FIRST" "$JUNK"
[ "$(count)" = 'acme acme-2 prod' ] || fail "profiles: $(count)"
reject "$FIRST" "$FIRST_SECRET"
[ "$(count)" = 'acme-2 prod' ] || fail "profiles: $(count)"

# "default" is taken where nothing else is stored.
for profile in acme-2 prod; do
    run 0 "$HELPER" remove -p "$profile"
done
follow "$EVIL" "$JUNK"
[ "$(count)" = '' ] || fail "planted: $(count)"
follow "$KEY_ID" "$SECRET"
[ "$(count)" = default ] || fail "profiles: $(count)"
no_secret_left "" "$T/basic/log"
echo ok
