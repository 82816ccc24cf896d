#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# import of the Lacework CLI's profiles, its other files with secrets, and migrate.
. "$(dirname "$0")/../support/e2e.sh"
[ -e "$O/lib/lwcred/backends/lacework-cli.so" ] || { echo 'the backend lacework-cli is not built'; exit 77; }
start_standin --proxy
export https_proxy=$PROXY_URL
make_store_keyfile
cache_in none
plant_key
id=$KEY_ID secret=$SECRET
plant_key
id2=$KEY_ID secret2=$SECRET
TOML=$HOME/.lacework.toml
STORE=$XDG_DATA_HOME/lwcred

write() { # the file, from stdin
    (umask 077 && cat >"$TOML")
}
clear_store() { rm -rf "$STORE"; }
profiles() {
    printf '# my profiles\n[default]\n  account = "acme" # main\n  api_key = "%s"\n  api_secret = "%s"\n  version = 2\n\n' "$id" "$secret"
    printf '[prod]\naccount = "acmeprod"\nsubaccount = "biz"\napi_key = "%s"\napi_secret = "%s" # new\nextra = [1, 2]\n' "$id2" "$secret2"
}
emptied() { profiles | sed 's/api_secret = "[^"]*"/api_secret = ""/'; }

# All at once; the file stays.
profiles | write
run 0 "$HELPER" import
expect_stderr_has "profile 'default' .* imported into backend 'file'"
expect_stderr_has "profile 'prod' .* imported into backend 'file'"
profiles | cmp - "$TOML" || fail "the file changed"
run 0 "$HELPER" get -p prod --format token
issued_token_matches "$(cat "$OUT")"
run 0 "$HELPER" show prod
expect_stdout_has '^sub-account: biz$'
count=$(count_exchanges)
run 0 "$HELPER" import --json
expect_stdout_has '"profile":"default".*"result":"already","status":0.*"profile":"prod".*"result":"already"'
expect_exchanges "$count"

# A profile that fails does not stop the others; the worst status at the end.
clear_store
forget_key "$id"
run 11 "$HELPER" import --json
expect_stdout_has '"profile":"default",.*"backend":"","result":"failed","status":11,"error":'
expect_stdout_has '"profile":"prod",.*"result":"imported","status":0'
expect_stderr_has "profile 'default' is not imported: "
expect_stderr_has '^lw-credential-helper: import: 1 of 2 failed$'
# With --delete-source it keeps its secret in the file, the other one's goes.
run 11 "$HELPER" import --delete-source
profiles | sed "s/$secret2//" | cmp - "$TOML" || fail "the file is not as it must be"
printf '%s %s admin\n' "$id" "$(sha256_of "$secret")" >>"$STANDIN/keys"

# --delete-source: all is kept but the secrets, mode and link too; what is left elsewhere is named.
clear_store
profiles | write
mv "$TOML" "$HOME/real.toml"
ln -s real.toml "$TOML"
chmod 640 "$HOME/real.toml"
L=$HOME/.config/lacework
mkdir -p "$L/cfg_backups" "$L/cache/acme/standalone/$id" "$T/elsewhere/x/$id"
profiles >"$L/cfg_backups/.lacework.toml.20260101000000.1.bkp"
echo other >"$L/cfg_backups/other"
echo '{"token":"_t"}' >"$L/cache/acme/standalone/$id/token"
echo x >"$L/cache/profile"
echo keep >"$T/elsewhere/x/$id/token"
ln -s "$T/elsewhere" "$L/cache/linked"
ln -s "$T/elsewhere/x/$id/token" "$L/cfg_backups/.lacework.toml.link"
run 0 "$HELPER" import --delete-source --dry-run
profiles | cmp - "$HOME/real.toml" || fail "--dry-run changed the file"
run 0 "$HELPER" import --delete-source
expect_stderr_has "imported into backend 'file', and removed where it was"
expect_stderr_has "left in $L/cfg_backups/\.lacework\.toml\.20260101000000\.1\.bkp"
expect_stderr_has "left in $L/cache/acme/standalone/$id/token"
expect_stderr_lacks 'elsewhere|linked|\.link|/other|cache/profile'
emptied | cmp - "$HOME/real.toml" || fail "the file is not as it must be"
[ -L "$TOML" ] && [ "$(stat -c %a "$HOME/real.toml")" = 640 ] || fail "mode or link are gone"
[ -e "$L/cfg_backups/.lacework.toml.20260101000000.1.bkp" ] || fail "a backup is gone"
run 0 "$HELPER" list # profiles without a secret are no fault
expect_stderr_lacks 'lacework\.toml'
run 0 "$HELPER" get -p default --format token
issued_token_matches "$(cat "$OUT")"
# =all removes those, and nothing that a link leads to.
profiles | write
run 0 "$HELPER" import --delete-source=all
expect_stderr_has "already imported: in backend 'file', and removed where it was"
expect_stderr_has "removed $L/cfg_backups/"
[ ! -e "$L/cfg_backups/.lacework.toml.20260101000000.1.bkp" ] && [ ! -e "$L/cache/acme/standalone/$id/token" ] || fail "a leftover is left"
[ -e "$T/elsewhere/x/$id/token" ] && [ -e "$L/cfg_backups/other" ] && [ -e "$L/cache/profile" ] || fail "too much is removed"
SECRET=$secret
no_secret_left "$HOME" "$T/none"
run 3 "$HELPER" import --delete-source
expect_stderr_has 'has no profile with a key'

