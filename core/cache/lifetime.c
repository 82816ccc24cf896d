/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/lifetime.h"

#include <string.h>

#include "base/util.h"

/* Returns whether time passed that the boot clock did not count. */
static bool has_drifted(const struct lwc_entry *entry, int64_t age_ms,
                        const struct lwc_clock *clock)
{
    return lwc_clock_wall_s(clock) - entry->sent_wall_s > age_ms / 1000 + LWC_FRESH_DRIFT_S;
}

int64_t lwc_lifetime_left_ms(const struct lwc_entry *entry, const char *boot_id,
                             const struct lwc_clock *clock)
{
    int64_t age_ms = lwc_clock_boot_ms(clock) - entry->sent_boot_ms;
    int64_t life_ms = entry->lifetime_s * 1000;

    if (age_ms < 0 || age_ms >= life_ms || !lwc_streq(entry->boot_id, boot_id) ||
        has_drifted(entry, age_ms, clock)) {
        return 0;
    }
    return life_ms - age_ms;
}

int64_t lwc_lifetime_left_s(const struct lwc_entry *entry, const char *boot_id,
                            const struct lwc_clock *clock)
{
    return lwc_lifetime_left_ms(entry, boot_id, clock) / 1000;
}

int64_t lwc_lifetime_margin_s(int64_t asked_s, int64_t usual_s, int64_t lifetime_s)
{
    if (asked_s > 0) {
        return asked_s;
    }
    usual_s = usual_s > 0 ? usual_s : LWC_MIN_VALID_DEFAULT;
    return lifetime_s / 2 < usual_s ? lifetime_s / 2 : usual_s;
}
