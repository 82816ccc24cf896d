#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SIGKILL before any single system call of the write path, and each call failing: the old store or
# the new one, both whole.
. "$(dirname "$0")/../support/e2e.sh"
HELPER=$O/bin/lw-credential-helper # strace and valgrind do not go together
export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
make_store_keyfile
cache_in auto # a stack of the file store alone: nothing here is about a keyring
add() { # profile
    "$HELPER" add -p "$1" -a acme --key-id "ACME_01" --secret-stdin --no-verify --api-url https://localhost:1
}
run 0 add old <<<"_old"
STORE=$XDG_DATA_HOME/lwcred/keys.lwc
DIR=${STORE%/*}
cp -p "$STORE" "$T/old.lwc"

# System calls of a whole add once it writes the store: from the lock on.
run 0 strace -f -o "$T/trace" "$HELPER" add -p new -a acme --key-id ACME_01 --secret-stdin --no-verify --api-url https://localhost:1 <<<"_new"
# Each system call from a little before the lock on, as "name how-manieth-of-its-name": strace
# counts by name.
awk '
    { call = $2; sub(/\(.*/, "", call) }
    call !~ /^[a-z0-9_]+$/ { next }
    { nth[call]++; line[++total] = call " " nth[call] }
    call == "flock" && !first { first = total - 10 }
    END { for (i = first; i <= total; i++) print line[i] }
' "$T/trace" | grep -vE '^(exit|exit_group|execve) ' >"$T/calls"
mapfile -t CALLS <"$T/calls"
[ "${#CALLS[@]}" -gt 50 ] || fail "the trace is too short: ${#CALLS[@]} calls"
grep -qE '^rename' "$T/calls" || fail "no rename in the trace"

restore() {
    rm -rf "$DIR"
    mkdir -m 700 "$DIR"
    cp -p "$T/old.lwc" "$STORE"
}
# after_fault WHAT: is there a whole store with the old key in it, and if the new one, then that too?
after_fault() {
    run 0 "$HELPER" list
    grep -q '^old ' "$OUT" || fail "$1: the old key is gone"
    if grep -q '^new ' "$OUT"; then
        outcome_new=$((outcome_new + 1))
    else
        outcome_old=$((outcome_old + 1))
    fi
    # Whole: the MAC is checked when something is added.
    run 0 add after <<<"_after"
    [ -z "$(find "$DIR" -name '.*' -type f)" ] || fail "$1: a temporary file stays: $(ls -A "$DIR")"
}
outcome_old=0 outcome_new=0
for at in "${CALLS[@]}"; do
    restore
    status=0
    timeout 60 strace -f -o /dev/null -e "trace=${at% *}" -e "inject=${at% *}:signal=KILL:when=${at#* }" \
        "$HELPER" add -p new -a acme --key-id ACME_01 --secret-stdin --no-verify --api-url https://localhost:1 \
        <<<"_new" >"$OUT" 2>"$ERR" || status=$?
    [ "$status" = 137 ] || [ "$status" = 0 ] || fail "killed at $at: status $status"
    [ ! -s "$OUT" ] || fail "killed at $at: output"
    after_fault "killed at $at"
done
[ "$outcome_old" -gt 0 ] && [ "$outcome_new" -gt 0 ] || fail "only one outcome was seen: $outcome_old old, $outcome_new new"
printf 'SIGKILL: %s old, %s new\n' "$outcome_old" "$outcome_new"

# The first add of all makes the store, or leaves none.
for ((n = 0; n < ${#CALLS[@]}; n++)); do
    at=${CALLS[n]}
    rm -rf "$DIR"
    timeout 60 strace -f -o /dev/null -e "trace=${at% *}" -e "inject=${at% *}:signal=KILL:when=${at#* }" \
        "$HELPER" add -p new -a acme --key-id ACME_01 --secret-stdin --no-verify --api-url https://localhost:1 \
        <<<"_new" >"$OUT" 2>"$ERR" || true
    run 0 "$HELPER" list
    run 0 "$HELPER" add -p after -a acme --key-id ACME_01 --secret-stdin --no-verify --api-url https://localhost:1 <<<"_after"
done

# Each call that can fail on a disk fails in turn: a clear error, the right status, nothing lost.
for spec in fsync:EIO fsync:ENOSPC write:ENOSPC write:EIO write:EDQUOT fallocate:ENOSPC renameat:EIO renameat2:EIO rename:EIO linkat:EIO linkat:EMLINK openat:ENOSPC openat:EROFS; do
    call=${spec%:*} error=${spec#*:}
    seen=$(grep -cE "^[0-9]+ +$call\(" "$T/trace") || continue
    for ((n = 1; n <= seen; n++)); do
        restore
        status=0
        timeout 60 strace -f -o /dev/null -e "trace=$call" -e "inject=$call:error=$error:when=$n" \
            "$HELPER" add -p new -a acme --key-id ACME_01 --secret-stdin --no-verify --api-url https://localhost:1 \
            <<<"_new" >"$OUT" 2>"$ERR" || status=$?
        case $status in
        0 | 2 | 8 | 9 | 127 | 1) ;;
        *) fail "$spec:$n: status $status" ;;
        esac
        [ "$status" = 0 ] || [ -s "$ERR" ] || [ "$call" = write ] || fail "$spec:$n: no word about it"
        [ ! -s "$OUT" ] || fail "$spec:$n: output"
        [ -z "$(find "$DIR" -name '.*' -type f)" ] || fail "$spec:$n: a temporary file is left"
        after_fault "$spec at $n"
    done
done
echo ok
