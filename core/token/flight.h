/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_TOKEN_FLIGHT_H
#define CORE_TOKEN_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/error.h"

/*
 * Single flight: one exchange for a credential at a time, over all processes of a user.
 *
 * The lock is a file in a directory of our own in a local tmpfs: /run/user/UID/lwcred if that is
 * ours and a tmpfs, else /dev/shm/lwcred-UID; not $XDG_RUNTIME_DIR, HOME or TMPDIR, for two
 * processes with other ones must meet.  The kernel drops the lock when its holder dies.  Waiting
 * is bounded, in two stages: who waited in vain for the first lock (its holder was stopped, or the
 * server lets it wait) competes for a second one, too, so that one of them goes on and not all at
 * once.
 *
 * The file also carries the failure memo: what went wrong last, for whom, and until when that is
 * not tried again.  It holds no secret.
 */
struct lwc_flight;

#define LWC_AUTO_FLIGHT LWC_AUTO(struct lwc_flight *, lwc_flight_leave)

/*
 * Enter the flight @name (hex).
 *
 * @wait_ms     how long to wait in all.
 * @flight_out  owned by the caller, lwc_flight_leave().
 * Returns LWC_OK, also where others were always quicker: then the flight has no lock, and all that
 * it can do is recall and forget; LWC_E_BUSY if the same ones were inside all the time: everybody
 * who waited would now do at once what they cannot get done; LWC_E_UNAVAILABLE if there is no
 * directory for the locks: the caller may go on alone.
 */
enum lwc_code lwc_flight_enter(const char *name, int64_t wait_ms, struct lwc_flight **flight_out,
                               struct lwc_error *err) LWC_RESULT;

/* Give the locks back; sets *flight to NULL.  NULL is allowed. */
void lwc_flight_leave(struct lwc_flight **flight);

/*
 * The failure remembered for @who (a hash), if it has not run out.
 *
 * @since_boot_ms  only one that was remembered later than that.
 * @err            filled as the failed exchange filled it; wait_s counted down to now.
 * Returns its code, or LWC_OK if there is none.
 */
enum lwc_code lwc_flight_recall(const struct lwc_flight *flight,
                                const uint8_t who[static LWC_HASH_LEN], int64_t since_boot_ms,
                                const struct lwc_clock *clock, struct lwc_error *err) LWC_RESULT;

/*
 * Remember failure @err for @who: refused 10 s, rate-limited as long as the API said (at most
 * 300 s), network 3 s, anything else not.  Best effort.
 */
void lwc_flight_remember(struct lwc_flight *flight, const uint8_t who[static LWC_HASH_LEN],
                         const struct lwc_clock *clock, const struct lwc_error *err);

/* Forget what was remembered. */
void lwc_flight_forget(struct lwc_flight *flight);

#endif
