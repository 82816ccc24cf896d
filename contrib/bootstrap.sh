#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bootstrap.sh [--build]: install what building, testing, measuring and the demo need, on Debian 12
# or newer; with --build only what building and running need.  Does nothing, and needs no network,
# when all of it is there.
set -eu

build="gcc libc6-dev make pkgconf libsodium-dev libkeyutils-dev libcurl4-openssl-dev libcjson-dev libsecret-1-dev"
run="git ca-certificates"
tests="abigail-tools clang g++ libclang-rt-dev lld clang-format libcmocka-dev libpam-modules python3 openssl strace valgrind shellcheck mandoc keyutils dbus-daemon gnome-keyring keepassxc libsecret-tools python3-secretstorage"
# A package of its own from Debian 13 on, before that a part of binutils.
command -v ld.gold >/dev/null || tests="$tests binutils-gold"
bench="curl libssl-dev dpkg-dev"

say() {
    printf 'bootstrap: %s\n' "$*"
}

fail() {
    say "$*" >&2
    exit 1
}

# The packages among the arguments that are not installed.
missing() {
    have=" $(dpkg-query -W -f '${db:Status-Status}=${Package} ' "$@" 2>/dev/null || :)"
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

case ${1:-} in
"") ;;
--build) tests='' bench='' ;;
*) fail "usage: bootstrap.sh [--build]" ;;
esac
is_debian || fail "this is not Debian 12 or newer; install what these Debian packages hold: $build $run $tests $bench"

# shellcheck disable=SC2086
wanted=$(missing $build $run $tests $bench)
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

say "installing${root:+ with sudo}: $wanted"
apt update
# shellcheck disable=SC2086
apt install -y --no-install-recommends $wanted
say "done"
