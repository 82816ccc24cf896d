#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# own-keyring.sh COMMAND...: become COMMAND, with a kernel user keyring that nobody else uses.
#
# The user keyring belongs to the user, not to the test: tests that run beside each other, and the
# user, have keys in the same one, and "list" or "erase" of one removes what is no good of another.
# Run by root, COMMAND gets a user namespace, which has a user keyring of its own, and in which every
# user is who he is outside.  In a namespace of another user all files of root would be foreign, and
# rightly refused: there COMMAND runs as it is.
#   OWN_KEYRING  for COMMAND: "yes", or "no" where it shares the user's
set -u

map_users() { # pid: as soon as it is in its namespace
    while [ "$(readlink "/proc/$1/ns/user")" = "$(readlink /proc/self/ns/user)" ]; do sleep 0.01; done
    cat /proc/self/uid_map >"/proc/$1/uid_map"
    cat /proc/self/gid_map >"/proc/$1/gid_map"
}

export OWN_KEYRING=no
[ "$(id -u)" = 0 ] && unshare --user true 2>/dev/null || exec "$@"
(map_users $$ &) # no child of COMMAND
# shellcheck disable=SC2016
OWN_KEYRING=yes exec unshare --user bash -c 'until grep -q . /proc/self/gid_map; do sleep 0.01; done; exec "$@"' _ "$@"
