/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_CONTRACT_RULES_H
#define TESTS_CONTRACT_RULES_H

#include "tests/contract/bench.h"

/*
 * The rules of lwcred/backend.h that a program can observe, one function each.  A rule returns
 * true if it is kept; else it has said what was wrong with bench_say().
 */
struct rule {
    const char *name;
    uint32_t caps; /* without these the rule does not apply */
    bool (*kept)(struct bench *bench);
};

extern const struct rule rules[];
extern const size_t rule_count;

#endif
