/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CACHE_LIFETIME_H
#define CORE_CACHE_LIFETIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "cache/entry.h"

/*
 * How long an entry still lives, counted on the boot clock from when its token was asked for: a
 * wrong or stepped wall clock never revives one.  The boot clock stands still while a virtual
 * machine is paused, and goes back with a snapshot: an entry is dead, too, once its age on the wall
 * clock exceeds that on the boot clock by more than LWC_FRESH_DRIFT_S.  Pure functions, but for the
 * boot id.
 */
#define LWC_FRESH_DRIFT_S 60

/* Seconds that a token must have left by default, at most half of its lifetime. */
#define LWC_MIN_VALID_DEFAULT 300

/* Returns the milliseconds left of @entry; 0 if it is dead, of another boot, or of the future. */
int64_t lwc_lifetime_left_ms(const struct lwc_entry *entry, const char *boot_id,
                             const struct lwc_clock *clock);

/* Returns the whole seconds left, rounded down. */
int64_t lwc_lifetime_left_s(const struct lwc_entry *entry, const char *boot_id,
                            const struct lwc_clock *clock);

/*
 * Returns the seconds that must be left of a token that lives @lifetime_s: @asked_s if not 0, else
 * @usual_s (0: LWC_MIN_VALID_DEFAULT), at most half of the lifetime.
 */
int64_t lwc_lifetime_margin_s(int64_t asked_s, int64_t usual_s, int64_t lifetime_s);

#endif
