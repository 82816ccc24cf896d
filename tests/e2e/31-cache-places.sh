#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Everything that can be wrong with the places of the token cache: a token is printed all the same,
# the wrong place is not used, and the cache works again when it can.
. "$(dirname "$0")/../support/cache.sh"
export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 # strace and the leak checker do not go together
start_standin
plant_key
make_store_keyfile
XDG_RUNTIME_DIR=$RUN
ENTRIES=$RUN/lwcred
run 0 "$HELPER" add -a cache31 --key-id "$KEY_ID" --secret-stdin --no-verify --api-url "$API_URL" <<<"$SECRET"
no_entries() {
    [ -z "$(find "$RUN" -type f)" ] || fail "$1: entries in the runtime directory: $(find "$RUN")"
    [ -z "$(my_keys)" ] || fail "$1: keys in the keyring"
}
# through CMD...: the helper is started by CMD
through() {
    printf '#!/usr/bin/env bash\nexec %s "$@"\n' "$(printf '%q ' "$@" "${HELPER_BELOW:-$HELPER}")" >"$T/through"
    chmod +x "$T/through"
}
by() { # exchanged or cached, by way of through
    local direct=$HELPER
    HELPER=$T/through
    "$@"
    HELPER=$direct
}

# --- the keyring forbidden: by an error, by a filter that kills, by a quota
for error in EPERM ENOSYS EDQUOT EACCES; do
    for calls in keyctl add_key keyctl,add_key; do
        HELPER_BELOW=$PLAIN through strace -f -o /dev/null -e "trace=$calls" -e "inject=$calls:error=$error"
        cache_in keyring
        forget_keys
        by exchanged
        expect_stderr_empty
        cache_in auto # the next place takes it
        by exchanged
        expect_stderr_empty
        [ -n "$(find "$ENTRIES" -type f)" ] || fail "$error of $calls: not in the runtime directory"
        by cached
        rm -r "$ENTRIES"
        forget_keys
    done
done
for way in kill eperm enosys edquot; do
    HELPER_BELOW=$PLAIN through "$O/tests/seccomp-run" $way
    cache_in keyring
    by exchanged
    by exchanged
    expect_stderr_empty
    no_entries "$way"
    run 0 "$T/through" cache list
    run 0 "$T/through" erase < <(printf 'protocol=https\nhost=cache31.lacework.net\n')
    cache_in auto
    by exchanged
    expect_stderr_empty
    by cached
    rm -r "$ENTRIES"
done

# --- a refreshed token that no place takes leaves no older one behind
cache_in keyring
exchanged
cached
HELPER_BELOW=$PLAIN through strace -f -o /dev/null -e trace=add_key -e inject=add_key:error=EDQUOT
by exchanged --refresh
exchanged
cached
forget_keys

# --- a key expired, revoked, unreadable, damaged, gone
cache_in keyring
each_key() { # keyctl's words, KEY for the serial number
    local serial
    [ -n "$(my_keys)" ] || fail "no key of ours"
    for serial in $(my_keys); do
        keyctl "${@/KEY/$serial}" >/dev/null </dev/null || fail "keyctl $* failed"
    done
}
exchanged
quick cached
each_key timeout KEY 1
sleep 1.5
exchanged
quick cached
each_key revoke KEY
exchanged
quick cached
each_key setperm KEY 0x01010000
exchanged
quick cached
for serial in $(my_keys); do printf 'garbage' | keyctl pupdate "$serial"; done
exchanged
quick cached
for serial in $(my_keys); do keyctl pipe "$serial" | head -c -1 >"$T/cut" && keyctl pupdate "$serial" <"$T/cut"; done
exchanged
quick cached
forget_keys
exchanged
quick cached

# --- a key made in another session of the same user, who is not root
# Root becomes someone else who may read root's files, so that the build and the CA are in reach.
OTHER=()
mkdir -m 700 "$T/other"
if [ "$(id -u)" = 0 ]; then
    OTHER=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps='-all,+dac_read_search'
        --ambient-caps='-all,+dac_read_search' --bounding-set='-all,+dac_read_search')
    chown 65534:65534 "$T/other"
