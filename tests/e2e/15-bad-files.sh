#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# FIFOs, directories, links, modes, closed descriptors, full devices: a clear error, nothing lost.
. "$(dirname "$0")/../support/e2e.sh"
start_standin
cache_in none
plant_key
make_store_keyfile
ADD=("$HELPER" add -a acme --key-id "$KEY_ID" --api-url "$API_URL")
run 0 "${ADD[@]}" --secret-stdin <<<"$SECRET"
STORE=$XDG_DATA_HOME/lwcred/keys.lwc
DIR=${STORE%/*}
before=$(sha256sum <"$STORE")
unchanged() {
    [ "$(sha256sum <"$STORE")" = "$before" ] || fail "the store changed"
    [ -z "$(find "$DIR" -name '.*' -type f)" ] || fail "temporary files are left"
}

# --- the file with the secret
mkfifo "$T/fifo"
mkdir "$T/dir"
head -c 70000 /dev/zero >"$T/big"
printf '%s' "$SECRET" >"$T/open"
chmod 666 "$T/open"
ln -s "$T/nowhere" "$T/dangling"
ln -s "$T/loop" "$T/loop"
try_secret_file() { # status, file
    run "$1" timeout 10 "${ADD[@]}" -p new --secret-file "$2"
    expect_stdout_empty
    expect_stderr_lacks "$SECRET"
    unchanged
}
try_secret_file 2 "$T/fifo"
try_secret_file 2 "$T/dir"
try_secret_file 2 "$T/big"
try_secret_file 2 "$T/nowhere"
try_secret_file 2 "$T/dangling"
try_secret_file 2 "$T/loop"
try_secret_file 2 /dev/zero
try_secret_file 2 /dev/null
try_secret_file 14 "$T/open"
rm "$T/open"

# --- the key file, the passphrase file
try_key_file() { # status, file
    LWCRED_KEY_FILE=$2 run "$1" timeout 10 "$HELPER" get --format token
    expect_stdout_empty
    unchanged
}
try_key_file 2 "$T/fifo"
try_key_file 2 "$T/dir"
try_key_file 2 "$T/none"
try_key_file 2 /dev/zero
head -c 64 /dev/urandom >"$T/other.key"
chmod 600 "$T/other.key"
try_key_file 5 "$T/other.key"
chmod 622 "$T/other.key"
try_key_file 14 "$T/other.key"
head -c 16 /dev/urandom >"$T/short.key"
try_key_file 2 "$T/short.key"
KEY_FILE=$LWCRED_KEY_FILE
unset LWCRED_KEY_FILE
run 4 "$HELPER" get --format token </dev/null
expect_stderr_has LWCRED_KEY_FILE
run 0 "$HELPER" list
expect_stdout_has "$KEY_ID"

# A store with a passphrase, from a file or a descriptor.
printf 'lookup required file path=%s/pass.lwc\nstore required file path=%s/pass.lwc kdf=interactive\nset cache none\n' "$T" "$T" >"$T/stack"
PASS=(--config "$T/stack")
printf 'correct horse\n' >"$T/passphrase"
LWCRED_PASSPHRASE_FILE=$T/passphrase run 0 "${ADD[@]}" "${PASS[@]}" --secret-stdin <<<"$SECRET"
LWCRED_PASSPHRASE_FILE=$T/passphrase run 0 "$HELPER" "${PASS[@]}" get --format token
LWCRED_PASSPHRASE_FD=3 run 0 "$HELPER" "${PASS[@]}" get --format token 3<"$T/passphrase"
LWCRED_PASSPHRASE_FD=3 run 5 "$HELPER" "${PASS[@]}" get --format token 3<<<'wrong'
expect_stdout_empty
LWCRED_PASSPHRASE_FD=99 run 2 "$HELPER" "${PASS[@]}" get --format token
LWCRED_PASSPHRASE_FD=x run 2 "$HELPER" "${PASS[@]}" get --format token
LWCRED_PASSPHRASE_FD=0 run 2 "$HELPER" "${PASS[@]}" get --format token
LWCRED_PASSPHRASE_FILE=$T/none run 2 "$HELPER" "${PASS[@]}" get --format token
LWCRED_PASSPHRASE_FILE=$T/fifo run 2 timeout 10 "$HELPER" "${PASS[@]}" get --format token
LWCRED_PASSPHRASE_FILE=$T/passphrase LWCRED_PASSPHRASE_FD=3 run 2 "$HELPER" "${PASS[@]}" get --format token 3</dev/null
run 4 "$HELPER" "${PASS[@]}" get --format token
expect_stdout_empty
export LWCRED_KEY_FILE=$KEY_FILE

# --- the store itself
try_store() { # status, path
    LWCRED_STORE=$2 run "$1" timeout 10 "$HELPER" get --format token
    expect_stdout_empty
    LWCRED_STORE=$2 run "$1" timeout 10 "${ADD[@]}" -p new --secret-stdin <<<"$SECRET"
    LWCRED_STORE=$2 run "$1" timeout 10 "$HELPER" list
    unchanged
}
try_store 2 "$T/fifo"
try_store 2 "$T/dir"
try_store 2 /dev/null
printf 'hello' >"$T/text"
chmod 600 "$T/text"
try_store 6 "$T/text"
: >"$T/empty"
chmod 600 "$T/empty"
try_store 6 "$T/empty"
head -c 17000000 /dev/zero >"$T/huge"
chmod 600 "$T/huge"
LWCRED_STORE=$T/huge run 6 "$HELPER" list
chmod 644 "$STORE"
run 14 "$HELPER" get --format token
expect_stdout_empty
expect_stderr_has '^hint: '
chmod 600 "$STORE"
chmod 770 "$DIR"
run 14 "$HELPER" get --format token
chmod 700 "$DIR"
unchanged

# A link of ours to a store of ours is followed; the link stays, the target is replaced.
mkdir -m 700 "$T/real"
cp -p "$STORE" "$T/real/keys.lwc"
ln -s "$T/real/keys.lwc" "$T/link.lwc"
LWCRED_STORE=$T/link.lwc run 0 "${ADD[@]}" -p second --secret-stdin <<<"$SECRET"
[ -L "$T/link.lwc" ] || fail "the link was replaced"
LWCRED_STORE=$T/real/keys.lwc run 0 "$HELPER" list
expect_stdout_has '^second'

# Read-only: reading works, writing fails and loses nothing.
READ_ONLY=()
if may_mount 'a read-only store'; then
    # shellcheck disable=SC2016
    READ_ONLY=(unshare -m bash -euc 'mount --bind "$1" "$1"; mount -o remount,ro,bind "$1"; shift; "$@"' _ "$DIR")
elif [ "$(id -u)" != 0 ]; then # root writes in spite of modes, others do not
    chmod 500 "$DIR"
fi
if [ ${#READ_ONLY[@]} -gt 0 ] || [ "$(id -u)" != 0 ]; then
    run 0 "${READ_ONLY[@]}" "$HELPER" get --format token
    issued_token_matches "$(cat "$OUT")"
    run 9 "${READ_ONLY[@]}" "${ADD[@]}" -p new --secret-stdin <<<"$SECRET"
fi
chmod 700 "$DIR"
unchanged

# --- descriptors (valgrind would need some of those that are closed here)
PLAIN=$O/bin/lw-credential-helper
run 9 sh -c '"$@" >/dev/full' _ "$PLAIN" get --format token
run 9 sh -c '"$@" >/dev/full' _ "$PLAIN" --help
run 9 sh -c '"$@" >/dev/full' _ "$PLAIN" list
run 9 sh -c '"$@" >&-' _ "$PLAIN" get --format token
run 9 sh -c '"$@" >&-' _ "$PLAIN" list
sh -c '"$@" <&- >&- 2>&-' _ "$PLAIN" get --format token && fail "nowhere to write to, and no failure"
run 2 sh -c '"$@" <&-' _ "$PLAIN" get
run 0 sh -c '"$@" <&- 2>&-' _ "$PLAIN" get --format token
run 2 sh -c '"$@" <&-' _ "$PLAIN" "${ADD[@]:1}" -p new --secret-stdin
run 2 "${ADD[@]}" -p new --secret-stdin <"$T/dir"
unchanged
# A reader that went away: no output is lost silently, no signal kills us without a status.
run 9 python3 -c '
import os, subprocess, sys
reader, writer = os.pipe()
os.close(reader)
sys.exit(subprocess.run(sys.argv[1:], stdout=writer).returncode % 256)' "$PLAIN" get --format token
expect_stderr_has 'standard output'

# --- the environment
HOME='' XDG_DATA_HOME='' run 2 "$HELPER" get -p default --format token
expect_stdout_empty
XDG_CONFIG_HOME=relative XDG_DATA_HOME=relative run 0 "$HELPER" get -p default --format token
unchanged

# The store is private with any umask of the caller.
rm -rf "$T/umask"
(umask 000 && mkdir -m 700 "$T/umask" && LWCRED_STORE=$T/umask/sub/keys.lwc run 0 "${ADD[@]}" --secret-stdin <<<"$SECRET")
[ "$(stat -c %a "$T/umask/sub/keys.lwc")" = 600 ] || fail "mode $(stat -c %a "$T/umask/sub/keys.lwc")"
[ "$(stat -c %a "$T/umask/sub")" = 700 ] || fail "mode $(stat -c %a "$T/umask/sub")"

# --- stack files and modules
unset LWCRED_CONFIG
mkdir -p "$XDG_CONFIG_HOME/lwcred/stack.d"
STACK=$XDG_CONFIG_HOME/lwcred/stack.d/default
printf 'lookup required env\n' >"$STACK"
run 3 "$HELPER" get --format token
chmod 666 "$STACK"
run 14 "$HELPER" get --format token
rm "$STACK"
mkfifo "$STACK"
run 2 timeout 10 "$HELPER" get --format token
rm "$STACK"
printf 'lookup sufficent env\n' >"$STACK"
run 2 "$HELPER" get --format token
expect_stderr_has "default:1:8: unknown control 'sufficent'"
expect_stderr_has "^hint: .*'sufficient'"
printf 'lookup required bad-major\n' >"$STACK"
LWCRED_BACKEND_DIR=$O/tests/modules run 2 "$HELPER" get --format token
printf 'lookup required answer\n' >"$STACK"
mkdir -m 777 "$T/modules"
chmod 777 "$T/modules"
cp "$O/tests/modules/answer.so" "$T/modules/"
LWCRED_BACKEND_DIR=$T/modules run 14 "$HELPER" get --format token
chmod 755 "$T/modules"
LWCRED_BACKEND_DIR=$T/modules run 3 "$HELPER" get --format token
chmod 775 "$T/modules/answer.so"
LWCRED_BACKEND_DIR=$T/modules run 14 "$HELPER" get --format token
run 8 "$HELPER" get --format token
rm "$STACK"
run 0 "$HELPER" get --format token
unchanged
no_secret_left ""
echo ok
