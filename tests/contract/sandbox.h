/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_CONTRACT_SANDBOX_H
#define TESTS_CONTRACT_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Runs a trial of a module in a child process: if the module crashes, hangs, exits or prints, the
 * program goes on and knows what happened.
 */

#define SANDBOX_TEXT_LEN 512

/*
 * kept     result of the trial; false if it did not end.
 * said     why not, or "".
 * printed  the beginning of what the child wrote on stdout and stderr, made printable, or "".
 */
struct sandbox_verdict {
    bool kept;
    char said[SANDBOX_TEXT_LEN];
    char printed[SANDBOX_TEXT_LEN];
};

/* Judges, in the child; writes all but printed. */
typedef void sandbox_fn(void *data, struct sandbox_verdict *verdict);

/*
 * Runs @trial in a child with a process group of its own, for @timeout_ms at most, and then kills
 * the group.  Returns false with errno if no child could be made.
 */
bool sandbox_run(sandbox_fn *trial, void *data, int64_t timeout_ms,
                 struct sandbox_verdict *verdict_out);

#endif