fi
# A new session, without keyctl's word about it on stderr.
# shellcheck disable=SC2016
SESSION=(bash -c 'exec keyctl session - bash -c "exec \"\$@\" 2>&3 3>&-" _ "$@" 3>&2 2>/dev/null' _)
other_session() { # how the session begins
    HELPER_BELOW=$PLAIN through "${OTHER[@]}" env HOME="$T/other" XDG_RUNTIME_DIR=/nonexistent \
        LW_ACCOUNT=cache31 LW_API_KEY="$KEY_ID" LW_API_SECRET="$SECRET" LW_API_SERVER_URL="$API_URL" "$@"
}
forget_keys
other_session "${SESSION[@]}"
by exchanged
by cached
other_session
by cached
HELPER_BELOW=$PLAIN through "${OTHER[@]}" "${SESSION[@]}" env HOME="$T/other"
run 0 "$T/through" erase < <(printf 'protocol=https\nhost=cache31.lacework.net\n')
other_session "${SESSION[@]}"
by exchanged
HELPER_BELOW=$PLAIN through "${OTHER[@]}" env HOME="$T/other"
run 0 "$T/through" cache list
expect_stdout_has '^env +cache31.* keyring$'
run 0 "$T/through" erase < <(printf 'protocol=https\nhost=cache31.lacework.net\n')
# Our keys leave most of an ordinary user's quota to other programs.
if [ "$(id -u)" = 0 ]; then
    other_session
    for ((i = 0; i < 16; i++)); do
        run 0 "$T/through" get --format token --sub-account "account-$i"
        expect_stderr_empty
    done
    # shellcheck disable=SC2016
    run 0 "${OTHER[@]}" bash -euc 'key=$(printf %9000s x | keyctl padd user others-key @u) && keyctl unlink "$key" @u'
    run 0 "$T/through" erase < <(printf 'protocol=https\nhost=cache31.lacework.net\n')
    rm "$T/through" # it names the secret
fi
if [ "$(id -u)" = 0 ]; then # what root does not find is not of the same user
    exchanged
    rmdir /dev/shm/lwcred-65534 2>/dev/null || true
fi
forget_keys

# --- a runtime directory that does not count
cache_in runtime
exchanged
quick cached
# Where the user is logged in, the usual directory takes the place of a wrong one.
RENEW=()
[ ! -d "/run/user/$(id -u)" ] || RENEW=(--refresh)
not_used() { # why, exchanges twice and writes nothing
    exchanged "${RENEW[@]}"
    quick exchanged "${RENEW[@]}"
    expect_stderr_empty
    [ -z "$(find "$XDG_RUNTIME_DIR/" -name lwcred 2>/dev/null)" ] || fail "$1: it is used"
}
rm -r "$ENTRIES"
XDG_RUNTIME_DIR=$RUN/none not_used missing
XDG_RUNTIME_DIR=relative not_used relative
XDG_RUNTIME_DIR=/dev/null exchanged "${RENEW[@]}"
XDG_RUNTIME_DIR=/dev/shm exchanged "${RENEW[@]}" # foreign to all but root, and open to all
[ ! -e /dev/shm/lwcred ] || fail "/dev/shm is used"
for mode in 0777 0755 0750 0710 0701 0500; do
    chmod $mode "$RUN"
    quick not_used "mode $mode"
done
chmod 1777 "$RUN"
not_used 'mode 1777'
chmod 700 "$RUN"
exchanged
quick cached
rm -r "$ENTRIES"
ln -s "$RUN" "$T/link"
XDG_RUNTIME_DIR=$T/link not_used 'a link'
if [ "$(id -u)" = 0 ]; then
    chown 65534 "$RUN"
    not_used foreign
    chown 0 "$RUN"
fi
DISK=''
for dir in "$T" "$O" "$ROOT" /var/tmp; do
    case $(stat -f -c %T "$dir") in
    tmpfs | ramfs) ;;
    *) DISK=$dir && break ;;
    esac
done
[ -n "$DISK" ] || fail "there is no disk here"
DISK=$(mktemp -d "$DISK/lwcred-e2e.XXXXXXXX")
XDG_RUNTIME_DIR=$DISK not_used 'on disk'
rmdir "$DISK"

# As after su or sudo: the variable is another user's, and the usual directory is there.
if may_mount 'the runtime directory of a user who is logged in'; then
    logged_in() { # what XDG_RUNTIME_DIR is
        # shellcheck disable=SC2016
        unshare -m bash -euc 'mount -t tmpfs tmpfs /run && mkdir -p /run/user/0 && mount -t tmpfs -o mode=700 tmpfs /run/user/0
            XDG_RUNTIME_DIR=$1 "$2" get --format token >"$3"
            XDG_RUNTIME_DIR=$1 "$2" get --format token | cmp - "$3"
            [ -n "$(find /run/user/0/lwcred -type f)" ]
            cat "$3"' _ "$1" "$HELPER" "$T/logged-in"
    }
    for dir in /nonexistent "$T/other" "$DISK"; do
        before=$(count_exchanges)
        run 0 logged_in "$dir"
        expect_one_more "$before"
        issued_token_matches "$(cat "$OUT")"
    done
