/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_FLIGHT_FAILURE_H
#define CORE_FLIGHT_FAILURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/error.h"

/*
 * Remembered failures: a table of at most LWC_FAILURE_RECORDS records, each under a name of its
 * own. A record says which failure it was, when the attempt began and failed, and how long it is
 * not tried again.  Holds no secret.
 *
 * The bytes of a table; numbers are big-endian:
 *
 *   offset  length
 *        0       8  "LWCMEMO\n"
 *        8       4  version, 2
 *       12      36  boot id
 *       48       4  number of records, 1 to 8
 *       52          records
 *      end      32  hash over all before, label LWC_FAILURE_LABEL
 *
 * and those of a record:
 *
 *        0      32  name
 *       32       4  code
 *       36       4  errno
 *       40       8  seconds to wait, when it was made
 *       48       8  the attempt began, milliseconds of the boot clock
 *       56       8  it failed, likewise
 *       64       8  not tried again before, likewise
 *       72       2  length of the message, 1 to 511
 *       74       m  message
 *     74+m       2  length of the hint, 0 to 255
 *     76+m       h  hint
 */
#define LWC_FAILURE_LABEL "lwcred memo 2"
#define LWC_FAILURE_RECORDS 8
#define LWC_FAILURE_MAX ((size_t)8192)
#define LWC_FAILURE_LIFE_MAX_MS 300000

/* Times are of the boot clock; err.wait_s is as it was when the record was made. */
struct lwc_failure {
    uint8_t name[LWC_HASH_LEN];
    int64_t began_ms;
    int64_t made_ms;
    int64_t until_ms;
    struct lwc_error err;
};

struct lwc_failure_table {
    char boot_id[LWC_BOOT_ID_LEN + 1];
    size_t count;
    struct lwc_failure memos[LWC_FAILURE_RECORDS];
};

/*
 * Make the record of failure @err, now, of an attempt that began at @began_ms: a refused key lives
 * 10 s, a rate limit as long as the API said (at most 300 s), a failure of the network 3 s, the
 * want of something that is not there 60 s; any other has no life and is told only to callers who
 * waited for the attempt.
 *
 * Returns false, and writes nothing, for a failure that says nothing about other processes: an
 * internal one, a busy flight, a failed system call, and any for want of memory or descriptors.
 */
bool lwc_failure_make(const uint8_t name[static LWC_HASH_LEN], int64_t began_ms,
                      const struct lwc_error *err, const struct lwc_clock *clock,
                      struct lwc_failure *memo_out);

/* Has its life not run out?  A record of the future (of another time namespace) never counts. */
bool lwc_failure_is_live(const struct lwc_failure *memo, const struct lwc_clock *clock);

/*
 * Does it hold for a call that began at @since_ms, and waited for the attempt?  A failure that
 * another process can mend meanwhile (a key refused, nothing found) only if the whole attempt was
 * made since; any other if it failed since.
 */
bool lwc_failure_is_since(const struct lwc_failure *memo, int64_t since_ms,
                          const struct lwc_clock *clock);

/*
 * The failure as it stands now: the time to wait is counted down, also where the message says
 * "try again in N s".
 */
void lwc_failure_tell(const struct lwc_failure *memo, const struct lwc_clock *clock,
                      struct lwc_error *err_out);

/* Empties @table; false if the system does not tell which boot this is. */
bool lwc_failure_table_init(struct lwc_failure_table *table);

/* The record of that name; NULL if there is none. */
const struct lwc_failure *lwc_failure_table_find(const struct lwc_failure_table *table,
                                                 const uint8_t name[static LWC_HASH_LEN]);

/* Puts @memo in: in place of its namesake, else, in a full table, of the one made first. */
void lwc_failure_table_put(struct lwc_failure_table *table, const struct lwc_failure *memo);

/* Removes the record of that name; false if there was none. */
bool lwc_failure_table_drop(struct lwc_failure_table *table,
                            const uint8_t name[static LWC_HASH_LEN]);

/* Writes the bytes of @table, which is not empty; returns how many there are. */
size_t lwc_failure_encode(const struct lwc_failure_table *table,
                          uint8_t bytes_out[static LWC_FAILURE_MAX]);

/*
 * Reads those bytes.  Returns false, and writes nothing, for anything that lwc_failure_encode()
 * does not write: @bytes are believed in nothing before all of them were checked.
 */
bool lwc_failure_decode(const uint8_t *bytes, size_t len, struct lwc_failure_table *table_out);

#endif
