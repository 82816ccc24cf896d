#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SIGKILL before any system call that changes a file, of import --delete-source, migrate and rename:
# the key is in at least one place, and the next run finishes the work.  And each such call failing.
. "$(dirname "$0")/../support/e2e.sh"
[ -e "$O/lib/lwcred/backends/lacework-cli.so" ] || { echo 'the backend lacework-cli is not built'; exit 77; }
HELPER=$O/bin/lw-credential-helper # strace and valgrind do not go together
export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
start_standin --proxy --rate 100000
export https_proxy=$PROXY_URL
make_store_keyfile
cache_in none
plant_key
TOML=$HOME/.lacework.toml
STORE=$XDG_DATA_HOME/lwcred
CALLS=openat,write,rename,renameat,renameat2,unlink,unlinkat,fsync,fdatasync,fchmod,fchown,linkat,mkdirat,fallocate

key_in_file() { grep -qsF -e "$SECRET" "$1"; }
key_in_store() { # profile: a token comes of it
    "$HELPER" get -p "$1" --format token >"$T/token" 2>"$T/token.err" && [ -s "$T/token" ]
}

# The subjects: how to begin, what to run, where the key may be, and how it must end.
begin_toml() {
    printf '# mine\n[prod]\naccount = "acme"\napi_key = "%s"\napi_secret = "%s"\n' "$KEY_ID" "$SECRET" >"$TOML"
    chmod 600 "$TOML"
}
run_toml() { "$HELPER" import --delete-source; }
safe_toml() { key_in_file "$TOML" || key_in_store prod; }
done_toml() { ! key_in_file "$TOML" && grep -q '^# mine' "$TOML" && key_in_store prod; }

begin_json() {
    printf '{"keyId":"%s","secret":"%s","account":"acme"}\n' "$KEY_ID" "$SECRET" >"$T/key.json"
    chmod 600 "$T/key.json"
}
run_json() { "$HELPER" import "$T/key.json" --from json -p prod --delete-source; }
safe_json() { key_in_file "$T/key.json" || key_in_store prod; }
done_json() { [ ! -e "$T/key.json" ] && key_in_store prod; }

begin_migrate() { begin_toml; }
run_migrate() { LWCRED_CONFIG=$T/stack.both "$HELPER" migrate --from lacework-cli --to file --delete-source; }
safe_migrate() { safe_toml; }
done_migrate() { done_toml; }

begin_rename() {
    begin_json
    "$HELPER" import "$T/key.json" -p prod --no-verify 2>/dev/null
    rm "$T/key.json"
}
run_rename() { "$HELPER" rename prod new; }
safe_rename() { key_in_store prod || key_in_store new; }
done_rename() { ! key_in_store prod && key_in_store new; }

printf '%s\n' 'lookup sufficient file' 'lookup sufficient lacework-cli' 'store required file' \
    'erase sufficient file' 'erase sufficient lacework-cli' 'set cache none' >"$T/stack.both"

begin() { # subject
    rm -rf "$STORE" "$XDG_STATE_HOME" "$TOML" "$T/key.json"
    "begin_$1"
}
after() { # subject, what happened
    "safe_$1" || { cat "$T/token.err" >&2; fail "$1, $2: the key is lost"; }
    # Killed behind its end: nothing is left to do, and nothing says that there was.
    if [ -n "$(find "$XDG_STATE_HOME/lwcred" -name '*.journal' 2>/dev/null)" ] || ! "done_$1"; then
        run 0 "run_$1"
    fi
    "done_$1" || fail "$1, $2: the next run did not finish the work"
    left=$(find "$XDG_STATE_HOME/lwcred" "$HOME" -maxdepth 1 \( -name '*.journal' -o -name '.*.tmp' \))
    [ -z "$left" ] || fail "$1, $2: left behind: $left"
}
# traced STRACE_OPTIONS SUBJECT: the subject's command, in strace.
traced() {
    local options=$1 subject=$2
    # shellcheck disable=SC2086
    # shellcheck disable=SC2317
    (
        real=$HELPER
        HELPER=traced_helper
        traced_helper() { timeout 100 strace -f $options "$real" "$@"; }
        "run_$subject"
    )
}

for subject in toml json migrate rename; do
    begin "$subject"
    run 0 traced "-o $T/trace -e trace=$CALLS" "$subject"
    # Reading changes nothing: of openat() those that make a file.
    awk '
        { call = $2; sub(/\(.*/, "", call) }
        call !~ /^[a-z0-9_]+$/ { next }
        { nth[call]++ }
        call != "openat" || /O_CREAT/ { print call, nth[call] }
    ' "$T/trace" >"$T/calls"
    mapfile -t calls <"$T/calls"
    [ "${#calls[@]}" -gt 15 ] || fail "$subject: only ${#calls[@]} calls in the trace"
    for at in "${calls[@]}"; do
        begin "$subject"
        status=0
        traced "-o /dev/null -e trace=${at% *} -e inject=${at% *}:signal=KILL:when=${at#* }" "$subject" >"$OUT" 2>"$ERR" || status=$?
        [ "$status" = 137 ] || [ "$status" = 0 ] || fail "$subject killed at $at: status $status"
        after "$subject" "killed at $at"
    done
    printf '%s: killed at %s calls\n' "$subject" "${#calls[@]}"
    # A disk that is full, read-only or broken.
    for spec in write:ENOSPC fsync:EIO renameat:EROFS unlinkat:EIO; do
        call=${spec%:*}
        for ((n = 1; n <= $(grep -c "^$call " "$T/calls" || true); n++)); do
            begin "$subject"
            traced "-o /dev/null -e trace=$call -e inject=$call:error=${spec#*:}:when=$n" "$subject" >"$OUT" 2>"$ERR" || true
            after "$subject" "$spec at $n"
        done
    done
done
echo ok
