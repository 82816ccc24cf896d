/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_FLIGHT_FIXTURE_H
#define TESTS_SUPPORT_FLIGHT_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "flight/flight.h"
#include "tests/support/tmpdir.h"

/*
 * Flights in a directory of the test's own: "run" stands for /run/user/UID, "shm" for /dev/shm.
 * The test wraps openat() and fstatfs():
 *
 *     return __real_openat(dir_fd, flightbed_map(name), flags, 0600);
 *     return flightbed_fstatfs(__real_fstatfs(fd, fs), fs);
 */

#define FLIGHTBED_NAME "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define FLIGHTBED_NAME_LEN 192
#define FLIGHTBED_STAY_MS 60000
#define FLIGHTBED_SHORT_MS 20 /* long enough for a free lock, short where it is held */

struct statfs;

/* Fixtures; *state is the struct tmpdir.  The second one also makes "shm". */
int flightbed_setup_empty(void **state);
int flightbed_setup(void **state);

/* The directory that stands for @name; @name itself for any other. */
const char *flightbed_map(const char *name);

/* Makes a disk look like a tmpfs; returns @result. */
int flightbed_fstatfs(int result, struct statfs *fs);

/* Name of our directory in "shm", below the test's own; and of lock file @slot, 1 or 2, in it. */
const char *flightbed_ours(void);
void flightbed_slot(int slot, char name_out[FLIGHTBED_NAME_LEN]);
bool flightbed_slot_is_there(int slot);

/* How many files are in our directory? */
size_t flightbed_count(void);

/* Enters the flight FLIGHTBED_NAME, to stay for FLIGHTBED_STAY_MS at most. */
enum lwc_code flightbed_try(int64_t wait_ms, struct lwc_flight **flight_out, struct lwc_error *err);

/* The same; fails the test if it does not get a lock. */
struct lwc_flight *flightbed_enter(int64_t wait_ms);

#endif
