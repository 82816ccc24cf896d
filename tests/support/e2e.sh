# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
# Sourced first by the end-to-end scenarios, tests/e2e/NN-name.sh:
#
#     #!/usr/bin/env bash
#     . "$(dirname "$0")/../support/e2e.sh"
#     start_standin
#     plant_key
#     ...
#     echo ok
#
# Each scenario has a directory $T of its own with HOME and XDG_* in it.  When it ends, the
# stand-ins are stopped, $T is removed, and it fails if a process of its own is left.
#
#   HELPER     the program under test; under WRAPPER=valgrind, a script that runs it there
#   OUT, ERR   files with what the last run() printed
#   KEY_ID, SECRET            of plant_key
#   PORT, ORIGIN, API_URL, STANDIN, PROXY_URL   of start_standin
#   CA         directory with the certificates of make-ca.sh
set -eEuo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
ROOT=$PWD
: "${O:?is the build directory, absolute; set by make check}"
# shellcheck source=tests/support/env.sh
. tests/support/env.sh
export LC_ALL=C TZ=UTC

T=$(mktemp -d "${TMPDIR:-/tmp}/lwcred-e2e.XXXXXXXX")
export HOME=$T/home XDG_CONFIG_HOME=$T/home/.config XDG_DATA_HOME=$T/home/.local/share
export XDG_CACHE_HOME=$T/home/.cache XDG_RUNTIME_DIR=$T/run XDG_STATE_HOME=$T/home/.local/state
export TMPDIR=$T/tmp GIT_CONFIG_NOSYSTEM=1
mkdir -m 700 "$HOME" "$XDG_RUNTIME_DIR" "$TMPDIR"
OUT=$T/out ERR=$T/err CA=$T/ca
: >"$OUT"
: >"$ERR"
HELPER=$O/bin/lw-credential-helper
STANDIN=$T/standin PORT='' ORIGIN='' API_URL='' PROXY_URL=''
KEY_ID='' SECRET=''
STANDIN_PIDS=()

fail() { # text: says where, shows the last output, ends the scenario
    local i
    {
        printf 'FAIL: %s\n' "$*"
        for ((i = 1; i < ${#BASH_SOURCE[@]}; i++)); do
            printf '  at %s:%s\n' "${BASH_SOURCE[i]##*/}" "${BASH_LINENO[i - 1]}"
        done
        printf -- '--- stdout\n'
        head -c 4000 "$OUT"
        printf -- '\n--- stderr\n'
        head -c 4000 "$ERR"
    } >&2
    exit 1
}

# The mark of this scenario, on all its processes: a limit that Linux does not enforce and that is
# unlike any other scenario's.  Every user may read it, even of a process that is not dumpable.
MARK_KIB=$((SRANDOM % 0x40000000 + 0x40000000))
ulimit -S -m "$MARK_KIB"

# not_run WHAT: a part of the scenario that cannot run here; tests/run.sh shows it, and counts it as
# a skip.
not_run() {
    printf 'not run: %s\n' "$*"
}

# may_mount WHAT: may this user mount?  If root may not, as in many a container, WHAT is not run; for
# others it is no part of the scenario.
may_mount() {
    ! unshare -m true 2>/dev/null || return 0
    [ "$(id -u)" != 0 ] || not_run "$1: root may make no mount namespace here"
    return 1
}

# Processes that carry the mark, without this shell itself and without zombies.
own_processes() {
    local found file pid state limits=(/proc/[0-9]*/limits)
    found=$(grep -lsE "^Max resident set +$((MARK_KIB * 1024)) " "${limits[@]}" || true)
    for file in $found; do
        pid=${file//[!0-9]/}
        [ "$pid" = "$$" ] || [ "$pid" = "$BASHPID" ] && continue
        state=$(sed -n 's/^State:[[:space:]]*//p' "/proc/$pid/status" 2>/dev/null) || continue
        case $state in
        '' | Z*) ;;
        *) printf '%s\n' "$pid" ;;
        esac
    done
}

stop_standins() {
    local pid
    for pid in ${STANDIN_PIDS[@]+"${STANDIN_PIDS[@]}"}; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    STANDIN_PIDS=()
}

finish() {
    local status=$? left tries pid
    trap - EXIT
    # The kernel keyring is the one thing of a scenario that outlives it.
    printf 'protocol=https\nhost=acme.lacework.net\n' | "$O/bin/lw-credential-helper" erase >/dev/null 2>&1 || true
    stop_standins
    for ((tries = 0; tries < 20; tries++)); do
        left=$(own_processes)
        [ -z "$left" ] && break
        sleep 0.1
    done
    if [ -n "$left" ]; then
        printf 'FAIL: processes are left behind:\n' >&2
        for pid in $left; do
            printf '  %s %s\n' "$pid" "$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)" >&2
            kill -KILL "$pid" 2>/dev/null || true
        done
        status=1
    fi
    if [ -n "${KEEP:-}" ]; then
        printf 'kept: %s\n' "$T" >&2
    else
        chmod -R u+rwX "$T" 2>/dev/null || true
        rm -rf "$T"
    fi
    exit "$status"
}
trap finish EXIT
trap 'printf "FAIL: %s:%s: %s\n" "${BASH_SOURCE[0]##*/}" "$LINENO" "$BASH_COMMAND" >&2' ERR
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

if [ "${WRAPPER:-}" = valgrind ]; then
    mkdir "$T/bin"
    {
        printf '#!/usr/bin/env bash\nexec'
        printf ' %q' "${VALGRIND[@]/#--suppressions=/--suppressions=$ROOT/}" "$HELPER"
        printf ' "$@"\n'
    } >"$T/bin/lw-credential-helper"
    chmod +x "$T/bin/lw-credential-helper"
    HELPER=$T/bin/lw-credential-helper
fi

# --- the stand-in API

# start_standin [--dir DIR] [--cert NAME] [standin.py's options]: sets PORT, ORIGIN, API_URL, and
# PROXY_URL with --proxy; trusts the test CA.  Several may run, each with its DIR.
start_standin() {
    local cert=server tries
    while [ $# -ge 2 ]; do
        case $1 in
        --dir) STANDIN=$2 ;;
        --cert) cert=$2 ;;
        *) break ;;
        esac
        shift 2
    done
    [ -d "$CA" ] || "$ROOT/tests/support/make-ca.sh" "$CA"
    rm -rf "$STANDIN"
    mkdir -m 700 "$STANDIN"
    python3 "$ROOT/tests/support/standin.py" "$STANDIN" --tls-cert "$CA/$cert.pem" \
        --tls-key "$CA/$cert.key" --parent "$$" "$@" </dev/null >"$STANDIN.said" 2>&1 &
    STANDIN_PIDS+=($!)
    for ((tries = 0; tries < 300; tries++)); do
        [ -e "$STANDIN/port" ] && break
        sleep 0.05
    done
    [ -e "$STANDIN/port" ] || { cat "$STANDIN.said" >&2; fail "the stand-in API did not start"; }
    PORT=$(cat "$STANDIN/port")
    ORIGIN=localhost:$PORT
    API_URL=https://$ORIGIN
    if [ -e "$STANDIN/proxy-port" ]; then
        PROXY_URL=http://127.0.0.1:$(cat "$STANDIN/proxy-port")
    fi
    export LWCRED_CA_BUNDLE=$CA/ca.pem
}

