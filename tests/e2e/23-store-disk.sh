#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The store on file systems that lack something, and on disks that fail late.
. "$(dirname "$0")/../support/cache.sh"
export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 # strace and the leak checker do not go together
start_standin
plant_key
make_store_keyfile
STORE=$XDG_DATA_HOME/lwcred/keys.lwc
XDG_RUNTIME_DIR=$RUN
below() { # expected status, what strace injects, command...
    local status=$1 inject=$2
    shift 2
    run "$status" strace -f -o /dev/null -e "trace=${inject%%:*}" -e "inject=$inject" "$PLAIN" "$@"
}
add=(add -a disk23 --key-id "$KEY_ID" --secret-stdin --no-verify --api-url "$API_URL" -p)

# --- no hard links (FAT, SMB, 9p, many a FUSE): keys are added, replaced and removed all the same
for error in EPERM EOPNOTSUPP ENOSYS EMLINK EXDEV; do
    below 0 "linkat:error=$error" "${add[@]}" "p$error" <<<"$SECRET"
    below 0 "linkat:error=$error" "${add[@]}" "p$error" --replace <<<"$SECRET"
    cp "$STORE" "$T/before"
    below 0 "linkat:error=$error" remove -p "p$error" --backend file
    cmp "$T/before" "$STORE.prev" || fail "$error: the previous generation is not kept"
    [ "$(stat -c %a "$STORE.prev")" = 600 ] || fail "$error: the copy is not private"
done
run 0 "$HELPER" list
expect_stdout_lacks '^p'
rm -f "$STORE" "$STORE.prev"

# --- the directory cannot be forced to the disk: said as it is, and no old token is served
run 0 "$HELPER" "${add[@]}" late <<<"$SECRET"
exchanged -p late
run 0 "$HELPER" cache list
expect_stdout_has '^late '
below 9 'fsync:error=EIO:when=2' "${add[@]}" late --replace <<<"$SECRET"
expect_stderr_has 'written, but perhaps not safe against a crash: .*Input/output error'
run 0 "$HELPER" cache list
expect_stdout_lacks '^late '
exchanged -p late
below 9 'fsync:error=EIO:when=2' remove -p late
expect_stderr_has 'written, but perhaps not safe against a crash'
run 0 "$HELPER" cache list
expect_stdout_lacks '^late '
run 3 "$HELPER" get --format token -p late
