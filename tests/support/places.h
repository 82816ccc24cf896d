/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_PLACES_H
#define TESTS_SUPPORT_PLACES_H

#include "base/error.h"
#include "cache/place.h"
#include "tests/support/tmpdir.h"

/*
 * The two places of the token cache that are directories, each in its own parent below a
 * tmpdir.  Helpers fail the test where they fail.
 */

#define PLACES_NAME "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define PLACES_LIFE_S 60
#define PLACES_COUNT 2

/* The place, the variable that names its parent, and the parent in the tmpdir. */
extern const struct places_kind {
    const struct lwc_place *place;
    const char *variable;
    const char *parent;
} places_kinds[PLACES_COUNT];

/* tmpdir_setup(), then the variables; HOME is the tmpdir.  End it with tmpdir_teardown(). */
int places_setup(void **state);

/* Entry PLACES_NAME holds "text". */
enum lwc_code places_read(const struct lwc_place *place, struct lwc_error *err);
enum lwc_code places_write(const struct lwc_place *place, struct lwc_error *err);

void places_assert_miss(enum lwc_code code);

/*
 * The directory "usual" in the tmpdir, which a test may make, for the user's below /run/user; @name
 * itself for any other.  The test wraps openat():
 *
 *     return __real_openat(dir_fd, places_map(name), flags, 0600);
 */
const char *places_map(const char *name);

/* The path of @name, such as "lwcred/NAME", below the parent of place @i. */
char *places_below(const struct tmpdir *dir, size_t i, const char *name,
                   char path_out[TMPDIR_PATH_LEN]);

#endif
