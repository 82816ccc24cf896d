#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The interfaces are what core/abi/ has on record, and a symbol, struct or signature that changes
# is found out.
. "$(dirname "$0")/../support/e2e.sh"

make_it() {
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u CC -u SAN make -s -j2 --no-print-directory "$@"
}

run 0 make_it BUILD="$T/build" abi-check
expect_stdout_lacks "^Functions changes|abidiff"
expect_stderr_empty

# A copy of the tree, changed in four places.
tree=$T/tree
mkdir "$tree"
cp -r Makefile core backends plugins tests "$tree/"
change() { # file, sed script
    cp "$tree/$1" "$T/before"
    sed -i "$2" "$tree/$1"
    ! cmp -s "$T/before" "$tree/$1" || fail "nothing was changed in $1 by: $2"
}
change core/liblwcred.map '/^        lwc_cached_clear;$/d'
change core/include/lwcred.h 's/^    int64_t timeout_ms;/&\n    int64_t patience_ms;/'
change core/include/lwcred.h 's/int64_t lwc_token_expires_in(/int32_t lwc_token_expires_in(/'
grep -rl 'lwc_token_expires_in(const' "$tree/core" --include='*.c' >"$T/holders"
[ -s "$T/holders" ] || fail 'nobody defines lwc_token_expires_in()'
while read -r file; do
    change "${file#"$tree/"}" 's/^int64_t lwc_token_expires_in(/int32_t lwc_token_expires_in(/'
done <"$T/holders"
run 2 make_it -C "$tree" BUILD="$T/changed" abi-check
expect_stdout_has "1 Removed function"
expect_stdout_has "'function size_t lwc_cached_clear\("
expect_stdout_has "'function int64_t lwc_token_expires_in\("
expect_stdout_has "int64_t patience_ms"
expect_stderr_has 'if that is meant: make abi-update'

# The backends' side: a member that moves, a limit, a number.
rm -r "$tree/core"
cp -r core "$tree/"
change core/include/lwcred/backend.h 's/^    const char \*sub_account;/&\n    const char *realm;/'
change core/include/lwcred/backend.h 's/^#define LWC_PROFILE_MAX 64/#define LWC_PROFILE_MAX 65/'
change core/include/lwcred/error.h 's/LWC_E_UNSAFE = 14/LWC_E_UNSAFE = 15/'
run 0 make_it -C "$tree" BUILD="$T/changed" "$T/changed/abi/backend.abi"
run 4 abidiff --harmless core/abi/backend.abi "$T/changed/abi/backend.abi"
expect_stdout_has "const char\* realm"
expect_stdout_has "lwc_abi_limits.* was changed"
expect_stdout_has "LWC_E_UNSAFE.* from value '14' to '15'"

# A limit alone.
rm -r "$tree/core"
cp -r core "$tree/"
change core/include/lwcred/backend.h 's/^#define LWC_PROFILE_MAX 64/#define LWC_PROFILE_MAX 65/'
run 2 make_it -C "$tree" BUILD="$T/changed" abi-check
expect_stdout_has "lwc_abi_limits.* was changed"

# An intended change is put on record, and then holds.
run 0 make_it -C "$tree" BUILD="$T/changed" abi-update
run 0 make_it -C "$tree" BUILD="$T/changed" abi-check
echo ok
