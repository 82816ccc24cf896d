/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_TOKEN_ATTEMPT_FAILURE_H
#define CORE_TOKEN_ATTEMPT_FAILURE_H

#include "token/attempt.h"

/*
 * Failures that calls leave for each other (failures.h).
 *
 * answer    of the whole call, for calls that wait for it.
 * exchange  of the exchange: refused, limited and unreachable keys are not tried again at once.  A
 *           success (@why is LWC_OK) removes the failure.
 * no_place  no place takes a token of this key: for a minute no call waits for a token.
 *
 * Finding returns the code, or LWC_OK without such a failure.
 */
enum lwc_code lwc_attempt_find_answer_failure(const struct attempt *attempt, struct lwc_error *err)
    LWC_RESULT;
void lwc_attempt_save_answer_failure(const struct attempt *attempt, const struct lwc_error *why);
enum lwc_code lwc_attempt_find_exchange_failure(const struct attempt *attempt,
                                                struct lwc_error *err) LWC_RESULT;
void lwc_attempt_save_exchange_failure(const struct attempt *attempt, const struct lwc_error *why);
bool lwc_attempt_has_no_place(const struct attempt *attempt);
void lwc_attempt_save_no_place(const struct attempt *attempt, const struct lwc_error *why);

#endif
