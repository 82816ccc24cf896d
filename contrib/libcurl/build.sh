#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# build.sh DIRECTORY: a static libcurl that speaks HTTPS and nothing else, for "make CURL=DIRECTORY".
# Built from the source package of this Debian, with its security patches; apt verifies what it
# fetches.  Needs no root, and leaves nothing outside of DIRECTORY.
set -eu

fail() {
    printf 'build.sh: %s\n' "$*" >&2
    exit 1
}

[ $# -eq 1 ] && [ -n "$1" ] || fail "usage: build.sh DIRECTORY"
for tool in apt-get dpkg-source make gcc; do
    command -v "$tool" >/dev/null || fail "$tool is missing: run contrib/bootstrap.sh"
done
mkdir -p "$1"
target=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# The system's sources, asked for source packages, in a state of our own.
mkdir -p "$work/sources" "$work/lists/partial" "$work/cache/archives/partial"
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
    [ -r "$file" ] || continue
    sed -e 's/^Types:.*/Types: deb-src/' -e 's/^deb /deb-src /' "$file" >"$work/sources/$(basename "$file")"
done
apt() {
    apt-get -q -o Acquire::Retries=3 -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$work/sources" \
        -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User= "$@"
}
apt update
cd "$work"
apt --only-source source curl
cd curl-*/ || fail "the source package has no directory curl-VERSION"

without=
for protocol in dict file ftp gopher imap ldap ldaps mqtt pop3 rtsp smb smtp telnet tftp; do
    without="$without --disable-$protocol"
done
for library in brotli libidn2 libpsl librtmp libssh2 nghttp2 zlib zstd; do
    without="$without --without-$library"
done
# shellcheck disable=SC2086
CFLAGS='-O2 -g -fPIC -fvisibility=hidden -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fcf-protection' \
    ./configure --quiet --prefix="$target" --with-openssl --disable-shared --enable-static --disable-manual \
    --disable-alt-svc --disable-cookies --disable-hsts --disable-ntlm --disable-tls-srp \
    --disable-unix-sockets $without
make -s -j2 -C lib install
make -s -C include install
make -s install-pkgconfigDATA
printf 'libcurl %s is in %s; now: make CURL=%s\n' "$(sed -n 's/^Version: //p' lib*.pc)" "$target" "$target"
