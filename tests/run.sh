#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Run every test, or those whose name matches one of the arguments, and say how it went.
#   O        build directory (absolute); tests/ in it holds the built tests
#   WRAPPER  "valgrind": unit tests, fuzz replays and the helper run under valgrind
# A test is a program that exits 0.  Exit 77 is a skip: a failure when CI is set.
set -u
cd "$(dirname "$0")/.." || exit 1
export O CC SAN WRAPPER=${WRAPPER:-}
export LC_ALL=C TZ=UTC
logs=$O/logs${WRAPPER:+-$WRAPPER}
rm -rf "$logs" && mkdir -p "$logs" || exit 1
ci=${CI:-}
. tests/support/env.sh

list() { # the long ones first, so that no core waits at the end
    find tests/e2e -name '[0-9]*.sh' | sort
    find "$O/tests" -maxdepth 1 -type f -perm -u+x -name 'test_*' | sort
    find "$O/tests" -maxdepth 1 -type f -perm -u+x -name 'fuzz_*' | sort
}

wanted() { # name pattern...
    local name=$1 pattern
    shift
    [ $# -eq 0 ] && return 0
    for pattern in "$@"; do
        case $name in *"$pattern"*) return 0 ;; esac
    done
    return 1
}

run_one() { # path: result in $logs/NAME.rc
    local name command=("$1")
    name=$(basename "$1")
    case $1 in
    */fuzz_*) command+=("tests/fuzz/corpus/${name#fuzz_}") ;;
    esac
    case $WRAPPER:$1 in
    valgrind:*/tests/test_* | valgrind:*/tests/fuzz_*) command=("${VALGRIND[@]}" "${command[@]}") ;;
    esac
    timeout -k 10 "${TEST_TIMEOUT:-1200}" tests/support/own-keyring.sh "${command[@]}" </dev/null >"$logs/$name.log" 2>&1
    echo $? >"$logs/$name.rc"
}

passed=0 failed=0 skipped=0
report() { # name
    local rc
    rc=$(cat "$logs/$1.rc")
    case $rc in
    0) passed=$((passed + 1)); printf 'PASS %s\n' "$1" ;;
    77) skipped=$((skipped + 1)); printf 'SKIP %s: %s\n' "$1" "$(tail -n 1 "$logs/$1.log")" ;;
    *) failed=$((failed + 1)); printf 'FAIL %s (exit %s)\n' "$1" "$rc"; tail -n 60 "$logs/$1.log" | sed 's/^/    /' ;;
    esac
}

# Those that share a keyring would find each other's keys in it.
jobs=1
[ "$(tests/support/own-keyring.sh printenv OWN_KEYRING)" != yes ] || jobs=$(nproc)

names=()
running=0
while read -r path; do
    name=$(basename "$path")
    wanted "$name" "$@" || continue
    names+=("$name")
    run_one "$path" &
    running=$((running + 1))
    if [ "$running" -ge "$jobs" ]; then
        wait -n
        running=$((running - 1))
    fi
done < <(list)
wait
for name in "${names[@]}"; do report "$name"; done
if [ "$skipped" -gt 0 ]; then
    printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
else
    printf '%d passed, %d failed\n' "$passed" "$failed"
fi
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ] && { [ -z "$ci" ] || [ "$skipped" -eq 0 ]; }
