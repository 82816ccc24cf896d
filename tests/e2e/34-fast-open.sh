#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# TCP Fast Open is asked of the kernel where the stack file says so, and only there.
. "$(dirname "$0")/../support/e2e.sh"
start_standin
plant_key
export LW_ACCOUNT=acme LW_API_KEY=$KEY_ID LW_API_SECRET=$SECRET LW_API_SERVER_URL=$API_URL LWCRED_CONFIG=$T/stack
export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 # strace and the leak checker do not go together

asks() { # line of the stack file: sets ASKED to the number of sockets for which the kernel was asked
    printf 'lookup required env\nset cache none\n%s\n' "$1" >"$T/stack"
    run 0 strace -f -e trace=setsockopt,sendto -o "$T/trace" "$HELPER" get --format token
    issued_token_matches "$(cat "$OUT")"
    ASKED=$(sed -nE 's/.*(setsockopt|sendto)(\([0-9]+),.*(TCP|MSG)_FASTOPEN.*/\1\2/p' "$T/trace" | sort -u | wc -l)
}
asks ''
[ "$ASKED" = 0 ] || fail "asked without being told to"
asks 'set tcp-fast-open off'
[ "$ASKED" = 0 ] || fail "asked though it is off"
asks 'set tcp-fast-open on'
[ "$ASKED" = 1 ] || fail "asked for $ASKED sockets: $(cat "$T/trace")"
run 0 "$HELPER" config show
expect_stdout_has '^set tcp-fast-open on'
run 0 "$HELPER" config check
echo ok
