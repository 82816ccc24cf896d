#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Git's own credential helpers as backends: git-credential-store and git-credential-cache keep an
# access key, give it, replace it, forget it.
. "$(dirname "$0")/../support/e2e.sh"
start_standin
plant_key
printf '%s' "$SECRET" >"$T/secret"
first_id=$KEY_ID first_secret=$SECRET
plant_key
printf '%s' "$SECRET" >"$T/secret2"
chmod 600 "$T"/secret*
libexec=$(git --exec-path)
export LWCRED_CONFIG=$T/stack

stack() { # words for the backend
    printf 'set cache none\n' >"$T/stack"
    for op in lookup store erase; do printf '%s required exec %s\n' "$op" "$*" >>"$T/stack"; done
}

# round COMMAND...: the helper, as git calls it, under which the key lies afterwards.
keeps_a_key() {
    run 3 "$HELPER" get --profile work --format token
    run 0 "$HELPER" add --account acme --profile work --key-id "$first_id" --secret-file "$T/secret" --api-url "$API_URL"
    expect_stderr_has "stored profile 'work' .* in backend 'exec'"
    run 0 "$HELPER" get --profile work --format token
    issued_token_matches "$(cat "$OUT")"
    run 0 "$HELPER" get --account acme --format token
    run 0 "$HELPER" get --format git <<<"protocol=https"$'\n'"host=$ORIGIN"$'\n'
    issued_token_matches "$(field password)"

    # Git sees the same key.
    run 0 git -c credential.helper= -c credential.helper="$*" credential fill <<<"protocol=https"$'\n'"host=$ORIGIN"$'\n'
    expect_stdout_has "^username=$first_id$"
    [ "$(field password)" = "$first_secret" ] || fail 'git gets another secret'

    # Replaced on demand only; of a profile there is one key.
    run 2 "$HELPER" add --account acme --profile work --key-id "$KEY_ID" --secret-file "$T/secret2" --api-url "$API_URL"
    expect_stderr_has "profile 'work' exists in"
    run 0 "$HELPER" add --account acme --profile work --key-id "$KEY_ID" --secret-file "$T/secret2" --api-url "$API_URL" --replace
    run 0 "$HELPER" get --profile work --format json
    expect_stdout_has "\"keyId\":\"$KEY_ID\""
    GIT_ASKPASS=true run 0 git -c credential.helper= -c credential.helper="$*" credential fill \
        <<<"protocol=https"$'\n'"host=$ORIGIN"$'\n'"username=$first_id"$'\n'
    [ -z "$(field password)" ] || fail 'the replaced key is still there'

    run 0 "$HELPER" remove --profile work
    run 3 "$HELPER" get --profile work --format token
    run 3 "$HELPER" remove --profile work
}

# store: a file in plain text, as git keeps it.
file=$T/home/keys
stack "command=$libexec/git-credential-store arg=--file=$file account=acme profile=work origin=$API_URL"
keeps_a_key store "--file=$file"
[ ! -s "$file" ] || fail 'something is left in the file of git-credential-store'
no_secret_left "$T" "$T/secret2"

# cache: its daemon must run already, for nothing that we start stays.  Without it, a key is not
# said to be kept that would be gone a moment later.
mkdir -m 700 "$T/cache"
stack "command=$libexec/git-credential-cache arg=--socket=$T/cache/socket account=acme profile=work origin=$API_URL"
run 15 "$HELPER" add --account acme --profile work --key-id "$first_id" --secret-file "$T/secret" --no-verify --api-url "$API_URL"
expect_stderr_has 'did not keep the key'
expect_stderr_has '^hint: .*daemon'
rm -f "$T/cache/socket"
git credential-cache--daemon "$T/cache/socket" </dev/null >/dev/null 2>&1 &
for ((tries = 0; tries < 100; tries++)); do [ -S "$T/cache/socket" ] && break; sleep 0.05; done
keeps_a_key cache "--socket=$T/cache/socket"
git credential-cache --socket="$T/cache/socket" exit

# A file that cannot be written: git-credential-store ends well all the same, and is not believed.
stack "command=$libexec/git-credential-store arg=--file=$T/no/such/dir/keys account=acme profile=work"
run 15 "$HELPER" add --account acme --profile work --key-id "$KEY_ID" --secret-file "$T/secret2" --no-verify
expect_stderr_has 'did not keep the key|failed with exit status'

# Without account= any account of Lacework's is asked for, under its own name, and no other host.
cat >"$T/helper" <<END
#!/bin/sh
echo "\$1" >>"$T/calls"
cat >>"$T/calls"
[ "\$1" != get ] || printf 'username=%s\npassword=%s\n' '$KEY_ID' '$SECRET'
END
chmod 700 "$T/helper"
: >"$T/calls"
printf 'lookup required exec command=%s\n' "$T/helper" >"$T/stack"
run 0 "$HELPER" get <<<$'protocol=https\nhost=github.com\n'
expect_stdout_empty
run 3 "$HELPER" get --profile acme --format token
[ ! -s "$T/calls" ] || fail 'the helper was asked about a host that is not its business'
run 10 env LWCRED_CA_BUNDLE="$CA/ca.pem" https_proxy=http://127.0.0.1:1 "$HELPER" get --account acme --format token
diff -u - "$T/calls" <<<$'get\nprotocol=https\nhost=acme.lacework.net\n' || fail 'another request'

# A token that git had stored under our own name for tokens is no key.
printf '#!/bin/sh\nprintf "username=x-lw-token\\npassword=abc\\n"\n' >"$T/helper"
run 3 "$HELPER" get --account acme --format token

# The contract of a backend, as far as git's protocol can express it.
run 1 env HOME="$T/home" "$O/tests/lwcred-backend-check" exec "command=$libexec/git-credential-store" account=lwcred-check \
    profile=lwcred-check-1 origin=https://127.0.0.1:8443 sub-account=prod-business org-access
sed -n 's/^BROKEN \([a-z-]*\): .*/\1/p' "$OUT" >"$T/broken"
diff -u - "$T/broken" <<'END' || fail 'other rules are broken than those that one line and one text protocol must break'
find-several-invalid
identity-whole
identity-longest
token-kept
profile-case
secret-any-bytes
erase-one
END
expect_stdout_lacks '^BROKEN .*store\(\) answered ok'
echo ok
