#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The runner tells what passed, failed and could not run, where namespaces are refused, too; and it
# leaves a keyring alone in which another program has tokens.
. "$(dirname "$0")/../support/cache.sh"

# A tree with three tests.
tree=$T/tree
mkdir -p "$tree/tests/e2e" "$T/o/tests"
cp -r tests/run.sh tests/support "$tree/tests/"
test_is() { # name, body
    printf '#!/bin/sh\n%s\n' "$2" >"$tree/tests/e2e/$1"
    chmod +x "$tree/tests/e2e/$1"
}
test_is 1-good.sh 'echo "not run: half of it"'
test_is 2-bad.sh 'echo the reason; exit 3'
test_is 3-absent.sh 'echo "no such thing"; exit 77'
runner() { # status, CI, word of the environment..., then the command in front
    local status=$1 ci=$2
    shift 2
    run "$status" env O="$T/o" LOGS="$T/logs" CI="$ci" AS_USER= "$@" "$tree/tests/run.sh"
}
runner 1 ''
expect_stdout_has '^PASS 1-good.sh \([0-9]+ s\)$'
expect_stdout_has '^     not run: half of it$'
expect_stdout_has '^FAIL 2-bad.sh \(exit 3, [0-9]+ s\)$'
expect_stdout_has '^SKIP 3-absent.sh: no such thing$'
expect_stdout_has '^    the reason$'
expect_stdout_has "^1 passed, 1 failed, 2 skipped, in [0-9]+ s; logs in $T/logs\$"
echo '2-bad.sh does not work on this machine' >"$T/not-here"
runner 0 '' NOT_HERE="$T/not-here"
expect_stdout_has '^LEFT 2-bad.sh does not work on this machine$'
expect_stdout_has '^1 passed, 0 failed, 2 skipped, 1 left out'
runner 1 true NOT_HERE="$T/not-here"

# Tests left out under qemu-user exist, and have a reason.
while read -r name reason; do
    [ -n "$(find tests/unit -name "$name.c")" ] && [ -n "$reason" ] || fail "not-under-qemu: $name"
done <tests/support/not-under-qemu

# The keyring of a user, in which a test would forget what is not its own.
rm "$tree/tests/e2e"/[23]*
if [ -n "$OWN_KEYRING" ]; then
    runner 0 '' "$O/tests/seccomp-run" no-namespaces
    expect_stdout_has "^run.sh: no user namespace to be had here: the tests share the kernel keyring of $(id -un), one after the other\$"
    serial=$(keyctl add user lwcred:0123 token @u)
    runner 1 '' "$O/tests/seccomp-run" no-namespaces
    expect_stderr_has "holds tokens, which the tests would forget: run 'lw-credential-helper cache clear' first"
    keyctl pipe "$serial" >"$OUT" || fail 'the token is gone'
    runner 0 '' KEYRING=shared "$O/tests/seccomp-run" no-namespaces
    keyctl unlink "$serial" @u
fi

# A scenario says which parts of it need what is refused.
if [ "$(id -u)" = 0 ]; then
    printf '. "%s/tests/support/e2e.sh"\nmay_mount "a full disk" || echo ok\n' "$ROOT" >"$T/scenario"
    run 0 "$O/tests/seccomp-run" no-namespaces bash "$T/scenario"
    expect_stdout_has '^not run: a full disk: root may make no mount namespace here$'
fi
echo ok
