#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Keys in the user's own keyring: a real GNOME Keyring on a bus of this scenario.
. "$(dirname "$0")/../support/secret-service.sh"
start_standin
plant_key
make_store_keyfile

# Without a session bus the encrypted file takes the key, with a warning: the keyring may hold one of that
# name.  A lookup that the file answers says nothing of a keyring.
add_key --profile early
expect_stderr_has "profile 'early' .* in backend 'file'"
expect_stderr_has "warning: backend 'secret-service' cannot be asked, and may hold profile 'early'"
run 0 "$HELPER" get --no-cache --profile early --format token
expect_stderr_empty

# Where it works, the keyring is chosen; --backend decides otherwise; nothing moves by itself.
start_bus
start_keyring
usual=$HELPER HELPER=$CHECKED
add_key
expect_stderr_has "profile 'default' .* in backend 'secret-service'"
run 0 "$HELPER" get --no-cache --format token
HELPER=$usual
issued_token_matches "$(cat "$OUT")"
run 0 "$HELPER" get --no-cache --format git <<<$'protocol=https\nhost=acme.lacework.net\n'
issued_token_matches "$(field password)"
add_key --profile filed --backend file
expect_stderr_has "in backend 'file'"
run 2 "$HELPER" add --profile filed --account acme --key-id "$KEY_ID" \
    --secret-stdin --api-url "$API_URL" --backend secret-service --replace <<<"$SECRET"
expect_stderr_has "profile 'filed' is kept in backend 'file'"
add_key --profile filed --replace
expect_stderr_has "in backend 'file'"
run 0 "$HELPER" list
expect_stdout_has '^default .* secret-service '
expect_stdout_has '^early .* file '
run 0 "$HELPER" backends
expect_stdout_has '^secret-service +read,store,erase,list,unlock,host '
run 0 "$HELPER" remove --profile filed
run 0 "$HELPER" remove --profile early

# A rotation keeps the old key in the keyring; it is found and forgotten where it has been migrated to.
first_id=$KEY_ID first=$SECRET
plant_key
run 0 "$HELPER" add --profile turn --account acme --key-id "$KEY_ID" --secret-stdin --api-url "$API_URL" \
    --backend secret-service <<<"$SECRET"
old_id=$KEY_ID
plant_key
run 0 "$HELPER" rotate turn --key-id "$KEY_ID" --secret-stdin <<<"$SECRET"
run 0 "$HELPER" list
expect_stdout_has "^turn .* $KEY_ID .* secret-service "
expect_stdout_has "^turn@old .* $old_id .* secret-service "
run 0 "$HELPER" migrate --from secret-service --to file --profile turn@old --delete-source
run 0 "$HELPER" list
expect_stdout_has "^turn@old .* file "
forget_key "$old_id"
run 0 "$HELPER" rotate turn --verify-disabled
run 0 "$HELPER" list
expect_stdout_lacks '^turn@old '
run 0 "$HELPER" remove turn
KEY_ID=$first_id SECRET=$first

# Other programs see one clean item of ours, and read it.
keyring_stack timeout=10
expect_item() { # text: a line of what SecretStorage shows
    grep -qxF -e "$1" "$OUT" || fail "no such line: $1"
}
run 0 "$KEYRING" show
for line in xdg:schema=net.lacework.AccessKey lwcred-format=1 profile=default account=acme.lacework.net \
    "origin=$ORIGIN" "key-id=$KEY_ID" sub-account= kind=access-key flags= type=text/plain "secret=$SECRET" \
    "label=Lacework access key $KEY_ID (profile default, acme.lacework.net)"; do
    expect_item "$line"
done
[ "$(grep -c '^secret=' "$OUT")" = 1 ] || fail "there is more than one item"
run 0 secret-tool lookup xdg:schema net.lacework.AccessKey profile default
[ "$(cat "$OUT")" = "$SECRET" ] || fail "secret-tool reads another secret"