# mode WORDS...: how the stand-in misbehaves from now on; without words it behaves again.
mode() {
    printf '%s\n' "$*" >"$STANDIN/mode.new"
    mv "$STANDIN/mode.new" "$STANDIN/mode"
}

sha256_of() { # text
    local sum
    sum=$(printf %s "$1" | sha256sum)
    printf %s "${sum%% *}"
}

# plant_key [ROLE [OPTION...]]: sets KEY_ID and SECRET to a new key that the stand-in knows by its
# hash; roles and options: tests/support/lacework_api/roles.py.
plant_key() {
    local hex
    hex=$(od -An -vtx1 -N 42 /dev/urandom | tr -d ' \n')
    KEY_ID=ACME_$(printf %s "${hex:0:50}" | tr a-f A-F)
    SECRET=_${hex:50:32}
    printf '%s %s %s\n' "$KEY_ID" "$(sha256_of "$SECRET")" "${*:-admin}" >>"$STANDIN/keys"
}

forget_key() { # key id: the stand-in refuses it from now on
    sed -i "/^$1 /d" "$STANDIN/keys"
}

# count_exchanges [PATTERN]: how often the token endpoint was called (by lines of the log that
# match the basic regular expression).
count_exchanges() {
    grep '^method=POST path=/api/v2/access/tokens ' "$STANDIN/log" | grep -c -e "${1:-.}" || true
}

expect_exchanges() { # number [PATTERN]
    local count
    count=$(count_exchanges "${2:-.}")
    [ "$count" = "$1" ] || { cat "$STANDIN/log" >&2; fail "expected $1 exchanges, saw $count"; }
}

# count_calls METHOD PATH [PATTERN]: how often that path was asked for, which may be a pattern, too.
count_calls() {
    grep "^method=$1 path=$2 " "$STANDIN/log" | grep -c -e "${3:-.}" || true
}

expect_calls() { # number METHOD PATH [PATTERN]
    local count
    count=$(count_calls "${@:2}")
    [ "$count" = "$1" ] || { cat "$STANDIN/log" >&2; fail "expected $1 calls of $2 $3, saw $count"; }
}

