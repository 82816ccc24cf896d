/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_CLOCK_H
#define CORE_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A source of time that tests can replace.  wall_s is seconds since the epoch and may jump;
 * boot_ms counts milliseconds since boot, suspend included, and never jumps.
 */
struct lwc_clock {
    void *data;
    int64_t (*wall_s)(void *data);
    int64_t (*boot_ms)(void *data);
};

/* The machine's clocks: CLOCK_REALTIME and CLOCK_BOOTTIME.  Static, any thread. */
const struct lwc_clock *lwc_clock_system(void);

static inline int64_t lwc_clock_wall_s(const struct lwc_clock *clock)
{
    return clock->wall_s(clock->data);
}

static inline int64_t lwc_clock_boot_ms(const struct lwc_clock *clock)
{
    return clock->boot_ms(clock->data);
}

#define LWC_BOOT_ID_LEN 36 /* text of /proc/sys/kernel/random/boot_id */

/* Copies the id of this boot.  Returns false if it cannot be read.  Any thread. */
bool lwc_clock_boot_id(char id_out[static LWC_BOOT_ID_LEN + 1]);

/*
 * Reads an RFC 3339 time of @len bytes, "2021-08-18T08:00:00.000Z": fraction of 1 to 9 digits
 * (dropped), zone Z, +hh:mm or +hhmm; the offset may be written without colon as some servers
 * do.  Years 1970 to 9999.  Returns false, and writes nothing, for anything else.
 */
bool lwc_date_parse(const char *text, size_t len, int64_t *unix_out);

/* Reads an HTTP date, "Wed, 18 Aug 2021 08:00:00 GMT" (RFC 9110 5.6.7, the fixed form). */
bool lwc_date_parse_http(const char *text, size_t len, int64_t *unix_out);

#define LWC_DATE_LEN 32
/* Writes @unix_s as "2021-08-18T08:00:00Z". */
void lwc_date_format(int64_t unix_s, char text_out[LWC_DATE_LEN]);

#endif
