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
 * (flight_dir.h): a table (failure.h) for each key, and a table for each answer.
 *
 * MUST:
 *  1. Only the holder of its file's lock writes a table.  All of a table is checked before it
 *     counts; a damaged table counts as empty.
 *  2. Nothing waits for long: reading takes no lock, and a writer that does not get the lock soon
 *     gives up.
 *  3. All functions are best effort: without a table, each process fails by itself.
 */

/* Reads table @name (hex); an empty table if there is none. */
void lwc_failures_read(const char *name, struct lwc_failure_table *table_out);

/*
 * The rule by which a remembered failure counts for a call that began at since_ms: if the call
 * waited for the failed attempt (failure.h); or, with counts_life, while the failure lives.
 */
struct lwc_failures_rule {
    bool counts_life;
    int64_t since_ms;
    const struct lwc_clock *clock;
};

/*
 * Finds the first failure of those names in table @name that counts.
 *
 * @err  filled as the failed attempt filled it; wait_s counted down to now.
 * Returns the failure's code, or LWC_OK without a failure.
 */
enum lwc_code lwc_failures_find(const char *name, const uint8_t (*names)[LWC_HASH_LEN],
                                size_t count, const struct lwc_failures_rule *rule,
                                struct lwc_error *err) LWC_RESULT;

/* Puts @record into table @name. */
void lwc_failures_put(const char *name, const struct lwc_failure *record);

/* Removes the records of those names, and the file after the last record. */
void lwc_failures_drop(const char *name, const uint8_t (*names)[LWC_HASH_LEN], size_t count);

/* Removes table @name. */
void lwc_failures_clear(const char *name);

#endif
