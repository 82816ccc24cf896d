#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A full disk, a file size limit, a quota of descriptors or memory: exit 9, and the old store stays.
. "$(dirname "$0")/../support/e2e.sh"
make_store_keyfile
mkdir -m 700 "$T/small"
export LWCRED_STORE=$T/small/keys.lwc
add() { # profile [bytes]
    head -c "${2:-33}" /dev/zero | tr '\0' a |
        "$HELPER" add -p "$1" -a acme --key-id ACME_01 --secret-stdin --no-verify --api-url https://localhost:1
}
export -f add
export HELPER T

# --- the disk fills up: from some add on exit 9, nothing stored is lost, nothing else lies about
fill() {
    local n status good=0
    for ((n = 1; n <= 64; n++)); do
        status=0
        add "p$n" 8000 2>"$T/why" || status=$?
        [ "$status" != 0 ] || { good=$n; continue; }
        [ "$status" = 9 ] || { echo "status $status"; cat "$T/why"; return 1; }
        grep -q "^lw-credential-helper: " "$T/why" || { echo "no word"; return 1; }
        break
    done
    [ "$good" -gt 0 ] && [ "$good" -lt 64 ] || { echo "the disk never filled: $good"; return 1; }
    "$HELPER" list >"$T/list"
    [ "$(grep -c "^p[0-9]" "$T/list")" = "$good" ] || { cat "$T/list"; return 1; }
    [ -z "$(find "$T/small" -name ".*" -type f)" ] || { ls -la "$T/small"; return 1; }
}
go_on() { # room again: it goes on where it was
    add last 8000 && "$HELPER" list | grep "^last " >/dev/null
}
export -f fill go_on
if may_mount 'a full disk'; then
    # shellcheck disable=SC2016
    run 0 unshare -m bash -euc 'mount -t tmpfs -o size=128k,mode=700 tmpfs "$1"; fill; mount -o remount,size=4m "$1"; go_on' _ "$T/small"
else # no tmpfs of its own: a limit on what one file may hold
    run 0 prlimit --fsize=60000 bash -euc fill
    run 0 bash -euc go_on
fi

# --- a limit on file size is an error, not a signal
export LWCRED_STORE=$T/home/limit.lwc
run 0 add first
before=$(sha256sum <"$LWCRED_STORE")
run 9 prlimit --fsize=1000 bash -c 'add second 8000'
[ "$(sha256sum <"$LWCRED_STORE")" = "$before" ] || fail "the store changed"
run 0 "$HELPER" list
expect_stdout_has '^first'

# --- few descriptors, no locked memory: an error or an answer, no crash
for files in 3 4 5 6 8; do
    status=0
    prlimit --nofile=$files "$HELPER" list >"$OUT" 2>"$ERR" || status=$?
    case $status in
    0 | 1 | 2 | 8 | 9 | 127) ;;
    *) fail "$files descriptors: status $status" ;;
    esac
done
run 0 prlimit --memlock=0 setpriv --bounding-set=-ipc_lock "$HELPER" list
run 0 prlimit --memlock=0 setpriv --bounding-set=-ipc_lock "$HELPER" show -p first
! grep -qv 'absent here, and not asked' "$ERR" || fail 'more is said than that there is no keyring'
run 3 prlimit --memlock=0 setpriv --bounding-set=-ipc_lock "$HELPER" get -p other --format token
if [ -z "${SAN:-}" ]; then # the address sanitizer makes mlock() succeed without doing anything
    [ "$(grep -c 'warning: memory cannot be locked' "$ERR")" = 1 ] || fail "not warned once"
fi
[ "$(sha256sum <"$LWCRED_STORE")" = "$before" ] || fail "the store changed"
echo ok
