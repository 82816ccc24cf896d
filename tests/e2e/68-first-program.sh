#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A program that was written for the first complete lwcred.h compiles unchanged against today's,
# and runs.
. "$(dirname "$0")/../support/e2e.sh"

source=tests/data/first-program.c
flags=(-Wall -Wextra -Werror -Icore/include)
[ -z "${SAN:-}" ] || flags+=("-fsanitize=$SAN")
run 0 "${CC:-gcc}" -std=c11 "${flags[@]}" -o "$T/program" $source "$O/lib/liblwcred.so" -Wl,-rpath,"$O/lib"
expect_stderr_empty

run 0 "$T/program"
expect_stdout_has '^lwcred [0-9]+\.[0-9]+\.[0-9]+$'
expect_stdout_has '^check 0$'
expect_stdout_has '^lines 0$'
expect_stdout_has '^backend file: encrypted file'
expect_stdout_has '^list 0$'
expect_stdout_has '^get 3$'
expect_stdout_has '^acme\.lacework\.net acme\.lacework\.net$'
expect_stdout_has '^(probe|store|prove) 2$'
expect_stdout_has '^cleared 1$'
expect_stdout_lacks '\(older\)|from elsewhere'

# A header from which a member or a function went is found out.
cp -r core/include "$T/include"
flags[3]=-I$T/include
for change in 's/\bint64_t min_valid_s;//' 's/\blwc_cached_clear(/lwc_cached_forget(/' 's/\bLWC_FROM_CACHE_KEYED\b/LWC_FROM_KEYED/'; do
    rm -rf "$T/include"
    cp -r core/include "$T/include"
    sed -i "$change" "$T/include/lwcred.h" "$T/include/lwcred"/*.h
    ! diff -r core/include "$T/include" >"$OUT" || fail "nothing was changed by: $change"
    run 1 "${CC:-gcc}" -std=c11 "${flags[@]}" -fsyntax-only $source
done
echo ok
