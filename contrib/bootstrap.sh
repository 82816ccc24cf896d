#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bootstrap.sh [--build | --cross ARCH]: install what building, testing, measuring and the demo need,
# on Debian 12 or newer; with --build only what building, running and the demo need; with --cross what
# "tests/check-cross.sh ARCH" (arm64, s390x, ...) needs.  Does nothing, and needs no network, when all of
# it is there.
set -eu

tools="gcc g++ libc6-dev make pkgconf"
libraries="libsodium-dev libkeyutils-dev libcurl4-openssl-dev libssl-dev libcjson-dev libsecret-1-dev libtomlplusplus-dev"
run="git ca-certificates python3 openssl"
tests="abigail-tools clang libclang-rt-dev lld clang-format libcmocka-dev libpam-modules strace valgrind shellcheck mandoc keyutils dbus-daemon gnome-keyring keepassxc libsecret-tools python3-secretstorage python3-yaml"
# A package of its own from Debian 13 on, before that a part of binutils.
command -v ld.gold >/dev/null || tests="$tests binutils-gold"
bench="curl dpkg-dev"

say() {
    printf 'bootstrap: %s\n' "$*"
}

fail() {
    say "$*" >&2
    exit 1
}

# The packages among the arguments that are not installed.
missing() {
    have=" $(dpkg-query -W -f '${db:Status-Status}=${Package} ${db:Status-Status}=${Package}:${Architecture} ' "$@" 2>/dev/null || :)"
    for package in "$@"; do
        case $have in
        *" installed=$package "*) ;;
        *) printf '%s ' "$package" ;;
        esac
    done
}

is_debian() {
    [ -r /etc/os-release ] && command -v apt-get >/dev/null && command -v dpkg-query >/dev/null || return 1
    # shellcheck disable=SC1091
    (. /etc/os-release && case "${ID:-} ${ID_LIKE:-}" in
        *debian*) [ "${ID:-}" != debian ] || [ "${VERSION_ID:-99}" -ge 12 ] ;;
        *) false ;;
    esac)
}

case $#:${1:-} in
0:) ;;
1:--build) tests='' bench='' ;;
2:--cross)
    for package in $libraries libc6-dev libcmocka-dev; do cross="${cross:-} $package:$2"; done
    tools="make gcc pkgconf" libraries="crossbuild-essential-$2 qemu-user-static $cross" tests='' bench=''
    ;;
*) fail "usage: bootstrap.sh [--build | --cross ARCH]" ;;
esac
is_debian || fail "this is not Debian 12 or newer; install what these Debian packages hold: $tools $libraries $run $tests $bench"

# shellcheck disable=SC2086
wanted=$(missing $tools $libraries $run $tests $bench)
if [ -z "$wanted" ]; then
    say "everything is installed"
    exit 0
fi

root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "not root and no sudo; as root: apt-get install --no-install-recommends $wanted"
    root=sudo
fi

apt() {
    $root env DEBIAN_FRONTEND=noninteractive apt-get -q -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 "$@"
}

[ "${1:-}" != --cross ] || $root dpkg --add-architecture "$2"
say "installing${root:+ with sudo}: $wanted"
apt update
# shellcheck disable=SC2086
apt install -y --no-install-recommends $wanted
say "done"
