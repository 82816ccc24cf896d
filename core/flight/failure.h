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
 * own.  A record holds the failure, the times when the attempt began and failed, and the time until
 * which it is not repeated.  Holds no secret.
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
 *       40       8  seconds to wait, when the record was made
 *       48       8  begin of the attempt, milliseconds of the boot clock
 *       56       8  its failure, likewise
 *       64       8  earliest repetition, likewise
 *       72       2  length of the message, 1 to 511
 *       74       m  message
 *     74+m       2  length of the hint, 0 to 255
 *     76+m       h  hint
 */
#define LWC_FAILURE_LABEL "lwcred memo 2"
#define LWC_FAILURE_RECORDS 8
#define LWC_FAILURE_MAX ((size_t)8192)
#define LWC_FAILURE_LIFE_MAX_MS 300000

/* A record.  Times are of the boot clock; err.wait_s counts from made_ms. */
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
    struct lwc_failure records[LWC_FAILURE_RECORDS];
};

/*
 * Makes the record of failure @err, now, of an attempt that began at @began_ms.  A refused key
 * lives 10 s, a rate limit as long as the API said (at most 300 s), a failure of the network 3 s,
 * an absent part 60 s; any other failure counts only for callers that waited for the attempt.
 *
 * Returns false, and writes nothing, for a failure that says nothing about other processes: an
 * internal failure, a busy flight, a failed system call, and any lack of memory or descriptors.
 */
bool lwc_failure_make(const uint8_t name[static LWC_HASH_LEN], int64_t began_ms,
                      const struct lwc_error *err, const struct lwc_clock *clock,
                      struct lwc_failure *record_out);

/* Returns whether the failure lives; false for a time in the future (another time namespace). */
bool lwc_failure_is_live(const struct lwc_failure *record, const struct lwc_clock *clock);

/*
 * Returns whether the failure counts for a call that waited for the attempt since @since_ms.  A
 * failure that another process can mend meanwhile (a key refused, nothing found) counts only if the
 * attempt began since; any other failure, if it ended since.
 */
bool lwc_failure_is_since(const struct lwc_failure *record, int64_t since_ms,
                          const struct lwc_clock *clock);

/*
 * Reports the failure as of now: counts the time to wait down, also in a message that says "try
 * again in N s".
 */
void lwc_failure_report(const struct lwc_failure *record, const struct lwc_clock *clock,
                        struct lwc_error *err_out);

/* Empties @table; returns false if the boot id is unknown. */
bool lwc_failure_table_init(struct lwc_failure_table *table);

/* Returns the record of that name, or NULL. */
const struct lwc_failure *lwc_failure_table_find(const struct lwc_failure_table *table,
                                                 const uint8_t name[static LWC_HASH_LEN]);

/* Adds @record; replaces the record of its name, or, in a full table, the oldest record. */
void lwc_failure_table_put(struct lwc_failure_table *table, const struct lwc_failure *record);

/* Removes the record of that name; returns false if there was none. */
bool lwc_failure_table_drop(struct lwc_failure_table *table,
                            const uint8_t name[static LWC_HASH_LEN]);

/* Writes the bytes of @table, which is not empty; returns their number. */
size_t lwc_failure_encode(const struct lwc_failure_table *table,
                          uint8_t bytes_out[static LWC_FAILURE_MAX]);

/*
 * Reads those bytes; checks all of them before any counts.  Returns false, and writes nothing, for
 * bytes that lwc_failure_encode() does not write.
 */
bool lwc_failure_decode(const uint8_t *bytes, size_t len, struct lwc_failure_table *table_out);

#endif
