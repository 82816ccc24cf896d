#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A user of the Lacework CLI has nothing but ~/.lacework.toml: tokens come out of the program and of git,
# with the built-in stack and no set-up at all.
. "$(dirname "$0")/../support/e2e.sh"
[ -e "$O/lib/lwcred/backends/lacework-cli.so" ] || { echo 'the backend lacework-cli is not built'; exit 77; }
start_standin --proxy
plant_key
id=$KEY_ID secret=$SECRET
plant_key
# The accounts' own names lead to the stand-in.
export https_proxy=$PROXY_URL
TOML=$HOME/.lacework.toml

write() { # the file, from stdin
    (umask 077 && cat >"$TOML")
    chmod 600 "$TOML"
}
profile() { # name, account, key id, secret: as "lacework configure" writes it
    printf '[%s]\n  account = "%s"\n  api_key = "%s"\n  api_secret = "%s"\n  version = 2\n\n' "$@"
}
forget_tokens() {
    run 0 "$HELPER" cache clear
}

# Without the file there is nothing to say, and the look for it costs next to nothing.
run 3 "$HELPER" get --format token
expect_stderr_lacks 'lacework-cli|lacework\.toml'
run 0 "$HELPER" list
expect_stdout_lacks 'lacework-cli'

# A single profile.
profile default acme "$id" "$secret" | write
run 0 "$HELPER" get --format token
issued_token_matches "$(cat "$OUT")"
expect_stderr_empty
expect_exchanges 1 status=201
run 0 "$HELPER" get --format token # from the cache
expect_exchanges 1 status=201
run 0 "$HELPER" list
expect_stdout_has "^default +acme\.lacework\.net +$id .* lacework-cli "
expect_stdout_lacks "$secret"
run 0 "$HELPER" explain
expect_stdout_has 'lacework-cli'

# Git, with the settings that are shipped.
ln -s "$O/bin/lw-credential-helper" "$T/git-credential-lacework"
printf '[include]\n\tpath = %s\n' "$ROOT/contrib/git/lacework.gitconfig" >"$HOME/.gitconfig"
PATH=$T:$PATH GIT_TERMINAL_PROMPT=0 run 0 git credential fill <<<"protocol=https"$'\n'"host=acme.lacework.net"$'\n'
issued_token_matches "$(field password)$(field credential)"
expect_exchanges 1 status=201

# The cached answer ends when the file changes.
profile default acme "$KEY_ID" "$SECRET" | write
run 0 "$HELPER" get --format token
issued_token_matches "$(cat "$OUT")"
expect_exchanges 2 status=201
rm "$TOML"
run 3 "$HELPER" get --format token

# Two profiles: by name, by LW_PROFILE, by account; and "default" where nothing is said.
{ profile default acme "$id" "$secret"; profile prod acmeprod.lacework.net "$KEY_ID" "$SECRET"; } | write
forget_tokens
run 0 "$HELPER" get --format json
expect_stdout_has '"profile":"default"'
run 0 "$HELPER" get --format json -p prod
expect_stdout_has '"account":"acmeprod\.lacework\.net"'
expect_stdout_has "\"keyId\":\"$KEY_ID\""
LW_PROFILE=prod run 0 "$HELPER" get --format json
expect_stdout_has '"profile":"prod"'
run 0 "$HELPER" get --format json -a acmeprod
expect_stdout_has '"profile":"prod"'
run 0 "$HELPER" get --format git <<<"protocol=https"$'\n'"host=acmeprod.lacework.net"$'\n'
issued_token_matches "$(field password)"
LW_PROFILE=none run 3 "$HELPER" get --format token
expect_stderr_has "no credential for profile 'none'"
# LW_ACCOUNT in the shell, which in the CLI re-aims a profile, sends no secret elsewhere.
LW_ACCOUNT=other run 0 "$HELPER" get --format json -p prod
expect_stdout_has '"account":"acmeprod\.lacework\.net"'

# No "default": the only profile there is; of several none is guessed.
profile prod acme "$id" "$secret" | write
run 0 "$HELPER" get --format json
expect_stdout_has '"profile":"prod"'
{ profile prod acme "$id" "$secret"; profile test acme "$KEY_ID" "$SECRET"; } | write
run 2 "$HELPER" get --format token
expect_stderr_has 'several credentials fit: prod .*, test '

