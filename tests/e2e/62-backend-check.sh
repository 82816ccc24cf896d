#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# lwcred-backend-check names just the rule that a module breaks, whether it crashes, hangs or exits.
. "$(dirname "$0")/../support/e2e.sh"
CHECK=$O/tests/lwcred-backend-check
MODULES=$O/tests/modules
# A crash stays a crash: the sanitiser does not handle it.
export ASAN_OPTIONS=$ASAN_OPTIONS:handle_segv=0:handle_abort=0

# A module with no fault keeps all rules.
run 0 "$CHECK" "$MODULES/breaks.so" -- "path=$T/clean"
expect_stdout_has ': 0 of [0-9]+ rules broken, 3 do not apply$'
expect_stdout_has '^skip +held-found: does not apply, CHECK_SECRET is not set$'
expect_stdout_has '^skip +find-several-invalid: does not apply, LIST is declared$'
expect_stderr_empty
[ -z "$(ls -A "$T/clean")" ] || fail 'something was left in the store'

# Each fault breaks one rule, by its name; nothing is left behind.
keys=$T/keys
mkdir -m 700 "$keys"
printf 'lwcred-folder 1\nacme.lacework.net\n\nACME_01\n\n1\n0\n_0123' >"$keys/held"
chmod 600 "$keys/held"
export CHECK_PROFILE=held CHECK_ACCOUNT=acme.lacework.net CHECK_KEY_ID=ACME_01 CHECK_SECRET=_0123
breaks() { # rule, fault, module
    BREAKS=$2 run 1 "$CHECK" "$MODULES/${3:-breaks}.so" "path=$keys"
    broken=$(sed -n 's/^BROKEN \([a-z-]*\): .*/\1/p' "$OUT")
    [ "$broken" = "$1" ] || fail "the fault $2 broke: $broken"
    [ "$(ls -A "$keys")" = held ] || fail "the fault $2 left something behind"
}
"$CHECK" --list >"$T/rules"
count=0
while read -r rule _; do
    case $rule in
    process-untouched)
        for what in umask handler mask locale directory environment; do breaks "$rule" "$rule:$what"; done
        ;;
    find-several-invalid) breaks "$rule" "$rule" breaks-nolist ;;
    *) breaks "$rule" "$rule" ;;
    esac
    count=$((count + 1))
done <"$T/rules"
[ "$count" -ge 38 ] || fail "only $count rules"

# Crash, hang, exit: contained, and said.
run 1 env BREAKS=crash "$CHECK" "$MODULES/breaks.so" "path=$keys"
expect_stdout_has '^BROKEN find-gives-once: crashed \(SIGSEGV\)$'
expect_stdout_has '^ok +list-ends$'
run 1 env BREAKS=exit "$CHECK" "$MODULES/breaks.so" "path=$keys"
expect_stdout_has '^BROKEN find-gives-once: ended the process with exit status 3$'
run 1 timeout 60 env BREAKS=hang "$CHECK" --timeout 1 --rule held-found "$MODULES/breaks.so" "path=$keys"
expect_stdout_has '^BROKEN held-found: did not return within 1 s$'
run 1 "$CHECK" "$MODULES/bad-constructor.so"
expect_stdout_has '^BROKEN module-loads: crashed \(SIGABRT\)$'
run 1 env BREAKS=no-output "$CHECK" --rule no-output "$MODULES/breaks.so" "path=$keys"
expect_stdout_has '^  printed: hello'

# A module that may not be loaded.
export LWCRED_BACKEND_DIR=$MODULES
run 1 "$CHECK" bad-major
expect_stdout_has '^BROKEN module-loads: .*ABI 2'
run 1 "$CHECK" no-such
expect_stdout_has "^BROKEN module-loads: backend 'no-such' is not installed"
run 1 "$CHECK" "$T/no-such.so"
run 1 "$CHECK" "$T/Bad_name.so"
expect_stdout_has '^BROKEN module-loads: .* is its name'
cp "$MODULES/answer.so" "$T/other.so"
run 1 "$CHECK" "$T/other.so"
expect_stdout_has "^BROKEN module-loads: backend 'other' calls itself 'answer'"
cp "$MODULES/answer.so" "$T/answer.so"
chmod 666 "$T/answer.so"
run 1 "$CHECK" "$T/answer.so"
expect_stdout_has "^BROKEN module-loads: .* can be written by others .*; chmod go-w"

# Usage, and the manual knows every rule.
run 2 "$CHECK"
expect_stderr_has '^usage: lwcred-backend-check'
run 2 "$CHECK" --no-such
run 2 "$CHECK" --rule no-such breaks
run 2 "$CHECK" --timeout 0 breaks
run 2 "$CHECK" --timeout
run 0 "$CHECK" --help
expect_stderr_empty
run 0 "$CHECK" --version
expect_stdout "lwcred-backend-check $(sed -n 's/^#define LWC_VERSION "\(.*\)"/\1/p' core/include/lwcred/types.h)"
sed -n '/^\.Ss Rules$/,/^\.El$/s/^\.It Cm \([a-z-]*\)$/\1/p' docs/lwcred-backend-check.1 >"$T/documented"
diff -u <(cut -d' ' -f1 "$T/rules") "$T/documented" || fail 'the manual lists other rules'
echo ok