# A replaced key with other attributes leaves no older item behind; the same ones keep their item.
add_key --replace --org-access --sub-account emea
add_key --replace --org-access --sub-account emea
run 0 "$KEYRING" show
expect_item flags=org-access
expect_item sub-account=emea
[ "$(grep -c '^secret=' "$OUT")" = 1 ] || fail "there is more than one item"
run 2 "$HELPER" add --account acme --key-id "$KEY_ID" --secret-stdin --no-verify <<<"$SECRET"
expect_stderr_has "profile 'default' exists in backend 'secret-service'"
run 0 "$HELPER" remove --profile default
expect_stderr_has 'secret-service'
run 0 "$KEYRING" show
expect_stdout_empty
run 3 "$HELPER" get --no-cache --format token

# Items that other programs write with our schema are ours, with or without the newline of echo.
written() { # profile
    printf '%s\n' xdg:schema net.lacework.AccessKey lwcred-format 1 kind access-key profile "$1" \
        account acme.lacework.net key-id "$KEY_ID" origin "$ORIGIN"
}
mapfile -t attributes < <(written tool)
run 0 secret-tool store --label 'by secret-tool' "${attributes[@]}" <<<"$SECRET"
run 0 "$HELPER" get --no-cache --profile tool --format token
issued_token_matches "$(cat "$OUT")"
mapfile -t attributes < <(written python | paste -d= - -)
printf %s "$SECRET" | run 0 "$KEYRING" put 'by SecretStorage' "${attributes[@]}"
run 0 "$HELPER" get --no-cache --profile python --format token
issued_token_matches "$(cat "$OUT")"
run 0 "$HELPER" list
expect_stdout_has '^tool '
expect_stdout_has '^python '
run 0 "$HELPER" remove --profile tool
run 0 "$HELPER" remove --profile python

# Every rule of the contract, in a collection that opens without a password.
run 0 "$KEYRING" plain Plain default
run 0 "$O/tests/lwcred-backend-check" secret-service
expect_stdout_has 'secret-service: 0 of [0-9]+ rules broken'
! grep '^skip' "$OUT" | grep -vE '((CHECK_SECRET|STORE|LIST|READ) is|there is no control\(\))' || fail "a rule was not tried"

# A collection without a password lies on the disk as text, where a newline would end all of it: a secret with
# one, and a neighbour's item, are there after the next start.
printf 'a neighbour' | run 0 secret-tool store --label neighbour belongs-to somebody
run 0 "$KEYRING" lock
python3 -c 'import sys; sys.stdout.buffer.write(bytes(range(256)) * 256)' >"$T/bytes"
run 0 "$O/tests/keep" store bytes secret-service <"$T/bytes"
grep -q '^secret=base64:' "$XDG_DATA_HOME/keyrings/Plain.keyring" || fail "this keyring is not kept as text"
stop_keyring
start_keyring
run 0 secret-tool lookup belongs-to somebody
[ "$(cat "$OUT")" = 'a neighbour' ] || fail "the neighbour's item is gone"
run 0 "$O/tests/keep" find bytes secret-service
cmp "$OUT" "$T/bytes" || fail "the bytes of a secret changed"

# Another collection: by label, by path; one that does not exist.
for name in Login /org/freedesktop/secrets/collection/login login; do
    keyring_stack "collection=$name"
    add_key --profile named
    run 0 "$KEYRING" show
    expect_stdout_lacks '^profile=named$'
    run 0 "$HELPER" get --no-cache --profile named --format token
    run 0 "$HELPER" remove --profile named
done
keyring_stack collection=nowhere
run 8 "$HELPER" get --no-cache --format token
expect_stderr_has "collection 'nowhere': the keyring has no such collection"
expect_stderr_has '^hint: '

# Arguments.
for wrong in timeout=0 timeout=soon timeout=1d collection= path=/x timeout; do
    keyring_stack "$wrong"
    run 2 "$HELPER" list
    expect_stdout_empty
done
keyring_stack timeout=5 timeout=5
run 2 "$HELPER" list
echo ok
