# shellcheck shell=bash disable=SC2034,SC2054
# SPDX-License-Identifier: Apache-2.0
# Sourced by tests/run.sh and the scenarios: one clean, known environment.
unset "${!LW_@}" "${!LWCRED_@}" "${!XDG_@}" "${!GIT_@}" CREDENTIALS_DIRECTORY DISPLAY WAYLAND_DISPLAY
unset DBUS_SESSION_BUS_ADDRESS http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy
unset CI NO_PROXY no_proxy SSL_CERT_FILE SSL_CERT_DIR SSH_ASKPASS GIT_ASKPASS
umask 022
# nouserintercepts: operator new and delete of backends/lacework-cli stay what they are.
VALGRIND=(valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect
    --errors-for-leak-kinds=definite,indirect --soname-synonyms=somalloc=nouserintercepts
    --suppressions=tests/support/valgrind.supp --child-silent-after-fork=yes)
export ASAN_OPTIONS=${ASAN_OPTIONS:-abort_on_error=0:exitcode=98:detect_stack_use_after_return=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}
# A child of fork() has none of the threads of its parent, and is no leak for that.
export TSAN_OPTIONS=${TSAN_OPTIONS:-report_thread_leaks=0}
