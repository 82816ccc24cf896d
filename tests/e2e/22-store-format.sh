#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The published format suffices: a reader written from lwcred-store(5) alone, without libsodium but for
# Argon2id, reads the known answers and what the program writes.  Both readers judge files each of which
# breaks one rule of the page although it is authentic.
. "$(dirname "$0")/../support/e2e.sh"

reader() { tests/support/store_reader.py "$@"; }

run 0 reader tests/data/store-keyfile.lwc tests/data/store.key
expect_stdout '["default", "acme.lacework.net", "", "ACME_1234", "", 1, 0, 1, "_0123456789abcdef0123456789abcdef"]'
run 0 reader tests/data/store-unknown-slot.lwc tests/data/store.key
expect_stdout_has '"ACME_1234"'
run 0 reader tests/data/store-several.lwc tests/data/store.key
[ "$(wc -l <"$OUT")" = 5 ] || fail "expected 5 records"
run 1 reader tests/data/store-passphrase.lwc tests/data/store.key
printf 'correct horse battery staple\n' >"$T/passphrase"
run 0 reader tests/data/store-passphrase.lwc --passphrase "$T/passphrase"
expect_stdout '["default", "acme.lacework.net", "", "ACME_1234", "", 1, 0, 1, "_0123456789abcdef0123456789abcdef"]'
run 0 reader tests/data/store-empty.lwc --passphrase "$T/passphrase"
[ ! -s "$OUT" ] || fail "a record in the empty store"
printf 'another\n' >"$T/passphrase"
run 1 reader tests/data/store-passphrase.lwc --passphrase "$T/passphrase"
expect_stderr_has 'wrong key, or the store was changed'

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

# The file beside the store is the generation before.
run 0 reader "$LWCRED_STORE.prev" "$T/key"
expect_stdout_has '"ACME_1"'

# Each file breaks one rule.
declare -A status=([ok]=0 [corrupt]=6 [newer]=7 [denied]=5)
export XDG_STATE_HOME=$T/state
mkdir -m 700 "$T/cases"
tests/support/store_cases.py "$T/key" "$T/cases" >"$T/table"
count=0
while read -r name verdict words; do
    store=$T/cases/$name.lwc
    chmod 600 "$store"
    expected=${status[$verdict]}
    [ "$name" != no-record ] || expected=3
    run "$expected" "$O/tests/keep" find default file "path=$store"
    [ "$verdict" = ok ] || expect_stderr_has "$words"
    run "$([ "$verdict" = ok ] && echo 0 || echo 1)" reader "$store" "$T/key"
    [ "$verdict" = ok ] || expect_stderr_has '^refused: '
    count=$((count + 1))
done <"$T/table"
[ "$count" -ge 90 ] || fail "only $count files"
