/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_FLIGHT_FLIGHT_H
#define CORE_FLIGHT_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"

/*
 * Single flight: one process at a time does work whose result all others wait for, over all
 * processes of a user.
 *
 * A lock is a file (flight_dir.h).  The kernel drops it when its holder dies.  While held, the file
 * says who holds it and how long that may take.  A holder that is stopped (SIGSTOP, Ctrl-Z) or has
 * stayed longer holds nobody up: the next process takes the next lock of the same flight, and
 * others wait for that one.
 *
 * Only callers that arrive together are served together; what they hand over to each other is in
 * the cache, or a remembered failure (failures.h).
 */
struct lwc_flight;

#define LWC_AUTO_FLIGHT LWC_AUTO(struct lwc_flight *, lwc_flight_leave)

/*
 * stay_ms   how long the caller will be inside at most; a question to a person not counted.
 * wait_ms   how long it waits for another holder.
 * asked_ms  how long it waits where the holder waits for a person's answer.
 */
#define LWC_FLIGHT_MARGIN_MS 5000 /* added to stay_ms, for a busy machine */
struct lwc_flight_times {
    int64_t stay_ms;
    int64_t wait_ms;
    int64_t asked_ms;
};

/*
 * Enter the flight @name (hex).
 *
 * @flight_out  owned by the caller, lwc_flight_leave().
 * Returns LWC_OK, also where the caller waited in vain while one holder followed the other, or too
 * many holders are stopped: then it is inside without a lock; LWC_E_BUSY if the same one was inside
 * all the time; LWC_E_UNAVAILABLE if there is no directory for the locks: the caller may go on
 * alone.
 */
enum lwc_code lwc_flight_enter(const char *name, const struct lwc_flight_times *times,
                               struct lwc_flight **flight_out, struct lwc_error *err) LWC_RESULT;

/* Does it hold a lock?  False for NULL. */
bool lwc_flight_has_lock(const struct lwc_flight *flight);

/* From now on a person is being asked: others are patient.  NULL is allowed. */
void lwc_flight_ask(struct lwc_flight *flight);

/* Goes on, and stays at most @stay_ms longer.  NULL is allowed. */
void lwc_flight_stay(struct lwc_flight *flight, int64_t stay_ms);

/* Give the lock back; sets *flight to NULL.  NULL is allowed. */
void lwc_flight_leave(struct lwc_flight **flight);

#endif
