/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_CONTRACT_SANDBOX_H
#define TESTS_CONTRACT_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

/*
 * One trial of a module in a child of its own: whatever it does there, crash, hang, exit, print,
 * the program goes on and knows what happened.
 */

#define TRIAL_TEXT_LEN 512

/*
 * kept     what the trial returned; false as well if it came to no end.
 * said     why not, or "".
 * printed  the beginning of what the child wrote on stdout and stderr, made printable, or "".
 */
struct verdict {
    bool kept;
    char said[TRIAL_TEXT_LEN];
    char printed[TRIAL_TEXT_LEN];
};

/* Judges, in the child; writes all but printed. */
typedef void trial_fn(void *data, struct verdict *verdict);

/*
 * Run @trial in a child of a process group of its own, for @timeout_ms at most; nothing of
 * that group is left afterwards.  Returns false with errno if no child could be made.
 */
bool trial_run(trial_fn *trial, void *data, int64_t timeout_ms, struct verdict *verdict_out);

#endif
