#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# try-flags.sh FILE "COMPILER..." FLAG...: print the flags that the compiler takes.  FILE keeps the
# answer for the same compiler and flags.
set -eu
file=$1 compiler=$2
shift 2
# shellcheck disable=SC2086
set -- "$@" -- $compiler
asked="$* $(stat -L -c '%i %Y' "$(command -v "${compiler%% *}")" 2>/dev/null || :)"
if [ -f "$file" ]; then
    { read -r key && read -r taken; } <"$file" || :
    [ "${key-}" != "$asked" ] || {
        echo "${taken-}"
        exit 0
    }
fi
taken=
for flag in "$@"; do
    [ "$flag" != -- ] || break
    # shellcheck disable=SC2086
    if $compiler -Werror "$flag" -x c -c -o /dev/null /dev/null 2>/dev/null; then
        taken="$taken $flag"
    fi
done
mkdir -p "$(dirname "$file")"
printf '%s\n%s\n' "$asked" "$taken" >"$file.$$"
mv "$file.$$" "$file"
echo "$taken"
