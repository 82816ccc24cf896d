#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every header compiles alone.
set -u
failed=0
read -ra gio < <(pkg-config --cflags gio-2.0)
while read -r header; do
    flags=(-std=c11 -D_GNU_SOURCE -Wall -Wextra -Wundef -Werror -Icore/include -Icore -I.)
    case $header in core/include/*) flags=(-std=c11 -pedantic -Wall -Wextra -Werror -Icore/include) ;; esac
    case $header in backends/secret-service/*) flags+=("${gio[@]}") ;; esac
    printf '#include "%s"\n' "$header" | ${CC:-gcc} "${flags[@]}" -I. -fsyntax-only -x c - || {
        echo "$header:1: does not compile alone"
        failed=1
    }
done < <(find core backends plugins tests contrib -name '*.h' | sort)
exit "$failed"