fi

# Its subdirectory is judged as well.
wrong_subdir() { # why
    exchanged
    quick exchanged
    expect_stderr_empty
    [ -z "$(find "$RUN" "$T/elsewhere" -type f)" ] || fail "$1: it is used"
    rm -rf "$ENTRIES"
}
mkdir -m 700 "$T/elsewhere"
mkdir -m 700 "$ENTRIES" && chmod 755 "$ENTRIES"
wrong_subdir 'mode 755'
mkdir -m 700 "$ENTRIES" && chmod 777 "$ENTRIES"
wrong_subdir 'mode 777'
ln -s "$T/elsewhere" "$ENTRIES"
wrong_subdir 'a link'
mkfifo "$ENTRIES"
wrong_subdir 'a fifo'
if [ "$(id -u)" = 0 ]; then
    mkdir -m 700 "$ENTRIES"
    chown 65534 "$ENTRIES"
    wrong_subdir foreign
fi

# --- full: the token is printed, with one warning; auto tells no more than that
one_warning() { # pattern
    expect_stderr_has "$1"
    [ "$(wc -l <"$ERR")" = 1 ] || fail "not one line"
}
expect_token_from() { # warning pattern, command with one exchange
    local before
    before=$(count_exchanges)
    run 0 "${@:2}"
    expect_one_more "$before"
    issued_token_matches "$(cat "$OUT")"
    one_warning "$1"
}
WARNING='^lw-credential-helper: warning: the token is not cached: cache: '
# A limit on what a file may hold; what goes through cat has none.
limited() {
    prlimit --fsize=16 "$PLAIN" get --format token 2> >(cat >&2) | cat
}
export -f limited
export PLAIN
expect_token_from "$WARNING" bash -eo pipefail -c limited
[ -z "$(find "$RUN" -type f)" ] || fail "half an entry: $(find "$RUN" -type f)"
for error in ENOSPC EDQUOT EIO; do
    expect_token_from "$WARNING" strace -f -o /dev/null -e trace=renameat,renameat2,rename \
        -e "inject=renameat,renameat2,rename:error=$error" "$PLAIN" get --format token
done
[ -z "$(find "$RUN" -type f)" ] || fail "half an entry: $(find "$RUN" -type f)"
if may_mount 'a full and a read-only runtime directory'; then
    mounted() { # options of the mount, then the helper's words
        # shellcheck disable=SC2016
        unshare -m bash -euc 'mount -t tmpfs -o "size=8k,mode=700" tmpfs "$1"
            head -c 65536 /dev/zero >"$1/padding" 2>/dev/null || true
            [ -z "$2" ] || mount -o "remount,$2" "$1"
            "$3" get --format token
            [ -z "$(find "$1" -type f ! -name padding)" ] || { find "$1"; exit 1; }' _ "$RUN" "$1" "$HELPER"
    }
    expect_token_from "$WARNING" mounted ''
    before=$(count_exchanges)
    run 0 mounted ro
    expect_one_more "$before"
    issued_token_matches "$(cat "$OUT")"
    expect_stderr_empty
fi
# Read-only without a mount.
before=$(count_exchanges)
rm -rf "$ENTRIES"
run 0 strace -f -o /dev/null -e trace=mkdirat -e inject=mkdirat:error=EROFS "$PLAIN" get --format token
expect_one_more "$before"
issued_token_matches "$(cat "$OUT")"
no_entries read-only

