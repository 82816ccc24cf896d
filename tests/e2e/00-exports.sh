#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each shared object exports and imports no more and no less than its contract says.
. "$(dirname "$0")/../support/e2e.sh"

defined() { nm -D --defined-only "$1" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort; }

# same WHAT EXPECTED ACTUAL
same() {
    [ -n "$2" ] || fail "$1: nothing to compare with"
    diff -u --label expected --label actual <(printf '%s\n' "$2") <(printf '%s\n' "$3") || fail "$1"
}

lib=$O/lib/liblwcred.so
map=$(sed -n '/global:/,/local:/s/^ *\(lwc_[a-z0-9_]*\);$/\1/p' core/liblwcred.map | sort)
header=$(tr '\n' ' ' <core/include/lwcred.h | grep -oE 'LWC_API [^(;]*\(' | grep -oE 'lwc_[a-z0-9_]+\($' | tr -d '(' | sort)
same "liblwcred.map and lwcred.h" "$map" "$header"
same "exports of liblwcred.so" "$map" "$(defined "$lib")"
same "exports of net.so" lwc_api "$(defined "$O/lib/lwcred/net.so")"

builtin=$(sed -n 's/^BUILTIN := //p' Makefile)
count=0
for source in backends/*/; do
    [[ " $builtin " != *" $(basename "$source") "* ]] || continue
    module=$O/lib/lwcred/backends/$(basename "$source").so
    same "exports of $module" lwc_backend "$(defined "$module")"
    count=$((count + 1))
done
[ "$count" -ge 1 ] || fail "only $count backends were looked at"

for object in "$O"/lib/lwcred/backends/*.so "$O/lib/lwcred/net.so"; do
    imports=$(nm -D --undefined-only "$object" | grep -w 'lwc_[a-z0-9_]*' || true)
    [ -z "$imports" ] || fail "$object imports from the library: $imports"
done

# core/net knows nothing of the Lacework API: its archive neither has nor wants a symbol of core/api.
symbols() { nm -A "$1" 2>/dev/null | awk -v kinds="$2" 'index(kinds, $(NF - 1)) { print $NF }' | sort -u; }
symbols "$O/obj/libapi.a" TDBR | grep '^lwc_' >"$T/api"
[ "$(wc -l <"$T/api")" -ge 3 ] || fail "core/api has only these symbols: $(cat "$T/api")"
symbols "$O/obj/libnet.a" TDBRU | grep -xFf "$T/api" >"$T/met" || true
[ ! -s "$T/met" ] || fail "core/net knows of core/api: $(cat "$T/met")"
symbols "$O/obj/libnet.a" TDBR | grep -x 'lwc_http_curl' >"$OUT" || fail 'core/net has no lwc_http_curl()'

# It makes a request with core/base alone.
start_standin
run 0 "$O/tests/net-alone" "$API_URL/api/v2/no-such-path" "$LWCRED_CA_BUNDLE"
expect_stdout_has '^[45][0-9][0-9] .'

# Linking libcurl costs more than all else at every start: only net.so may.
for object in "$O/bin/lw-credential-helper" "$O/libexec/lwcred/lwcred-backend-host" "$lib" "$O"/lib/lwcred/backends/*.so; do
    needed=$(readelf -d "$object" | grep -E 'NEEDED.*(curl|cjson)' || true)
    [ -z "$needed" ] || fail "$object is linked with $needed"
done
# The library starts its host only where it is an object that could be loaded: position-independent.
readelf -h "$O/libexec/lwcred/lwcred-backend-host" | grep -E 'Type: +DYN' >"$OUT" || fail "the backend host is no PIE"
for object in "$O/bin/lw-credential-helper" "$O/libexec/lwcred/lwcred-backend-host" "$lib" "$O"/lib/lwcred/backends/*.so \
    "$O/lib/lwcred/net.so"; do
    readelf -d "$object" | grep BIND_NOW >"$OUT" || fail "$object is bound lazily"
    readelf -lW "$object" | grep GNU_RELRO >"$OUT" || fail "$object has no read-only relocations"
    readelf -lW "$object" | grep -E 'GNU_STACK.* RW +0x' >"$OUT" || fail "$object wants an executable stack"
done
echo ok
