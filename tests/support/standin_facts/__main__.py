# SPDX-License-Identifier: Apache-2.0
"""Holds the running stand-in API against the facts about the Lacework API: each choice, each trap,
each role.

    python3 -B -m standin_facts DIR PORT CA
"""

import sys
import unittest

from . import agent_tokens, faults, limits, roles

loader = unittest.TestLoader()
suite = unittest.TestSuite()
for module in (roles, agent_tokens, limits, faults):
    suite.addTests(loader.loadTestsFromModule(module))
sys.exit(not unittest.TextTestRunner().run(suite).wasSuccessful())