# --- entries that are none any more: each is a miss, and is put right
exchanged
quick cached
spoil_each() { # what, command with FILE for each entry in turn and for all at once
    local what=$1 file
    shift
    for file in "$ENTRIES"/*; do
        case $(wc -c <"$file" 2>/dev/null) in '' | 0) fail "no entries" ;; esac
    done
    for file in "$ENTRIES"/*; do "${@/FILE/$file}"; done
    exchanged
    expect_stderr_empty
    quick cached
    for file in "$ENTRIES"/*; do
        [ -f "$file" ] && [ ! -L "$file" ] && [ "$(stat -c %a "$file")" = 600 ] && [ -O "$file" ] ||
            fail "$what: not put right: $(ls -la "$ENTRIES")"
    done
}
replace_with() { rm "$2" && "$1" "$2"; }
as_link() { mv "$1" "$T/elsewhere/$(basename "$1")" && ln -s "$T/elsewhere/$(basename "$1")" "$1"; }
grow() { printf x >>"$1"; }
older_boot() {
    python3 - "$1" <<'PY'
import sys
data = open(sys.argv[1], "rb").read()
boot = open("/proc/sys/kernel/random/boot_id", "rb").read().strip()
assert data.count(boot) == 1
open(sys.argv[1], "wb").write(data.replace(boot, boot[::-1].translate(bytes.maketrans(b"-", b"0"))[:36]))
PY
}
dir_with_file() { mkdir "$1" && : >"$1/file"; }
spoil_each truncated truncate -s 100 FILE
spoil_each 'one byte less' truncate -s -1 FILE
spoil_each 'one byte more' grow FILE
spoil_each empty truncate -s 0 FILE
spoil_each huge truncate -s 1G FILE
spoil_each zeroes dd if=/dev/zero of=FILE bs=8 count=1 conv=notrunc status=none
spoil_each 'older boot' older_boot FILE
spoil_each 'a link' as_link FILE
[ "$(find "$T/elsewhere" -type f | wc -l)" -ge 2 ] || fail "what the link led to is gone"
spoil_each 'a directory' replace_with mkdir FILE
spoil_each 'a fifo' replace_with mkfifo FILE
for mode in 644 640 666; do
    quick spoil_each "mode $mode" chmod $mode FILE
done
if [ "$(id -u)" = 0 ]; then
    spoil_each 'wrong owner' chown 65534 FILE
fi
# Damage that cannot be repaired costs exchanges only.
for file in "$ENTRIES"/*; do replace_with dir_with_file "$file"; done
run 0 "$HELPER" get --format token
issued_token_matches "$(cat "$OUT")"
[ "$(wc -l <"$ERR")" -le 1 ] || fail "more than a warning"
rm -r "$ENTRIES"
exchanged
quick cached

# --- sealed: only what is at hand without asking, and nothing in clear
cache_in sealed
CACHE=$XDG_CACHE_HOME/lwcred
export LW_ACCOUNT=cache31 LW_API_KEY=$KEY_ID LW_API_SECRET=$SECRET LW_API_SERVER_URL=$API_URL
exchanged
quick cached
[ -n "$(find "$CACHE" -type f)" ] || fail "nothing was sealed"
[ "$(stat -c %a "$CACHE")" = 700 ] || fail "mode $(stat -c %a "$CACHE")"
for file in "$CACHE"/*; do
    [ "$(stat -c %a "$file")" = 600 ] || fail "mode of $file"
done
SEALED_SECRET=$SECRET
: >"$OUT"
for SECRET in "$SEALED_SECRET" "$TOKEN" "$KEY_ID"; do
    no_secret_left "$XDG_CACHE_HOME"
done
SECRET=$SEALED_SECRET
no_secret_left ""
SECRET=$TOKEN
no_secret_left ""
SECRET=$SEALED_SECRET
LW_API_SECRET=_wrong run 11 "$HELPER" get --format token
cached
run 0 "$HELPER" cache list
expect_stdout_lacks "$TOKEN"
ENTRIES=$CACHE
spoil_each truncated truncate -s 60 FILE
spoil_each empty truncate -s 0 FILE
flip() { # a bit of its middle
    python3 -c 'import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[len(data) // 2] ^= 1
open(sys.argv[1], "wb").write(data)' "$1"
}
spoil_each corrupted flip FILE
spoil_each 'a link' as_link FILE
spoil_each 'a directory' replace_with mkdir FILE
spoil_each 'mode 644' chmod 644 FILE
# Another entry's bytes under this name.
plant_key
LW_API_KEY=$KEY_ID LW_API_SECRET=$SECRET exchanged
newest=$(find "$CACHE" -type f -printf '%C@ %p\n' | sort -n | tail -n 1 | cut -d ' ' -f 2)
for file in "$CACHE"/*; do
    [ "$file" = "$newest" ] || cp "$newest" "$file"
done
exchanged
quick cached
for mode in 755 777; do
    chmod $mode "$CACHE"
    exchanged
    quick exchanged
    chmod 700 "$CACHE"
done
rm -r "$CACHE"
ln -s "$T/elsewhere" "$CACHE" # a link of ours; what it leads to is judged
rm -f "$T/elsewhere"/*
chmod 755 "$T/elsewhere"
exchanged
[ -z "$(ls -A "$T/elsewhere")" ] || fail "a directory that others can read is used"
rm "$CACHE"
expect_token_from "$WARNING" bash -eo pipefail -c limited
XDG_CACHE_HOME=/proc/none exchanged
exchanged
quick cached
echo ok
