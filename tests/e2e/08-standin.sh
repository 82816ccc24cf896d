#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The stand-in API is what the facts about the Lacework API say, in every choice, trap and role.
. "$(dirname "$0")/../support/e2e.sh"
start_standin
run 0 env PYTHONPATH=tests/support python3 -B -m standin_facts "$STANDIN" "$PORT" "$CA/ca.pem"
expect_stderr_has '^Ran [0-9]+ tests'
echo ok
