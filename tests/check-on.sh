#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# check-on.sh RELEASE [ARCH]: check this tree on another Debian release, or for another machine.
#
# As root.  A fresh root file system of RELEASE (bookworm, trixie, ...) is made with debootstrap and
# kept for the next time below CHROOTS, with the packages that were downloaded; each run works on a
# copy of it and of this tree.  Mirror and proxy are those of this machine's apt.
#   without ARCH  the two commands of the README: bootstrap --build and the demo, then everything
#   with ARCH     arm64, s390x, ...: built with Debian's cross compiler and libraries; units and
#                 fuzz replays run under qemu-user, but for those of tests/support/not-under-qemu
#
#   CHROOTS   default: lwcred-chroots in $XDG_CACHE_HOME or ~/.cache
#   T         only the tests whose name matches
#   ISOLATE   "chroot": a plain chroot, in which nothing may make a namespace
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
    echo 'usage: tests/check-on.sh RELEASE [ARCH]' >&2
    exit 2
}

fail() {
    printf 'check-on: %s\n' "$*" >&2
    exit 1
}

case $# in
1 | 2) ;;
*) usage ;;
esac
release=$1 arch=${2:-}
chroots=${CHROOTS:-${XDG_CACHE_HOME:-$HOME/.cache}/lwcred-chroots}
base=$chroots/$release
root=$chroots/run-$release${arch:+-$arch}
[ "$(id -u)" = 0 ] || fail 'only root can: sudo make check-on ...'
command -v debootstrap >/dev/null || fail 'debootstrap is missing: apt-get install debootstrap'
unshare -m true 2>/dev/null || fail 'no mount namespaces here'

# The archive that this machine's apt takes Debian from.
# shellcheck disable=SC2016
mirror() {
    apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' 'Created-By: Packages' |
        sed -n 's/^Debian //p' | grep -v -e '-security' | sort -u | head -n 1
}

make_base() {
    local from
    from=$(mirror)
    [ -n "$from" ] || fail 'apt knows no Debian mirror here'
    mkdir -p "$chroots"
    rm -rf "$base.new"
    debootstrap --variant=minbase --include=ca-certificates "$release" "$base.new" "$from" >"$base.log" 2>&1 ||
        fail "debootstrap failed: $base.log"
    rm -f "$base.new"/var/cache/apt/archives/*.deb
    mv "$base.new" "$base"
}

# Gives apt in the copy the network settings of apt here.
share_network() {
    cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
    apt-config dump --no-empty --format '%F "%v";%n' Acquire |
        grep -E '^Acquire::(https?::|Check-)' >"$root/etc/apt/apt.conf.d/00here" || :
    rm -f "$root/etc/apt/apt.conf.d/docker-clean"
}

copy_tree() {
    mkdir -p "$root/root/lwcred"
    if git -c safe.directory='*' rev-parse --git-dir >/dev/null 2>&1; then
        git -c safe.directory='*' ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' path; do
            [ ! -e "$path" ] || printf '%s\0' "$path"
        done | tar --null -T - -c
    else
        tar --exclude=./build -c .
    fi | tar -x --no-same-owner -C "$root/root/lwcred"
}

# shellcheck disable=SC2016
commands() {
    if [ -z "$arch" ]; then
        echo 'contrib/bootstrap.sh --build && make demo && contrib/bootstrap.sh && make -j"$(nproc)" check'
    else
        echo "contrib/bootstrap.sh --cross $arch && tests/check-cross.sh $arch"
    fi
}

# In a mount namespace: its own /proc, /dev and memory file systems; no chroot, in which the kernel
# grants no user namespace.
# shellcheck disable=SC2016
enter='
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount --rbind /dev dev
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t tmpfs -o mode=755 tmpfs run
mount --bind "$2" var/cache/apt/archives
[ "$4" != chroot ] || exec chroot . sh -c "$3"
pivot_root . .
umount -l .
exec sh -c "cd /; $3"
'

[ -d "$base" ] || make_base
rm -rf --one-file-system "$root"
cp -a --reflink=auto "$base" "$root"
mkdir -p "$chroots/archives-$release"
share_network
copy_tree
printf 'check-on: %s%s in %s\n' "$release" "${arch:+ for $arch}" "$root"
status=0
env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    TERM="${TERM:-dumb}" CI="${CI:-}" T="${T:-}" \
    unshare -m --propagation private bash -euc "$enter" _ "$root" "$chroots/archives-$release" \
    "cd /root/lwcred && $(commands)" "${ISOLATE:-}" </dev/null || status=$?
logs=$PWD/${BUILD:-build}/check-on/$release${arch:+-$arch}
rm -rf "$logs"
mkdir -p "$logs"
for from in "$root"/root/lwcred/build/*/logs*; do
    [ ! -d "$from" ] || cp -r "$from" "$logs/"
done
[ "$status" -eq 0 ] || fail "$release${arch:+ for $arch}: failed; the logs are in $logs"
rm -rf --one-file-system "$root"
printf 'check-on: %s%s: everything passed\n' "$release" "${arch:+ for $arch}"