# A file that cannot be written, or is not ours alone: nothing is lost.
clear_store
rm "$TOML"
profiles | write
ln "$TOML" "$HOME/second.toml"
run 2 "$HELPER" import --delete-source
expect_stderr_has "is imported, but not removed there: .*hard links"
profiles | cmp - "$TOML"
rm "$HOME/second.toml"
if [ "$(id -u)" = 0 ] && may_mount 'a read-only file'; then
    mkdir "$T/ro"
    cp -p "$TOML" "$T/ro/f.toml"
    # shellcheck disable=SC2016
    unshare -m sh -c 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && exec "$2" import "$1/f.toml" --delete-source' \
        - "$T/ro" "$HELPER" >"$OUT" 2>"$ERR" && fail "a read-only file was changed" || status=$?
    [ "$status" = 9 ] || fail "status $status for a read-only file"
    profiles | cmp - "$T/ro/f.toml"
    chown 12345 "$T/ro/f.toml"
    run 14 "$HELPER" import "$T/ro/f.toml" --delete-source
fi

# A single profile; a name that cannot be used here; a chosen account.
clear_store
profiles | write
run 0 "$HELPER" import -p prod
run 0 "$HELPER" list
expect_stdout_has '^prod '
expect_stdout_lacks '^default .* file'
run 3 "$HELPER" import -p missing
run 0 "$HELPER" import -p renamed -a acme
run 0 "$HELPER" show renamed
expect_stdout_has "^key id: $id\$"
clear_store
{
    profiles
    printf '["two words"]\naccount = "acme"\napi_key = "%s"\napi_secret = "%s"\n' "$id" "$secret"
} | write
run 0 "$HELPER" import
expect_stderr_has "warning: .*lacework\.toml:15: the profile's name cannot be used here"
run 0 "$HELPER" import -p words --delete-source
run 0 "$HELPER" get -p words --format token
issued_token_matches "$(cat "$OUT")"
tail -n 1 "$TOML" | grep -qx 'api_secret = ""' || fail "the secret of the profile stays"

# A ready token is not kept, and does not stop the others.
clear_store
{
    profiles
    printf '[tok]\naccount = "acme"\napi_token = "_token"\n'
} | write
run 2 "$HELPER" import
expect_stderr_has "profile 'tok' is not imported: profile 'tok' is a ready token"
run 0 "$HELPER" get -p prod --format token
printf 'api_key = "%s\n' "$secret" | write
run 2 "$HELPER" import
expect_stderr_has 'lacework\.toml:1:'
expect_stderr_lacks "$secret"
rm "$TOML"
run 3 "$HELPER" import

# migrate: between two backends, here from the CLI's file into the store, and back into nothing.
clear_store
export LWCRED_CONFIG=$T/stack.both
printf '%s\n' 'lookup sufficient file' 'lookup sufficient lacework-cli' 'store required file' \
    'erase sufficient file' 'erase sufficient lacework-cli' 'set cache none' >"$LWCRED_CONFIG"
profiles | write
run 2 "$HELPER" migrate
run 2 "$HELPER" migrate --from file --to file
for one in '-p prod' '-a acme'; do
    # shellcheck disable=SC2086
    run 2 "$HELPER" import $one --delete-source=all
done
expect_stderr_has 'backups of every profile'
profiles | cmp - "$TOML"
run 2 "$HELPER" migrate --from file --to lacework-cli --delete-source=all
run 0 "$HELPER" migrate --from lacework-cli --to file --dry-run
expect_stderr_has "profile 'default' .* would be copied to backend 'file'"
run 0 "$HELPER" migrate --from lacework-cli --to file
expect_stderr_has "profile 'default' .* copied to backend 'file'"
profiles | cmp - "$TOML"
mode status 401 # a key that makes no token is not removed where it was
run 11 "$HELPER" migrate --from lacework-cli --to file --delete-source
profiles | cmp - "$TOML"
mode
run 0 "$HELPER" migrate --from lacework-cli --to file --delete-source --json
expect_stdout_has '"profile":"default",.*"backend":"file","result":"already","status":0'
emptied | cmp - "$TOML" || fail "the source is not as it must be"
run 0 "$HELPER" migrate --from lacework-cli --to file --delete-source
expect_stderr_has "backend 'lacework-cli' holds nothing to migrate"
run 3 "$HELPER" migrate --from lacework-cli --to file -p default
run 2 "$HELPER" migrate --from file --to lacework-cli
expect_stderr_has "profile 'default' stays: .*lacework-cli"
run 0 "$HELPER" get -p default --format token
issued_token_matches "$(cat "$OUT")"
[ -z "$(find "$XDG_STATE_HOME/lwcred" -name '*.journal')" ] || fail "a journal is left"
echo ok
