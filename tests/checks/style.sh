#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Run every static check beside this file over the tree (or over the tree given as argument).
# Each prints "file:line: what" for each finding.  Fails if one of them does.
set -u
checks=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$checks/../..}" || exit 2
export LC_ALL=C PYTHONDONTWRITEBYTECODE=1

failed=()
for check in "$checks"/*.sh "$checks"/*.py; do
    [ -x "$check" ] && [ "$check" != "$checks/style.sh" ] || continue
    "$check" || failed+=("$(basename "$check")")
done
[ ${#failed[@]} -eq 0 ] && exit 0
echo "style: failed: ${failed[*]}" >&2
exit 1
