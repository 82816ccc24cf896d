# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
# Sourced first by the scenarios of the token cache, in place of e2e.sh.
#
# A scenario that shares the user keyring knows its keys by ORIGIN.
#
#   OWN_KEYRING  not empty: no other program's keys are in reach
#   RUN          a runtime directory that counts: ours, 0700, in memory
#   PLAIN        the helper without valgrind, for strace and for many at once
#   TOKEN        what the last exchanged() printed

[ -n "${OWN_KEYRING:-}" ] || exec "$(dirname "${BASH_SOURCE[0]}")/own-keyring.sh" "$0" "$@"
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
