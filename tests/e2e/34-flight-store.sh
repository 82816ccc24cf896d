#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Many at once on a store with a passphrase: one of them opens it, and asks, for all.
. "$(dirname "$0")/../support/cache.sh"
MANY=40 ASKED=20
if [ "${WRAPPER:-}" = valgrind ]; then
    MANY=4 ASKED=4
fi
start_standin
plant_key
XDG_RUNTIME_DIR=$RUN
PASSPHRASE='correct horse battery'
stack() { # WORD...: the store's options; the answers lie in the runtime directory
    export LWCRED_CONFIG=$T/stack
    printf '%s\n' 'lookup required file' "store required file $*" 'set cache runtime' >"$LWCRED_CONFIG"
}
forget_all() {
    run 0 "$HELPER" erase < <(printf 'protocol=https\nhost=cache34.lacework.net\n')
}
printf '%s\n' "$PASSPHRASE" >"$T/good.txt"
printf 'wrong horse battery\n' >"$T/wrong.txt"
chmod 600 "$T/good.txt" "$T/wrong.txt"
stack
export LWCRED_PASSPHRASE_FILE=$T/good.txt
run 0 "$HELPER" add -a cache34 --key-id "$KEY_ID" --secret-stdin --no-verify --api-url "$API_URL" <<<"$SECRET"

# crowd NUMBER NAME STATUS ARGS...: so many gets at once; how each ended is in $T/NAME.runs
crowd() {
    local number=$1 name=$2 status=$3
    shift 3
    rm -rf "${T:?}/$name"
    python3 tests/support/crowd.py "$number" "$T/$name" "$PLAIN" get --format token "$@" >"$T/$name.runs"
    [ "$(awk -v status="$status" '$2 == status' "$T/$name.runs" | wc -l)" = "$number" ] ||
        { cat "$T/$name.runs" "$T/$name"/*.err >"$ERR"; fail "$name: not all of them ended with status $status"; }
}
derivations() { # NAME: a key takes 256 MiB by default
    awk '$4 > 200000' "$T/$1.runs" | wc -l
}

# --- all of them succeed: one derivation, one exchange, one token
BEFORE=$(count_exchanges)
crowd "$MANY" right 0 --timeout 120
[ "$(derivations right)" = 1 ] || { cat "$T/right.runs" >"$ERR"; fail "$(derivations right) derivations"; }
expect_one_more "$BEFORE"
[ "$(cat "$T"/right/*.out | sort -u | wc -l)" = 1 ] || fail "not one token"

# --- all of them fail: the failure is shared
forget_all
expect_shared() { # NAME: who starts after the failure derives a key, and nobody who waited does
    local waited
    waited=$(grep -l 'the call that this one waited for failed' "$T/$1"/*.err | wc -l)
    [ $((waited + $(derivations "$1"))) = "$MANY" ] || { cat "$T/$1.runs" >"$ERR"; fail "$1: $waited waited, $(derivations "$1") derived"; }
    [ "$waited" -ge 1 ] || fail "$1: none of them waited"
}
LWCRED_PASSPHRASE_FILE=$T/wrong.txt crowd "$MANY" traced 5 --timeout 120 -v
expect_shared traced

# --- the renewal fails while the old token lives: all have that one, and the store is opened once.
# Needs a time namespace.
later() { # SECONDS CMD...: CMD when so much more time has gone by
    local seconds=$1
    shift
    unshare --time --fork --boottime "$seconds" "$@"
}
if later 0 true 2>/dev/null; then
    run 0 "$PLAIN" get --format token
    TOKEN=$(cat "$OUT")
    mode 'status 503'
    BEFORE=$(count_exchanges)
    rm -rf "$T/stale"
    later 3400 python3 tests/support/crowd.py "$MANY" "$T/stale" "$PLAIN" get --format token --timeout 120 -v >"$T/stale.runs"
    [ "$(cat "$T"/stale/*.out | sort | uniq -c | tr -d ' \n')" = "$MANY$TOKEN" ] || fail "not all have the old token"
    [ "$(grep -l 'the old one lives' "$T"/stale/*.err | wc -l)" = "$MANY" ] || fail "not all are warned"
    expect_shared stale
    [ $(($(count_exchanges) - BEFORE)) -le "$(derivations stale)" ] || fail "more exchanges than openings"
    mode
    forget_all
fi

# --- without a cache there is nothing to share, but keys are derived one after the other
[ "$(cat "$T"/traced/*.out)" = '' ] || fail "output"
BEFORE=$(count_exchanges)
crowd 4 uncached 0 --timeout 120 --no-cache -v
[ $(($(count_exchanges) - BEFORE)) = 4 ] || fail "not four exchanges"
grep -q 'another process is at it' "$T"/uncached/*.err || fail "all derive at once"

# --- many who want different tokens of one store: each derives a key, one after the other
BEFORE=$(count_exchanges)
crowd 8 apart 0 --timeout 240 --sub-account 'sub{}' -v
[ $(($(count_exchanges) - BEFORE)) = 8 ] || fail "not eight exchanges"
[ "$(derivations apart)" = 8 ] || fail "$(derivations apart) derivations"
grep -q 'waiting for another caller that derives a key' "$T"/apart/*.err || fail "none of them waited for its turn"
[ "$(cat "$T/apart/peak")" -lt 500000 ] || fail "two keys of 256 MiB were derived at once: $(cat "$T/apart/peak") KiB"

# --- a person is asked once, however many ask; one wrong answer, three times, is one for all
unset LWCRED_PASSPHRASE_FILE
cat >"$T/ask" <<'END'
#!/usr/bin/env bash
# ask DIR NUMBER COMMAND...: so many at this terminal; says READY once all but one of them wait
dir=$1 number=$2
shift 2
mkdir -p "$dir"
for ((i = 0; i < number; i++)); do
    { "$@" >"$dir/$i.out" 2>"$dir/$i.err"; echo $? >"$dir/$i.rc"; } &
done
while [ "$(grep -l 'another process is at it' "$dir"/*.err | wc -l)" -lt $((number - 1)) ]; do sleep 0.05; done
echo READY
wait
END
chmod 700 "$T/ask"
asked() { # NAME STATUS ANSWER...: what the terminal showed is in $OUT
    local name=$1 status=$2
    shift 2
    python3 tests/support/terminal.py "$@" -- "$T/ask" "$T/$name" "$ASKED" "$PLAIN" get --format token -v --timeout 120 >"$OUT"
    [ "$(cat "$T/$name"/*.rc | sort -u)" = "$status" ] || { cat "$T/$name"/*.err >"$ERR"; fail "$name: $(sort "$T/$name"/*.rc | uniq -c)"; }
    [ "$(cat "$T/$name"/*.rc | wc -l)" = "$ASKED" ] || fail "$name: not all of them ended"
}
prompts() { grep -o 'Passphrase for' "$OUT" | wc -l; }
forget_all
BEFORE=$(count_exchanges)
asked prompted 0 "READY=$PASSPHRASE"
[ "$(prompts)" = 1 ] || fail "$(prompts) prompts"
expect_one_more "$BEFORE"
[ "$(cat "$T"/prompted/*.out | sort -u | wc -l)" = 1 ] || fail "not one token"
forget_all
asked mistyped 5 'READY=nonsense' 'assphrase=nonsense' 'assphrase=nonsense'
[ "$(prompts)" -le 3 ] || fail "$(prompts) prompts"
echo ok
