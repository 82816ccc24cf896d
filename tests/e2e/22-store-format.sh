#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The published format suffices: a reader written from lwcred-store(5) alone, without libsodium,
# reads the known answers and what the program writes.
. "$(dirname "$0")/../support/e2e.sh"

reader() { tests/support/store_reader.py "$@"; }

run 0 reader tests/data/store-keyfile.lwc tests/data/store.key
expect_stdout '["default", "acme.lacework.net", "", "ACME_1234", "", 1, 0, 1, "_0123456789abcdef0123456789abcdef"]'
run 0 reader tests/data/store-unknown-slot.lwc tests/data/store.key
expect_stdout_has '"ACME_1234"'
run 0 reader tests/data/store-several.lwc tests/data/store.key
[ "$(wc -l <"$OUT")" = 5 ] || fail "expected 5 records"
run 1 reader tests/data/store-passphrase.lwc tests/data/store.key

install -m 600 tests/data/store.key "$T/key"
export LWCRED_KEY_FILE=$T/key LWCRED_STORE=$T/keys.lwc
add() { # profile key-id secret [option...]
    printf '%s\n' "$3" >"$T/secret"
    run 0 "$HELPER" add -p "$1" -a acme --key-id "$2" --secret-file "$T/secret" --backend file --no-verify "${@:4}"
}
add one ACME_1 _11111111111111111111111111111111
add two ACME_2 _22222222222222222222222222222222 --sub-account Sub --org-access
add one ACME_3 _33333333333333333333333333333333 --replace
run 0 reader "$LWCRED_STORE" "$T/key"
expect_stdout '["one", "acme.lacework.net", "", "ACME_3", "", 1, 0, 3, "_33333333333333333333333333333333"]
["two", "acme.lacework.net", "", "ACME_2", "Sub", 1, 1, 2, "_22222222222222222222222222222222"]'

# What is beside the store is the generation before.
run 0 reader "$LWCRED_STORE.prev" "$T/key"
expect_stdout_has '"ACME_1"'
