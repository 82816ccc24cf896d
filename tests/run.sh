#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Run every test, or those whose name matches one of the arguments: a line for each as it ends, the
# logs of the failed ones, and a total.
#   O        build directory (absolute); tests/ in it holds the built tests
#   WRAPPER  "valgrind": unit tests, fuzz replays and the helper run under valgrind; a program of
#            qemu-user: unit tests and fuzz replays run under it
#   AS_USER       a user's name: run by root, every test runs as that user
#   NOT_HERE a file that names tests which cannot run here: "NAME REASON" on each line
#   LOGS     directory for the logs, emptied first; default: logs in O
#   KEYRING  "shared": tests may use the user's own kernel keyring, with what is in it
# A test is a program that exits 0.  Exit 77 is a skip, and a line "not run: WHAT" of a passing test
# is a skipped part: both are failures when CI is set.
set -u
cd "$(dirname "$0")/.." || exit 1
export O CC SAN WRAPPER=${WRAPPER:-} AS_USER=${AS_USER:-}
export LC_ALL=C TZ=UTC
logs=${LOGS:-$O/logs${WRAPPER:+-${WRAPPER##*/}}}
rm -rf "$logs" && mkdir -p "$logs" || exit 1
ci=${CI:-}
not_here=${NOT_HERE:-/dev/null}
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

print_result() { # name status
    local took
    read -r took <"$logs/$1.time"
    case $2 in
    0) printf 'PASS %s (%s s)\n' "$1" "$took"; sed -n "s/^not run: /     not run: /p" "$logs/$1.log" ;;
    77) printf 'SKIP %s: %s\n' "$1" "$(tail -n 1 "$logs/$1.log")" ;;
    *) printf 'FAIL %s (exit %s, %s s)\n' "$1" "$2" "$took" ;;
    esac
}

run_one() { # path: result in $logs/NAME.rc
    local name status TIMEFORMAT='%0R' command=("$1")
    name=$(basename "$1")
    case $1 in
    */fuzz_*) command+=("tests/fuzz/corpus/${name#fuzz_}") ;;
    esac
    case $WRAPPER:$1 in
    valgrind:*/tests/test_* | valgrind:*/tests/fuzz_*) command=("${VALGRIND[@]}" "${command[@]}") ;;
    *qemu*:*/tests/test_* | *qemu*:*/tests/fuzz_*) command=("$WRAPPER" "${command[@]}") ;;
    esac
    : >"$logs/$name.log"
    [ -z "$AS_USER" ] || chown "$AS_USER" "$logs/$name.log"
    {
        time timeout -k 10 "${TEST_TIMEOUT:-1200}" tests/support/own-keyring.sh "${command[@]}" \
            </dev/null >>"$logs/$name.log" 2>&1
        status=$?
    } 2>"$logs/$name.time"
    echo "$status" >"$logs/$name.rc"
    print_result "$name" "$status" >"$logs/$name.line"
    cat "$logs/$name.line" # in one piece
}

# Tests without a keyring of their own would find each other's keys: one at a time.
jobs=$(nproc)
case $(tests/support/own-keyring.sh printenv OWN_KEYRING) in
yes) ;;
no)
    jobs=1
    export KEYRING=shared # what it holds from now on is the tests' own
    echo "run.sh: no user namespace to be had here: the tests share the kernel keyring of $(id -un), one after the other"
    ;;
*) exit 1 ;;
esac

names=() left_out=0 running=0
while read -r path; do
    name=$(basename "$path")
    wanted "$name" "$@" || continue
    if why=$(grep -m 1 "^$name " "$not_here"); then
        left_out=$((left_out + 1))
        printf 'LEFT %s\n' "$why"
        continue
    fi
    names+=("$name")
    run_one "$path" &
    running=$((running + 1))
    if [ "$running" -ge "$jobs" ]; then
        wait -n
        running=$((running - 1))
    fi
done < <(list)
wait

passed=0 failed=0 skipped=0
for name in ${names[@]+"${names[@]}"}; do
    case $(cat "$logs/$name.rc") in
    0)
        passed=$((passed + 1))
        skipped=$((skipped + $(grep -c '^not run: ' "$logs/$name.log")))
        ;;
    77) skipped=$((skipped + 1)) ;;
    *)
        failed=$((failed + 1))
        printf '\n== %s: the end of %s\n' "$name" "$logs/$name.log"
        tail -n 60 "$logs/$name.log" | sed 's/^/    /'
        ;;
    esac
done
printf '%d passed, %d failed' "$passed" "$failed"
[ "$skipped" -eq 0 ] || printf ', %d skipped' "$skipped"
[ "$left_out" -eq 0 ] || printf ', %d left out' "$left_out"
printf ', in %d s; logs in %s\n' "$SECONDS" "$logs"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ] && { [ -z "$ci" ] || [ "$skipped" -eq 0 ]; }
