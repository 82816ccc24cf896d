#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The secret is in no argument, no child's environment, no output, no file but the sealed store; a
# token is in no file at all.
. "$(dirname "$0")/../support/e2e.sh"
HELPER=$O/bin/lw-credential-helper # strace and valgrind do not go together
export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
start_standin
plant_key
make_store_keyfile
printf '%s' "$SECRET" >"$T/download"

# traced NAME STATUS ARGS...: every execve with all its arguments and its whole environment.
traced() {
    local name=$1 expected=$2
    shift 2
    run "$expected" strace -f -v -s 100000 -e trace=execve,execveat -o "$T/trace.$name" "$HELPER" "$@"
    expect_stderr_lacks "$SECRET"
    [ "$name" = token ] || expect_stdout_lacks "$SECRET"
    grep -q '^[0-9]* *execve(' "$T/trace.$name" || fail "$name: strace saw no program"
    ! grep -F -f <(needles "$SECRET") "$T/trace.$name" || fail "$name: the secret is in an argument or environment"
}
REQUEST='protocol=https\nhost=acme.lacework.net\n'
traced add 0 add -v -a acme --key-id "$KEY_ID" --secret-file "$T/download" --api-url "$API_URL"
rm "$T/download"
traced add-stdin 0 add -v -p second -a acme --key-id "$KEY_ID" --secret-stdin --api-url "$API_URL" <<<"$SECRET"
# shellcheck disable=SC2059
traced get 0 -v get < <(printf "$REQUEST")
TOKEN=$(field password)
traced token 0 -v get --format token -p default
traced json 0 -v get --format json -p second
# shellcheck disable=SC2059
traced store 0 -v store < <(printf "${REQUEST}username=%s\npassword=%s\n" "$KEY_ID" "$SECRET")
printf '%s\n' 'lookup sufficient file' 'store required file' 'erase sufficient file' 'set git-store proved' >"$T/proved"
# shellcheck disable=SC2059
https_proxy=http://127.0.0.1:1 traced store-proved 10 -v --config "$T/proved" store < <(printf "${REQUEST}username=%s\npassword=%s\n" ACME_NEW "$SECRET")
# shellcheck disable=SC2059
traced erase 0 -v erase < <(printf "${REQUEST}username=%s\npassword=%s\n" x-lw-token "$TOKEN")
traced list 0 -v list
traced list-json 0 -v --json list
traced show 0 -v show -p default
traced backends 0 -v backends
traced capability 0 -v capability
traced help 0 --help
traced version 0 --version
traced unknown 2 unknown
traced remove 0 -v remove -p second --backend file
mode 'echo-secret 401'
traced refused 11 -v get --refresh --format token -p default
mode
# shellcheck disable=SC2059
traced erase-key 0 -v --config "$T/proved" erase < <(printf "${REQUEST}username=%s\npassword=%s\n" "$KEY_ID" "$SECRET")
run 0 "$HELPER" add -a acme --key-id "$KEY_ID" --secret-stdin --api-url "$API_URL" <<<"$SECRET"

# Nothing is written that holds it, sealed store and all; nor is a token.
no_secret_left ""
[ ! -d "$O/logs" ] || no_secret_left "$O/logs"
run 0 "$HELPER" get --format token
SECRET=$(cat "$OUT")
: >"$OUT"
no_secret_left ""

# Everything that is written to files, seen at the system call.
plant_key
strace -f -s 100000 -e trace=write,pwrite64,writev,sendto,sendmsg -o "$T/writes" \
    "$HELPER" add -p third -a acme --key-id "$KEY_ID" --secret-stdin --api-url "$API_URL" --replace <<<"$SECRET" 2>"$ERR"
! grep -qF -f <(needles "$SECRET") "$T/writes" || fail "the secret was written in clear"

# The keys of a TLS session are as good as what was sent in it.
SSLKEYLOGFILE=$T/keylog run 0 "$HELPER" get --format token -p third
[ ! -e "$T/keylog" ] || fail "TLS session keys were written to a file"

# No variable has OpenSSL load code, or settings: with these there would be no connection.
printf '%s\n' 'openssl_conf = init' '[init]' 'ssl_conf = modules' '[modules]' 'system_default = old' \
    '[old]' 'MaxProtocol = TLSv1' >"$T/openssl.cnf"
OPENSSL_CONF=$T/openssl.cnf run 0 "$HELPER" get --refresh --format token -p third

# The process is not dumpable and makes no core: it itself, not only a backend host that it starts.
run 0 strace -e trace=prctl,prlimit64,setrlimit,umask,clone,clone3,fork,vfork -o "$T/hygiene" "$HELPER" capability
! grep -qE '^(clone|fork|vfork)' "$T/hygiene" || fail "not alone"
grep -q 'PR_SET_DUMPABLE, 0\|PR_SET_DUMPABLE, SUID_DUMP_DISABLE' "$T/hygiene" || fail "dumpable"
grep -qE 'RLIMIT_CORE, *\{rlim_cur=0, rlim_max=0\}' "$T/hygiene" || fail "cores are possible"
grep -q 'umask(077)' "$T/hygiene" || fail "umask"
echo ok
