/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_FLIGHT_FAILURES_H
#define CORE_FLIGHT_FAILURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "flight/failure.h"

/*
 * Failures that processes of one user leave for each other, in files beside the locks of flights
 * (flight_dir.h): one table (memo.h) for each key, and one for each answer.
 *
 * MUST:
 *  1. A table is written by the holder of its file's lock alone, and checked whole before it is
 *     believed; a damaged one is as good as none.
 *  2. Nothing waits for long: reading takes no lock, and a writer that does not get the lock at
 *     once gives up.
 *  3. Everything here is best effort: without a table, each process fails by itself.
 */

/* Reads table @name (hex); an empty one if there is none. */
void lwc_failures_read(const char *name, struct lwc_failure_table *table_out);

/*
 * When a remembered failure counts for a call that began at @since_ms: while it lives, unless the
 * call insists on an attempt of its own; or if the call waited for the attempt (memo.h).
 */
struct lwc_failures_rule {
    bool counts_life;
    int64_t since_ms;
    const struct lwc_clock *clock;
};

/*
 * The first failure of those names in table @name that counts.
 *
 * @err  filled as the failed attempt filled it; wait_s counted down to now.
 * Returns its code, or LWC_OK if there is none.
 */
enum lwc_code lwc_failures_recall(const char *name, const uint8_t (*names)[LWC_HASH_LEN],
                                  size_t count, const struct lwc_failures_rule *rule,
                                  struct lwc_error *err) LWC_RESULT;

/* Puts @memo into table @name. */
void lwc_failures_put(const char *name, const struct lwc_failure *memo);

/* Removes the records of those names, if there are any; with the last one the file goes, too. */
void lwc_failures_drop(const char *name, const uint8_t (*names)[LWC_HASH_LEN], size_t count);

/* Removes table @name. */
void lwc_failures_clear(const char *name);

#endif
