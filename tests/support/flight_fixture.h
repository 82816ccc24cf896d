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
 *     return __real_openat(dir_fd, flight_fixture_map(name), flags, 0600);
 *     return flight_fixture_fstatfs(__real_fstatfs(fd, fs), fs);
 */

#define FLIGHT_FIXTURE_NAME "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define FLIGHT_FIXTURE_NAME_LEN 192
#define FLIGHT_FIXTURE_STAY_MS 60000
#define FLIGHT_FIXTURE_SHORT_MS 20 /* long enough for a free lock, short where it is held */

struct statfs;

/* Fixtures; *state is the struct tmpdir.  The second one also makes "shm". */
int flight_fixture_setup_empty(void **state);
int flight_fixture_setup(void **state);

/* The directory that stands for @name; @name itself for any other. */
const char *flight_fixture_map(const char *name);

/* Makes a disk look like a tmpfs; returns @result. */
int flight_fixture_fstatfs(int result, struct statfs *fs);

/* Name of our directory in "shm", below the test's own; and of lock file @slot, 1 or 2, in it. */
const char *flight_fixture_ours(void);
void flight_fixture_slot(int slot, char name_out[FLIGHT_FIXTURE_NAME_LEN]);
bool flight_fixture_slot_is_there(int slot);

/* How many files are in our directory? */
size_t flight_fixture_count(void);

/* Enters the flight FLIGHT_FIXTURE_NAME, to stay for FLIGHT_FIXTURE_STAY_MS at most. */
enum lwc_code flight_fixture_try(int64_t wait_ms, struct lwc_flight **flight_out,
                                 struct lwc_error *err);

/* The same; fails the test if it does not get a lock. */
struct lwc_flight *flight_fixture_enter(int64_t wait_ms);

#endif