# Keys before the first table, as version 0.1 of the CLI wrote them.
printf 'account = "acme"\napi_key = "%s"\napi_secret = "%s"\n' "$id" "$secret" | write
run 0 "$HELPER" get --format json
expect_stdout_has '"profile":"default"'

# A ready token; and what "get --format lacework-toml" of another machine may have written.
printf '[default]\naccount = "acme.lacework.net"\napi_token = "_ready"\nversion = 2\n' | write
run 0 "$HELPER" get --format token
expect_stdout _ready

# Modes: what others read is used, with one warning; what others write is not.
profile default acme "$id" "$secret" | write
forget_tokens
chmod 644 "$TOML"
run 0 "$HELPER" get --format token
[ "$(grep -c 'can be read by others (mode 0644)' "$ERR")" = 1 ] || fail 'not one warning'
expect_stderr_has "chmod 600 '$TOML'"
chmod 666 "$TOML"
run 14 "$HELPER" get --format token
expect_stderr_has "$TOML can be written by others"
chmod 600 "$TOML"

# A key that is stored here answers before the CLI's.
make_store_keyfile
run 0 "$HELPER" add --backend file --account acme --key-id "$KEY_ID" --secret-stdin --no-verify <<<"$SECRET"
run 0 "$HELPER" get --format json
expect_stdout_has "\"keyId\":\"$KEY_ID\""
run 0 "$HELPER" remove -p default --backend file
# The CLI's file is only read: nothing is stored there, nothing is removed.
before=$(sha256sum <"$TOML")
run 3 "$HELPER" remove -p default --backend file
run 2 "$HELPER" remove -p default --backend lacework-cli
run 2 "$HELPER" add --backend lacework-cli --account acme --key-id "$KEY_ID" --secret-stdin --no-verify <<<"$SECRET"
[ "$(sha256sum <"$TOML")" = "$before" ] || fail 'the file was changed'

# Errors name file and line, never a value; no cached token hides them.
profile default acme "$id" "$secret" | sed 's/"$//' | write
run 2 "$HELPER" get --format token
expect_stdout_empty
expect_stderr_has "$TOML:2:[0-9]+: not TOML"
printf '[default]\naccount = "acme"\napi_key = %s\napi_secret = %s\n' "$id" "$secret" | write
run 2 "$HELPER" -v get --format token
expect_stderr_has "$TOML:3:"
expect_stderr_lacks "$secret"
printf '[default]\naccount = "%s"\napi_key = "%s"\napi_secret = "acme"\n' "$secret" "$id" | write
run 3 "$HELPER" -v get --format token
expect_stderr_has "$TOML:2: account: not the name of one"
expect_stderr_lacks "$secret"
printf '[default]\naccount = "acme"\napi_key = "%s"\n' "$id" | write
run 3 "$HELPER" get --format token
expect_stderr_has "profile 'default' lacks api_secret"
printf '[%s]\naccount = "acme"\napi_token = "x"\n[good]\naccount = "acme"\napi_token = "_x"\n' "$secret" | write
run 0 "$HELPER" -v get --format token
expect_stderr_has "warning: $TOML:2: the profile's name cannot be used here"
expect_stderr_lacks "$secret"

# Arguments: another file, and no other word.
profile default acme "$id" "$secret" >"$T/other.toml"
chmod 600 "$T/other.toml"
printf 'set cache none\nlookup required lacework-cli path=%s\n' "$T/other.toml" >"$T/stack"
run 0 "$HELPER" --config "$T/stack" get --format token
issued_token_matches "$(cat "$OUT")"
printf 'lookup required lacework-cli file=%s\n' "$T/other.toml" >"$T/stack"
run 2 "$HELPER" --config "$T/stack" get --format token
expect_stderr_has "unknown argument 'file="

# Nothing of the secrets lies anywhere but in that file.
rm "$TOML" "$T/other.toml"
SECRET=$secret no_secret_left "$T/home"
echo ok
