#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# own-keyring.sh COMMAND...: become COMMAND, with a kernel user keyring of its own.
#
# The user keyring belongs to the user, not to the test: tests that run beside each other, and the
# user, have keys in the same one, and "list" or "erase" of one removes the keys of another.
# Run by root, COMMAND gets a user namespace, which has user keyrings of its own, and in which every
# user has the same number as outside; with AS_USER it then becomes that user.  In a namespace that an
# ordinary user makes all files of root would be foreign, and rightly refused: there, and where root
# may make none, COMMAND shares the user's keyring, unless that holds tokens that a test would forget.
#   AS_USER           a user's name, or empty
#   KEYRING      "shared": share the user's keyring with all its keys
#   OWN_KEYRING  for COMMAND: "yes", or "no" where it shares the user's
set -u

fail() {
    printf 'own-keyring.sh: %s\n' "$*" >&2
    exit 125
}

map_users() { # pid: as soon as it is in its namespace
    while [ "$(readlink "/proc/$1/ns/user")" = "$(readlink /proc/self/ns/user)" ]; do sleep 0.01; done
    cat /proc/self/uid_map >"/proc/$1/uid_map"
    cat /proc/self/gid_map >"/proc/$1/gid_map"
}

# Is this root, and may it make a user namespace?
may_unshare() {
    [ "$(id -u)" = 0 ] && unshare --user true 2>/dev/null
}

if [ -n "${AS_USER:-}" ]; then
    may_unshare || fail "AS_USER=$AS_USER: only root, and where it may make user namespaces"
    home=$(getent passwd "$AS_USER" | cut -d: -f6)
    [ -n "$home" ] || fail "AS_USER=$AS_USER: no such user"
    set -- setpriv --reuid="$AS_USER" --regid="$(id -g "$AS_USER")" --init-groups \
        env HOME="$home" USER="$AS_USER" LOGNAME="$AS_USER" "$@"
elif ! may_unshare; then
    if [ "${KEYRING:-}" != shared ] && keyctl list @u 2>/dev/null | grep -q 'lwcred'; then
        fail "the kernel keyring of $(id -un) holds tokens, which the tests would forget: run" \
            "'lw-credential-helper cache clear' first, or say KEYRING=shared"
    fi
    OWN_KEYRING=no exec "$@"
fi
unset AS_USER
(map_users $$ &) # no child of COMMAND
# shellcheck disable=SC2016
OWN_KEYRING=yes exec unshare --user bash -c 'until grep -q . /proc/self/gid_map; do sleep 0.01; done; exec "$@"' _ "$@"
