#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every backend keeps the contract of lwcred/backend.h.
. "$(dirname "$0")/../support/e2e.sh"
CHECK=$O/tests/lwcred-backend-check

# file: reads, writes, erases, lists, unlocks.
make_store_keyfile
run 0 "$CHECK" file "path=$T/home/contract.lwc"
expect_stdout_has '^file: 0 of [0-9]+ rules broken'
expect_stdout_has '^ok +unlock-lock$'
expect_stdout_lacks '^skip .*: .* not declared'
unset LWCRED_KEY_FILE
export LWCRED_PASSPHRASE_FILE=$T/home/passphrase
printf 'correct horse\n' >"$LWCRED_PASSPHRASE_FILE"
run 0 "$CHECK" file "path=$T/home/passphrase.lwc" kdf=interactive
unset LWCRED_PASSPHRASE_FILE

# env: read-only; it holds one key.
export LW_ACCOUNT=acme LW_API_KEY=ACME_01 LW_API_SECRET=_0123
CHECK_PROFILE=env CHECK_ACCOUNT=acme.lacework.net CHECK_KEY_ID=ACME_01 CHECK_SECRET=_0123 \
    run 0 "$CHECK" env
expect_stdout_has '^ok +held-found$'
expect_stdout_has '^ok +held-listed$'
unset LW_ACCOUNT LW_API_KEY LW_API_SECRET

# lacework-cli: read-only; it holds what the file holds.
if [ -e "$O/lib/lwcred/backends/lacework-cli.so" ]; then
    printf '[prod]\naccount = "acme"\napi_key = "ACME_01"\napi_secret = "_0123"\n' >"$HOME/.lacework.toml"
    chmod 600 "$HOME/.lacework.toml"
    CHECK_PROFILE=prod CHECK_ACCOUNT=acme.lacework.net CHECK_KEY_ID=ACME_01 CHECK_SECRET=_0123 \
        run 0 "$CHECK" lacework-cli
    expect_stdout_has '^ok +held-found$'
    expect_stdout_has '^ok +held-listed$'
    rm "$HOME/.lacework.toml"
    run 0 "$CHECK" lacework-cli
else
    not_run 'lacework-cli, which is not built'
fi

# A module that may block: here, and where it really runs.
mkdir -m 700 "$T/kept"
run 0 "$CHECK" "$O/tests/modules/blocking.so" "dir=$T/kept" timeout=60
expect_stdout_lacks '^skip .*: .* not declared'
run 0 "$CHECK" --host "$O/tests/modules/blocking.so" "dir=$T/kept" timeout=60
expect_stdout_lacks '^skip .*: .* not declared'
run 1 "$CHECK" --host --rule absent-not-found "$O/tests/modules/blocking.so" at=find fault=crash
expect_stdout_has '^BROKEN absent-not-found: .* answered failed'
echo ok
