#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Run every static check (*.sh, *.py, executable or not) beside this file over the tree (or over the tree given as argument).
# Each prints "file:line: what" for each finding.  Fails if one of them does.
set -u
checks=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$checks/../..}" || exit 2
export LC_ALL=C PYTHONDONTWRITEBYTECODE=1

failed=()
for check in "$checks"/*.sh "$checks"/*.py; do
    case ${check##*/} in
    style.sh | csource.py) continue ;; # this one, and what the others share
    *.sh) bash "$check" ;;
    *.py) python3 "$check" ;;
    esac || failed+=("${check##*/}")
done
[ ${#failed[@]} -eq 0 ] && exit 0
echo "style: failed: ${failed[*]}" >&2
exit 1
