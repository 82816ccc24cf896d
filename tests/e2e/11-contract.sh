#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every backend keeps the contract of lwcred/backend.h; the suite sees a module that does not.
. "$(dirname "$0")/../support/e2e.sh"
CHECK=$O/tests/lwcred-backend-check


# file: reads, writes, erases, lists, unlocks; every rule applies.
make_store_keyfile
run 0 "$CHECK" file "path=$T/home/contract.lwc"
expect_stdout_has 'file: 0 of [0-9]+ rules broken'
! grep -q 'does not apply' "$OUT" || fail "the file backend must keep every rule"
unset LWCRED_KEY_FILE
export LWCRED_PASSPHRASE_FILE=$T/home/passphrase
printf 'correct horse\n' >"$LWCRED_PASSPHRASE_FILE"
run 0 "$CHECK" file "path=$T/home/passphrase.lwc" kdf=interactive
unset LWCRED_PASSPHRASE_FILE

# env: read-only; it holds one key.
export LW_ACCOUNT=acme LW_API_KEY=ACME_01 LW_API_SECRET=_0123
CHECK_PROFILE=env CHECK_ACCOUNT=acme.lacework.net CHECK_KEY_ID=ACME_01 CHECK_SECRET=_0123 \
    run 0 "$CHECK" env
expect_stdout_has '^ok .* what is held is found$'
expect_stdout_has '^ok .* what is held is listed once$'
unset LW_ACCOUNT LW_API_KEY LW_API_SECRET

# A module that breaks rules is told so.
export LWCRED_BACKEND_DIR=$O/tests/modules
run 1 "$CHECK" answer
expect_stdout_has '^not ok .* an unknown argument is invalid'
expect_stdout_has '^not ok .* what is stored survives close'
run 1 "$CHECK" bad-major
expect_stdout_has '^not ok - the module loads: .*ABI 2'
run 1 "$CHECK" no-such
run 2 "$CHECK"
echo ok
