#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stacks are judged as libpam judges them: libpam is asked.
. "$(dirname "$0")/../support/e2e.sh"
export LWCRED_BACKEND_DIR=$O/tests/modules
mkdir -m 700 "$T/pam"
# Without valgrind: it is about the answer, and there are many.
run 0 python3 tests/support/pam_oracle.py "$O/bin/lw-credential-helper" "$T/pam" 300
expect_stdout_has '^300 stacks, 0 judged otherwise'
echo ok
