/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_FLIGHT_FLIGHT_H
#define CORE_FLIGHT_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"

/*
 * Single flight: of all processes of a user, one at a time does work whose result the others wait
 * for.
 *
 * A lock is a file (flight_dir.h).  The kernel releases it when its holder dies.  While held, the
 * file names the holder and the time until which the work may last.  A holder that is stopped
 * (SIGSTOP, Ctrl-Z) or stays longer delays no other process: the next process takes the next lock
 * of the same flight, and others wait for that lock.
 *
 * Only callers that arrive together are served together; they pass results through the cache, or a
 * remembered failure (failures.h).
 */
struct lwc_flight;

#define LWC_AUTO_FLIGHT LWC_AUTO(struct lwc_flight *, lwc_flight_leave)

/*
 * stay_ms   longest stay of the caller inside; a question to a person is not counted.
 * wait_ms   longest wait for another holder.
 * asked_ms  longest wait while the holder waits for a person's answer.
 */
#define LWC_FLIGHT_MARGIN_MS 5000 /* added to stay_ms, for a busy machine */
struct lwc_flight_times {
    int64_t stay_ms;
    int64_t wait_ms;
    int64_t asked_ms;
};

/*
 * Enters the flight @name (hex).
 *
 * @flight_out  owned by the caller, lwc_flight_leave().
 * Returns LWC_OK; LWC_OK without a lock if holders followed each other for all of the wait, or too
 * many holders are stopped; LWC_E_BUSY if the same holder was inside all the time;
 * LWC_E_UNAVAILABLE without a directory for the locks: the caller may go on alone.
 */
enum lwc_code lwc_flight_enter(const char *name, const struct lwc_flight_times *times,
                               struct lwc_flight **flight_out, struct lwc_error *err) LWC_RESULT;

/* Returns whether @flight holds a lock; false for NULL. */
bool lwc_flight_has_lock(const struct lwc_flight *flight);

/* Tells waiting processes that a person is being asked.  NULL is allowed. */
void lwc_flight_ask(struct lwc_flight *flight);

/* Ends the question to a person, and stays at most @stay_ms longer.  NULL is allowed. */
void lwc_flight_stay(struct lwc_flight *flight, int64_t stay_ms);

/* Releases the lock and sets *flight to NULL.  A flight that is NULL is allowed. */
void lwc_flight_leave(struct lwc_flight **flight);

#endif
