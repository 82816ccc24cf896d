# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
# Sourced first by the scenarios of the token cache, in place of e2e.sh.
#
# The kernel keyring belongs to the user, not to the scenario: other scenarios, and the user, have
# keys in it.  Run by root, a scenario enters a user namespace, which has a user keyring of its own.
# In that of another user all files of root would be foreign, and rightly refused; there a scenario
# knows its keys by ORIGIN.
#
#   OWN_KEYRING  not empty: nobody else's keys are in reach
#   RUN          a runtime directory that counts: ours, 0700, in memory
#   PLAIN        the helper without valgrind, for strace and for many at once
#   TOKEN        what the last exchanged() printed

# Run this script again in a user namespace in which every user is who he is outside; returns if
# that cannot be.
enter_namespace() {
    local pid
    export OWN_KEYRING=no
    [ "$(id -u)" = 0 ] && unshare --user true 2>/dev/null || return 0
    # shellcheck disable=SC2016
    OWN_KEYRING=yes unshare --user bash -c 'until grep -q . /proc/self/gid_map; do sleep 0.01; done; exec "$@"' _ "$0" "$@" &
    pid=$!
    while [ "$(readlink "/proc/$pid/ns/user")" = "$(readlink /proc/self/ns/user)" ]; do sleep 0.01; done
    cat /proc/self/uid_map >"/proc/$pid/uid_map"
    cat /proc/self/gid_map >"/proc/$pid/gid_map"
    trap 'kill "$pid"' HUP INT TERM
    wait "$pid"
    exit
}
[ -n "${OWN_KEYRING:-}" ] || enter_namespace "$@"
# shellcheck source=tests/support/e2e.sh
. "$(dirname "${BASH_SOURCE[0]}")/e2e.sh"
[ "$OWN_KEYRING" = yes ] || OWN_KEYRING=''

RUN=$(mktemp -d /dev/shm/lwcred-e2e.XXXXXXXX)
PLAIN=$O/bin/lw-credential-helper
TOKEN=''

leave() {
    local status=$?
    forget_keys
    chmod -R u+rwX "$RUN" 2>/dev/null || true
    rm -rf "$RUN"
    (exit "$status") || finish
    finish
}
trap leave EXIT

# The keys of this scenario in the user keyring: serial numbers, one per line.
my_keys() {
    local serial
    [ -n "$ORIGIN" ] || return 0
    for serial in $(keyctl rlist @u 2>/dev/null); do
        if keyctl pipe "$serial" 2>/dev/null | grep -qaF "$ORIGIN"; then
            printf '%s\n' "$serial"
        fi
    done
}

forget_keys() {
    local serial
    for serial in $(my_keys); do
        keyctl unlink "$serial" @u >/dev/null 2>&1 || true
    done
}

expect_one_more() { # number of exchanges before
    [ "$(count_exchanges)" = $(($1 + 1)) ] || fail "$(($(count_exchanges) - $1)) exchanges, not one"
}

# quick CMD...: without valgrind, where time matters or it saw the like before
quick() {
    local usual=$HELPER
    HELPER=$PLAIN
    "$@"
    HELPER=$usual
}

# exchanged ARGS...: get with ARGS makes one exchange, and prints its token.
exchanged() {
    local before
    before=$(count_exchanges)
    run 0 "$HELPER" get --format token "$@"
    expect_one_more "$before"
    issued_token_matches "$(cat "$OUT")"
    TOKEN=$(cat "$OUT")
}

# cached ARGS...: get with ARGS prints the last exchanged token, without an exchange.
cached() {
    local before
    before=$(count_exchanges)
    run 0 "$HELPER" get --format token "$@"
    [ "$(count_exchanges)" = "$before" ] || fail "it made an exchange"
    expect_stdout "$TOKEN"
    expect_stderr_empty
}
