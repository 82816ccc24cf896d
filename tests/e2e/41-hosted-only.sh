#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A module that may block is loaded by its host only: neither its own code nor that of
# the libraries behind it runs in the process that holds secrets.
. "$(dirname "$0")/../support/e2e.sh"
PLAIN=$O/bin/lw-credential-helper # strace and valgrind do not go together
export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 # nor do strace and the leak checker
export LWCRED_BACKEND_DIR=$O/tests/modules
marks=$HOME/marks

# loaded_by_host yes|no STATUS COMMAND...: was the module marks loaded, and by whom?
loaded_by_host() {
    local expected=$1
    shift
    rm -f "$marks"
    run "$@"
    if [ "$expected" = no ]; then
        [ ! -e "$marks" ] || fail "loaded by: $(sort -u "$marks")"
        return
    fi
    [ "$(sort -u "$marks")" = lwcred-backend- ] || fail "loaded by: $(sort -u "$marks")"
}
printf '%s\n' 'lookup sufficient marks' 'lookup required marks again' 'set cache none' >"$T/stack"
mark() { # yes|no STATUS WORDS...
    local expected=$1 status=$2
    shift 2
    loaded_by_host "$expected" "$status" "$HELPER" --config "$T/stack" "$@"
}
mark no 0 backends
expect_stdout_has '^marks +read,list,host +a module for tests that leaves marks$'
mark no 0 --json backends
expect_stdout_has '"name":"marks","can":\["read","list","host"\],"summary":"a module for tests that leaves marks"'
loaded_by_host yes 0 "$HELPER" config check "$T/stack"
mark yes 0 list
mark yes 3 get --format token --profile p
mark yes 3 explain --profile p

# The host refuses what is another module there, and the stack stops at it.
printf 'lookup sufficient bad-late-caps\nlookup sufficient env\n' >"$T/stack"
export LW_ACCOUNT=acme LW_API_KEY=ACME_01 LW_API_SECRET=_0123
run 0 "$HELPER" --config "$T/stack" backends
expect_stdout_has '^bad-late-caps +read,host '
run 2 "$HELPER" --config "$T/stack" get --account acme --format token
expect_stderr_has "backend 'bad-late-caps' is another one when it is loaded than in its file"
expect_stdout_empty
unset LW_ACCOUNT LW_API_KEY LW_API_SECRET

# The keyring: the libraries that the program opens, and that its host does.  The program lets no
# other process of its user read its memory, nor strace its file names: to an ordinary user the
# loader says what the program loads, and a second process is the host.
libraries='/lib(secret-1|glib-2\.0|gio-2\.0|gobject-2\.0)\.so'
opens() { # whether a host does, STATUS WORDS...
    local expected=$1 status=$2 host=no caller loaded seen
    shift 2
    rm -f "$T"/trace.* "$T"/loaded.*
    run "$status" env LD_DEBUG=files LD_DEBUG_OUTPUT="$T/loaded" \
        strace -ff -e trace=openat,open,execve -o "$T/trace" "$PLAIN" "$@"
    caller=$(grep -lE '^execve\("[^"]*/lw-credential-helper"' "$T"/trace.*)
    loaded=$T/loaded.${caller##*.}
    for seen in "$caller" "$loaded"; do
        grep -q '/libc\.so' "$seen" || fail "no library is seen in '$seen'"
        ! grep -E "$libraries" "$seen" >&2 || fail 'a library of the keyring is opened by the program'
    done
    mv "$caller" "$T/caller"
    if [ "$(id -u)" = 0 ]; then
        ! grep -qsE "$libraries" "$T"/trace.* || host=yes
    else
        [ -z "$(find "$T" -name 'trace.*')" ] || host=yes
    fi
    [ "$host" = "$expected" ] || fail "libraries of the keyring opened by a host: $host"
}
opens no 0 backends
expect_stdout_has '^secret-service +read,store,erase,list,unlock,host +[a-zA-Z]'
# Without a session bus no host is started; an address is enough to try.
opens no 0 list
opens no 3 get --format token --profile nobody
export DBUS_SESSION_BUS_ADDRESS=unix:path=$T/none
opens yes 0 list
opens yes 3 get --format token --profile nobody
opens yes 3 explain --profile nobody
echo ok