# last_call FIELD: a field of the last request, percent-encoded as in the log.
last_call() {
    tail -n 1 "$STANDIN/log" | tr ' ' '\n' | sed -n "s/^$1=//p"
}

# issued_token_matches TEXT: is it a token that the stand-in issued last?
issued_token_matches() {
    local issued
    issued=$(sed -n 's/.* token=\([0-9a-f]\{64\}\) .*/\1/p' "$STANDIN/log" | tail -n 1)
    [ -n "$issued" ] || fail "the stand-in has issued no token"
    [ "$(sha256_of "$1")" = "$issued" ] || fail "this is not the token that was issued last"
}

# --- running programs

# run STATUS CMD...: fails unless CMD exits with STATUS; its output goes to $OUT and $ERR.  CMD
# reads what run reads.
run() {
    local expected=$1 status=0
    shift
    "$@" >"$OUT" 2>"$ERR" || status=$?
    [ "$status" = "$expected" ] || fail "expected exit status $expected, got $status: $*"
}

expect_stdout() { # text, without the newline at its end
    if ! printf '%s\n' "$1" | cmp -s - "$OUT"; then
        printf '%s\n' "$1" | diff -u --label expected --label stdout - "$OUT" >&2 || true
        fail "stdout differs"
    fi
}

expect_stdout_empty() {
    [ ! -s "$OUT" ] || fail "stdout is not empty"
}

expect_stderr_empty() {
    [ ! -s "$ERR" ] || fail "stderr is not empty"
}

expect_stdout_has() { # extended regular expression
    grep -qE -e "$1" "$OUT" || fail "stdout lacks: $1"
}

expect_stdout_lacks() {
    ! grep -qE -e "$1" "$OUT" || fail "stdout has: $1"
}

expect_stderr_has() {
    grep -qE -e "$1" "$ERR" || fail "stderr lacks: $1"
}

expect_stderr_lacks() {
    ! grep -qE -e "$1" "$ERR" || fail "stderr has: $1"
}

# field NAME: the value of NAME=value in $OUT, as git's protocol and "sh" write it.
field() {
    sed -n "s/^$1=//p" "$OUT"
}

# json EXPRESSION: of Python, where "a" is the JSON in $OUT, which is one value and nothing else.
json() {
    python3 -ISc 'import json, sys
a = json.load(open(sys.argv[1]))
print(eval(sys.argv[2]))' "$OUT" "$1"
}

# --- stores and secrets

# cache_in WORD: the usual stack with "set cache WORD"; "none" where a scenario counts exchanges.
cache_in() {
    export LWCRED_CONFIG=$T/stack.$1
    printf '%s\n' 'lookup sufficient env' 'lookup sufficient file' 'store required file' \
        'erase sufficient file' "set cache $1" >"$LWCRED_CONFIG"
}

# make_store_keyfile: a new key file for the encrypted store, exported as LWCRED_KEY_FILE.
make_store_keyfile() {
    export LWCRED_KEY_FILE=$T/home/store.key
    (umask 077 && head -c 64 /dev/urandom >"$LWCRED_KEY_FILE")
}

# needles TEXT: the forms in which a secret could have been written, one per line: itself, hex of
# both cases, and the part of its base64 that is the same wherever it stands in a longer text.
needles() {
    local hex shift encoded
    printf '%s\n' "$1"
    hex=$(printf %s "$1" | od -An -vtx1 | tr -d ' \n')
    printf '%s\n%s\n' "$hex" "$(printf %s "$hex" | tr a-f A-F)"
    for shift in '' x xx; do
        encoded=$(printf %s "$shift$1" | base64 -w 0)
        encoded=${encoded%%=*}
        [ -z "$shift" ] || encoded=${encoded:4}
        encoded=${encoded:0:$((${#encoded} - 2))}
        printf '%s\n%s\n' "$encoded" "$(printf %s "$encoded" | tr +/ -_)"
    done
}

# no_secret_left DIR [SAVE...]: no file below DIR (all of $T if empty) holds SECRET in any of
# those forms, but for the files SAVE; no file name either.
no_secret_left() {
    local dir=${1:-$T} found file
    [ $# -eq 0 ] || shift
    [ -n "$SECRET" ] || fail "no secret was planted"
    found=$(
        { grep -rlaF -f <(needles "$SECRET") -- "$dir" || [ $? = 1 ]; } &&
            { find "$dir" | grep -F -f <(needles "$SECRET") || [ $? = 1 ]; }
    ) || fail "searching $dir failed"
    for file in "$@"; do
        found=$(printf '%s\n' "$found" | grep -vxF -e "$file" || true)
    done
    [ -z "$found" ] || fail "the secret is in: $found"
}
