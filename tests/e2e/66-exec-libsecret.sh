#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Git's helper for the keyring, built from the source that Debian's git ships, as a backend: on a
# bus of our own, with a real GNOME Keyring.
. "$(dirname "$0")/../support/secret-service.sh"
source=/usr/share/doc/git/contrib/credential/libsecret/git-credential-libsecret.c
if [ ! -e "$source" ]; then
    echo "$source is not there: the package git came without its documents"
    exit 77
fi
read -ra flags < <(pkg-config --cflags --libs libsecret-1 glib-2.0)
helper=$T/git-credential-libsecret
run 0 gcc -O1 -g -o "$helper" "$source" "${flags[@]}"

start_bus
start_keyring
start_standin
plant_key
printf '%s' "$SECRET" >"$T/secret"
chmod 600 "$T/secret"
export LWCRED_CONFIG=$T/stack
printf 'set cache none\n' >"$T/stack"
for op in lookup store erase; do
    printf '%s required exec command=%s account=acme origin=%s\n' "$op" "$helper" "$API_URL" >>"$T/stack"
done

run 3 "$HELPER" get --profile default --format token
run 0 "$HELPER" add --account acme --key-id "$KEY_ID" --secret-file "$T/secret" --api-url "$API_URL"
expect_stderr_has "stored profile 'default' .* in backend 'exec'"
run 0 "$HELPER" get --format token --profile default
issued_token_matches "$(cat "$OUT")"
run 0 git -c credential.helper= -c credential.helper="$helper" credential fill <<<"protocol=https"$'\n'"host=$ORIGIN"$'\n'
[ "$(field username)=$(field password)" = "$KEY_ID=$SECRET" ] || fail 'git gets another key from the keyring'
rm "$T/secret"
: >"$OUT"
no_secret_left

run 0 "$HELPER" remove --profile default
run 3 "$HELPER" get --profile default --format token

# No bus: a program that failed, which is not the same as nothing held.
stop_keyring
stop_bus
run 15 "$HELPER" get --profile default --format token
expect_stderr_has "git-credential-libsecret'"
echo ok
