# SPDX-License-Identifier: Apache-2.0
"""The facts about the Lacework API, one file for each subject, held against the stand-in."""
