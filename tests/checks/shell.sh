#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every shell script goes through shellcheck.
set -u
scripts=()
while read -r path; do
    case $path in
    *.sh | *.bash) scripts+=("$path") ;;
    *) read -r first <"$path" && [[ $first =~ ^'#!'.*sh$ ]] && scripts+=("$path") ;;
    esac
done < <(find .ci contrib tests -type f ! -path 'tests/data/*' ! -path 'tests/fuzz/corpus/*' \
    ! -name '*.[ch]' ! -name '*.cpp' ! -name '*.py' ! -name '*.md' | sort)
[ ${#scripts[@]} -gt 0 ] && shellcheck -x -e SC1003,SC1091,SC2015,SC2016,SC2119,SC2120 -P SCRIPTDIR "${scripts[@]}"
