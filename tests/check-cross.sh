#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# check-cross.sh ARCH: build for another machine (arm64, s390x, ...) with Debian's cross compiler and
# libraries, as "contrib/bootstrap.sh --cross ARCH" installs them, and run units and fuzz replays under
# qemu-user, but for those that tests/support/not-under-qemu names.
#   T  only the tests whose name matches; default: all of both kinds
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -eq 1 ] || { echo 'usage: tests/check-cross.sh ARCH' >&2; exit 2; }

triple=$(dpkg-architecture -a"$1" -qDEB_HOST_MULTIARCH 2>/dev/null)
cpu=$(dpkg-architecture -a"$1" -qDEB_HOST_GNU_CPU 2>/dev/null)
case $cpu in
powerpc64le) cpu=ppc64le ;;
i?86) cpu=i386 ;;
esac
NOT_HERE=$PWD/tests/support/not-under-qemu WRAPPER=$(command -v "qemu-$cpu-static")
export NOT_HERE WRAPPER
exec make -j"$(nproc)" CC="$triple-gcc" CXX="$triple-g++" AR="$triple-ar" \
    PKG_CONFIG="env PKG_CONFIG_LIBDIR=/usr/lib/$triple/pkgconfig:/usr/share/pkgconfig pkg-config" \
    T="${T:-test_ fuzz_}" test
